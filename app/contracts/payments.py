"""Money that moves: a tranche once and after its trigger, refunds, and the settlement that squares the account."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import payment_rules, permissions, repository
from app.contracts.lifecycle import LIFECYCLE, audience
from app.contracts.models import Contract, ContractState, Payment, PaymentKind
from app.contracts.schemas import PaymentDraft, PaymentView, RefundDraft, Settlement
from app.funding import service as funding
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotYou, Problem, raise_all
from app.kernel.lifecycle import lock, move
from app.kernel.money import FEN, yuan
from app.organizations import service as organizations
from app.projects import service as projects

NO_REFUND_NOW = Problem(
    "refund_not_in_this_state",
    "合同当前状态不能登记退款。",
    "No refund can be entered in the contract's present state.",
)


async def pay(session: AsyncSession, actor: Actor, contract: Contract, draft: PaymentDraft) -> Payment:
    """Pay one tranche whole. Raises `NotYou` (the buyer pays), `NotNow` with every reason why it may not be paid."""
    if not permissions.is_buyer(actor, contract):
        raise NotYou()
    await projects.locked(session, contract.project_id)
    await lock(session, contract)
    tranches = await repository.tranches(session, [contract.id])
    tranche = next((t for t in tranches if t.seq == draft.tranche_seq), None)
    raise_all(payment_rules.payable(contract, tranche))
    assert tranche is not None
    tranche.paid_at = clock.now()
    contract.paid_fen += tranche.amount_fen
    payment = Payment(
        tranche_id=tranche.id, kind=PaymentKind.TRANCHE, amount_fen=tranche.amount_fen, voucher=draft.voucher
    )
    await _book(session, actor, contract, payment, draft.paid_on, tranche_seq=tranche.seq)
    return payment


async def refund(session: AsyncSession, actor: Actor, contract: Contract, draft: RefundDraft) -> Payment:
    """Enter money that came back. Raises `NotYou`, `NotNow`."""
    if not permissions.is_buyer(actor, contract):
        raise NotYou()
    await projects.locked(session, contract.project_id)
    await lock(session, contract)
    standing = contract.state in (*payment_rules.PAYING_STATES, ContractState.SUSPENDED, ContractState.FAILED)
    raise_all([*([] if standing else [NO_REFUND_NOW]), *payment_rules.refundable(contract, draft.amount_fen)])
    contract.refunded_fen += draft.amount_fen
    payment = Payment(
        kind=PaymentKind.REFUND, amount_fen=draft.amount_fen, voucher=draft.voucher, reason=draft.reason
    )
    await _book(session, actor, contract, payment, draft.paid_on)
    return payment


async def settle(
    session: AsyncSession, actor: Actor, contract: Contract, note: str | None, terms: Settlement
) -> Contract:
    """Square the account after the final evaluation: all is paid, or what the accepted output is worth."""
    await _end(session, actor, contract, "settle", note, terms)
    await projects.mark_settled(session, actor, contract.project_id, note)
    return contract


async def terminate(
    session: AsyncSession, actor: Actor, contract: Contract, note: str | None, terms: Settlement
) -> Contract:
    """End early: pay or take back the difference to what the accepted output is worth, and free the supplier's place."""
    await _end(session, actor, contract, "terminate", note, terms)
    await projects.mark_terminated(session, actor, contract.project_id, note)
    await organizations.release(session, actor, contract.award_id, reason=note or "terminated")
    return contract


async def close(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """The last line: nothing of this contract changes any more."""
    await projects.locked(session, contract.project_id)
    await move(session, LIFECYCLE, contract, "close", actor, note)
    await projects.mark_closed(session, actor, contract.project_id, note)
    return contract


async def views(session: AsyncSession, actor: Actor, contract: Contract) -> list[PaymentView]:
    """Everything paid and refunded, in order."""
    permissions.require_file(actor, contract)
    rows = await repository.payments(session, contract.id)
    return [view(payment, seq) for payment, seq in rows]


def view(payment: Payment, seq: int | None = None) -> PaymentView:
    """A payment as shown; `seq` is the number of its tranche."""
    names = ("id", "contract_id", "kind", "amount_fen", "voucher", "reason", "paid_on")
    shown = {name: getattr(payment, name) for name in names} | {"tranche_seq": seq}
    return PaymentView.model_validate(shown, context=FEN)


async def _end(
    session: AsyncSession, actor: Actor, contract: Contract, event: str, note: str | None, terms: Settlement
) -> None:
    """Move the contract and square its account in one; `payment_rules.account_squares` judges value and voucher first."""
    await projects.locked(session, contract.project_id)
    await lock(session, contract)
    net = contract.paid_fen - contract.refunded_fen
    value = payment_rules.settlement_value(contract, terms.settlement_fen)
    values = {
        "settled_fen": value,
        "paid_fen": contract.paid_fen + max(0, value - net),
        "refunded_fen": contract.refunded_fen + max(0, net - value),
    }
    data = {"settlement_fen": terms.settlement_fen, "voucher": terms.voucher}
    change = {"settlement_yuan": yuan(value)}
    await move(session, LIFECYCLE, contract, event, actor, note, data=data, values=values, change=change)
    if value != net:
        kind = PaymentKind.SETTLEMENT if value > net else PaymentKind.REFUND
        payment = Payment(kind=kind, amount_fen=abs(value - net), voucher=terms.voucher, reason=event)
        await _book(session, actor, contract, payment, None)


async def _book(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    payment: Payment,
    paid_on: date | None,
    **named: Any,
) -> None:
    """Write money that moved into the contract's payments, the ledger and the journal."""
    payment.contract_id, payment.ordered_by = contract.id, actor.account_id
    payment.paid_on = paid_on or clock.today()
    measure = "refunded" if payment.kind == PaymentKind.REFUND else "paid"
    session.add(payment)
    await session.flush()
    change = {"amount_yuan": yuan(payment.amount_fen), "kind": str(payment.kind), **named}
    told = journal.Event(
        "contract", contract.id, measure, audience(contract), number=contract.number, change=change
    )
    await funding.post(
        session,
        actor,
        measure,
        project_id=contract.project_id,
        contract_id=contract.id,
        amount_fen=payment.amount_fen,
        reference=payment.voucher,
        area_path=contract.area_path,
    )
    await journal.record(session, actor, told)
