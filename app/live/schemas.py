"""What the live side of the service shows."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.kernel import clock
from app.kernel.journal import JournalEntry


class ChangeView(BaseModel):
    """One thing that happened. `gone` marks the tombstone of a thing that readers should drop."""

    position: int
    at: datetime
    subject_kind: str
    subject_id: UUID
    subject_number: str | None
    event: str
    actor: str
    from_state: str | None
    to_state: str | None
    note: str | None
    change: dict[str, Any]
    gone: bool


class Changes(BaseModel):
    """A piece of the feed. Ask again with `cursor`; nothing is ever missed and nothing comes twice."""

    items: list[ChangeView]
    cursor: str


class JobView(BaseModel):
    """Long work: how far it is, and what came of it."""

    id: UUID
    kind: str
    state: Literal["queued", "running", "succeeded", "failed", "cancelled"]
    stage: str
    done: int
    total: int
    attempts: int
    error: dict[str, Any] | None
    result: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


class TaskView(BaseModel):
    """One thing that waits for the caller, and by when."""

    kind: str
    subject_kind: str
    subject_id: UUID
    number: str | None
    title: str
    label_zh: str
    label_en: str
    href: str
    due_at: datetime | None
    overdue: bool


class Tasks(BaseModel):
    """Everything that waits for the caller, the most urgent first."""

    items: list[TaskView]
    as_of: datetime


class ClockMove(BaseModel):
    """How far to move the sandbox clock forward."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(default=0, ge=0, le=3660)
    hours: int = Field(default=0, ge=0, le=24 * 366)


class ClockView(BaseModel):
    """The time of the domain."""

    now: datetime
    ahead_seconds: int


TOMBSTONES = frozenset({"undone", "erased", "deleted"})


def change_view(position: int, entry: JournalEntry, *, reads_names: bool) -> ChangeView:
    """An entry as a reader sees it; who acted is named to officials and parties, not to the public."""
    return ChangeView(
        position=position,
        at=clock.local(entry.domain_at),
        subject_kind=entry.subject_kind,
        subject_id=entry.subject_id,
        subject_number=entry.subject_number,
        event=entry.event,
        actor=entry.actor_label if reads_names else entry.actor_kind,
        from_state=entry.from_state,
        to_state=entry.to_state,
        note=entry.note,
        change=entry.change,
        gone=entry.event in TOMBSTONES,
    )
