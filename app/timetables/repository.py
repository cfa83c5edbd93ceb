"""All SQL of timetables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.fairs.models import Fair, FairState, Listing
from app.kernel.ids import reference
from app.negotiations.models import Intent, IntentState
from app.parties.models import Party
from app.projects.models import Project
from app.timetables.models import (
    Absence,
    Delegate,
    Meeting,
    MeetingSlot,
    MeetingState,
    MeetingTable,
)
from app.timetables.rules import STANDING, FreeSeat

SEATS_NAMED = 5
Buyer, Supplier = aliased(Party), aliased(Party)
LIVE = Meeting.live.is_(True)


async def hold(session: AsyncSession, edition: str) -> None:
    """Change the timetables of an edition one transaction at a time: its fairs share their parties.

    An advisory lock, taken before any row's.
    """
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('timetable:' || :edition, 0))"),
        {"edition": edition},
    )


# -- who sits where --------------------------------------------------------------------------------------------------


def meetings(
    fair_id: UUID,
    seen: ColumnElement[bool],
    *,
    table: str | None = None,
    party: UUID | None = None,
    states: Sequence[str] | None = None,
) -> Select[Meeting]:
    query = select(Meeting).where(Meeting.fair_id == fair_id, seen)
    if table is not None:
        at = select(MeetingTable.id).where(MeetingTable.fair_id == fair_id, MeetingTable.label == table)
        query = query.where(Meeting.table_id.in_(at))
    if party is not None:
        query = query.where(of_parties([party]))
    return query.where(Meeting.state.in_(states)) if states else query


async def meeting(
    session: AsyncSession, fair_id: UUID, ref: str | UUID, seen: ColumnElement[bool]
) -> Meeting | None:
    named = reference(ref)
    by = Meeting.id == named if isinstance(named, UUID) else Meeting.number == named
    return await session.scalar(select(Meeting).where(Meeting.fair_id == fair_id, by, seen))


def of_parties(parties: Sequence[UUID]) -> ColumnElement[bool]:
    return or_(Meeting.organization_id.in_(parties), Meeting.buyer_id.in_(parties))


def at_the_time(starts_at: Any, ends_at: Any) -> ColumnElement[bool]:
    """Live meetings, of whichever fair, that overlap a time."""
    return and_(LIVE, Meeting.starts_at < ends_at, Meeting.ends_at > starts_at)


@dataclass(frozen=True, slots=True)
class Pair:
    """The two sides of one intent, and whether its project is shown at the fair."""

    intent: Intent
    buyer_id: UUID
    project_state: str
    listed: bool


async def pair(session: AsyncSession, fair: Fair, ref: str | UUID, seen: ColumnElement[bool]) -> Pair | None:
    named = reference(ref)
    by = Intent.id == named if isinstance(named, UUID) else Intent.number == named
    row = (
        await session.execute(
            select(Intent, Project.buyer_id, Project.state, _listed(fair.id))
            .join(Project, Project.id == Intent.project_id)
            .where(by, seen)
        )
    ).one_or_none()
    return Pair(*row) if row else None


def _listed(fair_id: UUID) -> ColumnElement[bool]:
    return (
        exists().where(Listing.fair_id == fair_id, Listing.project_id == Intent.project_id).correlate(Intent)
    )


def is_listed(fair_id: UUID) -> ColumnElement[bool]:
    """Whether an intent's project is shown at the fair."""
    return _listed(fair_id)


async def seat_of(session: AsyncSession, intent_id: UUID) -> str | None:
    """The number of the meeting that an intent has now, at whichever fair."""
    return await session.scalar(select(Meeting.number).where(LIVE, Meeting.intent_id == intent_id))


async def conflicts(
    session: AsyncSession,
    slot: MeetingSlot,
    buyer_id: UUID,
    organization_id: UUID,
    but: UUID | None = None,
) -> tuple[set[UUID], list[tuple[UUID, UUID]], set[UUID]]:
    """Tables taken in a slot; (buyer, organization) of meetings of either side at that time; who of the two is away."""
    rows = (
        await session.execute(
            select(Meeting.slot_id, Meeting.table_id, Meeting.buyer_id, Meeting.organization_id).where(
                at_the_time(slot.starts_at, slot.ends_at),
                or_(Meeting.slot_id == slot.id, of_parties([buyer_id, organization_id])),
                Meeting.id.is_distinct_from(but),
            )
        )
    ).all()
    away = await session.scalars(
        select(Absence.party_id).where(
            Absence.slot_id == slot.id, Absence.party_id.in_([buyer_id, organization_id])
        )
    )
    taken = {row.table_id for row in rows if row.slot_id == slot.id}
    return taken, [(row.buyer_id, row.organization_id) for row in rows], set(away)


