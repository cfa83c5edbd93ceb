"""The schema: brought up to this program's version under a lock, and refused when it is newer."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.kernel.errors import CannotRun, Problem

LOCK = 7_310_002
SCRIPTS = Path(__file__).parents[2] / "migrations"


async def upgrade(engine: AsyncEngine, on_progress: Callable[[str], None] | None = None) -> None:
    """Bring the schema to this program's version in one transaction; harmless when it is there already.

    Several processes may ask at once: one works, the others wait. `on_progress` hears the revision aimed at, when there
    is work. Raises `CannotRun` when the schema is newer than the program.
    """
    async with engine.connect() as connection:
        if await is_current(connection):
            return
    async with engine.begin() as connection:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if await is_current(connection):
            return
        if on_progress:
            on_progress(head() or "base")
        await connection.run_sync(_upgrade)


async def is_current(connection: AsyncConnection) -> bool:
    """Whether the schema is exactly this program's. Raises `CannotRun` when it is newer."""
    return await connection.run_sync(_is_current)


@cache
def head() -> str | None:
    """The newest revision this program knows."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _is_current(connection: Connection) -> bool:
    found = MigrationContext.configure(connection).get_current_revision()
    if found == head():
        return True
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise CannotRun(
            Problem(
                "schema_newer",
                f"数据库结构（{found}）比本程序新，请升级程序，或恢复升级前的备份。",
                f"The database schema ({found}) is newer than this program: upgrade the program, or restore the backup made "
                "before the upgrade.",
            )
        )
    return False


def _upgrade(connection: Connection) -> None:
    config = _config()
    config.attributes["connection"] = connection
    config.attributes["without_models"] = (
        True  # going up needs the scripts only: importing every domain takes a second
    )
    command.upgrade(config, "head")


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config
