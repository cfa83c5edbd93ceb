"""Jobs end exactly once, whoever dies on the way."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import jobs
from app.kernel.actor import Actor, machine
from app.kernel.database import Database
from app.kernel.errors import Malformed, NotFound, NotNow, Problem
from app.kernel.job_worker import CLAIM, Worker
from app.kernel.jobs import Attempt, Job, JobState, LeaseLost
from tests.factories import actors

CLERK = actors.street()
TABLE = "CREATE TABLE IF NOT EXISTS done_work (job uuid, attempt int)"
WRITE = text("INSERT INTO done_work VALUES (:job, :attempt)")

SLOW_WORKER = """
import asyncio, sys
from sqlalchemy import text
from app.kernel.database import Database
from app.kernel.job_worker import Worker

async def slow(attempt):
    await attempt.progress(1, 2, "half way")
    print("half way", flush=True)
    await asyncio.sleep(60)
    async with attempt.finishing() as session:
        await session.execute(text("INSERT INTO done_work VALUES (:job, :attempt)"), {"job": attempt.job_id, "attempt": attempt.number})

async def main():
    await Worker(Database.connect(sys.argv[1]), {"slow": slow}, lease=1).drain()

asyncio.run(main())
"""


async def put(database: Database, kind: str, actor: Actor = CLERK, **more: Any) -> UUID:
    async with database.writing() as session:
        await session.execute(text(TABLE))
        return (await jobs.enqueue(session, actor, kind, {}, **more)).id


async def seen(database: Database, job_id: UUID) -> Job:
    async with database.reading() as session:
        return await jobs.get(session, machine("test"), job_id)


async def finish(attempt: Attempt) -> None:
    async with attempt.finishing({"rows": 1}) as session:
        await session.execute(WRITE, {"job": attempt.job_id, "attempt": attempt.number})


async def written(database: Database) -> list[int]:
    async with database.reading() as session:
        return list((await session.execute(text("SELECT attempt FROM done_work ORDER BY attempt"))).scalars())


async def test_a_job_whose_worker_is_killed_is_taken_up_again_and_ends_once(committed: Database) -> None:
    job_id = await put(committed, "slow")
    url = committed.engine.url.render_as_string(hide_password=False)
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SLOW_WORKER, url, stdout=asyncio.subprocess.PIPE, cwd=Path.cwd()
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"half way\n"
    assert (await seen(committed, job_id)).stage == "half way"
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    second = Worker(committed, {"slow": finish}, lease=5)
    while (await seen(committed, job_id)).state != JobState.SUCCEEDED:
        await second.drain()
        await asyncio.sleep(0.1)
    assert await written(committed) == [2]


async def test_a_job_that_breaks_every_worker_is_given_up(committed: Database) -> None:
    job_id = await put(committed, "deadly", max_attempts=2)
    async with committed.writing() as session:  # two workers took it and died
        await session.execute(
            text(
                "UPDATE jobs SET state = 'running', attempts = 2, lease_until = clock_timestamp() - interval '1 s'"
            )
        )
    assert await Worker(committed, {"deadly": finish}).drain() == 0
    job = await seen(committed, job_id)
    assert job.state == JobState.FAILED
    assert job.error is not None
    assert job.error["problems"][0]["code"] == "job_gave_up"


async def test_a_worker_thought_dead_cannot_write_twice(committed: Database) -> None:
    """The first attempt is only slow. The second has taken over and finished: the first must write nothing."""
    job_id = await put(committed, "slow")
    async with committed.writing() as session:
        await session.execute(text("UPDATE jobs SET state = 'running', attempts = 2"))
    late = Attempt(committed, job_id, "slow", {}, 1, None, "")
    current = Attempt(committed, job_id, "slow", {}, 2, None, "")
    await finish(current)
    with pytest.raises(LeaseLost):
        await finish(late)
    assert await written(committed) == [2]


async def test_two_workers_never_share_a_job(committed: Database) -> None:
    for _ in range(20):
        await put(committed, "quick")
    ran = await asyncio.gather(*(Worker(committed, {"quick": finish}).drain() for _ in range(4)))
    assert sum(ran) == 20
    assert len(await written(committed)) == 20


@pytest.mark.parametrize(
    "avoided",
    [(), ("hashjoin", "hashagg", "mergejoin", "material", "sort", "indexscan", "bitmapscan", "memoize")],
)
async def test_a_worker_takes_no_more_than_it_has_places_for(
    committed: Database, avoided: tuple[str, ...]
) -> None:
    """Whatever plan the database makes of it: one that looks at the line anew for every row would take them all."""
    for _ in range(10):
        await put(committed, "quick")
    async with committed.writing() as session:
        for way in avoided:
            await session.execute(text(f"SET LOCAL enable_{way} = off"))
        claimed = await session.execute(CLAIM, {"lease": 60, "free": 2, "kinds": ["quick"]})
        assert len(claimed.all()) == 2


async def test_a_users_mistake_ends_the_job_at_once_with_its_reasons(committed: Database) -> None:
    async def refuse(attempt: Attempt) -> None:
        raise Malformed(Problem("unreadable", "无法读取。", "Cannot be read."))

    job_id = await put(committed, "wrong")
    assert await Worker(committed, {"wrong": refuse}).drain() == 1
    job = await seen(committed, job_id)
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert job.error is not None
    assert job.error["problems"][0]["code"] == "unreadable"


async def test_a_passing_fault_is_tried_again_and_what_it_wrote_is_gone(committed: Database) -> None:
    async def stumble(attempt: Attempt) -> None:
        async with attempt.finishing() as session:
            await session.execute(WRITE, {"job": attempt.job_id, "attempt": attempt.number})
            if attempt.number == 1:
                raise RuntimeError("the line broke")

    job_id = await put(committed, "stumbling")
    worker = Worker(committed, {"stumbling": stumble})
    await worker.drain()
    assert (await seen(committed, job_id)).state == JobState.QUEUED
    async with committed.writing() as session:
        await session.execute(text("UPDATE jobs SET run_at = clock_timestamp()"))
    await worker.drain()
    assert await written(committed) == [2]


async def test_the_same_key_is_the_same_open_job(session: AsyncSession) -> None:
    first = await jobs.enqueue(session, CLERK, "match", {}, key="2026")
    again = await jobs.enqueue(session, CLERK, "match", {}, key="2026")
    other = await jobs.enqueue(session, CLERK, "match", {}, key="2027")
    assert first.id == again.id != other.id


async def test_a_cancelled_job_stops_at_its_next_step(session: AsyncSession, committed: Database) -> None:
    job_id = await put(committed, "long")

    async def until_told(attempt: Attempt) -> None:
        async with committed.writing() as session:
            await jobs.cancel(session, CLERK, attempt.job_id)
        await attempt.progress(1, 2)
        raise AssertionError("the lease is lost: this is never reached")

    await Worker(committed, {"long": until_told}).drain()
    assert (await seen(committed, job_id)).state == JobState.CANCELLED
    async with committed.writing() as writer:
        with pytest.raises(NotNow):
            await jobs.cancel(writer, CLERK, job_id)


async def test_a_job_is_its_senders_business_only(session: AsyncSession) -> None:
    job = await jobs.enqueue(session, CLERK, "import", {})
    with pytest.raises(NotFound):
        await jobs.get(session, actors.street(actors.GULOU), job.id)
    assert (await jobs.get(session, actors.city(), job.id)).id == job.id
    assert await session.scalar(select(Job.created_by).where(Job.id == job.id)) == CLERK.account_id
