"""Time accounts: what is earned, spent, given to all, given to one, corrected. The caller holds the volunteer's row."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import TimeKind, VolunteerKind
from app.editions import service as editions
from app.editions.models import EditionSettings
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import reference
from app.volunteers import permissions, repository, rules
from app.volunteers.models import HourRecord, TimeEntry, Volunteer
from app.volunteers.schemas import Spending, TimeEntryView

NO_SUCH_RECEIVER = Problem(
    "receiver_unknown", "没有这位受赠志愿者。", "There is no such volunteer to give to.", "/to"
)
NOTE_MISSING = Problem("note_required", "更正须写明理由。", "A correction needs a written reason.", "/note")


@dataclass(frozen=True, slots=True)
class Step:
    """One entry to write: what, how many half hours, and what it follows from."""

    kind: TimeKind
    half_hours: int
    hours_id: UUID | None = None
    counterpart_id: UUID | None = None
    note: str | None = None


async def cap_half_hours(session: AsyncSession) -> int:
    """What a person's account may hold by the rules of the present edition."""
    try:
        settings = (await editions.current(session)).settings
    except NotFound:
        settings = EditionSettings()
    return settings.time_account_cap_hours * 2


async def credit(session: AsyncSession, actor: Actor, volunteer: Volunteer, record: HourRecord) -> None:
    """Pay verified hours in; what the account cannot hold goes on to all, and so does everything of somebody who has left."""
    await _post(session, actor, volunteer, Step(TimeKind.CREDIT, record.half_hours, hours_id=record.id))
    if volunteer.erased_at is not None:
        await leave(session, actor, volunteer)


async def take_back(
    session: AsyncSession, actor: Actor, volunteer: Volunteer, record: HourRecord, note: str | None
) -> None:
    """Take hours that were not true out again. Raises `NotNow` where they are spent; what overflowed to all stays given."""
    kept = await repository.kept_of(session, record.id)
    if kept:
        await _post(session, actor, volunteer, Step(TimeKind.ADJUST, -kept, hours_id=record.id, note=note))


async def spend(
    session: AsyncSession, actor: Actor, volunteer: Volunteer, wanted: Spending
) -> list[TimeEntry]:
    """Spend, donate, transfer or correct. Raises `NotYou`, `NotNow` (not so much there, a team's hours) and `Malformed`."""
    may = permissions.may_adjust if wanted.kind == TimeKind.ADJUST else permissions.may_spend
    if not may(actor, volunteer):
        raise NotYou()
    if wanted.kind == TimeKind.ADJUST and not (wanted.note or "").strip():
        raise Malformed(NOTE_MISSING)
    if volunteer.erased_at is not None:
        raise NotNow(rules.LEFT)
    if wanted.to is not None:
        return await _transfer(session, actor, volunteer, wanted)
    await repository.locked(session, [volunteer.id])
    half_hours = wanted.half_hours if wanted.kind == TimeKind.ADJUST else -wanted.half_hours
    return await _post(session, actor, volunteer, Step(wanted.kind, half_hours, note=wanted.note))


async def leave(session: AsyncSession, actor: Actor, volunteer: Volunteer) -> None:
    """Empty the account of somebody who leaves: what is left goes on to all."""
    last = (await repository.last_entries(session, [volunteer.id])).get(volunteer.id)
    if last is not None and last.balance:
        await _post(session, actor, volunteer, Step(TimeKind.DONATE, -last.balance))


async def views(session: AsyncSession, entries: Sequence[TimeEntry]) -> list[TimeEntryView]:
    """Entries as they are shown, in one statement."""
    others = {entry.counterpart_id for entry in entries if entry.counterpart_id is not None}
    numbers = await repository.numbers(session, others) if others else {}
    return [
        TimeEntryView(
            entry_id=entry.entry_id,
            at=entry.domain_at,
            kind=TimeKind(entry.kind),
            hours=rules.hours(entry.half_hours),
            balance_hours=rules.hours(entry.balance),
            hours_id=entry.hours_id,
            counterpart=numbers.get(entry.counterpart_id) if entry.counterpart_id else None,
            note=entry.note,
        )
        for entry in entries
    ]


async def _transfer(
    session: AsyncSession, actor: Actor, giver: Volunteer, wanted: Spending
) -> list[TimeEntry]:
    held = await repository.locked(session, [giver.id, reference(wanted.to or "")])
    receiver = next((one for one in held if one.id != giver.id), None)
    if receiver is None or receiver.erased_at is not None or receiver.kind != VolunteerKind.PERSON:
        raise Malformed(NO_SUCH_RECEIVER)
    out = Step(TimeKind.TRANSFER, -wanted.half_hours, counterpart_id=receiver.id, note=wanted.note)
    gone = await _post(session, actor, giver, out)
    came = Step(TimeKind.TRANSFER, wanted.half_hours, counterpart_id=giver.id, note=wanted.note)
    await _post(session, actor, receiver, came)
    return gone


async def _post(session: AsyncSession, actor: Actor, volunteer: Volunteer, step: Step) -> list[TimeEntry]:
    """Write one act into the account, first giving on to all what there is no room for: it never holds more than its cap."""
    last = (await repository.last_entries(session, [volunteer.id])).get(volunteer.id)
    balance, turn = (last.balance, last.turn) if last else (0, 0)
    cap = None
    if volunteer.kind == VolunteerKind.PERSON:
        # A cap that was lowered takes nothing away from who holds more.
        cap = max(await cap_half_hours(session), balance)
    steps = [step]
    if step.kind in (TimeKind.CREDIT, TimeKind.TRANSFER):
        above = rules.overflow(balance, step.half_hours, cap)
        steps[:0] = [Step(TimeKind.DONATE, -above, hours_id=step.hours_id)] if above else []
    problems: list[Problem] = []
    entries = []
    for one in steps:
        problems += rules.may_be_posted(volunteer, one.kind, one.half_hours, balance, cap)
        balance, turn = balance + one.half_hours, turn + 1
        entries.append(
            TimeEntry(
                volunteer_id=volunteer.id,
                holder_kind=volunteer.kind,
                kind=one.kind,
                half_hours=one.half_hours,
                balance=balance,
                cap=cap,
                turn=turn,
                hours_id=one.hours_id,
                counterpart_id=one.counterpart_id,
                note=one.note,
                actor_id=actor.account_id,
            )
        )
    raise_all(problems)
    session.add_all(entries)
    await session.flush()
    await journal.record(session, actor, *(_posted(volunteer, entry) for entry in entries))
    return entries


def _posted(volunteer: Volunteer, entry: TimeEntry) -> journal.Event:
    change = {"hours": str(rules.hours(entry.half_hours)), "balance_hours": str(rules.hours(entry.balance))}
    told = journal.Audience(volunteer.area_path, (volunteer.organization_id,), journal.PARTIES)
    return journal.Event(
        "volunteer",
        volunteer.id,
        f"time_{entry.kind}",
        told,
        number=volunteer.number,
        note=entry.note,
        change=change,
    )
