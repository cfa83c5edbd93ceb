"""The SQL of what waits for somebody on the day of the fair: meetings as rows with the project's title and the table's label."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.negotiations.models import Intent, Talk
from app.projects.models import Project
from app.timetables.models import Meeting, MeetingState, MeetingTable
from app.timetables.rules import READY

AHEAD = timedelta(hours=24)
MOST = 200


def _rows(seen: ColumnElement[bool], state: MeetingState) -> Select[Meeting, str, str]:
    return (
        select(Meeting, Project.title, MeetingTable.label)
        .join(Project, Project.id == Meeting.project_id)
        .join(MeetingTable, MeetingTable.id == Meeting.table_id)
        .where(seen, Meeting.state == state)
        .order_by(Meeting.starts_at, Meeting.table_no)
        .limit(MOST)
    )


async def coming(session: AsyncSession, seen: ColumnElement[bool], now: datetime) -> Sequence[Any]:
    """Planned meetings of the next 24 hours."""
    within = (Meeting.starts_at > now, Meeting.starts_at <= now + AHEAD)
    return (await session.execute(_rows(seen, MeetingState.PLANNED).where(*within))).all()


async def unrecorded(session: AsyncSession, seen: ColumnElement[bool]) -> Sequence[Any]:
    """Meetings that were held and of which neither side has written anything down."""
    talked = exists().where(Talk.intent_id == Meeting.intent_id, Talk.held_at >= Meeting.starts_at)
    waits = select(Intent.id).where(Intent.state.in_(READY))
    query = _rows(seen, MeetingState.HELD).where(~talked, Meeting.intent_id.in_(waits))
    return (await session.execute(query)).all()


async def unaccounted(session: AsyncSession, seen: ColumnElement[bool], now: datetime) -> Sequence[Any]:
    """Meetings whose slot is over, and nobody has said whether they were held."""
    query = _rows(seen, MeetingState.PLANNED).where(Meeting.ends_at <= now)
    return (await session.execute(query)).all()
