"""Plan a day: ask, seat everybody by `matching.timetable`, check it, store it in one short transaction.

The question is read, answered outside any transaction, and read again under the lock of the timetable: an answer is stored only to the
question it was given to, else it is asked anew.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Fair
from app.kernel import bulk, clock, jobs, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers
from app.kernel.lifecycle import lock_many, move_many
from app.negotiations import service as negotiations
from app.timetables import permissions, plan_repository, repository, rules, seating
from app.timetables.hall import told
from app.timetables.lifecycle import LIFECYCLE
from app.timetables.models import Meeting, MeetingSlot, MeetingTable, TimetablePlan
from app.timetables.plan_repository import Candidate
from app.timetables.schemas import SeatingDraft, SeatingProgress, SeatingView, Unseated
from matching import timetable
from matching.checks import check_timetable

PLAN = "timetable_plan"
TRIES = 5
"""How often a question that changed while it was answered is asked anew."""
NO_SEATS = Problem(
    "hall_has_no_seats",
    "会场没有可用的洽谈桌或未来时段，请先布置会场。",
    "The hall has no table, or no slot to come: lay it out first.",
)
RESTLESS = Problem(
    "timetable_restless",
    "排期期间席位不断变化，请稍后再试。",
    "Seats kept changing while the day was planned; try again later.",
)

Seat = tuple[int, int]


class Inconsistent(Exception):
    """A timetable that breaks its own rules is never stored."""


class Changed(Exception):
    """Somebody took a seat, or left the market, while the question was answered."""


@dataclass(frozen=True, slots=True)
class Question:
    """Who is to be seated, in which slots and tables (by their ids, in order), and who cannot when."""

    pairs: tuple[Candidate, ...]
    slots: tuple[UUID, ...]
    tables: tuple[UUID, ...]
    away: frozenset[tuple[UUID, UUID]]

    def seats(self) -> dict[int, Seat]:
        """Where each seated pair sits now, as (slot, table) by their places."""
        slots = {id_: place for place, id_ in enumerate(self.slots)}
        tables = {id_: place for place, id_ in enumerate(self.tables)}
        return {
            k: (slots[pair.slot_id], tables[pair.table_id])
            for k, pair in enumerate(self.pairs)
            if pair.slot_id is not None and pair.table_id is not None
        }


@dataclass(frozen=True, slots=True)
class Answer:
    """A seat for each placed pair, who found none and why, and whether nothing better exists."""

    placed: Mapping[int, Seat]
    unplaced: tuple[Unseated, ...]
    optimal: bool


async def ask(session: AsyncSession, actor: Actor, fair: Fair, draft: SeatingDraft) -> TimetablePlan:
    """Ask for a plan of the fair; one already under way is returned instead. Raises `NotYou`, `NotNow`."""
    if not permissions.runs_hall(actor, fair):
        raise NotYou()
    raise_all(rules.goes_on(fair))
    slots, tables = await plan_repository.seats(session, fair.id, clock.now())
    if not slots or not tables:
        raise NotNow(NO_SEATS)
    job = await jobs.enqueue(session, actor, PLAN, {"fair": str(fair.id)}, key=str(fair.id))
    plan = await plan_repository.plan_of_job(session, job.id)
    if plan is None:
        plan = TimetablePlan(
            fair_id=fair.id,
            job_id=job.id,
            seed=draft.seed,
            time_limit=draft.time_limit,
            requested_by=actor.label,
        )
        session.add(plan)
        await session.flush()
    return plan


async def perform(attempt: jobs.Attempt) -> None:
    """The job of a plan."""
    started = time.monotonic()
    for tried in range(TRIES):
        await attempt.progress(tried, TRIES, "planning")
        async with attempt.database.reading() as session:
            plan = await plan_repository.plan_of_job(session, attempt.job_id)
            if plan is None:
                raise NotFound()
            fair = await session.get_one(Fair, plan.fair_id)
            question = await read(session, fair)
        answer = await asyncio.to_thread(answered, question, plan.seed, plan.time_limit)
        result: dict[str, Any] = {"plan_id": str(plan.id)}
        try:
            async with attempt.finishing(result) as session:
                plan = await session.get_one(TimetablePlan, plan.id)
                fair = await session.get_one(Fair, plan.fair_id)
                summary = await store(session, fair, question, answer)
                seconds = round(time.monotonic() - started, 2)
                plan.summary, plan.stored_at = {**summary, "seconds": seconds}, clock.now()
                plan.unplaced = [one.model_dump(mode="json") for one in answer.unplaced]
                result |= plan.summary
            return
        except Changed:
            continue
    raise NotNow(RESTLESS)


async def read(session: AsyncSession, fair: Fair) -> Question:
    """The question of a fair as it stands now: only slots to come, past meetings stay as they are."""
    now = clock.now()
    slots, tables = await plan_repository.seats(session, fair.id, now)
    return Question(
        tuple(await plan_repository.candidates(session, fair, now)),
        tuple(slot.id for slot in slots),
        tuple(table.id for table in tables),
        frozenset(await plan_repository.unavailable(session, fair.id, now)),
    )


def answered(question: Question, seed: int, time_limit: float) -> Answer:
    """A seat for as many pairs as possible, moving as few as possible. Pure. Raises `Inconsistent` where the referee objects."""
    meetings = [(str(pair.buyer_id), str(pair.organization_id)) for pair in question.pairs]
    previous = question.seats()
    pinned = {k: seat for k, seat in previous.items() if question.pairs[k].fixed}
    places = {id_: place for place, id_ in enumerate(question.slots)}
    away = {(str(party), places[slot]) for party, slot in question.away if slot in places}
    # Who promised to come after all is not away.
    away -= {(party, slot) for k, (slot, _) in pinned.items() for party in meetings[k]}
    hall = {"slots": len(question.slots), "tables": len(question.tables)}
    day = timetable(
        meetings,
        **hall,
        pinned=pinned,
        unavailable=away,
        previous=previous,
        seed=seed,
        time_limit=time_limit,
    )
    wrong = check_timetable(meetings, day.placed, **hall, pinned=pinned, unavailable=away)
    if wrong:
        raise Inconsistent("; ".join(wrong[:10]))
    unplaced = tuple(
        Unseated.model_validate(
            {
                "intent_id": question.pairs[one.meeting].intent_id,
                "intent_number": question.pairs[one.meeting].intent_number,
                "reason": one.reason,
                "zh": one.zh,
                "en": one.en,
            }
        )
        for one in day.unplaced
    )
    return Answer(day.placed, unplaced, day.optimal)


async def store(session: AsyncSession, fair: Fair, question: Question, answer: Answer) -> dict[str, Any]:
    """Write an answer to the question that still stands. Raises `Changed` where it does not."""
    await repository.hold(session, fair.edition_code)
    await seating.release(session, fair)
    if fair.state not in rules.GOING_ON or await read(session, fair) != question:
        raise Changed
    slots, tables = await plan_repository.seats(session, fair.id, clock.now())
    before = question.seats()
    new = [k for k in answer.placed if k not in before]
    moved = [k for k, seat in answer.placed.items() if before.get(k, seat) != seat]
    lost = [k for k in before if k not in answer.placed]
    at = {k: (slots[slot], tables[table]) for k, (slot, table) in answer.placed.items()}
    await plan_repository.exchange_seats(session)
    await _call_off(session, question, answer, lost)
    await _move(session, question, moved, at)
    numbers = await take_numbers(session, f"meeting:{fair.id}", len(new)) if new else range(0)
    made = [
        seating.new_meeting(fair, _Named(question.pairs[k]), question.pairs[k].buyer_id, *at[k], number)
        for k, number in zip(new, numbers, strict=True)
    ]
    await bulk.add_all(session, made)
    await plan_repository.settle_seats(session)
    told_of = [
        seating.event(meeting, "planned", seating.place(*at[k])) for k, meeting in zip(new, made, strict=True)
    ]
    await journal.record(session, seating.TIMETABLE, *told_of)
    await _appoint(session, fair, question, [*new, *moved], at)
    summary = {
        "pairs": len(question.pairs),
        "placed": len(answer.placed),
        "new": len(new),
        "moved": len(moved),
        "called_off": len(lost),
        "unplaced": len(answer.unplaced),
        "optimal": answer.optimal,
        "slots": len(slots),
        "tables": len(tables),
    }
    counted = {name: summary[name] for name in ("placed", "new", "moved", "called_off", "unplaced")}
    await journal.record(session, seating.TIMETABLE, told(fair, "timetable_planned", counted))
    return summary


class _Named:
    """An intent by what a meeting needs of it."""

    def __init__(self, pair: Candidate) -> None:
        self.id, self.project_id = pair.intent_id, pair.project_id
        self.organization_id, self.area_path = pair.organization_id, pair.area_path


async def _call_off(session: AsyncSession, question: Question, answer: Answer, lost: Sequence[int]) -> None:
    """Who no longer fits loses the seat, with the reason; the pair waits for the next plan."""
    reasons = {one.intent_id: f"{one.zh} {one.en}" for one in answer.unplaced}
    by_reason: dict[str, list[UUID]] = defaultdict(list)
    for k in lost:
        pair = question.pairs[k]
        assert pair.meeting_id is not None
        by_reason[reasons[pair.intent_id]].append(pair.meeting_id)
    for reason, ids in by_reason.items():
        await seating.call_off(session, await lock_many(session, Meeting, ids), reason)


async def _move(
    session: AsyncSession,
    question: Question,
    moved: Sequence[int],
    at: Mapping[int, tuple[MeetingSlot, MeetingTable]],
) -> None:
    to = {id_: at[k] for k in moved if (id_ := question.pairs[k].meeting_id) is not None}
    if not to:
        return
    meetings = await lock_many(session, Meeting, to)
    outcome = await move_many(
        session,
        LIFECYCLE,
        meetings,
        "move",
        seating.TIMETABLE,
        each={id_: seating.seat_values(*seat) for id_, seat in to.items()},
        changes={m.id: seating.moved_to(m, *to[m.id]) for m in meetings},
    )
    if any(outcome.values()):
        raise Changed


async def _appoint(
    session: AsyncSession,
    fair: Fair,
    question: Question,
    seated: Sequence[int],
    at: Mapping[int, tuple[MeetingSlot, MeetingTable]],
) -> None:
    """The intents of all who were seated or moved say when and where. Raises `Changed` where one has ended meanwhile."""
    wanted = {question.pairs[k].intent_id: seating.appointment(fair, *at[k]) for k in seated}
    if wanted:
        outcome = await negotiations.mark_scheduled_many(session, seating.TIMETABLE, wanted)
        if any(outcome.values()):
            raise Changed


async def get(session: AsyncSession, actor: Actor, fair: Fair, plan_id: UUID) -> TimetablePlan:
    """One plan, for who runs the hall. Raises `NotFound`."""
    found = await session.get(TimetablePlan, plan_id)
    if found is None or found.fair_id != fair.id or not permissions.runs_hall(actor, fair):
        raise NotFound()
    return found


async def views(session: AsyncSession, plans: Sequence[TimetablePlan]) -> list[SeatingView]:
    """Plans with how far their jobs are, in two statements."""
    found = await plan_repository.jobs_of(session, [plan.job_id for plan in plans])
    fairs = await plan_repository.fair_numbers(session, {plan.fair_id for plan in plans})
    return [
        SeatingView(
            id=plan.id,
            fair=fairs[plan.fair_id],
            seed=plan.seed,
            time_limit=plan.time_limit,
            requested_by=plan.requested_by,
            requested_at=clock.local(plan.requested_at),
            stored_at=clock.local(plan.stored_at) if plan.stored_at else None,
            job=_progress(found.get(plan.job_id)),
            summary=plan.summary,
            unplaced=[Unseated.model_validate(one) for one in plan.unplaced],
        )
        for plan in plans
    ]


def _progress(job: jobs.Job | None) -> SeatingProgress | None:
    if job is None:
        return None
    return SeatingProgress(id=job.id, state=job.state, stage=job.stage, done=job.done, total=job.total)
