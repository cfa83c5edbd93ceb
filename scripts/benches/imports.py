"""How fast lists come in: `scripts/bench import [--rows N] [--large]`.

A server of its own (fsync on). A 2,100-row workbook previewed and committed; a 100,000-row workbook previewed (`--large`);
and N clean CSV rows end to end (read, checked, previewed with provenance, written with journal) beside COPY of the very
rows that were written, all tables, with their indexes, into the same server.
"""

import argparse
import asyncio
import csv
import io
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import xlsxwriter
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from app.areas.gazetteer import Gazetteer
from app.editions import service as editions
from app.editions.schemas import EditionDraft
from app.imports import service
from app.imports.models import Import
from app.imports.schemas import Said
from app.installation.seed import seed
from app.kernel import clock, migrations
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgres
from app.kernel.job_worker import Worker
from app.worker import collect_rarely

OPERATOR = machine("bench")
HEADER = (
    "序号",
    "项目名称",
    "项目简介",
    "服务类别",
    "服务对象",
    "受益人数",
    "所属区",
    "街道",
    "社区",
    "购买方",
    "预算金额(元)",
    "项目周期",
)
SERVICES = (
    ("助餐送餐", "养老服务", "独居老人", "每周五天为行动不便的老人送午餐，并看看人好不好，异常情况当日上报社区。"),
    ("课后陪伴", "青少年与社区教育", "流动儿童", "放学后两小时作业辅导与阅读陪伴，每月一次家长沟通，寒暑假另设营期。"),
    ("楼道协商", "调解治理", "业主", "引入中立第三方组织单元协商会，编制议事规则，培养楼栋骨干，形成书面一致意见。"),
    ("照护喘息", "养老服务", "家庭照护者", "每周一次日间喘息照料，开设照护技能课，建立照护者互助小组并跟进高负荷家庭。"),
    ("心理支持", "心理健康", "残疾人", "入户评估与个案辅导相结合，开展支持小组，危机情况及时转介并回访。"),
)  # fmt: skip
TABLES = ("projects", "project_texts", "import_rows", "journal_entries")


def rows(count: int) -> Iterator[list[Any]]:
    """Clean rows, each its own: service, place and number vary."""
    streets = [area for area in Gazetteer.default().streets if area.name.endswith("街道")]
    parents = Gazetteer.default().areas
    for at in range(count):
        street, (what, category, group, words) = streets[at % len(streets)], SERVICES[at % len(SERVICES)]
        district = parents[street.parent_code or ""].name
        yield [
            at + 1, f"{street.name[:-2]}{what}第{at + 1}号项目", f"{words}编号{at + 1}，服务{20 + at % 80}人。", category, group, 20 + at % 80,
            district, street.name, f"第{1 + at // 500 % 9}社区", f"{street.name}办事处", 5_000 + at % 200 * 500, f"{3 + at % 10}个月",
        ]  # fmt: skip


