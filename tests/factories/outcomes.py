"""Fairs that are over: who was shown for each project, whom buyers wanted, who got it."""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.kernel import clock
from app.kernel.actor import machine
from app.kernel.ids import uuid7
from app.matches import weights as weight_sets
from app.matches.models import MatchResult, MatchRun
from app.negotiations.models import Award, AwardState, Intent, IntentState
from app.organizations.models import Organization
from app.projects.models import Project
from matching import FACTORS, Weights
from tests.factories.market import BUDGET, make_market
from tests.factories.organizations import make_organization

PLACE_MATTERS = np.array([0.5, 0.2, 6.0, 4.0, 0.2, 0.2, 0.1, 0.1])
"""Buyers who weigh place and track record far above what the experts believe."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is over, as far as it was stored."""

    projects: list[Project]
    organizations: list[Organization]


async def make_past(
    session: AsyncSession, *, projects: int, organizations: int, liking: np.ndarray | None, seed: int = 0
) -> Past:
    """Each project ranked with shares of chance, its best liked organization awarded, the next accepted, the rest declined.

    Without a `liking` buyers choose by lot. One of the organizations is new.
    """
    rng = np.random.default_rng(seed)
    market = await make_market(session, projects)
    founded = ["2025-09-01"] + ["2015-09-01"] * (organizations - 1)
    suppliers = [await make_organization(session, established_on=day) for day in founded]
    edition = await editions.get(session, market[0].edition_code)
    weight_set = await weight_sets.frozen(session, machine("test"), edition)
    first = date(2026, 3, 1)
    for number, project in enumerate(market):
        shares = rng.random((organizations, len(FACTORS)))
        worth = shares @ liking if liking is not None else rng.random(organizations)
        run = _run(edition.code, weight_set.id, first + timedelta(days=number))
        session.add(run)
        await session.flush()
        _show(session, run, project, suppliers, shares)
        liked = np.argsort(-worth)
        for place, row in enumerate(liked):
            state = (IntentState.WON, IntentState.TALKED)[place] if place < 2 else IntentState.DECLINED
            session.add(_intent(project, suppliers[row], state))
        session.add(_award(project, suppliers[liked[0]]))
        project.state = "awarded"
        await session.flush()
    return Past(market, suppliers)


def _run(edition: str, weight_set_id: object, day: date) -> MatchRun:
    return MatchRun(
        id=uuid7(),
        edition_code=edition,
        job_id=uuid7(),
        as_of=day,
        seed=0,
        requested_by="test",
        stored_at=clock.now(),
        weight_set_id=weight_set_id,
        fingerprint="0" * 64,
    )


def _show(
    session: AsyncSession, run: MatchRun, project: Project, suppliers: list[Organization], shares: np.ndarray
) -> None:
    points = shares * [Weights().points[name] for name in FACTORS]
    totals = points.sum(axis=1)
    for place, row in enumerate(np.argsort(-totals)):
        session.add(
            MatchResult(
                run_id=run.id,
                project_id=project.id,
                rank=place + 1,
                organization_id=suppliers[row].id,
                score=float(totals[row]),
                factors=[*points[row].tolist(), 0.0],
                no_data=[],
            )
        )


def _intent(project: Project, organization: Organization, state: IntentState) -> Intent:
    due = clock.now()
    return Intent(
        id=uuid7(),
        state=state,
        number=f"YX-{uuid7()}",
        edition_code=project.edition_code,
        project_id=project.id,
        organization_id=organization.id,
        area_path=project.area_path,
        round=1,
        channel="purchase",
        initiated_by="organization",
        message="愿承接。",
        answer_due_at=due,
        expires_at=due,
    )


def _award(project: Project, organization: Organization) -> Award:
    day = clock.today()
    return Award(
        id=uuid7(),
        state=AwardState.ACTIVE,
        number=f"JG-{uuid7()}",
        edition_code=project.edition_code,
        project_id=project.id,
        project_number=project.number,
        project_title=project.title,
        organization_id=organization.id,
        organization_name=organization.name,
        area_path=project.area_path,
        round=1,
        channel="purchase",
        method="request_for_quotation",
        amount_fen=BUDGET,
        budget_fen=BUDGET,
        reason="方案完整。",
        bidders=3,
        scores=[],
        proposed_by_label="test",
        notice_from=day,
        notice_to=day,
        confirmed_by_label="test",
        confirmed_at=clock.now(),
    )
