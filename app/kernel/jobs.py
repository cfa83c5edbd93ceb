"""Long work as rows of one table, claimed by workers with SKIP LOCKED and woken by NOTIFY.

A job is enqueued in the business transaction that asks for it. A worker holds a lease while it works; a killed worker's lease
runs out and another takes the job up again, up to a maximum of attempts even when the job itself kills its worker. The
final write happens in the transaction that also marks the job done, and only if this attempt still owns it: a worker that
was thought dead cannot write twice.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, Index, Text, func, select, text, true
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.actor import Actor
from app.kernel.database import Base, Database, Identified
from app.kernel.errors import NotFound, NotNow, Problem, SheqiaError
from app.kernel.ids import uuid7


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


OPEN = (JobState.QUEUED, JobState.RUNNING)
_OPEN_SQL = "state IN ('queued', 'running')"


class Job(Identified, Base):
    """One piece of long work: what, for whom, how far, and what came of it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint(f"state IN ({', '.join(repr(str(s)) for s in JobState)})", name="state"),
        Index("ix_jobs_ready", "priority", "run_at", postgresql_where=text(_OPEN_SQL)),
        Index(
            "uq_jobs_open_key",
            "kind",
            "key",
            unique=True,
            postgresql_where=text(f"key IS NOT NULL AND {_OPEN_SQL}"),
        ),
    )

    kind: Mapped[str]
    key: Mapped[str | None]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(default=JobState.QUEUED)
    priority: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=3)
    run_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    lease_until: Mapped[datetime | None]
    stage: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    created_by: Mapped[UUID | None] = mapped_column(index=True)
    created_by_label: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    finished_at: Mapped[datetime | None]


CANCELLED = Problem("job_cancelled", "任务已取消。", "The job was cancelled.")
NOT_OPEN = Problem("job_not_open", "任务已结束，不能取消。", "The job has ended and cannot be cancelled.")
GAVE_UP = Problem(
    "job_gave_up",
    "任务多次使处理进程中断，已停止重试，请联系管理员。",
    "The job broke its worker several times and is not tried again; tell the administrator.",
)


class LeaseLost(Exception):
    """Another attempt has taken the job over, or it was cancelled: stop, and write nothing."""


async def enqueue(
    session: AsyncSession,
    actor: Actor,
    kind: str,
    payload: dict[str, Any],
    *,
    key: str | None = None,
    priority: int = 0,
    max_attempts: int = 3,
) -> Job:
    """Put work in line, in the caller's transaction. With `key`, an open job of the same kind and key is returned instead."""
    inserted = await session.scalar(
        insert(Job)
        .values(
            id=uuid7(),
            kind=kind,
            key=key,
            payload=payload,
            priority=priority,
            max_attempts=max_attempts,
            created_by=actor.account_id,
            created_by_label=actor.label,
        )
        .on_conflict_do_nothing(
            index_elements=["kind", "key"], index_where=text(f"key IS NOT NULL AND {_OPEN_SQL}")
        )
        .returning(Job)
    )
    if inserted is not None:
        return inserted
    open_job = await session.scalar(select(Job).where(Job.kind == kind, Job.key == key, Job.state.in_(OPEN)))
    if open_job is None:  # it ended between the two statements
        return await enqueue(
            session, actor, kind, payload, key=key, priority=priority, max_attempts=max_attempts
        )
    return open_job


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """A job belongs to who asked for it; auditors, administrators and the city bureau see all."""
    if actor.is_system or actor.holds("administrator", "auditor", "city_bureau"):
        return true()
    return Job.created_by == actor.account_id


async def get(session: AsyncSession, actor: Actor, job_id: UUID) -> Job:
    found = await session.scalar(select(Job).where(Job.id == job_id, visible_to(actor)))
    if found is None:
        raise NotFound()
    return found


