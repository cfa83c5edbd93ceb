"""Fifty people at one purse: real connections, one barrier, and a ledger that balances afterwards."""

from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category
from app.funding import service, setup
from app.funding.models import Allocation, FundingLine, YearSource
from app.funding.schemas import LineChange
from app.funding.service import Measure, Part
from app.kernel.database import Database
from app.kernel.errors import Stale
from app.kernel.ids import uuid7
from tests.factories.crowd import at_once, each
from tests.factories.editions import make_edition
from tests.factories.funding import CLERK, lottery_draft, make_line, make_source, yuan

CROWD = 50


async def stored_line(database: Database, amount: float, *, lottery: bool = False) -> FundingLine:
    async with database.writing() as session:
        await make_edition(session)
        source: YearSource | None = None
        if lottery:
            source = await make_source(session, lottery_draft(amount))
        return await make_line(session, amount, source=source)


async def test_fifty_tasks_cannot_overdraw_one_line(committed: Database) -> None:
    line = await stored_line(committed, 10_000)

    async def take(session: AsyncSession, _: int) -> None:
        await service.allocate(
            session, CLERK, uuid7(), [Part(line.id, yuan(1_500), Category.YOUTH_DEVELOPMENT)]
        )

    assert await at_once(committed, each(take, CROWD)) == {"done": 6, "line_overdrawn": 44}
    async with committed.reading() as session:
        held = (await session.scalars(select(Allocation))).all()
        assert sum(row.committed_fen for row in held) == yuan(9_000)
        assert (await service.prove(session)).problems == ()


async def test_fifty_tasks_on_two_lines_cannot_break_the_earmark_they_share(committed: Database) -> None:
    async with committed.writing() as session:
        await make_edition(session)
        source = await make_source(session, lottery_draft(10_000))
        lines = [await make_line(session, 5_000, source=source) for _ in range(2)]

    async def take(session: AsyncSession, place: int) -> None:
        part = Part(lines[place % 2].id, yuan(1_000), Category.YOUTH_DEVELOPMENT)
        await service.allocate(session, CLERK, uuid7(), [part])

    outcome = await at_once(committed, each(take, CROWD))
    assert outcome["done"] == 5 and outcome.total() == CROWD
    async with committed.reading() as session:
        assert (await service.prove(session)).problems == ()


async def test_lines_taken_in_opposite_orders_do_not_deadlock(committed: Database) -> None:
    async with committed.writing() as session:
        await make_edition(session)
        sources = [await make_source(session, lottery_draft(1_000, name=name)) for name in ("甲款", "乙款")]
        lines = [await make_line(session, 1_000, source=source) for source in sources]

    async def take(session: AsyncSession, place: int) -> None:
        parts = [Part(line.id, yuan(100), Category.ELDERLY_CARE) for line in lines]
        await service.allocate(session, CLERK, uuid7(), parts if place % 2 else parts[::-1])

    assert await at_once(committed, each(take, 30)) == {"done": 10, "line_overdrawn": 20}


async def test_a_line_that_changed_meanwhile_is_not_overwritten(committed: Database) -> None:
    line = await stored_line(committed, 1_000)
    async with committed.writing() as slow:
        mine = await setup.line(slow, CLERK, line.number)
        async with committed.writing() as quick:
            theirs = await setup.line(quick, CLERK, line.number)
            await service.change_line(quick, CLERK, theirs, LineChange(name="改名的资金线"))
        with pytest.raises(Stale):
            await service.change_line(slow, CLERK, mine, LineChange(name="另一个名字"))


async def test_one_tranche_is_paid_once(committed: Database) -> None:
    project = await _signed(committed)

    async def pay(session: AsyncSession, _: int) -> None:
        await service.post(
            session, CLERK, Measure.PAID, project_id=project, amount_fen=yuan(100), reference="首款"
        )

    outcome = await at_once(committed, each(pay, CROWD))
    assert outcome["done"] == 1 and outcome.total() == CROWD
    async with committed.reading() as session:
        assert (await service.standing(session, project)).paid_fen == yuan(100)
        assert (await service.prove(session)).problems == ()


async def test_fifty_vouchers_never_pay_more_than_the_contract(committed: Database) -> None:
    project = await _signed(committed)

    async def pay(session: AsyncSession, place: int) -> None:
        await service.post(
            session, CLERK, Measure.PAID, project_id=project, amount_fen=yuan(400), reference=f"凭证{place}"
        )

    outcome = await at_once(committed, each(pay, CROWD))
    assert 1 <= outcome["done"] <= 2 and outcome.total() == CROWD
    async with committed.reading() as session:
        assert (await service.standing(session, project)).paid_fen == outcome["done"] * yuan(400)
        assert (await service.prove(session)).problems == ()


async def _signed(database: Database) -> UUID:
    project = uuid7()
    async with database.writing() as session:
        await service.post(
            session, CLERK, Measure.CONTRACTED, project_id=project, amount_fen=yuan(1_000), reference="合同"
        )
    return project
