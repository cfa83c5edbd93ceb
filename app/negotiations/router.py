"""Interest, talks, terms and the shortlist; awards are in `awards_router`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import SignedIn
from app.kernel.paging import Order
from app.negotiations import awards_router, intents, repository, service, talks
from app.negotiations.lifecycle import INTENTS, TALKS
from app.negotiations.models import Intent, IntentState, Talk
from app.negotiations.permissions import visible_to
from app.negotiations.schemas import (
    IntentDraft,
    IntentView,
    ShortlistItem,
    TalkDraft,
    TalkView,
    TermSheetDraft,
    TermSheetView,
)
from app.projects import service as projects
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["negotiations"], route_class=UnitOfWork)

Ref = Annotated[str, Path(max_length=64, description="UUID or human number")]
Named = Annotated[str | None, Query(max_length=64, description="UUID or human number")]
NEWEST = [Order(Intent.created_at, descending=True), Order(Intent.id, descending=True)]


@router.get("/intents", operation_id="list_intents")
async def listed(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    project: Named = None,
    organization: UUID | None = None,
    edition: str | None = None,
    state: Annotated[list[IntentState] | None, Query()] = None,
) -> Page[IntentView]:
    """Expressions of interest of one's own side; rivals' are never listed."""
    query = repository.intents(
        visible_to(actor),
        project=project,
        organization=organization,
        edition=edition,
        states=state,
    )
    return await listing.answer(session, query, NEWEST, intents.views)


@router.post("/intents", status_code=201, operation_id="express_intent")
async def express(
    session: WriteSession, actor: SignedIn, response: Response, body: IntentDraft
) -> IntentView:
    """Express interest in a pair. Every broken gate (H_…) and rule is named at once (409)."""
    return await _intent(session, response, await intents.express(session, actor, body))


@router.get("/intents/{intent}", operation_id="get_intent")
async def read(session: ReadSession, actor: SignedIn, response: Response, intent: Ref) -> IntentView:
    """One expression of interest."""
    return await _intent(session, response, await intents.get(session, actor, intent))


@router.get("/intents/{intent}/transitions", operation_id="list_intent_transitions")
async def choices(session: ReadSession, actor: SignedIn, intent: Ref) -> Possibilities:
    """What the caller may do with it now, and for what is blocked, why."""
    found = await intents.get(session, actor, intent)
    links = {
        "talks": f"/api/v1/intents/{found.id}/talks",
        "awards": f"/api/v1/projects/{found.project_id}/awards",
    }
    return possibilities(found.state, await INTENTS.choices(session, found, actor), links)


@router.post("/intents/{intent}/transitions", operation_id="move_intent")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    intent: Ref,
    body: Transition,
    match: Conditional,
) -> IntentView:
    """accept, decline, withdraw, schedule (data: meets_at, place), shortlist."""
    found = await intents.get(session, actor, intent)
    match.allow(found.version)
    moved = await intents.transition(session, actor, found, body.event, body.note, body.data)
    return await _intent(session, response, moved)


@router.get("/intents/{intent}/talks", operation_id="list_talks")
async def talks_of(session: ReadSession, actor: SignedIn, intent: Ref) -> list[TalkView]:
    """The talks of a pair, in the order they were held."""
    found = await intents.get(session, actor, intent)
    return [talks.talk_view(talk) for talk in await talks.talks_of(session, found)]


@router.post("/intents/{intent}/talks", status_code=201, operation_id="record_talk")
async def record(
    session: WriteSession, actor: SignedIn, response: Response, intent: Ref, body: TalkDraft
) -> TalkView:
    """Record a meeting for one's own side; the other side is asked to confirm."""
    found = await intents.get(session, actor, intent)
    return _talk(response, await talks.record(session, actor, found, body))


@router.get("/talks/{talk_id}", operation_id="get_talk")
async def talk(session: ReadSession, actor: SignedIn, response: Response, talk_id: UUID) -> TalkView:
    """One talk with its notes."""
    return _talk(response, await talks.talk(session, actor, talk_id))


@router.patch("/talks/{talk_id}", operation_id="amend_talk")
async def amend(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    talk_id: UUID,
    body: TalkDraft,
    match: Conditional,
) -> TalkView:
    """Correct an unconfirmed record of one's own side."""
    found = await talks.talk(session, actor, talk_id)
    match.require(found.version)
    return _talk(response, await talks.amend(session, actor, found, body))


@router.get("/talks/{talk_id}/transitions", operation_id="list_talk_transitions")
async def talk_choices(session: ReadSession, actor: SignedIn, talk_id: UUID) -> Possibilities:
    """What the caller may do with the record now."""
    found = await talks.talk(session, actor, talk_id)
    return possibilities(found.state, await TALKS.choices(session, found, actor))


@router.post("/talks/{talk_id}/transitions", operation_id="move_talk")
async def move_talk(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    talk_id: UUID,
    body: Transition,
    match: Conditional,
) -> TalkView:
    """confirm or dispute the other side's record."""
    found = await talks.talk(session, actor, talk_id)
    match.allow(found.version)
    return _talk(response, await talks.transition_talk(session, actor, found, body.event, body.note))


@router.get("/intents/{intent}/term-sheets", operation_id="list_term_sheets")
async def term_sheets(session: ReadSession, actor: SignedIn, intent: Ref) -> list[TermSheetView]:
    """Every version of the terms, each with what it changed field by field."""
    found = await intents.get(session, actor, intent)
    return await talks.term_sheet_views(session, found.id)


@router.post("/intents/{intent}/term-sheets", status_code=201, operation_id="propose_terms")
async def propose_terms(
    session: WriteSession, actor: SignedIn, intent: Ref, body: TermSheetDraft
) -> TermSheetView:
    """Put the next version of the terms on the table."""
    found = await intents.get(session, actor, intent)
    await talks.propose_terms(session, actor, found, body)
    return (await talks.term_sheet_views(session, found.id))[-1]


@router.post("/term-sheets/{sheet_id}/acceptance", operation_id="accept_terms")
async def accept_terms(session: WriteSession, actor: SignedIn, sheet_id: UUID) -> TermSheetView:
    """Accept the newest version of the terms for the side that did not propose it."""
    sheet = await talks.accept_terms(session, actor, await talks.term_sheet(session, actor, sheet_id))
    versions = await talks.term_sheet_views(session, sheet.intent_id)
    return next(view for view in versions if view.id == sheet.id)


@router.get("/projects/{project}/shortlist", operation_id="get_shortlist")
async def shortlist(session: ReadSession, actor: SignedIn, project: Ref) -> list[ShortlistItem]:
    """The candidates of a project side by side, for its buyer and the bureaus."""
    return await service.shortlist(session, actor, await projects.get(session, actor, project))


async def _intent(session: AsyncSession, response: Response, intent: Intent) -> IntentView:
    tag(response, intent.version)
    return (await intents.views(session, [intent]))[0]


def _talk(response: Response, talk: Talk) -> TalkView:
    tag(response, talk.version)
    return talks.talk_view(talk)


router.include_router(awards_router.router)
