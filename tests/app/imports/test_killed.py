"""kill -9 at any moment of a preview or a commit: the next worker finishes it, and the count is exact."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from app.imports import service
from app.imports.models import Import, ImportState
from app.imports.schemas import Said
from app.kernel.actor import machine
from app.kernel.database import Database
from tests.app.imports.files import project, table
from tests.app.imports.files import text as text_file
from tests.factories.editions import make_edition

OPERATOR = machine("operator")
ROUNDS = int(os.environ.get("SHEQIA_KILLS", "2"))
ROWS = 5_200  # more than one transaction takes: written in steps
PATIENCE = 240.0


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
            [sys.executable, "-m", "app.worker"],
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


@pytest.mark.process
@pytest.mark.parametrize("seed", range(ROUNDS))
async def test_a_killed_worker_loses_and_doubles_nothing(
    committed: Database, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    async with committed.writing() as session:
        await make_edition(session, "2026")
        rows = [
            project(f"独居老人助餐第{at}号项目", 序号=at, 项目简介=f"每日送餐并探访，第{at}号。")
            for at in range(ROWS)
        ]
        thing, _ = await service.upload(
            session,
            OPERATOR,
            kind="projects",
            edition="2026",
            file_name="名单.csv",
            content=text_file(table(*rows), "gb18030"),
            said=Said(),
        )
    workers = Workers(committed, tmp_path)
    try:
        workers.start()
        stop_at = chance.randrange(1, ROWS)
        seen = "SELECT count(*) FROM import_rows WHERE import_id = :id"
        await until(committed, thing.id, lambda it: it.state != ImportState.UPLOADED)
        while await count(committed, seen, id=thing.id) < min(stop_at, 4_000):
            if (await state(committed, thing.id)).state == ImportState.PREVIEWED:
                break
            await asyncio.sleep(0.02)
        workers.kill()
        await leases_end(committed)
        workers.start()
        shown = await until(committed, thing.id, lambda it: it.state == ImportState.PREVIEWED)
        assert shown.summary is not None and shown.summary["counts"]["ready"] == ROWS
        assert await count(committed, seen, id=thing.id) == ROWS

        async with committed.writing() as session:
            again = await service.get(session, OPERATOR, thing.id)
            await service.commit(session, OPERATOR, again, all_or_nothing=True)
        stop_at = chance.randrange(1, 4_000)
        await until(
            committed, thing.id, lambda it: it.applied_rows >= stop_at or it.state == ImportState.COMMITTED
        )
        await asyncio.sleep(chance.random() * 0.3)
        workers.kill()
        await leases_end(committed)
        workers.start()
        done = await until(committed, thing.id, lambda it: it.state == ImportState.COMMITTED)
    finally:
        workers.kill()
    assert done.result is not None and done.result["created"] == ROWS
    assert await count(committed, "SELECT count(*) FROM projects") == ROWS
    assert await count(committed, "SELECT count(DISTINCT provenance->>'row') FROM projects") == ROWS
    entered = "SELECT count(*) FROM journal_entries WHERE subject_kind = 'project' AND event = 'entered'"
    assert await count(committed, entered) == ROWS
