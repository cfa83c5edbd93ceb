"""The change feed, the live stream, jobs, tasks and the sandbox clock."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import Anyone, SignedIn
from app.kernel import clock, jobs
from app.kernel.actor import Actor
from app.kernel.paging import LARGEST
from app.kernel.tasks import Task
from app.live import service
from app.live.schemas import Changes, ClockMove, ClockView, JobView, Tasks, TaskView
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["live"], route_class=UnitOfWork)

TaskSource = Callable[[AsyncSession, Actor], Awaitable[Sequence[Task]]]


@router.get("/changes", operation_id="list_changes")
async def changes(
    session: ReadSession,
    actor: Anyone,
    cursor: Annotated[
        str | None, Query(description="From the last answer; none reads from the start")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST)] = 100,
) -> Changes:
    """The gap-free feed of everything the caller may know, oldest first."""
    return await service.changes(session, actor, cursor, limit)


@router.get("/live", operation_id="follow_live", response_class=EventSourceResponse)
async def live(
    request: Request,
    actor: Anyone,
    last_event_id: Annotated[str | None, Header()] = None,
    cursor: Annotated[str | None, Query(description="Where to start, as in /changes")] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events of the change feed; a reader that comes back with Last-Event-ID misses nothing."""
    async for change in service.follow(request.app.state.database, actor, last_event_id or cursor):
        yield ServerSentEvent(
            raw_data=change.model_dump_json(), event=change.subject_kind, id=str(change.position)
        )


@router.get("/jobs/{job_id}", operation_id="get_job")
async def job(session: ReadSession, actor: SignedIn, job_id: UUID) -> JobView:
    """How far a long work is, and what came of it."""
    return JobView.model_validate(await jobs.get(session, actor, job_id), from_attributes=True)


@router.post("/jobs/{job_id}/cancel", operation_id="cancel_job")
async def cancel(session: WriteSession, actor: SignedIn, job_id: UUID) -> JobView:
    """Stop a long work; what it has not written yet is never written."""
    return JobView.model_validate(await jobs.cancel(session, actor, job_id), from_attributes=True)


@router.post("/sandbox/clock", operation_id="move_clock")
async def move_clock(request: Request, session: WriteSession, actor: SignedIn, body: ClockMove) -> ClockView:
    """Sandbox only: move the domain's clock forward."""
    by = timedelta(days=body.days, hours=body.hours)
    ahead = await service.advance_clock(session, actor, by, on=request.app.state.settings.sandbox)
    return ClockView(now=clock.local(clock.now()), ahead_seconds=int(ahead.total_seconds()))


def tasks_router(sources: Sequence[TaskSource]) -> APIRouter:
    """`GET /api/v1/tasks` over the domains that `app.main` names."""
    tasks = APIRouter(prefix="/api/v1", tags=["live"], route_class=UnitOfWork)

    @tasks.get("/tasks", operation_id="list_tasks")
    async def list_tasks(session: ReadSession, actor: SignedIn) -> Tasks:
        """What waits for me, and by when; the most urgent first."""
        found = [task for source in sources for task in await source(session, actor)]
        found.sort(key=lambda task: (task.due_at is None, task.due_at, task.title))
        return Tasks(items=[_task(task) for task in found], as_of=clock.local(clock.now()))

    return tasks


def _task(task: Task) -> TaskView:
    return TaskView(
        kind=task.kind,
        subject_kind=task.subject_kind,
        subject_id=task.subject_id,
        number=task.number,
        title=task.title,
        label_zh=task.zh,
        label_en=task.en,
        href=task.href,
        due_at=clock.local(task.due_at) if task.due_at else None,
        overdue=task.due_at is not None and task.due_at < clock.now(),
    )
