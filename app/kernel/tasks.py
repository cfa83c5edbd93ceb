"""What waits for somebody: the shape every domain answers with, joined by `GET /api/v1/tasks`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Task:
    """One thing the actor is asked to do, and by when. `href` leads to the thing, `zh`/`en` say what to do."""

    kind: str
    subject_kind: str
    subject_id: UUID
    number: str | None
    title: str
    zh: str
    en: str
    href: str
    due_at: datetime | None = None
