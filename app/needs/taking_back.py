"""Taking back needs that an import has collected and nobody has touched since."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import NotYou
from app.needs import permissions
from app.needs.lifecycle import LIFECYCLE
from app.needs.models import Need, NeedState


async def touched(session: AsyncSession, ids: Sequence[UUID]) -> int:
    """How many of these needs are gone, or have been changed or dealt with since they were collected."""
    untouched = await session.scalar(
        select(func.count())
        .select_from(Need)
        .where(Need.id.in_(list(ids)), Need.version == 1, Need.state == NeedState.COLLECTED)
    )
    return len(ids) - (untouched or 0)


async def take_back(session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
    """Remove untouched needs; the journal keeps that they were there. Raises `NotYou`."""
    needs = (await session.scalars(select(Need).where(Need.id.in_(list(ids))))).all()
    if not all(permissions.may_handle(actor, need) for need in needs):
        raise NotYou()
    events = [
        journal.Event(
            LIFECYCLE.name,
            need.id,
            "taken_back",
            journal.Audience(need.area_path, level=journal.OFFICIALS),
            number=need.number,
            from_state=need.state,
            note=note,
        )
        for need in needs
    ]
    await session.execute(delete(Need).where(Need.id.in_(list(ids))))
    await journal.record(session, actor, *events)
