"""The demo fair is as large, as varied and as exact as a real one."""

import re
import statistics
from collections import Counter

import pytest
from stdnum.cn import uscc as public_check

from app.areas.gazetteer import Gazetteer
from app.catalogue.codes import Category, FundingSource, RegistrationType, resolve
from app.demo.generate import DemoFair, build
from app.demo.places import buyer_name, committee_name, registrar_codes
from app.demo.themes import category_names, themes
from app.demo.uscc import invented_uscc
from scripts.benches.demo_texts import names_in, share_of_duplicates

NEW_AREA_STREETS = {"泰山街道", "顶山街道", "沿江街道", "盘城街道", "葛塘街道", "大厂街道", "长芦街道"}


def test_the_fair_has_the_size_of_the_edition_it_imitates(fair: DemoFair) -> None:
    assert len(fair.projects) == 2_100
    assert len(fair.organizations) == 1_000
    assert len({street.district for street in fair.streets}) == 12
    assert len(fair.streets) == 140
    assert {(project.district, project.street) for project in fair.projects} == {
        (street.district, street.name) for street in fair.streets
    }


def test_the_streets_are_those_of_the_code_list(fair: DemoFair) -> None:
    gazetteer = Gazetteer.default()
    known = {
        (parent.name, street.name) for street in gazetteer.streets if (parent := gazetteer.parent(street))
    }
    assert {(street.district, street.name) for street in fair.streets} == known


def test_seven_streets_belong_to_the_new_area_and_to_no_other_district(fair: DemoFair) -> None:
    homes = {street.name: street.district for street in fair.streets if street.name in NEW_AREA_STREETS}
    assert homes == dict.fromkeys(NEW_AREA_STREETS, "江北新区")
    assert sum(street.district == "江北新区" for street in fair.streets) == 7


def test_every_street_has_two_to_six_communities_that_no_other_street_has(fair: DemoFair) -> None:
    assert all(2 <= len(street.communities) <= 6 for street in fair.streets)
    everywhere = [community for street in fair.streets for community in street.communities]
    assert len(everywhere) == len(set(everywhere))
    homes = {(street.name, community) for street in fair.streets for community in street.communities}
    assert {(project.street, project.community) for project in fair.projects} <= homes


def test_budgets_are_log_normal_around_25000_yuan_and_sum_to_70_million(fair: DemoFair) -> None:
    budgets = [project.budget_fen for project in fair.projects]
    assert 2_400_000 <= statistics.median(budgets) <= 2_600_000
    assert abs(sum(budgets) - 7_000_000_000) <= 0.02 * 7_000_000_000
    assert all(budget % 10_000 == 0 for budget in budgets), "a bureau states hundreds of yuan at the finest"
    assert statistics.mean(budgets) > statistics.median(budgets) * 1.2


def test_the_shares_of_every_posting_add_up_to_its_budget_to_the_fen(fair: DemoFair) -> None:
    for project in fair.projects:
        assert sum(project.funding.values()) == project.budget_fen
        assert all(fen > 0 for fen in project.funding.values())
        assert {FundingSource(source) for source in project.funding}
    assert {project.funding_tier for project in fair.projects} == {"city", "district", "street"}


def test_lottery_money_goes_to_elderly_care(fair: DemoFair) -> None:
    with_lottery = [project for project in fair.projects if "lottery_fund" in project.funding]
    assert len(with_lottery) > 50
    assert {project.category for project in with_lottery} == {"elderly_care"}


def test_elderly_care_and_protection_of_minors_lead_and_no_category_is_missing(fair: DemoFair) -> None:
    shares = Counter(project.category for project in fair.projects)
    assert [category for category, _ in shares.most_common(2)] == ["elderly_care", "minor_protection"]
    assert set(shares) == set(Category)
    assert {organization.categories[0] for organization in fair.organizations} == set(Category)


def test_every_word_of_the_lists_is_one_the_codes_know() -> None:
    for category, names in category_names().items():
        assert [resolve("category", name) for name in names] == [category] * len(names)
    for theme in themes():
        assert all(resolve("target_group", group) for group in theme.who), theme.key
        assert all(resolve("output_unit", act.unit) for act in theme.acts), theme.key


def test_descriptions_are_of_readable_length_and_leave_no_placeholder(fair: DemoFair) -> None:
    for project in fair.projects:
        assert 80 <= len(project.description) <= 250
        assert 4 <= len(project.title) <= 80
        assert not re.search(r"[\[\]{}|]|，，|。。|，。", project.description + project.title), (
            project.description
        )
    for organization in fair.organizations:
        assert 60 <= len(organization.capability) <= 300
        assert not re.search(r"[\[\]{}|]|，，|。。|，。", organization.capability), organization.capability


