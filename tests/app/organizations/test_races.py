"""Many buyers at one organization: real connections, one barrier, and never more than its places."""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category
from app.kernel import clock
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.ids import uuid7
from app.organizations import service
from app.organizations.models import HOLDING, Engagement, Organization
from tests.factories.crowd import at_once
from tests.factories.organizations import make_organization
from tests.factories.parties import make_party

CROWD = 50
CLERK = machine("test")


async def reserve(session: AsyncSession, organization_id: UUID, buyer_id: UUID) -> None:
    await service.reserve(
        session,
        CLERK,
        organization_id=organization_id,
        award_id=uuid7(),
        project_id=uuid7(),
        buyer_id=buyer_id,
        amount_fen=3_000_000,
        category=Category.ELDERLY_CARE,
        title="喘息支持项目",
        starts_on=clock.today(),
        ends_on=None,
    )


async def test_of_fifty_buyers_exactly_one_gets_the_last_place(committed: Database) -> None:
    """Shown to fail (several win) without the row lock in `repository.locked`."""
    async with committed.writing() as session:
        buyer = await make_party(session)
        organization = await make_organization(session, capacity_max=2, active_engagements=1)

    async def award(session: AsyncSession) -> None:
        await reserve(session, organization.id, buyer.id)

    outcome = await at_once(committed, [award] * CROWD)
    assert outcome == {"done": 1, "H_CAPACITY": CROWD - 1}
    async with committed.reading() as session:
        holding = select(func.count()).where(
            Engagement.organization_id == organization.id, Engagement.state.in_(HOLDING)
        )
        assert await session.scalar(holding) == 2


async def test_fifty_files_with_one_organization_enter_it_once(committed: Database) -> None:
    async def enter(session: AsyncSession) -> None:
        await make_organization(session, name="玄武区暮云养老中心", uscc="52320102XX9900013H")

    outcome = await at_once(committed, [enter] * CROWD)
    assert outcome["done"] == 1
    assert set(outcome) <= {"done", "organization_exists", "refused_by_database"}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Organization)) == 1
