"""Each check sees the row that breaks its promise; and where the database itself can refuse that row, it does."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgres
from tests.conftest import _create
from tests.invariants import world as small
from tests.invariants.checks import CHECKS
from tests.invariants.corruptions import CORRUPTIONS, Corruption
from tests.invariants.corruptions_of_giving import OF_GIVING
from tests.invariants.corruptions_of_seats import OF_SEATS
from tests.invariants.play import Player, broken
from tests.invariants.routes import ADMITTED, GIVEN, QUARRELLED, ROUTES, STARTED

WAYS = {
    "closed": (1, 1, ROUTES["closed"]),
    "running": (2, 1, f"{STARTED} {GIVEN} assign_midterm take_on evaluator_scores buyer_scores"),
    "noticed": (3, 1, QUARRELLED),
    "open": (0, 0, f"{ADMITTED} express accept take_seat promise express@2 accept@2 take_seat@2:1"),
}


@pytest.fixture(scope="module")
async def lived(server: EmbeddedPostgres, template: str) -> AsyncIterator[tuple[Database, dict[str, str]]]:
    """A world in which projects have come to their end, run, wait and begin; and the names of what is in it."""
    database = Database.connect(await _create(server, "lived_world", template))
    async with database.writing() as session:
        world = await small.build(session)
    async with database.engine.begin() as connection:
        player = Player(connection, world)
        for project, organization, route in WAYS.values():
            outcomes = await player.walk(project, route, organization=organization)
            assert set(outcomes) == {"done"}, (project, outcomes)
    names = {name: str(world.projects[project]) for name, (project, *_) in WAYS.items()}
    names |= {f"org{place}": str(found) for place, found in enumerate(world.organizations)}
    names["evaluator"] = str(world.evaluator_id)
    yield database, names
    await database.close()


@pytest.fixture
async def connection(lived: tuple[Database, dict[str, str]]) -> AsyncIterator[AsyncConnection]:
    database, _ = lived
    async with database.engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


async def test_a_world_in_which_all_went_well_breaks_nothing(connection: AsyncConnection) -> None:
    assert await broken(connection) == []


@pytest.mark.parametrize(
    "corruption", (*CORRUPTIONS, *OF_SEATS, *OF_GIVING), ids=lambda c: f"{c.number} {c.fault}"
)
async def test_a_corrupted_row_is_seen(
    connection: AsyncConnection, lived: tuple[Database, dict[str, str]], corruption: Corruption
) -> None:
    sql = corruption.sql.format(**lived[1])
    if corruption.refused_by:
        with pytest.raises(DBAPIError, match=corruption.refused_by):
            async with connection.begin_nested():
                await connection.exec_driver_sql(sql)
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table, name, kind in await connection.execute(text(GUARDS)):
        drop = f'DROP INDEX "{name}"' if kind == "index" else f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'
        await connection.exec_driver_sql(drop)
    changed = await connection.exec_driver_sql(sql)
    assert changed.rowcount != 0, "nothing was corrupted"
    found = [(number, fault) for number, fault, _ in await broken(connection)]
    assert any(number == corruption.number and corruption.fault in fault for number, fault in found), found


GUARDS = """
    SELECT conrelid::regclass::text, conname, 'constraint' FROM pg_constraint
    WHERE contype IN ('c', 'u') AND connamespace = 'public'::regnamespace AND conrelid <> 0
        AND NOT EXISTS (SELECT FROM pg_constraint f WHERE f.contype = 'f' AND f.conindid = pg_constraint.conindid
            AND pg_constraint.conindid <> 0)
    UNION ALL
    SELECT indrelid::regclass::text, indexrelid::regclass::text, 'index' FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indisunique AND relnamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
"""Every check, unique constraint and unique index that no foreign key rests on: all are lifted, so that only the queries judge."""


def test_every_check_is_shown_to_see() -> None:
    shown = {c.number for c in (*CORRUPTIONS, *OF_SEATS, *OF_GIVING)}
    assert [check.number for check in CHECKS] == sorted(shown) == [*range(1, 22)]
