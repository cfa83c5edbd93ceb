"""What may be expressed, awarded and confirmed, judged without a database."""

from dataclasses import replace
from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.kernel.actor import Actor
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.negotiations import rules
from app.negotiations.rules import AwardFacts, IntentFacts, Proposal
from app.negotiations.talks import difference

FULL = Problem("H_CAPACITY", "承接余量不足。", "No free place.")
PROPOSAL = Proposal(
    project_state="negotiating",
    budget_fen=3_000_000,
    amount_fen=2_800_000,
    agreed_fen=2_800_000,
    method="request_for_quotation",
    channel="purchase",
    reason="",
    intent_state="shortlisted",
    talked=True,
    bidders=2,
    allowed_methods=["request_for_quotation", "open", "direct_award", "claim"],
    least_bidders=1,
    scorers=0,
    statement=False,
    gates=(),
)


def codes(problems: Any) -> list[str]:
    return [problem.code for problem in problems]


def test_a_shortlisted_pair_that_talked_may_be_awarded() -> None:
    assert rules.proposal(PROPOSAL) == []


def test_everything_that_stands_against_an_award_is_named_at_once() -> None:
    hopeless = replace(
        PROPOSAL,
        project_state="contracted",
        amount_fen=3_100_000,
        talked=False,
        bidders=0,
        method="open",
        least_bidders=2,
        statement=None,
        gates=(FULL,),
    )
    assert codes(rules.proposal(hopeless)) == [
        "project_not_open",
        "above_budget",
        "above_agreed_terms",
        "talk_required",
        "too_few_bidders",
        "conflict_statement_missing",
        "H_CAPACITY",
    ]


def test_the_award_never_exceeds_the_terms_both_sides_accepted() -> None:
    assert codes(rules.proposal(replace(PROPOSAL, agreed_fen=2_700_000))) == ["above_agreed_terms"]
    assert codes(rules.proposal(replace(PROPOSAL, agreed_fen=None))) == []


@pytest.mark.parametrize("state", ["expressed", "accepted", "scheduled", None])
def test_an_award_needs_a_talk_confirmed_by_both(state: str | None) -> None:
    assert codes(rules.proposal(replace(PROPOSAL, intent_state=state, talked=False))) == ["talk_required"]


def test_a_direct_award_needs_a_written_reason_instead_of_a_talk() -> None:
    direct = replace(PROPOSAL, method="direct_award", intent_state=None, talked=False, agreed_fen=None)
    assert codes(rules.proposal(direct)) == ["reason_required"]
    assert rules.proposal(replace(direct, reason="防汛应急，须当日进场，其他机构无法到位")) == []


def test_a_claim_rests_on_the_organizations_own_claim() -> None:
    claim = replace(
        PROPOSAL,
        method="claim",
        channel="claim",
        reason="诚信社会组织认领微小需求",
        talked=False,
        agreed_fen=None,
    )
    assert codes(rules.proposal(replace(claim, intent_state=None))) == ["claim_required"]
    assert rules.proposal(replace(claim, intent_state="accepted")) == []


def test_the_amount_band_decides_which_methods_and_how_many_bidders() -> None:
    assert codes(
        rules.proposal(replace(PROPOSAL, method="single_source", reason="唯一具备资质的机构，已公示"))
    ) == ["method_not_allowed"]
    assert codes(rules.proposal(replace(PROPOSAL, least_bidders=3))) == ["too_few_bidders"]


def test_a_grant_round_is_scored_by_three_experts_at_least() -> None:
    grant = replace(PROPOSAL, channel="grant_round", scorers=2)
    assert codes(rules.proposal(grant)) == ["scores_required"]
    assert rules.proposal(replace(grant, scorers=3)) == []


def test_who_declared_a_relation_steps_back() -> None:
    assert codes(rules.conflict_free(True)) == ["conflict_declared"]
    assert codes(rules.conflict_free(None)) == ["conflict_statement_missing"]
    assert rules.conflict_free(False) == []


