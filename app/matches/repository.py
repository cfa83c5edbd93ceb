"""All SQL of matches."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    any_,
    cast,
    func,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.jobs import OPEN, Job
from app.matches.models import (
    EditionWeights,
    MatchPlan,
    MatchPlanPair,
    MatchResult,
    MatchRun,
    ModelVersion,
    Reordering,
    TextVector,
    WeightSet,
)
from app.organizations.models import Organization
from app.projects.models import Project

OPEN_PROJECTS = ("published", "negotiating")
ACTIVATION_LOCK = 7_310_006
COPIED = ("run_id", "project_id", "rank", "organization_id", "score", "factors", "no_data")


def _any_text(column: Any, values: Iterable[str]) -> ColumnElement[bool]:
    return column == any_(literal(list(values), postgresql.ARRAY(postgresql.TEXT)))


async def vectors(session: AsyncSession, keys: Iterable[str]) -> dict[str, NDArray[np.int16]]:
    """The stored vectors among these keys."""
    rows = await session.execute(
        select(TextVector.key, TextVector.vector).where(_any_text(TextVector.key, keys))
    )
    return {key: np.frombuffer(vector, dtype=np.int16) for key, vector in rows}


async def keep_vectors(session: AsyncSession, encoder: str, found: Mapping[str, NDArray[np.int16]]) -> None:
    rows = [
        {"key": key, "encoder": encoder, "vector": np.ascontiguousarray(vector, dtype=np.int16).tobytes()}
        for key, vector in found.items()
    ]
    if rows:
        await session.execute(postgresql.insert(TextVector).on_conflict_do_nothing(), rows)


async def market(session: AsyncSession, edition: str) -> list[UUID]:
    """The projects of an edition that look for an organization."""
    found = await session.scalars(
        select(Project.id)
        .where(
            Project.edition_code == edition, Project.state.in_(OPEN_PROJECTS), Project.is_parent.is_(False)
        )
        .order_by(Project.id)
    )
    return list(found)


async def market_size(session: AsyncSession, edition: str) -> int:
    projects = (
        select(func.count())
        .select_from(Project)
        .where(Project.edition_code == edition, Project.state.in_(OPEN_PROJECTS))
    )
    organizations = select(func.count()).select_from(Organization)
    return (await session.scalar(select(projects.scalar_subquery() + organizations.scalar_subquery()))) or 0


async def in_market(session: AsyncSession, edition: str, ids: Iterable[UUID]) -> set[UUID]:
    found = await session.scalars(
        select(Project.id).where(
            Project.id == any_(literal(list(ids), postgresql.ARRAY(postgresql.UUID(as_uuid=True)))),
            Project.edition_code == edition,
            Project.state.in_(OPEN_PROJECTS),
            Project.is_parent.is_(False),
        )
    )
    return set(found)


async def names(
    session: AsyncSession, project_ids: Iterable[UUID], organization_ids: Iterable[UUID]
) -> tuple[dict[UUID, tuple[str, str]], dict[UUID, str]]:
    """Number and title of projects, names of organizations: two statements."""
    projects = await session.execute(
        select(Project.id, Project.number, Project.title).where(Project.id.in_(set(project_ids)))
    )
    organizations = await session.execute(
        select(Organization.id, Organization.name).where(Organization.id.in_(set(organization_ids)))
    )
    return (
        {row.id: (row.number, row.title) for row in projects},
        {row.id: row.name for row in organizations},
    )


def runs() -> Select[MatchRun]:
    return select(MatchRun)


async def run(session: AsyncSession, run_id: UUID) -> MatchRun | None:
    return await session.get(MatchRun, run_id)


async def jobs_of(session: AsyncSession, job_ids: Iterable[UUID]) -> dict[UUID, Job]:
    return {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(set(job_ids))))}


async def run_of_job(session: AsyncSession, job_id: UUID) -> MatchRun | None:
    return await session.scalar(select(MatchRun).where(MatchRun.job_id == job_id))


async def work_under_way(session: AsyncSession, kinds: Sequence[str]) -> bool:
    found = await session.scalar(select(Job.id).where(Job.kind.in_(kinds), Job.state.in_(OPEN)).limit(1))
    return found is not None


async def newest_run(session: AsyncSession, edition: str) -> MatchRun | None:
    """The newest stored run of an edition."""
    return await session.scalar(
        select(MatchRun)
        .where(MatchRun.edition_code == edition, MatchRun.stored_at.is_not(None))
        .order_by(MatchRun.stored_at.desc(), MatchRun.id.desc())
        .limit(1)
    )


async def inputs_of(session: AsyncSession, run_id: UUID) -> bytes | None:
    return await session.scalar(select(MatchRun.inputs).where(MatchRun.id == run_id))


async def store(
    session: AsyncSession, run_id: UUID, rows: Sequence[tuple[Any, ...]], values: Mapping[str, Any]
) -> None:
    """Write a run's results (COPY) and what it was made of, in the caller's transaction."""
    # A first statement opens the transaction: the driver's own COPY would not.
    await session.execute(update(MatchRun).where(MatchRun.id == run_id).values(**values))
    raw = (await (await session.connection()).get_raw_connection()).driver_connection
    assert raw is not None
    await raw.copy_records_to_table(MatchResult.__tablename__, records=rows, columns=COPIED)


async def results(session: AsyncSession, run_id: UUID) -> list[MatchResult]:
    return list(
        await session.scalars(
            select(MatchResult)
            .where(MatchResult.run_id == run_id)
            .order_by(MatchResult.project_id, MatchResult.rank)
        )
    )


async def ranked(
    session: AsyncSession,
    run_id: UUID,
    *,
    project_id: UUID | None = None,
    organization_id: UUID | None = None,
    limit: int = 50,
) -> list[MatchResult]:
    """A run's places for one project by rank, or for one organization by score."""
    query = select(MatchResult).where(MatchResult.run_id == run_id)
    if project_id is not None:
        query = query.where(MatchResult.project_id == project_id).order_by(MatchResult.rank)
    if organization_id is not None:
        query = query.where(MatchResult.organization_id == organization_id).order_by(
            MatchResult.score.desc(), MatchResult.project_id
        )
    return list(await session.scalars(query.limit(limit)))


