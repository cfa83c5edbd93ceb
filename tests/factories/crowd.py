"""Many people at once: real connections that have rehearsed, real commits, a barrier before the decisive act."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.database import Database
from app.kernel.errors import SheqiaError

Act = Callable[[AsyncSession], Awaitable[Any]]


async def at_once(database: Database, acts: Sequence[Act], *, rehearsed: bool = True) -> Counter[str]:
    """Run every act on a connection of its own, all released together; how each ended: 'done' or the code of the refusal.

    Each connection first plays its act alone and takes it back: it has then prepared its statements, and none is over before the
    others begin. An act that keeps something in Python is not `rehearsed`; its connection is open and has asked something.
    """
    alone, barrier = asyncio.Lock(), asyncio.Barrier(len(acts))

    async def one(act: Act) -> str:
        async with database.engine.connect() as connection:
            if rehearsed:
                async with alone:
                    await _ends(connection, act, keep=False)
            else:
                await connection.execute(select(1))
                await connection.rollback()
            await barrier.wait()
            return await _ends(connection, act, keep=True)

    return Counter(await asyncio.gather(*(one(act) for act in acts)))


def each(act: Callable[[AsyncSession, int], Awaitable[Any]], crowd: int) -> list[Act]:
    """One act for a whole crowd, each knowing its place in it."""
    return [partial(_in_place, act, place) for place in range(crowd)]


async def _in_place(
    act: Callable[[AsyncSession, int], Awaitable[Any]], place: int, session: AsyncSession
) -> None:
    await act(session, place)


async def _ends(connection: AsyncConnection, act: Act, *, keep: bool) -> str:
    try:
        async with AsyncSession(connection, expire_on_commit=False) as session:
            await act(session)
            await (session.commit() if keep else session.rollback())
        return "done"
    except SheqiaError as error:
        return error.code
    except IntegrityError as error:
        return str(error.orig).split('"')[1]
    except StaleDataError:
        return "stale"
