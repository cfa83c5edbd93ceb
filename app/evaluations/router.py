"""Evaluations over HTTP, and what residents say without an account."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import EvaluationPhase
from app.contracts import service as contracts
from app.evaluations import appeals, repository, residents, schemes, scoring, service
from app.evaluations.models import Evaluation, EvaluationState
from app.evaluations.schemas import (
    AppealView,
    EvaluationDraft,
    EvaluationView,
    ReplyDraft,
    ReplyTaken,
    SatisfactionView,
    SchemeDraft,
    SchemeView,
    ScoreSheetView,
    SheetDraft,
    TokensDraft,
    TokensView,
)
from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.idempotency import hands_out_a_secret
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["evaluations"], route_class=UnitOfWork)


@router.get("/evaluation-schemes", operation_id="list_evaluation_schemes")
async def list_schemes(session: ReadSession, actor: Anyone) -> list[SchemeView]:
    """Every version of every scheme that was ever in force."""
    return await schemes.views(session, await repository.all_schemes(session))


@router.post("/evaluation-schemes", status_code=201, operation_id="write_evaluation_scheme")
async def write_scheme(session: WriteSession, actor: SignedIn, body: SchemeDraft) -> SchemeView:
    """The next version of a phase's scheme; evaluations under way keep theirs."""
    return (await schemes.views(session, [await schemes.write(session, actor, body)]))[0]


@router.get("/evaluations", operation_id="list_evaluations")
async def evaluations(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    contract_id: UUID | None = None,
    phase: EvaluationPhase | None = None,
    state: EvaluationState | None = None,
    edition: Annotated[str | None, Query()] = None,
) -> Page[EvaluationView]:
    """Evaluations the caller may see; a result only where the caller may read it."""
    query = repository.evaluations(actor, contract_id=contract_id, phase=phase, state=state, edition=edition)

    async def views(session: AsyncSession, found: list[Evaluation]) -> list[EvaluationView]:
        return await service.views(session, actor, found)

    return await listing.answer(session, query, [Order(Evaluation.id, descending=True)], views)


@router.post("/evaluations", status_code=201, operation_id="assign_evaluation")
async def assign(
    session: WriteSession, actor: SignedIn, response: Response, body: EvaluationDraft
) -> EvaluationView:
    """Ask a third-party evaluator to judge a contract."""
    return await _one(session, actor, response, await service.assign(session, actor, body))


@router.get("/evaluations/{ref}", operation_id="get_evaluation")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> EvaluationView:
    """One evaluation."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.get("/evaluations/{ref}/transitions", operation_id="list_evaluation_transitions")
async def possible(session: ReadSession, actor: Anyone, ref: str) -> Possibilities:
    """What the caller may do with the evaluation now, and what stands in the way."""
    evaluation = await service.get(session, actor, ref)
    return possibilities(evaluation.state, await service.choices(session, actor, evaluation))


@router.post("/evaluations/{ref}/transitions", operation_id="move_evaluation")
async def transition(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: Transition, match: Conditional
) -> EvaluationView:
    """Take on, close, accept the result, appeal, decide the appeal, confirm."""
    evaluation = await service.get(session, actor, ref, to_move=True)
    match.allow(evaluation.version)
    await service.transition(session, actor, evaluation, body.event, body.note, body.data)
    return await _one(session, actor, response, evaluation)


@router.get("/evaluations/{ref}/history", operation_id="get_evaluation_history")
async def evaluation_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """Everything the caller may know of what happened to the evaluation."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


@router.get("/evaluations/{ref}/sheets", operation_id="list_score_sheets")
async def sheets(session: ReadSession, actor: SignedIn, ref: str) -> list[ScoreSheetView]:
    """Score sheets: one's own, and after closing those of all three sides for whoever is part of it."""
    return await scoring.sheets(session, actor, await service.get(session, actor, ref))


@router.put("/evaluations/{ref}/sheets/mine", operation_id="hand_in_score_sheet")
async def score(session: WriteSession, actor: SignedIn, ref: str, body: SheetDraft) -> ScoreSheetView:
    """Hand in one's own sheet, or replace it while scoring is open."""
    sheet = await scoring.score(session, actor, await service.get(session, actor, ref, to_move=True), body)
    return ScoreSheetView.model_validate(sheet)


@router.get("/evaluations/{ref}/appeal", operation_id="get_appeal")
async def appeal(session: ReadSession, actor: SignedIn, ref: str) -> AppealView:
    """The appeal against the result and how it was decided."""
    return await appeals.view(session, actor, await service.get(session, actor, ref))


@router.post("/satisfaction-tokens", status_code=201, operation_id="issue_satisfaction_tokens")
@hands_out_a_secret
async def issue_tokens(session: WriteSession, actor: SignedIn, body: TokensDraft) -> TokensView:
    """One-time tokens for residents, for the buyer or the community to hand out. Shown once."""
    return await residents.issue(session, actor, body)


@router.post("/satisfaction", status_code=201, operation_id="reply_satisfaction")
async def reply(session: WriteSession, body: ReplyDraft) -> ReplyTaken:
    """A resident's judgement with the token of the slip: no account, once."""
    await residents.reply(session, body)
    return ReplyTaken()


@router.get("/contracts/{ref}/satisfaction", operation_id="get_contract_satisfaction")
async def satisfaction(session: ReadSession, actor: Anyone, ref: str) -> SatisfactionView:
    """The residents' index of a contract with n and its interval, once enough have replied."""
    return await residents.view(session, actor, await contracts.get(session, actor, ref))


async def _one(
    session: AsyncSession, actor: Actor, response: Response, evaluation: Evaluation
) -> EvaluationView:
    tag(response, evaluation.version)
    return (await service.views(session, actor, [evaluation]))[0]
