"""Donations over HTTP: what was given, what for, and what became of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, DonationKind
from app.donations import repository, service
from app.donations.models import Donation, DonationState, DonationUse
from app.donations.schemas import DonationDraft, DonationView, Reversal, UseDraft, UseView
from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["donations"], route_class=UnitOfWork)


@router.get("/donations", operation_id="list_donations")
async def donations(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    state: DonationState | None = None,
    kind: DonationKind | None = None,
    under: Annotated[str | None, Query(description="A path: this area and below", max_length=100)] = None,
    category: Annotated[Category | None, Query(description="What may be used for this category")] = None,
) -> Page[DonationView]:
    """Donations that were received, and offers of the caller's area or its own."""

    async def views(session: AsyncSession, found: list[Donation]) -> list[DonationView]:
        return await service.views(session, actor, found)

    query = repository.donations(actor, state=state, kind=kind, under=under, category=category)
    return await listing.answer(session, query, [Order(Donation.id, descending=True)], views)


@router.post("/donations", status_code=201, operation_id="offer_donation")
async def offer(
    session: WriteSession, actor: SignedIn, response: Response, body: DonationDraft
) -> DonationView:
    """Offer money, goods, a room or a service, for a purpose or for any."""
    return await _one(session, actor, response, await service.offer(session, actor, body))


@router.get("/donations/{ref}", operation_id="get_donation")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> DonationView:
    """One donation: what came, what was used, what is left."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.get("/donations/{ref}/transitions", operation_id="list_donation_transitions")
async def possible(session: ReadSession, actor: Anyone, ref: str) -> Possibilities:
    """What the caller may do with the donation now, and what stands in the way."""
    donation = await service.get(session, actor, ref)
    return possibilities(donation.state, await service.choices(session, actor, donation))


@router.post("/donations/{ref}/transitions", operation_id="move_donation")
async def transition(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: Transition, match: Conditional
) -> DonationView:
    """Receive, withdraw, or report and close."""
    donation = await service.get(session, actor, ref)
    match.allow(donation.version)
    await service.transition(session, actor, donation, body.event, body.note, body.data)
    return await _one(session, actor, response, donation)


@router.get("/donations/{ref}/history", operation_id="get_donation_history")
async def donation_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """Everything the caller may know of what happened to the donation."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


@router.get("/donations/{ref}/uses", operation_id="list_donation_uses")
async def uses(session: ReadSession, actor: Anyone, listing: Listing, ref: str) -> Page[UseView]:
    """What the donation was used for, the oldest first."""
    query = repository.uses((await service.get(session, actor, ref)).id)
    return await listing.answer(session, query, [Order(DonationUse.id)], service.use_views)


@router.post("/donations/{ref}/uses", status_code=201, operation_id="use_donation")
async def use(session: WriteSession, actor: SignedIn, ref: str, body: UseDraft) -> UseView:
    """Enter what of the donation went to a project."""
    donation = await service.get(session, actor, ref)
    return UseView.model_validate(await service.use(session, actor, donation, body))


@router.post(
    "/donations/{ref}/uses/{use_id}/reversal", status_code=201, operation_id="take_back_donation_use"
)
async def take_back(
    session: WriteSession, actor: SignedIn, ref: str, use_id: UUID, body: Reversal
) -> UseView:
    """Undo a use that was entered in error; both rows stay."""
    donation = await service.get(session, actor, ref)
    return UseView.model_validate(await service.take_back(session, actor, donation, use_id, body))


@router.post("/donations/{ref}/erasure", operation_id="forget_donor")
async def forget(session: WriteSession, actor: SignedIn, response: Response, ref: str) -> DonationView:
    """Erase who gave; the donation stays, anonymous."""
    donation = await service.get(session, actor, ref)
    return await _one(session, actor, response, await service.forget_donor(session, actor, donation))


async def _one(session: AsyncSession, actor: Actor, response: Response, donation: Donation) -> DonationView:
    tag(response, donation.version)
    return (await service.views(session, actor, [donation]))[0]
