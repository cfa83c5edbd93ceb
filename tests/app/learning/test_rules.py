"""What an outcome says, and when a fitted ranker may rank. No database."""

from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from app.learning import rules
from app.learning.rules import Trace
from matching import FACTORS, Weights
from matching.learning import GAINS, blended, curve_of


@pytest.mark.parametrize(
    ("trace", "result"),
    [
        (Trace(), "shown"),
        (Trace(intents=frozenset({"expressed"})), "shown"),
        (Trace(intents=frozenset({"withdrawn"})), "shown"),
        (Trace(intents=frozenset({"declined"})), "declined"),
        (Trace(intents=frozenset({"declined", "talked"})), "accepted"),
        (Trace(moved=-2), "accepted"),
        (Trace(moved=3), "declined"),
        (Trace(intents=frozenset({"lost"}), moved=3), "accepted"),
        (Trace(intents=frozenset({"won"}), awarded=True), "awarded"),
        (Trace(awarded=True, contract="in_delivery"), "awarded"),
        (Trace(awarded=True, contract="terminated"), "accepted"),
        (Trace(awarded=True, contract="settled"), "delivered"),
        (Trace(awarded=True, contract="closed", grade="pass"), "delivered"),
        (Trace(awarded=True, contract="closed", grade="good"), "succeeded"),
        (Trace(awarded=True, grade="excellent", satisfaction=Decimal(88)), "succeeded"),
        (Trace(awarded=True, grade="excellent", satisfaction=Decimal(71)), "delivered"),
        (Trace(awarded=True, grade="fail"), "declined"),
        (Trace(awarded=True, contract="failed"), "declined"),
    ],
)
def test_the_last_stage_has_the_last_word(trace: Trace, result: str) -> None:
    assert rules.result_of(trace) == result
    assert result in GAINS


def test_the_shares_behind_the_points_come_back_under_plain_weights_and_under_curves() -> None:
    shares = [k / 8 for k in range(8)]
    plain = Weights()
    points = [plain.points[name] * share for name, share in zip(FACTORS, shares, strict=True)]
    assert rules.shares_of([*points, 3.0], plain) == pytest.approx(shares)
    rising = [[(step / 64) ** 2 * (row + 1) for step in range(65)] for row in range(8)]
    curved = blended(plain, np.array(rising), 0.8, "v")
    points = [
        round(curve_of(curved, name)[round(share * 64)] * 1024) / 1024
        for name, share in zip(FACTORS, shares, strict=True)
    ]
    assert rules.shares_of([*points, 0.0], curved) == pytest.approx(shares, abs=1 / 64)


def test_a_candidate_needs_a_report_that_is_for_it_and_about_what_ranks_now() -> None:
    good = {"objections": [], "current": "expert/2026-1"}
    assert rules.unfit(good, "expert/2026-1") == []
    assert [p.code for p in rules.unfit(good, "learned/3")] == ["model_report_outdated"]
    worse = rules.unfit({**good, "objections": ["nDCG@10 gain is not sure"]}, "expert/2026-1")
    assert [p.code for p in worse] == ["model_not_better"]
    assert "gain is not sure" in worse[0].en and "不能启用" in worse[0].zh
    assert "model_not_better" in [p.code for p in rules.unfit({}, "expert/2026-1")], "no report, no trust"


def test_young_organizations_are_new_and_silent_ones_are_not() -> None:
    day = date(2026, 11, 1)
    assert rules.is_new(date(2025, 6, 1), day)
    assert not rules.is_new(date(2020, 6, 1), day)
    assert not rules.is_new(None, day)
