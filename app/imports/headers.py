"""Which rows of a sheet are its header, of one to three rows, and which column a header names (DOMAIN.md §4.4, 3-6)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from app.imports.cells.numerals import number
from app.imports.cells.parsed import Cell
from app.imports.cells.text import plain, text_of
from app.imports.columns.column import Column, Header, Kind, header_of
from app.imports.files.sheet import NumberedRow, Place

HEADER_WITHIN = 20
FEWEST_KNOWN = 3
HIGHEST_HEADER = 3
_MEASURE = re.compile(
    r"[(]?(?:单位[:：]?)?(?:亿元|百万元|千元|万元|元|人次|人|户|个|名|次|场|月|个月|年|%)[)]?"
)
_MONEY_GROUP = re.compile(r"资金|经费|预算|金额|来源|出资")
_LONGEST_HEADER = 60
BUYER_SIDE = re.compile(r"购买|采购|需求|甲方|发布|街道|社区|填报")
SUPPLIER_SIDE = re.compile(r"承接|机构|乙方|社会组织|中标|服务方|执行|实施方|合作")


class Names:
    """Headers to columns: first what a person has said, then the kind's own names."""

    def __init__(self, kind: Kind, mapping: Mapping[str, str | None]) -> None:
        self._kind = kind
        self.of_the_buyer = ("contact_name", "contact_phone") if kind.name == "projects" else ()
        self._said: dict[str, Column | None] = {}
        for text, field in mapping.items():
            self._said[header_of(text).full] = kind.by_field.get(field) if field else None

    def find(self, text: str) -> tuple[Column | None, Header]:
        header = header_of(text)
        if header.full in self._said:
            return self._said[header.full], header
        column, header = self._kind.find(text)
        if column is None and "/" in text:
            column, unit = self._part(text.split("/"))
            header = replace(header, unit=header.unit or unit)
        return column, header

    def _part(self, parts: Sequence[str]) -> tuple[Column | None, str | None]:
        """The column of the last part under one of the groups above it, else by itself; a unit below its column is none."""
        *groups, last = parts
        if _MEASURE.fullmatch(plain(last)):
            column, header = self.find("/".join(groups))
            return column, header.unit or header_of(f"{groups[-1]}({plain(last).strip('()')})").unit
        asked = [f"{group}/{last}" for group in groups]
        if any(_MONEY_GROUP.search(group) for group in groups):
            asked.append(f"资金/{last}")
        if any(BUYER_SIDE.search(group) and not SUPPLIER_SIDE.search(group) for group in groups):
            asked.append(f"购买方/{last}")
        for text in (*asked, last):
            column, own = self._kind.find(text)
            if column is not None:
                return column, own.unit
        return None, None

    def said(self, text: str) -> bool:
        return header_of(text).full in self._said


@dataclass(frozen=True, slots=True)
class Block:
    """A header of one to three rows: its first row, its height, its texts joined downwards ('资金/市级').

    `rank`: more fields named, then a row of units taken in, then the lower block, then the one further up.
    """

    row: int
    height: int
    headers: list[str]
    rank: tuple[int, bool, int, int]


def header_in(head: Sequence[NumberedRow], names: Names, merged: Mapping[Place, Place]) -> Block | None:
    """The header among the first twenty rows: the first that there is, or of those that touch it the fullest.

    A header further below is that of another table, unless the first was a mere corner of it: half of its fields.
    """
    best: Block | None = None
    for at in range(min(len(head), HEADER_WITHIN)):
        for block in _blocks(head[at:], names, merged):
            near = best is None or block.row <= best.row + HIGHEST_HEADER - 1
            if best is None or (near and block.rank > best.rank) or block.rank[0] >= 2 * best.rank[0]:
                best = block
    return best


def _blocks(head: Sequence[NumberedRow], names: Names, merged: Mapping[Place, Place]) -> Iterator[Block]:
    """The headers that begin in the first of these rows: of one row, and of more as long as the next names parts of it."""
    row, cells = head[0]
    texts = [text_of(cell) for cell in cells]
    if not any(text and isinstance(cell, str) for text, cell in zip(texts, cells, strict=True)):
        return
    headers, above = texts, texts
    known = _known(headers, names)
    if known >= FEWEST_KNOWN or (known >= 2 and known == sum(1 for text in texts if text)):
        yield Block(row, 1, headers, (known, False, -1, -row))
    for height, (number_, children) in enumerate(head[1:HIGHEST_HEADER], 2):
        below = [text_of(cell) for cell in children]
        width = max(len(headers), len(below))
        headers = headers + [""] * (width - len(headers))
        below += [""] * (width - len(below))
        if not _names_parts(headers, above, below, children, number_, merged):
            return
        groups = spread(headers, row + height - 2, merged, width)
        headers = [_under(groups[index], headers[index], below[index]) for index in range(width)]
        above = below
        if (known := _known(headers, names)) >= FEWEST_KNOWN:
            yield Block(row, height, headers, (known, _are_measures(below), -height, -row))


def _under(group: str, own: str, child: str) -> str:
    """A header with the part below it: 'parent/child'; the parent alone where nothing stands below or the same again."""
    if not child or child == own.rsplit("/", 1)[-1]:
        return own
    return f"{group}/{child}" if group else child


def _known(headers: Sequence[str], names: Names) -> int:
    """How many different fields these headers name."""
    found = (names.find(text)[0] for text in headers if text and len(text) <= _LONGEST_HEADER)
    return len({column.field for column in found if column is not None})


def _names_parts(
    headers: Sequence[str],
    above: Sequence[str],
    below: Sequence[str],
    children: Sequence[Cell],
    row: int,
    merged: Mapping[Place, Place],
) -> bool:
    """Whether a row below a header names parts of it, or their units: short texts only, and only under groups."""
    texts = [text for text in below if text]
    if not texts or any(len(text) > 30 or number(plain(text)) is not None for text in texts):
        return False
    if any(text and not isinstance(cell, str) for text, cell in zip(below, children, strict=False)):
        return False
    if _are_measures(texts):
        return True
    inside = 0
    for index, text in enumerate(below):
        if not text or text == headers[index].rsplit("/", 1)[-1]:
            continue
        grouped = not above[index] if index < len(above) else True
        begins = (
            index + 1 < len(below)
            and below[index + 1] != ""
            and (index + 1 >= len(above) or not above[index + 1])
        )
        across = merged.get((row - 1, index + 1)) == (row - 1, index)
        if not (grouped or begins or across):
            return False
        inside += 1
    return inside > 0


def _are_measures(texts: Sequence[str]) -> bool:
    """Whether a row holds nothing but units: '万元' under the budget, '人' under the persons."""
    return all(_MEASURE.fullmatch(plain(text)) for text in texts if text)


def spread(texts: Sequence[str], row: int, merged: Mapping[Place, Place], width: int) -> list[str]:
    """Each column's group: its own text, else the nearest text to its left (over blanks or merged cells)."""
    texts = [*texts, *[""] * max(0, width - len(texts))]
    groups, current = [], ""
    for index in range(width):
        current = texts[index] or current
        anchor = merged.get((row, index))
        groups.append(texts[anchor[1]] if anchor and anchor[0] == row and anchor[1] < len(texts) else current)
    return groups
