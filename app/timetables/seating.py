"""Acts on meetings: take a seat, move, pin, account for, call off; promise to come."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Fair
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers, uuid7
from app.kernel.lifecycle import data_as, lock, move, move_many
from app.negotiations import permissions as negotiating
from app.negotiations import service as negotiations
from app.negotiations.models import Intent
from app.negotiations.schemas import Scheduling
from app.timetables import hall_repository, permissions, repository, rules
from app.timetables.hall import told
from app.timetables.lifecycle import LIFECYCLE
from app.timetables.models import Delegate, Meeting, MeetingSlot, MeetingState, MeetingTable
from app.timetables.schemas import NoShow, SeatChange, SeatDraft

TIMETABLE = machine("timetable")
NO_GROUND = (
    "意向已结束、双方另约或会场取消 the interest has ended or meets elsewhere, or the fair was cancelled"
)
NOT_PLANNED = Problem("meeting_not_planned", "该洽谈已不在排定状态。", "The meeting is not planned any more.")


async def seat(session: AsyncSession, actor: Actor, fair: Fair, draft: SeatDraft) -> Meeting:
    """Give a pair a seat by hand. Raises `NotFound`, `NotYou`, and `NotNow` with every reason and the next free seats."""
    pair = await pair_of(session, actor, fair, draft.intent)
    if not permissions.may_seat(actor, fair, pair.intent):
        raise NotYou()
    raise_all(rules.goes_on(fair))
    await repository.hold(session, fair.edition_code)
    await lock(session, pair.intent)
    await release(session, fair)
    slot, table = await _asked_for(session, fair, draft.slot_id, draft.table_id)
    sides = (pair.buyer_id, pair.intent.organization_id)
    facts, table = await _facts(session, fair, slot, table, sides)
    seated = await repository.seat_of(session, pair.intent.id)
    raise_all(
        rules.may_meet(pair.intent.state, pair.project_state, listed=pair.listed, seated=seated)
        + rules.seat_problems(facts)
    )
    assert table is not None  # without a free table the seat is refused
    number = (await take_numbers(session, f"meeting:{fair.id}"))[0]
    meeting = new_meeting(fair, pair.intent, pair.buyer_id, slot, table, number, pinned=draft.pinned)
    session.add(meeting)
    await session.flush()
    async with journal.together(session):
        await journal.record(session, actor, event(meeting, "planned", place(slot, table)))
        await journal.record(session, actor, told(fair, "seat_taken", place(slot, table)))
        await negotiations.mark_scheduled(session, TIMETABLE, pair.intent, appointment(fair, slot, table))
    return meeting


def new_meeting(
    fair: Fair,
    intent: Any,
    buyer_id: UUID,
    slot: MeetingSlot,
    table: MeetingTable,
    number: int,
    *,
    pinned: bool = False,
) -> Meeting:
    """A meeting of an intent (or of what names one) in a seat, not stored yet."""
    return Meeting(
        id=uuid7(),
        number=f"{fair.number}-M{number:04d}",
        fair_id=fair.id,
        fair_area_path=fair.area_path,
        intent_id=intent.id,
        project_id=intent.project_id,
        organization_id=intent.organization_id,
        buyer_id=buyer_id,
        area_path=intent.area_path,
        pinned=pinned,
        state=LIFECYCLE.initial,
        **seat_values(slot, table),
    )


def seat_values(slot: MeetingSlot, table: MeetingTable) -> dict[str, Any]:
    """The columns that say where and when a meeting is."""
    return {
        "slot_id": slot.id,
        "starts_at": slot.starts_at,
        "ends_at": slot.ends_at,
        "table_id": table.id,
        "table_no": table.no,
    }


def appointment(fair: Fair, slot: MeetingSlot, table: MeetingTable) -> Scheduling:
    """When and where the two sides of the intent will read that they meet."""
    return Scheduling(meets_at=slot.starts_at, place=f"{fair.venue} {table.label} 桌"[:200])


async def pair_of(session: AsyncSession, actor: Actor, fair: Fair, ref: str) -> repository.Pair:
    """The pair of an intent that the caller may see; who runs the hall sees those of its listed projects."""
    seen = negotiating.visible_to(actor)
    if permissions.runs_hall(actor, fair):
        seen = or_(
            seen,
            and_(repository.is_listed(fair.id), Intent.state.in_(rules.READY)),
        )
    pair = await repository.pair(session, fair, ref, seen)
    if pair is None:
        raise NotFound()
    return pair


async def _asked_for(
    session: AsyncSession, fair: Fair, slot_id: UUID, table_id: UUID | None
) -> tuple[MeetingSlot, MeetingTable | None]:
    slot = await hall_repository.slot(session, fair.id, slot_id)
    table = await hall_repository.table(session, fair.id, table_id) if table_id else None
    if slot is None or (table_id is not None and table is None):
        raise NotFound()
    return slot, table


async def _facts(
    session: AsyncSession,
    fair: Fair,
    slot: MeetingSlot,
    table: MeetingTable | None,
    sides: tuple[UUID, UUID],
    meeting: Meeting | None = None,
) -> tuple[rules.SeatFacts, MeetingTable | None]:
    """What stands in the way of a seat, and the table: where none was named the meeting's own, else the first free one."""
    but = meeting.id if meeting else None
    taken, busy, away = await repository.conflicts(session, slot, *sides, but)
    if table is None:
        table = await hall_repository.first_free(
            session, fair.id, taken, meeting.table_id if meeting else None
        )
    people: list[str] = []
    if meeting is not None:
        accounts = [one.account_id for one in await repository.delegates(session, [meeting.id])]
        people = await repository.people_busy(session, accounts, slot, meeting.id)
    at_tables = {party for pair in busy for party in pair}
    named = dict(zip(("buyer", "organization"), sides, strict=True))
    facts = rules.SeatFacts(
        now=clock.now(),
        starts_at=slot.starts_at,
        table=table.label if table else None,
        taken=table is not None and table.id in taken,
        busy=tuple(side for side, party in named.items() if party in at_tables),
        people=tuple(people),
        away=tuple(side for side, party in named.items() if party in away),
    )
    if rules.seat_problems(facts):
        instead = await repository.free_seats(session, fair.id, sides, facts.now, but=but)
        facts = rules.advised(facts, instead)
    return facts, table


