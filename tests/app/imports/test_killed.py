"""kill -9 at any moment of a preview or a commit: the next worker finishes it, and the count is exact."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.imports import service
from app.imports.models import Import, ImportState
from app.kernel.actor import machine
from app.kernel.database import Database
from tests.app.imports.files import project, table
from tests.app.imports.files import text as text_file
from tests.app.imports.worker_in_small_steps import STEP
from tests.factories.editions import make_edition
from tests.factories.imports import send_list

OPERATOR = machine("operator")
ROUNDS = int(os.environ.get("SHEQIA_KILLS", "5"))
SEED = int(os.environ.get("SHEQIA_SEED", "0"))
ROWS = 8 * STEP + 7
PATIENCE = 240.0
HOUSE = Path(__file__).parents[3]


class Workers:
    """Real worker processes, one at a time, each with a process group of its own."""

    def __init__(self, database: Database, folder: Path) -> None:
        url = database.engine.url.render_as_string(hide_password=False)
        self._environment = os.environ | {
            "DATABASE_URL": url.replace("postgresql+asyncpg", "postgresql"),
            "SHEQIA_DATA": str(folder),
            "SHEQIA_SECRET": "only for the tests",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.app.imports.worker_in_small_steps"],
            cwd=HOUSE,
            env=self._environment,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


async def state(database: Database, import_id: UUID) -> Import:
    async with database.reading() as session:
        return await session.get_one(Import, import_id)


async def until(database: Database, import_id: UUID, reached: Callable[[Import], bool]) -> Import:
    """The import once it is as asked; polls the database as a person would the page."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if reached(thing := await state(database, import_id)):
            return thing
        await asyncio.sleep(0.02)
    raise AssertionError(f"still {thing.state} after {PATIENCE} s")


async def leases_end(database: Database) -> None:
    """A killed worker's lease runs out by itself after some seconds; the test does not wait for it."""
    async with database.writing() as session:
        await session.execute(text("UPDATE jobs SET lease_until = clock_timestamp() WHERE state = 'running'"))
        await session.execute(text("SELECT pg_notify('jobs', '')"))


async def count(database: Database, sql: str, **values: Any) -> int:
    async with database.reading() as session:
        return int(await session.scalar(text(sql), values) or 0)


@dataclass
class Story:
    """One list after another goes through one database, while its workers are killed."""

    database: Database
    workers: Workers

    async def send(self, name: str) -> Import:
        """A list of its own, uploaded."""
        rows = [
            project(f"独居老人助餐{name}第{at}号项目", 序号=at, 项目简介=f"每日送餐并探访，{name}第{at}号。")
            for at in range(ROWS)
        ]
        async with self.database.writing() as session:
            content = text_file(table(*rows), "gb18030")
            thing, _ = await send_list(session, OPERATOR, content, f"{name}.csv")
        return thing

    async def commit(self, thing: Import) -> None:
        async with self.database.writing() as session:
            again = await service.get(session, OPERATOR, thing.id)
            await service.commit(session, OPERATOR, again, all_or_nothing=True)

    async def kill_after(self, seconds: float) -> None:
        """Kill the worker a while from now, and let another take over."""
        await asyncio.sleep(seconds)
        self.workers.kill()
        await leases_end(self.database)
        self.workers.start()

    async def until(self, thing: Import, *states: ImportState) -> Import:
        return await until(self.database, thing.id, lambda it: it.state in states)

    async def first_rows(self, thing: Import) -> None:
        """Wait until the preview has begun to write."""
        seen = "SELECT count(*) FROM import_rows WHERE import_id = CAST(:id AS uuid)"
        end = time.monotonic() + PATIENCE
        while not await count(self.database, seen, id=str(thing.id)):
            assert time.monotonic() < end, "no row was ever written"
            await asyncio.sleep(0.005)

    async def check(self, thing: Import) -> None:
        """Every row of the list is there once: as a row of the preview, a project and an entry of the journal."""
        done = await self.until(thing, ImportState.COMMITTED)
        assert done.result is not None and done.result["created"] == ROWS
        ours = {"id": str(thing.id)}
        rows = "SELECT count(*) FROM import_rows WHERE import_id = CAST(:id AS uuid)"
        projects = "FROM projects WHERE provenance->>'import_id' = :id"
        entries = (
            "SELECT count(*) FROM journal_entries WHERE subject_kind = 'project' AND event = 'entered' "
            f"AND subject_id IN (SELECT id {projects})"
        )
        assert await count(self.database, rows, **ours) == ROWS
        assert await count(self.database, f"SELECT count(*) {projects}", **ours) == ROWS
        assert (
            await count(self.database, f"SELECT count(DISTINCT provenance->>'row') {projects}", **ours)
            == ROWS
        )
        assert await count(self.database, entries, **ours) == ROWS


@pytest.mark.process
async def test_killed_workers_lose_and_double_nothing(committed: Database, tmp_path: Path) -> None:
    """The first list is left in peace and shows how long it takes; at some moment of each other one its worker is killed."""
    chance = random.Random(SEED)
    async with committed.writing() as session:
        await make_edition(session, "2026")
    story = Story(committed, Workers(committed, tmp_path))
    story.workers.start()
    try:
        peaceful = await story.send("甲")
        await story.first_rows(peaceful)
        began = time.monotonic()
        await story.until(peaceful, ImportState.PREVIEWED)
        previewing = time.monotonic() - began
        await story.commit(peaceful)
        began = time.monotonic()
        await story.until(peaceful, ImportState.COMMITTED)
        committing = time.monotonic() - began
        await story.check(peaceful)
        for at in range(ROUNDS):
            thing = await story.send(f"乙{at}")
            await story.first_rows(thing)
            moment = chance.random() * (previewing + committing)
            if moment < previewing:
                await story.kill_after(moment)
            shown = await story.until(thing, ImportState.PREVIEWED)
            assert shown.summary is not None and shown.summary["counts"]["ready"] == ROWS
            await story.commit(thing)
            if moment >= previewing:
                await story.kill_after(moment - previewing)
            await story.check(thing)
    finally:
        story.workers.kill()
    assert await count(committed, "SELECT count(*) FROM projects") == (ROUNDS + 1) * ROWS
