"""Where a row lies: district, street and communities settled into one chain (DOMAIN.md §4.4, 22-23, 30-31, 40-41)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from app.areas.gazetteer import JIANGBEI, Area, Gazetteer, How, Resolution
from app.imports.cells.parsed import Choice, RowProblem, choice, error, warning
from app.imports.cells.parts import joined_by, split
from app.imports.columns.column import Row
from app.imports.communities import (
    CITY_WIDE,
    DISTRICT_FIRST,
    DISTRICT_WIDE,
    NOTE,
    STREET_FIRST,
    peeled,
    settle_communities,
)

WIDER = frozenset(("江苏省", "全省", "江苏", "省内", "全国", "江苏省内", "长三角"))
INNER_CITY = ("玄武区", "秦淮区", "建邺区", "鼓楼区", "栖霞区", "雨花台区")
"""The six districts that '主城六区' means."""
_INNER_CITY = frozenset(("主城六区", "主城区", "城六区"))


def settle(record: dict[str, Any], row: Row) -> Area | None:
    """Make district, street, community and communities of a record canonical and agree; the innermost area known.

    A list names a few places over and over: what became of words that raised no question is remembered.
    """
    words = (
        row.context.district, row.context.street, "street" in row.present,
        record.get("district"), record.get("street"), record.get("community"),
    )  # fmt: skip
    if (known := _SETTLED.get(words)) is not None:
        fields, area = known
        record.update(fields)
        return area
    before = len(row.problems), len(row.filled), record.get("delivery_address")
    area = _settle(record, row)
    if before == (len(row.problems), len(row.filled), record.get("delivery_address")):
        if len(_SETTLED) >= _MOST_SETTLED:
            _SETTLED.clear()
        _SETTLED[words] = {name: record.get(name) for name in _PLACE}, area
    return area


_PLACE = ("district", "street", "community", "communities")
_SETTLED: dict[tuple[Any, ...], tuple[dict[str, Any], Area | None]] = {}
_MOST_SETTLED = 20_000


def _settle(record: dict[str, Any], row: Row) -> Area | None:
    gazetteer = Gazetteer.default()
    _unpack(record, gazetteer)
    district = _district(record, row, gazetteer)
    named = bool(record.get("street"))
    street = _street(record, row, gazetteer, district)
    if street is not None:
        home = gazetteer.parent(street)
        if home is not None and (district is None or district.code != home.code):
            district = home
            record["district"] = home.name
    settle_communities(record, row, gazetteer, street)
    names = record.get("communities") or []
    if names and street is None:
        if not named:
            _without_street(record, row, names)
        record["communities"], names = None, []
    record["community"] = names[0] if names else None
    if street is not None and len(names) == 1:
        return gazetteer.community(street, names[0])
    return street or district


def _unpack(record: dict[str, Any], gazetteer: Gazetteer) -> None:
    """Spread what one cell says of several levels ('雨花台区/雨花街道/翠竹社区', '雨花街道翠竹社区') over its fields.

    Only a cell that is not a place of its own level is taken apart, and only into fields that are blank or say the same.
    """
    text = record.get("district")
    if text and text not in CITY_WIDE and ("/" in text or gazetteer.resolve_district(text).area is None):
        front = DISTRICT_FIRST.match(text)
        if (
            front
            and (found := gazetteer.resolve_district(front[1])).area is not None
            and _give(record, "street", text[front.end() :])
        ):
            record["district"] = found.area.name
    text = record.get("street")
    if not text or text in CITY_WIDE or text in DISTRICT_WIDE:
        return
    within = gazetteer.resolve_district(record["district"]).area if record.get("district") else None
    if gazetteer.resolve_street(text, within).area is not None:
        return
    bare = NOTE.sub("", text).strip()
    if bare.endswith("街道办"):
        bare = bare.removesuffix("办")
    if bare != text and gazetteer.resolve_street(bare, within).area is not None:
        record["street"] = bare
        return
    front, skip = STREET_FIRST.match(text), 0
    if (above := DISTRICT_FIRST.match(text)) and gazetteer.resolve_district(above[1]).area is not None:
        front, skip = STREET_FIRST.match(text[above.end() :]), above.end()
    if front is None or "街道" in (rest := text[skip + front.end() :]):
        return
    name = (above[1] if above and skip else "") + front[1].removesuffix("办")
    if gazetteer.resolve_street(name, within).area is not None and _give(record, "community", rest):
        record["street"] = name


def _give(record: dict[str, Any], field: str, text: str) -> bool:
    """Put a text into a blank field; False when the field says something else."""
    text = text.strip(" /-—·、,，")
    own = record.get(field)
    if own and own not in text and text not in own:
        return False
    if text and (not own or len(text) > len(own)):
        record[field] = text
    return True


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
    if found.area is None and len(parts := _street_parts(text, gazetteer, district)) > 1:
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
    found, rest = peeled(text, gazetteer, district)
    if found is None:
        return None
    record["street"], record["community"] = found.name, rest
    return found


def _street_parts(text: str, gazetteer: Gazetteer, district: Area | None) -> list[str]:
    """The streets a text lists, also joined by 和 where both are known."""
    parts: list[str] = []
    for part in split(text):
        known = (
            pair
            for pair in joined_by(part, _AREA_AND)
            if all(gazetteer.resolve_street(side, district).area is not None for side in pair)
        )
        parts += next(known, (part,))
    return parts


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


def _without_street(record: dict[str, Any], row: Row, names: list[str]) -> None:
    """A community is found by its street; without one its name is kept as the address."""
    where = "、".join(names)
    record["delivery_address"] = "，".join(filter(None, (record.get("delivery_address"), where)))
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
    for part in _area_parts(text or "", gazetteer):
        if part in CITY_WIDE or part in WIDER:
            known.update((area.name, None) for area in gazetteer.districts)
        elif part in _INNER_CITY:
            known.update(dict.fromkeys(INNER_CITY))
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


def _area_parts(text: str, gazetteer: Gazetteer) -> Iterator[str]:
    """The parts of a service area: also cut at blanks and 和 where that names districts; notes behind a district gone."""
    for part in split(text):
        if gazetteer.resolve_district(part).area is not None:
            yield part
            continue
        bare = NOTE.sub("", part)
        pieces = [piece for piece in _AREA_AND.split(bare) if piece]
        yield from pieces if any(gazetteer.resolve_district(piece).area for piece in pieces) else [bare]


_AREA_AND = re.compile(r"以及|及|和|与|\s+")


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
