"""`sheqia import FILE`: the preview of a file at the terminal without a database, or the whole import with one."""

import asyncio
import json
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

from sqlalchemy import select

from app.imports import shown
from app.imports.drafts import checker
from app.imports.models import Import, ImportRow, ImportState
from app.imports.parsing import Status
from app.imports.preview import Preview, Reading, Request
from app.imports.schemas import ImportView
from app.kernel import clock
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.errors import SheqiaError
from app.kernel.jobs import Job

CLEAN, REJECTED, UNREADABLE = 0, 1, 2
_LISTED = 20


def run(
    file: Path,
    kind: str,
    edition: str,
    *,
    as_json: bool = False,
    strict: bool = False,
    as_of: date | None = None,
    out: TextIO | None = None,
) -> int:
    """Preview a file and print it. 0 all rows fit, 1 some are rejected (`strict`: or warned), 2 it cannot be read.

    The year of `edition` (the present one when blank) is what dates without a year mean.

    As JSON: {counts, rows: [{sheet, row, status, record, problems, …}], …}; otherwise a table for people.
    """
    out = out or sys.stdout
    today = as_of or clock.today()
    year = int(edition[:4]) if edition[:4].isdigit() else today.year
    try:
        preview = _read(file, Request(kind, year), today, show=not as_json)
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


async def apply(
    database: Database,
    file: Path,
    kind: str,
    edition: str,
    *,
    as_json: bool,
    strict: bool,
    out: TextIO | None = None,
) -> int:
    """Import a file as the operator: upload, preview, commit. Exit codes as `run`; `strict` writes nothing when a row is
    rejected or warned."""
    from app.imports import repository, service
    from app.imports.schemas import Said

    out = out or sys.stdout
    operator = machine("command line")
    try:
        async with database.writing() as session:
            thing, _ = await service.upload(
                session,
                operator,
                kind=kind,
                edition=edition,
                file_name=file.name,
                content=await asyncio.to_thread(file.read_bytes),
                said=Said(),
            )
        thing = await _worked(database, thing.id, show=not as_json)
        if thing.state == ImportState.PREVIEWED and _to_write(thing, strict=strict):
            async with database.writing() as session:
                thing = await service.get(session, operator, thing.id)
                await service.commit(session, operator, thing, all_or_nothing=strict)
            thing = await _worked(database, thing.id, show=not as_json)
    except (SheqiaError, OSError) as refused:
        _refuse(refused, as_json, out)
        return UNREADABLE
    async with database.reading() as session:
        (view,) = await service.views(session, [thing])
        rows = (await session.scalars(repository.rows(thing.id).order_by(ImportRow.place))).all()
        shown_rows = [row.model_dump(mode="json") for row in await service.row_views(session, thing, rows)]
    if as_json:
        counts = view.preview.counts.model_dump() if view.preview else None
        json.dump(
            {"counts": counts, "import": view.model_dump(mode="json"), "rows": shown_rows},
            out,
            ensure_ascii=False,
            indent=1,
        )
        out.write("\n")
    else:
        _told(view, out)
    if thing.state == ImportState.FAILED:
        return UNREADABLE
    if view.preview is None or thing.problems or view.preview.counts.rejected:
        return REJECTED
    return REJECTED if strict and view.preview.counts.warned else CLEAN


async def _worked(database: Database, import_id: UUID, *, show: bool) -> Import:
    """The import once its job is done, by this process or by a worker beside it; a bar tells how far it is."""
    from app.imports.service import HANDLERS
    from app.kernel.job_worker import Worker

    bar = asyncio.create_task(_bar(database, import_id)) if show else None
    try:
        while True:
            await Worker(database, HANDLERS).drain()
            async with database.reading() as session:
                thing = await session.get_one(Import, import_id)
            if thing.state not in (ImportState.UPLOADED, ImportState.PREVIEWING, ImportState.COMMITTING):
                return thing
            await asyncio.sleep(0.2)
    finally:
        if bar is not None:
            bar.cancel()


async def _bar(database: Database, import_id: UUID) -> None:
    """The job's own progress on the terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed} 行 rows"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("排队 queued", total=None)
        while True:
            async with database.reading() as session:
                query = select(Job).join(Import, Import.job_id == Job.id).where(Import.id == import_id)
                job = await session.scalar(query)
            if job is not None:
                progress.update(
                    task, completed=job.done, total=job.total or None, description=job.stage or "处理 working"
                )
            await asyncio.sleep(0.3)


def _to_write(thing: Import, *, strict: bool) -> bool:
    """Whether there is something to write; strictly, whether nothing speaks against any row."""
    counts = (thing.summary or {}).get("counts", {})
    if strict and counts.get("rejected", 0) + counts.get("warned", 0):
        return False
    return bool(counts.get("ready", 0) + counts.get("warned", 0))


def _told(view: ImportView, out: TextIO) -> None:
    if view.preview:
        counts = view.preview.counts
        out.write(
            f"{view.file_name}：{counts.rows} 行 rows，可导入 ready {counts.ready}，提示 warned {counts.warned}，"
            f"不导入 rejected {counts.rejected}，跳过 skipped {counts.skipped}\n"
        )
    if view.result:
        out.write(
            f"新增 created {view.result.created}，更新 updated {view.result.updated}，未变 unchanged {view.result.unchanged}\n"
        )
    for problem in view.problems:
        out.write(f"{problem['message_zh']}\n{problem['message_en']}\n")


def _read(file: Path, request: Request, as_of: date, *, show: bool) -> Preview:
    """The preview, with a progress bar on the terminal while it is made."""
    reading = Reading.open(file, request, check=checker(request.kind, as_of))
    rows = list(_progress(reading) if show else reading.rows())
    preview = reading.finish()
    preview.rows = rows
    reading.amend(rows)
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
