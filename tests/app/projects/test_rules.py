"""Rules of projects, without a database: what submitting asks, what admission checks, how a parent follows its lots."""

from datetime import date
from typing import Any

import pytest

from app.catalogue import lists
from app.catalogue.models import CatalogueItem
from app.editions.models import Edition
from app.editions.settings import EditionSettings
from app.funding.service import Part
from app.identity.roles import Role
from app.kernel.actor import Actor
from app.kernel.errors import Problem
from app.kernel.ids import uuid7
from app.kernel.lifecycle import Case, Rule
from app.projects import admission_rules, rules
from app.projects.facts import Facts
from app.projects.models import Project
from app.projects.similarity import Neighbourhood, Posted, Twin, shingles, similarity
from tests.factories import actors

EDITION = Edition(
    code="2026",
    call_opens_on=date(2026, 1, 5),
    call_closes_on=date(2026, 4, 30),
    stored_settings=EditionSettings().model_dump(mode="json"),
)
PLACE = "3201/320102/320102007"


def project(**changes: Any) -> Project:
    facts: dict[str, Any] = {
        "id": uuid7(),
        "number": "NJ2026-XW-0001",
        "title": "失智老人家庭照护者喘息支持项目",
        "description": "摸排疑似失智老人家庭，提供每周一次日间喘息照料和照护技能培训。",
        "need_analysis": "",
        "category": "elderly_care",
        "categories": [],
        "target_groups": ["disabled_elderly"],
        "area_path": PLACE,
        "district_path": "3201/320102",
        "contact_name": "程岚",
        "contact_phone": "13800000001",
        "budget_fen": 3_000_000,
        "is_estimate": False,
        "funding_parts": [{"source": "street_fiscal", "amount_fen": 3_000_000}],
        "period_months": 10,
        "outputs": [{"indicator": "喘息照料", "target": "400"}],
        "required_qualifications": [],
        "major_matter": False,
        "round": 1,
        "is_parent": False,
        "submitted_by": uuid7(),
    }
    return Project(**(facts | changes))


def broken(rule: Rule, thing: Project, actor: Actor | None = None, **facts: Any) -> list[str]:
    return [problem.code for problem in problems(rule, thing, actor, **facts)]


def problems(rule: Rule, thing: Project, actor: Actor | None = None, **facts: Any) -> list[Problem]:
    data = facts.pop("data", {})
    known = {"edition": EDITION, "today": date(2026, 3, 2), "negative": lists.negative_entries()} | facts
    return list(rule(Case(thing, actor or actors.district(), data, Facts(**known))))


def test_a_full_project_may_be_submitted() -> None:
    for rule in (rules.complete, rules.funding_adds_up, rules.period_told_once, rules.no_personal_data):
        assert broken(rule, project()) == []


def test_submitting_names_everything_that_is_missing_at_once() -> None:
    bare = project(
        title="助浴",
        description="",
        category=None,
        target_groups=[],
        outputs=[],
        contact_name=None,
        contact_phone=None,
        period_months=None,
    )
    pointers = [problem.pointer for problem in problems(rules.complete, bare)]
    assert pointers == [
        "/title",
        "/description",
        "/category",
        "/target_groups",
        "/contact_name",
        "/contact_phone",
        "/outputs",
        "/period_months",
    ]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"budget_fen": None}, "required_to_submit"),
        ({"budget_fen": 0}, "required_to_submit"),
        ({"is_estimate": True}, "budget_is_estimate"),
        ({"funding_parts": []}, "required_to_submit"),
        ({"budget_fen": 3_000_001}, "funding_does_not_add_up"),
    ],
)
def test_the_sources_add_up_to_a_fixed_budget(changes: dict[str, Any], code: str) -> None:
    assert broken(rules.funding_adds_up, project(**changes)) == [code]


def test_what_is_published_holds_no_personal_number() -> None:
    assert broken(rules.no_personal_data, project(description="联系张大爷13912345678，已登记。")) == [
        "personal_data_in_text"
    ]
    assert broken(rules.no_personal_data, project(description="身份证320102194001011234的老人")) == [
        "personal_data_in_text"
    ]
    assert broken(rules.no_personal_data, project(description="服务热线025-83312345，全年2000人次")) == []


@pytest.mark.parametrize(
    "text",
    ["承接方仅限本区注册的机构", "注册资金不低于50万元", "须具有本市户籍", "指定某某品牌", "限女性工作人员"],
)
def test_a_discriminatory_term_is_named(text: str) -> None:
    found = problems(admission_rules.terms_are_fair, project(description=text + "。"))
    assert [problem.code for problem in found] == ["discriminatory_term"]
    assert found[0].pointer == "/description"


def test_fair_terms_pass() -> None:
    fair = project(
        description="面向本区独居老人开展服务，限额30户，女性老人优先安排女护理员。",
        required_qualifications=["食品经营许可证", "护理员持证"],
    )
    assert broken(admission_rules.terms_are_fair, fair) == []


