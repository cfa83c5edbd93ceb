"""The open door of evaluations: assign, read, move; what waits for whom."""

import contextlib
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import EvaluationPhase
from app.contracts import permissions as of_contract
from app.contracts import service as contracts
from app.contracts.models import Contract, ContractState
from app.evaluations import appeals, conflicts, permissions, repository, rules, schemes, scoring
from app.evaluations.lifecycle import LIFECYCLE, audience
from app.evaluations.models import Evaluation, EvaluationState
from app.evaluations.schemas import EvaluationDraft, EvaluationView, SchemeView
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all
from app.kernel.lifecycle import Choice, move
from app.kernel.tasks import Task
from app.parties import service as parties
from app.parties.models import PartyKind

RESULT = (
    "total",
    "grade",
    "misuse_of_funds",
    "satisfaction_index",
    "satisfaction_low",
    "satisfaction_high",
    "satisfaction_n",
    "persons",
    "contacts",
    "completion_percent",
)
"""What an evaluation came to: shown to nobody before scoring is closed."""
PREFIX = {EvaluationPhase.MIDTERM: "ZQ", EvaluationPhase.FINAL: "MQ"}
NO_EVALUATOR = Problem(
    "no_such_evaluator", "没有这个第三方评估机构。", "There is no such evaluator.", "/evaluator_id"
)


async def create_many(
    session: AsyncSession, actor: Actor, drafts: Sequence[EvaluationDraft]
) -> list[Evaluation]:
    """Ask evaluators to judge contracts, one after the other: each locks its own contract."""
    return [await assign(session, actor, draft) for draft in drafts]


async def assign(session: AsyncSession, actor: Actor, draft: EvaluationDraft) -> Evaluation:
    """Ask an evaluator to judge a contract. It gets to read the contract's file.

    Raises `NotYou` (buyer or bureau), `Malformed` (no such evaluator), `NotNow` (conflict, wrong time, one is open already).
    """
    contract = await contracts.get(session, actor, draft.contract_id, to_move=True)
    if not permissions.may_assign(actor, contract):
        raise NotYou()
    evaluator = await repository.party(session, draft.evaluator_id)
    if evaluator is None or evaluator.kind != PartyKind.EVALUATOR:
        raise Malformed(NO_EVALUATOR)
    earlier = await repository.of_contract(session, contract.id, draft.phase)
    attempt = len(earlier) + 1
    evaluation = Evaluation(
        number=f"{contract.number}-{PREFIX[draft.phase]}{attempt}",
        title=contract.title,
        edition_code=contract.edition_code,
        phase=draft.phase,
        attempt=attempt,
        contract_id=contract.id,
        project_id=contract.project_id,
        award_id=contract.award_id,
        supplier_id=contract.supplier_id,
        evaluator_id=evaluator.id,
        scheme_id=(await schemes.current(session, draft.phase)).id,
        area_path=contract.area_path,
        buyer_path=contract.buyer_path,
        assigned_by=actor.account_id,
        due_on=draft.due_on,
        state=LIFECYCLE.initial,
    )
    raise_all(_may_be_assigned(contract, draft.phase, earlier))
    raise_all(await conflicts.of(session, evaluation))
    session.add(evaluation)
    await session.flush()
    await contracts.open_file_to(session, actor, contract.id, evaluator.id)
    await journal.record(
        session,
        actor,
        journal.Event(
            "evaluation",
            evaluation.id,
            "assigned",
            audience(evaluation),
            number=evaluation.number,
            to_state=evaluation.state,
            change={"evaluator": evaluator.name, "phase": str(draft.phase)},
        ),
    )
    return evaluation


def _may_be_assigned(
    contract: Contract, phase: EvaluationPhase, earlier: Sequence[Evaluation]
) -> list[Problem]:
    broken = []
    final = phase == EvaluationPhase.FINAL
    if contract.state != (ContractState.FINAL_EVALUATION if final else ContractState.IN_DELIVERY):
        broken.append(
            Problem(
                "contract_not_ready",
                "合同状态与评估阶段不符（中期须在实施中，末期须已提交结项材料）。",
                "The contract is not in the state this evaluation needs.",
                values={"state": contract.state},
            )
        )
    if any(e.state not in (EvaluationState.CONFIRMED, EvaluationState.CANCELLED) for e in earlier):
        broken.append(
            Problem(
                "evaluation_open",
                "同一阶段已有未结束的评估。",
                "An evaluation of this phase is open already.",
            )
        )
    if not final and contract.midterm_passed_at is not None:
        broken.append(Problem("midterm_passed", "中期评估已通过。", "The mid-term has been passed."))
    return broken


async def get(session: AsyncSession, actor: Actor, ref: UUID | str, *, to_move: bool = False) -> Evaluation:
    """One evaluation by id or number, locked where it is read `to_move`. Raises `NotFound` when it is not there or not visible."""
    with contextlib.suppress(ValueError):
        ref = ref if isinstance(ref, UUID) else UUID(ref)
    found = await repository.visible(session, actor, ref, to_move=to_move)
    if found is None:
        raise NotFound()
    return found


