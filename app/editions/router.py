"""Editions of the fair, and the working days deadlines are counted in."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import calendar, repository, service
from app.editions.models import Edition
from app.editions.schemas import EditionChange, EditionDraft, EditionView, WorkingDays
from app.identity.authentication import SignedIn
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["editions"], route_class=UnitOfWork)


@router.get("/editions", operation_id="list_editions")
async def editions(session: ReadSession, listing: Listing) -> Page[EditionView]:
    """All editions, the latest first."""
    order = [Order(Edition.ordinal, descending=True)]
    return await listing.answer(session, repository.editions(), order, service.views)


@router.post("/editions", status_code=201, operation_id="create_edition")
async def create(
    session: WriteSession, actor: SignedIn, response: Response, body: EditionDraft
) -> EditionView:
    """Open an edition with its windows and rules."""
    return await _one(session, response, await service.create(session, actor, body))


@router.get("/editions/current", operation_id="get_current_edition")
async def current(session: ReadSession, response: Response) -> EditionView:
    """The edition whose call opened last, else the next to come."""
    return await _one(session, response, await service.current(session))


@router.get("/editions/{code}", operation_id="get_edition")
async def read(session: ReadSession, response: Response, code: str) -> EditionView:
    """One edition by its code."""
    return await _one(session, response, await service.get(session, code))


@router.patch("/editions/{code}", operation_id="change_edition")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    code: str,
    body: EditionChange,
    match: Conditional,
) -> EditionView:
    """Change the windows, the weights or the rules of an edition."""
    edition = await service.get(session, code)
    match.require(edition.version)
    return await _one(session, response, await service.change(session, actor, edition, body))


@router.get("/working-days", operation_id="count_working_days")
async def working_days(after: date, count: Annotated[int, Query(ge=0, le=250)] = 1) -> WorkingDays:
    """The n-th working day after a date, public holidays and make-up days counted."""
    day = calendar.working_days_after(after, count)
    known = {after.year, day.year} <= calendar.announced_years()
    return WorkingDays(after=after, count=count, day=day, calendar_announced=known)


async def _one(session: AsyncSession, response: Response, edition: Edition) -> EditionView:
    tag(response, edition.version)
    return (await service.views(session, [edition]))[0]