def test_a_requirement_beyond_permits_needs_a_reason() -> None:
    asked = project(required_qualifications=["三年以上助浴经验"])
    assert broken(admission_rules.terms_are_fair, asked) == ["requirement_without_reason"]
    asked.requirements_reason = "入户助浴有跌倒风险，须有经验的团队"
    assert broken(admission_rules.terms_are_fair, asked) == []


def test_negative_items_are_refused_by_list_and_by_their_words() -> None:
    listed = project(responsibility_list_type="negative")
    assert broken(admission_rules.not_negative, listed) == ["on_negative_list"]
    worded = project(title="小区违建拆违协助项目", description="协助开展拆迁拆违工作，并参与行政执法。")
    assert set(broken(admission_rules.not_negative, worded)) == {"on_negative_list"}
    assert broken(admission_rules.not_negative, project()) == []


def test_only_bought_work_enters_the_market() -> None:
    rule = admission_rules.for_the_market
    assert broken(rule, project(delivery_route="self_governed")) == ["not_for_the_market"]
    assert broken(rule, project(delivery_route="co_funded")) == []
    assert broken(rule, project(responsibility_list_type="committee_duty")) == ["duty_is_done_by_its_owner"]
    assert broken(rule, project(responsibility_list_type="government_assistance")) == []
    assert broken(rule, project(responsibility_list_type="off_list")) == []


def test_a_cited_catalogue_item_is_in_force_and_of_the_category() -> None:
    rule, cited = admission_rules.in_catalogue, project(catalogue_item_code="A0104")
    meals = CatalogueItem(code="A0104", category="elderly_care", retired_on=None)
    assert broken(rule, cited, catalogue_item=meals) == []
    assert broken(rule, cited) == ["not_in_catalogue"]
    retired = CatalogueItem(code="A0104", category="elderly_care", retired_on=date(2025, 1, 1))
    assert broken(rule, cited, catalogue_item=retired) == ["not_in_catalogue"]
    other = CatalogueItem(code="A0104", category="youth_development", retired_on=None)
    assert broken(rule, cited, catalogue_item=other) == ["catalogue_item_of_another_category"]


def test_money_is_proven_by_what_is_committed_or_by_lines_that_can_carry_it() -> None:
    rule, line = admission_rules.money_is_proven, Part(uuid7(), 3_000_000, "elderly_care")
    assert broken(rule, project()) == ["funding_not_proven"]
    assert broken(rule, project(), committed_fen=3_000_000) == []
    assert broken(rule, project(), committed_fen=2_999_999) == ["funding_not_proven"]
    assert broken(rule, project(), parts=(line,)) == []
    short = Problem("line_short", "", "")
    assert broken(rule, project(), funding_problems=(short,)) == ["line_short"]
    own = project(funding_parts=[{"source": "self", "amount_fen": 3_000_000}])
    assert broken(rule, own) == [], "what the supplier brings needs no line"


def test_the_same_work_for_the_same_place_is_a_duplicate_unless_somebody_says_why_not() -> None:
    rule, twin = admission_rules.not_posted_twice, Twin("NJ2026-XW-0002", "喘息支持", "published", 0.81)
    assert broken(rule, project(), duplicates=(twin,)) == ["duplicate"]
    assert broken(rule, project(), duplicates=(twin,), data={"not_duplicate": "二期，服务对象不同"}) == []
    draft = Twin("NJ2026-XW-0003", "喘息支持", "draft", 0.81)
    assert broken(rule, project(), duplicates=(draft,)) == [], "a draft commits nobody"
    refused = Twin("NJ2026-XW-0004", "喘息支持", "rejected", 0.81)
    assert broken(rule, project(), duplicates=(refused,)) == ["refused_before"]


def test_a_major_matter_has_minutes() -> None:
    rule = admission_rules.major_matter_was_decided
    assert broken(rule, project(major_matter=True)) == ["minutes_missing"]
    assert broken(rule, project(major_matter=True, major_matter_minutes="纪要〔2026〕3号")) == []


@pytest.mark.parametrize(
    ("months", "proof", "code"),
    [(12, None, []), (13, None, ["multi_year_proof_missing"]), (36, "三年财政规划", []), (37, "三年财政规划", ["term_too_long"])],
)  # fmt: skip
def test_a_term_is_a_year_or_three_with_a_secured_budget(
    months: int, proof: str | None, code: list[str]
) -> None:
    assert (
        broken(admission_rules.term_is_lawful, project(period_months=months, multi_year_proof=proof)) == code
    )


def test_a_term_told_by_dates_counts_as_well() -> None:
    dated = project(period_months=None, starts_on=date(2026, 3, 1), ends_on=date(2027, 4, 30))
    assert broken(admission_rules.term_is_lawful, dated) == ["multi_year_proof_missing"]
    twelve = project(period_months=12, starts_on=date(2026, 3, 1), ends_on=date(2027, 2, 28))
    assert broken(admission_rules.term_is_lawful, twelve) == []


