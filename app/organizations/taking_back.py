"""Taking back organizations that an import has entered and nobody has touched since."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import NotYou
from app.organizations import permissions, repository
from app.organizations.lifecycle import REGISTRATION, audience
from app.organizations.models import (
    LIVE_REGISTRATION,
    CreditEvent,
    Engagement,
    Organization,
    TrackRecord,
)


async def touched(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """How many of these organizations are gone, or have been changed or given work here since they were entered."""
    at_work = select(Engagement.organization_id).where(Engagement.award_id.is_not(None))
    untouched = await session.scalar(
        select(func.count())
        .select_from(Organization)
        .where(
            Organization.id.in_(list(ids)),
            Organization.version == 1,
            Organization.state.in_(LIVE_REGISTRATION),
            Organization.id.not_in(at_work),
        )
    )
    return len(ids) - (untouched or 0)


async def take_back(session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
    """Remove untouched organizations with what was entered beside them. Raises `NotYou`."""
    organizations = await repository.with_ids(session, set(ids))
    if not all(permissions.may_keep_standing(actor, organization) for organization in organizations):
        raise NotYou()
    events = [
        journal.Event(REGISTRATION.name, it.id, "undone", audience(it), it.number, it.state, None, note)
        for it in organizations
    ]
    for kept in (CreditEvent, Engagement, TrackRecord):
        await session.execute(delete(kept).where(kept.organization_id.in_(list(ids))))
    await session.execute(delete(Organization).where(Organization.id.in_(list(ids))))
    await journal.record(session, actor, *events)
