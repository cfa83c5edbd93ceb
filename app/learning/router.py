"""Fits, model versions with their reports, activation and rollback."""

from uuid import UUID

from fastapi import APIRouter, Response

from app.identity.authentication import SignedIn
from app.kernel.errors import NotYou
from app.kernel.paging import Order
from app.learning import permissions, service
from app.learning.schemas import FitDraft, FitView, ModelVersionView
from app.matches import service as matches
from app.matches.models import ModelVersion
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["learning"], route_class=UnitOfWork)


@router.post("/learning/fits", status_code=202, operation_id="fit_model")
async def fit(session: WriteSession, actor: SignedIn, response: Response, body: FitDraft) -> FitView:
    """Learn from all outcomes so far, as a job; the candidate it stores ranks nothing before it is activated."""
    job = await service.ask(session, actor, body)
    path = f"/api/v1/jobs/{job.id}"
    response.headers["Location"] = path
    return FitView(job_id=job.id, state=job.state, job=path)


@router.get("/model-versions", operation_id="list_model_versions")
async def models(session: ReadSession, actor: SignedIn, listing: Listing) -> Page[ModelVersionView]:
    """Fitted rankers with their offline reports, newest first."""
    if not permissions.may_see_models(actor):
        raise NotYou()
    order = [Order(ModelVersion.id, descending=True)]
    return await listing.answer(session, matches.models(), order, service.views)


@router.get("/model-versions/{model_id}", operation_id="get_model_version")
async def model(session: ReadSession, actor: SignedIn, model_id: UUID) -> ModelVersionView:
    """One fitted ranker with its report."""
    return (await service.views(session, [await service.get(session, actor, model_id)]))[0]


@router.get("/model-versions/{model_id}/transitions", operation_id="list_model_version_transitions")
async def possible(session: ReadSession, actor: SignedIn, model_id: UUID) -> Possibilities:
    """What the caller may do with a model now, and why not."""
    found = await service.get(session, actor, model_id)
    return possibilities(service.state_of(found), await service.choices(session, actor, found))


@router.post("/model-versions/{model_id}/transitions", operation_id="move_model_version")
async def move(session: WriteSession, actor: SignedIn, model_id: UUID, body: Transition) -> ModelVersionView:
    """`activate` lets the model rank if it beat the current one; `roll_back` returns to what it replaced."""
    found = await service.get(session, actor, model_id)
    moved = await service.transition(session, actor, found, body.event, body.note)
    return (await service.views(session, [moved]))[0]
