"""Lists, routes and what no project may ask for: no database."""

import json
from pathlib import Path

import pytest

from app.catalogue import service
from app.catalogue.codes import Category, DeliveryRoute, ResponsibilityList
from app.catalogue.lists import SCHEMES, ListScheme, entries, items

SAMPLES = Path(__file__).parents[2] / "matching" / "data"


@pytest.mark.parametrize(
    ("list_type", "route", "market"),
    [
        (ResponsibilityList.PARTY_DUTY, DeliveryRoute.SELF_GOVERNED, False),
        (ResponsibilityList.COMMITTEE_DUTY, DeliveryRoute.SELF_GOVERNED, False),
        (ResponsibilityList.GOVERNMENT_ASSISTANCE, DeliveryRoute.OUTSOURCED, True),
        (ResponsibilityList.OFF_LIST, DeliveryRoute.OUTSOURCED, True),
        (ResponsibilityList.NEGATIVE, DeliveryRoute.GOVERNMENT_DIRECT, False),
    ],
)
def test_the_list_decides_who_does_the_work(
    list_type: ResponsibilityList, route: DeliveryRoute, market: bool
) -> None:
    assert service.route(list_type) is route
    assert service.enters_market(route) is market


def test_co_funded_work_enters_the_market() -> None:
    assert service.enters_market("co_funded")


def test_every_list_of_every_scheme_ships_with_items() -> None:
    shipped = {(entry.scheme, entry.list_type) for entry in entries()}
    assert shipped == {(scheme, each) for scheme, types in SCHEMES.items() for each in types}
    keys = [(entry.scheme, entry.list_type, entry.code) for entry in entries()]
    assert len(set(keys)) == len(keys)


def test_the_seven_fields_no_community_answers_for_and_the_six_nobody_may_buy() -> None:
    negative = [entry for entry in entries() if entry.list_type is ResponsibilityList.NEGATIVE]
    by_scheme = {
        scheme: sum(entry.scheme is scheme for entry in negative)
        for scheme in (ListScheme.NEGATIVE_VARIANT, ListScheme.PROCUREMENT)
    }
    assert by_scheme == {ListScheme.NEGATIVE_VARIANT: 7, ListScheme.PROCUREMENT: 6}


def test_the_purchasing_catalogue_has_something_for_every_category() -> None:
    assert {item.category for item in items()} == set(Category)
    assert len({item.code for item in items()}) == len(items())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("协助街道开展行政执法检查", "N01"),
        ("配合做好辖区房屋征收和拆违工作", "N02"),
        ("组织志愿者参加背街小巷环境整治行动", "N03"),
        ("社区承担城市管理巡查", "N04"),
        ("为园区招 商\n引资提供服务", "N05"),
        ("协助税务部门协税护税", "N06"),
        ("对沿街商铺进行安全生产检查", "N07"),
        ("受理行政许可材料", "F02"),
        ("活动室装修工程及服务", "F03"),
        ("为小微企业提供融资服务", "F04"),
        ("以劳务派遣方式配备社区工作人员", "F05"),
        ("招募３０名公益性岗位人员", "F05"),
    ],
)
def test_a_task_of_the_negative_lists_is_found_and_named(text: str, code: str) -> None:
    found = service.negative_hits(text)
    assert [problem.values["item"] for problem in found] == [code]
    assert found[0].code == "on_negative_list" and found[0].pointer == "/description"


def test_every_item_that_is_asked_for_is_named() -> None:
    found = service.negative_hits("开展招商引资，以劳务派遣方式用工")
    assert [problem.values["item"] for problem in found] == ["N05", "F05"]


@pytest.mark.parametrize(
    "text",
    [
        "拆迁安置社区居民议事规则培育",
        "村庄环境整治、集体资产使用等事项村民参与度低，培育议事骨干",
        "老年人防范融资诈骗宣传",
        "居家适老化改造与安全生活指导",
    ],
)
def test_a_word_in_passing_is_no_task(text: str) -> None:
    assert service.negative_hits(text) == []


def test_no_real_posting_of_the_samples_is_mistaken_for_a_forbidden_one() -> None:
    lines = (SAMPLES / "matching-dev" / "projects.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(line) for line in lines]
    texts += json.loads((SAMPLES / "samples.json").read_text(encoding="utf-8"))["projects"]
    mistaken = [each["title"] for each in texts if service.negative_hits(each["title"] + each["description"])]
    assert len(texts) == 115 and mistaken == []


def test_codes_come_with_both_labels() -> None:
    lists = {each.name: each for each in service.codes().lists}
    assert {"category", "target_group", "delivery_route", "responsibility_list", "role"} <= set(lists)
    assert all(code.zh and code.en for each in lists.values() for code in each.codes)
    assert [code.zh for code in service.code_list("delivery_route").codes if code.code == "co_funded"] == [
        "协商众筹"
    ]
