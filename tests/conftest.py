"""What tests stand on: a real PostgreSQL built by the migrations, and everything a test writes rolled back.

`session`, `database`, `http` share one connection inside one transaction that is never committed. `committed` is a database of
its own for stories that need commits: races, feeds, crashes. A test that asks for any of these gets the mark `db`.
"""

import itertools
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx
import hypothesis
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from app.identity import service as identity
from app.identity.models import Account, RoleGrant
from app.identity.roles import BOUND_TO_PARTY, Role
from app.installation.seed import seed
from app.kernel import clock, migrations
from app.kernel.database import BorrowedDatabase, Database
from app.kernel.embedded import EmbeddedPostgres
from app.main import create_app
from app.settings import Settings

# Others work on the machine too: how long one example takes says nothing about the code.
hypothesis.settings.register_profile(
    "sheqia", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("sheqia")

NEEDS_DATABASE = {"server", "template", "engine"}
_numbers = itertools.count(1)

Http = Callable[..., Awaitable[httpx.AsyncClient]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if NEEDS_DATABASE & set(getattr(item, "fixturenames", ())):
            item.add_marker("db")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "db: needs the embedded PostgreSQL")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """One cluster per test process; it need not survive a power cut."""
    folder: Path = tmp_path_factory.mktemp("postgres")
    fast = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "200"}
    server = EmbeddedPostgres(folder, settings=fast)
    server.start()
    yield server
    server.stop()


async def _create(server: EmbeddedPostgres, name: str, template: str = "template1") -> str:
    admin = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    await admin.dispose()
    return server.url(name)


@pytest.fixture(scope="session")
async def template(server: EmbeddedPostgres) -> str:
    """The name of a database built by the migrations and seeded with what every installation has."""
    database = Database.connect(await _create(server, "template_sheqia"))
    await migrations.upgrade(database.engine)
    async with database.writing() as session:
        await seed(session)
    await database.close()
    return "template_sheqia"


@pytest.fixture(scope="session")
async def engine(server: EmbeddedPostgres, template: str) -> AsyncIterator[AsyncEngine]:
    database = Database.connect(await _create(server, "shared", template))
    yield database.engine
    await database.close()


@pytest.fixture
async def connection(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        await transaction.rollback()


@pytest.fixture
async def database(connection: AsyncConnection) -> BorrowedDatabase:
    """Both doors on one connection that is rolled back after the test."""
    return BorrowedDatabase(connection)


@pytest.fixture
async def session(connection: AsyncConnection) -> AsyncIterator[AsyncSession]:
    """A writing session; nothing it does outlives the test."""
    async with AsyncSession(
        connection, expire_on_commit=False, join_transaction_mode="create_savepoint"
    ) as session:
        yield session


@pytest.fixture
async def committed(server: EmbeddedPostgres, template: str) -> AsyncIterator[Database]:
    """A database of its own, where commits are real: for races, feeds and crashes."""
    database = Database.connect(
        await _create(server, f"own_{os.getpid()}_{next(_numbers)}", template), pool_size=60
    )
    yield database
    await database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(
        data=tmp_path, sandbox=True, given_secret="only for the tests", rate_limit_per_minute=1_000_000
    )


@pytest.fixture(autouse=True)
def _real_time() -> Iterator[None]:
    """Every test starts at the present; one that moves the clock does not move it for the next."""
    clock.settle(timedelta())
    yield
    clock.settle(timedelta())


@pytest.fixture
async def http(database: BorrowedDatabase, settings: Settings) -> AsyncIterator[Http]:
    """`await http(Role.STREET, area="3201/320106/320106001")` is a client signed in as that role; `await http()` is the public.

    Rights of a second role are given by `also=[(role, area_or_party), …]`.
    """
    application = create_app(settings, database)
    async with AsyncExitStack() as stack:

        async def sign_in(
            role: Role | None = None,
            *,
            area: str = "",
            party: UUID | None = None,
            also: list[tuple[Role, str | UUID]] | None = None,
        ) -> httpx.AsyncClient:
            headers = {}
            if role is not None:
                bound: str | UUID = area
                if role in BOUND_TO_PARTY:
                    assert party is not None, f"{role} speaks for a party"
                    bound = party
                async with database.writing() as session:
                    headers["Authorization"] = (
                        f"Bearer {await _account(session, [(role, bound), *(also or [])])}"
                    )
            transport = httpx.ASGITransport(application)
            client = httpx.AsyncClient(transport=transport, base_url="http://sheqia.test", headers=headers)
            return await stack.enter_async_context(client)

        yield sign_in


async def _account(session: AsyncSession, roles: list[tuple[Role, str | UUID]]) -> str:
    name = f"{roles[0][0]}-{next(_numbers)}"
    account = Account(name=name, label=name)
    session.add(account)
    await session.flush()
    for role, bound in roles:
        area, party = (None, bound) if isinstance(bound, UUID) else (bound, None)
        session.add(RoleGrant(account_id=account.id, role=role, area_path=area, party_id=party))
    token, _ = await identity.issue_token(session, account.id, "test", days=1)
    return token
