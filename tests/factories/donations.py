"""Donations for tests; every donor is invented."""

from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.donations import service
from app.donations.models import Donation, DonationUse
from app.donations.schemas import DonationDraft, UseDraft
from app.identity.roles import Role
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.parties.models import Party, PartyKind
from app.projects.models import Project
from tests.factories import actors
from tests.factories.contracts import make_in_delivery
from tests.factories.parties import make_party


def donation_draft(amount: str = "1000.00", **changes: Any) -> DonationDraft:
    """Money for the elderly of 玄武区, from somebody with a name."""
    facts: dict[str, Any] = {
        "kind": "money",
        "title": "助老爱心款",
        "area_path": actors.XUANWU,
        "donor_name": "梧桐巷口小店",
        "amount": amount,
        "purpose_categories": ["elderly_care"],
    }
    return DonationDraft.model_validate(facts | changes, by_name=True, by_alias=False, context=FEN)


async def make_offer(session: AsyncSession, amount: str = "1000.00", **changes: Any) -> Donation:
    return await service.offer(session, actors.district(), donation_draft(amount, **changes))


async def make_donation(session: AsyncSession, amount: str = "1000.00", **changes: Any) -> Donation:
    """A donation in hand."""
    donation = await make_offer(session, amount, **changes)
    return await service.transition(session, actors.district(), donation, "receive", None, {})


async def make_funder(session: AsyncSession, name: str = "南京拾穗慈善基金会") -> tuple[Party, Actor]:
    party = await make_party(session, name, PartyKind.FUNDER, area_path=actors.CITY)
    return party, actors.speaking_for(party.id, Role.CHARITY_FUNDER)


async def make_project(session: AsyncSession) -> Project:
    """A project for the elderly in 锁金村 that is being delivered."""
    return (await make_in_delivery(session)).pair.project


def use_draft(project: Project | UUID, amount: str = "100.00", **changes: Any) -> UseDraft:
    named = str(project if isinstance(project, UUID) else project.id)
    facts = {"project": named, "amount": amount, "note": "购买助浴椅"}
    return UseDraft.model_validate(facts | changes)


async def use(
    session: AsyncSession, donation: Donation, project: Project, amount: str = "100.00", **changes: Any
) -> DonationUse:
    return await service.use(session, actors.district(), donation, use_draft(project, amount, **changes))
