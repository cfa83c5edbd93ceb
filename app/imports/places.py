"""Where a row lies: district, street and communities settled into one chain (DOMAIN.md §4.4, 22-23, 30-31, 40-41)."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from app.areas.gazetteer import JIANGBEI, Area, Gazetteer, How, Resolution, normalize_community
from app.imports.cells.marks import split
from app.imports.cells.numerals import number
from app.imports.cells.parsed import Choice, RowProblem, choice, error, warning
from app.imports.columns.column import Row

CITY_WIDE = frozenset(("全市", "全市范围", "南京市", "全南京市", "市级", "各区", "全市各区"))
DISTRICT_WIDE = frozenset(("全区", "本区", "全区范围", "区级", "各街道", "全区各街道"))
STREET_WIDE = frozenset(("全街道", "各社区", "辖区", "全街", "本街道", "辖区各社区", "全镇", "街道辖区"))
_MANY = re.compile(r"等\s*(\d{1,3}|[一二三四五六七八九十两]{1,3})?\s*个?(?:社区|村|小区|村居|地)?$")


def settle(record: dict[str, Any], row: Row) -> Area | None:
    """Make district, street, community and communities of a record canonical and agree; the innermost area known."""
    gazetteer = Gazetteer.default()
    district = _district(record, row, gazetteer)
    named = bool(record.get("street"))
    street = _street(record, row, gazetteer, district)
    if street is not None:
        home = gazetteer.parent(street)
        if home is not None and (district is None or district.code != home.code):
            district = home
            record["district"] = home.name
    _communities(record, row)
    names = record.get("communities") or []
    if names and street is None:
        if not named:
            _without_street(record, row, names)
        record["communities"], names = None, []
    record["community"] = names[0] if names else None
    if street is not None and len(names) == 1:
        return gazetteer.community(street, names[0])
    return street or district


def _district(record: dict[str, Any], row: Row, gazetteer: Gazetteer) -> Area | None:
    text = record.get("district")
    default = gazetteer.district(row.context.district) if row.context.district else None
    if not text or text in CITY_WIDE:
        if text is None and default is not None:
            record["district"] = default.name
            row.filled.append("district")
            return default
        record["district"] = None
        return None
    found = gazetteer.resolve_district(text)
    if found.area is None:
        record["district"] = None
        row.add(
            _choose("district_unknown", text, found.candidates or gazetteer.districts, "区", "district"),
            "district",
        )
        return None
    if found.how is How.FORMER:
        row.add(_renamed(text, found.area.name), "district")
    if default is not None and default.code != found.area.code:
        row.add(
            error("district_conflict", f"本表（工作表名或表头）为{default.name}，该行写作{found.area.name}。",
                  f"The sheet is for {default.name}, but this row says {found.area.name}."),
            "district",
        )  # fmt: skip
    record["district"] = found.area.name
    return found.area


def _street(record: dict[str, Any], row: Row, gazetteer: Gazetteer, district: Area | None) -> Area | None:
    text = record.get("street")
    if not text and row.context.street and "street" not in row.present:
        text = row.context.street
        row.filled.append("street")
    if not text:
        return _street_in_community(record, gazetteer, district)
    if text in CITY_WIDE or text in DISTRICT_WIDE:
        record["street"] = None
        return None
    found = gazetteer.resolve_street(text, district)
    if found.area is None and len(parts := split(text)) > 1:
        return _several_streets(record, row, gazetteer, district, parts)
    if found.area is None:
        record["street"] = None
        row.add(_street_problem(text, found, gazetteer, district), "street")
        return None
    if found.how is How.FORMER:
        row.add(_renamed(text, found.area.name), "street")
    if found.how is How.MOVED and found.area.parent_code == JIANGBEI:
        row.add(
            warning("street_moved", f"{found.area.name}现由江北新区管理，已归入江北新区。",
                    f"{found.area.name} is now run by Jiangbei New Area and was placed there."),
            "street",
        )  # fmt: skip
    record["street"] = found.area.name
    return found.area


def _street_in_community(record: dict[str, Any], gazetteer: Gazetteer, district: Area | None) -> Area | None:
    """The street named at the front of a community: '宁海路街道XX社区'."""
    text = record.get("community") or ""
    front = re.match(
        r"^((?:南京市)?(?:[\u4e00-\u9fff]{2,4}区)?[\u4e00-\u9fff]{2,6}?(?:街道|镇))(?=[\u4e00-\u9fff])", text
    )
    if not front:
        return None
    found = gazetteer.resolve_street(front[1], district)
    if found.area is None:
        return None
    record["street"], record["community"] = found.area.name, text[front.end() :]
    return found.area


def _several_streets(
    record: dict[str, Any], row: Row, gazetteer: Gazetteer, district: Area | None, parts: list[str]
) -> Area | None:
    known = [
        found.area for part in parts if (found := gazetteer.resolve_street(part, district)).area is not None
    ]
    row.add(
        warning("streets_several", f"涉及多个街道（{'、'.join(parts)[:60]}），按第一个登记；其余见原始记录。",
                "Several streets are named; the first is taken, the others stay in the raw text."),
        "street",
    )  # fmt: skip
    record["street"] = known[0].name if known else None
    return known[0] if known else None


def _street_problem(text: str, found: Resolution, gazetteer: Gazetteer, district: Area | None) -> RowProblem:
    if found.how is How.CONFLICT:
        homes = {gazetteer.areas[area.parent_code].name for area in found.candidates if area.parent_code}
        where = "、".join(sorted(homes)) or "其他区"
        here = district.name if district else ""
        return error(
            "area_conflict",
            f"{text}不属于{here}（在{where}）。",
            f"{text} is not in {here} (it is in {where}).",
        )
    offered = found.candidates or (gazetteer.streets_of(district) if district else ())
    return _choose(
        "street_unknown" if found.how is How.UNKNOWN else "street_ambiguous", text, offered, "街道", "street"
    )


def _communities(record: dict[str, Any], row: Row) -> None:
    """Split '甲社区、乙社区', 'A社区等5个社区'; what is announced but not listed is a warning."""
    text = record.pop("community", None)
    record["communities"] = None
    if not text or text in CITY_WIDE or text in DISTRICT_WIDE or text in STREET_WIDE:
        return
    many = _MANY.search(text)
    parts = split(_MANY.sub("", text)) if many else split(text)
    names = list(dict.fromkeys(normalize_community(part) for part in parts if part))
    record["communities"] = names or None
    announced = number(many[1]) if many and many[1] else None
    if many and (announced is None or announced != len(names)):
        row.add(
            warning("communities_unlisted",
                    f"“{text[:40]}”未列出全部社区，目前登记 {len(names)} 个，请补全。",
                    f"'{text[:40]}' does not list all communities; {len(names)} are taken, the rest is to be added."),
            "community",
        )  # fmt: skip


def _without_street(record: dict[str, Any], row: Row, names: list[str]) -> None:
    """A community is found by its street; without one its name is kept as the address."""
    where = "、".join(names)
    record["delivery_address"] = f"{record.get('delivery_address') or ''} {where}".strip()
    row.add(
        warning("street_needed", f"未填街道，无法确定社区“{where[:60]}”，已记入实施地点；请补街道。",
                f"Without a street the community '{where[:60]}' is not known; it is kept as the address."),
        "community",
    )  # fmt: skip


def path_of(record: Mapping[str, Any]) -> str:
    """The path of the innermost area a settled record names; the city's when it names none."""
    return _path(record.get("district"), record.get("street"), record.get("community"))


