"""The process beside the API: jobs, the journal's sealer, and what the clock brings. The only file that knows every handler."""

import asyncio
import contextlib
import gc
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app import logs
from app.complaints.service import tick as complaints_tick
from app.connect import connected, driver_arguments
from app.contracts.service import tick as contracts_tick
from app.imports.reading import warm
from app.imports.service import HANDLERS as IMPORT_HANDLERS
from app.imports.service import tick as imports_tick
from app.kernel import clock, sandbox, sealer
from app.kernel.database import Database
from app.kernel.job_worker import Worker
from app.kernel.jobs import Handler
from app.learning.service import HANDLERS as LEARNING_HANDLERS
from app.matches.plans import PLAN
from app.matches.plans import perform as perform_plan
from app.matches.runs import EMBED, RUN, embed_missing, perform
from app.negotiations.service import tick as negotiations_tick
from app.organizations.service import tick as organizations_tick
from app.projects.service import tick as projects_tick
from app.settings import Settings
from app.settings import settings as read_settings
from app.timetables.service import HANDLERS as TIMETABLE_HANDLERS
from app.timetables.service import tick as timetables_tick
from app.web import idempotency

log = structlog.get_logger()

HANDLERS: Mapping[str, Handler] = {
    **IMPORT_HANDLERS,
    **LEARNING_HANDLERS,
    **TIMETABLE_HANDLERS,
    RUN: perform,
    EMBED: embed_missing,
    PLAN: perform_plan,
}
"""Every kind of job and who does it."""

Tick = Callable[[AsyncSession], Awaitable[object]]

TICKS: Sequence[Tick] = (
    complaints_tick,
    contracts_tick,
    imports_tick,
    negotiations_tick,
    organizations_tick,
    projects_tick,
    timetables_tick,
)
"""What each domain does when time has passed: expire, remind, close a notice period. Idempotent; run in one transaction each."""

TICK_SECONDS = 5.0
WARM_AFTER_SECONDS = 10.0
TICK_LOCK = 7_310_004


async def tick(database: Database, settings: Settings) -> None:
    """Let every domain do what is due. One worker at a time; one domain's failure does not stop the others."""
    for act in (*TICKS, idempotency.forget):
        try:
            async with database.writing() as session:
                if not await session.scalar(
                    text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": TICK_LOCK}
                ):
                    return
                clock.settle(await sandbox.offset(session, settings))
                await act(session)
        except Exception as error:
            log.error("tick_failed", act=f"{act.__module__}.{act.__qualname__}", exc_info=error)


async def run(settings: Settings, stopping: asyncio.Event) -> None:
    """Work until `stopping` is set."""

    async def settled(session: AsyncSession) -> None:
        clock.settle(await sandbox.offset(session, settings))

    async with connected(settings) as database:
        dsn = driver_arguments(database)
        parts = (
            sealer.run(database.engine, dsn, stopping=stopping),
            Worker(database, HANDLERS, before=settled).run(dsn, stopping),
            _tick_for_ever(database, settings, stopping),
            _warm_readers(stopping),
        )
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(part)


async def _warm_readers(stopping: asyncio.Event) -> None:
    """Make ready what reads lists, once everything else has started."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), WARM_AFTER_SECONDS)
    if not stopping.is_set():
        await asyncio.to_thread(warm)


async def _tick_for_ever(database: Database, settings: Settings, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        await tick(database, settings)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), TICK_SECONDS)


def collect_rarely() -> None:
    """Let the collector of circular garbage look seldom, and never at what stays for good.

    Lists are worked through as many small objects that die by their counts alone; looking at them took a third of a commit.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def main() -> None:
    """`python -m app.worker`: run until SIGTERM or SIGINT."""
    collect_rarely()

    async def body() -> None:
        stopping = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        logs.configure(read_settings())
        await run(read_settings(), stopping)

    asyncio.run(body())


if __name__ == "__main__":
    main()
