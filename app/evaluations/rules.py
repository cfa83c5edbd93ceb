"""Rules of evaluation: schemes, results, grades, satisfaction. Pure."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from app.catalogue.codes import EvaluationPhase, Grade
from app.contracts.schemas import ServiceTotals
from app.evaluations.models import Basis, Evaluation, ScoringSide
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case

SATISFACTION = "satisfaction"
CONFIDENCE_Z = 1.96
"""Two-sided 95 % of the normal distribution."""
FEWEST_SHOWN = 5
GRADES = ((Decimal(90), Grade.EXCELLENT), (Decimal(80), Grade.GOOD), (Decimal(60), Grade.PASS))
SIDE_WEIGHTS = {ScoringSide.EVALUATOR: 60, ScoringSide.BUYER: 20, ScoringSide.SUPERVISOR: 20}
DEFAULT_CRITERIA: Mapping[EvaluationPhase, Sequence[tuple[str, str, str, int, Basis]]] = {
    EvaluationPhase.MIDTERM: (
        ("progress", "项目进度", "progress", 40, Basis.SCORERS),
        ("management", "项目管理", "management", 25, Basis.SCORERS),
        ("finance", "财务管理", "finance", 20, Basis.SCORERS),
        (SATISFACTION, "阶段满意度", "satisfaction so far", 15, Basis.SURVEY_IF_ANY),
    ),
    EvaluationPhase.FINAL: (
        ("completion", "服务完成", "completion of service", 25, Basis.SCORERS),
        (SATISFACTION, "服务满意度", "satisfaction", 25, Basis.SURVEY),
        ("outcome", "服务成效", "outcome", 20, Basis.SCORERS),
        ("management", "项目管理", "management", 15, Basis.SCORERS),
        ("finance", "财务管理", "finance", 15, Basis.SCORERS),
    ),
}
"""The schemes a new installation starts with (DOMAIN.md §4.3)."""


def default_criteria(phase: EvaluationPhase) -> list[dict[str, Any]]:
    return [
        {"code": code, "zh": zh, "en": en, "weight": weight, "basis": str(basis)}
        for code, zh, en, weight, basis in DEFAULT_CRITERIA[phase]
    ]


def scheme_holds(
    phase: str, criteria: Sequence[Mapping[str, Any]], sides: Mapping[str, int]
) -> list[Problem]:
    """Weights add up to 100; no criterion twice; in a final scheme the residents' satisfaction weighs as much as any other."""
    broken = []
    weights = {str(c["code"]): Decimal(str(c["weight"])) for c in criteria}
    if len(weights) != len(criteria):
        broken.append(Problem("criterion_twice", "指标代码重复。", "A criterion appears twice.", "/criteria"))
    total = sum(weights.values(), Decimal())
    if total != 100:
        broken.append(
            Problem(
                "weights_not_100",
                f"权重合计须为 100，现为 {total}。",
                f"The weights must add up to 100, not {total}.",
                "/criteria",
                {"total": str(total)},
            )
        )
    if sum(sides.values()) != 100 or set(sides) != set(ScoringSide):
        broken.append(
            Problem(
                "side_weights_not_100",
                "评估方、购买方、监管方三方权重合计须为 100。",
                "The weights of evaluator, buyer and supervisor must add up to 100.",
                "/side_weights",
            )
        )
    if phase == EvaluationPhase.FINAL and weights.get(SATISFACTION, Decimal(-1)) < max(
        weights.values(), default=Decimal()
    ):
        broken.append(
            Problem(
                "satisfaction_weighs_less",
                "末期评估中满意度（satisfaction）权重不得低于任何其他指标。",
                "In a final evaluation no criterion may weigh more than satisfaction.",
                "/criteria",
            )
        )
    return broken


