"""Needs and surveys."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, NeedDimension, TargetGroup
from app.identity.authentication import SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.needs import permissions, repository, service, surveys
from app.needs.models import Need, NeedState, Survey
from app.needs.schemas import NeedChange, NeedDraft, NeedsOfSurvey, NeedView, SurveyDraft, SurveyView
from app.web.conditional import Conditional, tag
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["needs"], route_class=UnitOfWork)


@router.get("/needs", operation_id="list_needs")
async def needs(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    state: NeedState | None = None,
    category: Category | None = None,
    target_group: TargetGroup | None = None,
    dimension: NeedDimension | None = None,
    under: Annotated[str | None, Query(description="A path: this area and below", max_length=100)] = None,
    project_id: UUID | None = None,
    survey_id: UUID | None = None,
    q: Annotated[str | None, Query(description="Words of title and description", max_length=100)] = None,
) -> Page[NeedView]:
    """The needs the caller may see, the newest first."""
    query = repository.needs(
        permissions.visible_to(actor),
        state=state,
        category=category,
        target_group=target_group,
        dimension=dimension,
        under=under,
        project_id=project_id,
        survey_id=survey_id,
        query=q,
    )
    order = [Order(Need.id, descending=True)]
    return await listing.answer(session, query, order, partial(service.views, actor=actor))


@router.post("/needs", status_code=201, operation_id="create_need")
async def create(session: WriteSession, actor: SignedIn, response: Response, body: NeedDraft) -> NeedView:
    """Collect a need; a resident raises one where he lives."""
    return await _one(session, actor, response, await service.create(session, actor, body))


@router.get("/needs/{ref}", operation_id="get_need")
async def read(session: ReadSession, actor: SignedIn, response: Response, ref: str) -> NeedView:
    """One need by its UUID or number."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.patch("/needs/{ref}", operation_id="change_need")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: NeedChange,
    match: Conditional,
) -> NeedView:
    """Change the words of a need that is still collected."""
    need = await service.get(session, actor, ref)
    match.require(need.version)
    return await _one(session, actor, response, await service.change(session, actor, need, body))


@router.get("/needs/{ref}/transitions", operation_id="list_need_transitions")
async def choices(session: ReadSession, actor: SignedIn, ref: str) -> Possibilities:
    """What the caller may do with a need now; it becomes a project by being named in one."""
    need = await service.get(session, actor, ref)
    found = await service.choices(session, actor, need)
    return possibilities(need.state, found, {"convert": "/api/v1/projects"} if found else None)


@router.post("/needs/{ref}/transitions", operation_id="move_need")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: Transition,
    match: Conditional,
) -> NeedView:
    """Merge (data.into), answer (note) or reject (note) a need."""
    need = await service.get(session, actor, ref)
    match.allow(need.version)
    moved = await service.transition(session, actor, need, body.event, body.note, body.data)
    return await _one(session, actor, response, moved)


@router.put("/needs/{ref}/support", operation_id="support_need")
async def support(session: WriteSession, actor: SignedIn, response: Response, ref: str) -> NeedView:
    """Second a need of the place one lives in."""
    need = await service.get(session, actor, ref)
    await service.support(session, actor, need)
    return await _one(session, actor, response, need)


@router.delete("/needs/{ref}/support", operation_id="withdraw_need_support")
async def withdraw_support(session: WriteSession, actor: SignedIn, response: Response, ref: str) -> NeedView:
    """Take one's support back."""
    need = await service.get(session, actor, ref)
    await service.withdraw_support(session, actor, need)
    return await _one(session, actor, response, need)


@router.get("/surveys", operation_id="list_surveys")
async def list_surveys(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    under: Annotated[str | None, Query(description="A path: this area and below", max_length=100)] = None,
) -> Page[SurveyView]:
    """Surveys with their matrix of groups and dimensions, the newest first."""
    query = repository.surveys(permissions.surveys_visible_to(actor), under)
    order = [Order(Survey.id, descending=True)]
    return await listing.answer(session, query, order, partial(surveys.views, actor=actor))


@router.post("/surveys", status_code=201, operation_id="create_survey")
async def create_survey(
    session: WriteSession, actor: SignedIn, response: Response, body: SurveyDraft
) -> SurveyView:
    """Enter the result of a survey."""
    return await _survey(session, actor, response, await surveys.create(session, actor, body))


@router.get("/surveys/{survey_id}", operation_id="get_survey")
async def read_survey(
    session: ReadSession, actor: SignedIn, response: Response, survey_id: UUID
) -> SurveyView:
    """One survey."""
    return await _survey(session, actor, response, await surveys.get(session, actor, survey_id))


@router.post("/surveys/{survey_id}/needs", status_code=201, operation_id="raise_needs_of_survey")
async def raise_needs(
    session: WriteSession, actor: SignedIn, survey_id: UUID, body: NeedsOfSurvey
) -> list[NeedView]:
    """Turn cells of a survey into needs."""
    survey = await surveys.get(session, actor, survey_id)
    raised = await surveys.raise_needs(session, actor, survey, body.cells)
    return await service.views(session, raised, actor)


async def _one(session: AsyncSession, actor: Actor, response: Response, need: Need) -> NeedView:
    tag(response, need.version)
    return (await service.views(session, [need], actor))[0]


async def _survey(session: AsyncSession, actor: Actor, response: Response, survey: Survey) -> SurveyView:
    tag(response, survey.version)
    return (await surveys.views(session, [survey], actor))[0]
