"""Cases for tests; every word is invented."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import service
from app.complaints.models import Complaint
from app.complaints.schemas import ComplaintDraft
from app.kernel.actor import Actor


def complaint_draft(
    kind: str, subject_kind: str, subject_id: UUID | None, target: str, **changes: Any
) -> ComplaintDraft:
    facts = {
        "kind": kind,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
        "target": target,
        "facts": "五月以来每周的照护课堂只开了两次，签到表却写了四次。",
    }
    return ComplaintDraft.model_validate(facts | changes)


async def file(session: AsyncSession, actor: Actor, draft: ComplaintDraft) -> tuple[Complaint, str]:
    return (await service.create_many(session, actor, [draft]))[0]