def sheet_holds(criteria: Sequence[Mapping[str, Any]], points: Mapping[str, Decimal]) -> list[Problem]:
    """Every criterion that scorers judge has points between 0 and its weight; nothing else is scored."""
    scored = {str(c["code"]): Decimal(str(c["weight"])) for c in criteria if c["basis"] != Basis.SURVEY}
    broken = [
        Problem(
            "points_missing",
            f"缺少指标 {code} 的得分。",
            f"Criterion '{code}' has no points.",
            f"/points/{code}",
        )
        for code in scored.keys() - points.keys()
    ]
    broken += [
        Problem(
            "criterion_unknown",
            f"指标 {code} 不由评分人打分。",
            f"Criterion '{code}' is not for scorers.",
            f"/points/{code}",
        )
        for code in points.keys() - scored.keys()
    ]
    broken += [
        Problem(
            "points_out_of_range",
            f"指标 {code} 得分须在 0 至 {weight} 之间。",
            f"The points of '{code}' must lie between 0 and {weight}.",
            f"/points/{code}",
            {"weight": str(weight)},
        )
        for code, weight in scored.items()
        if code in points and not 0 <= points[code] <= weight
    ]
    return sorted(broken, key=lambda problem: (problem.pointer or "", problem.code))


def total(
    criteria: Sequence[Mapping[str, Any]],
    side_weights: Mapping[str, int],
    sheets: Mapping[str, Mapping[str, Decimal]],
    satisfaction_index: Decimal | None,
) -> Decimal:
    """The result, 0–100: the survey's criterion from the index, every other the sides' points by their weights.

    Raises KeyError when a side has no sheet.
    """
    found = Decimal()
    for criterion in criteria:
        code, weight, basis = criterion["code"], Decimal(str(criterion["weight"])), criterion["basis"]
        if satisfaction_index is not None and basis != Basis.SCORERS:
            found += weight * satisfaction_index / 100
        else:
            found += (
                sum((sheets[side][code] * share for side, share in side_weights.items()), Decimal()) / 100
            )
    return found.quantize(Decimal("0.01"), ROUND_HALF_UP)


def grade(total: Decimal, satisfaction_index: Decimal | None, *, misuse_of_funds: bool) -> Grade:
    """90, 80, 60; below 60 % satisfaction at most 'pass'; misuse of funds is 'fail'."""
    if misuse_of_funds:
        return Grade.FAIL
    reached = next((grade for least, grade in GRADES if total >= least), Grade.FAIL)
    if satisfaction_index is not None and satisfaction_index < 60 and reached != Grade.FAIL:
        return Grade.PASS
    return reached


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """What residents said: an index 0–100 with its 95 % interval, from n replies for so many persons served."""

    n: int
    persons: int
    index: Decimal | None
    low: Decimal | None
    high: Decimal | None


def satisfaction(scores: Sequence[tuple[int, int]], persons: int) -> Satisfaction:
    """The index of replies (score, scale): Σ score/scale ÷ n × 100; the interval from n = 2 on, by the normal approximation."""
    n = len(scores)
    if n == 0:
        return Satisfaction(0, persons, None, None, None)
    shares = [100 * score / scale for score, scale in scores]
    mean = math.fsum(shares) / n
    if n == 1:
        return Satisfaction(n, persons, _hundredths(mean), None, None)
    variance = math.fsum((share - mean) ** 2 for share in shares) / (n - 1)
    half = CONFIDENCE_Z * math.sqrt(variance / n)
    return Satisfaction(
        n,
        persons,
        _hundredths(mean),
        _hundredths(max(0.0, mean - half)),
        _hundredths(min(100.0, mean + half)),
    )


def _hundredths(value: float) -> Decimal:
    return Decimal(value).quantize(Decimal("0.01"), ROUND_HALF_UP)


