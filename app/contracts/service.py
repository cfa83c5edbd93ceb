"""The open door of contracts: read them, move them, and what other domains tell them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import (
    delivery,
    drafting,
    payment_rules,
    payments,
    permissions,
    repository,
    rules,
    signing,
)
from app.contracts.delivery import totals
from app.contracts.lifecycle import LIFECYCLE, audience
from app.contracts.models import WHOLE, Contract, ContractState, Tranche
from app.contracts.rules import same_body
from app.contracts.schemas import (
    ContractDraft,
    ContractParty,
    ContractView,
    Settlement,
    SignatureView,
    TrancheView,
)
from app.editions import service as editions
from app.kernel import clock, journal, lifecycle
from app.kernel.actor import Actor, machine
from app.kernel.database import keep
from app.kernel.errors import NotFound
from app.kernel.ids import reference
from app.kernel.lifecycle import Choice, data_as, move
from app.kernel.money import FEN
from app.kernel.tasks import Task
from app.organizations import service as organizations
from app.parties.models import Party
from app.projects import service as projects

__all__ = [
    "buyer_of",
    "by_id",
    "choices",
    "create",
    "create_many",
    "get",
    "held",
    "mark_accepted",
    "mark_failed",
    "mark_final_evaluation",
    "mark_midterm",
    "open_file_to",
    "persons_served",
    "same_body",
    "sides",
    "speaks_for_buyer",
    "state_of",
    "tasks",
    "tick",
    "totals",
    "transition",
    "views",
]

MONTH = timedelta(days=30)


async def create_many(session: AsyncSession, actor: Actor, drafts: Sequence[ContractDraft]) -> list[Contract]:
    """Contracts from active awards, one after the other: each locks its own project and award."""
    return [await drafting.create(session, actor, draft) for draft in drafts]


async def create(session: AsyncSession, actor: Actor, draft: ContractDraft) -> Contract:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, ref: UUID | str, *, to_move: bool = False) -> Contract:
    """One contract by id or number. Raises `NotFound` when it is not there or not visible.

    `to_move` locks its project, its award and itself until the transaction ends.
    """
    read = repository.visible_to_move if to_move else repository.visible
    found = await read(session, actor, reference(ref))
    if found is None:
        raise NotFound()
    return found


async def views(session: AsyncSession, contracts: Sequence[Contract]) -> list[ContractView]:
    """Contracts with parties, signatures and money plan: three statements however many there are."""
    ids = [contract.id for contract in contracts]
    if not ids:
        return []
    signed: dict[UUID, list[SignatureView]] = {}
    for signature in await repository.signatures(session, ids):
        signed.setdefault(signature.contract_id, []).append(SignatureView.model_validate(signature))
    plans: dict[UUID, list[TrancheView]] = {}
    for tranche in await repository.tranches(session, ids):
        plans.setdefault(tranche.contract_id, []).append(_tranche(tranche))
    wanted = {
        party_id
        for c in contracts
        for party_id in (c.buyer_id, c.procuring_entity_id, c.supplier_id, c.supervising_authority_id)
        if party_id is not None
    }
    parties = await repository.parties(session, list(wanted))
    names = {party.id: ContractParty(id=party.id, name=party.name) for party in parties.values()}
    plain = [name for name in ContractView.model_fields if hasattr(Contract, name)]
    return [
        ContractView.model_validate(
            {name: getattr(c, name) for name in plain}
            | {
                "buyer": names[c.buyer_id],
                "supplier": names[c.supplier_id],
                "procuring_entity": names.get(c.procuring_entity_id) if c.procuring_entity_id else None,
                "supervising_authority": (
                    names.get(c.supervising_authority_id) if c.supervising_authority_id else None
                ),
                "signatures": signed.get(c.id, []),
                "tranches": plans.get(c.id, []),
            },
            context=FEN,
        )
        for c in contracts
    ]


async def choices(session: AsyncSession, actor: Actor, contract: Contract) -> list[Choice]:
    """What the actor may do with the contract now, and why not."""
    return await LIFECYCLE.choices(session, contract, actor)


async def transition(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Contract:
    """Move a contract by an event, with everything that event means elsewhere."""
    if event in ("settle", "terminate"):
        act = payments.settle if event == "settle" else payments.terminate
        return await act(session, actor, contract, note, data_as(Settlement, data))
    acts = {
        "sign": signing.sign,
        "conclude": signing.sign,
        "reopen": signing.reopen,
        "start": delivery.start,
        "suspend": delivery.suspend,
        "resume": delivery.resume,
        "resume_before_start": delivery.resume,
        "close_out": delivery.close_out,
        "close": payments.close,
    }
    if event in acts:
        return await acts[event](session, actor, contract, note)
    await move(session, LIFECYCLE, contract, event, actor, note, data=data)
    return contract


# --- what evaluations tell ------------------------------------------------------------------------------------------


async def open_file_to(session: AsyncSession, actor: Actor, contract_id: UUID, party_id: UUID) -> None:
    """The assigned evaluator may read the contract's file from now on."""
    contract = await held(session, contract_id)
    if party_id not in contract.reader_ids:
        contract.reader_ids = [*contract.reader_ids, party_id]
        await session.flush()
        await _record(session, actor, contract, "file_opened", party_id=str(party_id))


