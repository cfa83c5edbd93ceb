"""Where the table in a sheet begins and what its columns mean (DOMAIN.md §4.4, 1-7, 31-32)."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from app.areas.gazetteer import Gazetteer
from app.imports.cells.dates import day
from app.imports.cells.parsed import Context, RowProblem, warning
from app.imports.cells.text import text_of
from app.imports.columns.column import Column, Kind, header_of
from app.imports.files.sheet import NumberedRow, Sheet, column_letters
from app.imports.headers import (
    BUYER_SIDE,
    HEADER_WITHIN,
    HIGHEST_HEADER,
    SUPPLIER_SIDE,
    Names,
    header_in,
    spread,
)

_UNIT_LINE = re.compile(r"(?:金额|资金|货币|计量)?单位[:：]?\s*(?:人民币)?[(（]?(亿元|百万元|千元|万元|元)")
_SENDER = re.compile(
    r"(?:填报|申报|报送|汇总|编制|上报)(?:单位|部门)(?:[(（]盖章[)）])?[:：]\s*([^\s:：,，;；]{2,40})"
)
_REPORTED = re.compile(r"(?:填报|报送|上报|制表|申报)(?:日期|时间)[:：]\s*([0-9年月日./\-]{6,12})")
_YEAR = re.compile(r"(20\d{2})\s*年")
SUMMARY_SHEET = re.compile(r"汇总|总表|合计|总览|统计|全部")
INSTRUCTION_SHEET = re.compile(
    r"说明|填写|须知|代码|字典|下拉|选项|模板|示例|样例|参数|目录|封面|sheet\d*参考", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Mapped:
    """One column of the sheet: where it is, what its header says, which field it feeds and in what unit."""

    index: int
    header: str
    column: Column | None
    unit: str | None = None

    @property
    def letters(self) -> str:
        return column_letters(self.index)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one sheet is to be read. `unit` is that of the unit line; a column's own unit stands before it."""

    header_row: int
    header_height: int
    columns: tuple[Mapped, ...]
    title: str | None = None
    unit: str | None = None
    district: str | None = None
    year: int | None = None
    sender: str | None = None
    reported_on: date | None = None
    problems: tuple[RowProblem, ...] = ()

    @property
    def fields(self) -> frozenset[str]:
        return frozenset(mapped.column.field for mapped in self.columns if mapped.column)

    @property
    def data_from(self) -> int:
        return self.header_row + self.header_height


def find_layout(
    sheet: Sheet,
    kind: Kind,
    *,
    mapping: Mapping[str, str | None] | None = None,
    units: Mapping[str, str] | None = None,
) -> Layout | None:
    """The layout of a sheet, or None when no row among the first twenty is a header of this kind.

    `mapping` is a person's word on headers (header text → field, None to leave a column out), `units` on units (field or
    header → unit, '*' for all); both stand before what is detected.
    """
    head: list[NumberedRow] = []
    for numbered in sheet.rows():
        head.append(numbered)
        if len(head) >= HEADER_WITHIN + HIGHEST_HEADER:
            break
    names = Names(kind, mapping or {})
    at = header_in(head, names, sheet.merged)
    if at is None:
        return None
    row, height, headers = at.row, at.height, at.headers
    at_line = next(index for index, (number_, _) in enumerate(head) if number_ == row)
    groups = (
        spread(
            [text_of(cell) for cell in head[at_line - 1][1]], head[at_line - 1][0], sheet.merged, len(headers)
        )
        if at_line
        else [""] * len(headers)
    )
    above = [text_of(cell) for _, line in head[:at_line] for cell in line if text_of(cell)]
    layout = _context(above, sheet.name)
    columns, problems = _assign(headers, groups, names)
    own_unit = {mapped.index: mapped.unit for mapped in columns}
    unit = layout.unit
    settled = tuple(
        replace(mapped, unit=_unit(mapped, own_unit[mapped.index] or unit, units or {}))
        if mapped.column and mapped.column.money
        else mapped
        for mapped in columns
    )
    return replace(
        layout,
        header_row=row,
        header_height=height,
        columns=settled,
        problems=(*layout.problems, *problems, *_missing(kind, settled, layout.district), *_hidden(sheet)),
    )


def _hidden(sheet: Sheet) -> list[RowProblem]:
    if not sheet.hidden_lines:
        return []
    return [warning(
        "lines_hidden", f"工作表中有 {sheet.hidden_lines} 个隐藏的行或列，已一并读取，请核对。",
        f"The sheet hides {sheet.hidden_lines} rows or columns; they were read as well, please check.")]  # fmt: skip