def test_fewer_than_one_text_in_twenty_is_a_near_copy_of_another(fair: DemoFair) -> None:
    names = names_in(fair)
    assert share_of_duplicates([project.description for project in fair.projects], names) < 0.05
    assert share_of_duplicates([one.capability for one in fair.organizations], names) < 0.05


def test_the_measure_sees_a_copy_that_differs_in_names_and_figures_only() -> None:
    first = "为银杏里社区独居老人42人每周上门探访，查看水电煤气和药品，发现异常两小时内报社区。"
    second = "为梅园里社区独居老人87人每周上门探访，查看水电煤气和药品，发现异常两小时内报社区。"
    other = "组织青少年航模、编程和物理小实验课，暑期举办一场科创比赛，请退休工程师授课。"
    names = ["银杏里社区", "梅园里社区"]
    assert share_of_duplicates([first, second, other], names) == pytest.approx(2 / 3)


def test_credit_codes_are_valid_and_of_the_made_up_range(fair: DemoFair) -> None:
    codes = [organization.uscc for organization in fair.organizations]
    assert len(set(codes)) == len(codes)
    assert all(public_check.is_valid(code) for code in codes)
    assert all(code[8:12] == "XX99" for code in codes)
    areas = {"320100", *registrar_codes().values()}
    assert {code[2:8] for code in codes} <= areas
    prefixes = {"社会服务机构": "52", "社会团体": "51", "基金会": "53"}
    assert all(one.uscc.startswith(prefixes[one.registration_type]) for one in fair.organizations)
    assert all(RegistrationType(str(resolve("registration_type", kind))) for kind in prefixes)


def test_a_known_code_of_the_range_is_reproduced() -> None:
    assert invented_uscc("52", "320102", 1) == "52320102XX9900013H"


def test_names_of_organizations_are_all_different(fair: DemoFair) -> None:
    assert len({organization.name for organization in fair.organizations}) == 1_000


def test_the_organizations_could_take_all_projects_with_some_room_left(fair: DemoFair) -> None:
    free = sum(one.capacity_max - one.active_engagements for one in fair.organizations)
    assert 2_100 < free < 3_000
    assert all(0 <= one.active_engagements <= one.capacity_max for one in fair.organizations)
    assert any(one.active_engagements == one.capacity_max for one in fair.organizations)


def test_most_organizations_are_in_good_standing_and_some_are_not(fair: DemoFair) -> None:
    standing = Counter(one.credit_status for one in fair.organizations)
    assert standing["normal"] > 950
    assert standing["abnormal_list"] and standing["serious_illegality_list"]
    assert any(one.rating is None for one in fair.organizations)
    assert any("不合格" in one.annual_inspection.values() for one in fair.organizations)


def test_licensed_workers_are_part_of_the_staff(fair: DemoFair) -> None:
    assert all(one.certified_total <= one.fulltime_staff for one in fair.organizations)


def test_no_contact_is_a_real_person_or_number(fair: DemoFair) -> None:
    assert all(re.fullmatch(r"025-0000\d{4}", project.contact_phone) for project in fair.projects)
    assert all(re.fullmatch(r".(老师|主任|科长|社工)", project.contact_name) for project in fair.projects)


@pytest.mark.parametrize(
    ("street", "buyer"),
    [
        ("锁金村街道", "南京市玄武区锁金村街道办事处"),
        ("竹镇镇", "南京市玄武区竹镇镇人民政府"),
        ("徐庄高新技术产业开发区", "南京市玄武区徐庄高新技术产业开发区管理委员会"),
    ],
)
def test_the_buyer_is_the_office_of_the_street(street: str, buyer: str) -> None:
    assert buyer_name("玄武区", street) == buyer


def test_a_village_has_a_villagers_committee() -> None:
    assert committee_name("上圩村") == "上圩村村民委员会"
    assert committee_name("银杏里社区") == "银杏里社区居民委员会"


def test_the_same_seed_tells_the_same_story_and_another_seed_another(fair: DemoFair) -> None:
    assert build(seed=2026) == fair
    other = build(seed=7)
    assert other.projects != fair.projects
    assert abs(sum(project.budget_fen for project in other.projects) - 7_000_000_000) <= 140_000_000
