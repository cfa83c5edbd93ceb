"""The hall of a fair and its timetable."""

from datetime import date, datetime, time, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs import service as fairs
from app.identity.authentication import SignedIn
from app.kernel.clock import CHINA
from app.kernel.errors import Malformed, NotYou, Problem
from app.kernel.paging import Order
from app.negotiations.models import Intent
from app.timetables import hall, hall_repository, permissions, plan_repository, planning, repository, service
from app.timetables.lifecycle import LIFECYCLE
from app.timetables.models import LIVE, Meeting, MeetingSlot, MeetingState, MeetingTable, TimetablePlan
from app.timetables.schemas import (
    AbsenceDraft,
    AbsenceView,
    FairMeetingView,
    FreeSeatView,
    HallDraft,
    HallView,
    MeetingChange,
    OrderLine,
    SeatDraft,
    SeatingDraft,
    SeatingView,
    SlotView,
    TableView,
    WaitingView,
)
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1/fairs/{ref}", tags=["timetables"], route_class=UnitOfWork)

Ref = Annotated[str, Path(max_length=64, description="UUID or human number")]
Label = Annotated[str | None, Query(max_length=20, description="The label of a table")]
IN_ORDER = [Order(Meeting.starts_at), Order(Meeting.table_no), Order(Meeting.id)]
WHOSE = Problem(
    "table_or_party_required",
    "请指明桌号（table）或单位（party）。",
    "Name a table or a party.",
    "/table",
)


@router.get("/hall", operation_id="get_hall")
async def read_hall(session: ReadSession, ref: Ref) -> HallView:
    """How large the hall is, and how its seats are used."""
    return await hall.view(session, await fairs.get(session, ref))


@router.post("/hall", status_code=201, operation_id="lay_out_hall")
async def lay_out(session: WriteSession, actor: SignedIn, ref: Ref, body: HallDraft) -> HallView:
    """Add tables and slots from patterns: first start, length, pause, count, gaps such as lunch. All or none."""
    return await hall.lay_out(session, actor, await fairs.get(session, ref), body)


@router.get("/tables", operation_id="list_tables")
async def tables(session: ReadSession, listing: Listing, ref: Ref) -> Page[TableView]:
    """The tables of the hall in their order."""
    query = hall_repository.tables((await fairs.get(session, ref)).id)
    return await listing.answer(
        session, query, [Order(MeetingTable.no), Order(MeetingTable.id)], hall.table_views
    )


@router.delete("/tables/{table_id}", status_code=204, operation_id="take_table_away")
async def take_table_away(session: WriteSession, actor: SignedIn, ref: Ref, table_id: UUID) -> None:
    """Take away a table at which nothing was ever planned."""
    await service.take_table_away(session, actor, await fairs.get(session, ref), table_id)


@router.get("/slots", operation_id="list_slots")
async def slots(session: ReadSession, listing: Listing, ref: Ref) -> Page[SlotView]:
    """The slots of the fair as they come."""
    query = hall_repository.slots((await fairs.get(session, ref)).id)
    order = [Order(MeetingSlot.starts_at), Order(MeetingSlot.id)]
    return await listing.answer(session, query, order, hall.slot_views)


@router.delete("/slots/{slot_id}", status_code=204, operation_id="take_slot_away")
async def take_slot_away(session: WriteSession, actor: SignedIn, ref: Ref, slot_id: UUID) -> None:
    """Take away a slot in which nothing was ever planned."""
    await service.take_slot_away(session, actor, await fairs.get(session, ref), slot_id)


@router.get("/absences", operation_id="list_absences")
async def absences(session: ReadSession, actor: SignedIn, ref: Ref) -> list[AbsenceView]:
    """Who cannot come when: all to who runs the hall, one's own to everybody else."""
    return await hall.absences(session, actor, await fairs.get(session, ref))


@router.post("/absences", status_code=201, operation_id="excuse_party")
async def excuse(session: WriteSession, actor: SignedIn, ref: Ref, body: AbsenceDraft) -> list[AbsenceView]:
    """A party cannot come in some slots; the next plan moves what is planned against it."""
    return await service.excuse(session, actor, await fairs.get(session, ref), body)


