"""The loop that claims jobs and runs their handlers, beside the API in a process of its own."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.database import Database
from app.kernel.errors import SheqiaError
from app.kernel.jobs import GAVE_UP, Attempt, Handler, LeaseLost, _error, _json

log = structlog.get_logger()

CLAIM = text(
    """
    WITH next AS MATERIALIZED (
        SELECT id FROM jobs
        WHERE state IN ('queued', 'running') AND run_at <= clock_timestamp()
          AND (lease_until IS NULL OR lease_until < clock_timestamp())
          AND attempts < max_attempts AND kind = ANY (:kinds)
        ORDER BY priority DESC, run_at LIMIT :free FOR UPDATE SKIP LOCKED)
    UPDATE jobs SET state = 'running', attempts = attempts + 1,
                    lease_until = clock_timestamp() + make_interval(secs => :lease)
    FROM next WHERE jobs.id = next.id
    RETURNING jobs.id, kind, payload, attempts, max_attempts, created_by, created_by_label
    """
)
"""Materialized, for a subquery in WHERE may be run once for every row that is looked at: each time it locks the next, and
with some plans a worker with one free place takes every job there is."""
_GIVE_UP = text(
    """
    UPDATE jobs SET state = 'failed', finished_at = clock_timestamp(), lease_until = NULL,
                    error = coalesce(CASE WHEN state = 'queued' THEN error END, cast(:error AS jsonb))
    WHERE state IN ('queued', 'running') AND attempts >= max_attempts
      AND (lease_until IS NULL OR lease_until < clock_timestamp())
    """
)
_RENEW = text(
    "UPDATE jobs SET lease_until = clock_timestamp() + make_interval(secs => :lease) "
    "WHERE id = ANY (:ids) AND state = 'running'"
)
_NEXT = text(
    "SELECT extract(epoch FROM min(greatest(run_at, coalesce(lease_until, run_at))) - clock_timestamp()) FROM jobs "
    "WHERE state IN ('queued', 'running')"
)


class Worker:
    """Runs jobs of the kinds in `handlers`, `places` at a time. CPU work belongs in a process pool of the handler.

    `lease` (seconds) is how long a killed worker's job stays untouched; it is renewed at a third of that. `before` prepares
    the task of each job (its clock).
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        places: int = 2,
        lease: float = 15.0,
        before: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> None:
        self._database, self._handlers = database, dict(handlers)
        self._places, self._lease, self._before = places, lease, before
        self._wake = asyncio.Event()
        self._running: dict[UUID, asyncio.Task[None]] = {}

    async def run(self, dsn: Mapping[str, Any], stopping: asyncio.Event) -> None:
        """Work until `stopping` is set; running jobs are then left to their lease and taken up by the next worker."""
        connection = await asyncpg.connect(**dsn)
        await connection.add_listener("jobs", lambda *_: self._wake.set())
        renewing = asyncio.create_task(self._renew())
        try:
            while not stopping.is_set():
                self._wake.clear()
                claimed = await self._claim(self._places - len(self._running))
                if not claimed:
                    await self._sleep(stopping)
        finally:
            renewing.cancel()
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)
            await connection.close()

    async def drain(self) -> int:
        """Run everything that is ready now, one after another, and return how many ran (tests and the command line)."""
        ran = 0
        while await self._claim(1):
            ran += 1
            await asyncio.gather(*list(self._running.values()))
        return ran

    async def _claim(self, free: int) -> bool:
        if free <= 0:
            return False
        async with self._database.writing() as session:
            await session.execute(_GIVE_UP, {"error": _json(_error(SheqiaError(GAVE_UP)))})
            values = {"lease": self._lease, "free": free, "kinds": list(self._handlers)}
            rows = (await session.execute(CLAIM, values)).all()
        for row in rows:
            attempt = Attempt(
                self._database,
                row.id,
                row.kind,
                row.payload,
                row.attempts,
                row.created_by,
                row.created_by_label,
            )
            task = asyncio.create_task(self._work(attempt, last=row.attempts >= row.max_attempts))
            self._running[row.id] = task
            task.add_done_callback(partial(self._ended, row.id))
        return bool(rows)

    def _ended(self, job_id: UUID, _task: asyncio.Task[None]) -> None:
        self._running.pop(job_id, None)
        self._wake.set()

    async def _work(self, attempt: Attempt, *, last: bool) -> None:
        with structlog.contextvars.bound_contextvars(job=str(attempt.job_id), kind=attempt.kind):
            try:
                if self._before is not None:
                    async with self._database.reading() as session:
                        await self._before(session)
                await self._handlers[attempt.kind](attempt)
                log.info("job_done", attempt=attempt.number)
            except LeaseLost:
                log.warning("job_lease_lost", attempt=attempt.number)
            except asyncio.CancelledError:
                raise
            except SheqiaError as error:  # the sender's to mend: trying again would not help
                await attempt.fail(error, final=True)
            except Exception as error:
                log.error("job_failed", attempt=attempt.number, exc_info=error)
                await attempt.fail(error, final=last)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            if self._running:
                async with self._database.writing() as session:
                    await session.execute(_RENEW, {"lease": self._lease, "ids": list(self._running)})

    async def _sleep(self, stopping: asyncio.Event) -> None:
        async with self._database.reading() as session:
            due = await session.scalar(_NEXT)
        pause = 5.0 if due is None or len(self._running) >= self._places else min(5.0, max(0.05, float(due)))
        waits = [asyncio.create_task(self._wake.wait()), asyncio.create_task(stopping.wait())]
        await asyncio.wait(waits, timeout=pause, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
