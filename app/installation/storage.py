"""The database of an installation, looked at before it is used: does it answer, is it new enough, is its schema current."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from app.connect import connected
from app.installation.seed import seed
from app.installation.serving import say
from app.kernel import migrations
from app.kernel.database import Database
from app.kernel.errors import CannotRun, Problem
from app.settings import Settings

OLDEST_SERVER = 15
ANSWER_SECONDS = 15
UNREACHABLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, DBAPIError)


@asynccontextmanager
async def answering(settings: Settings) -> AsyncIterator[Database]:
    """The installation's database after it has answered. Raises `CannotRun` when it does not, or is too old."""
    async with connected(settings) as database:
        try:
            async with asyncio.timeout(ANSWER_SECONDS), database.engine.connect() as connection:
                major = int(await connection.scalar(text("SHOW server_version_num")) or 0) // 10_000
        except UNREACHABLE as error:
            raise _unreachable(database.engine.url, error) from error
        if major < OLDEST_SERVER:
            raise _too_old(major)
        yield database


@asynccontextmanager
async def current(settings: Settings) -> AsyncIterator[Database]:
    """The same with its schema and shipped facts brought up to date. Raises `CannotRun` when the schema is newer."""
    async with answering(settings) as database:
        await migrations.upgrade(
            database.engine, lambda revision: say(f"更新数据库结构 Bringing the schema to {revision} …")
        )
        async with database.writing() as session:
            # Two services may start at once on one empty database: the second finds the facts written.
            await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": migrations.LOCK})
            await seed(session)
        yield database


def perform(settings: Settings, act: Callable[[Database], Coroutine[Any, Any, Any]]) -> Any:
    """Run one act of the command line on the installation's database."""

    async def run() -> Any:
        async with current(settings) as database:
            return await act(database)

    return asyncio.run(run())


def _unreachable(url: URL, error: BaseException) -> CannotRun:
    shown = url.set(drivername="postgresql").render_as_string(hide_password=True)
    said = str(getattr(error, "orig", None) or error).strip() or "no answer in time"
    reason = said.splitlines()[0]
    return CannotRun(
        Problem(
            "database_unreachable",
            f"无法连接数据库 {shown}：{reason}。请检查 DATABASE_URL 和数据库服务。",
            f"The database {shown} does not answer: {reason}. Check DATABASE_URL and the server.",
        )
    )


def _too_old(major: int) -> CannotRun:
    return CannotRun(
        Problem(
            "server_too_old",
            f"PostgreSQL {major} 版本过低，需要 {OLDEST_SERVER} 或更高版本。",
            f"PostgreSQL {major} is too old: {OLDEST_SERVER} or newer is needed.",
        )
    )
