"""A file as it would be imported: every row with its record and problems, before anything is written.

The stages: open → lay out each sheet → prepare rows in order → parse each row alone → reconcile rows with one another
(duplicates, totals). Only the first, third and last need order, so that parsing may be spread over processes.
"""

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.imports.cells.parsed import Choice, Context, RowProblem, choice, error, warning
from app.imports.columns.column import Kind
from app.imports.columns.kinds import KINDS
from app.imports.files.sheet import Limits, Sheet, Source
from app.imports.files.sniff import open_source
from app.imports.layout import INSTRUCTION_SHEET, SUMMARY_SHEET, Layout, find_layout
from app.imports.parsing import Check, PreviewRow, RowParser, Status
from app.imports.preparation import Candidate, Preparation
from app.kernel.errors import Malformed, Problem
from app.kernel.money import yuan


@dataclass(frozen=True, slots=True)
class SheetReport:
    """How one sheet was read, or why it was not."""

    name: str
    used: bool
    reason: str | None = None
    layout: Layout | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Total:
    """A total the sender wrote, beside the sum of the rows it stands for (fen)."""

    sheet: str
    row: int
    label: str
    stated_fen: int | None
    computed_fen: int
    unreadable: int

    @property
    def difference_fen(self) -> int | None:
        return None if self.stated_fen is None else self.stated_fen - self.computed_fen


