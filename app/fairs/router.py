"""Fairs, booths, listings and check-ins."""

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs import repository, service
from app.fairs.lifecycle import LIFECYCLE
from app.fairs.models import Booth, Fair
from app.fairs.schemas import (
    BoothsDraft,
    BoothView,
    CheckInDraft,
    CheckInView,
    FairDraft,
    FairView,
    Listed,
    ListingsDraft,
)
from app.identity.authentication import Anyone, SignedIn
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1/fairs", tags=["fairs"], route_class=UnitOfWork)


@router.get("", operation_id="list_fairs")
async def fairs(session: ReadSession, listing: Listing, edition: str | None = None) -> Page[FairView]:
    """The fairs of all editions, or of one."""
    return await listing.answer(
        session, repository.fairs(edition), [Order(Fair.opens_on), Order(Fair.id)], service.views
    )


@router.post("", status_code=201, operation_id="create_fair")
async def create(session: WriteSession, actor: SignedIn, response: Response, body: FairDraft) -> FairView:
    """Plan a fair."""
    return await _one(session, response, await service.create(session, actor, body))


@router.get("/{ref}", operation_id="get_fair")
async def read(session: ReadSession, response: Response, ref: str) -> FairView:
    """One fair, with how much of it stands."""
    return await _one(session, response, await service.get(session, ref))


@router.get("/{ref}/booths", operation_id="list_booths")
async def booths(session: ReadSession, listing: Listing, ref: str) -> Page[BoothView]:
    """Who stands where."""
    fair = await service.get(session, ref)
    return await listing.answer(
        session, repository.booths(fair.id), [Order(Booth.label), Order(Booth.id)], service.booth_views
    )


@router.post("/{ref}/booths", status_code=201, operation_id="set_up_booths")
async def set_up(session: WriteSession, actor: SignedIn, ref: str, body: BoothsDraft) -> list[BoothView]:
    """Set up booths, all or none."""
    fair = await service.get(session, ref)
    return await service.booth_views(session, await service.set_up(session, actor, fair, body.booths))


@router.post("/{ref}/listings", operation_id="list_projects_at_fair")
async def list_projects(session: WriteSession, actor: SignedIn, ref: str, body: ListingsDraft) -> Listed:
    """Show published projects at the fair."""
    return Listed(listed=await service.list_projects(session, actor, await service.get(session, ref), body))


@router.post("/{ref}/check-ins", status_code=201, operation_id="check_in")
async def check_in(session: WriteSession, actor: SignedIn, ref: str, body: CheckInDraft) -> CheckInView:
    """A party has come today."""
    fair = await service.get(session, ref)
    return CheckInView.model_validate(await service.check_in(session, actor, fair, body.party_id))


@router.get("/{ref}/transitions", operation_id="list_fair_transitions")
async def choices(session: ReadSession, actor: Anyone, ref: str) -> Possibilities:
    """What the caller may do with the fair now."""
    fair = await service.get(session, ref)
    return possibilities(fair.state, await LIFECYCLE.choices(session, fair, actor))


@router.post("/{ref}/transitions", operation_id="move_fair")
async def transition(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: Transition,
    match: Conditional,
) -> FairView:
    """Open, close or cancel the fair."""
    fair = await service.get(session, ref)
    match.allow(fair.version)
    return await _one(
        session, response, await service.transition(session, actor, fair, body.event, body.note)
    )


async def _one(session: AsyncSession, response: Response, fair: Fair) -> FairView:
    tag(response, fair.version)
    return (await service.views(session, [fair]))[0]