async def mark_midterm(session: AsyncSession, actor: Actor, contract_id: UUID, passed: bool) -> Contract:
    """A confirmed mid-term: the next tranche is free, or payment stops until the faults are mended."""
    contract = await held(session, contract_id)
    if passed:
        contract.midterm_passed_at = contract.midterm_passed_at or clock.now()
        contract.payment_stopped = contract.rectify_due_on = None
    else:
        await _stop(session, contract, "中期评估不合格 / the mid-term was not passed")
    await session.flush()
    event = "midterm_passed" if passed else "midterm_failed"
    await _record(session, actor, contract, event, rectify_due_on=_day(contract))
    return contract


async def mark_final_evaluation(
    session: AsyncSession, actor: Actor, contract_id: UUID, note: str | None = None
) -> Contract:
    """The close-out file is in."""
    return await delivery.close_out(session, actor, await held(session, contract_id), note)


async def mark_accepted(
    session: AsyncSession, actor: Actor, contract_id: UUID, note: str | None = None
) -> Contract:
    """The confirmed final evaluation was passed: the last tranche is free, and the supplier's place with it."""
    return await _mark_final(session, actor, contract_id, "accept", note)


async def mark_failed(
    session: AsyncSession, actor: Actor, contract_id: UUID, note: str | None = None
) -> Contract:
    """The confirmed final evaluation was not passed: only accepted output is settled."""
    return await _mark_final(session, actor, contract_id, "fail", note)


async def _mark_final(
    session: AsyncSession, actor: Actor, contract_id: UUID, event: str, note: str | None
) -> Contract:
    contract = await held(session, contract_id)
    values = {"final_passed_at": clock.now()} if event == "accept" else {}
    await move(session, LIFECYCLE, contract, event, actor, note, owned=True, values=values)
    mark = projects.mark_accepted if event == "accept" else projects.mark_failed
    await mark(session, actor, contract.project_id, note)
    await organizations.release(session, actor, contract.award_id, reason=event)
    return contract


async def by_id(session: AsyncSession, contract_id: UUID) -> Contract:
    """One contract, for a domain that has asked who may see it. Raises `NotFound`."""
    contract = await repository.by_id(session, contract_id)
    if contract is None:
        raise NotFound()
    return contract


async def held(session: AsyncSession, contract_id: UUID) -> Contract:
    """One contract with its project, its award and itself locked, in that order. Raises `NotFound`."""
    found = lifecycle.held(session, Contract, contract_id) or await repository.locked(session, contract_id)
    if found is None:
        raise NotFound()
    return found


async def buyer_of(session: AsyncSession, project_id: UUID) -> tuple[UUID, str]:
    """The buyer of a project, and where its office belongs."""
    return await repository.buyer_of(session, project_id)


def speaks_for_buyer(actor: Actor, buyer_path: str) -> bool:
    """Whether the actor holds the office of a buyer that belongs to this area."""
    return actor.holds(permissions.buyer_role(buyer_path), area=buyer_path)


async def state_of(session: AsyncSession, contract_id: UUID) -> str:
    return await repository.state_of(session, contract_id)


async def sides(session: AsyncSession, contract_id: UUID) -> list[Party]:
    """Every party to a contract, and whoever funds its project."""
    contract = await by_id(session, contract_id)
    named = (
        contract.buyer_id,
        contract.procuring_entity_id,
        contract.supplier_id,
        contract.supervising_authority_id,
    )
    funders = await repository.funders(session, contract.project_id)
    ids = [party_id for party_id in (*named, *funders) if party_id is not None]
    found = list((await repository.parties(session, ids)).values())
    keep(session, *found)
    return found


async def persons_served(session: AsyncSession, contract_id: UUID) -> int:
    """How many people the log counts, each once."""
    return (await repository.log_totals(session, contract_id)).persons


# --- time and tasks -------------------------------------------------------------------------------------------------