async def took_part(session: AsyncSession, evaluation: Evaluation) -> list[UUID]:
    """The accounts that assigned the evaluation or scored in it."""
    scored = [sheet.scorer_id for sheet in await repository.sheets(session, evaluation.id)]
    return [person for person in (evaluation.assigned_by, *scored) if person is not None]


async def views(
    session: AsyncSession, actor: Actor, evaluations: Sequence[Evaluation]
) -> list[EvaluationView]:
    """Evaluations as this actor may read them: three statements however many there are."""
    if not evaluations:
        return []
    found = await repository.schemes(session, {e.scheme_id for e in evaluations})
    named = await parties.names(session, {i for e in evaluations for i in (e.supplier_id, e.evaluator_id)})
    handed_in = await repository.sides_in(session, [e.id for e in evaluations])
    plain = [n for n in EvaluationView.model_fields if hasattr(Evaluation, n) and n not in RESULT]
    return [
        EvaluationView(
            **{name: getattr(e, name) for name in plain},
            **_result(actor, e),
            supplier=named[e.supplier_id],
            evaluator=named[e.evaluator_id],
            scheme=SchemeView.model_validate(found[e.scheme_id]),
            sides_in=handed_in.get(e.id, []),
        )
        for e in evaluations
    ]


def _result(actor: Actor, evaluation: Evaluation) -> dict[str, Any]:
    """The result as this actor may read it; to the public nothing that fewer than five persons stand behind."""
    if not permissions.reads_result(actor, evaluation):
        return {}
    shown = {name: getattr(evaluation, name) for name in RESULT}
    if not permissions.reads_sheets(actor, evaluation):
        shown["suppressed"] = hidden = rules.too_few(evaluation)
        shown |= dict.fromkeys(hidden)
    return shown


async def choices(session: AsyncSession, actor: Actor, evaluation: Evaluation) -> list[Choice]:
    return await LIFECYCLE.choices(session, evaluation, actor)


async def transition(
    session: AsyncSession,
    actor: Actor,
    evaluation: Evaluation,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Evaluation:
    """Move an evaluation by an event, with everything that event means elsewhere."""
    if event == "close":
        return await scoring.close(session, actor, evaluation, note)
    if event == "confirm":
        return await scoring.confirm(session, actor, evaluation, note)
    if event == "appeal":
        return await appeals.appeal(session, actor, evaluation, note)
    if event in ("uphold", "dismiss"):
        return await appeals.decide(session, actor, evaluation, event, note, data)
    values: dict[str, Any] = {}
    if event == "take_on":
        values = {"no_conflict_at": clock.now(), "no_conflict_by": actor.label}
    if event == "accept_result":
        values = {"waived_at": clock.now()}
    await move(session, LIFECYCLE, evaluation, event, actor, note, data=data, values=values)
    return evaluation


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """What waits for this actor: evaluators to assign, sheets to fill in, results to confirm, appeals to hear."""
    found = []
    evaluations = await repository.open_for(session, actor)
    handed_in = await repository.sides_in(session, [e.id for e in evaluations])
    for e in evaluations:
        for kind, zh, en, due in _waiting(actor, e, handed_in.get(e.id, [])):
            at = datetime.combine(due, time(23, 59, 59), clock.CHINA) if due else None
            href = f"/api/v1/evaluations/{e.number}"
            found.append(Task(kind, "evaluation", e.id, e.number, e.title, zh, en, href, at))
    if actor.area_paths():
        for c in await repository.without_evaluation(session, of_contract.own(actor), clock.today()):
            if permissions.may_assign(actor, c):
                href = f"/api/v1/contracts/{c.number}"
                zh, en = "委派第三方评估机构", "assign an evaluator"
                found.append(Task("assign_evaluator", "contract", c.id, c.number, c.title, zh, en, href))
    return found


def _waiting(actor: Actor, e: Evaluation, handed_in: Sequence[str]) -> list[tuple[str, str, str, Any]]:
    state, found = e.state, []
    if state == EvaluationState.ASSIGNED and permissions.is_evaluator(actor, e):
        found.append(
            ("take_on_evaluation", "声明无利益冲突并承接评估", "state no conflict and take it on", e.due_on)
        )
    if state == EvaluationState.SCORING:
        if any(side not in handed_in for side in permissions.scoring_sides(actor, e)):
            found.append(("score", "提交评分", "hand in the scores", e.due_on))
        elif len(handed_in) == 3 and permissions.may_close(actor, e):
            found.append(("close_scoring", "结束评分", "close scoring", e.due_on))
    if state == EvaluationState.CLOSED and permissions.is_buyer(actor, e):
        found.append(("confirm_result", "确认评估结果", "confirm the result", e.appeal_until))
    if state == EvaluationState.CLOSED and permissions.is_supplier(actor, e) and e.waived_at is None:
        found.append(("answer_result", "接受结果或提出申诉", "accept the result or appeal", e.appeal_until))
    if state == EvaluationState.APPEALED and permissions.may_hear_appeal(actor, e):
        found.append(("hear_appeal", "处理申诉", "hear the appeal", None))
    return found