@dataclass(slots=True)
class Preview:
    """What an import of the file would do. `rows` holds every row with content, in the order of the file."""

    kind: str
    edition_year: int
    format: str
    encoding: str | None
    delimiter: str | None
    sheets: list[SheetReport] = field(default_factory=list)
    rows: list[PreviewRow] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    compared: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Rows in all and by status."""
        by_status = Counter(row.status for row in self.rows)
        return {"rows": len(self.rows), **{status.value: by_status.get(status, 0) for status in Status}}


@dataclass(frozen=True, slots=True)
class Request:
    """What a person has said about a file: kind, year, header → field, field → unit, row → choices, sheets to read.

    `home` is the sender's own district and street: where rows belong that name no place.
    """

    kind: str
    edition_year: int
    mapping: Mapping[str, str | None] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sheets: Sequence[str] | None = None
    home: tuple[str | None, str | None] = (None, None)


def preview(
    content: bytes | Path, request: Request, *, check: Check | None = None, limits: Limits | None = None
) -> Preview:
    """The preview of a file, whole in memory. Raises as `open_source` does; a table of whatever cells never raises."""
    reading = Reading.open(content, request, check=check, limits=limits)
    rows = list(reading.rows())
    shown = reading.finish()
    shown.rows = rows
    reading.reconciliation.amend(rows)
    return shown


@dataclass(slots=True)
class Reading:
    """A file being previewed row by row: iterate `rows()` to the end, then take `finish()`."""

    kind: Kind
    request: Request
    source: Source
    check: Check | None
    reports: list[SheetReport] = field(default_factory=list)
    reconciliation: "Reconciliation" = field(default_factory=lambda: Reconciliation())

    @classmethod
    def open(
        cls,
        content: bytes | Path,
        request: Request,
        *,
        check: Check | None = None,
        limits: Limits | None = None,
    ) -> "Reading":
        """Open the file. Raises `Malformed` for an unknown kind, and as `open_source` does."""
        kind = KINDS.get(request.kind)
        if kind is None:
            raise Malformed(Problem(
                "kind_unknown", f"没有这种导入类型：{request.kind}。", f"There is no such kind of import: {request.kind}.", "/kind",
                {"kinds": list(KINDS)}))  # fmt: skip
        reading = cls(kind, request, open_source(content, limits), check)
        reading.reconciliation = Reconciliation(request.choices)
        return reading

    def rows(self) -> Iterator[PreviewRow]:
        """Every row with content of every sheet that is read."""
        chosen = self.request.sheets
        later: list[tuple[Sheet, Layout]] = []
        used = 0
        for sheet in self.source.sheets:
            layout = find_layout(sheet, self.kind, mapping=self.request.mapping, units=self.request.units)
            reason = (
                self._unread(sheet, layout)
                if chosen is None
                else None
                if sheet.name in chosen
                else "not_chosen"
            )
            if layout is None and reason is None:
                reason = "no_header"
            if reason is not None or layout is None:
                self.reports.append(SheetReport(sheet.name, False, reason, layout, sheet.hidden))
            elif chosen is None and SUMMARY_SHEET.search(sheet.name) and len(self.source.sheets) > 1:
                later.append((sheet, layout))
            else:
                used += 1
                self.reports.append(SheetReport(sheet.name, True, None, layout, sheet.hidden))
                yield from self._read(sheet, layout)
        for sheet, layout in later:
            rows = list(self._parsed(sheet, layout))
            repeats = used > 0 and self.reconciliation.repeats(rows)
            reason = "repeats_others" if repeats else None
            self.reports.append(SheetReport(sheet.name, not repeats, reason, layout, sheet.hidden))
            if not repeats:
                yield from self.reconciliation.reconcile(iter(rows))

    def finish(self) -> Preview:
        """The preview without its rows; `reconciliation.afterwards` names rows that later rows have put in question."""
        source, problems = self.source, []
        if not any(report.used for report in self.reports):
            problems.append(error(
                "header_not_found", "未找到表头：前 20 行中没有一行含三个以上已知列名。可在列对应（mapping）中指定，或使用模板。",
                "No header: none of the first 20 rows holds three known column names. Map the columns or use the template."))  # fmt: skip
        for report in self.reports:
            if report.used and report.layout:
                problems += [problem.at(None, report.name or None) for problem in report.layout.problems]
                problems += self._year(report)
            elif report.reason != "no_header":
                problems.append(warning("sheet_skipped", f"工作表“{report.name}”未读取（{_REASONS[report.reason or '']}）；如需导入请指定该表。",
                                        f"Sheet '{report.name}' was not read ({report.reason}); name it to read it."))  # fmt: skip
        for total in self.reconciliation.totals:
            problems += _differs(total)
        return Preview(
            self.kind.name,
            self.request.edition_year,
            source.format,
            source.encoding,
            source.delimiter,
            self.reports,
            totals=self.reconciliation.totals,
            problems=problems,
        )

    def _unread(self, sheet: Sheet, layout: Layout | None) -> str | None:
        if sheet.hidden:
            return "hidden"
        if layout is None:
            return "no_header"
        if INSTRUCTION_SHEET.search(sheet.name) and len(self.source.sheets) > 1 and not layout.district:
            return "instructions"
        return None

    def _read(self, sheet: Sheet, layout: Layout) -> Iterator[PreviewRow]:
        return self.reconciliation.reconcile(self._parsed(sheet, layout))

    def _parsed(self, sheet: Sheet, layout: Layout) -> Iterator[PreviewRow]:
        context = Context(
            layout.year or self.request.edition_year, layout.unit, layout.district, self.source.epoch_1904
        )
        parser = RowParser(self.kind, sheet.name, layout, context, self.request.choices, self.check)
        prepared = Preparation(sheet, layout, self.source.fills_blanks).rows()
        return (parser.parse(row) if isinstance(row, Candidate) else parser.skipped(row) for row in prepared)

    def _year(self, report: SheetReport) -> list[RowProblem]:
        year = report.layout.year if report.layout else None
        if year is None or year == self.request.edition_year:
            return []
        return [warning("year_differs", f"表题写作 {year} 年，导入到 {self.request.edition_year} 年届次，请核对。",
                        f"The title says {year}, the edition is {self.request.edition_year}; please check.").at(None, report.name or None)]  # fmt: skip


_REASONS = {
    "hidden": "隐藏",
    "instructions": "填表说明或代码表",
    "repeats_others": "与其他工作表重复的汇总",
    "not_chosen": "未选择",
}


@dataclass(slots=True)
class Reconciliation:
    """Rows against one another, in the order of the file: duplicates, near duplicates, totals (24, 27-29, 49)."""

    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    afterwards: list[tuple[int, RowProblem]] = field(default_factory=list)
    # A million rows must fit: keys and contents are kept as 64 bit numbers, places in arrays.
    _seen: dict[int, int] = field(default_factory=dict)
    _near: dict[int, int] = field(default_factory=dict)
    _prints: "array[int]" = field(default_factory=lambda: array("Q"))
    _numbers: "array[int]" = field(default_factory=lambda: array("L"))
    _sheets: dict[str, int] = field(default_factory=dict)
    _sheet_at: "array[int]" = field(default_factory=lambda: array("H"))
    _doubted: set[int] = field(default_factory=set)

    def reconcile(self, rows: Iterator[PreviewRow]) -> Iterator[PreviewRow]:
        """The rows of one sheet with what the rows before say about them."""
        whole = part = 0
        whole_bad = part_bad = 0
        for row in rows:
            if row.total is not None:
                final = "小" not in row.total
                sums = (
                    (whole, whole_bad)
                    if final and not (row.amount_fen == part != whole)
                    else (part, part_bad)
                )
                self.totals.append(Total(row.sheet, row.row, row.total, row.amount_fen, *sums))
                part = part_bad = 0
            elif row.status is not Status.SKIPPED:
                if row.amount_fen is not None:
                    whole, part = whole + row.amount_fen, part + row.amount_fen
                elif row.problems and any(problem.field == "budget_fen" for problem in row.problems):
                    whole_bad, part_bad = whole_bad + 1, part_bad + 1
                self._compare(row)
            self._prints.append(hash(row.written) & _64_BITS)
            self._numbers.append(row.row)
            self._sheet_at.append(self._sheets.setdefault(row.sheet, len(self._sheets)))
            yield row

    def amend(self, rows: Sequence[PreviewRow]) -> None:
        """Tell earlier rows, all in memory, what later ones have put in question."""
        for index, problem in self.afterwards:
            rows[index].problems.append(problem)
            rows[index].settle()

    def _compare(self, row: PreviewRow) -> None:
        if row.key is None:
            return
        key, here = _short(row.key), len(self._prints)
        earlier = self._seen.setdefault(key, here)
        if earlier == here:
            self._compare_near(row)
        elif self._prints[earlier] == hash(row.written) & _64_BITS:
            place = self._place(earlier)
            row.status = Status.SKIPPED
            row.problems = [
                warning(
                    "duplicate_row",
                    f"与{_zh(*place)}完全相同，只导入一次。",
                    f"The same as {_en(*place)}; imported once.",
                )
            ]
        else:
            row.problems.append(_conflict(*self._place(earlier)))
            row.settle()
            if key not in self._doubted:
                self._doubted.add(key)
                self.afterwards.append((earlier, _conflict(row.sheet, row.row)))

    def _compare_near(self, row: PreviewRow) -> None:
        if row.near is None:
            return
        here = len(self._prints)
        earlier = self._near.setdefault(_short(row.near), here)
        said = self.choices.get(f"{row.sheet}!{row.row}") or {}
        if earlier == here or said.get("row") == "keep":
            return
        place = self._place(earlier)
        both, skip = Choice("keep", "分别导入", "Import both"), Choice("skip", "跳过本行", "Skip this row")
        row.problems.append(
            choice(
                "near_duplicate",
                f"与{_zh(*place)}高度相似（去除空格、引号、期次后相同），请选择是否分别导入。",
                f"Nearly the same as {_en(*place)} (equal without blanks, quotes and phases); choose.",
                (both, skip),
            ).at("row", None)
        )
        row.settle()

    def _place(self, index: int) -> tuple[str, int]:
        """Sheet and row of an earlier row."""
        names = list(self._sheets)
        return names[self._sheet_at[index]], self._numbers[index]

    def repeats(self, rows: Sequence[PreviewRow]) -> bool:
        """Whether at least half of the rows are known by key: a summary of the other sheets."""
        keys = [_short(row.key) for row in rows if row.key is not None]
        return not keys or 2 * sum(key in self._seen for key in keys) >= len(keys)


_64_BITS = (1 << 64) - 1


def _short(digest: str) -> int:
    """The first 64 bits of a digest."""
    return int(digest[:16], 16)


def _conflict(sheet: str, row: int) -> RowProblem:
    return error("key_conflict", f"与{_zh(sheet, row)}是同一条（名称、单位、社区相同）但内容不同，两行都不导入，请改正。",
                 f"The same thing as {_en(sheet, row)} with other content; neither is imported, please correct.")  # fmt: skip


def _zh(sheet: str, row: int) -> str:
    return f"“{sheet}”第 {row} 行" if sheet else f"第 {row} 行"


def _en(sheet: str, row: int) -> str:
    return f"row {row} of '{sheet}'" if sheet else f"row {row}"


def _differs(total: Total) -> list[RowProblem]:
    difference = total.difference_fen
    if not difference:
        return []
    unread = f"（另有 {total.unreadable} 行金额未识别）" if total.unreadable else ""
    return [warning(
        "total_differs",
        f"{total.label}行写作 {yuan(total.stated_fen or 0)} 元，各行之和为 {yuan(total.computed_fen)} 元，相差 {yuan(difference)} 元{unread}。",
        f"The total row says {yuan(total.stated_fen or 0)} yuan, the rows add up to {yuan(total.computed_fen)}: a difference of {yuan(difference)}.",
    ).at(None, f"{total.sheet}!{total.row}" if total.sheet else str(total.row))]  # fmt: skip