async def transition(
    session: AsyncSession,
    actor: Actor,
    fair: Fair,
    meeting: Meeting,
    name: str,
    note: str | None,
    data: dict[str, Any],
) -> Meeting:
    """SeatChange a meeting to another seat, note whether it was held, or call it off. Raises `NotNow`, `NotYou`, `Malformed`."""
    await repository.hold(session, fair.edition_code)
    if name == "move":
        return await _move(session, actor, fair, meeting, data_as(SeatChange, data), note)
    values = {"missed_by": data_as(NoShow, data).by.value} if name == "miss" else {}
    await move(session, LIFECYCLE, meeting, name, actor, note, values=values, change=values)
    if meeting.state in (MeetingState.MISSED, MeetingState.CANCELLED):
        await journal.record(session, actor, told(fair, "seat_freed", _at(meeting)))
    return meeting


async def _move(
    session: AsyncSession, actor: Actor, fair: Fair, meeting: Meeting, wanted: SeatChange, note: str | None
) -> Meeting:
    raise_all(rules.goes_on(fair))
    await lock(session, meeting)
    await release(session, fair)
    slot_id = wanted.slot_id or meeting.slot_id
    slot, table = await _asked_for(session, fair, slot_id, wanted.table_id)
    sides = (meeting.buyer_id, meeting.organization_id)
    facts, table = await _facts(session, fair, slot, table, sides, meeting)
    values, change = (seat_values(slot, table), moved_to(meeting, slot, table)) if table else ({}, {})
    async with journal.together(session):
        await move(
            session, LIFECYCLE, meeting, "move", actor, note, facts=facts, values=values, change=change
        )
        assert table is not None
        await journal.record(session, actor, told(fair, "seat_changed", place(slot, table)))
        intent = await session.get_one(Intent, meeting.intent_id)
        await lock(session, intent)
        if intent.state in rules.READY:
            await negotiations.mark_scheduled(session, TIMETABLE, intent, appointment(fair, slot, table))
    return meeting