@router.delete("/absences/{absence_id}", status_code=204, operation_id="withdraw_absence")
async def unexcuse(session: WriteSession, actor: SignedIn, ref: Ref, absence_id: UUID) -> None:
    """The party can come after all."""
    await service.unexcuse(session, actor, await fairs.get(session, ref), absence_id)


@router.get("/waiting", operation_id="list_waiting_pairs")
async def waiting(session: ReadSession, actor: SignedIn, listing: Listing, ref: Ref) -> Page[WaitingView]:
    """Accepted pairs of listed projects that have no seat yet, for who runs the hall."""
    fair = await fairs.get(session, ref)
    if not permissions.runs_hall(actor, fair):
        raise NotYou()
    query = plan_repository.waiting(fair)
    return await listing.answer(
        session, query, [Order(Intent.number), Order(Intent.id)], service.waiting_views
    )


@router.get("/free-seats", operation_id="list_free_seats")
async def free_seats(
    session: ReadSession, actor: SignedIn, ref: Ref, intent: Annotated[str, Query(max_length=64)]
) -> list[FreeSeatView]:
    """The next slots in which both sides of an intent are free, each with the first free table."""
    return await service.free_seats(session, actor, await fairs.get(session, ref), intent)


@router.post("/timetable-plans", status_code=202, operation_id="plan_timetable")
async def plan(
    session: WriteSession, actor: SignedIn, response: Response, ref: Ref, body: SeatingDraft
) -> SeatingView:
    """Seat all pairs that wait, as a job that moves as few as possible; the answer leads to its progress."""
    asked = await service.ask(session, actor, await fairs.get(session, ref), body)
    response.headers["Location"] = f"/api/v1/fairs/{ref}/timetable-plans/{asked.id}"
    return (await planning.views(session, [asked]))[0]


@router.get("/timetable-plans", operation_id="list_timetable_plans")
async def plans(session: ReadSession, actor: SignedIn, listing: Listing, ref: Ref) -> Page[SeatingView]:
    """The plans of a fair, newest first, for who runs the hall."""
    fair = await fairs.get(session, ref)
    if not permissions.runs_hall(actor, fair):
        raise NotYou()
    newest = [Order(TimetablePlan.id, descending=True)]
    return await listing.answer(session, plan_repository.plans(fair.id), newest, planning.views)


@router.get("/timetable-plans/{plan_id}", operation_id="get_timetable_plan")
async def read_plan(session: ReadSession, actor: SignedIn, ref: Ref, plan_id: UUID) -> SeatingView:
    """One plan: how far its job is, what it moved, who found no seat and why."""
    found = await planning.get(session, actor, await fairs.get(session, ref), plan_id)
    return (await planning.views(session, [found]))[0]


@router.get("/meetings", operation_id="list_meetings")
async def meetings(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    ref: Ref,
    table: Label = None,
    party: UUID | None = None,
    day: date | None = None,
    state: Annotated[list[MeetingState] | None, Query()] = None,
) -> Page[FairMeetingView]:
    """The timetable as far as it is the caller's: one's own meetings, one's area's, one's hall's."""
    fair = await fairs.get(session, ref)
    query = repository.meetings(
        fair.id, permissions.visible_to(actor), table=table, party=party, states=state
    )
    return await listing.answer(session, _on(query, day), IN_ORDER, service.views)


@router.get("/running-order", operation_id="get_running_order")
async def running_order(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    ref: Ref,
    table: Label = None,
    party: UUID | None = None,
    day: date | None = None,
) -> Page[OrderLine]:
    """Who meets when, for one table or one party, in words to be printed (format=xlsx or csv gives the sheet)."""
    fair = await fairs.get(session, ref)
    if table is None and party is None:
        raise Malformed(WHOSE)
    query = repository.meetings(fair.id, permissions.visible_to(actor), table=table, party=party, states=LIVE)
    return await listing.answer(session, _on(query, day), IN_ORDER, service.order_lines)


