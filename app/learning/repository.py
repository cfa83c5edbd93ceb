"""All SQL of learning: what was shown, and what became of it."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, union
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import EvaluationPhase
from app.contracts.models import Contract, ContractState
from app.evaluations.models import Evaluation, EvaluationState
from app.learning.rules import Trace
from app.matches.models import MatchResult, MatchRun, Reordering
from app.negotiations.models import Award, AwardState, Intent
from app.organizations.models import Organization
from app.projects.models import Project

Pair = tuple[UUID, UUID]


async def shown(session: AsyncSession) -> Sequence[Row[Any]]:
    """The places of each project somebody acted on, from the newest run that ranked it, with category and founding day."""
    acted = union(
        select(Intent.project_id), select(Award.project_id), select(Reordering.project_id)
    ).subquery()
    newest = (
        select(MatchResult.project_id, MatchResult.run_id, MatchRun.as_of)
        .join(MatchRun, MatchRun.id == MatchResult.run_id)
        .where(
            MatchResult.rank == 1,
            MatchRun.stored_at.is_not(None),
            MatchResult.project_id.in_(select(acted.c.project_id)),
        )
        .order_by(MatchResult.project_id, MatchRun.stored_at.desc(), MatchRun.id.desc())
        .ext(postgresql.distinct_on(MatchResult.project_id))
        .subquery()
    )
    query = (
        select(
            MatchResult.project_id,
            MatchResult.organization_id,
            MatchResult.run_id,
            MatchResult.rank,
            MatchResult.factors,
            newest.c.as_of,
            Project.category,
            Organization.established_on,
        )
        .join(
            newest,
            (newest.c.project_id == MatchResult.project_id) & (newest.c.run_id == MatchResult.run_id),
        )
        .join(Project, Project.id == MatchResult.project_id)
        .join(Organization, Organization.id == MatchResult.organization_id)
        .order_by(MatchResult.project_id, MatchResult.rank)
    )
    return (await session.execute(query)).all()


async def runs(session: AsyncSession, ids: set[UUID]) -> dict[UUID, MatchRun]:
    return {run.id: run for run in await session.scalars(select(MatchRun).where(MatchRun.id.in_(ids)))}


async def traces(session: AsyncSession) -> dict[Pair, Trace]:
    """What happened, by pair of project and organization: five statements. Scores count only once they are confirmed."""
    found: defaultdict[Pair, Trace] = defaultdict(Trace)
    intents = select(Intent.project_id, Intent.organization_id, Intent.state).distinct()
    for project, organization, state in await session.execute(intents):
        found[project, organization].intents |= {state}
    newest_orders = (
        select(Reordering.project_id, Reordering.organization_id, Reordering.rank - Reordering.machine_rank)
        .order_by(Reordering.project_id, Reordering.organization_id, Reordering.id.desc())
        .ext(postgresql.distinct_on(Reordering.project_id, Reordering.organization_id))
    )
    for project, organization, moved in await session.execute(newest_orders):
        found[project, organization].moved = moved
    firm = select(Award.project_id, Award.organization_id).where(
        Award.state.in_((AwardState.ACTIVE, AwardState.CONTRACTED))
    )
    for project, organization in await session.execute(firm):
        found[project, organization].awarded = True
    signed = select(Contract.project_id, Contract.supplier_id, Contract.state).where(
        Contract.state != ContractState.VOID
    )
    for project, organization, state in await session.execute(signed):
        found[project, organization].contract = state
    judged = select(
        Evaluation.project_id, Evaluation.supplier_id, Evaluation.grade, Evaluation.satisfaction_index
    ).where(Evaluation.phase == EvaluationPhase.FINAL, Evaluation.state == EvaluationState.CONFIRMED)
    for project, organization, grade, satisfaction in await session.execute(judged):
        found[project, organization].grade = grade
        found[project, organization].satisfaction = satisfaction
    return found
