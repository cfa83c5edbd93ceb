"""A file as it would be imported: every row with its record and problems, before anything is written.

The stages: open → lay out each sheet → prepare rows in order → parse each row alone → reconcile rows with one another
(duplicates, totals). Only the first, third and last need order: who parses, and where, is the caller's to say.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from app.imports.cells.parsed import Context, RowProblem, error, warning
from app.imports.columns.column import Kind
from app.imports.columns.kinds import KINDS
from app.imports.files.sheet import Limits, Sheet, Source
from app.imports.files.sniff import open_source
from app.imports.layout import INSTRUCTION_SHEET, SUMMARY_SHEET, Layout, find_layout
from app.imports.parsing import Check, Prepared, PreviewRow, RowParser, Status
from app.imports.preparation import Preparation
from app.imports.reconciliation import Piece, Reconciliation, Total, Verdict, outline
from app.kernel.errors import Malformed, Problem
from app.kernel.money import yuan

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SheetReport:
    """How one sheet was read, or why it was not."""

    name: str
    used: bool
    reason: str | None = None
    layout: Layout | None = None
    hidden: bool = False


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
    reading.amend(rows)
    return shown


class Table(NamedTuple):
    """One sheet laid out: the parser of its rows, and the rows as prepared, each with its place in the whole list."""

    parser: RowParser
    rows: Iterator[tuple[int, Prepared]]


@dataclass(slots=True)
class Reading:
    """A file being previewed row by row: iterate `rows()` to the end, then take `finish()`."""

    kind: Kind
    request: Request
    source: Source
    check: Check | None
    reports: list[SheetReport] = field(default_factory=list)
    reconciliation: Reconciliation = field(default_factory=Reconciliation)

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
        for row, verdicts in self.pieces(_row_by_row):
            for verdict in verdicts:
                row.heed(verdict.status, verdict.problem)
            yield row

    def amend(self, rows: Sequence[PreviewRow]) -> None:
        """Tell earlier rows, all in memory, what later ones have put in question."""
        for place, problem in self.reconciliation.afterwards:
            rows[place].heed(Status.REJECTED, problem)

    def pieces(self, parse: Callable[[Table], Iterator[Piece[T]]]) -> Iterator[tuple[T, list[Verdict]]]:
        """The same rows as `parse` makes them of each sheet, with what the rows before say about them."""
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
                pieces = parse(self._table(sheet, layout))
                yield from self.reconciliation.reconcile(sheet.name, pieces)
        for sheet, layout in later:
            kept = list(parse(self._table(sheet, layout)))
            outlines = (row for piece in kept for row in piece.outlines)
            repeats = used > 0 and self.reconciliation.repeats(outlines)
            reason = "repeats_others" if repeats else None
            self.reports.append(SheetReport(sheet.name, not repeats, reason, layout, sheet.hidden))
            if not repeats:
                yield from self.reconciliation.reconcile(sheet.name, kept)

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

    def _table(self, sheet: Sheet, layout: Layout) -> Table:
        context = Context(
            layout.year or self.request.edition_year, layout.unit, layout.district, self.source.epoch_1904
        )
        parser = RowParser(self.kind, sheet.name, layout, context, self.request.choices, self.check)
        prepared = Preparation(sheet, layout, self.source.fills_blanks).rows()
        return Table(parser, zip(count(self.reconciliation.count), prepared, strict=False))

    def _year(self, report: SheetReport) -> list[RowProblem]:
        year = report.layout.year if report.layout else None
        if year is None or year == self.request.edition_year:
            return []
        return [warning("year_differs", f"表题写作 {year} 年，导入到 {self.request.edition_year} 年届次，请核对。",
                        f"The title says {year}, the edition is {self.request.edition_year}; please check.").at(None, report.name or None)]  # fmt: skip


def _row_by_row(table: Table) -> Iterator[Piece[PreviewRow]]:
    for _, prepared in table.rows:
        (row,) = table.parser.read((prepared,))
        yield Piece([outline(row)], row)


_REASONS = {
    "hidden": "隐藏",
    "instructions": "填表说明或代码表",
    "repeats_others": "与其他工作表重复的汇总",
    "not_chosen": "未选择",
}


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
