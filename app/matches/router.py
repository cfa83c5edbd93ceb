"""Match runs, live rankings with reasons, explanations, reorderings, weight sets."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response

from app.identity.authentication import Anyone, SignedIn
from app.kernel.errors import NotYou
from app.kernel.paging import Order
from app.matches import permissions, repository, service
from app.matches import weights as weight_sets
from app.matches.dossier import dossier
from app.matches.models import MatchRun, WeightSet
from app.matches.schemas import (
    ExcludedItem,
    ExplanationView,
    RankingView,
    ReorderingDraft,
    ReorderingView,
    RunDraft,
    RunView,
    WeightSetDraft,
    WeightSetView,
)
from app.organizations import service as organizations
from app.projects import service as projects
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["matches"], route_class=UnitOfWork)

Limit = Annotated[int, Query(ge=1, le=50, description="How many places")]
Ref = Annotated[str, Path(max_length=64, description="UUID or human number")]


@router.post("/editions/{code}/match-runs", status_code=202, operation_id="start_match_run")
async def start(
    session: WriteSession, actor: SignedIn, response: Response, code: str, body: RunDraft
) -> RunView:
    """Rank all open projects of an edition, as a job; the answer leads to the run and its progress."""
    run = await service.start(session, actor, code, body)
    response.headers["Location"] = f"/api/v1/match-runs/{run.id}"
    return (await service.views(session, [run]))[0]


@router.get("/match-runs", operation_id="list_match_runs")
async def runs(
    session: ReadSession, actor: SignedIn, listing: Listing, edition: str | None = None
) -> Page[RunView]:
    """Match runs, newest first."""
    if not permissions.may_see_runs(actor):
        raise NotYou()
    query = repository.runs()
    if edition is not None:
        query = query.where(MatchRun.edition_code == edition)
    return await listing.answer(session, query, [Order(MatchRun.id, descending=True)], service.views)


@router.get("/match-runs/{run_id}", operation_id="get_match_run")
async def run(session: ReadSession, actor: SignedIn, run_id: UUID) -> RunView:
    """One run: its job's progress, its fingerprint, weights and summary."""
    return (await service.views(session, [await service.get(session, actor, run_id)]))[0]


@router.get("/match-runs/{run_id}/dossier", operation_id="get_match_dossier", response_class=Response)
async def decision_dossier(session: ReadSession, actor: SignedIn, run_id: UUID) -> Response:
    """Inputs, weights, seed, model and every place with its points, as a zip file from which the run can be repeated."""
    found = await service.get(session, actor, run_id)
    headers = {"Content-Disposition": f'attachment; filename="match-run-{found.id}.zip"'}
    return Response(await dossier(session, found), media_type="application/zip", headers=headers)


@router.get("/projects/{project}/matches", operation_id="list_project_matches")
async def of_project(session: ReadSession, actor: SignedIn, project: Ref, limit: Limit = 20) -> RankingView:
    """The organizations that fit a project, best first, with the points of each factor and reasons."""
    found = await projects.get(session, actor, project)
    return await service.for_project(session, actor, found, limit)


@router.get("/projects/{project}/excluded-organizations", operation_id="list_excluded_organizations")
async def excluded(session: ReadSession, actor: SignedIn, project: Ref) -> list[ExcludedItem]:
    """Who may not take the project, with the codes of the broken gates."""
    found = await projects.get(session, actor, project)
    return await service.excluded(session, actor, found)


@router.get("/projects/{project}/matches/{organization}", operation_id="explain_match")
async def explained(
    session: ReadSession, actor: SignedIn, project: Ref, organization: Ref
) -> ExplanationView:
    """Why this pair stands where it stands, gate by gate and factor by factor, and what would change it."""
    found = await projects.get(session, actor, project)
    other = await organizations.get(session, actor, organization)
    return await service.explain(session, actor, found, other)


@router.post("/projects/{project}/reorderings", status_code=201, operation_id="reorder_matches")
async def reorder(
    session: WriteSession, actor: SignedIn, project: Ref, body: ReorderingDraft
) -> ReorderingView:
    """Place an organization elsewhere in a project's ranking, with the reason."""
    found = await projects.get(session, actor, project)
    return service.reordering_view(await service.reorder(session, actor, found, body))


@router.get("/organizations/{organization}/matches", operation_id="list_organization_matches")
async def of_organization(
    session: ReadSession, actor: SignedIn, organization: Ref, edition: str | None = None, limit: Limit = 20
) -> RankingView:
    """The open projects that fit an organization, best first."""
    found = await organizations.get(session, actor, organization)
    return await service.for_organization(session, actor, found, edition, limit)


@router.get("/weight-sets", operation_id="list_weight_sets")
async def weights(session: ReadSession, actor: Anyone, listing: Listing) -> Page[WeightSetView]:
    """The named, versioned weights: how a ranking is made is public."""
    order = [Order(WeightSet.id)]
    return await listing.answer(session, repository.weight_sets(), order, weight_sets.views)


@router.post("/weight-sets", status_code=201, operation_id="add_weight_set")
async def add_weights(session: WriteSession, actor: SignedIn, body: WeightSetDraft) -> WeightSetView:
    """Add a weight set; editions that name its version are judged by it."""
    return WeightSetView.model_validate(await service.add(session, actor, body))
