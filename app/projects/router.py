"""Projects over HTTP."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.finding import find
from app.catalogue.codes import Category, DeliveryRoute, ProcurementMethod, TargetGroup, Urgency
from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, raise_all
from app.kernel.paging import Order
from app.projects import permissions, repository, service
from app.projects.models import Project, ProjectState
from app.projects.schemas import (
    BulkResult,
    BulkTransition,
    LotDraft,
    ProjectChange,
    ProjectDraft,
    ProjectSummary,
    ProjectView,
    Refusal,
)
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1/projects", tags=["projects"], route_class=UnitOfWork)

Yuan = Annotated[Decimal | None, Query(ge=0, max_digits=14, decimal_places=2)]


@router.get("", operation_id="list_projects")
async def projects(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    q: Annotated[str | None, Query(max_length=100, description="Words of title or description")] = None,
    edition: Annotated[str | None, Query(max_length=16)] = None,
    district: Annotated[str | None, Query(max_length=100, description="Name or code")] = None,
    street: Annotated[str | None, Query(max_length=100, description="Name or code")] = None,
    category: Category | None = None,
    target_group: TargetGroup | None = None,
    state: Annotated[list[ProjectState] | None, Query(description="Any of these")] = None,
    buyer: Annotated[UUID | None, Query(description="Id of the buyer")] = None,
    budget_min: Yuan = None,
    budget_max: Yuan = None,
    urgency: Urgency | None = None,
    procurement_method: ProcurementMethod | None = None,
    delivery_route: DeliveryRoute | None = None,
    parent: Annotated[UUID | None, Query(description="Lots of this project")] = None,
) -> Page[ProjectSummary]:
    """Projects, newest first: published ones, and in your own area all."""
    query = repository.projects(
        permissions.visible_to(actor),
        q=q,
        edition=edition,
        under=_area(district, street),
        category=category,
        target_group=target_group,
        state=state,
        buyer=buyer,
        least_fen=None if budget_min is None else int(budget_min * 100),
        most_fen=None if budget_max is None else int(budget_max * 100),
        urgency=urgency,
        method=procurement_method,
        route=delivery_route,
        parent=parent,
    )
    order = [Order(Project.created_at, descending=True), Order(Project.id, descending=True)]
    return await listing.answer(session, query, order, service.summaries)


@router.post("", status_code=201, operation_id="create_project")
async def create(
    session: WriteSession, actor: SignedIn, response: Response, body: ProjectDraft
) -> ProjectView:
    """Draft a project: a title and a buyer are enough to begin with."""
    return await _one(session, actor, response, await service.create(session, actor, body))


@router.post("/bulk-transitions", operation_id="move_projects")
async def move_many(session: WriteSession, actor: SignedIn, body: BulkTransition) -> BulkResult:
    """Move many projects by one event; each has its own result, and none stops the others."""
    wanted = body.filter.model_dump(exclude={"district", "street"}) if body.filter else {}
    under = _area(body.filter.district, body.filter.street) if body.filter else None
    query = repository.projects(permissions.visible_to(actor), under=under, ids=body.ids, **wanted)
    found = await repository.in_bulk(session, query)
    outcome = await service.transition_many(session, actor, body.event, found, body.note)
    problems = {
        project.number: [
            Refusal(code=p.code, message_zh=p.zh, message_en=p.en, pointer=p.pointer) for p in error.problems
        ]
        for project in found
        if (error := outcome.get(project.id)) is not None
    }
    moved = [project for project in found if project.id in outcome and outcome[project.id] is None]
    missing = sorted(set(body.ids or ()) - {project.id for project in found})
    return BulkResult(
        event=body.event,
        moved=[project.number for project in moved],
        refused=problems,
        not_found=missing,
        skipped=[project.number for project in found if project.id not in outcome],
    )


@router.get("/{ref}", operation_id="get_project")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> ProjectView:
    """One project, by id or number."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.patch("/{ref}", operation_id="change_project")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: ProjectChange,
    match: Conditional,
) -> ProjectView:
    """Change a draft; after publication this is an amendment, needs a `reason` and is public."""
    project = await service.get(session, actor, ref)
    match.require(project.version)
    return await _one(session, actor, response, await service.change(session, actor, project, body))


@router.post("/{ref}/lots", status_code=201, operation_id="split_project")
async def split(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: list[LotDraft]
) -> ProjectView:
    """Divide a draft into lots, each with its own budget and life."""
    project = await service.get(session, actor, ref)
    await service.split(session, actor, project, body)
    return await _one(session, actor, response, project)


@router.get("/{ref}/transitions", operation_id="list_project_transitions")
async def transitions(session: ReadSession, actor: SignedIn, ref: str) -> Possibilities:
    """What you may do with the project now, why not, and where later moves are made."""
    project = await service.get(session, actor, ref)
    choices = await service.choices(session, actor, project)
    return possibilities(project.state, choices, service.links(project))


@router.post("/{ref}/transitions", operation_id="move_project")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: Transition,
    match: Conditional,
) -> ProjectView:
    """Move the project: submit, start_review, return, reject, approve, publish, refuse, declare_unsuccessful, relist, withdraw."""
    project = await service.get(session, actor, ref, to_move=True)
    match.allow(project.version)
    moved = await service.transition(session, actor, project, body.event, body.note, body.data)
    return await _one(session, actor, response, moved)


@router.get("/{ref}/history", operation_id="get_project_history")
async def read_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """What happened to the project, as far as you may know."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


def _area(district: str | None, street: str | None) -> str | None:
    place, problems = find(district, street)
    raise_all(problems, Malformed)
    return place.path if place else None


async def _one(session: AsyncSession, actor: Actor, response: Response, project: Project) -> ProjectView:
    tag(response, project.version)
    return (await service.views(session, actor, [project]))[0]
