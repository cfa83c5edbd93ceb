"""Workbooks written: templates, exports in the same columns, and error reports in the sender's own layout."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from app.catalogue.codes import CODES
from app.imports.cells.parsed import Cell
from app.imports.cells.personal import redact
from app.imports.cells.text import text_of
from app.imports.columns.column import Column, Kind
from app.imports.columns.kinds import KINDS
from app.imports.communities import written_communities
from app.imports.files.sheet import Sheet, column_index
from app.imports.files.sniff import open_source

REASON = "错误原因"
_UNSAFE = ("=", "+", "-", "@", "\t", "\r")
_WIDTH = {"description": 60, "capability": 60, "business_scope": 50, "title": 32, "name": 32, "outputs": 36}
_OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def template(kind_name: str) -> bytes:
    """The columns of a kind with one example row, choices in lists, and a sheet that explains each column."""
    kind = KINDS[kind_name]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **_OPTIONS}) as book:
        sheet = book.add_worksheet(f"{kind.zh}表")
        columns = _columns(kind)
        _header(book, sheet, columns, required=True)
        example = book.add_format({"font_color": "#666666", "text_wrap": True, "valign": "top"})
        for at, column in enumerate(columns):
            value = column.example
            if value not in (None, ""):
                sheet.write(1, at, float(value) if isinstance(value, Decimal) else value, example)
            if choices := _choices(column):
                sheet.data_validation(
                    1, at, 2000, at, {"validate": "list", "source": choices, "error_type": "information"}
                )
        _explain(book, kind, columns)
    return buffer.getvalue()


def export(kind_name: str, records: Iterable[Mapping[str, Any]]) -> bytes:
    """Records in the columns of the template: reading them back gives the same records."""
    kind = KINDS[kind_name]
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, **_OPTIONS}) as book:
        sheet = book.add_worksheet(f"{kind.zh}表")
        columns = _columns(kind)
        _header(book, sheet, columns, required=False)
        for line, record in enumerate(records, 1):
            for at, column in enumerate(columns):
                value = _exported(column, record)
                if value not in (None, ""):
                    sheet.write(line, at, value)
    return buffer.getvalue()


def _exported(column: Column, record: Mapping[str, Any]) -> Any:
    value = _value(column, record)
    if value is None:
        return None
    written = column.export(value)
    if isinstance(written, Decimal):
        return float(written)
    if isinstance(written, date):
        return written.isoformat()
    return _safe(written) if isinstance(written, str) else written


def _value(column: Column, record: Mapping[str, Any]) -> Any:
    """The part of a record a column shows, composed fields included."""
    if column.field.startswith("funding_lines."):
        source = column.field.split(".", 1)[1]
        amounts = [
            line["amount_fen"] for line in record.get("funding_lines") or () if line["source"] == source
        ]
        return sum(amounts) or None
    if column.field == "period":
        return None if record.get("start_on") and record.get("end_on") else record.get("period_months")
    if column.field == "category" and record.get("categories"):
        return [record["category"], *record["categories"]] if record.get("category") else record["categories"]
    if column.field == "community":
        return (
            written_communities(record.get("communities") or filter(None, (record.get("community"),))) or None
        )
    return record.get(column.field)


def _safe(text: str) -> str:
    """Text that no spreadsheet will run: a leading apostrophe, which the import takes off again."""
    return "'" + text if text.startswith(_UNSAFE) else text


def _columns(kind: Kind) -> list[Column]:
    return [column for column in kind.columns if column.in_template]


def _header(book: Any, sheet: Any, columns: Sequence[Column], *, required: bool) -> None:
    plain = book.add_format(
        {"bold": True, "text_wrap": True, "border": 1, "bg_color": "#DDEBF7", "valign": "vcenter"}
    )
    asked = book.add_format(
        {"bold": True, "text_wrap": True, "border": 1, "bg_color": "#FCE4D6", "valign": "vcenter"}
    )
    for at, column in enumerate(columns):
        sheet.set_column(at, at, _WIDTH.get(column.field, 16))
        sheet.write(
            0,
            at,
            column.header + ("*" if required and column.required else ""),
            asked if column.required else plain,
        )
    sheet.freeze_panes(1, 2)


def _choices(column: Column) -> list[str]:
    """The words a column of one code offers, where they fit into a list of a spreadsheet."""
    name = _LISTS.get(column.field)
    words = [code.zh for code in CODES[name].codes] if name else []
    return words if words and len(",".join(words)) <= 255 else []


_LISTS = {
    "category": "category", "funding_source": "funding_source", "procurement_method": "procurement_method", "delivery_route": "delivery_route",
    "linkage_mode": "linkage_mode", "urgency": "urgency", "min_rating": "rating", "rating": "rating", "registration_type": "registration_type",
    "credit_status": "credit_status", "org_orientation": "org_orientation", "org_stage": "org_stage", "origin": "org_origin",
    "marketplace_role": "marketplace_role", "dimension": "need_dimension",
}  # fmt: skip


def _explain(book: Any, kind: Kind, columns: Sequence[Column]) -> None:
    sheet = book.add_worksheet("填表说明")
    bold = book.add_format({"bold": True})
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 1, 90)
    sheet.write(0, 0, f"{kind.zh}表填写说明", bold)
    for line, column in enumerate(columns, 1):
        notes = ["必填" if column.required else "选填"]
        if column.money:
            notes.append("金额单位见列名；也可在单元格内写明，如 5万元、50000元")
        if column.date:
            notes.append("如 2026年3月 或 2026-03-01")
        if (
            choices := [code.zh for code in CODES[_LISTS[column.field]].codes]
            if column.field in _LISTS
            else []
        ):
            notes.append("可填：" + "、".join(choices))
        if column.names:
            notes.append("也认列名：" + "、".join(column.names[:6]))
        sheet.write(line, 0, f"【{column.header}】")
        sheet.write(line, 1, "；".join(notes))


def error_report(
    path: Path, rejected: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]], headers: Mapping[str, int]
) -> bytes:
    """The sender's sheets with their heads and the rejected rows, bad cells marked, and the reasons in a last column.

    `rejected`: sheet → row → problems. `headers`: sheet → the last row of its header.
    """
    source = open_source(path)
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, **_OPTIONS}) as book:
        bad = book.add_format({"bg_color": "#FFC7CE", "font_color": "#9C0006"})
        reason = book.add_format({"font_color": "#9C0006", "text_wrap": True})
        for sheet in source.sheets:
            if sheet.name in rejected:
                out = book.add_worksheet(_sheet_name(sheet.name))
                _report_sheet(out, sheet, rejected[sheet.name], headers.get(sheet.name, 1), bad, reason)
    return buffer.getvalue()


def _report_sheet(
    out: Any,
    sheet: Sheet,
    rejected: Mapping[int, Sequence[Mapping[str, Any]]],
    header: int,
    bad: Any,
    reason: Any,
) -> None:
    rows = [(number, cells) for number, cells in sheet.rows() if number <= header or number in rejected]
    last = max((len(cells) for _, cells in rows), default=0)
    for line, (number, cells) in enumerate(rows):
        problems = rejected.get(number, ())
        marked = {_column_of(str(problem["cell"])) for problem in problems if problem.get("cell")}
        for at, cell in enumerate(cells):
            if at in marked or text_of(cell):
                out.write(line, at, _plain(cell), bad if at in marked else None)
        if number == header:
            out.write(line, last, REASON, reason)
        elif problems:
            told = [p for p in problems if p["severity"] != "warning"] or problems
            out.write(
                line, last, "；".join(f"{p['cell'] or ''} {p['message']}".strip() for p in told), reason
            )
    out.set_column(last, last, 60)


def _column_of(cell: str) -> int:
    letters = "".join(letter for letter in cell if letter.isalpha())
    return column_index(letters) if letters else -1


def _plain(cell: Cell) -> Any:
    if isinstance(cell, bool | int | float):
        return cell
    return _safe(redact(text_of(cell))[0])


def _sheet_name(name: str) -> str:
    clean = "".join(letter for letter in name if letter not in "[]:*?/\\")[:31]
    return clean or "错误"
