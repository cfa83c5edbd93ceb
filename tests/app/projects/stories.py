"""Steps that several stories of projects share."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.actor import machine
from app.kernel.journal import JournalEntry
from app.kernel.money import FEN
from app.projects import service
from app.projects.models import Project
from app.projects.schemas import ProjectChange
from tests.factories import actors
from tests.factories.projects import project_draft

CLERK = machine("test")
STREET, DISTRICT = actors.street(), actors.district()


async def entries(session: AsyncSession, subject_id: UUID) -> list[JournalEntry]:
    mine = (JournalEntry.subject_id == subject_id, JournalEntry.subject_kind == "project")
    return list(await session.scalars(select(JournalEntry).where(*mine).order_by(JournalEntry.entry_id)))


async def published(session: AsyncSession, **changes: object) -> Project:
    project = await service.create(session, STREET, project_draft(**changes))
    for actor, event in (
        (STREET, "submit"),
        (DISTRICT, "start_review"),
        (DISTRICT, "approve"),
        (DISTRICT, "publish"),
    ):
        await service.transition(session, actor, project, event)
    return project


def change(**fields: object) -> ProjectChange:
    return ProjectChange.model_validate(fields, by_name=True, context=FEN)
