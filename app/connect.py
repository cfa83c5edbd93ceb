"""How a process of the service comes to its database: the one DATABASE_URL names, else the embedded one of the data folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.engine import make_url

from app.kernel.database import Database
from app.kernel.embedded import EmbeddedPostgres
from app.settings import Settings


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Database]:
    """A pool for as long as the block lasts; the embedded server runs at least as long."""
    server = None
    url = settings.database_url
    if url is None:
        server = EmbeddedPostgres(settings.data)
        await asyncio.to_thread(server.start)
        url = server.url()
    database = Database.connect(url, pool_size=settings.pool_size)
    try:
        yield database
    finally:
        await database.close()
        if server is not None:
            server.stop()


def driver_arguments(database: Database) -> dict[str, Any]:
    """Arguments of `asyncpg.connect` for a connection of one's own beside the pool (LISTEN)."""
    url = database.engine.url
    _, arguments = database.engine.dialect.create_connect_args(make_url(url))
    arguments.pop("prepared_statement_cache_size", None)
    return dict(arguments)