def moved_to(meeting: Meeting, slot: MeetingSlot, table: MeetingTable) -> dict[str, Any]:
    """What a move changes, old and new: the time, the table's place in the hall."""
    old, new = clock.local(meeting.starts_at).isoformat(), clock.local(slot.starts_at).isoformat()
    changed: dict[str, list[Any]] = {"starts_at": [old, new], "table_no": [meeting.table_no, table.no]}
    return {name: pair for name, pair in changed.items() if pair[0] != pair[1]}


async def pin(session: AsyncSession, actor: Actor, fair: Fair, meeting: Meeting, pinned: bool) -> Meeting:
    """Keep a meeting where it is whatever is planned, or give it free again. Raises `NotYou`, `NotNow`."""
    if not permissions.in_charge(actor, meeting):
        raise NotYou()
    await repository.hold(session, fair.edition_code)
    await lock(session, meeting)
    if meeting.state != MeetingState.PLANNED:
        raise NotNow(NOT_PLANNED)
    if meeting.pinned != pinned:
        meeting.pinned = pinned
        await session.flush()
        await journal.record(session, actor, event(meeting, "pinned" if pinned else "unpinned", {}))
    return meeting


async def promise(session: AsyncSession, actor: Actor, fair: Fair, meeting: Meeting) -> Meeting:
    """The caller will sit at this meeting for their side; nobody promises to be in two places. Raises `NotYou`, `NotNow`."""
    if actor.account_id is None or negotiating.side_of(actor, meeting) is None:
        raise NotYou()
    await repository.hold(session, fair.edition_code)
    await lock(session, meeting)
    if meeting.state != MeetingState.PLANNED:
        raise NotNow(NOT_PLANNED)
    if actor.account_id in {one.account_id for one in await repository.delegates(session, [meeting.id])}:
        return meeting
    slot = await session.get_one(MeetingSlot, meeting.slot_id)
    raise_all(
        rules.person_is_free(await repository.people_busy(session, [actor.account_id], slot, meeting.id))
    )
    session.add(
        Delegate(
            meeting_id=meeting.id, slot_id=meeting.slot_id, account_id=actor.account_id, label=actor.label
        )
    )
    await session.flush()
    await journal.record(session, actor, event(meeting, "delegate_named", {"delegate": actor.label}))
    return meeting


async def take_promise_back(session: AsyncSession, actor: Actor, fair: Fair, meeting: Meeting) -> Meeting:
    """The caller will not sit at this meeting after all; harmless when they never said so."""
    await repository.hold(session, fair.edition_code)
    if actor.account_id and await repository.leave(session, meeting.id, actor.account_id):
        await journal.record(session, actor, event(meeting, "delegate_gone", {"delegate": actor.label}))
    return meeting


async def release(session: AsyncSession, fair: Fair) -> int:
    """Free the seats of pairs whose interest has ended or that meet at another time, or all of a cancelled fair; how many."""
    gone = await repository.without_ground(session, clock.now(), fair.id)
    if gone:
        await call_off(session, gone, NO_GROUND)
        await journal.record(session, TIMETABLE, told(fair, "seats_freed", {"meetings": len(gone)}))
    return len(gone)


async def call_off(session: AsyncSession, meetings: Sequence[Meeting], note: str) -> None:
    """The machine calls off meetings that are locked already."""
    if meetings:
        await move_many(session, LIFECYCLE, meetings, "cancel", TIMETABLE, note)


def event(meeting: Meeting, name: str, change: dict[str, Any]) -> journal.Event:
    """An entry about a meeting: its two sides and the officials of the area may know."""
    return journal.Event(
        "meeting", meeting.id, name, LIFECYCLE.audience(meeting), number=meeting.number, change=change
    )


def place(slot: MeetingSlot, table: MeetingTable) -> dict[str, Any]:
    """Time and table, as an entry tells them."""
    return {"starts_at": clock.local(slot.starts_at).isoformat(), "table": table.label}


def _at(meeting: Meeting) -> dict[str, Any]:
    return {"starts_at": clock.local(meeting.starts_at).isoformat(), "table_no": meeting.table_no}
