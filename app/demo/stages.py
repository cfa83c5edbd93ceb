"""What the stages of the loading share: the edition, who acts, bars, the wait for a job, and how a stage fails."""

import asyncio
from collections.abc import Awaitable
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.identity import repository as identities
from app.identity import service as identity
from app.kernel.actor import Actor
from app.kernel.database import Database
from app.kernel.errors import CannotRun, Problem
from app.kernel.jobs import Job

EDITION = "2026"
LOOK_SECONDS = 0.25

FAILED = Problem("demo_failed", "演示数据载入失败：{reason}", "Loading the demonstration failed: {reason}")


def failed(reason: str) -> CannotRun:
    problem = Problem(FAILED.code, FAILED.zh.format(reason=reason), FAILED.en.format(reason=reason))
    return CannotRun(problem)


def progress_bars() -> Progress:
    return Progress(
        TextColumn("{task.description:<28}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


async def with_bar(bars: Progress, title: str, work: Awaitable[int]) -> None:
    """Show one bar for a stage that tells only at its end how much it did."""
    bar = bars.add_task(title, total=None)
    count = await work
    bars.update(bar, total=count or 1, completed=count or 1)


async def signed_in(database: Database, name: str) -> Actor:
    async with database.reading() as session:
        account = await identities.account_named(session, name)
        assert account is not None, name
        return await identity.actor_of_account(session, account.id)


async def job_done(database: Database, bars: Progress, title: str, job_id: UUID) -> None:
    """Wait for the worker to end a job. Raises when it did not end well."""
    bar = bars.add_task(title, total=None)
    while True:
        async with database.reading() as session:
            job = await session.get_one(Job, job_id)
        if job.state == "succeeded":
            bars.update(bar, total=job.total or 1, completed=job.total or 1)
            return
        if job.state in ("failed", "cancelled"):
            raise failed(str(job.error))
        bars.update(bar, total=job.total or None, completed=job.done)
        await asyncio.sleep(LOOK_SECONDS)