async def cancel(session: AsyncSession, actor: Actor, job_id: UUID) -> Job:
    """Cancel an open job. A running attempt notices at its next progress report and writes nothing more."""
    await get(session, actor, job_id)
    job = await session.scalar(
        select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True)
    )
    assert job is not None
    if job.state not in OPEN:
        raise NotNow(NOT_OPEN)
    job.state, job.lease_until = JobState.CANCELLED, None
    job.finished_at = func.clock_timestamp()
    job.error = _error(SheqiaError(CANCELLED))
    await session.flush()
    await session.refresh(job)
    return job


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one job, as its handler sees it."""

    database: Database
    job_id: UUID
    kind: str
    payload: dict[str, Any]
    number: int
    created_by: UUID | None
    created_by_label: str

    async def progress(self, done: int, total: int, stage: str = "") -> None:
        """Tell how far the work is, in a transaction of its own. Raises `LeaseLost` when it is no longer this attempt's."""
        async with self.database.writing() as session:
            kept = await session.scalar(
                text(
                    "UPDATE jobs SET done = :done, total = :total, stage = :stage "
                    "WHERE id = :id AND attempts = :number AND state = 'running' RETURNING true"
                ),
                {"done": done, "total": total, "stage": stage, "id": self.job_id, "number": self.number},
            )
            if not kept:
                raise LeaseLost
            await session.execute(text("SELECT pg_notify('jobs_progress', :id)"), {"id": str(self.job_id)})

    @asynccontextmanager
    async def finishing(self, result: dict[str, Any] | None = None) -> AsyncIterator[AsyncSession]:
        """The transaction of the final write: it ends the job, and does not happen when the lease is lost.

        `result` may be filled inside the block; it is stored when the block ends.
        """
        async with self.database.writing() as session:
            await self._own(session)
            yield session
            await self._end(session, JobState.SUCCEEDED, result=result or {})

    async def stepping(self, write: Callable[[AsyncSession], Awaitable[None]]) -> None:
        """One resumable step of a long write, fenced by the same check as the last one.

        Nobody waits for the disk: what a power cut takes is a step done again. The job's last transaction waits, and with it
        all before it is safe.
        """
        async with self.database.writing() as session:
            await session.execute(text("SET LOCAL synchronous_commit TO off"))
            await self._own(session)
            await write(session)

    async def _own(self, session: AsyncSession) -> None:
        mine = await session.scalar(
            select(Job.id)
            .where(Job.id == self.job_id, Job.attempts == self.number, Job.state == JobState.RUNNING)
            .with_for_update()
        )
        if mine is None:
            raise LeaseLost

    async def _end(
        self,
        session: AsyncSession,
        state: JobState,
        *,
        result: dict[str, Any] | None = None,
        error: Any = None,
    ) -> None:
        await session.execute(
            text(
                "UPDATE jobs SET state = :state, result = cast(:result AS jsonb), error = cast(:error AS jsonb), "
                "lease_until = NULL, finished_at = clock_timestamp() WHERE id = :id"
            ),
            {"state": state, "result": _json(result), "error": _json(error), "id": self.job_id},
        )
        await session.execute(text("SELECT pg_notify('jobs_progress', :id)"), {"id": str(self.job_id)})

    async def fail(self, error: BaseException, *, final: bool) -> None:
        """Record what went wrong: ended for a user's mistake or the last attempt, else back in line after a pause."""
        try:
            async with self.database.writing() as session:
                await self._own(session)
                if final:
                    await self._end(session, JobState.FAILED, error=_error(error))
                else:
                    await session.execute(
                        text(
                            "UPDATE jobs SET state = 'queued', lease_until = NULL, error = cast(:error AS jsonb), "
                            "run_at = clock_timestamp() + make_interval(secs => :pause) WHERE id = :id"
                        ),
                        {"error": _json(_error(error)), "pause": 2.0**self.number, "id": self.job_id},
                    )
        except LeaseLost:
            return


def _json(value: Any) -> str | None:
    import json

    return None if value is None else json.dumps(value, ensure_ascii=False, default=str)


def _error(error: BaseException) -> dict[str, Any]:
    if isinstance(error, SheqiaError):
        return {
            "problems": [{"code": p.code, "message_zh": p.zh, "message_en": p.en} for p in error.problems]
        }
    problem = {
        "code": "internal",
        "message_zh": "任务内部错误，已记录。",
        "message_en": "An internal error; it is recorded.",
    }
    return {"problems": [problem], "detail": f"{type(error).__name__}: {error}"[:500]}


Handler = Callable[[Attempt], Awaitable[None]]