async def place(
    session: AsyncSession, run_id: UUID, project_id: UUID, organization_id: UUID
) -> MatchResult | None:
    return await session.scalar(
        select(MatchResult).where(
            MatchResult.run_id == run_id,
            MatchResult.project_id == project_id,
            MatchResult.organization_id == organization_id,
        )
    )


async def newest_place(session: AsyncSession, project_id: UUID, organization_id: UUID) -> MatchResult | None:
    """Where the newest stored run of the project's edition put a pair; None when it did not rank it."""
    newest = (
        select(MatchRun.id)
        .join(Project, Project.edition_code == MatchRun.edition_code)
        .where(Project.id == project_id, MatchRun.stored_at.is_not(None))
        .order_by(MatchRun.stored_at.desc(), MatchRun.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return await session.scalar(
        select(MatchResult).where(
            MatchResult.run_id == newest,
            MatchResult.project_id == project_id,
            MatchResult.organization_id == organization_id,
        )
    )


async def reorderings(session: AsyncSession, project_id: UUID) -> list[Reordering]:
    """The newest decision about each organization, in the order they were made."""
    newest = (
        select(Reordering.id)
        .where(Reordering.project_id == project_id)
        .order_by(Reordering.organization_id, Reordering.id.desc())
        .ext(postgresql.distinct_on(Reordering.organization_id))
    )
    return list(
        await session.scalars(select(Reordering).where(Reordering.id.in_(newest)).order_by(Reordering.id))
    )


def weight_sets() -> Select[WeightSet]:
    return select(WeightSet)


async def weights_of(session: AsyncSession, edition: str) -> WeightSet | None:
    """The set an edition is frozen to."""
    return await session.scalar(
        select(WeightSet)
        .join(EditionWeights, EditionWeights.weight_set_id == WeightSet.id)
        .where(EditionWeights.edition_code == edition)
    )


async def weight_set(session: AsyncSession, version: str, name: str | None = None) -> WeightSet | None:
    query = select(WeightSet).where(WeightSet.version == version)
    if name is not None:
        query = query.where(WeightSet.name == name)
    return await session.scalar(query.order_by(WeightSet.id).limit(1))


async def freeze(session: AsyncSession, edition: str, weight_set_id: UUID) -> None:
    await session.execute(
        postgresql.insert(EditionWeights)
        .values(edition_code=edition, weight_set_id=weight_set_id)
        .on_conflict_do_nothing()
    )


async def active_model(session: AsyncSession) -> ModelVersion | None:
    return await session.scalar(select(ModelVersion).where(ModelVersion.active))


async def model(session: AsyncSession, model_id: UUID) -> ModelVersion | None:
    return await session.get(ModelVersion, model_id)


def models() -> Select[ModelVersion]:
    return select(ModelVersion)


async def model_count(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(ModelVersion)) or 0


async def fitted(session: AsyncSession, model_id: UUID) -> bytes:
    """What a model learned, as it was stored."""
    return (await session.scalars(select(ModelVersion.fitted).where(ModelVersion.id == model_id))).one()


async def one_activation_at_a_time(session: AsyncSession) -> None:
    """Wait for whoever else is changing which model ranks."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ACTIVATION_LOCK})


async def retire_models(session: AsyncSession) -> None:
    await session.execute(update(ModelVersion).where(ModelVersion.active).values(active=False))


async def head(session: AsyncSession) -> int:
    """The newest sealed position of the journal."""
    return await session.scalar(text("SELECT coalesce(max(position), 0) FROM journal_seals")) or 0


async def add(session: AsyncSession, model_class: Any, values: Mapping[str, Any]) -> None:
    await session.execute(insert(model_class).values(**values))


async def versions(session: AsyncSession, runs: Sequence[MatchRun]) -> dict[UUID, str]:
    """Names of the weight sets and models of some runs, by id: two statements."""
    sets = await session.execute(
        select(WeightSet.id, WeightSet.name, WeightSet.version).where(
            WeightSet.id.in_({run.weight_set_id for run in runs if run.weight_set_id})
        )
    )
    models = await session.execute(
        select(ModelVersion.id, ModelVersion.name).where(
            ModelVersion.id.in_({run.model_version_id for run in runs if run.model_version_id})
        )
    )
    return {row.id: f"{row.name}/{row.version}" for row in sets} | {row.id: row.name for row in models}


def plans() -> Select[MatchPlan]:
    return select(MatchPlan)


async def plan(session: AsyncSession, plan_id: UUID) -> MatchPlan | None:
    return await session.get(MatchPlan, plan_id)


async def plan_of_job(session: AsyncSession, job_id: UUID) -> MatchPlan | None:
    return await session.scalar(select(MatchPlan).where(MatchPlan.job_id == job_id))


def plan_pairs() -> Select[MatchPlanPair]:
    return select(MatchPlanPair)


async def pairs_of(session: AsyncSession, plan_id: UUID) -> list[MatchPlanPair]:
    return list(
        await session.scalars(
            select(MatchPlanPair)
            .where(MatchPlanPair.plan_id == plan_id)
            .order_by(MatchPlanPair.project_id, MatchPlanPair.place)
        )
    )


async def store_pairs(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        await session.execute(insert(MatchPlanPair), rows)


async def ids_by_ref(session: AsyncSession, model: Any, refs: Iterable[str]) -> dict[str, str]:
    """The ids of projects or organizations by the UUID or human number they were named by: one statement."""
    wanted = sorted(set(refs))
    if not wanted:
        return {}
    found = await session.execute(
        select(model.id, model.number).where(
            or_(_any_text(cast(model.id, Text), wanted), _any_text(model.number, wanted))
        )
    )
    known = {name: str(row.id) for row in found for name in (str(row.id), row.number)}
    return {ref: known[ref] for ref in wanted if ref in known}
