"""Rules of money: how a contract's amount is cut into tranches, when one may be paid, how an account is squared. Pure."""

from collections.abc import Iterable, Sequence

from app.catalogue.codes import TrancheTrigger
from app.contracts.models import WHOLE, Contract, ContractState, Tranche
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan

PAYING_STATES = (
    ContractState.ACTIVE,
    ContractState.IN_DELIVERY,
    ContractState.FINAL_EVALUATION,
    ContractState.ACCEPTED,
)


def default_plan(percents: Sequence[int]) -> list[tuple[int, TrancheTrigger]]:
    """Shares of an edition (50, 30, 20) with what sets each free: signing, the mid-term, and last the final evaluation."""
    last = len(percents) - 1
    return [
        (
            percent * WHOLE // 100,
            TrancheTrigger.FINAL_PASSED
            if i == last
            else TrancheTrigger.MIDTERM_PASSED
            if i
            else TrancheTrigger.SIGNED,
        )
        for i, percent in enumerate(percents)
    ]


def split(amount_fen: int, shares: Sequence[int]) -> list[int]:
    """The amount in parts proportional to `shares`, exact to the fen: the last part takes what rounding leaves.

    Raises ValueError when the shares do not add up to `WHOLE`.
    """
    if sum(shares) != WHOLE:
        raise ValueError("shares must add up to the whole")
    parts = [amount_fen * share // WHOLE for share in shares]
    parts[-1] += amount_fen - sum(parts)
    return parts


def respread(amount_fen: int, tranches: Sequence[Tranche]) -> list[int]:
    """The amounts of the tranches after the contract's amount changed: what is paid stays, the rest is shared anew.

    Raises ValueError when nothing is left to carry the change.
    """
    paid = sum(t.amount_fen for t in tranches if t.paid_at is not None)
    rest, weight = amount_fen - paid, sum(t.share for t in tranches if t.paid_at is None)
    if rest < 0 or (rest > 0 and weight == 0):
        raise ValueError("no unpaid tranche can carry the change")
    amounts = [t.amount_fen if t.paid_at is not None else rest * t.share // weight for t in tranches]
    for i in reversed(range(len(tranches))):
        if tranches[i].paid_at is None:
            amounts[i] += amount_fen - sum(amounts)
            break
    return amounts


def plan_adds_up(shares: Sequence[int]) -> list[Problem]:
    """The tranches are the whole contract, neither more nor less."""
    total = sum(shares)
    if total == WHOLE:
        return []
    shown = f"{total / 100:g}"
    return [
        Problem(
            "tranches_not_100_percent",
            f"付款比例合计须为 100%，现为 {shown}%。",
            f"The tranches must add up to 100 %, not {shown} %.",
            "/tranches",
            {"percent": shown},
        )
    ]


def payable(contract: Contract, tranche: Tranche | None) -> list[Problem]:
    """No tranche twice, none before its trigger, none while payment is stopped or the contract does not stand."""
    if tranche is None:
        return [
            Problem(
                "no_such_tranche",
                "合同没有这一期款项。",
                "The contract has no such tranche.",
                "/tranche_seq",
            )
        ]
    broken = []
    if tranche.paid_at is not None:
        broken.append(
            Problem("tranche_paid", "该期款项已支付。", "This tranche is paid already.", "/tranche_seq")
        )
    if contract.state not in PAYING_STATES:
        broken.append(
            Problem(
                "payment_not_in_this_state",
                "合同当前状态不能付款（未生效、已中止、已结算或已终止）。",
                "Nothing can be paid in the contract's present state.",
                values={"state": contract.state},
            )
        )
    if contract.payment_stopped is not None:
        broken.append(
            Problem(
                "payment_stopped",
                f"付款已暂停：{contract.payment_stopped}。",
                f"Payment is stopped: {contract.payment_stopped}.",
                values={"reason": contract.payment_stopped, "rectify_due_on": str(contract.rectify_due_on)},
            )
        )
    reached = {
        TrancheTrigger.SIGNED: contract.signed_at,
        TrancheTrigger.MIDTERM_PASSED: contract.midterm_passed_at,
        TrancheTrigger.FINAL_PASSED: contract.final_passed_at,
    }
    if reached[TrancheTrigger(tranche.trigger)] is None:
        broken.append(
            Problem(
                "trigger_not_reached",
                "该期款项的付款条件尚未满足。",
                "The condition of this tranche is not yet met.",
                values={"trigger": tranche.trigger},
            )
        )
    return broken


def refundable(contract: Contract, amount_fen: int) -> list[Problem]:
    """No more comes back than was paid."""
    most = contract.paid_fen - contract.refunded_fen
    if amount_fen <= most:
        return []
    return [
        Problem(
            "refund_above_paid",
            f"退款不得超过已付净额 {yuan(most)} 元。",
            f"No more than the net payment ({yuan(most)}) can be refunded.",
            "/amount_yuan",
            {"most_yuan": yuan(most)},
        )
    ]


def settlement_value(contract: Contract, wanted_fen: int | None) -> int:
    """What the accepted output is worth: the whole when accepted, else what is named, else what is paid already."""
    if wanted_fen is not None:
        return wanted_fen
    if contract.final_passed_at is not None:
        return contract.amount_fen
    return contract.paid_fen - contract.refunded_fen


def account_squares(case: Case[Contract]) -> Iterable[Problem]:
    """The value of the accepted output is within the contract, and the transfer that squares the account is named."""
    contract, wanted = case.thing, case.data.get("settlement_fen")
    if wanted is None and contract.state == ContractState.ACCEPTED:
        unpaid = [t.seq for t in case.facts.tranches if t.paid_at is None]
        if unpaid:
            yield Problem(
                "tranche_unpaid",
                f"第 {'、'.join(map(str, unpaid))} 期款项尚未支付。",
                f"Tranches not yet paid: {', '.join(map(str, unpaid))}.",
                values={"tranches": unpaid},
            )
            return
    value = settlement_value(contract, wanted)
    if value > contract.amount_fen:
        yield Problem(
            "settlement_above_contract",
            f"结算金额不得超过合同金额 {yuan(contract.amount_fen)} 元。",
            f"The settlement may not exceed the contract ({yuan(contract.amount_fen)}).",
            "/data/settlement_yuan",
        )
    difference = value - (contract.paid_fen - contract.refunded_fen)
    if difference and not case.data.get("voucher"):
        verb_zh, verb_en = ("补付", "pay") if difference > 0 else ("退回", "return")
        yield Problem(
            "settlement_transfer_missing",
            f"须{verb_zh} {yuan(abs(difference))} 元并填写凭证号（voucher）。",
            f"To square the account, {verb_en} {yuan(abs(difference))} and name the voucher.",
            "/data/voucher",
            {"difference_yuan": yuan(difference)},
        )
    if difference > 0 and contract.paid_fen + difference > contract.amount_fen:
        yield Problem(
            "paid_above_contract",
            "累计付款将超过合同金额。",
            "The payments would exceed the contract.",
            "/data/settlement_yuan",
        )


def settlement_named(case: Case[Contract]) -> Iterable[Problem]:
    """An early end says what the accepted output is worth."""
    if case.data.get("settlement_fen") is None:
        yield Problem(
            "settlement_missing",
            "提前终止须写明已验收成果的结算金额（settlement_yuan，可为 0）。",
            "An early end needs the value of the accepted output (settlement_yuan, may be 0).",
            "/data/settlement_yuan",
        )
