"""What a contract may say, when money may move, and what squares an account."""

import itertools
from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contracts import payment_rules, rules
from app.contracts.models import WHOLE, Contract, Milestone, Tranche
from app.contracts.rules import Facts
from app.kernel.actor import Actor
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case

NOW = datetime(2026, 5, 4, tzinfo=UTC)
TODAY = date(2026, 5, 4)


def contract(**changes: Any) -> Contract:
    facts: dict[str, Any] = {
        "state": "in_delivery",
        "amount_fen": 10_000_000,
        "award_fen": 10_000_000,
        "paid_fen": 0,
        "refunded_fen": 0,
        "starts_on": date(2026, 3, 1),
        "ends_on": date(2027, 2, 28),
        "sign_by": date(2026, 6, 1),
        "signed_at": NOW,
        "needed_sides": ["buyer", "supplier"],
        "signed_sides": [],
        "signer_ids": [],
    }
    return Contract(**facts | changes)


def tranche(seq: int, share: int, amount_fen: int, trigger: str, *, paid: bool = False) -> Tranche:
    return Tranche(
        seq=seq, share=share, amount_fen=amount_fen, trigger=trigger, paid_at=NOW if paid else None
    )


def plan(*, paid: int = 0) -> list[Tranche]:
    """5:3:2 of ¥100,000, the first `paid` tranches paid."""
    parts = (
        (5000, 5_000_000, "signed"),
        (3000, 3_000_000, "midterm_passed"),
        (2000, 2_000_000, "final_passed"),
    )
    return [tranche(i, *part, paid=i <= paid) for i, part in enumerate(parts, start=1)]


def case(
    thing: Contract, *, actor: Actor | None = None, data: dict[str, Any] | None = None, **facts: Any
) -> Case[Contract]:
    return Case(thing, actor or Actor(uuid4(), "street"), data or {}, Facts(TODAY, **facts))


def codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]


@given(st.integers(0, 10**13), st.lists(st.integers(1, WHOLE - 1), min_size=0, max_size=11, unique=True))
def test_the_tranches_of_any_amount_add_up_to_the_last_fen(amount: int, cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), WHOLE]
    shares = [after - before for before, after in itertools.pairwise(edges)]
    parts = payment_rules.split(amount, shares)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    assert all(
        abs(part - amount * share / WHOLE) <= len(shares) for part, share in zip(parts, shares, strict=True)
    )


def test_five_three_two_of_an_odd_amount() -> None:
    assert payment_rules.split(10_001, [5000, 3000, 2000]) == [5000, 3000, 2001]


def test_shares_that_are_not_a_whole_are_never_split() -> None:
    with pytest.raises(ValueError, match="whole"):
        payment_rules.split(100, [5000, 3000])
    assert codes(payment_rules.plan_adds_up([5000, 3000])) == ["tranches_not_100_percent"]


@given(st.integers(0, 10**12), st.integers(0, 2))
def test_after_an_amendment_what_is_paid_stays_and_the_sum_is_the_new_amount(
    raise_fen: int, paid: int
) -> None:
    tranches = plan(paid=paid)
    amounts = payment_rules.respread(10_000_000 + raise_fen, tranches)
    assert sum(amounts) == 10_000_000 + raise_fen
    assert amounts[:paid] == [t.amount_fen for t in tranches[:paid]]


def test_an_amount_below_what_is_paid_cannot_be_spread() -> None:
    with pytest.raises(ValueError, match="carry"):
        payment_rules.respread(7_000_000, plan(paid=2))
    with pytest.raises(ValueError, match="carry"):
        payment_rules.respread(10_000_001, plan(paid=3))


def test_default_plan_frees_the_middle_by_mid_terms() -> None:
    assert [(s, str(t)) for s, t in payment_rules.default_plan((50, 30, 20))] == [
        (5000, "signed"),
        (3000, "midterm_passed"),
        (2000, "final_passed"),
    ]
    assert [str(t) for _, t in payment_rules.default_plan((60, 40))] == ["signed", "final_passed"]
    assert [str(t) for _, t in payment_rules.default_plan((100,))] == ["final_passed"]


