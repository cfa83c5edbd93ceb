"""A contract, as far along as a test needs it; every body and text is invented."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import delivery, payments, service
from app.contracts.models import Contract
from app.contracts.schemas import (
    ContractDraft,
    MilestoneJudgement,
    MilestoneReport,
    PaymentDraft,
    ServiceLogDraft,
)
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.negotiations.models import Award
from tests.factories import actors
from tests.factories import negotiations as table
from tests.factories.negotiations import Pair

CITY = actors.CITY


@dataclass(slots=True)
class Deal:
    """An awarded project with its contract and the people around it."""

    pair: Pair
    award: Award
    contract: Contract

    @property
    def street(self) -> Actor:
        return self.pair.street

    @property
    def supplier(self) -> Actor:
        return self.pair.supplier

    @property
    def district(self) -> Actor:
        return self.pair.district


def contract_draft(award: Award, **changes: Any) -> ContractDraft:
    """10 months from today, 5:3:2, one milestone."""
    facts: dict[str, Any] = {
        "award_id": award.id,
        "scope": "每月四次照护课堂，配套上门指导，覆盖 40 户照护者家庭。",
        "outputs": [
            {"indicator": "照护课堂", "target": 4, "unit": "event", "service_method": "group"},
            {"indicator": "服务人数", "target": 40, "unit": "person"},
        ],
        "milestones": [{"title": "完成前两次课堂", "due_on": clock.today() + timedelta(days=60)}],
        "persons_planned": 40,
    }
    return ContractDraft.model_validate(facts | changes, by_name=True, by_alias=False, context=FEN)


async def make_awarded(session: AsyncSession, **organization: Any) -> tuple[Pair, Award]:
    """A project whose award is active; the clock stands after the notice."""
    pair = await table.make_pair(session, **organization)
    return pair, await table.active(session, pair)


async def make_drafted(session: AsyncSession, **changes: Any) -> Deal:
    pair, award = await make_awarded(session)
    contract = await service.create(session, pair.street, contract_draft(award, **changes))
    return Deal(pair, award, contract)


async def sign(session: AsyncSession, deal: Deal, *people: Actor) -> None:
    for person in people or (deal.supplier, deal.street):
        await service.transition(session, person, deal.contract, "sign", None, {})


async def make_signed(session: AsyncSession, **changes: Any) -> Deal:
    deal = await make_drafted(session, **changes)
    await sign(session, deal)
    return deal


async def pay(session: AsyncSession, deal: Deal, seq: int, voucher: str | None = None) -> None:
    draft = PaymentDraft(tranche_seq=seq, voucher=voucher or f"ZF-{seq}")
    await payments.pay(session, deal.street, deal.contract, draft)


async def make_in_delivery(session: AsyncSession, **changes: Any) -> Deal:
    deal = await make_signed(session, **changes)
    await pay(session, deal, 1)
    await service.transition(session, deal.street, deal.contract, "start", None, {})
    return deal


def service_draft(**changes: Any) -> ServiceLogDraft:
    facts: dict[str, Any] = {
        "method": "group",
        "served_on": clock.today(),
        "hours": "2.5",
        "persons": 10,
        "contacts": 24,
        "place": "社区照护角",
    }
    return ServiceLogDraft.model_validate(facts | changes)


async def deliver(session: AsyncSession, deal: Deal, sessions: int = 4, persons: int = 10) -> None:
    """The supplier logs its services and proves the milestone; the street judges it met."""
    drafts = [service_draft(persons=persons) for _ in range(sessions)]
    await delivery.log_services(session, deal.supplier, deal.contract, drafts)
    report = MilestoneReport(evidence=["签到表扫描件"])
    await delivery.report_milestone(session, deal.supplier, deal.contract, 1, report)
    judgement = MilestoneJudgement.model_validate({"status": "met"})
    await delivery.judge_milestone(session, deal.street, deal.contract, 1, judgement)
