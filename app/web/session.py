"""One request = one unit of work: begin, answer, record, commit, and only then send.

Every router is made with `route_class=UnitOfWork`. A writing request runs in one transaction that is committed before the
first byte of the answer leaves; serialization failures and deadlocks are retried twice. A reading request gets the reading
door. (A `yield` dependency could not retry, nor keep the answer of an idempotent request in the same transaction.)
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from app.kernel import clock, journal
from app.kernel.database import Database
from app.kernel.errors import Stale
from app.kernel.sandbox import offset
from app.web import conditional, idempotency

READS = frozenset({"GET", "HEAD", "OPTIONS"})
RETRIES = 2
RETRYABLE = frozenset({"40001", "40P01"})

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class UnitOfWork(APIRoute):
    """A route whose endpoint runs inside one session of the right kind."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()
        secret = idempotency.is_secret(self.endpoint)

        async def handle(request: Request) -> Response:
            database: Database = request.app.state.database
            if request.method in READS:
                return await _read(database, request, answer)
            for attempt in range(RETRIES + 1):
                try:
                    return await _write(database, request, answer, secret=secret)
                except DBAPIError as error:
                    if getattr(error.orig, "sqlstate", None) not in RETRYABLE or attempt == RETRIES:
                        raise
                    await asyncio.sleep(random.uniform(0.01, 0.05) * (attempt + 1))
                except StaleDataError:
                    raise Stale() from None
            raise AssertionError("unreachable")

        return handle


async def _read(database: Database, request: Request, answer: Handler) -> Response:
    async with database.reading() as session:
        request.state.session = session
        clock.settle(await offset(session, request.app.state.settings))
        response = await answer(request)
    return conditional.answer(request, response)


async def _write(database: Database, request: Request, answer: Handler, *, secret: bool) -> Response:
    async with database.writing() as session:
        request.state.session = session
        clock.settle(await offset(session, request.app.state.settings))
        async with journal.together(session):
            response = await idempotency.once(session, request, answer, secret=secret)
    return conditional.tagged(response)


def _session(request: Request) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


ReadSession = Annotated[AsyncSession, Depends(_session)]
"""The session of a reading request: every statement its own snapshot."""

WriteSession = Annotated[AsyncSession, Depends(_session)]
"""The session of a writing request: one transaction, committed before the answer is sent."""
