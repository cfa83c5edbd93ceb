"""Buyers, committees, organizations, evaluators and funders by name."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import Anyone, SignedIn
from app.kernel.paging import Order
from app.parties import repository, service
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyChange, PartyDraft, PartyView
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["parties"], route_class=UnitOfWork)


@router.get("/parties", operation_id="list_parties")
async def parties(
    session: ReadSession,
    listing: Listing,
    kind: PartyKind | None = None,
    under: Annotated[
        str | None, Query(description="A path: parties of this area and below", max_length=100)
    ] = None,
    q: Annotated[str | None, Query(description="Words of the name", max_length=100)] = None,
) -> Page[PartyView]:
    """Everyone who can be named in a project or a contract."""
    return await listing.answer(session, repository.parties(kind, under, q), [Order(Party.id)], service.views)


@router.post("/parties", status_code=201, operation_id="create_party")
async def create(session: WriteSession, actor: SignedIn, response: Response, body: PartyDraft) -> PartyView:
    """Name a party; the known one is answered when it is there already."""
    return await _one(session, response, await service.create(session, actor, body))


@router.get("/parties/{party_id}", operation_id="get_party")
async def read(session: ReadSession, actor: Anyone, response: Response, party_id: UUID) -> PartyView:
    """One party."""
    return await _one(session, response, await service.get(session, actor, party_id))


@router.patch("/parties/{party_id}", operation_id="change_party")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    party_id: UUID,
    body: PartyChange,
    match: Conditional,
) -> PartyView:
    """Rename a party, or correct its credit code or place."""
    party = await service.get(session, actor, party_id)
    match.require(party.version)
    return await _one(session, response, await service.change(session, actor, party, body))


async def _one(session: AsyncSession, response: Response, party: Party) -> PartyView:
    tag(response, party.version)
    return (await service.views(session, [party]))[0]