def as_csv(table: Iterable[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    text = io.TextIOWrapper(buffer, "gb18030", newline="")
    csv.writer(text).writerows(chain((HEADER,), table))
    text.flush()
    return buffer.getvalue()


def as_xlsx(table: Iterable[list[Any]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        for line, row in enumerate(chain((list(HEADER),), table)):
            sheet.write_row(line, 0, row)
    return buffer.getvalue()


async def timed(act: Callable[[], Awaitable[Any]]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = await act()
    return time.perf_counter() - start, found


async def send(database: Database, content: bytes, name: str) -> UUID:
    """What the door does before it answers 202."""
    async with database.writing() as session:
        thing, _ = await service.upload(
            session, OPERATOR, kind="projects", edition="2026", file_name=name, content=content, said=Said()
        )
    return thing.id


async def previewed(database: Database, import_id: UUID) -> Import:
    await Worker(database, service.HANDLERS).drain()
    async with database.reading() as session:
        return await session.get_one(Import, import_id)


async def preview(database: Database, content: bytes, name: str) -> Import:
    return await previewed(database, await send(database, content, name))


async def commit(database: Database, thing: Import) -> Import:
    async with database.writing() as session:
        again = await service.get(session, OPERATOR, thing.id)
        await service.commit(session, OPERATOR, again, all_or_nothing=True)
    await Worker(database, service.HANDLERS).drain()
    async with database.reading() as session:
        return await session.get_one(Import, thing.id)


async def copied(database: Database, folder: Path) -> float:
    """Seconds to COPY the rows of all written tables into empty tables with the same indexes."""
    seconds = 0.0
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        for table in TABLES:
            file = folder / table
            names = await driver.fetch(
                "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped"
                " AND attgenerated = '' AND attidentity = ''", table,
            )  # fmt: skip
            columns = [name["attname"] for name in names]
            await driver.copy_from_table(table, columns=columns, output=str(file))
            await driver.execute(f"CREATE TABLE copy_of_{table} (LIKE {table} INCLUDING ALL)")
            start = time.perf_counter()
            await driver.copy_to_table(f"copy_of_{table}", columns=columns, source=str(file))
            seconds += time.perf_counter() - start
    return seconds


def say(what: str, figure: str) -> None:
    sys.stdout.write(f"| {what} | {figure} |\n")
    sys.stdout.flush()


async def run(count: int, *, large: bool) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="sheqia-bench-") as folder,
        EmbeddedPostgres(Path(folder) / "data") as server,
    ):
        database = await _fresh(server, "list")
        await preview(database, as_xlsx(rows(3)), "warm.xlsx")
        say("What", "Figure")
        say("---", "---")
        await _list(database)
        if large:
            content = as_xlsx(rows(100_000))
            seconds, thing = await timed(lambda: preview(database, content, "large.xlsx"))
            say(
                "100,000-row workbook, previewed",
                f"{seconds:.1f} s, {thing.summary['counts']['ready']:,} ready",
            )
        await database.close()
        database = await _fresh(server, "whole")
        await _whole(database, Path(folder), count)
        await database.close()


async def _fresh(server: EmbeddedPostgres, name: str) -> Database:
    """An empty installation with one edition."""
    admin = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}"'))
    await admin.dispose()
    database = Database.connect(server.url(name))
    await migrations.upgrade(database.engine)
    today = clock.today()
    days = {"call_opens_on": today, "call_closes_on": today, "fair_opens_on": today, "fair_closes_on": today}
    async with database.writing() as session:
        await seed(session)
        await editions.create(
            session, OPERATOR, EditionDraft(code="2026", name="2026 年社洽会", ordinal=13, **days)
        )
    return database


async def _list(database: Database) -> None:
    content = as_xlsx([[*row[:1], f"年度{row[1]}", *row[2:]] for row in rows(2_100)])
    seconds, thing = await timed(lambda: preview(database, content, "list.xlsx"))
    say("2,100-row workbook, previewed", f"{seconds:.2f} s")
    assert thing.summary["counts"]["rejected"] == 0, thing.summary
    seconds, thing = await timed(lambda: commit(database, thing))
    say("2,100-row workbook, committed", f"{seconds:.2f} s, {thing.result}")


async def _whole(database: Database, folder: Path, count: int) -> None:
    content = as_csv(rows(count))
    size = len(content) / 1e6
    before = await _entries(database)
    sent, import_id = await timed(partial(send, database, content, "whole.csv"))
    del content
    _forget_peak()
    read, thing = await timed(lambda: previewed(database, import_id))
    assert thing.summary["counts"]["ready"] == count, thing.summary["counts"]
    wrote, thing = await timed(lambda: commit(database, thing))
    assert thing.result["created"] == count, (thing.state, thing.problems)
    peak = _peak()
    say(f"{count:,} CSV rows ({size:.0f} MB GB18030), sent", f"{sent:.1f} s")
    say(f"{count:,} CSV rows, previewed", f"{read:.1f} s, {count / read:,.0f} rows/s")
    say(f"{count:,} CSV rows, committed", f"{wrote:.1f} s, {count / wrote:,.0f} rows/s")
    whole = sent + read + wrote
    say("end to end", f"{whole:.1f} s, {count / whole:,.0f} rows/s")
    limit = await copied(database, folder)
    say(
        f"COPY of the written rows ({', '.join(TABLES)}), same indexes",
        f"{limit:.1f} s, {count / limit:,.0f} rows/s",
    )
    say("import ÷ COPY", f"{limit / whole:.2f}")
    reading = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    say("peak memory: worker; largest reading process", f"{peak:.0f} MB; {reading:.0f} MB")
    assert await _entries(database) - before >= count


def _forget_peak() -> None:
    """From here on `_peak` counts anew: the bench has held the whole file, which no worker does."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    """Most memory this process has held, MB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmHWM"].split()[0]) / 1024


async def _entries(database: Database) -> int:
    async with database.engine.connect() as connection:
        return int(await connection.scalar(text("SELECT count(*) FROM journal_entries")) or 0)


def main(argv: Sequence[str] | None = None) -> int:
    asked = argparse.ArgumentParser(prog="scripts/bench import", description=__doc__)
    asked.add_argument("--rows", type=int, default=100_000, help="rows of the CSV")
    asked.add_argument("--large", action="store_true", help="also preview a 100,000-row workbook")
    given = asked.parse_args(argv)
    collect_rarely()
    asyncio.run(run(given.rows, large=given.large))
    return 0


if __name__ == "__main__":
    sys.exit(main())
