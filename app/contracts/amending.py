"""Amendments: what of a signed contract changed, from what, to what, why, and who agreed."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import payment_rules, permissions, repository, rules
from app.contracts.lifecycle import AMENDMENTS, amendment_audience
from app.contracts.models import Amendment, Contract, ContractState, SigningSide
from app.contracts.schemas import AmendmentDraft, ContractAmendmentView
from app.editions import service as editions
from app.funding import service as funding
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import lock, move
from app.kernel.money import fen_of, yuan
from app.projects import service as projects

MATERIAL = frozenset({"amount_yuan", "ends_on", "scope", "outputs", "renewal_duties"})
"""What both sides have to agree to; anything else is told by the buyer with its reason."""
STATES = (ContractState.ACTIVE, ContractState.IN_DELIVERY)
_TAKEN = ("amount_fen", "ends_on", "scope", "outputs", "penalty", "midterm_due_on", "renewal_duties")


async def propose(
    session: AsyncSession, actor: Actor, contract: Contract, draft: AmendmentDraft
) -> Amendment:
    """Ask for a change; one that is not material is in force at once when the buyer makes it.

    Raises `NotYou` (only buyer and supplier), `NotNow` (not in this state, another one waits), `Malformed` (nothing changes, or
    a term that may not stand).
    """
    side = _main_side(actor, contract)
    project = await projects.locked(session, contract.project_id)
    await lock(session, contract)
    earlier = await repository.amendments(session, contract.id)
    raise_all(_open_for_change(contract, earlier))
    changes = _changes(contract, draft)
    settings = await editions.settings_of(session, contract.edition_code)
    longest = settings.term_months_max_secured if project.multi_year_proof else settings.term_months_max
    raise_all(_may_stand(contract, changes, project.budget_fen, longest), Malformed)
    raise_all(await _stays_qualified(session, contract, changes), Malformed)
    amendment = Amendment(
        contract_id=contract.id,
        seq=len(earlier) + 1,
        number=f"{contract.number}-BG{len(earlier) + 1}",
        area_path=contract.area_path,
        buyer_path=contract.buyer_path,
        supplier_id=contract.supplier_id,
        changes=changes,
        reason=draft.reason,
        material=bool(MATERIAL & changes.keys()),
        proposed_by=side,
        state=AMENDMENTS.initial,
    )
    session.add(amendment)
    await session.flush()
    await journal.record(
        session,
        actor,
        journal.Event(
            "amendment",
            amendment.id,
            "proposed",
            amendment_audience(amendment),
            number=amendment.number,
            note=draft.reason,
            change=changes,
        ),
    )
    if not amendment.material and side == SigningSide.BUYER:
        await move(session, AMENDMENTS, amendment, "note", machine("contracts"))
        await _apply(session, actor, contract, amendment)
    return amendment


async def transition(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    amendment: Amendment,
    event: str,
    note: str | None,
) -> Amendment:
    """Agree, refuse or withdraw; agreeing writes the change into the contract in the same transaction."""
    project = await projects.locked(session, contract.project_id)
    await lock(session, contract)
    if event == "agree":
        raise_all(_open_for_change(contract, ()))
        raise_all(_may_stand(contract, amendment.changes, project.budget_fen, rules.MOST_MONTHS))
        raise_all(await _stays_qualified(session, contract, amendment.changes))
    await move(session, AMENDMENTS, amendment, event, actor, note)
    if event == "agree":
        await _apply(session, actor, contract, amendment)
    return amendment


async def get(session: AsyncSession, actor: Actor, contract: Contract, seq: int) -> Amendment:
    permissions.require_file(actor, contract)
    found = await repository.amendment(session, contract.id, seq)
    if found is None:
        raise NotFound()
    return found


async def views(session: AsyncSession, amendments: Sequence[Amendment]) -> list[ContractAmendmentView]:
    return [ContractAmendmentView.model_validate(amendment) for amendment in amendments]


async def all_of(session: AsyncSession, actor: Actor, contract: Contract) -> list[ContractAmendmentView]:
    permissions.require_file(actor, contract)
    return await views(session, await repository.amendments(session, contract.id))


def _main_side(actor: Actor, contract: Contract) -> SigningSide:
    if permissions.is_buyer(actor, contract):
        return SigningSide.BUYER
    if permissions.is_supplier(actor, contract):
        return SigningSide.SUPPLIER
    raise NotYou()


def _open_for_change(contract: Contract, earlier: Iterable[Amendment]) -> Iterable[Problem]:
    if contract.state not in STATES:
        yield Problem(
            "amendment_not_in_this_state",
            "只有已生效或实施中的合同可以变更。",
            "Only a contract that is active or in delivery can be amended.",
            values={"state": contract.state},
        )
    if any(amendment.state == "proposed" for amendment in earlier):
        yield Problem(
            "amendment_open", "已有变更待对方确认。", "Another amendment still waits for an answer."
        )


def _changes(contract: Contract, draft: AmendmentDraft) -> dict[str, Any]:
    """Field → [old, new], as people read them."""
    changes: dict[str, Any] = {}
    for name in _TAKEN:
        if name not in draft.model_fields_set:
            continue
        old, new = getattr(contract, name), getattr(draft, name)
        if name in ("outputs", "renewal_duties"):
            new = [item.model_dump(mode="json") for item in new or ()]
        if old == new or (new is None and name != "penalty"):
            continue
        shown = "amount_yuan" if name == "amount_fen" else name
        changes[shown] = [_plain(name, old), _plain(name, new)]
    if not changes:
        raise Malformed(Problem("nothing_changes", "没有任何改变。", "Nothing would change."))
    return changes


def _plain(name: str, value: Any) -> Any:
    if name == "amount_fen":
        return yuan(value)
    return value.isoformat() if isinstance(value, date) else value


def _may_stand(
    contract: Contract, changes: dict[str, Any], budget_fen: int | None, longest_months: int
) -> Iterable[Problem]:
    amount = fen_of(changes["amount_yuan"][1]) if "amount_yuan" in changes else contract.amount_fen
    ends_on = date.fromisoformat(changes["ends_on"][1]) if "ends_on" in changes else contract.ends_on
    yield from rules.terms_hold(
        amount_fen=amount,
        award_fen=contract.award_fen,
        budget_fen=budget_fen,
        starts_on=contract.starts_on,
        ends_on=ends_on,
        longest_months=longest_months,
    )
    if amount < contract.paid_fen:
        yield Problem(
            "amount_below_paid",
            f"变更后金额不得低于已付 {yuan(contract.paid_fen)} 元。",
            f"The amount may not fall below what is paid ({yuan(contract.paid_fen)}).",
            "/amount_yuan",
        )


async def _stays_qualified(
    session: AsyncSession, contract: Contract, changes: dict[str, Any]
) -> list[Problem]:
    """A later end, or another duty to renew, still leaves the supplier qualified to the end."""
    if not {"ends_on", "renewal_duties"} & changes.keys():
        return []
    ends_on = date.fromisoformat(changes["ends_on"][1]) if "ends_on" in changes else contract.ends_on
    duties = changes["renewal_duties"][1] if "renewal_duties" in changes else contract.renewal_duties
    qualified = await repository.qualified(session, contract.project_id, contract.supplier_id)
    return rules.qualifications_last(qualified, duties, ends_on)


async def _apply(session: AsyncSession, actor: Actor, contract: Contract, amendment: Amendment) -> None:
    changes = amendment.changes
    amendment.in_force_at = clock.now()
    if "amount_yuan" in changes:
        await _change_amount(session, actor, contract, fen_of(changes["amount_yuan"][1]), amendment.number)
    for name in ("ends_on", "midterm_due_on"):
        if name in changes:
            setattr(contract, name, date.fromisoformat(changes[name][1]))
    for name in ("scope", "outputs", "penalty", "renewal_duties"):
        if name in changes:
            setattr(contract, name, changes[name][1])
    await session.flush()


async def _change_amount(
    session: AsyncSession, actor: Actor, contract: Contract, amount_fen: int, reference: str
) -> None:
    tranches = await repository.tranches(session, [contract.id])
    try:
        amounts = payment_rules.respread(amount_fen, tranches)
    except ValueError:
        raise NotNow(
            Problem(
                "no_unpaid_tranche",
                "所有款项均已支付，金额不能再变更。",
                "Every tranche is paid; the amount can no longer change.",
            )
        ) from None
    for tranche, amount in zip(tranches, amounts, strict=True):
        tranche.amount_fen = amount
    difference, contract.amount_fen = amount_fen - contract.amount_fen, amount_fen
    await session.flush()
    await funding.post(
        session,
        actor,
        "contracted",
        project_id=contract.project_id,
        contract_id=contract.id,
        amount_fen=difference,
        reference=reference,
        area_path=contract.area_path,
    )
