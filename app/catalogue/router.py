"""Codes, the purchasing catalogue, and the responsibility and negative lists."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import repository, service
from app.catalogue.codes import Category, ResponsibilityList
from app.catalogue.lists import ListScheme
from app.catalogue.models import CatalogueItem, ListRevision
from app.catalogue.schemas import (
    CodeListView,
    Codes,
    ItemChange,
    ItemDraft,
    ItemView,
    RevisionDraft,
    RevisionView,
    TextDraft,
)
from app.identity.authentication import SignedIn
from app.kernel import clock
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.problems import ProblemItem
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["catalogue"], route_class=UnitOfWork)


@router.get("/codes", operation_id="list_codes")
async def codes() -> Codes:
    """Every coded list with Chinese and English labels."""
    return service.codes()


@router.get("/codes/{name}", operation_id="get_code_list")
async def code_list(name: str) -> CodeListView:
    """One coded list."""
    return service.code_list(name)


@router.get("/catalogue/items", operation_id="list_catalogue_items")
async def items(
    session: ReadSession,
    listing: Listing,
    category: Category | None = None,
    retired: Annotated[bool, Query(description="Also the retired ones")] = False,
    q: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[ItemView]:
    """What may be bought: a project cites one of these codes."""
    query = repository.items(category, q, current=not retired)
    return await listing.answer(session, query, [Order(CatalogueItem.code)], service.item_views)


@router.post("/catalogue/items", status_code=201, operation_id="create_catalogue_item")
async def create_item(
    session: WriteSession, actor: SignedIn, response: Response, body: ItemDraft
) -> ItemView:
    """Add an item to the purchasing catalogue."""
    return await _item(session, response, await service.create_item(session, actor, body))


@router.get("/catalogue/items/{code}", operation_id="get_catalogue_item")
async def read_item(session: ReadSession, response: Response, code: str) -> ItemView:
    """One item by its code."""
    return await _item(session, response, await service.item(session, code))


@router.patch("/catalogue/items/{code}", operation_id="change_catalogue_item")
async def change_item(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    code: str,
    body: ItemChange,
    match: Conditional,
) -> ItemView:
    """Reword an item, retire it or bring it back."""
    found = await service.item(session, code)
    match.require(found.version)
    return await _item(session, response, await service.change_item(session, actor, found, body))


@router.get("/responsibility-lists", operation_id="list_responsibility_lists")
async def lists(
    session: ReadSession,
    listing: Listing,
    scheme: ListScheme | None = None,
    list_type: ResponsibilityList | None = None,
    all_revisions: Annotated[bool, Query(description="Also earlier and coming revisions")] = False,
) -> Page[RevisionView]:
    """Who is responsible for what: the lists in force, with the route their items take."""
    query = repository.revisions(scheme, list_type, None if all_revisions else clock.today())
    return await listing.answer(session, query, [Order(ListRevision.id)], service.revision_views)


@router.post("/responsibility-lists", status_code=201, operation_id="publish_responsibility_list")
async def publish(
    session: WriteSession, actor: SignedIn, response: Response, body: RevisionDraft
) -> RevisionView:
    """Put a new revision of a list in force."""
    return await _revision(session, response, await service.publish_revision(session, actor, body))


@router.get("/responsibility-lists/{revision_id}", operation_id="get_responsibility_list")
async def read_list(session: ReadSession, response: Response, revision_id: UUID) -> RevisionView:
    """One revision of a list."""
    return await _revision(session, response, await service.revision(session, revision_id))


@router.post("/negative-list/check", operation_id="check_negative_lists")
async def check(session: ReadSession, body: TextDraft) -> list[ProblemItem]:
    """Every item of the negative lists in force that a text asks for; nothing is stored."""
    found = service.negative_hits(body.text, await service.negative_entries(session))
    return [
        ProblemItem(code=p.code, message_zh=p.zh, message_en=p.en, pointer="/text", values=dict(p.values))
        for p in found
    ]


async def _item(session: AsyncSession, response: Response, item: CatalogueItem) -> ItemView:
    tag(response, item.version)
    return (await service.item_views(session, [item]))[0]


async def _revision(session: AsyncSession, response: Response, row: ListRevision) -> RevisionView:
    tag(response, row.version)
    return (await service.revision_views(session, [row]))[0]
