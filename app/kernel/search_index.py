"""The search index while thousands of rows go in: their keys are sorted into it on a second connection.

New keys wait in a list at the front of the index until it is full; whoever fills it sorts them in, in the middle of its
own work. A long write leaves that to another process of the server instead (measured: 80 → 73 µs a row, of 12 to sort).
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import structlog
from sqlalchemy import Table, func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from app.kernel.database import Base
from app.kernel.search import Searchable

log = structlog.get_logger()

Leave = Callable[[AsyncSession], Awaitable[None]]
"""Told of a transaction, leaves the sorting of its keys to the other connection."""

_MOST_WAITING = "64MB"
"""Some steps of a list, if the other connection has much to do: a search looks through all that waits."""
_PAUSE = 0.3
"""Seconds: keys sorted in by the thousand cost less than by the hundred."""


@asynccontextmanager
async def sorted_beside(engine: AsyncEngine) -> AsyncIterator[Leave]:
    """While the block runs, keys are sorted in beside it; when it has ended well, all of them are.

    A server that does not let this role do so sorts as it always does.
    """
    async with engine.connect() as connection:
        beside = await connection.execution_options(isolation_level="AUTOCOMMIT")
        if await _sort(beside) is None:
            yield _as_ever
            return
        ended = asyncio.Event()
        sorting = asyncio.create_task(_keep_sorting(beside, ended))
        try:
            yield _leave
        except BaseException:
            sorting.cancel()
            raise
        finally:
            ended.set()
            await asyncio.gather(sorting, return_exceptions=True)


async def _leave(session: AsyncSession) -> None:
    await session.execute(text(f"SET LOCAL gin_pending_list_limit TO '{_MOST_WAITING}'"))


async def _as_ever(session: AsyncSession) -> None:
    """The server sorts within the transaction."""


async def _keep_sorting(connection: AsyncConnection, ended: asyncio.Event) -> None:
    while not ended.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), _PAUSE)
        await _sort(connection)


async def _sort(connection: AsyncConnection) -> int | None:
    """How much had waited; None where it is not allowed."""
    try:
        return sum(
            [await connection.scalar(select(func.gin_clean_pending_list(name))) or 0 for name in _indexes()]
        )
    except DBAPIError as refused:
        log.warning("search_index_not_sorted", error=str(refused.orig))
        return None


def _indexes() -> list[str]:
    """The names of the indexes of all that is searched."""
    searched = [cast(Table, kind.__table__) for kind in Searchable.__subclasses__() if issubclass(kind, Base)]
    return [
        str(index.name)
        for table in searched
        for index in table.indexes
        if [column.name for column in index.columns] == ["search_grams"]
    ]
