"""The small world, built once and committed; every test plays in a transaction that is rolled back."""

from collections.abc import AsyncIterator
from copy import deepcopy

import pytest

from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgres
from tests.conftest import _create
from tests.invariants import world as small
from tests.invariants.play import Player
from tests.invariants.world import World


@pytest.fixture(scope="session")
async def first_day(server: EmbeddedPostgres, template: str) -> tuple[str, World]:
    """The address of a database with the world on its first day."""
    url = await _create(server, "small_world", template)
    database = Database.connect(url)
    async with database.writing() as session:
        world = await small.build(session)
    await database.close()
    return url, world


@pytest.fixture
def first_day_address(first_day: tuple[str, World]) -> tuple[str, World]:
    """The same, for a test that runs a loop of its own."""
    return first_day


@pytest.fixture
async def player(first_day: tuple[str, World]) -> AsyncIterator[Player]:
    """Somebody at the table of the small world; nothing they do outlives the test."""
    url, world = first_day
    database = Database.connect(url)
    async with database.engine.connect() as connection:
        transaction = await connection.begin()
        yield Player(connection, deepcopy(world))
        await transaction.rollback()
    await database.close()
