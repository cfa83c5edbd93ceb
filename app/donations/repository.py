"""All SQL of donations."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import inside, within
from app.catalogue.codes import Category, DonationKind
from app.donations import permissions
from app.donations.models import Donation, DonationState, DonationUse
from app.identity.roles import OFFICIALS
from app.kernel.actor import Actor


def donations(
    actor: Actor,
    *,
    state: DonationState | None,
    kind: DonationKind | None,
    under: str | None,
    category: Category | None,
) -> Select[Donation]:
    equal = {Donation.state: state, Donation.kind: kind}
    conditions = [column == value for column, value in equal.items() if value is not None]
    query = select(Donation).where(permissions.visible_to(actor), *conditions)
    if under is not None:
        query = query.where(inside(Donation.area_path, under))
    if category is not None:
        open_to_all = Donation.purpose_categories == []
        query = query.where(or_(open_to_all, Donation.purpose_categories.contains([category])))
    return query


def uses(donation_id: UUID) -> Select[DonationUse]:
    return select(DonationUse).where(DonationUse.donation_id == donation_id)


async def visible(session: AsyncSession, actor: Actor, ref: UUID | str) -> Donation | None:
    column = Donation.id if isinstance(ref, UUID) else Donation.number
    return await session.scalar(select(Donation).where(column == ref, permissions.visible_to(actor)))


async def use(session: AsyncSession, donation_id: UUID, use_id: UUID) -> DonationUse | None:
    query = uses(donation_id).where(DonationUse.id == use_id, DonationUse.reverses_id.is_(None))
    return await session.scalar(query)


async def reversed_already(session: AsyncSession, use_id: UUID) -> bool:
    query = select(DonationUse.id).where(DonationUse.reverses_id == use_id)
    return await session.scalar(query) is not None


async def waiting(session: AsyncSession, actor: Actor, soon: date) -> Sequence[Donation]:
    """Offers to be received, and what runs out by `soon`, of the areas the actor keeps."""
    running_out = and_(Donation.state == DonationState.RECEIVED, Donation.valid_to <= soon)
    query = select(Donation).where(
        within(Donation.area_path, actor, *OFFICIALS),
        or_(Donation.state == DonationState.OFFERED, running_out),
    )
    return (await session.scalars(query.order_by(Donation.id).limit(200))).all()
