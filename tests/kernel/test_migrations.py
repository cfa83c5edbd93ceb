"""A database of an earlier release is brought up with all that is in it, and is then what the program's tables say."""

import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from app.kernel import migrations
from app.kernel.database import Base
from app.kernel.embedded import EmbeddedPostgres
from app.parties.models import Party

_numbers = itertools.count(1)


@pytest.fixture
async def earlier(server: EmbeddedPostgres) -> AsyncIterator[AsyncConnection]:
    """A database as the first release left it, with a street office in it."""
    name = f"earlier_{os.getpid()}_{next(_numbers)}"
    admin = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE template1'))
    await admin.dispose()
    engine = create_async_engine(server.url(name))
    async with engine.connect() as connection:
        await connection.run_sync(_to, "0002")
        await connection.execute(text(WRITTEN_BEFORE))
        yield connection
    await engine.dispose()


WRITTEN_BEFORE = (
    "INSERT INTO parties (id, kind, name, normal_name, former_names, area_path, search_grams, version, created_at, updated_at)"
    " VALUES (gen_random_uuid(), 'buyer', '宁海路街道', '宁海路街道', '{}', '3201', '{宁,海,路,街,道,宁海,海路,路街,街道}', 1, now(), now())"
)


def _to(connection: Connection, revision: str) -> None:
    config = migrations._config()
    config.attributes |= {"connection": connection, "without_models": True}
    now = MigrationContext.configure(connection).get_current_revision()
    (command.downgrade if now == migrations.head() else command.upgrade)(config, revision)


async def found(connection: AsyncConnection, query: str) -> list[str]:
    return list(await connection.scalars(select(Party.name).where(Party.found_by(query))))


async def test_what_was_written_before_is_found_after(earlier: AsyncConnection) -> None:
    await earlier.run_sync(_to, "head")
    for query in ("宁海", "街道", "海", "道", "宁海路街道"):
        assert await found(earlier, query) == ["宁海路街道"], query
    assert await found(earlier, "海宁") == []


async def test_the_way_back_keeps_the_rows(earlier: AsyncConnection) -> None:
    await earlier.run_sync(_to, "head")
    await earlier.run_sync(_to, "0002")
    grams = "SELECT search_grams @> '{海路}' FROM parties"
    assert await earlier.scalar(text(grams)) is True


def _differences(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection), Base.metadata)


async def test_the_tables_are_what_the_program_says(connection: AsyncConnection) -> None:
    assert await connection.run_sync(_differences) == []