def _on(query: Select[Meeting], day: date | None) -> Select[Meeting]:
    if day is None:
        return query
    morning = datetime.combine(day, time(), CHINA)
    return query.where(Meeting.starts_at >= morning, Meeting.starts_at < morning + timedelta(days=1))


@router.post("/meetings", status_code=201, operation_id="take_seat")
async def take_seat(
    session: WriteSession, actor: SignedIn, response: Response, ref: Ref, body: SeatDraft
) -> FairMeetingView:
    """Take a seat for a pair. When it cannot be had, every reason is told with the next seats both could take (409)."""
    return await _one(
        session, response, await service.seat(session, actor, await fairs.get(session, ref), body)
    )


@router.get("/meetings/{meeting}", operation_id="get_meeting")
async def read(
    session: ReadSession, actor: SignedIn, response: Response, ref: Ref, meeting: Ref
) -> FairMeetingView:
    """Who meets whom, when and where."""
    return await _one(
        session, response, await service.get(session, actor, await fairs.get(session, ref), meeting)
    )


@router.patch("/meetings/{meeting}", operation_id="change_meeting")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: Ref,
    meeting: Ref,
    body: MeetingChange,
    match: Conditional,
) -> FairMeetingView:
    """Pin a meeting, so that no plan moves it, or give it free."""
    fair = await fairs.get(session, ref)
    found = await service.get(session, actor, fair, meeting)
    match.require(found.version)
    return await _one(session, response, await service.pin(session, actor, fair, found, body.pinned))


@router.get("/meetings/{meeting}/transitions", operation_id="list_meeting_transitions")
async def choices(session: ReadSession, actor: SignedIn, ref: Ref, meeting: Ref) -> Possibilities:
    """What the caller may do with the meeting now."""
    found = await service.get(session, actor, await fairs.get(session, ref), meeting)
    links = {
        "intent": f"/api/v1/intents/{found.intent_id}",
        "talks": f"/api/v1/intents/{found.intent_id}/talks",
    }
    return possibilities(found.state, await LIFECYCLE.choices(session, found, actor), links)


@router.post("/meetings/{meeting}/transitions", operation_id="move_meeting")
async def transition(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: Ref,
    meeting: Ref,
    body: Transition,
    match: Conditional,
) -> FairMeetingView:
    """move (data: slot_id, table_id), hold, miss (data: by), cancel."""
    fair = await fairs.get(session, ref)
    found = await service.get(session, actor, fair, meeting)
    match.allow(found.version)
    moved = await service.transition(session, actor, fair, found, body.event, body.note, body.data)
    return await _one(session, response, moved)


@router.put("/meetings/{meeting}/delegates/me", operation_id="promise_to_come")
async def promise(
    session: WriteSession, actor: SignedIn, response: Response, ref: Ref, meeting: Ref
) -> FairMeetingView:
    """The caller will sit at this meeting for their side; it is no longer moved by plans."""
    fair = await fairs.get(session, ref)
    found = await service.get(session, actor, fair, meeting)
    return await _one(session, response, await service.promise(session, actor, fair, found))


@router.delete("/meetings/{meeting}/delegates/me", operation_id="take_promise_back")
async def take_back(
    session: WriteSession, actor: SignedIn, response: Response, ref: Ref, meeting: Ref
) -> FairMeetingView:
    """The caller will not sit at this meeting after all."""
    fair = await fairs.get(session, ref)
    found = await service.get(session, actor, fair, meeting)
    return await _one(session, response, await service.take_promise_back(session, actor, fair, found))


@router.get("/meetings/{meeting}/history", operation_id="get_meeting_history")
async def meeting_history(session: ReadSession, actor: SignedIn, ref: Ref, meeting: Ref) -> History:
    """What became of a meeting, as far as the caller may know."""
    found = await service.get(session, actor, await fairs.get(session, ref), meeting)
    return await history(session, actor, found.id)


async def _one(session: AsyncSession, response: Response, meeting: Meeting) -> FairMeetingView:
    tag(response, meeting.version)
    return (await service.views(session, [meeting]))[0]