def _assign(
    headers: Sequence[str], groups: Sequence[str], names: Names
) -> tuple[list[Mapped], list[RowProblem]]:
    """Columns for headers. Of two with one meaning the one on the buyer's side is taken; what is unknown is listed."""
    found: list[Mapped] = []
    claimed: dict[str, list[int]] = {}
    for index, text in enumerate(headers):
        if not text:
            continue
        column, header = names.find(text)
        if column is None and groups[index] and not names.said(text):
            column, _ = names.find(f"{groups[index]}/{text}")
        parent_unit = next((unit for part in text.split("/")[:-1] if (unit := header_of(part).unit)), None)
        found.append(Mapped(index, text, column, header.unit or parent_unit or header_of(groups[index]).unit))
        if column is not None:
            claimed.setdefault(column.field, []).append(len(found) - 1)
    problems = []
    for field_name, places in claimed.items():
        if len(places) < 2:
            if field_name in names.of_the_buyer and _side(found[places[0]], found, groups) == "supplier":
                # The only contact of the list is the supplier's: nobody at the buyer.
                found[places[0]] = replace(found[places[0]], column=None)
                places.clear()
            continue
        keep, certain = _nearest([found[place] for place in places], found, groups, names)
        for place in places:
            if found[place] is not keep:
                found[place] = replace(found[place], column=None)
        if not certain:
            texts = "、".join(found[place].header for place in places)
            problems.append(warning(
                "header_repeated", f"多列含义相同（{texts}），取“{keep.header}”（{keep.letters} 列），其余保留在原始记录。",
                f"Several columns mean the same ({texts}); column {keep.letters} is taken, the others stay in the raw text."))  # fmt: skip
    unknown = [mapped.header for mapped in found if mapped.column is None and not names.said(mapped.header)]
    unknown = [
        text
        for text in unknown
        if not any(text == found[place].header for places in claimed.values() for place in places)
    ]
    if unknown:
        problems.append(warning(
            "columns_unknown", f"未识别的列：{'、'.join(unknown)[:300]}；内容保留在原始记录，可在列对应中指定。",
            f"Columns not known: {', '.join(unknown)[:300]}; kept in the raw text, and can be mapped."))  # fmt: skip
    return found, problems


def _nearest(
    same: Sequence[Mapped], found: Sequence[Mapped], groups: Sequence[str], names: Names
) -> tuple[Mapped, bool]:
    """Of columns with one meaning the one a person has mapped, else that of the buyer's group; and whether that is sure."""
    said = [mapped for mapped in same if names.said(mapped.header)]
    if said:
        return said[0], True
    sides = [_side(mapped, found, groups) for mapped in same]
    if sides.count("buyer") == 1 and "supplier" in sides:
        return same[sides.index("buyer")], True
    if sides.count("supplier") == len(sides) - 1 and "" in sides:
        return same[sides.index("")], True
    exact = [
        mapped
        for mapped in same
        if mapped.column and header_of(mapped.header).full == header_of(mapped.column.header).full
    ]
    return (exact or list(same))[0], False


def _side(mapped: Mapped, found: Sequence[Mapped], groups: Sequence[str]) -> str:
    text = f"{groups[mapped.index]} {mapped.header.split('/')[0] if '/' in mapped.header else ''}"
    if SUPPLIER_SIDE.search(text):
        return "supplier"
    if BUYER_SIDE.search(text):
        return "buyer"
    for other in sorted(
        (other for other in found if other.index < mapped.index), key=lambda other: -other.index
    ):
        if other.column is not None and other.column.group == "buyer":
            return "buyer"
        if SUPPLIER_SIDE.search(other.header) and other.column is None:
            return "supplier"
    return ""


def _context(above: Iterable[str], sheet_name: str) -> Layout:
    """What the lines above the header and the sheet's name say for all rows."""
    texts = list(above)
    joined = "\n".join(texts)
    unit = _UNIT_LINE.search(joined.replace(" ", ""))
    sender = _SENDER.search(joined)
    year = _YEAR.search(joined)
    title = next(
        (
            text
            for text in texts
            if len(text) >= 4 and not _UNIT_LINE.search(text) and not _SENDER.search(text)
        ),
        None,
    )
    district = district_in(sheet_name) or district_in(title or "") or district_in(sender[1] if sender else "")
    reported = _REPORTED.search(joined)
    return Layout(
        0,
        1,
        (),
        title,
        unit[1] if unit else None,
        district,
        int(year[1]) if year else None,
        sender[1] if sender else None,
        day(reported[1], Context(int(year[1]) if year else 2000)).value if reported else None,
    )


def district_in(text: str) -> str | None:
    """The one district a text names, as its canonical name; None when it names none or several."""
    gazetteer = Gazetteer.default()
    found = gazetteer.resolve_district(
        re.sub(r"^[\d.、\s]+|[\d\s]+$|(项目|机构|需求)?(清单|列表|表|汇总|明细)+$", "", text)
    ).area
    if found is not None:
        return found.name
    names = {area.name for area in gazetteer.districts if area.name in text}
    return names.pop() if len(names) == 1 else None


def _unit(mapped: Mapped, detected: str | None, said: Mapping[str, str]) -> str | None:
    assert mapped.column is not None
    for key in (mapped.column.field, mapped.header, "*"):
        if key in said:
            return said[key]
    return detected


def _missing(kind: Kind, columns: Iterable[Mapped], district: str | None) -> list[RowProblem]:
    present = {mapped.column.field for mapped in columns if mapped.column} | (
        {"district"} if district else set()
    )
    absent = [column.header for column in kind.columns if column.required and column.field not in present]
    if not absent:
        return []
    return [warning(
        "columns_missing", f"缺少必填列：{'、'.join(absent)}；可先导入为草稿，提交前须补全。",
        f"Required columns are missing: {', '.join(absent)}; rows become drafts, to be completed before submitting.")]  # fmt: skip
