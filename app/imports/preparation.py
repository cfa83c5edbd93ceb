"""Which rows of a sheet are data, and what runs down into them: blanks, totals, notes, groups (DOMAIN.md §4.4, 22-26)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from app.imports.cells.numerals import number as numeral
from app.imports.cells.parsed import Cell, RowProblem, error, warning
from app.imports.cells.text import text_of
from app.imports.files.sheet import Sheet
from app.imports.layout import Layout, Mapped
from app.imports.margins import EXAMPLE, Margins, is_template_example

_TOTAL = re.compile(r"^[^\s\d]{0,10}?(小\s*计|合\s*计|总\s*计|共\s*计|累\s*计)(?:[(（][^)）]*[)）])?[:：]?$")
_NOTE = re.compile(
    r"^(?:填表人|填报人|制表人?|审核人?|审批人?|经办人|复核人?|分管领导|单位负责人|负责人签字|签字|签名|盖章|填报单位|填报日期|日期|注|备注|说明|附注|附|填表说明|"
    r"联系人|联系电话|以上|上述|温馨提示)\s*(?:\d{0,2}\s*[.、]|[:：(（]|$)"
)
_DATE_ONLY = re.compile(r"^\d{4}\s*年\s*\d{1,2}\s*月(?:\s*\d{1,2}\s*日)?$")


@dataclass(slots=True)
class Candidate:
    """A row that may become a record: its cells, what was filled in from above, and problems of its shape."""

    number: int
    cells: Sequence[Cell]
    filled: tuple[str, ...] = ()
    problems: tuple[RowProblem, ...] = ()


@dataclass(slots=True)
class Skipped:
    """A row that is not data, and why; for a total, the label it bears."""

    number: int
    cells: Sequence[Cell]
    problem: RowProblem
    total: str | None = None


@dataclass(slots=True)
class Preparation:
    """Reads one sheet below its header, in order. Keeps the last area names, which blanks of a text file repeat."""

    sheet: Sheet
    layout: Layout
    fills_blanks: bool
    _carried: dict[str, Cell] = field(default_factory=dict)
    _anchors: dict[tuple[int, int], Cell] = field(default_factory=dict)

    def rows(self) -> Iterator[Candidate | Skipped]:
        """Every row with content, in order; blank rows are no rows. The template's example alone is a row like others."""
        rows = self._rows()
        for row in rows:
            if isinstance(row, Candidate):
                after = next(rows, None) if is_template_example(self.layout, row.cells) else None
                yield row if after is None else Skipped(row.number, row.cells, EXAMPLE)
                if after is not None:
                    yield after
                break
            yield row
        yield from rows

    def _rows(self) -> Iterator[Candidate | Skipped]:
        columns = [mapped for mapped in self.layout.columns if mapped.column]
        number_at = next((m.index for m in columns if m.column and m.column.field == "source_row_no"), None)
        title_at = next((m.index for m in columns if m.column and m.column.field in ("title", "name")), None)
        filling = [m for m in columns if m.column and m.column.fills]
        areas = [m for m in columns if m.column and m.column.fills == "area"] if self.fills_blanks else []
        money = [m for m in columns if m.column and m.column.money]
        headers = {mapped.index: mapped.header for mapped in self.layout.columns}
        anchors = set(self.sheet.merged.values())
        shared = {place for covered, place in self.sheet.merged.items() if covered[1] == place[1]}
        margins = Margins(self.layout)
        cells: Sequence[Cell]
        for number, cells in self.sheet.rows():
            if number < self.layout.data_from:
                continue
            first, lead = _first(cells)
            if not lead:
                self._carried.clear()
                continue
            title = lead if first == title_at else _text(cells, title_at)
            skipped = self._skip(number, cells, first, lead, title, number_at, title_at, headers)
            if skipped is None and (aside := margins.aside(cells, first, lead, title)) is not None:
                if aside.problem.rejects:
                    yield Candidate(number, cells, (), (aside.problem,))
                    continue
                skipped = Skipped(number, cells, aside.problem, aside.total)
            if skipped is not None:
                if skipped.total:
                    self._carried.clear()
                yield skipped
                continue
            if anchors:
                for column in range(len(cells)):
                    if (number, column) in anchors:
                        self._anchors[number, column] = cells[column]
            filled: list[str] = []
            problems: list[RowProblem] = []
            if self.sheet.merged:
                cells = self._fill_merged(number, cells, filling, filled)
                problems += self._shared_money(number, cells, money, shared)
            if areas:
                cells = self._fill_down(cells, areas, filled, problems)
            yield Candidate(number, cells, tuple(filled), tuple(problems))

    def _skip(
        self,
        number: int,
        cells: Sequence[Cell],
        first: int,
        lead: str,
        title: str,
        number_at: int | None,
        title_at: int | None,
        headers: dict[int, str],
    ) -> Skipped | None:
        if "计" in lead and _TOTAL.match(lead) and (not title or title == lead or first != title_at):
            return Skipped(
                number,
                cells,
                warning("total_row", f"{lead}行，不作为数据。", f"A total row ({lead}); no data."),
                lead,
            )
        if title and "计" in title and _TOTAL.match(title):
            return Skipped(
                number,
                cells,
                warning("total_row", f"{title}行，不作为数据。", f"A total row ({title}); no data."),
                title,
            )
        if title and lead != title and not _NOTE.match(lead):
            return self._repeated_header(number, cells, title, title_at, headers)
        content = [index for index, cell in enumerate(cells) if text_of(cell)]
        if content == [number_at] and numeral(lead.rstrip(".、")) is not None:
            return Skipped(
                number,
                cells,
                warning(
                    "only_number", "只有序号的空行，已跳过。", "A blank row with only a number; skipped."
                ),
            )
        if (
            (_NOTE.match(lead) or _DATE_ONLY.match(lead))
            and (not title or title == lead)
            and len(content) <= 6
        ):
            return Skipped(
                number,
                cells,
                warning("note_row", f"表尾说明，不作为数据：{lead[:40]}", f"A note, no data: {lead[:40]}"),
            )
        if len(content) == 1 and not title:
            return Skipped(
                number,
                cells,
                warning(
                    "stray_text",
                    f"只有一格文字，不作为数据：{lead[:40]}",
                    f"A single text, no data: {lead[:40]}",
                ),
            )
        return self._repeated_header(number, cells, title, title_at, headers)

    def _repeated_header(
        self, number: int, cells: Sequence[Cell], title: str, title_at: int | None, headers: dict[int, str]
    ) -> Skipped | None:
        if title_at is not None and title and title == headers.get(title_at):
            return Skipped(
                number, cells, warning("header_again", "重复的表头行，已跳过。", "The header again; skipped.")
            )
        if not title.strip("()（）[]").isdigit():
            return None
        texts = [text_of(cell).strip("()（）[]") for cell in cells if text_of(cell)]
        if len(texts) >= 4 and texts == [str(at) for at in range(1, len(texts) + 1)]:
            return Skipped(
                number,
                cells,
                warning("column_numbers", "列号行，已跳过。", "A row of column numbers; skipped."),
            )
        return None

    def _fill_merged(
        self, number: int, cells: Sequence[Cell], filling: Sequence[Mapped], filled: list[str]
    ) -> Sequence[Cell]:
        copy: list[Cell] | None = None
        for mapped in filling:
            anchor = self.sheet.merged.get((number, mapped.index))
            if anchor is None or anchor[1] != mapped.index or _text(cells, mapped.index):
                continue
            value = self._anchors.get(anchor)
            if value in ("", None):
                continue
            copy = _widened(cells if copy is None else copy, mapped.index)
            copy[mapped.index] = value
            assert mapped.column is not None
            filled.append(mapped.column.field)
        return cells if copy is None else copy

    def _shared_money(
        self, number: int, cells: Sequence[Cell], money: Sequence[Mapped], shared: set[tuple[int, int]]
    ) -> Iterator[RowProblem]:
        for mapped in money:
            place = (number, mapped.index)
            anchor = self.sheet.merged.get(place)
            if (place in shared and _text(cells, mapped.index)) or (
                anchor in shared
                and anchor is not None
                and anchor[1] == mapped.index
                and text_of(self._anchors.get(anchor, ""))
            ):
                assert mapped.column is not None
                yield error(
                    "amount_merged", "金额单元格与其他行合并，无法确定本行金额；请拆分后填写。",
                    "The amount is merged over several rows; this row's own amount is not known.",
                ).at(mapped.column.field, f"{mapped.letters}{number}")  # fmt: skip

    def _fill_down(
        self, cells: Sequence[Cell], areas: Sequence[Mapped], filled: list[str], problems: list[RowProblem]
    ) -> Sequence[Cell]:
        copy: list[Cell] | None = None
        outer_given = False
        for mapped in areas:
            assert mapped.column is not None
            if text := _text(cells, mapped.index):
                outer_given = outer_given or self._carried.get(mapped.column.field) != text
                self._carried[mapped.column.field] = text
            elif outer_given:
                self._carried.pop(mapped.column.field, None)
            elif value := self._carried.get(mapped.column.field):
                copy = _widened(cells if copy is None else copy, mapped.index)
                copy[mapped.index] = value
                filled.append(mapped.column.field)
                problems.append(warning(
                    "filled_down", f"{mapped.header}为空，沿用上一行“{value}”。", f"{mapped.header} is blank; '{value}' of the row above is taken.",
                ).at(mapped.column.field, None))  # fmt: skip
        return cells if copy is None else copy


def _first(cells: Sequence[Cell]) -> tuple[int, str]:
    """The first text of a row and its column; '' for a blank row."""
    for index, cell in enumerate(cells):
        if cell is not None and cell != "" and (text := text_of(cell)):
            return index, text
    return 0, ""


def _text(cells: Sequence[Cell], index: int | None) -> str:
    return text_of(cells[index]) if index is not None and index < len(cells) else ""


def _widened(cells: Sequence[Cell], index: int) -> list[Cell]:
    row = list(cells)
    row.extend([""] * (index + 1 - len(row)))
    return row