async def people_busy(
    session: AsyncSession, accounts: Sequence[UUID], slot: MeetingSlot, but: UUID
) -> list[str]:
    """Which of these persons sit at another meeting at that time, by label."""
    if not accounts:
        return []
    found = await session.scalars(
        select(Delegate.label)
        .join(Meeting, Meeting.id == Delegate.meeting_id)
        .where(
            Delegate.account_id.in_(accounts),
            at_the_time(slot.starts_at, slot.ends_at),
            Meeting.id != but,
        )
        .distinct()
    )
    return sorted(found)


async def delegates(session: AsyncSession, meeting_ids: Iterable[UUID]) -> list[Delegate]:
    query = select(Delegate).where(Delegate.meeting_id.in_(list(meeting_ids))).order_by(Delegate.id)
    return list(await session.scalars(query, execution_options={"populate_existing": True}))


async def leave(session: AsyncSession, meeting_id: UUID, account_id: UUID) -> bool:
    gone = await session.scalars(
        delete(Delegate)
        .where(Delegate.meeting_id == meeting_id, Delegate.account_id == account_id)
        .returning(Delegate.id)
    )
    return bool(gone.all())


async def free_seats(
    session: AsyncSession,
    fair_id: UUID,
    parties: Sequence[UUID],
    now: datetime,
    limit: int = SEATS_NAMED,
    but: UUID | None = None,
) -> list[FreeSeat]:
    """The next slots in which all these parties and a table are free, with the first such table. One statement."""
    taken = (
        exists()
        .where(
            Meeting.slot_id == MeetingSlot.id,
            Meeting.table_id == MeetingTable.id,
            LIVE,
            Meeting.id.is_distinct_from(but),
        )
        .correlate(MeetingSlot, MeetingTable)
    )
    first = (
        select(MeetingTable.id, MeetingTable.label)
        .where(MeetingTable.fair_id == MeetingSlot.fair_id, ~taken)
        .order_by(MeetingTable.no)
        .limit(1)
        .correlate(MeetingSlot)
        .lateral("first")
    )
    busy = exists().where(
        at_the_time(MeetingSlot.starts_at, MeetingSlot.ends_at),
        of_parties(parties),
        Meeting.id.is_distinct_from(but),
    )
    away = exists().where(Absence.slot_id == MeetingSlot.id, Absence.party_id.in_(parties))
    rows = await session.execute(
        select(MeetingSlot.id, MeetingSlot.starts_at, first.c.id, first.c.label)
        .join(first, text("true"))
        .where(MeetingSlot.fair_id == fair_id, MeetingSlot.starts_at > now, ~busy, ~away)
        .order_by(MeetingSlot.starts_at)
        .limit(limit)
    )
    return [FreeSeat(*row) for row in rows]


def _without_ground(query: Any, now: datetime) -> Any:
    return (
        query.join(Intent, Intent.id == Meeting.intent_id)
        .join(Fair, Fair.id == Meeting.fair_id)
        .where(
            Meeting.state == MeetingState.PLANNED,
            or_(
                and_(Intent.state.not_in(STANDING), Meeting.starts_at > now),
                and_(
                    Intent.state == IntentState.SCHEDULED,
                    Intent.meets_at != Meeting.starts_at,
                    Meeting.starts_at > now,
                ),
                Fair.state == FairState.CANCELLED,
            ),
        )
    )


async def fairs_without_ground(session: AsyncSession, now: datetime) -> list[tuple[str, UUID]]:
    """(edition, fair) of such meetings, in order."""
    query = _without_ground(select(Fair.edition_code, Fair.id).select_from(Meeting), now)
    return sorted((row.edition_code, row.id) for row in await session.execute(query.distinct()))


async def without_ground(session: AsyncSession, now: datetime, fair_id: UUID) -> list[Meeting]:
    """Planned meetings to come whose interest has ended or meets at another time, or whose fair was cancelled; locked, by id."""
    query = _without_ground(select(Meeting), now).where(Meeting.fair_id == fair_id).order_by(Meeting.id)
    locked = query.with_for_update(of=Meeting).execution_options(populate_existing=True)
    return list(await session.scalars(locked))


# -- names -----------------------------------------------------------------------------------------------------------


async def names(session: AsyncSession, ids: Iterable[UUID]) -> Mapping[UUID, Any]:
    """How the fair, table, sides, intent and project of each meeting are called. One statement."""
    rows = await session.execute(
        select(
            Meeting.id,
            Fair.number.label("fair"),
            MeetingTable.label.label("table"),
            Intent.number.label("intent_number"),
            Project.number.label("project_number"),
            Project.title.label("project_title"),
            Buyer.name.label("buyer_name"),
            Supplier.name.label("organization_name"),
        )
        .join(Fair, Fair.id == Meeting.fair_id)
        .join(MeetingTable, MeetingTable.id == Meeting.table_id)
        .join(Intent, Intent.id == Meeting.intent_id)
        .join(Project, Project.id == Meeting.project_id)
        .join(Buyer, Buyer.id == Meeting.buyer_id)
        .join(Supplier, Supplier.id == Meeting.organization_id)
        .where(Meeting.id.in_(list(ids)))
    )
    return {row.id: row for row in rows}
