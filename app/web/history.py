"""The history of one thing as its reader may know it: the body of every `GET …/{id}/history`."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.actor import Actor


class HistoryEntry(BaseModel):
    """One thing that happened, by whom, from where to where, and why."""

    at: datetime
    event: str
    actor: str
    from_state: str | None
    to_state: str | None
    note: str | None
    change: dict[str, Any]


class History(BaseModel):
    """Everything the reader may know about one thing, oldest first."""

    items: list[HistoryEntry]


async def history(session: AsyncSession, actor: Actor, subject_id: UUID) -> History:
    """The journal of one thing. Who acted is named to people with an account; the public reads only the kind of actor."""
    entries = await journal.history(session, actor, subject_id)
    return History(
        items=[
            HistoryEntry(
                at=clock.local(entry.domain_at),
                event=entry.event,
                actor=entry.actor_label if actor.account_id else entry.actor_kind,
                from_state=entry.from_state,
                to_state=entry.to_state,
                note=entry.note,
                change=entry.change,
            )
            for entry in entries
        ]
    )