async def tick(session: AsyncSession) -> int:
    """Stop the payment of contracts whose mid-term day has passed without a result."""
    late = await repository.late_for_midterm(session, clock.today())
    for contract in late:
        await _stop(session, contract, "中期评估逾期 / the mid-term is overdue")
        await session.flush()
        await _record(session, machine("clock"), contract, "payment_stopped", rectify_due_on=_day(contract))
    return len(late)


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """What waits for this actor: signatures, payments, the start, the close-out, the settlement."""
    found = []
    contracts = await repository.waiting(session, actor)
    plans: dict[UUID, list[Tranche]] = {}
    for tranche in await repository.tranches(session, [contract.id for contract in contracts]):
        plans.setdefault(tranche.contract_id, []).append(tranche)
    dutiful = [contract for contract in contracts if contract.renewal_duties]
    held = await repository.qualifications_of(session, [contract.supplier_id for contract in dutiful])
    for contract in contracts:
        waiting = _waiting(actor, contract, plans.get(contract.id, []))
        for kind, zh, en, due in (*waiting, *_renewals(actor, contract, held.get(contract.supplier_id, []))):
            found.append(
                Task(
                    kind,
                    "contract",
                    contract.id,
                    contract.number,
                    contract.title,
                    zh,
                    en,
                    f"/api/v1/contracts/{contract.number}",
                    due,
                )
            )
    return found


def _waiting(
    actor: Actor, contract: Contract, plan: Sequence[Tranche]
) -> list[tuple[str, str, str, datetime | None]]:
    state = contract.state
    buyer, supplier = permissions.is_buyer(actor, contract), permissions.is_supplier(actor, contract)
    found: list[tuple[str, str, str, datetime | None]] = []
    if state in (ContractState.DRAFT, ContractState.PARTLY_SIGNED):
        if permissions.sides_of(actor, contract) & set(permissions.missing_sides(contract)):
            found.append(("sign_contract", "签署合同", "sign the contract", _end(contract.sign_by)))
    elif buyer and any(not payment_rules.payable(contract, tranche) for tranche in plan):
        found.append(("pay_tranche", "支付已到条件的款项", "pay the tranche that is due", None))
    if buyer and state == ContractState.ACTIVE and clock.today() >= contract.starts_on:
        found.append(("start_delivery", "开始实施", "start delivery", _end(contract.starts_on)))
    if supplier and contract.payment_stopped and contract.rectify_due_on:
        found.append(("rectify", "限期整改", "mend what was found", _end(contract.rectify_due_on)))
    if supplier and state == ContractState.IN_DELIVERY and clock.today() >= contract.ends_on:
        found.append(("close_out", "提交结项材料", "submit the close-out file", _end(contract.ends_on)))
    if buyer and state in (ContractState.ACCEPTED, ContractState.FAILED):
        found.append(("settle_contract", "办理结算", "settle the contract", None))
    if permissions.is_bureau(actor, contract) and state == ContractState.SETTLED:
        found.append(("close_contract", "结项归档", "close the contract", None))
    return found


def _renewals(
    actor: Actor, contract: Contract, held: Sequence[Mapping[str, Any]]
) -> list[tuple[str, str, str, datetime | None]]:
    """Qualifications that whoever has the duty must renew within the month; the buyer is told of those that are late."""
    found: list[tuple[str, str, str, datetime | None]] = []
    if contract.state not in delivery.STANDING:
        return found
    for duty in rules.duties_to_renew(contract.renewal_duties, held, contract.ends_on):
        due, name = date.fromisoformat(duty["due_on"]), duty["qualification"]
        if duty["duty_of"] in permissions.sides_of(actor, contract) and clock.today() >= due - MONTH:
            found.append(("renew_qualification", f"续期“{name}”", f"renew '{name}'", _end(due)))
        elif permissions.is_buyer(actor, contract) and clock.today() > due:
            found.append(("renewal_overdue", f"“{name}”逾期未续", f"'{name}' was not renewed", _end(due)))
    return found


def _end(day: Any) -> datetime:
    return datetime.combine(day, time(23, 59, 59), clock.CHINA)


async def _stop(session: AsyncSession, contract: Contract, reason: str) -> None:
    settings = await editions.settings_of(session, contract.edition_code)
    contract.payment_stopped = reason
    contract.rectify_due_on = clock.today() + timedelta(days=settings.rectify_days)


def _day(contract: Contract) -> str | None:
    return contract.rectify_due_on.isoformat() if contract.rectify_due_on else None


async def _record(session: AsyncSession, actor: Actor, contract: Contract, event: str, **change: Any) -> None:
    await journal.record(
        session,
        actor,
        journal.Event(
            "contract", contract.id, event, audience(contract), number=contract.number, change=change
        ),
    )


def _tranche(tranche: Tranche) -> TrancheView:
    shown = {name: getattr(tranche, name) for name in ("seq", "amount_fen", "trigger", "due_on", "paid_at")}
    shown["percent"] = Decimal(tranche.share * 100) / WHOLE
    return TrancheView.model_validate(shown, context=FEN)