def test_only_organizations_in_good_credit_may_claim() -> None:
    good = {
        "credit_status": "normal",
        "annual_inspection": {2024: "不合格", 2025: "合格"},
        "rating": "3A",
        "rating_valid_until": date(2026, 12, 31),
    }
    on = date(2026, 6, 1)
    assert rules.claim_in_good_credit(good, on) == []
    for spoiled in (
        {"credit_status": "abnormal_list"},
        {"annual_inspection": {2024: "合格", 2025: "基本合格"}},
        {"annual_inspection": {}},
        {"rating": "2A"},
        {"rating_valid_until": date(2026, 5, 31)},
    ):
        assert codes(rules.claim_in_good_credit(good | spoiled, on)) == ["claim_needs_good_credit"], spoiled


def test_the_fourth_unanswered_intent_of_a_day_is_refused() -> None:
    assert rules.pending_within_limit(2, 3) == []
    assert codes(rules.pending_within_limit(3, 3)) == ["intents_pending_max"]


def test_interest_is_taken_up_to_the_last_day_and_not_after() -> None:
    last = date(2026, 6, 1)
    assert rules.before_deadline(last, date(2026, 6, 1)) == []
    assert codes(rules.before_deadline(last, date(2026, 6, 2))) == ["intents_closed"]
    assert rules.before_deadline(None, date(2030, 1, 1)) == []


def award_case(actor: Actor, **changes: Any) -> Case[Any]:
    proposer = uuid4()
    award: Any = SimpleNamespace(notice_to=date(2026, 6, 5), open_challenges=0, proposed_by=proposer)
    for name in set(changes) & set(vars(award)):
        setattr(award, name, changes[name])
    statements = changes.get("statements", {actor.account_id: False})
    facts = AwardFacts(changes.get("gates", ()), statements, changes.get("today", date(2026, 6, 6)))
    return Case(award, actor, facts=facts)


def confirmed(case: Case[Any]) -> list[str]:
    from app.negotiations.lifecycle import AWARDS

    line = AWARDS.line("notice", "confirm")
    assert line is not None
    return codes(AWARDS.judge(line, case))


def test_an_award_is_confirmed_after_its_notice_by_another_person_without_a_challenge() -> None:
    officer = Actor(uuid4(), "区民政局 程岚")
    assert confirmed(award_case(officer)) == []
    assert confirmed(award_case(officer, today=date(2026, 6, 5))) == ["notice_running"]
    assert confirmed(award_case(officer, open_challenges=1)) == ["challenge_open"]
    assert confirmed(award_case(officer, proposed_by=officer.account_id)) == ["same_person"]
    assert confirmed(award_case(officer, statements={})) == ["conflict_statement_missing"]
    assert confirmed(award_case(officer, gates=(FULL,))) == ["H_CAPACITY"]


def test_a_meeting_is_set_for_a_moment_to_come() -> None:
    facts = IntentFacts("negotiating", datetime(2026, 6, 1, tzinfo=UTC))
    past, future = datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
    thing: Any = SimpleNamespace()
    assert codes(rules.meets_later(Case(thing, Actor(None, ""), {}, facts))) == ["meets_at_required"]
    assert codes(rules.meets_later(Case(thing, Actor(None, ""), {"meets_at": past}, facts))) == [
        "meets_at_past"
    ]
    assert not list(rules.meets_later(Case(thing, Actor(None, ""), {"meets_at": future}, facts)))


def test_two_versions_of_the_terms_are_compared_field_by_field() -> None:
    old = {"amount_yuan": "30000.00", "outputs": [{"indicator": "个案", "target": "20"}], "staff": "两名社工"}
    new = {
        "amount_yuan": "28000.00",
        "outputs": [{"indicator": "个案", "target": "25"}, {"indicator": "小组", "target": "4"}],
        "starts_on": "2026-09-01",
    }
    assert [(c.pointer, c.old, c.new) for c in difference(old, new)] == [
        ("/amount_yuan", "30000.00", "28000.00"),
        ("/outputs/0/target", "20", "25"),
        ("/outputs/1", None, {"indicator": "小组", "target": "4"}),
        ("/staff", "两名社工", None),
        ("/starts_on", None, "2026-09-01"),
    ]
    assert difference(old, old) == []
