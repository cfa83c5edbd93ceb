"""The places of the city."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import repository, service
from app.areas.gazetteer import AreaLevel
from app.areas.models import Area
from app.areas.schemas import AreaChange, AreaView, CommunityDraft
from app.identity.authentication import SignedIn
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["areas"], route_class=UnitOfWork)


@router.get("/areas", operation_id="list_areas")
async def areas(
    session: ReadSession,
    listing: Listing,
    level: AreaLevel | None = None,
    under: Annotated[
        str | None, Query(description="A path: the area itself and all below", max_length=100)
    ] = None,
    parent: Annotated[
        str | None, Query(description="A code: the areas directly below", max_length=40)
    ] = None,
    q: Annotated[str | None, Query(description="Part of the name", max_length=60)] = None,
) -> Page[AreaView]:
    """City, districts, streets and communities, in the order of the tree."""
    query = repository.areas(level, under, q, parent)
    return await listing.answer(session, query, [Order(Area.path)], service.views)


@router.get("/areas/resolved", operation_id="resolve_area")
async def resolved(
    session: ReadSession,
    response: Response,
    district: Annotated[str, Query(max_length=60)],
    street: Annotated[str | None, Query(max_length=60)] = None,
    community: Annotated[str | None, Query(max_length=60)] = None,
) -> AreaView:
    """The area that names mean, former and short names included; a failure offers candidates."""
    return await _one(session, response, await service.resolve(session, district, street, community))


@router.post("/areas", status_code=201, operation_id="enter_community")
async def enter(session: WriteSession, actor: SignedIn, response: Response, body: CommunityDraft) -> AreaView:
    """Enter a community under its street."""
    return await _one(session, response, await service.enter_community(session, actor, body))


@router.get("/areas/{code}", operation_id="get_area")
async def read(session: ReadSession, response: Response, code: str) -> AreaView:
    """One area by its code."""
    return await _one(session, response, await service.get(session, code))


@router.patch("/areas/{code}", operation_id="change_area")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    code: str,
    body: AreaChange,
    match: Conditional,
) -> AreaView:
    """Set an area's population, or whether a community is urban or rural."""
    area = await service.get(session, code)
    match.require(area.version)
    return await _one(session, response, await service.change(session, actor, area, body))


async def _one(session: AsyncSession, response: Response, area: Area) -> AreaView:
    tag(response, area.version)
    return (await service.views(session, [area]))[0]
