"""Taking back projects that an import has entered and nobody has touched since."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import NotYou
from app.projects import permissions, repository
from app.projects.lifecycle import LIFECYCLE, audience
from app.projects.models import Project


async def touched(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """How many of these projects are gone, or have been changed, submitted or split since they were entered."""
    untouched = await session.scalar(
        select(func.count())
        .select_from(Project)
        .where(
            repository.among(Project.id, ids),
            Project.version == 1,
            Project.state == LIFECYCLE.initial,
            Project.is_parent.is_(False),
        )
    )
    return len(ids) - (untouched or 0)


async def take_back(session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
    """Remove untouched drafts; the journal keeps that they were there. Raises `NotYou`."""
    projects = await repository.with_ids(session, ids)
    if not all(permissions.may_post(actor, project.area_path) for project in projects):
        raise NotYou()
    events = [
        journal.Event(
            LIFECYCLE.name, project.id, "undone", audience(project), project.number, project.state, None, note
        )
        for project in projects
    ]  # fmt: skip
    await session.execute(delete(Project).where(repository.among(Project.id, ids)))
    await journal.record(session, actor, *events)
