"""Many buyers at one organization: real connections, one barrier, and never more than its places."""

import asyncio
from collections import Counter
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category
from app.kernel import clock
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.errors import NotNow
from app.kernel.ids import uuid7
from app.organizations import service
from app.organizations.models import HOLDING, Engagement, Organization
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
        other = await make_organization(session)
    ready = asyncio.Barrier(CROWD)

    async def award() -> str:
        try:
            async with committed.writing() as session:
                # Each connection prepares its statements first: else one is warm, and over before the others begin.
                rehearsal = await session.begin_nested()
                await reserve(session, other.id, buyer.id)
                await rehearsal.rollback()
                await ready.wait()
                await reserve(session, organization.id, buyer.id)
        except NotNow as refused:
            return refused.code
        return "done"

    outcome = Counter(await asyncio.gather(*(award() for _ in range(CROWD))))
    assert outcome == {"done": 1, "H_CAPACITY": CROWD - 1}
    async with committed.reading() as session:
        holding = select(func.count()).where(
            Engagement.organization_id == organization.id, Engagement.state.in_(HOLDING)
        )
        assert await session.scalar(holding) == 2


async def test_fifty_files_with_one_organization_enter_it_once(committed: Database) -> None:
    ready = asyncio.Barrier(CROWD)

    async def enter() -> str:
        try:
            async with committed.writing() as session:
                await session.connection()
                await ready.wait()
                await make_organization(session, name="玄武区暮云养老中心", uscc="52320102XX9900013H")
        except NotNow as refused:
            return refused.code
        except IntegrityError:
            return "refused_by_database"
        return "done"

    outcome = Counter(await asyncio.gather(*(enter() for _ in range(CROWD))))
    assert outcome["done"] == 1
    assert set(outcome) <= {"done", "organization_exists", "refused_by_database"}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Organization)) == 1
