"""Statements on conflicts of interest, and awards from the proposal to the confirmation."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.negotiations import award_views, awards, repository
from app.negotiations.lifecycle import AWARDS
from app.negotiations.models import Award, AwardState
from app.negotiations.permissions import awards_visible_to, may_decide
from app.negotiations.schemas import AwardDraft, AwardView, ConflictDraft, ConflictView
from app.projects import service as projects
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(route_class=UnitOfWork)

Ref = Annotated[str, Path(max_length=64, description="UUID or human number")]
Named = Annotated[str | None, Query(max_length=64, description="UUID or human number")]
NEWEST = [Order(Award.created_at, descending=True), Order(Award.id, descending=True)]


@router.post(
    "/projects/{project}/conflict-statements", status_code=201, operation_id="sign_conflict_statement"
)
async def sign(session: WriteSession, actor: SignedIn, project: Ref, body: ConflictDraft) -> ConflictView:
    """Sign a statement on conflicts of interest; who decides on an award needs one without a conflict."""
    found = await projects.get(session, actor, project)
    return ConflictView.model_validate(await awards.sign_statement(session, actor, found, body))


@router.get("/projects/{project}/conflict-statements", operation_id="list_conflict_statements")
async def statements(session: ReadSession, actor: SignedIn, project: Ref) -> list[ConflictView]:
    """The statements signed for a project: all for its buyer, the bureaus and auditors, else one's own."""
    found = await projects.get(session, actor, project)
    sees_all = may_decide(actor, found) or actor.holds("auditor")
    own = None if sees_all else actor.account_id
    return [
        ConflictView.model_validate(row)
        for row in await repository.project_statements(session, found.id, own)
    ]


@router.post("/projects/{project}/awards", status_code=201, operation_id="propose_award")
async def propose(
    session: WriteSession, actor: SignedIn, response: Response, project: Ref, body: AwardDraft
) -> AwardView:
    """Propose an award and reserve the organization's place. Everything that stands against it is named at once (409)."""
    found = await projects.get(session, actor, project)
    return await _award(session, actor, response, await awards.propose(session, actor, found, body))


@router.get("/projects/{project}/awards", operation_id="list_project_awards")
async def of_project(session: ReadSession, actor: Anyone, listing: Listing, project: Ref) -> Page[AwardView]:
    """The awards of a project that the caller may see, newest first."""
    found = await projects.get(session, actor, project)
    query = repository.awards(awards_visible_to(actor), project=str(found.id))
    return await _page(session, actor, listing, query)


@router.get("/awards", operation_id="list_awards")
async def listed(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    project: Named = None,
    organization: UUID | None = None,
    edition: str | None = None,
    state: Annotated[list[AwardState] | None, Query()] = None,
) -> Page[AwardView]:
    """Awards, public from their notice on, newest first."""
    query = repository.awards(
        awards_visible_to(actor),
        project=project,
        organization=organization,
        edition=edition,
        states=state,
    )
    return await _page(session, actor, listing, query)


@router.get("/awards/{award}", operation_id="get_award")
async def read(session: ReadSession, actor: Anyone, response: Response, award: Ref) -> AwardView:
    """One award."""
    return await _award(session, actor, response, await awards.get(session, actor, award))


@router.get("/awards/{award}/transitions", operation_id="list_award_transitions")
async def choices(session: ReadSession, actor: SignedIn, award: Ref) -> Possibilities:
    """What the caller may do with the award now, and for what is blocked, why."""
    found = await awards.get(session, actor, award)
    return possibilities(found.state, await AWARDS.choices(session, found, actor))


@router.post("/awards/{award}/transitions", operation_id="move_award")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    award: Ref,
    body: Transition,
    match: Conditional,
) -> AwardView:
    """publish_notice, confirm (another person than the proposer), cancel (data: to), renounce (the organization)."""
    found = await awards.decided(session, actor, award)
    match.allow(found.version)
    moved = await awards.transition(session, actor, found, body.event, body.note, body.data)
    return await _award(session, actor, response, moved)


async def _award(session: AsyncSession, actor: Actor, response: Response, award: Award) -> AwardView:
    tag(response, award.version)
    return (await award_views.views(session, actor, [award]))[0]


async def _page(session: AsyncSession, actor: Actor, listing: Listing, query: Select[Any]) -> Page[AwardView]:
    async def views(session: AsyncSession, found: list[Award]) -> list[AwardView]:
        return await award_views.views(session, actor, found)

    answer: Page[AwardView] = await listing.answer(session, query, NEWEST, views)
    return answer
