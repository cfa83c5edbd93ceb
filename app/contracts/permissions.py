"""Who may do what with a contract, and who sees it."""

from sqlalchemy import ColumnElement, or_, true

from app.areas.permissions import within
from app.contracts.models import Contract, ContractState, SigningSide
from app.identity.roles import BUREAUS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.kernel.errors import NotYou

UNSIGNED = (ContractState.DRAFT, ContractState.PARTLY_SIGNED, ContractState.VOID)
"""Papers that bind nobody: the public does not see them."""


def buyer_role(buyer_path: str) -> Role:
    """The role that speaks for a buyer, by its level: '3201' is the city, '3201/320106' a district, deeper a street."""
    return {0: Role.CITY_BUREAU, 1: Role.DISTRICT_BUREAU}.get(buyer_path.count("/"), Role.STREET)


def supervisor_role(buyer_path: str) -> Role:
    """The bureau that watches over a contract is never the buyer itself."""
    return Role.CITY_BUREAU if buyer_role(buyer_path) == Role.DISTRICT_BUREAU else Role.DISTRICT_BUREAU


def is_buyer(actor: Actor, contract: Contract) -> bool:
    return actor.holds(buyer_role(contract.buyer_path), area=contract.buyer_path)


def is_supplier(actor: Actor, contract: Contract) -> bool:
    return actor.holds(*SUPPLIERS, party=contract.supplier_id)


def is_procuring_entity(actor: Actor, contract: Contract) -> bool:
    path = contract.procuring_path
    return path is not None and actor.holds(Role.COMMUNITY, area=path)


def is_supervisor(actor: Actor, contract: Contract) -> bool:
    return actor.holds(supervisor_role(contract.buyer_path), area=contract.area_path)


def sides_of(actor: Actor, contract: Contract) -> set[SigningSide]:
    """The sides this actor may sign for."""
    speaks = {
        SigningSide.BUYER: is_buyer,
        SigningSide.SUPPLIER: is_supplier,
        SigningSide.PROCURING_ENTITY: is_procuring_entity,
        SigningSide.SUPERVISOR: is_supervisor,
    }
    return {side for side, holds in speaks.items() if holds(actor, contract)}


def missing_sides(contract: Contract) -> list[SigningSide]:
    return [SigningSide(side) for side in contract.needed_sides if side not in contract.signed_sides]


def may_sign_but_others_too(actor: Actor, contract: Contract) -> bool:
    missing = missing_sides(contract)
    return len(missing) > 1 and bool(sides_of(actor, contract) & set(missing))


def may_sign_last(actor: Actor, contract: Contract) -> bool:
    missing = missing_sides(contract)
    return len(missing) == 1 and missing[0] in sides_of(actor, contract)


def is_main_side(actor: Actor, contract: Contract) -> bool:
    return is_buyer(actor, contract) or is_supplier(actor, contract)


def is_bureau(actor: Actor, contract: Contract) -> bool:
    return actor.holds(*BUREAUS, area=contract.area_path)


def may_end_early(actor: Actor, contract: Contract) -> bool:
    return is_buyer(actor, contract) or is_bureau(actor, contract)


def may_judge_delivery(actor: Actor, contract: Contract) -> bool:
    """The buyer, or the community that manages delivery for it; never the supplier."""
    return is_buyer(actor, contract) or is_procuring_entity(actor, contract)


def may_report_delivery(actor: Actor, contract: Contract) -> bool:
    return is_supplier(actor, contract) or actor.holds(Role.SOCIAL_WORKER, party=contract.supplier_id)


def may_attach(actor: Actor, contract: Contract) -> bool:
    return bool(sides_of(actor, contract)) or bool(actor.party_ids & set(contract.reader_ids))


def may_see_file(actor: Actor, contract: Contract) -> bool:
    """Payments, documents, amendments and the service log: the sides, officials of the place, the assigned evaluator."""
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or bool(sides_of(actor, contract))
        or actor.holds(*OFFICIALS, area=contract.area_path)
        or actor.holds(Role.SOCIAL_WORKER, party=contract.supplier_id)
        or bool(actor.party_ids & set(contract.reader_ids))
    )


def require_file(actor: Actor, contract: Contract) -> None:
    """Raises `NotYou`: the contract is visible, what lies in its file is not."""
    if not may_see_file(actor, contract):
        raise NotYou()


def own(actor: Actor) -> ColumnElement[bool]:
    """Contracts of the actor's own party or area, in whatever state."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [within(Contract.area_path, actor, *OFFICIALS), within(Contract.buyer_path, actor, *OFFICIALS)]
    parties = list(actor.party_ids)
    if parties:
        seen += [Contract.supplier_id.in_(parties), Contract.reader_ids.overlap(parties)]
    return or_(*seen)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Signed contracts are public; drafts are seen by their sides and the officials of the place."""
    return or_(Contract.state.not_in(UNSIGNED), own(actor))
