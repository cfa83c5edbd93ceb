"""All SQL of negotiations."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, inspect, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import lifecycle
from app.kernel.ids import reference
from app.negotiations.models import (
    OPEN_INTENTS,
    Award,
    AwardState,
    ConflictStatement,
    Intent,
    IntentState,
    Talk,
    TalkState,
    TermSheet,
)
from app.organizations.models import Organization
from app.projects.models import Project

BATCH = 500
MET = (IntentState.TALKED, IntentState.SHORTLISTED, IntentState.WON, IntentState.LOST)
ENDED_PROJECTS = ("withdrawn", "unsuccessful", "terminated", "closed")


def referred(column: Any, number: Any, ref: str | UUID) -> ColumnElement[bool]:
    """A thing by its UUID or its human number."""
    named = reference(ref)
    return column == named if isinstance(named, UUID) else number == named


async def intent(session: AsyncSession, ref: str | UUID, seen: ColumnElement[bool]) -> Intent | None:
    return await session.scalar(select(Intent).where(referred(Intent.id, Intent.number, ref), seen))


async def award(session: AsyncSession, ref: str | UUID, seen: ColumnElement[bool]) -> Award | None:
    return await session.scalar(select(Award).where(referred(Award.id, Award.number, ref), seen))


async def award_and_project(
    session: AsyncSession, ref: str | UUID, seen: ColumnElement[bool]
) -> tuple[Award, Project] | None:
    """An award with its project, the project's row locked until the transaction ends."""
    row = (
        await session.execute(
            select(Award, Project)
            .join(Project, Project.id == Award.project_id)
            .where(referred(Award.id, Award.number, ref), seen)
            .with_for_update(of=Project)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def talk(session: AsyncSession, talk_id: UUID, seen: ColumnElement[bool]) -> Talk | None:
    return await session.scalar(
        select(Talk).join(Intent, Intent.id == Talk.intent_id).where(Talk.id == talk_id, seen)
    )


async def term_sheet(session: AsyncSession, sheet_id: UUID, seen: ColumnElement[bool]) -> TermSheet | None:
    return await session.scalar(
        select(TermSheet).join(Intent, Intent.id == TermSheet.intent_id).where(TermSheet.id == sheet_id, seen)
    )


def intents(
    seen: ColumnElement[bool],
    *,
    project: str | None = None,
    organization: UUID | None = None,
    edition: str | None = None,
    states: Sequence[str] | None = None,
) -> Select[Intent]:
    return select(Intent).where(seen, *_filters(Intent, project, organization, edition, states))


def awards(
    seen: ColumnElement[bool],
    *,
    project: str | None = None,
    organization: UUID | None = None,
    edition: str | None = None,
    states: Sequence[str] | None = None,
) -> Select[Award]:
    return select(Award).where(seen, *_filters(Award, project, organization, edition, states))


def _filters(
    model: Any,
    project: str | None,
    organization: UUID | None,
    edition: str | None,
    states: Sequence[str] | None,
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if project is not None:
        named = select(Project.id).where(referred(Project.id, Project.number, project))
        found.append(model.project_id.in_(named))
    if organization is not None:
        found.append(model.organization_id == organization)
    if edition is not None:
        found.append(model.edition_code == edition)
    if states:
        found.append(model.state.in_(states))
    return found


async def project_state(session: AsyncSession, project_id: UUID) -> str:
    return await session.scalar(select(Project.state).where(Project.id == project_id)) or ""


async def project_states(session: AsyncSession, project_ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = await session.execute(select(Project.id, Project.state).where(Project.id.in_(list(project_ids))))
    return {row.id: row.state for row in rows}


@dataclass(frozen=True, slots=True)
class Named:
    """How a project is called."""

    number: str
    title: str


async def names(
    session: AsyncSession, project_ids: Iterable[UUID], organization_ids: Iterable[UUID]
) -> tuple[Mapping[UUID, Named], Mapping[UUID, str]]:
    """Number and title of projects, names of organizations: a statement each, or none for what is at hand already."""
    projects, organizations = set(project_ids), set(organization_ids)
    held = [thing for thing in session.identity_map.values() if not inspect(thing).expired]
    called = {t.id: Named(t.number, t.title) for t in held if isinstance(t, Project) and t.id in projects}
    known = {t.id: t.name for t in held if isinstance(t, Organization) and t.id in organizations}
    if missing := projects - called.keys():
        found = await session.execute(
            select(Project.id, Project.number, Project.title).where(Project.id.in_(missing))
        )
        called |= {row.id: Named(row.number, row.title) for row in found}
    if missing := organizations - known.keys():
        rows = await session.execute(
            select(Organization.id, Organization.name).where(Organization.id.in_(missing))
        )
        known |= {row.id: row.name for row in rows}
    return called, known


async def hold_organization(session: AsyncSession, organization_id: UUID) -> None:
    """Lock the organization's row, last in the order of locks: its intents are counted and written by one transaction at a
    time, and whoever lists it or changes its standing meanwhile waits, or is seen by the gates."""
    await lifecycle.locked(session, select(Organization).where(Organization.id == organization_id))


async def pending_since(session: AsyncSession, organization_id: UUID, since: datetime) -> int:
    """Unanswered intents that the organization itself has expressed since a moment."""
    found = await session.scalar(
        select(func.count())
        .select_from(Intent)
        .where(
            Intent.organization_id == organization_id,
            Intent.initiated_by == "organization",
            Intent.state == IntentState.EXPRESSED,
            Intent.created_at >= since,
        )
    )
    return found or 0


async def open_intent(
    session: AsyncSession, project_id: UUID, organization_id: UUID, round_: int
) -> Intent | None:
    return await session.scalar(
        select(Intent).where(
            Intent.project_id == project_id,
            Intent.organization_id == organization_id,
            Intent.round == round_,
            Intent.state.in_(OPEN_INTENTS),
        )
    )


async def open_intents(session: AsyncSession, project_id: UUID, *, locked: bool = False) -> list[Intent]:
    query = (
        select(Intent)
        .where(Intent.project_id == project_id, Intent.state.in_(OPEN_INTENTS))
        .order_by(Intent.id)
    )
    if locked:
        query = query.with_for_update().execution_options(populate_existing=True)
    return list(await session.scalars(query))


async def lost_to(session: AsyncSession, award: Award) -> list[Intent]:
    """Who had talked in the round of an award and lost to it, and has not come back with a new intent."""
    return list(
        await session.scalars(
            select(Intent)
            .where(
                Intent.project_id == award.project_id,
                Intent.round == award.round,
                Intent.organization_id != award.organization_id,
                Intent.state == IntentState.LOST,
                Intent.talked_at.is_not(None),
                Intent.state_since >= award.confirmed_at,
            )
            .order_by(Intent.id)
        )
    )


async def of_round(session: AsyncSession, project_id: UUID, round_: int) -> list[Intent]:
    """The intents of a round that are open or came as far as a confirmed talk."""
    return list(
        await session.scalars(
            select(Intent)
            .where(
                Intent.project_id == project_id,
                Intent.round == round_,
                or_(Intent.state.in_(OPEN_INTENTS), Intent.talked_at.is_not(None)),
            )
            .order_by(Intent.id)
        )
    )


async def talks(session: AsyncSession, intent_ids: Iterable[UUID]) -> list[Talk]:
    return list(
        await session.scalars(
            select(Talk).where(Talk.intent_id.in_(list(intent_ids))).order_by(Talk.held_at, Talk.id)
        )
    )


async def sheets(session: AsyncSession, intent_ids: Iterable[UUID]) -> list[TermSheet]:
    return list(
        await session.scalars(
            select(TermSheet)
            .where(TermSheet.intent_id.in_(list(intent_ids)))
            .order_by(TermSheet.intent_id, TermSheet.sheet_no)
        )
    )


async def newest_sheet(session: AsyncSession, intent_id: UUID) -> TermSheet | None:
    return await session.scalar(
        select(TermSheet).where(TermSheet.intent_id == intent_id).order_by(TermSheet.sheet_no.desc()).limit(1)
    )


async def locked_award(session: AsyncSession, award_id: UUID) -> Award | None:
    """The award, its row locked until the transaction ends."""
    query = select(Award).where(Award.id == award_id).with_for_update()
    return await session.scalar(query, execution_options={"populate_existing": True})


async def statements(session: AsyncSession, project_id: UUID, organization_id: UUID) -> dict[UUID, bool]:
    """Each signer's newest statement: whether it declares a conflict with this organization (or with all)."""
    rows = await session.scalars(
        select(ConflictStatement)
        .where(ConflictStatement.project_id == project_id)
        .order_by(
            ConflictStatement.account_id, ConflictStatement.signed_at.desc(), ConflictStatement.id.desc()
        )
        .ext(distinct_on(ConflictStatement.account_id))
    )
    return {
        row.account_id: row.conflict and (not row.organization_ids or organization_id in row.organization_ids)
        for row in rows
    }


async def project_statements(
    session: AsyncSession, project_id: UUID, account_id: UUID | None
) -> list[ConflictStatement]:
    query = select(ConflictStatement).where(ConflictStatement.project_id == project_id)
    if account_id is not None:
        query = query.where(ConflictStatement.account_id == account_id)
    return list(await session.scalars(query.order_by(ConflictStatement.id)))


async def expired(session: AsyncSession, now: datetime) -> list[Intent]:
    return list(
        await session.scalars(
            select(Intent)
            .where(Intent.state == IntentState.EXPRESSED, Intent.expires_at <= now)
            .order_by(Intent.expires_at)
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )


async def overdue(session: AsyncSession, now: datetime) -> list[Intent]:
    return list(
        await session.scalars(
            select(Intent)
            .where(
                Intent.state == IntentState.EXPRESSED,
                Intent.answer_due_at <= now,
                Intent.overdue_told_at.is_(None),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )


async def orphaned(session: AsyncSession) -> list[Intent]:
    """Open intents whose project has left the market."""
    return list(
        await session.scalars(
            select(Intent)
            .join(Project, Project.id == Intent.project_id)
            .where(
                Intent.state.in_(OPEN_INTENTS),
                or_(Project.state.in_(ENDED_PROJECTS), Project.round > Intent.round),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True, of=Intent)
        )
    )


async def notices_over(session: AsyncSession, today: date) -> list[Award]:
    return list(
        await session.scalars(
            select(Award)
            .where(
                Award.state == AwardState.NOTICE,
                Award.notice_to < today,
                Award.notice_over_told_at.is_(None),
            )
            .limit(BATCH)
            .with_for_update(skip_locked=True)
        )
    )


def waiting_intents(seen: ColumnElement[bool]) -> Select[Intent, str]:
    return (
        select(Intent, Project.title)
        .join(Project, Project.id == Intent.project_id)
        .where(seen, Intent.state == IntentState.EXPRESSED)
        .order_by(Intent.answer_due_at)
        .limit(200)
    )


def waiting_talks(seen: ColumnElement[bool]) -> Select[Talk, Intent, str]:
    return (
        select(Talk, Intent, Project.title)
        .join(Intent, Intent.id == Talk.intent_id)
        .join(Project, Project.id == Intent.project_id)
        .where(seen, Talk.state.in_((TalkState.RECORDED, TalkState.DISPUTED)))
        .order_by(Talk.held_at)
        .limit(200)
    )


def waiting_awards(seen: ColumnElement[bool]) -> Select[Award, str]:
    return (
        select(Award, Project.title)
        .join(Project, Project.id == Award.project_id)
        .where(seen, Award.state.in_((AwardState.PROPOSED, AwardState.NOTICE)))
        .order_by(Award.created_at)
        .limit(200)
    )
