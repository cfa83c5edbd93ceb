"""Fair-wide plans: asked for as jobs, read as a whole by bureaus, place by place by those they concern."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.identity.authentication import SignedIn
from app.kernel.errors import NotYou
from app.kernel.paging import Order
from app.matches import permissions, plans, repository
from app.matches.dossier import plan_dossier
from app.matches.models import MatchPlan, MatchPlanPair
from app.matches.schemas import PlanDraft, PlanPairView, PlanView
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["plans"], route_class=UnitOfWork)


@router.post("/editions/{code}/plans", status_code=202, operation_id="start_plan")
async def start(
    session: WriteSession, actor: SignedIn, response: Response, code: str, body: PlanDraft
) -> PlanView:
    """Plan who talks to whom in the whole fair, as a job; the answer leads to the plan and its progress."""
    plan = await plans.start(session, actor, code, body)
    response.headers["Location"] = f"/api/v1/plans/{plan.id}"
    return (await plans.views(session, [plan]))[0]


@router.get("/plans", operation_id="list_plans")
async def listed(
    session: ReadSession, actor: SignedIn, listing: Listing, edition: str | None = None
) -> Page[PlanView]:
    """Plans, newest first, for bureaus and auditors."""
    if not permissions.may_see_plans(actor):
        raise NotYou()
    query = repository.plans()
    if edition is not None:
        query = query.where(MatchPlan.edition_code == edition)
    return await listing.answer(session, query, [Order(MatchPlan.id, descending=True)], plans.views)


@router.get("/plans/{plan_id}", operation_id="get_plan")
async def plan(session: ReadSession, actor: SignedIn, plan_id: UUID) -> PlanView:
    """One plan: its wishes, its figures with the proof, or the fewest rules to relax."""
    return (await plans.views(session, [await plans.get(session, actor, plan_id)]))[0]


@router.get("/plans/{plan_id}/dossier", operation_id="get_plan_dossier", response_class=Response)
async def decision_dossier(session: ReadSession, actor: SignedIn, plan_id: UUID) -> Response:
    """Wishes, inputs, weights, model, seed and every place, as a zip file from which the plan can be repeated."""
    found = await plans.get(session, actor, plan_id)
    headers = {"Content-Disposition": f'attachment; filename="plan-{found.id}.zip"'}
    return Response(await plan_dossier(session, found), media_type="application/zip", headers=headers)


@router.get("/plan-pairs", operation_id="list_plan_pairs")
async def pairs(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    plan: UUID | None = None,
    project: UUID | None = None,
    organization: UUID | None = None,
    alternate: Annotated[bool | None, Query(description="true: only who may step in")] = None,
) -> Page[PlanPairView]:
    """Places of plans, newest plan first: all for bureaus, their own projects for streets, its own for an organization."""
    query = repository.plan_pairs().where(permissions.planned_for(actor))
    wanted = (
        (MatchPlanPair.plan_id, plan),
        (MatchPlanPair.project_id, project),
        (MatchPlanPair.organization_id, organization),
        (MatchPlanPair.alternate, alternate),
    )
    for column, value in wanted:
        if value is not None:
            query = query.where(column == value)
    order = [
        Order(MatchPlanPair.plan_id, descending=True),
        Order(MatchPlanPair.project_id),
        Order(MatchPlanPair.place),
    ]
    return await listing.answer(session, query, order, plans.pair_views)