def replies_needed(persons: int, *, enough: int = 30, percent: int = 20) -> int:
    """How many replies an index needs before it is published: 30, or a fifth of the persons served, whichever is fewer."""
    if persons <= 0:
        return enough
    return max(1, min(enough, -(-persons * percent // 100)))


def too_few(evaluation: Evaluation) -> list[str]:
    """The fields of a result that fewer than five persons stand behind; no reply and nobody served is no person either."""
    of_replies = ("satisfaction_n", "satisfaction_index", "satisfaction_low", "satisfaction_high")
    hidden = list(of_replies) if 0 < (evaluation.satisfaction_n or 0) < FEWEST_SHOWN else []
    return [
        *hidden,
        *(name for name in ("persons", "contacts") if 0 < (getattr(evaluation, name) or 0) < FEWEST_SHOWN),
    ]


# --- rules of the table of moves -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules compare, loaded under the lock."""

    today: date
    conflicts: Sequence[Problem] = ()
    sheets: Sequence[Any] = ()
    satisfaction: Satisfaction | None = None
    needed: int = 0
    appeal: Any = None
    contract_state: str = ""
    totals: ServiceTotals | None = None
    involved: frozenset[UUID] = frozenset()


def no_conflict(case: Case[Evaluation]) -> Iterable[Problem]:
    """The evaluator is nobody in the chain it scores."""
    yield from case.facts.conflicts


def statement_given(case: Case[Evaluation]) -> Iterable[Problem]:
    if case.data.get("no_conflict") is not True:
        yield Problem(
            "no_conflict_statement_missing",
            "须声明与被评项目各方无利益关系（data.no_conflict = true）。",
            "State that you have no conflict of interest (data.no_conflict = true).",
            "/data/no_conflict",
        )


def all_sides_scored(case: Case[Evaluation]) -> Iterable[Problem]:
    missing = sorted(set(ScoringSide) - {sheet.side for sheet in case.facts.sheets})
    if missing:
        yield Problem(
            "scores_missing",
            f"尚缺评分：{'、'.join(missing)}。",
            f"Scores are missing from: {', '.join(missing)}.",
            values={"sides": list(missing)},
        )


def residents_were_heard(case: Case[Evaluation]) -> Iterable[Problem]:
    """A final result needs enough replies of residents."""
    heard = case.facts.satisfaction
    if case.thing.phase == EvaluationPhase.FINAL and (heard is None or heard.n < case.facts.needed):
        n = heard.n if heard else 0
        yield Problem(
            "satisfaction_missing",
            f"满意度样本不足：需要 {case.facts.needed} 份，现有 {n} 份。",
            f"Too few replies on satisfaction: {case.facts.needed} are needed, there are {n}.",
            values={"needed": case.facts.needed, "n": n},
        )


def contract_waits(case: Case[Evaluation]) -> Iterable[Problem]:
    """A mid-term belongs to a running contract, a final evaluation to one whose close-out file is in."""
    final = case.thing.phase == EvaluationPhase.FINAL
    if case.facts.contract_state != ("final_evaluation" if final else "in_delivery"):
        yield Problem(
            "contract_not_ready",
            "合同状态与评估阶段不符（中期须在实施中，末期须已提交结项材料）。",
            "The contract is not in the state this evaluation needs.",
            values={"state": case.facts.contract_state},
        )


def appeal_window_open(case: Case[Evaluation]) -> Iterable[Problem]:
    if case.thing.appeal_until is not None and case.facts.today > case.thing.appeal_until:
        yield Problem(
            "appeal_too_late",
            f"申诉期已于 {case.thing.appeal_until} 届满。",
            f"The time to appeal ended on {case.thing.appeal_until}.",
            values={"appeal_until": str(case.thing.appeal_until)},
        )


def not_appealed_before(case: Case[Evaluation]) -> Iterable[Problem]:
    if case.facts.appeal is not None:
        yield Problem("appealed_before", "该结果已申诉过一次。", "This result has been appealed once.")


def result_stands(case: Case[Evaluation]) -> Iterable[Problem]:
    """Confirmed only when the time to appeal is over, an appeal was decided, or the supplier has taken the result."""
    thing, facts = case.thing, case.facts
    answered = thing.waived_at is not None or facts.appeal is not None or thing.appeal_until is None
    if not answered and facts.today <= thing.appeal_until:
        yield Problem(
            "appeal_window_open",
            f"申诉期至 {thing.appeal_until}，期满或承接方接受结果后方可确认。",
            f"The supplier may appeal until {thing.appeal_until}, unless it accepts the result.",
            values={"appeal_until": str(thing.appeal_until)},
        )


def another_handler(case: Case[Evaluation]) -> Iterable[Problem]:
    """Whoever scored, assigned or appealed does not decide the appeal."""
    if case.actor.account_id is not None and case.actor.account_id in case.facts.involved:
        yield Problem(
            "handler_involved",
            "申诉须由未参与本次评估的人员处理。",
            "An appeal is decided by somebody who had no part in the evaluation.",
        )
