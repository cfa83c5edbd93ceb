"""Sources, lines, what is committed, the ledger and its proof."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FundingSource
from app.funding import permissions, repository, service, setup
from app.funding.models import Allocation, FundingLine, LedgerEntry, Measure, YearSource
from app.funding.schemas import (
    AllocationView,
    LedgerView,
    LineChange,
    LineDraft,
    LineView,
    SourceChange,
    SourceDraft,
    SourceView,
    TotalsView,
)
from app.identity.authentication import SignedIn
from app.kernel.errors import NotYou
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.problems import ProblemItem
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["funding"], route_class=UnitOfWork)


class ProofView(BaseModel):
    """Whether every total equals the sum of its entries."""

    as_of: datetime
    entries: int
    holds: bool
    problems: list[ProblemItem]


@router.get("/funding/sources", operation_id="list_funding_sources")
async def sources(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    year: int | None = None,
    source: FundingSource | None = None,
) -> Page[SourceView]:
    """The money of each source and year, with its earmark and cap."""
    query = repository.sources(permissions.sources_visible_to(actor), year, source)
    return await listing.answer(session, query, [Order(YearSource.id)], service.source_views)


@router.post("/funding/sources", status_code=201, operation_id="create_funding_source")
async def create_source(
    session: WriteSession, actor: SignedIn, response: Response, body: SourceDraft
) -> SourceView:
    """Enter the money of a source for a year."""
    return await _source(session, response, await service.open_source(session, actor, body))


@router.get("/funding/sources/{source_id}", operation_id="get_funding_source")
async def read_source(
    session: ReadSession, actor: SignedIn, response: Response, source_id: UUID
) -> SourceView:
    """One year source."""
    return await _source(session, response, await setup.source(session, actor, source_id))


@router.patch("/funding/sources/{source_id}", operation_id="change_funding_source")
async def change_source(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    source_id: UUID,
    body: SourceChange,
    match: Conditional,
) -> SourceView:
    """Rename a source or change its amount, never below what it carries."""
    row = await setup.source(session, actor, source_id)
    match.require(row.version)
    return await _source(session, response, await service.change_source(session, actor, row, body))


@router.get("/funding/lines", operation_id="list_funding_lines")
async def lines(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    edition: Annotated[str | None, Query(max_length=8)] = None,
    source: FundingSource | None = None,
    under: Annotated[str | None, Query(description="A path: this area and below", max_length=100)] = None,
    open_only: bool = False,
) -> Page[LineView]:
    """Funding lines with what is committed and free."""
    visible = permissions.lines_visible_to(actor)
    query = repository.lines(visible, edition, source, under, open_only)
    return await listing.answer(session, query, [Order(FundingLine.number)], service.line_views)


@router.post("/funding/lines", status_code=201, operation_id="create_funding_line")
async def create_line(
    session: WriteSession, actor: SignedIn, response: Response, body: LineDraft
) -> LineView:
    """Cut a line from a year source."""
    return await _line(session, response, await service.open_line(session, actor, body))


@router.get("/funding/lines/{ref}", operation_id="get_funding_line")
async def read_line(session: ReadSession, actor: SignedIn, response: Response, ref: str) -> LineView:
    """One line by its UUID or number."""
    return await _line(session, response, await setup.line(session, actor, ref))


@router.patch("/funding/lines/{ref}", operation_id="change_funding_line")
async def change_line(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: LineChange,
    match: Conditional,
) -> LineView:
    """Rename, resize, close or reopen a line."""
    row = await setup.line(session, actor, ref)
    match.require(row.version)
    return await _line(session, response, await service.change_line(session, actor, row, body))


@router.get("/funding/lines/{ref}/allocations", operation_id="list_allocations")
async def allocations(
    session: ReadSession, actor: SignedIn, listing: Listing, ref: str
) -> Page[AllocationView]:
    """What a line is committed to, as far as the projects are of the caller's area."""
    row = await setup.line(session, actor, ref)
    query = repository.allocations_on(row.id, permissions.allocations_visible_to(actor))
    return await listing.answer(session, query, [Order(Allocation.id)], service.allocation_views)


@router.get("/funding/ledger", operation_id="list_ledger")
async def ledger(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    project_id: UUID | None = None,
    contract_id: UUID | None = None,
    measure: Measure | None = None,
) -> Page[LedgerView]:
    """The entries of the ledger, the oldest first; none is ever changed."""
    visible = permissions.ledger_visible_to(actor)
    query = repository.ledger(visible, project_id, contract_id, measure)
    return await listing.answer(session, query, [Order(LedgerEntry.entry_id)], service.ledger_views)


@router.get("/funding/totals", operation_id="get_funding_totals")
async def totals(
    session: ReadSession, actor: SignedIn, project_id: UUID | None = None, contract_id: UUID | None = None
) -> TotalsView:
    """Offered, negotiated, contracted, paid and refunded, each summed from the entries the caller may see."""
    found = await service.totals(
        session,
        project_ids=None if project_id is None else [project_id],
        contract_id=contract_id,
        visible=permissions.ledger_visible_to(actor),
    )
    return service.totals_view(found)


@router.get("/funding/proof", operation_id="prove_funding")
async def proof(session: ReadSession, actor: SignedIn) -> ProofView:
    """Recompute the books from their entries and name everything that does not add up."""
    if not permissions.may_prove(actor):
        raise NotYou()
    found = await service.prove(session)
    items = [
        ProblemItem(code=p.code, message_zh=p.zh, message_en=p.en, values=dict(p.values))
        for p in found.problems
    ]
    return ProofView(as_of=found.as_of, entries=found.entries, holds=not items, problems=items)


async def _source(session: AsyncSession, response: Response, row: YearSource) -> SourceView:
    tag(response, row.version)
    return (await service.source_views(session, [row]))[0]


async def _line(session: AsyncSession, response: Response, row: FundingLine) -> LineView:
    tag(response, row.version)
    return (await service.line_views(session, [row]))[0]
