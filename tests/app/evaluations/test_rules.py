"""Schemes, results, grades with their caps, and what residents' replies amount to."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalogue.codes import EvaluationPhase, Grade
from app.evaluations import rules
from app.evaluations.models import Evaluation
from app.evaluations.rules import Facts
from app.kernel.actor import Actor
from app.kernel.lifecycle import Case

TODAY = date(2026, 11, 20)
FINAL = rules.default_criteria(EvaluationPhase.FINAL)
MIDTERM = rules.default_criteria(EvaluationPhase.MIDTERM)
SIDES = {str(side): weight for side, weight in rules.SIDE_WEIGHTS.items()}


def codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]


def case(
    evaluation: Evaluation, *, data: dict[str, Any] | None = None, actor: Actor | None = None, **facts: Any
) -> Case[Evaluation]:
    return Case(evaluation, actor or Actor(uuid4(), "somebody"), data or {}, Facts(TODAY, **facts))


@pytest.mark.parametrize("phase", list(EvaluationPhase))
def test_the_shipped_schemes_hold(phase: EvaluationPhase) -> None:
    assert rules.scheme_holds(phase, rules.default_criteria(phase), SIDES) == []


def test_weights_add_up_and_nobody_outweighs_the_residents() -> None:
    heavier = [dict(c, weight=26 if c["code"] == "outcome" else c["weight"]) for c in FINAL]
    assert codes(rules.scheme_holds("final", heavier, SIDES)) == [
        "weights_not_100",
        "satisfaction_weighs_less",
    ]
    unheard = [c for c in FINAL if c["code"] != "satisfaction"]
    assert "satisfaction_weighs_less" in codes(rules.scheme_holds("final", unheard, SIDES))
    assert codes(rules.scheme_holds("midterm", MIDTERM, SIDES | {"buyer": 30})) == ["side_weights_not_100"]
    assert "criterion_twice" in codes(rules.scheme_holds("midterm", [*MIDTERM, MIDTERM[0]], SIDES))


def sheet(**points: int | str) -> dict[str, Decimal]:
    return {code: Decimal(value) for code, value in points.items()}


FULL = sheet(completion=25, outcome=20, management=15, finance=15)


def test_a_sheet_scores_what_scorers_judge_and_nothing_else() -> None:
    assert rules.sheet_holds(FINAL, FULL) == []
    assert codes(rules.sheet_holds(FINAL, FULL | sheet(satisfaction=25))) == ["criterion_unknown"]
    assert codes(rules.sheet_holds(FINAL, FULL | sheet(outcome="20.5"))) == ["points_out_of_range"]
    missing = {code: value for code, value in FULL.items() if code != "finance"}
    assert [(p.code, p.pointer) for p in rules.sheet_holds(FINAL, missing)] == [
        ("points_missing", "/points/finance")
    ]


def test_the_result_weighs_the_three_sides_and_takes_satisfaction_from_the_residents() -> None:
    sheets = {
        "evaluator": sheet(completion=25, outcome=16, management=12, finance=15),
        "buyer": sheet(completion=20, outcome=20, management=15, finance=10),
        "supervisor": sheet(completion=25, outcome=10, management=10, finance=15),
    }
    # completion 24, outcome 15.6, management 12.2, finance 14, satisfaction 25 × 0.88
    assert rules.total(FINAL, SIDES, sheets, Decimal("88.00")) == Decimal("87.80")


def test_a_mid_term_without_enough_replies_takes_the_scorers_word() -> None:
    given_ = dict.fromkeys(SIDES, sheet(progress=40, management=25, finance=20, satisfaction=9))
    assert rules.total(MIDTERM, SIDES, given_, None) == Decimal("94.00")
    assert rules.total(MIDTERM, SIDES, given_, Decimal(100)) == Decimal("100.00")


@given(st.decimals(0, 100, places=2))
def test_full_points_and_an_index_give_what_the_weights_say(index: Decimal) -> None:
    result = rules.total(FINAL, SIDES, dict.fromkeys(SIDES, FULL), index)
    assert abs(result - (75 + index / 4)) <= Decimal("0.005")


@pytest.mark.parametrize(
    ("total", "index", "misuse", "grade"),
    [
        ("90.00", 95, False, Grade.EXCELLENT),
        ("89.99", 95, False, Grade.GOOD),
        ("80", None, False, Grade.GOOD),
        ("79.99", 95, False, Grade.PASS),
        ("60", 95, False, Grade.PASS),
        ("59.99", 95, False, Grade.FAIL),
        ("95", "59.99", False, Grade.PASS),
        ("95", 60, False, Grade.EXCELLENT),
        ("50", 40, False, Grade.FAIL),
        ("100", 100, True, Grade.FAIL),
    ],
)
def test_grades_and_their_caps(total: str, index: Any, misuse: bool, grade: Grade) -> None:
    heard = None if index is None else Decimal(index)
    assert rules.grade(Decimal(total), heard, misuse_of_funds=misuse) == grade


def test_the_index_of_replies_on_different_scales() -> None:
    heard = rules.satisfaction([(5, 5), (4, 5), (6, 10)], 40)
    assert (heard.n, heard.index) == (3, Decimal("80.00"))
    # standard error 20 / √3, z = 1.96: 80 ± 22.63, cut at 100
    assert (heard.low, heard.high) == (Decimal("57.37"), Decimal("100.00"))


def test_one_voice_has_no_interval_and_none_has_no_index() -> None:
    one = rules.satisfaction([(4, 5)], 3)
    assert (one.index, one.low, one.high) == (Decimal("80.00"), None, None)
    assert rules.satisfaction([], 3).index is None


@pytest.mark.parametrize(
    ("persons", "needed"), [(0, 30), (1, 1), (4, 1), (6, 2), (100, 20), (149, 30), (150, 30), (5000, 30)]
)
def test_thirty_replies_or_a_fifth_of_those_served(persons: int, needed: int) -> None:
    assert rules.replies_needed(persons) == needed


def final(**facts: Any) -> Evaluation:
    return Evaluation(phase="final", **facts)


def test_scoring_closes_with_three_sheets_and_the_residents_heard() -> None:
    sheets = [SimpleNamespace(side=side) for side in ("buyer", "evaluator")]
    heard = rules.satisfaction([(5, 5)] * 29, 1000)
    judged = case(final(), sheets=sheets, satisfaction=heard, needed=30)
    assert [dict(p.values) for p in rules.all_sides_scored(judged)] == [{"sides": ["supervisor"]}]
    assert codes(rules.residents_were_heard(judged)) == ["satisfaction_missing"]
    midterm = case(Evaluation(phase="midterm"), sheets=sheets, satisfaction=heard, needed=30)
    assert codes(rules.residents_were_heard(midterm)) == []


def test_a_result_stands_when_the_time_to_appeal_is_over_or_used() -> None:
    fresh = final(appeal_until=TODAY, waived_at=None)
    assert codes(rules.result_stands(case(fresh))) == ["appeal_window_open"]
    assert codes(rules.result_stands(case(final(appeal_until=TODAY - timedelta(1), waived_at=None)))) == []
    assert codes(rules.result_stands(case(fresh, appeal=object()))) == []
    assert codes(rules.appeal_window_open(case(fresh))) == []
    assert codes(rules.appeal_window_open(case(final(appeal_until=TODAY - timedelta(1))))) == [
        "appeal_too_late"
    ]
    assert codes(rules.not_appealed_before(case(fresh, appeal=object()))) == ["appealed_before"]


def test_whoever_had_a_part_does_not_decide_the_appeal() -> None:
    judge = Actor(uuid4(), "district")
    assert codes(
        rules.another_handler(case(final(), actor=judge, involved=frozenset({judge.account_id})))
    ) == ["handler_involved"]
    assert codes(rules.another_handler(case(final(), actor=judge))) == []


def test_an_evaluator_says_it_has_no_conflict_in_so_many_words() -> None:
    for said in ({}, {"no_conflict": False}, {"no_conflict": "yes"}):
        assert codes(rules.statement_given(case(final(), data=said))) == ["no_conflict_statement_missing"]
    assert codes(rules.statement_given(case(final(), data={"no_conflict": True}))) == []
