"""Many people at once: real connections, real commits, a barrier before the decisive act."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.kernel.database import Database
from app.kernel.errors import SheqiaError

Act = Callable[[AsyncSession], Awaitable[Any]]


async def at_once(database: Database, acts: Sequence[Act]) -> Counter[str]:
    """Run every act in a transaction of its own, all released together; how each ended: 'done' or the code of the refusal."""
    barrier = asyncio.Barrier(len(acts))

    async def one(act: Act) -> str:
        try:
            async with database.writing() as session:
                await session.execute(select(1))
                await barrier.wait()
                await act(session)
            return "done"
        except SheqiaError as error:
            return error.code
        except IntegrityError as error:
            return str(error.orig).split('"')[1]
        except StaleDataError:
            return "stale"

    return Counter(await asyncio.gather(*(one(act) for act in acts)))