def terms(**changes: Any) -> list[str]:
    facts: dict[str, Any] = {
        "amount_fen": 100,
        "award_fen": 100,
        "budget_fen": 100,
        "starts_on": date(2026, 3, 1),
        "ends_on": date(2027, 3, 1),
    }
    return codes(rules.terms_hold(**facts | changes))


def test_amount_award_and_budget_are_a_staircase() -> None:
    assert terms() == []
    assert terms(amount_fen=101) == ["amount_above_award", "amount_above_budget"]
    assert terms(award_fen=101) == ["amount_above_budget"]


def test_a_contract_runs_twelve_months_and_three_years_only_with_proof() -> None:
    assert terms(ends_on=date(2027, 3, 2)) == ["term_too_long"]
    assert terms(ends_on=date(2029, 3, 1), longest_months=36) == []
    assert terms(ends_on=date(2026, 3, 1)) == ["ends_before_start"]


def test_months_end_with_the_month() -> None:
    assert rules.months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert rules.months_after(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert rules.months_after(date(2026, 12, 15), 12) == date(2027, 12, 15)


def test_a_tranche_waits_for_its_trigger() -> None:
    first, second, last = plan()
    assert codes(payment_rules.payable(contract(state="active"), first)) == []
    assert codes(payment_rules.payable(contract(), second)) == ["trigger_not_reached"]
    assert codes(payment_rules.payable(contract(midterm_passed_at=NOW), second)) == []
    assert codes(payment_rules.payable(contract(midterm_passed_at=NOW), last)) == ["trigger_not_reached"]
    assert codes(payment_rules.payable(contract(state="accepted", final_passed_at=NOW), last)) == []


def test_a_tranche_is_paid_once() -> None:
    assert codes(payment_rules.payable(contract(), plan(paid=1)[0])) == ["tranche_paid"]
    assert codes(payment_rules.payable(contract(), None)) == ["no_such_tranche"]


@pytest.mark.parametrize(
    "state", ["draft", "partly_signed", "suspended", "failed", "settled", "closed", "terminated", "void"]
)
def test_nothing_is_paid_when_the_contract_does_not_stand(state: str) -> None:
    assert "payment_not_in_this_state" in codes(payment_rules.payable(contract(state=state), plan()[0]))


def test_all_reasons_are_told_at_once() -> None:
    stopped = contract(state="suspended", payment_stopped="中期评估逾期")
    found = codes(payment_rules.payable(stopped, plan(paid=2)[1]))
    assert found == ["tranche_paid", "payment_not_in_this_state", "payment_stopped", "trigger_not_reached"]


def test_no_more_comes_back_than_was_paid() -> None:
    some = contract(paid_fen=500, refunded_fen=200)
    assert codes(payment_rules.refundable(some, 300)) == []
    assert codes(payment_rules.refundable(some, 301)) == ["refund_above_paid"]


def test_signing_needs_time_the_award_and_the_gates() -> None:
    late = contract(sign_by=date(2026, 5, 3))
    gate = Problem("H_CREDIT", "列入异常名录。", "Listed.")
    assert codes(rules.signed_in_time(case(late))) == ["signing_overdue"]
    assert codes(rules.gates_hold(case(contract(), gates=(gate,)))) == ["H_CREDIT"]
    assert codes(rules.within_award(case(contract(), award_active=False))) == ["award_not_active"]
    assert "amount_above_award" in codes(rules.within_award(case(contract(amount_fen=10_000_001))))


def test_one_person_does_not_sign_for_two_sides() -> None:
    both = Actor(uuid4(), "two hats")
    signed = contract(signer_ids=[both.account_id])
    assert codes(rules.one_person_one_side(case(signed, actor=both))) == ["one_person_one_side"]
    assert codes(rules.one_person_one_side(case(contract(), actor=both))) == []


def test_delivery_starts_on_its_day_with_the_first_money_out() -> None:
    early = contract(starts_on=date(2026, 5, 5))
    assert codes(rules.start_reached(case(early))) == ["before_start"]
    assert codes(rules.first_tranche_released(case(early, tranches=plan()))) == ["first_tranche_unpaid"]
    assert codes(rules.first_tranche_released(case(early, tranches=plan(paid=1)))) == []
    on_completion = [tranche(1, WHOLE, 10_000_000, "final_passed")]
    assert codes(rules.first_tranche_released(case(early, tranches=on_completion))) == []


def test_a_contract_without_a_mid_term_tranche_needs_no_mid_term() -> None:
    assert codes(rules.midterm_is_done(case(contract(), tranches=plan()))) == ["midterm_missing"]
    assert codes(rules.midterm_is_done(case(contract(midterm_passed_at=NOW), tranches=plan()))) == []
    two = [tranche(1, 6000, 6_000_000, "signed"), tranche(2, 4000, 4_000_000, "final_passed")]
    assert codes(rules.midterm_is_done(case(contract(), tranches=two))) == []


def milestone(**changes: Any) -> Milestone:
    facts = {"seq": 1, "title": "上门探访 200 次", "type": "delivery", "status": "met", "evidence": ["a"]}
    return Milestone(**facts | changes)


@pytest.mark.parametrize(
    ("changes", "open_"),
    [
        ({}, False),
        ({"status": "scheduled"}, True),
        ({"evidence": []}, True),
        ({"status": "partially_met", "evidence": []}, True),
        ({"status": "not_met", "evidence": []}, False),
        ({"type": "assessment", "status": "scheduled", "evidence": []}, False),
        ({"type": "reporting", "status": "scheduled"}, True),
    ],
)
def test_close_out_needs_every_promised_step_judged_and_proven(changes: dict[str, Any], open_: bool) -> None:
    found = codes(rules.milestones_have_evidence(case(contract(), milestones=[milestone(**changes)])))
    assert found == (["milestone_open"] if open_ else [])


def settle(thing: Contract, **data: Any) -> list[str]:
    paid = 3 if thing.paid_fen == thing.amount_fen else 2
    return codes(payment_rules.account_squares(case(thing, data=data, tranches=plan(paid=paid))))


def test_an_accepted_contract_settles_when_everything_is_paid() -> None:
    accepted = {"state": "accepted", "final_passed_at": NOW}
    assert settle(contract(**accepted, paid_fen=10_000_000)) == []
    assert settle(contract(**accepted, paid_fen=8_000_000)) == ["tranche_unpaid"]


def test_unspent_money_comes_back_with_a_voucher() -> None:
    done = contract(state="accepted", final_passed_at=NOW, paid_fen=10_000_000)
    assert settle(done, settlement_fen=9_000_000) == ["settlement_transfer_missing"]
    assert settle(done, settlement_fen=9_000_000, voucher="T-9") == []


def test_a_failed_contract_is_settled_by_what_was_accepted() -> None:
    failed = contract(state="failed", paid_fen=8_000_000)
    assert codes(payment_rules.settlement_named(case(failed))) == ["settlement_missing"]
    assert settle(failed, settlement_fen=8_000_000) == []
    assert settle(failed, settlement_fen=6_000_000, voucher="T-7") == []
    assert settle(failed, settlement_fen=10_000_001, voucher="T-8") == [
        "settlement_above_contract",
        "paid_above_contract",
    ]


def test_completion_is_the_mean_of_what_was_promised_and_never_adds_persons_to_contacts() -> None:
    outputs = [
        {"indicator": "服务人数", "unit": "person", "target": "50"},
        {"indicator": "服务人次", "unit": "contact", "target": 400, "service_method": "visit"},
        {"indicator": "满意度", "unit": "percent", "target": 90},
    ]
    counted = {("persons", None): 25, ("contacts", None): 900, ("contacts", "visit"): 300}
    assert rules.completion(outputs, counted) == Decimal("62.5")
    assert rules.completion(outputs, {("persons", None): 500, ("contacts", "visit"): 4000}) == 100
    assert rules.completion([outputs[2]], counted) is None


def test_one_body_under_two_kinds_is_one_body() -> None:
    one = SimpleNamespace(id=uuid4(), uscc="5132X", normal_name="春晖社工")
    same_code = SimpleNamespace(id=uuid4(), uscc="5132X", normal_name="春晖社会工作服务中心")
    same_name = SimpleNamespace(id=uuid4(), uscc=None, normal_name="春晖社工")
    other = SimpleNamespace(id=uuid4(), uscc=None, normal_name="夕阳红")
    assert rules.same_body(one, same_code)
    assert rules.same_body(one, same_name)
    assert not rules.same_body(one, other)
