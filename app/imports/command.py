"""`sheqia import FILE --dry-run`: the preview of a file at the terminal, without a database."""

import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, TextIO

from app.imports import shown
from app.imports.drafts import checker
from app.imports.parsing import Status
from app.imports.preview import Preview, Reading, Request
from app.kernel.errors import SheqiaError

CLEAN, REJECTED, UNREADABLE = 0, 1, 2
_LISTED = 20


def run(
    file: Path,
    kind: str,
    edition_year: int,
    *,
    as_json: bool = False,
    strict: bool = False,
    as_of: date | None = None,
    out: TextIO | None = None,
) -> int:
    """Preview a file and print it. 0 all rows fit, 1 some are rejected (`strict`: or warned), 2 it cannot be read.

    As JSON: {counts, rows: [{sheet, row, status, record, problems, …}], …}; otherwise a table for people.
    """
    out = out or sys.stdout
    try:
        preview = _read(
            file, Request(kind, edition_year), as_of or date(edition_year, 1, 1), show=not as_json
        )
    except (SheqiaError, OSError) as refused:
        _refuse(refused, as_json, out)
        return UNREADABLE
    if as_json:
        document = {**shown.summary(preview), "rows": [shown.row(row) for row in preview.rows]}
        json.dump(document, out, ensure_ascii=False, indent=1)
        out.write("\n")
    else:
        _table(file, preview, out)
    if not any(report.used for report in preview.sheets):
        return UNREADABLE
    counts = preview.counts
    doubtful = counts["rejected"] + (counts["warned"] if strict else 0)
    return REJECTED if doubtful else CLEAN


def _read(file: Path, request: Request, as_of: date, *, show: bool) -> Preview:
    """The preview, with a progress bar on the terminal while it is made."""
    reading = Reading.open(file, request, check=checker(request.kind, as_of))
    rows = list(_progress(reading) if show else reading.rows())
    preview = reading.finish()
    preview.rows = rows
    reading.reconciliation.amend(rows)
    return preview


def _progress(reading: Reading) -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    with Progress(
        TextColumn("读取 reading"), BarColumn(), TextColumn("{task.completed} 行 rows"), TimeElapsedColumn(),
        console=console, transient=True,
    ) as bar:  # fmt: skip
        task = bar.add_task("rows", total=None)
        for at, row in enumerate(reading.rows(), 1):
            if at % 50 == 0:
                bar.update(task, completed=at)
            yield row


def _refuse(refused: Exception, as_json: bool, out: TextIO) -> None:
    problems = getattr(refused, "problems", None)
    if as_json:
        found = [{"code": p.code, "message": p.zh, "message_en": p.en} for p in problems or ()] or [
            {"code": "file_unreadable", "message": "文件无法打开。", "message_en": str(refused)}
        ]
        json.dump({"counts": None, "rows": [], "problems": found}, out, ensure_ascii=False, indent=1)
        out.write("\n")
        return
    for found in problems or ():
        out.write(f"{found.zh}\n{found.en}\n")
    if not problems:
        out.write(f"文件无法打开：{refused}\n")


def _table(file: Path, preview: Preview, out: TextIO) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(file=out)
    counts = preview.counts
    how = "、".join(
        filter(
            None, (preview.format, preview.encoding, preview.delimiter and f"分隔符 {preview.delimiter!r}")
        )
    )
    console.print(
        f"{file.name}（{how}）：{counts['rows']} 行；未与已存记录比对 not compared with stored records"
    )
    table = Table("状态 status", "行数 rows")
    for status, label in ((Status.READY, "可导入 ready"), (Status.WARNED, "可导入，有提示 warned"),
                          (Status.REJECTED, "不导入 rejected"), (Status.SKIPPED, "跳过 skipped")):  # fmt: skip
        table.add_row(label, str(counts[status.value]))
    console.print(table)
    for problem in preview.problems:
        console.print(f"• {problem.zh}\n  {problem.en}", markup=False)
    told = Counter(p.code for row in preview.rows for p in row.problems)
    if told:
        reasons = Table("提示 problem", "次数 times", "例 first")
        first = {
            p.code: f"{row.sheet}!{row.row} {p.zh}" for row in reversed(preview.rows) for p in row.problems
        }
        for code, times in told.most_common(_LISTED):
            reasons.add_row(code, str(times), first[code])
        console.print(reasons)
