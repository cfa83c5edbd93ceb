"""The door of timetables: meetings as they are seen, what waits for whom, what time moves by itself."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Fair
from app.kernel import clock, jobs
from app.kernel.actor import Actor
from app.kernel.errors import NotFound
from app.kernel.tasks import Task
from app.negotiations.models import Intent
from app.timetables import permissions, plan_repository, repository, seating, task_repository
from app.timetables.hall import excuse, lay_out, take_slot_away, take_table_away, unexcuse
from app.timetables.models import Meeting, MeetingState
from app.timetables.permissions import visible_to
from app.timetables.planning import PLAN, ask, perform
from app.timetables.rules import FreeSeat
from app.timetables.schemas import FairMeetingView, FreeSeatView, OrderLine, WaitingView
from app.timetables.seating import pin, promise, seat, take_promise_back, transition

__all__ = [
    "HANDLERS",
    "ask",
    "excuse",
    "free_seats",
    "get",
    "lay_out",
    "order_lines",
    "pin",
    "promise",
    "seat",
    "take_promise_back",
    "take_slot_away",
    "take_table_away",
    "tasks",
    "tick",
    "transition",
    "unexcuse",
    "views",
]

HANDLERS: Mapping[str, jobs.Handler] = {PLAN: perform}
"""The kind of job timetables bring, for the worker."""


async def get(session: AsyncSession, actor: Actor, fair: Fair, ref: str | UUID) -> Meeting:
    """One meeting of a fair by UUID or number. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.meeting(session, fair.id, ref, visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def free_seats(session: AsyncSession, actor: Actor, fair: Fair, ref: str) -> list[FreeSeatView]:
    """The next seats both sides of an intent could take. Raises `NotFound`."""
    pair = await seating.pair_of(session, actor, fair, ref)
    found: Sequence[FreeSeat] = await repository.free_seats(
        session, fair.id, [pair.buyer_id, pair.intent.organization_id], clock.now(), limit=50
    )
    return [
        FreeSeatView(
            slot_id=one.slot_id,
            starts_at=clock.local(one.starts_at),
            table_id=one.table_id,
            table=one.table,
        )
        for one in found
    ]


async def views(session: AsyncSession, meetings: Sequence[Meeting]) -> list[FairMeetingView]:
    """Meetings with the names of everybody and everything, in two statements however many there are."""
    ids = [meeting.id for meeting in meetings]
    named = await repository.names(session, ids)
    coming: dict[UUID, list[str]] = defaultdict(list)
    for delegate in await repository.delegates(session, ids):
        coming[delegate.meeting_id].append(delegate.label)
    return [
        FairMeetingView(
            **{name: getattr(meeting, name) for name in _PLAIN},
            **{name: value for name, value in named[meeting.id]._mapping.items() if name != "id"},
            starts_at=clock.local(meeting.starts_at),
            ends_at=clock.local(meeting.ends_at),
            delegates=coming[meeting.id],
        )
        for meeting in meetings
    ]


_PLAIN = (
    "id", "number", "state", "slot_id", "table_id", "intent_id", "buyer_id", "organization_id", "pinned",
    "missed_by", "version",
)  # fmt: skip


async def order_lines(session: AsyncSession, meetings: Sequence[Meeting]) -> list[OrderLine]:
    """Meetings as the lines of a printed running order, in one statement."""
    named = await repository.names(session, [meeting.id for meeting in meetings])
    lines = []
    for meeting in meetings:
        starts, ends, called = clock.local(meeting.starts_at), clock.local(meeting.ends_at), named[meeting.id]
        lines.append(
            OrderLine(
                day=starts.date(),
                time=f"{starts:%H:%M}–{ends:%H:%M}",
                table=called.table,
                buyer=called.buyer_name,
                organization=called.organization_name,
                project=f"{called.project_number} {called.project_title}",
                number=meeting.number,
                state=MeetingState(meeting.state),
            )
        )
    return lines


async def waiting_views(session: AsyncSession, intents: Sequence[Intent]) -> list[WaitingView]:
    """Pairs that wait for a seat, in one statement."""
    named = await plan_repository.waiting_names(session, [intent.id for intent in intents])
    return [
        WaitingView(
            intent_id=intent.id,
            intent_number=intent.number,
            organization_id=intent.organization_id,
            **{name: value for name, value in named[intent.id]._mapping.items() if name != "id"},
        )
        for intent in intents
    ]


async def tick(session: AsyncSession) -> int:
    """Free the seats of pairs whose interest has ended or that meet elsewhere, and of cancelled fairs."""
    freed = 0
    for edition, fair_id in await repository.fairs_without_ground(session, clock.now()):
        await repository.hold(session, edition)
        freed += await seating.release(session, await session.get_one(Fair, fair_id))
    return freed


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """What waits for this actor: meetings to come to, talks to write down, meetings to account for."""
    now = clock.now()
    found: list[Task] = []
    if actor.party_ids or actor.area_paths():
        seen = visible_to(actor)
        for meeting, title, table in await task_repository.coming(session, seen, now):
            if permissions.sits_at(actor, meeting):
                at = f"{clock.local(meeting.starts_at):%H:%M}"
                zh, en = f"{at} 到 {table} 桌洽谈", f"Come to table {table} at {at}"
                found.append(_task("attend_meeting", meeting, title, zh, en))
        for meeting, title, _ in await task_repository.unrecorded(session, seen):
            if permissions.sits_at(actor, meeting):
                path = f"/api/v1/intents/{meeting.intent_id}/talks"
                zh, en = "填写洽谈记录", "Record the talk"
                found.append(_task("record_talk", meeting, title, zh, en, path))
        for meeting, title, table in await task_repository.unaccounted(session, seen, now):
            if permissions.keeps_the_hall(actor, meeting):
                zh, en = f"登记 {table} 桌洽谈是否举行", f"Note whether the meeting at table {table} was held"
                found.append(_task("account_for_meeting", meeting, title, zh, en))
    return found


def _task(kind: str, meeting: Meeting, title: str, zh: str, en: str, href: str | None = None) -> Task:
    own = f"/api/v1/fairs/{meeting.fair_id}/meetings/{meeting.id}"
    return Task(
        kind,
        "meeting",
        meeting.id,
        meeting.number,
        title,
        zh,
        en,
        href or own,
        meeting.starts_at if kind == "attend_meeting" else None,
    )