@lru_cache(maxsize=8192)
def _path(district: str | None, street: str | None, community: str | None) -> str:
    gazetteer = Gazetteer.default()
    above = gazetteer.resolve_district(district).area if district else None
    place = gazetteer.resolve_street(street, above).area if street else None
    if place is not None and community:
        return gazetteer.community(place, community).path
    return (place or above or gazetteer.city).path


def areas_of(text: str | None, own: str | None = None) -> tuple[list[str], list[str]]:
    """District names a service area text means ('全市' is all of them, '全区' the own one), and what is unknown."""
    gazetteer = Gazetteer.default()
    known: dict[str, None] = {}
    unknown = []
    for part in split(text or ""):
        if part in CITY_WIDE:
            known.update((area.name, None) for area in gazetteer.districts)
        elif part in DISTRICT_WIDE and own:
            known[own] = None
        elif area := gazetteer.resolve_district(part).area:
            known[area.name] = None
        elif (street := gazetteer.resolve_street(part)).area is not None:
            home = gazetteer.parent(street.area)
            if home is not None:
                known[home.name] = None
        else:
            unknown.append(part)
    return list(known), unknown


def _choose(code: str, text: str, candidates: Iterable[Area], zh: str, en: str) -> RowProblem:
    options = tuple(Choice(area.name, area.name, area.name) for area in candidates)
    return choice(code, f"无法确定{zh}：{text[:30]}，请选择。", f"The {en} is not known: {text[:30]}; choose one.", options,
                  options[0].zh if len(options) == 1 else None)  # fmt: skip


def _renamed(text: str, name: str) -> RowProblem:
    return warning(
        "area_renamed",
        f"“{text}”已更名或并入，按{name}登记。",
        f"'{text}' is a former name; taken as {name}.",
    )
