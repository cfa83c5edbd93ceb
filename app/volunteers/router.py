"""Volunteers, what they are called to, their hours and their time accounts over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.volunteers import accounts, recording, repository, service
from app.volunteers.models import Activity, HourRecord, HoursState, TimeEntry, Volunteer
from app.volunteers.schemas import (
    ActivityDraft,
    ActivityView,
    HoursDraft,
    HoursView,
    Spending,
    TimeEntryView,
    VolunteerChange,
    VolunteerDraft,
    VolunteerView,
)
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["volunteers"], route_class=UnitOfWork)

Under = Annotated[str | None, Query(description="A path: this area and below", max_length=100)]


@router.get("/volunteers", operation_id="list_volunteers")
async def volunteers(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    under: Under = None,
    organization_id: UUID | None = None,
) -> Page[VolunteerView]:
    """Volunteers of the caller's organization or area, names masked; the caller's own entry."""

    async def views(session: AsyncSession, found: list[Volunteer]) -> list[VolunteerView]:
        return await service.views(session, actor, found)

    query = repository.volunteers(actor, under=under, organization_id=organization_id)
    return await listing.answer(session, query, [Order(Volunteer.id)], views)


@router.post("/volunteers", status_code=201, operation_id="register_volunteer")
async def register(
    session: WriteSession, actor: SignedIn, response: Response, body: VolunteerDraft
) -> VolunteerView:
    """Enter a volunteer or a team in the register of an organization."""
    return await _one(session, actor, response, await service.register(session, actor, body))


@router.get("/volunteers/{ref}", operation_id="get_volunteer")
async def read(session: ReadSession, actor: SignedIn, response: Response, ref: str) -> VolunteerView:
    """One volunteer with the hours given and the time in the account."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.patch("/volunteers/{ref}", operation_id="change_volunteer")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: VolunteerChange,
    match: Conditional,
) -> VolunteerView:
    """Another name to be called by, or the account of somebody who had none."""
    volunteer = await service.get(session, actor, ref)
    match.require(volunteer.version)
    return await _one(session, actor, response, await service.change(session, actor, volunteer, body))


@router.post("/volunteers/{ref}/erasure", operation_id="erase_volunteer")
async def erase(session: WriteSession, actor: SignedIn, response: Response, ref: str) -> VolunteerView:
    """Forget the person; hours stay under the number, time left in the account goes on to all."""
    volunteer = await service.get(session, actor, ref)
    return await _one(session, actor, response, await service.erase(session, actor, volunteer))


@router.get("/volunteers/{ref}/time", operation_id="list_volunteer_time")
async def time(session: ReadSession, actor: SignedIn, listing: Listing, ref: str) -> Page[TimeEntryView]:
    """The entries of a time account, the oldest first; none is ever changed."""
    volunteer = await service.get(session, actor, ref)
    query = repository.entries(volunteer.id)
    return await listing.answer(session, query, [Order(TimeEntry.turn)], accounts.views)


@router.post("/volunteers/{ref}/time", status_code=201, operation_id="spend_volunteer_time")
async def spend(session: WriteSession, actor: SignedIn, ref: str, body: Spending) -> TimeEntryView:
    """Spend, donate, transfer or correct time."""
    volunteer = await service.get(session, actor, ref)
    entries = await accounts.spend(session, actor, volunteer, body)
    return (await accounts.views(session, entries))[-1]


@router.get("/volunteer-activities", operation_id="list_volunteer_activities")
async def activities(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    under: Under = None,
    organization_id: UUID | None = None,
    contract_id: UUID | None = None,
    open_on: Annotated[date | None, Query(description="Not over on this day")] = None,
) -> Page[ActivityView]:
    """What volunteers are called to."""
    query = repository.activities(
        under=under, organization_id=organization_id, contract_id=contract_id, open_on=open_on
    )
    return await listing.answer(session, query, [Order(Activity.id, descending=True)], service.activity_views)


@router.post("/volunteer-activities", status_code=201, operation_id="call_volunteers")
async def call(session: WriteSession, actor: SignedIn, body: ActivityDraft) -> ActivityView:
    """Call volunteers to an activity of one's organization, or of its running contract."""
    return ActivityView.model_validate(await service.call(session, actor, body))


@router.get("/volunteer-hours", operation_id="list_volunteer_hours")
async def hours(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    volunteer_id: UUID | None = None,
    activity_id: UUID | None = None,
    state: HoursState | None = None,
) -> Page[HoursView]:
    """Hours the caller may see: one's own, those of one's organization or area."""
    query = repository.hours(actor, volunteer_id=volunteer_id, activity_id=activity_id, state=state)
    return await listing.answer(session, query, [Order(HourRecord.id, descending=True)], recording.views)


@router.post("/volunteer-hours", status_code=201, operation_id="record_volunteer_hours")
async def record(
    session: WriteSession,
    actor: SignedIn,
    body: Annotated[list[HoursDraft], Field(min_length=1, max_length=200)],
) -> list[HoursView]:
    """Enter hours of volunteers, all or none; they wait to be verified by another person."""
    return await recording.views(session, await recording.record_many(session, actor, body))


@router.get("/volunteer-hours/{record_id}", operation_id="get_volunteer_hours")
async def read_hours(session: ReadSession, actor: SignedIn, response: Response, record_id: UUID) -> HoursView:
    """Hours of one volunteer at one activity."""
    return await _hours(session, response, await recording.get(session, actor, record_id))


@router.get("/volunteer-hours/{record_id}/transitions", operation_id="list_volunteer_hours_transitions")
async def possible(session: ReadSession, actor: SignedIn, record_id: UUID) -> Possibilities:
    """What the caller may do with the hours now, and what stands in the way."""
    row = await recording.get(session, actor, record_id)
    return possibilities(row.state, await recording.choices(session, actor, row))


@router.post("/volunteer-hours/{record_id}/transitions", operation_id="move_volunteer_hours")
async def transition(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    record_id: UUID,
    body: Transition,
    match: Conditional,
) -> HoursView:
    """Verify, refuse or void."""
    row = await recording.get(session, actor, record_id)
    match.allow(row.version)
    return await _hours(
        session, response, await recording.transition(session, actor, row, body.event, body.note)
    )


async def _one(
    session: AsyncSession, actor: Actor, response: Response, volunteer: Volunteer
) -> VolunteerView:
    tag(response, volunteer.version)
    return (await service.views(session, actor, [volunteer]))[0]


async def _hours(session: AsyncSession, response: Response, row: HourRecord) -> HoursView:
    tag(response, row.version)
    return (await recording.views(session, [row]))[0]
