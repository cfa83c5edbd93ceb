"""`sheqia backup` and `sheqia restore`: the whole database in one file, with PostgreSQL's own programs."""

import asyncio
import os
import shutil
import subprocess
from pathlib import Path

from sqlalchemy import URL, text

from app.installation.storage import answering
from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgresError, find_binaries
from app.kernel.errors import CannotRun, Problem
from app.settings import Settings

SET_ASIDE = "before_restore"


async def back_up(settings: Settings, file: Path) -> None:
    """Write a consistent copy of the database to `file` (mode 0600), which appears only when it is complete."""
    draft = file.with_name(f"{file.name}.part")
    try:
        draft.touch(mode=0o600)
        async with answering(settings) as database:
            await _run("pg_dump", database.engine.url, "--format=custom", f"--file={draft}")
        draft.replace(file)
    except OSError as error:
        raise _cannot_write(file, error) from error
    finally:
        draft.unlink(missing_ok=True)


async def restore(settings: Settings, file: Path, *, force: bool = False) -> None:
    """Fill the database from `file`, all or nothing.

    Raises `CannotRun` when somebody is using the database, or when it has tables and `force` is not given; with `force`
    the old tables are set aside first, dropped after success and put back after a failure.
    """
    async with answering(settings) as database:
        if await _holds(database, IN_USE):
            raise CannotRun(
                Problem(
                    "database_in_use",
                    "数据库正在使用中，请先停止服务再恢复。",
                    "The database is in use: stop the service, then restore.",
                )
            )
        if await _holds(database, HAS_TABLES) and not force:
            raise CannotRun(
                Problem(
                    "database_not_empty",
                    "数据库中已有数据。请用 --data 指定新目录，或用 --force 替换现有数据。",
                    "The database already has data. Name a new folder with --data, or replace what is there with --force.",
                )
            )
        await _do(database, f"ALTER SCHEMA public RENAME TO {SET_ASIDE}", "CREATE SCHEMA public")
        try:
            await _run("pg_restore", database.engine.url, "--single-transaction", str(file))
        except BaseException:
            await _do(database, "DROP SCHEMA public CASCADE", f"ALTER SCHEMA {SET_ASIDE} RENAME TO public")
            raise
        await _do(database, f"DROP SCHEMA {SET_ASIDE} CASCADE")


HAS_TABLES = "SELECT FROM pg_tables WHERE schemaname = 'public'"
IN_USE = (
    "SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' "
    "AND pid <> pg_backend_pid()"
)


async def _holds(database: Database, query: str) -> bool:
    async with database.engine.connect() as connection:
        return bool(await connection.scalar(text(f"SELECT EXISTS ({query})")))


async def _do(database: Database, *statements: str) -> None:
    async with database.engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


async def _run(program: str, url: URL, *arguments: str) -> None:
    found, environment = _find(program), dict(os.environ)
    if url.password:  # not among the arguments, which every user of the machine can read
        environment["PGPASSWORD"] = str(url.password)
    done = await asyncio.to_thread(
        subprocess.run,
        [found, "--no-owner", "--no-privileges", f"--dbname={libpq(url)}", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        reason = next((line for line in done.stderr.splitlines() if "error" in line), done.stderr.strip())
        raise CannotRun(Problem("program_failed", f"{program} 失败：{reason}", f"{program} failed: {reason}"))


def libpq(url: URL) -> str:
    """The same address, without its password, as psql, pg_dump and pg_restore read it."""
    query = {"sslmode" if name == "ssl" else name: value for name, value in url.query.items()}
    return url._replace(drivername="postgresql", password=None).set(query=query).render_as_string()


def _find(program: str) -> str:
    """Beside the embedded server, else on the PATH."""
    try:
        beside = find_binaries() / program
    except EmbeddedPostgresError:
        beside = Path(program)
    found = str(beside) if beside.exists() else shutil.which(program)
    if not found:
        raise CannotRun(
            Problem(
                "no_postgres_programs",
                f"找不到 {program}，请安装 PostgreSQL 客户端程序。",
                f"{program} is not there: install PostgreSQL's client programs.",
            )
        )
    return found


def _cannot_write(file: Path, error: OSError) -> CannotRun:
    return CannotRun(
        Problem(
            "cannot_write",
            f"无法写入 {file}（{error.strerror}）。",
            f"Cannot write {file} ({error.strerror}).",
        )
    )
