"""The communities one cell names: listed, joined, behind their street, with notes and addresses (DOMAIN.md §4.4, 30, 41)."""

import re
from collections.abc import Iterable
from typing import Any

from app.areas.gazetteer import Area, Gazetteer, normalize_community
from app.imports.cells.numerals import number
from app.imports.cells.parsed import Choice, Context, RowProblem, choice, error, warning
from app.imports.cells.parts import NUMBERING, cut, joined_by, quoted, unquoted
from app.imports.columns.column import Row

CITY_WIDE = frozenset(
    ("全市", "全市范围", "南京市", "全南京市", "市级", "各区", "全市各区", "南京", "南京市内", "南京全市")
)
DISTRICT_WIDE = frozenset(("全区", "本区", "全区范围", "区级", "各街道", "全区各街道", "区内"))
STREET_WIDE = frozenset(
    ("全街道", "各社区", "辖区", "全街", "本街道", "辖区各社区", "全镇", "街道辖区", "全辖区", "辖区内")
)
_MANY = re.compile(r"等\s*(\d{1,3}|[一二三四五六七八九十两]{1,3})?\s*个?(?:社区|村|小区|村居|地)?$")
_ALL = re.compile(
    r"^(?:.{2,7}(?:街道|镇|街))?(?:下辖|所辖|辖区内?|街道|全部|所有|各|全体|内)*的?(?P<many>\d{1,3}|[一二三四五六七八九十两]{1,3})?个?(?:村?社区|社区[(（]村[)）]|村居|村|居委会)$"
)
DISTRICT_FIRST = re.compile(r"^(?:江苏省)?(?:南京市)?([\u4e00-\u9fff]{2,4}?[区县])[\s/\-—·、,，]*(?=.)")
STREET_FIRST = re.compile(r"^([\u4e00-\u9fff]{2,7}?(?:街道(?:办事处|办)?|镇|乡))[\s/\-—·、,，]*(?=.)")
NOTE = re.compile(r"[(（](?!村|社区)([^()（）]*)[)）]")

_BETWEEN_PLACES = re.compile(r"[、,，;；\n|/]+|(?<=社区|委会)\s+|(?<=村)\s+(?!社区|委会)")
# A place ends here: what is joined to it by 和 is another one.
_SURE = re.compile(r"(?:社区|村|居委会|小区|新村|花园|家园)$")
_AND = re.compile(r"以及|及|和|与|(?<=\S)\s+(?=\S)")
_TOGETHER = re.compile(
    r"^(?:社区|村|居委会|小区|[谐平睦美顺兴泰悦煦畅园苑府润燕风会合气信阳瑞善昌凤盛乐易田源])"
)
_NO_NAME = frozenset(("社区", "村", "居委会", "村居", "社区(村)", "社区（村）"))
_EVERY = re.compile(r"[下所]辖|辖区|全部|所有|各|全体")
# Nearly every cell is one plain name: then nothing below is asked.
_PLAIN = re.compile(r"[\u4e00-\u9fff\d]{2,12}(?:社区|村|居委会)")
_DOUBTFUL = re.compile(r"[和及与等个辖各所全镇街县]|区(?!$)")
_INCLUDING = re.compile(r"^(?:含|包括|包含|分别[为是]|即|其中)[:：]?")
_AT_NUMBER = re.compile(
    r"^(.{2,}?(?:社区|居委会))(?=[\dA-Za-z第一二三四五六七八九十].*|.*[路街巷号楼室]$)(.+)$"
)


def settle_communities(record: dict[str, Any], row: Row, gazetteer: Gazetteer, street: Area | None) -> None:
    """Split '甲社区、乙社区', 'A社区等5个社区'; what is announced but not listed is a warning."""
    text = record.pop("community", None)
    record["communities"] = None
    if not text or text in CITY_WIDE or text in DISTRICT_WIDE or text in STREET_WIDE or text in _NO_NAME:
        return
    if _PLAIN.fullmatch(text) and not _DOUBTFUL.search(text):
        record["communities"] = [normalize_community(text)]
        return
    announced: int | None = None
    every = _ALL.match(NOTE.sub("", text))
    many = None if every else _MANY.search(text)
    if every:
        if every["many"]:
            announced = _whole(every["many"])
        elif not _EVERY.search(text):
            every = None
    listed = (
        "、".join(_INCLUDING.sub("", note) for note in NOTE.findall(text)) if every else _MANY.sub("", text)
    )
    names: dict[str, None] = {}
    for part in cut(listed, _BETWEEN_PLACES):
        bare = unquoted(part.strip())
        if bare != part.strip():
            names[normalize_community(bare)] = None
            continue
        bare = _without_street(NUMBERING.sub("", bare), row, gazetteer, street)
        for piece in _joined(bare, row):
            if name := normalize_community(_one_place(piece, record, row, gazetteer, street)):
                names[name] = None
    record["communities"] = list(names) or None
    if many and many[1]:
        announced = _whole(many[1])
    if (many or announced is not None) and announced != len(names):
        row.add(_unlisted(text, len(names)), "community")


