"""A preview as plain JSON values: the same shape for HTTP, the command line and what is stored."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.imports.cells.parsed import RowProblem
from app.imports.parsing import PreviewRow
from app.imports.preview import Preview, SheetReport
from app.imports.reconciliation import Total
from app.kernel.money import yuan


def problem(found: RowProblem) -> dict[str, Any]:
    """One problem: code, severity, field, cell, both messages, suggestion."""
    return {
        "code": found.code,
        "severity": found.severity.value,
        "field": found.field,
        "cell": found.cell,
        "message": found.zh,
        "message_en": found.en,
        "suggestion": found.suggestion,
    }


def value(thing: Any) -> Any:
    """A record's value as JSON has it: dates as ISO, codes as text."""
    if isinstance(thing, date):
        return thing.isoformat()
    if isinstance(thing, Mapping):
        return {str(key): value(item) for key, item in thing.items()}
    if isinstance(thing, list | tuple):
        return [value(item) for item in thing]
    return thing


def record(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """A record with JSON values; money stays integer fen."""
    return None if content is None else {name: value(item) for name, item in content.items()}


def row(shown: PreviewRow) -> dict[str, Any]:
    """One preview row."""
    return {
        "sheet": shown.sheet,
        "row": shown.row,
        "status": shown.status.value,
        "record": record(shown.record),
        "problems": [problem(found) for found in shown.problems],
        "choices": shown.choices,
        "filled": list(shown.filled),
        "change": None,
        "raw": shown.raw,
    }


def sheet(report: SheetReport) -> dict[str, Any]:
    """How a sheet was read: header place, unit, title, and which column feeds which field."""
    layout = report.layout
    return {
        "name": report.name,
        "used": report.used,
        "hidden": report.hidden,
        "reason": report.reason,
        "header_row": layout.header_row if layout else None,
        "header_height": layout.header_height if layout else None,
        "title": layout.title if layout else None,
        "unit": layout.unit if layout else None,
        "district": layout.district if layout else None,
        "year": layout.year if layout else None,
        "sender": layout.sender if layout else None,
        "reported_on": layout.reported_on.isoformat() if layout and layout.reported_on else None,
        "columns": [
            {
                "letters": mapped.letters,
                "header": mapped.header,
                "field": mapped.column.field if mapped.column else None,
                "unit": mapped.unit if mapped.column and mapped.column.money else None,
            }
            for mapped in (layout.columns if layout else ())
        ],
    }


def total(found: Total) -> dict[str, Any]:
    """A stated total beside the computed one, in yuan."""
    return {
        "sheet": found.sheet,
        "row": found.row,
        "label": found.label,
        "stated_yuan": None if found.stated_fen is None else yuan(found.stated_fen),
        "computed_yuan": yuan(found.computed_fen),
        "difference_yuan": None if found.difference_fen is None else yuan(found.difference_fen),
        "unreadable_rows": found.unreadable,
    }


def summary(preview: Preview) -> dict[str, Any]:
    """Everything about a preview but its rows."""
    return {
        "kind": preview.kind,
        "edition_year": preview.edition_year,
        "format": preview.format,
        "encoding": preview.encoding,
        "delimiter": preview.delimiter,
        "compared": preview.compared,
        "counts": preview.counts,
        "sheets": [sheet(report) for report in preview.sheets],
        "totals": [total(found) for found in preview.totals],
        "problems": [problem(found) for found in preview.problems],
    }