def test_the_reviewer_is_another_person_than_the_submitter() -> None:
    reviewer, rule = actors.district(), admission_rules.another_person_reviews
    assert broken(rule, project(), reviewer) == []
    assert broken(rule, project(submitted_by=reviewer.account_id), reviewer) == ["reviewer_is_submitter"]
    assert broken(rule, project(created_by=reviewer.account_id), reviewer) == ["reviewer_is_submitter"]


def test_a_district_does_not_admit_what_it_buys_itself() -> None:
    rule = admission_rules.city_reviews_district
    assert broken(rule, project(), actors.district(), buyer_area=PLACE) == []
    assert broken(rule, project(), actors.district(), buyer_area=actors.XUANWU) == ["own_project_needs_city"]
    assert broken(rule, project(), actors.city(), buyer_area=actors.XUANWU) == []
    abroad = actors.official(Role.CITY_BUREAU, "3301")
    assert broken(rule, project(), abroad, buyer_area=actors.XUANWU) == ["own_project_needs_city"]


def test_publication_needs_an_open_call() -> None:
    rule = admission_rules.call_is_open
    assert broken(rule, project(), today=date(2026, 4, 30)) == []
    assert broken(rule, project(), today=date(2026, 5, 1)) == ["call_is_closed"]


def test_a_project_is_listed_three_times_at_most() -> None:
    assert broken(rules.relist_left, project(round=2)) == []
    assert broken(rules.relist_left, project(round=3)) == ["relisted_enough"]


def test_a_community_refuses_only_what_is_on_no_list() -> None:
    assert broken(rules.is_off_list, project(responsibility_list_type="off_list")) == []
    assert broken(rules.is_off_list, project(responsibility_list_type=None)) == []
    assert broken(rules.is_off_list, project(responsibility_list_type="government_assistance")) == [
        "task_is_on_a_list"
    ]


def test_first_day_last_day_and_months_tell_one_story() -> None:
    assert rules.period_fits(date(2026, 3, 1), date(2027, 2, 28), 12) == []
    assert rules.period_fits(date(2026, 3, 1), None, 12) == []
    [problem] = rules.period_fits(date(2026, 3, 1), date(2026, 8, 31), 12)
    assert problem.values == {"counted": 5, "period_months": 12}


@pytest.mark.parametrize(
    ("lots", "parent"),
    [
        (["draft", "published"], "draft"),
        (["in_delivery", "negotiating"], "negotiating"),
        (["closed", "withdrawn"], "closed"),
        (["withdrawn", "unsuccessful"], "unsuccessful"),
        (["withdrawn", "withdrawn"], "withdrawn"),
        (["suspended", "in_delivery"], "suspended"),
    ],
)
def test_a_parent_is_where_its_least_advanced_living_lot_is(lots: list[str], parent: str) -> None:
    assert rules.derived_state(lots) == parent


def posted(area_path: str, description: str, **changes: Any) -> Posted:
    facts = {
        "id": uuid7(),
        "number": "NJ2026-XW-0009",
        "title": "喘息支持",
        "description": description,
        "state": "published",
        "area_path": area_path,
        "parent_id": None,
    }
    return Posted(**(facts | changes))


TEXT = "摸排疑似失智老人家庭，提供每周一次日间喘息照料、照护技能培训和照护者互助小组，降低照护压力。"


def test_names_and_numbers_do_not_make_a_text_new() -> None:
    one = shingles("银杏里社区失智照护", "为46名老人开展400人次喘息照料。")
    other = shingles("北苑里社区失智照护", "为12名老人开展90人次喘息照料。")
    assert similarity(one, other) == 1.0
    assert similarity(one, shingles("青少年篮球联赛", "组织暑期篮球训练营与社区联赛。")) == 0.0


def test_the_scan_compares_a_project_with_its_own_place_what_holds_it_and_what_it_holds() -> None:
    here = project(title="喘息支持", description=TEXT)
    same, street_wide = posted(PLACE, TEXT), posted("3201/320102", TEXT)
    below, elsewhere = posted(PLACE + "/320102007-ab", TEXT), posted("3201/320102/320102001", TEXT)
    different = posted(PLACE, "组织暑期篮球训练营与社区青少年联赛，培训裁判与志愿者。")
    near = Neighbourhood([same, street_wide, below, elsewhere, different])
    assert {twin.similarity for twin in near.twins(here)} == {1.0}
    assert len(near.twins(here)) == 3


def test_lots_of_one_project_are_no_duplicates_of_each_other() -> None:
    parent = uuid7()
    lot = project(title="喘息支持", description=TEXT, parent_id=parent)
    assert (
        Neighbourhood([posted(PLACE, TEXT, parent_id=parent), posted(PLACE, TEXT, id=parent)]).twins(lot)
        == []
    )
