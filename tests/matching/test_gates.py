"""Hard gates: one story per gate, alone and in blocks, and nothing unknown excludes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import CODES, Engagement, GateRules, Organization, Project, gates

DAY = date(2026, 1, 1)
PROJECT = Project(
    "p",
    "失智老人家庭照护者喘息支持",
    category="elderly_care",
    district="玄武区",
    buyer="street",
    procuring_entity="community",
    funders=("fund",),
    budget_fen=5_000_000,
    min_rating="3A",
    min_certified_social_workers=2,
    required_qualifications=("食品经营许可",),
)
ORGANIZATION = Organization(
    "o",
    "照护中心",
    categories=("elderly_care",),
    service_areas=("玄武区",),
    legal_person=True,
    credit_status="normal",
    annual_inspection={2024: "合格", 2025: "合格"},
    rating="4A",
    rating_valid_until=date(2028, 1, 1),
    certified_total=3,
    qualifications=("食品经营许可",),
    capacity_max=3,
    active_engagements=2,
    preferred_budget_min=1_000_000,
)

BROKEN: dict[str, dict[str, Any]] = {
    "H_CREDIT": {"credit_status": "abnormal_list"},
    "H_LEGAL": {"legal_person": False},
    "H_INSPECT": {"annual_inspection": {2024: "合格", 2025: "未参加"}},
    "H_CAPACITY": {"active_engagements": 3},
    "H_RATING": {"rating_valid_until": date(2025, 12, 31)},
    "H_SW": {"certified_total": 1},
    "H_QUAL": {"qualifications": ("心理咨询师",)},
    "H_AREA": {"service_areas": ("鼓楼区",)},
    "H_SCOPE": {"categories": ("culture_recreation",)},
    "H_COI": {"conflicts": ("community",)},
    "H_ROLE": {"role": "evaluator"},
    "H_DUP": {"engagements": (Engagement("失智老人家庭照护者喘息支持（一期）", "street"),)},
}


def codes(project: Project, organization: Organization, **options: Any) -> list[str]:
    return [failure.code for failure in gates([(project, organization)], as_of=DAY, **options)[0]]


def test_an_organization_that_meets_every_rule_passes() -> None:
    assert codes(PROJECT, ORGANIZATION) == []


@pytest.mark.parametrize(("code", "changed"), BROKEN.items())
def test_each_broken_rule_is_named_with_the_values_compared(code: str, changed: dict[str, Any]) -> None:
    failure = gates([(PROJECT, replace(ORGANIZATION, **changed))], as_of=DAY)[0]
    assert [one.code for one in failure] == [code]
    assert failure[0].rule_zh and failure[0].rule_en and failure[0].required and failure[0].actual


def test_the_values_compared_are_the_true_ones() -> None:
    failure = gates([(PROJECT, replace(ORGANIZATION, certified_total=1))], as_of=DAY)[0][0]
    assert (failure.required, failure.actual) == ("2", "1")


def test_all_broken_rules_are_told_at_once() -> None:
    everything = {name: value for changed in BROKEN.values() for name, value in changed.items()}
    assert codes(PROJECT, replace(ORGANIZATION, **everything)) == [c for c in CODES if c in BROKEN]


def test_what_is_unknown_does_not_exclude() -> None:
    assert (
        codes(replace(PROJECT, min_rating=None, required_qualifications=()), Organization("o", "新机构"))
        == []
    )


def test_a_valid_rating_is_needed_on_the_day_not_yesterday() -> None:
    last_day = replace(ORGANIZATION, rating_valid_until=DAY)
    assert codes(PROJECT, last_day) == []
    assert gates([(PROJECT, last_day)], as_of=date(2026, 1, 2))[0][0].code == "H_RATING"


def test_a_barely_passed_inspection_excludes_only_where_the_district_says_so() -> None:
    barely = replace(ORGANIZATION, annual_inspection={2025: "基本合格"})
    assert codes(PROJECT, barely) == []
    assert codes(PROJECT, barely, rules=GateRules(basic_inspection_fails=True)) == ["H_INSPECT"]


def test_the_organizations_own_minimum_counts_only_where_switched_on() -> None:
    dear = replace(ORGANIZATION, preferred_budget_min=9_000_000)
    assert codes(PROJECT, dear) == []
    assert codes(PROJECT, dear, rules=GateRules(own_minimum_counts=True)) == ["H_BUDGET"]


def test_a_district_may_leave_a_gate_out() -> None:
    far = replace(ORGANIZATION, service_areas=("高淳区",))
    assert codes(PROJECT, far, rules=GateRules(skipped=frozenset({"H_AREA"}))) == []


def test_serving_the_whole_city_serves_every_district_of_a_project() -> None:
    wide = replace(PROJECT, delivery_districts=("鼓楼区", "秦淮区"))
    assert codes(wide, ORGANIZATION) == ["H_AREA"]
    assert codes(wide, replace(ORGANIZATION, service_areas=("全市",))) == []


def test_the_same_work_for_another_buyer_is_not_a_duplicate() -> None:
    elsewhere = replace(ORGANIZATION, engagements=(Engagement(PROJECT.title, "another street"),))
    assert codes(PROJECT, elsewhere) == []


def test_the_evaluator_of_a_programme_may_work_for_nobody_in_it() -> None:
    assert codes(PROJECT, replace(ORGANIZATION, conflicts=("*",))) == ["H_COI"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sets(st.sampled_from(sorted(BROKEN)), max_size=4), min_size=1, max_size=6))
def test_a_block_of_pairs_is_judged_as_each_pair_alone(broken: list[set[str]]) -> None:
    pairs = []
    for number, names in enumerate(broken):
        changed = {field: value for code in sorted(names) for field, value in BROKEN[code].items()}
        pairs.append((replace(PROJECT, id=f"p{number}"), replace(ORGANIZATION, id=f"o{number}", **changed)))
    together = gates(pairs, as_of=DAY)
    assert [[f.code for f in one] for one in together] == [codes(*pair) for pair in pairs]
    assert [{f.code for f in one} for one in together] == broken


BETTER: list[dict[str, Any]] = [
    {"credit_status": "normal"},
    {"legal_person": True},
    {"annual_inspection": {2025: "合格"}},
    {"active_engagements": 0},
    {"rating": "5A", "rating_valid_until": date(2030, 1, 1)},
    {"certified_total": 50},
    {"qualifications": ("食品经营许可", "心理咨询师")},
    {"service_areas": ("全市",)},
    {"categories": ("elderly_care", "culture_recreation")},
    {"conflicts": ()},
    {"role": "supplier"},
    {"engagements": ()},
]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(BROKEN)), max_size=5), st.sampled_from(BETTER))
def test_getting_better_never_closes_a_gate(broken: set[str], better: dict[str, Any]) -> None:
    changed = {field: value for code in sorted(broken) for field, value in BROKEN[code].items()}
    before = replace(ORGANIZATION, **changed)
    assert set(codes(PROJECT, replace(before, **better))) <= set(codes(PROJECT, before))


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(sorted(BROKEN)), max_size=5))
def test_asking_for_less_never_closes_a_gate(broken: set[str]) -> None:
    changed = {field: value for code in sorted(broken) for field, value in BROKEN[code].items()}
    candidate = replace(ORGANIZATION, **changed)
    modest = replace(PROJECT, min_rating=None, min_certified_social_workers=0, required_qualifications=())
    told = codes(modest, candidate)
    assert set(told) == set(codes(PROJECT, candidate)) - {"H_RATING", "H_SW", "H_QUAL"}
