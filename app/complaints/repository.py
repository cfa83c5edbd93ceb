"""All SQL of complaints."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import permissions
from app.complaints.models import OPEN, Complaint, ComplaintState, MediationMeeting
from app.kernel.actor import Actor
from app.negotiations.models import Award, Intent
from app.negotiations.permissions import awards_visible_to


async def visible(session: AsyncSession, actor: Actor, ref: UUID | str) -> Complaint | None:
    column = Complaint.id if isinstance(ref, UUID) else Complaint.number
    return await session.scalar(select(Complaint).where(column == ref, permissions.visible_to(actor)))


async def by_receipt(session: AsyncSession, digest: bytes) -> Complaint | None:
    return await session.scalar(select(Complaint).where(Complaint.receipt == digest))


def complaints(
    actor: Actor, *, kind: str | None, state: str | None, subject_id: UUID | None, edition: str | None
) -> Select[Complaint]:
    equal = {
        Complaint.kind: kind,
        Complaint.state: state,
        Complaint.subject_id: subject_id,
        Complaint.edition_code: edition,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    return select(Complaint).where(permissions.visible_to(actor), *conditions)


async def award(session: AsyncSession, actor: Actor, award_id: UUID) -> Award | None:
    return await session.scalar(select(Award).where(Award.id == award_id, awards_visible_to(actor)))


async def applied(session: AsyncSession, award: Award, parties: Iterable[UUID]) -> UUID | None:
    """Which of these organizations showed interest in the project in the round of the award."""
    return await session.scalar(
        select(Intent.organization_id)
        .where(
            Intent.project_id == award.project_id,
            Intent.round == award.round,
            Intent.organization_id.in_(list(parties)),
        )
        .limit(1)
    )


async def meetings(session: AsyncSession, complaint_id: UUID) -> Sequence[MediationMeeting]:
    found = await session.scalars(
        select(MediationMeeting)
        .where(MediationMeeting.complaint_id == complaint_id)
        .order_by(MediationMeeting.held_at)
    )
    return found.all()


async def window_over(session: AsyncSession, today: date) -> Sequence[Complaint]:
    found = await session.scalars(
        select(Complaint)
        .where(Complaint.state == ComplaintState.DECIDED, Complaint.appeal_until < today)
        .order_by(Complaint.id)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def overdue(session: AsyncSession, today: date) -> Sequence[Complaint]:
    found = await session.scalars(
        select(Complaint)
        .where(Complaint.state.in_(OPEN), Complaint.due_on < today, Complaint.overdue_told_at.is_(None))
        .order_by(Complaint.id)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def open_for(session: AsyncSession, actor: Actor) -> Sequence[Complaint]:
    query = select(Complaint).where(permissions.visible_to(actor), Complaint.state.in_(OPEN))
    return (await session.scalars(query.order_by(Complaint.due_on).limit(200))).all()
