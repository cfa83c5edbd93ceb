"""Acts on the hall: lay out tables and slots, take away what nobody has used, note who cannot come."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Fair
from app.kernel import bulk, clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.parties import service as parties
from app.timetables import hall_repository, permissions, plan_repository, repository, rules
from app.timetables.models import Meeting, MeetingSlot, MeetingTable
from app.timetables.schemas import AbsenceDraft, AbsenceView, HallDraft, HallView, SlotView, TableView

USED = Problem(
    "seat_was_used",
    "已安排过洽谈的桌位或时段不能移除。",
    "A table or slot in which a meeting was ever planned cannot be taken away.",
)
NOTHING = Problem("hall_empty", "请给出桌位或时段。", "Name tables, slots, or both.", "/tables")


async def lay_out(session: AsyncSession, actor: Actor, fair: Fair, draft: HallDraft) -> HallView:
    """Add tables and slots from patterns, all or none. Raises `NotYou`, `Malformed` (pattern), `NotNow` (over, clash)."""
    _ask(actor, fair)
    if draft.tables is None and draft.slots is None:
        raise Malformed(NOTHING)
    spans: list[rules.Span] = []
    if draft.slots is not None:
        days = draft.slots.days or _days(fair)
        by_day = {day: rules.slots(draft.slots, day) for day in sorted(set(days))}
        raise_all(rules.pattern_makes_sense(draft.slots, fair, by_day), Malformed)
        spans = [span for found in by_day.values() for span in found]
    labels = rules.labels(draft.tables) if draft.tables else []
    await repository.hold(session, fair.edition_code)
    tables, slots = await hall_repository.hall(session, fair.id)
    raise_all(
        rules.labels_new(labels, (table.label for table in tables))
        + rules.slots_apart(spans, [(slot.starts_at, slot.ends_at) for slot in slots])
    )
    await bulk.add_all(session, [MeetingSlot(fair_id=fair.id, starts_at=a, ends_at=b) for a, b in spans])
    if draft.tables is not None:
        last = tables[-1].no if tables else 0
        kept: dict[str, Any] = {"fair_id": fair.id, "zone": draft.tables.zone, "seats": draft.tables.seats}
        numbered = enumerate(labels, last + 1)
        await bulk.add_all(session, [MeetingTable(no=no, label=label, **kept) for no, label in numbered])
    change = {"tables": len(labels), "slots": len(spans)}
    await journal.record(session, actor, told(fair, "hall_laid_out", change))
    return await view(session, fair)


def _ask(actor: Actor, fair: Fair) -> None:
    if not permissions.runs_hall(actor, fair):
        raise NotYou()
    raise_all(rules.goes_on(fair))


def _days(fair: Fair) -> list[Any]:
    return [fair.opens_on + timedelta(days=n) for n in range((fair.closes_on - fair.opens_on).days + 1)]


async def take_table_away(session: AsyncSession, actor: Actor, fair: Fair, table_id: UUID) -> None:
    """Remove a table at which nothing was ever planned. Raises `NotYou`, `NotFound`, `NotNow`."""
    _ask(actor, fair)
    await repository.hold(session, fair.edition_code)
    table = await hall_repository.table(session, fair.id, table_id)
    if table is None:
        raise NotFound()
    await _remove(session, actor, fair, table, Meeting.table_id == table.id, {"table": table.label})


async def take_slot_away(session: AsyncSession, actor: Actor, fair: Fair, slot_id: UUID) -> None:
    """Remove a slot in which nothing was ever planned, with the absences in it. Raises `NotYou`, `NotFound`, `NotNow`."""
    _ask(actor, fair)
    await repository.hold(session, fair.edition_code)
    slot = await hall_repository.slot(session, fair.id, slot_id)
    if slot is None:
        raise NotFound()
    starts_at = clock.local(slot.starts_at).isoformat()
    await _remove(session, actor, fair, slot, Meeting.slot_id == slot.id, {"slot": starts_at})


async def _remove(
    session: AsyncSession,
    actor: Actor,
    fair: Fair,
    thing: MeetingTable | MeetingSlot,
    at: ColumnElement[bool],
    change: dict[str, Any],
) -> None:
    if await hall_repository.was_used(session, at):
        raise NotNow(USED)
    await hall_repository.remove(session, thing)
    await journal.record(session, actor, told(fair, "hall_reduced", change))


async def view(session: AsyncSession, fair: Fair) -> HallView:
    """The size of the hall, how its seats are used, and how many pairs wait for one."""
    found = await hall_repository.counts(session, fair.id, clock.now())
    waiting = select(func.count()).select_from(plan_repository.waiting(fair).subquery())
    over = found["begun"] * found["tables"]
    came = found["held"] + found["missed"]
    return HallView(
        fair=fair.number,
        tables=found["tables"],
        slots=found["slots"],
        seats_offered=found["slots"] * found["tables"],
        seats_over=over,
        planned=found["planned"],
        held=found["held"],
        missed=found["missed"],
        waiting=await session.scalar(waiting) or 0,
        use=round(found["held"] / over, 4) if over else None,
        no_show=round(found["missed"] / came, 4) if came else None,
    )


async def table_views(session: AsyncSession, tables: Sequence[MeetingTable]) -> list[TableView]:
    return [TableView.model_validate(table) for table in tables]


async def slot_views(session: AsyncSession, slots: Sequence[MeetingSlot]) -> list[SlotView]:
    return [
        SlotView(id=slot.id, starts_at=clock.local(slot.starts_at), ends_at=clock.local(slot.ends_at))
        for slot in slots
    ]


async def excuse(session: AsyncSession, actor: Actor, fair: Fair, draft: AbsenceDraft) -> list[AbsenceView]:
    """Note that a party cannot come in some slots; the next plan moves what stands against it.

    Raises `NotYou`, `NotFound`, `NotNow` (a meeting that no plan may move stands in one of the slots).
    """
    party = await parties.get(session, actor, draft.party_id)
    if not permissions.may_excuse(actor, fair, party):
        raise NotYou()
    raise_all(rules.goes_on(fair))
    await repository.hold(session, fair.edition_code)
    slots = {slot.id: slot for slot in (await hall_repository.hall(session, fair.id))[1]}
    if not slots.keys() >= set(draft.slot_ids):
        raise NotFound()
    kept = [
        one
        for one in await plan_repository.candidates(session, fair, clock.now())
        if one.fixed and one.slot_id in draft.slot_ids and party.id in (one.buyer_id, one.organization_id)
    ]
    raise_all(rules.stays_where_it_is(one.intent_number) for one in kept)
    wanted = sorted(set(draft.slot_ids), key=lambda id_: slots[id_].starts_at)
    if await hall_repository.excuse(session, fair.id, party.id, wanted, actor.label):
        audience = journal.Audience(fair.area_path, (party.id,), journal.PARTIES)
        change = {"party_id": str(party.id), "slots": len(wanted)}
        await journal.record(
            session, actor, journal.Event("fair", fair.id, "excused", audience, fair.number, change=change)
        )
    shown = await absence_views(session, fair, [party.id])
    return [one for one in shown if one.slot_id in wanted]


async def unexcuse(session: AsyncSession, actor: Actor, fair: Fair, absence_id: UUID) -> None:
    """The party can come after all. Raises `NotFound`, `NotYou`."""
    found = await hall_repository.absence(session, fair.id, absence_id)
    if found is None or not permissions.may_excuse(actor, fair, found[1]):
        raise NotFound()
    await repository.hold(session, fair.edition_code)
    await hall_repository.forget_absence(session, absence_id)
    audience = journal.Audience(fair.area_path, (found[1].id,), journal.PARTIES)
    change = {"party_id": str(found[1].id)}
    told_of = journal.Event("fair", fair.id, "excuse_withdrawn", audience, fair.number, change=change)
    await journal.record(session, actor, told_of)


async def absences(session: AsyncSession, actor: Actor, fair: Fair) -> list[AbsenceView]:
    """Who cannot come when: everybody's to who runs the hall, else one's own. Streets read those of their buyers."""
    if permissions.runs_hall(actor, fair):
        return await absence_views(session, fair, None)
    return await absence_views(session, fair, None, permissions.own_parties(actor))


async def absence_views(
    session: AsyncSession, fair: Fair, party_ids: Sequence[UUID] | None, seen: Any = None
) -> list[AbsenceView]:
    query = hall_repository.absences(fair.id, party_ids)
    rows = await session.execute(query if seen is None else query.where(seen))
    return [
        AbsenceView(
            id=absence.id,
            party_id=absence.party_id,
            party=party,
            slot_id=absence.slot_id,
            starts_at=clock.local(starts_at),
            meeting=meeting,
        )
        for absence, party, starts_at, meeting in rows
    ]


def told(fair: Fair, event: str, change: dict[str, Any]) -> journal.Event:
    """An entry about the hall that everybody may read, so that its boards live by it: seats and counts, no names."""
    audience = journal.Audience(fair.area_path, level=journal.PUBLIC)
    return journal.Event("fair", fair.id, event, audience, fair.number, change=change)