def written_communities(names: Iterable[str]) -> str:
    """Communities in one cell as `settle_communities` reads them: a name that may be taken for two stands in quotes."""
    return "、".join(name if _reads_as_one(name) else quoted(name) for name in names)


def _reads_as_one(name: str) -> bool:
    row = Row(Context(2000), frozenset())
    record: dict[str, Any] = {"community": name}
    settle_communities(record, row, Gazetteer.default(), None)
    return record.get("communities") == [name] and not row.problems


def _whole(text: str) -> int | None:
    counted = number(text)
    return None if counted is None else int(counted)


def _without_street(text: str, row: Row, gazetteer: Gazetteer, street: Area | None) -> str:
    """A community without the street before its name; another street than the row's is an error."""
    if street is None or not ("街道" in text or "镇" in text or "区" in text[:-1]):
        return text
    named, rest = peeled(text, gazetteer, gazetteer.parent(street))
    if named is not None and named.code != street.code:
        row.add(
            error("area_conflict", f"社区栏写作{named.name}，街道为{street.name}。",
                  f"The community cell names {named.name}, the street is {street.name}."),
            "community",
        )  # fmt: skip
    return rest


def _joined(text: str, row: Row) -> list[str]:
    """The places of a part: cut at 和 behind a place that has ended; where it may be a name, a person says."""
    for left, right in joined_by(text, _AND):
        if _TOGETHER.match(right) or len(left) < 2:
            continue
        if _SURE.search(left):
            return [left, *_joined(right, row)]
        if len(right) >= 2:
            one, two = quoted("".join(text.split())), f"{left}、{right}"
            row.add(choice(
                "communities_joined", f"“{text[:40]}”是一个社区还是两个，请选择。", f"'{text[:40]}': one community or two? Choose.",
                (Choice(two, f"两个：{two}", f"two: {two}"), Choice(one, f"一个：{text}", f"one: {text}"))), "community")  # fmt: skip
            return [text]
    return ["".join(text.split())]


def _one_place(text: str, record: dict[str, Any], row: Row, gazetteer: Gazetteer, street: Area | None) -> str:
    """The name of a community without notes and an address behind it, which are kept apart."""
    text = _without_street(text, row, gazetteer, street)
    if note := NOTE.search(text):
        row.add(
            warning("community_note", f"社区名后的“{note[0][:30]}”未登记，见原始记录。",
                    f"The note '{note[0][:30]}' is not part of the name; see the raw text."),
            "community",
        )  # fmt: skip
        text = NOTE.sub("", text)
    if behind := _AT_NUMBER.match(text):
        text, address = behind[1], behind[2]
        record["delivery_address"] = record.get("delivery_address") or address
    return text


def _unlisted(text: str, taken: int) -> RowProblem:
    return warning(
        "communities_unlisted",
        f"“{text[:40]}”未列出全部社区，目前登记 {taken} 个，请补全。",
        f"'{text[:40]}' does not list all communities; {taken} are taken, the rest is to be added.",
    )


def peeled(text: str, gazetteer: Gazetteer, district: Area | None) -> tuple[Area | None, str]:
    """The street (with or without its district) that a text begins with, and what follows it."""
    above = DISTRICT_FIRST.match(text)
    named = gazetteer.resolve_district(above[1]).area if above else None
    start = above.end() if above and named else 0
    front = STREET_FIRST.match(text[start:])
    if front is None:
        return None, text[
            start:
        ] if named is not None and district is not None and named.code == district.code else text
    found = gazetteer.resolve_street(front[1].removesuffix("办"), named or district).area
    return (found, text[start + front.end() :]) if found is not None else (None, text)
