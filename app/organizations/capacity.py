"""What the capacity of an organization is used for: places reserved, activated, released, and how the work was judged."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, Grade
from app.kernel import journal, lifecycle
from app.kernel.actor import Actor
from app.kernel.errors import NotFound, raise_all
from app.kernel.lifecycle import hold, move
from app.organizations import repository, rules
from app.organizations.lifecycle import ENGAGEMENTS
from app.organizations.models import Engagement, EngagementKind, EngagementState, Organization


async def reserve(
    session: AsyncSession,
    actor: Actor,
    *,
    organization_id: UUID,
    award_id: UUID,
    project_id: UUID,
    buyer_id: UUID,
    amount_fen: int | None,
    category: Category | str | None,
    title: str,
    starts_on: date | None,
    ends_on: date | None,
) -> Engagement:
    """Take a place for an award. Raises `NotNow` H_CAPACITY when none is free.

    The organization's row stays locked until the transaction ends, so two buyers never both get the last place
    (DOMAIN §5, invariant 6). Who may award has been asked by the caller.
    """
    ours = lifecycle.held(session, Organization, organization_id)
    organization = ours or await repository.locked(session, organization_id)
    if organization is None:
        raise NotFound()
    held = (await repository.held(session, [organization_id])).get(organization_id, 0)
    raise_all(rules.capacity_free(organization, held))
    engagement = Engagement(
        organization_id=organization_id,
        kind=EngagementKind.AWARD.value,
        state=EngagementState.RESERVED.value,
        award_id=award_id,
        project_id=project_id,
        buyer_id=buyer_id,
        amount_fen=amount_fen,
        category=category,
        title=title,
        starts_on=starts_on,
        ends_on=ends_on,
    )
    session.add(engagement)
    await session.flush()
    await journal.record(session, actor, _event(engagement, "reserved", to_state=engagement.state))
    return engagement


async def activate(session: AsyncSession, actor: Actor, award_id: UUID, *, contract_id: UUID) -> Engagement:
    """The contract is signed: the reserved place is in use."""
    engagement = await _of(session, award_id)
    await move(
        session,
        ENGAGEMENTS,
        engagement,
        "activate",
        actor,
        owned=True,
        values={"contract_id": contract_id},
        change={"contract_id": str(contract_id)},
    )
    return engagement


async def release(session: AsyncSession, actor: Actor, award_id: UUID, *, reason: str) -> Engagement:
    """Give the place back: the award was cancelled, or the work is over. Harmless when it is free already."""
    engagement = await _of(session, award_id)
    if engagement.state != EngagementState.RELEASED:
        await move(session, ENGAGEMENTS, engagement, "release", actor, reason, owned=True)
    return engagement


async def report(
    session: AsyncSession,
    actor: Actor,
    award_id: UUID,
    *,
    grade: Grade | str | None,
    satisfaction: float | None,
    contacts: int | None,
    amount_fen: int | None,
) -> Engagement:
    """Write the result of an evaluation where the track record reads it. Raises `NotFound` for an unknown award."""
    engagement = await _of(session, award_id)
    engagement.grade, engagement.satisfaction, engagement.contacts = grade, satisfaction, contacts
    if amount_fen is not None:
        engagement.amount_fen = amount_fen
    await session.flush()
    change = {"grade": grade, "satisfaction": satisfaction, "contacts": contacts}
    await journal.record(session, actor, _event(engagement, "graded", change=change))
    return engagement


async def _of(session: AsyncSession, award_id: UUID) -> Engagement:
    engagement = await repository.engagement_of(session, award_id)
    if engagement is None:
        raise NotFound()
    hold(session, engagement)
    return engagement


def _event(
    engagement: Engagement,
    event: str,
    *,
    to_state: str | None = None,
    change: Mapping[str, object] | None = None,
) -> journal.Event:
    return journal.Event(
        ENGAGEMENTS.name,
        engagement.id,
        event,
        ENGAGEMENTS.audience(engagement),
        to_state=to_state,
        change={"organization_id": str(engagement.organization_id), **(change or {})},
    )
