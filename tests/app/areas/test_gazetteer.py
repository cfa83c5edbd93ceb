"""Names to areas without a database: today's, short, former and moved ones, and failures with their names."""

import pytest

from app.areas.gazetteer import JIANGBEI, AreaLevel, Gazetteer, How, community_code, normalize_community

CITY = Gazetteer.default()
MOVED_STREETS = ("泰山街道", "顶山街道", "沿江街道", "盘城街道", "葛塘街道", "大厂街道", "长芦街道")


def test_the_city_has_eleven_districts_a_zone_and_a_hundred_and_forty_streets() -> None:
    assert len(CITY.districts) == 12 and len(CITY.streets) == 140
    assert all(area.path == f"{CITY.areas[area.parent_code or ''].path}/{area.code}" for area in CITY.streets)
    assert {area.name for area in CITY.streets_of(CITY.areas[JIANGBEI])} == set(MOVED_STREETS)
    assert CITY.areas["320106001"].path == "3201/320106/320106001"


@pytest.mark.parametrize(
    ("text", "name", "how"),
    [
        ("建邺区", "建邺区", How.EXACT),
        ("建邺", "建邺区", How.SHORT),
        ("南京市建邺区", "建邺区", How.EXACT),
        ("建 邺 区", "建邺区", How.EXACT),
        ("建邺区民政局", "建邺区", How.EXACT),
        ("白下区", "秦淮区", How.FORMER),
        ("下关区", "鼓楼区", How.FORMER),
        ("高淳县", "高淳区", How.FORMER),
        ("南京江北新区", "江北新区", How.SHORT),
        ("苏州", None, How.UNKNOWN),
        ("江宁街道", None, How.UNKNOWN),
    ],
)
def test_a_district_by_its_names(text: str, name: str | None, how: How) -> None:
    found = CITY.resolve_district(text)
    assert (found.area.name if found.area else None, found.how) == (name, how)


@pytest.mark.parametrize(
    ("text", "district", "name", "how"),
    [
        ("宁海路街道", None, "宁海路街道", How.EXACT),
        ("宁海路", "鼓楼区", "宁海路街道", How.SHORT),
        ("南京市鼓楼区宁海路街道办事处", None, "宁海路街道", How.EXACT),
        ("东坝镇", "高淳区", "东坝街道", How.SHORT),
        ("泰山街道", "浦口区", "泰山街道", How.MOVED),
        ("浦口区泰山街道", None, "泰山街道", How.MOVED),
        ("浦口区泰山街道", "江北新区", "泰山街道", How.MOVED),
        ("大厂街道", "六合区", "大厂街道", How.MOVED),
        ("大厂街道", "浦口区", None, How.CONFLICT),
        ("宁海路街道", "建邺区", None, How.CONFLICT),
        ("鼓楼区宁海路街道", "建邺区", None, How.CONFLICT),
        ("南京市靖安三江口工业园", "栖霞区", "南京市靖安三江口工业园", How.EXACT),
        ("月亮街道", "建邺区", None, How.UNKNOWN),
    ],
)
def test_a_street_by_its_names(text: str, district: str | None, name: str | None, how: How) -> None:
    found = CITY.resolve_street(text, CITY.district(district) if district else None)
    assert (found.area.name if found.area else None, found.how) == (name, how)


def test_a_misspelt_street_comes_with_candidates() -> None:
    found = CITY.resolve_street("锁金街道", CITY.district("玄武区"))
    assert found.area is None and [area.name for area in found.candidates] == ["锁金村街道"]


def test_every_official_name_resolves_to_itself() -> None:
    for street in CITY.streets:
        home = CITY.areas[street.parent_code or ""]
        assert CITY.resolve_street(street.name, home).area == street
        assert CITY.resolve_street(f"南京市{home.name}{street.name}").area == street


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("银杏里", "银杏里社区"),
        ("银杏里居委会", "银杏里社区"),
        ("银杏里社区居民委员会", "银杏里社区"),
        ("银杏里社区（村）", "银杏里社区"),
        ("张家村村民委员会", "张家村"),
        ("张家村", "张家村"),
        ("桃园新村", "桃园新村社区"),
        ("  ", ""),
    ],
)
def test_a_community_has_one_name(text: str, name: str) -> None:
    assert normalize_community(text) == name


def test_two_imports_give_one_community_the_same_code() -> None:
    street = CITY.areas["320106001"]
    one, other = CITY.community(street, "银杏里居委会"), CITY.community(street, "银杏里社区")
    assert one == other and one.level is AreaLevel.COMMUNITY
    assert one.path == f"{street.path}/{community_code(street.code, '银杏里')}"
    assert CITY.full_name(street) == "南京市鼓楼区宁海路街道"
