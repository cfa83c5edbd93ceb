"""Two hands on one contract: real connections, real commits."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import payments, service
from app.contracts.models import Contract, Payment, Signature
from app.contracts.schemas import PaymentDraft
from app.funding import service as funding
from app.kernel.database import Database
from app.organizations.models import Engagement
from app.projects.models import Project
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories.crowd import Act, at_once

CROWD = 50


async def test_two_contracts_for_one_project_are_one_too_many(committed: Database) -> None:
    async with committed.writing() as session:
        pair, award = await make.make_awarded(session)

    async def draw_up_and_sign(session: AsyncSession) -> None:
        contract = await service.create(session, pair.street, make.contract_draft(award))
        for person in (pair.street, pair.supplier):
            await service.transition(session, person, contract, "sign", None, {})

    ends = await at_once(committed, [draw_up_and_sign] * CROWD)
    assert ends == {"done": 1, "award_not_active": CROWD - 1}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Contract)) == 1
        assert await session.scalar(select(Engagement.state)) == "active"
        standing = await funding.standing(session, pair.project.id)
        assert standing.contracted_fen == award.amount_fen


async def test_two_drafts_at_once_leave_one(committed: Database) -> None:
    async with committed.writing() as session:
        pair, award = await make.make_awarded(session)

    async def draw_up(session: AsyncSession) -> None:
        await service.create(session, pair.street, make.contract_draft(award))

    assert await at_once(committed, [draw_up] * 8) == {"done": 1, "contract_exists": 7}


async def test_both_sides_sign_in_the_same_instant_and_it_is_concluded_once(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_drafted(session)
    colleague = actors.street(deal.street.grants[0].area_path or "")

    def sign(person: Any) -> Act:
        async def act(session: AsyncSession) -> None:
            contract = await service.get(session, person, deal.contract.id)
            await service.transition(session, person, contract, "sign", None, {})

        return act

    ends = await at_once(committed, [sign(p) for p in (deal.street, colleague, deal.supplier)] * 8)
    assert ends["done"] == 2
    assert set(ends) <= {"done", "not_you", "award_not_active"}
    async with committed.reading() as session:
        assert await session.scalar(select(Contract.state)) == "active"
        assert (
            await session.scalar(select(Project.state).where(Project.id == deal.pair.project.id))
            == "contracted"
        )
        assert sorted(await session.scalars(select(Signature.side))) == ["buyer", "supplier"]


def paying(deal: make.Deal) -> list[Act]:
    """The same tranche paid by everybody at once, each with a voucher of its own."""

    def pay(number: int) -> Act:
        async def act(session: AsyncSession) -> None:
            contract = await service.get(session, deal.street, deal.contract.id)
            draft = PaymentDraft(tranche_seq=1, voucher=f"ZF-{number}")
            await payments.pay(session, deal.street, contract, draft)

        return act

    return [pay(number) for number in range(CROWD)]


async def paid_once(committed: Database, deal: make.Deal) -> None:
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Payment)) == 1
        paid = await session.scalar(select(Contract.paid_fen))
        assert paid == deal.contract.amount_fen // 2
        assert (await funding.standing(session, deal.pair.project.id)).paid_fen == paid


async def test_a_tranche_paid_by_fifty_hands_is_paid_once(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_signed(session)
    ends = await at_once(committed, paying(deal))
    assert ends == {"done": 1, "tranche_paid": CROWD - 1}
    await paid_once(committed, deal)


async def test_without_the_locks_the_rules_are_passed_and_the_database_still_pays_once(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the locks are for: without them all fifty pass the rules, and only constraints keep the money right."""

    async def no_lock(*_: Any) -> None:
        return None

    async with committed.writing() as session:
        deal = await make.make_signed(session)
    monkeypatch.setattr(payments, "lock", no_lock)
    monkeypatch.setattr(payments.projects, "locked", no_lock)
    ends = await at_once(committed, paying(deal))
    assert ends["done"] == 1
    assert ends["tranche_paid"] < CROWD - 1, (
        "somebody must have passed the rules and been stopped by the database"
    )
    await paid_once(committed, deal)


async def test_an_end_and_a_payment_at_once_never_pay_after_the_end(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_in_delivery(session)
        await service.mark_midterm(session, deal.street, deal.contract.id, True)
    terms = {"settlement_yuan": "10000.00"}

    async def end(session: AsyncSession) -> None:
        contract = await service.get(session, deal.district, deal.contract.id)
        await service.transition(session, deal.district, contract, "terminate", "机构注销", terms)

    async def pay(session: AsyncSession) -> None:
        contract = await service.get(session, deal.street, deal.contract.id)
        await payments.pay(session, deal.street, contract, PaymentDraft(tranche_seq=2, voucher="ZF-2"))

    ends = await at_once(committed, [end, pay])
    async with committed.reading() as session:
        contract = await session.get(Contract, deal.contract.id)
        assert contract is not None
        if ends == {"done": 1, "payment_not_in_this_state": 1}:
            assert (contract.state, contract.paid_fen) == ("terminated", 1_000_000)
        else:
            # the payment came first: the end then finds more paid than it settles, and asks for the refund
            assert ends == {"done": 1, "settlement_transfer_missing": 1}
            assert (contract.state, contract.paid_fen) == ("in_delivery", 1_600_000)
