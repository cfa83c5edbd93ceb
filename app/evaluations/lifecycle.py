"""The moves of an evaluation: assigned, scored blind, closed, appealed perhaps, confirmed."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.editions import service as editions
from app.evaluations import conflicts, permissions, repository, rules
from app.evaluations.models import Evaluation, EvaluationState
from app.evaluations.rules import Facts
from app.kernel import clock, journal
from app.kernel.lifecycle import Lifecycle, Line


def audience(evaluation: Evaluation) -> journal.Audience:
    """The parties and officials know; the confirmed result is public."""
    level = journal.PUBLIC if evaluation.state == EvaluationState.CONFIRMED else journal.PARTIES
    parties = (evaluation.supplier_id, evaluation.evaluator_id)
    return journal.Audience(evaluation.area_path, parties, level)


async def facts(session: AsyncSession, evaluation: Evaluation) -> Facts:
    """What the rules of the present state compare."""
    today = clock.today()
    if evaluation.state == EvaluationState.ASSIGNED:
        return Facts(today, conflicts=await conflicts.of(session, evaluation))
    if evaluation.state == EvaluationState.SCORING:
        settings = await editions.settings_of(session, evaluation.edition_code)
        contract = await contracts.by_id(session, evaluation.contract_id)
        totals = await contracts.totals(session, contract)
        heard = await repository.heard(session, contract.id, totals.persons or 0)
        return Facts(
            today,
            sheets=await repository.sheets(session, evaluation.id),
            satisfaction=heard,
            needed=rules.replies_needed(
                heard.persons,
                enough=settings.publish_satisfaction_persons,
                percent=settings.publish_satisfaction_share,
            ),
            contract_state=contract.state,
            totals=totals,
        )
    appeal = await repository.appeal(session, evaluation.id)
    sheets = await repository.sheets(session, evaluation.id)
    took_part = {sheet.scorer_id for sheet in sheets} | {evaluation.assigned_by}
    took_part |= {appeal.filed_by} if appeal else set()
    return Facts(today, appeal=appeal, involved=frozenset(person for person in took_part if person))


LIFECYCLE: Lifecycle[Evaluation] = Lifecycle(
    "evaluation",
    {
        "assigned": ("已委派", "assigned"),
        "scoring": ("评分中", "scoring"),
        "closed": ("已出结果", "closed"),
        "appealed": ("申诉中", "appealed"),
        "confirmed": ("已确认", "confirmed"),
        "cancelled": ("已取消", "cancelled"),
    },
    "assigned",
    (
        Line(
            "assigned", "take_on", "scoring", permissions.is_evaluator, (rules.statement_given, rules.no_conflict),
            zh="声明无利益冲突并承接评估", en="state no conflict and take it on",
        ),
        Line("assigned", "decline", "cancelled", permissions.is_evaluator, note_required=True, zh="谢绝委派", en="decline"),
        Line("assigned", "cancel", "cancelled", permissions.may_assign, note_required=True, zh="取消", en="cancel"),
        Line("scoring", "cancel", "cancelled", permissions.may_assign, note_required=True, zh="取消", en="cancel"),
        Line(
            "scoring", "close", "closed", permissions.may_close,
            (rules.contract_waits, rules.all_sides_scored, rules.residents_were_heard), zh="结束评分", en="close scoring",
        ),
        Line("closed", "accept_result", "closed", permissions.is_supplier, zh="接受结果", en="accept the result"),
        Line(
            "closed", "appeal", "appealed", permissions.may_appeal,
            (rules.appeal_window_open, rules.not_appealed_before), note_required=True, zh="申诉", en="appeal",
        ),
        Line("closed", "confirm", "confirmed", permissions.is_buyer, (rules.result_stands,), zh="确认结果", en="confirm"),
        Line(
            "appealed", "uphold", "closed", permissions.may_hear_appeal, (rules.another_handler,),
            note_required=True, zh="申诉成立并更正", en="uphold and correct",
        ),
        Line(
            "appealed", "dismiss", "closed", permissions.may_hear_appeal, (rules.another_handler,),
            note_required=True, zh="驳回申诉", en="dismiss",
        ),
    ),
    audience=audience,
    facts=facts,
)  # fmt: skip
