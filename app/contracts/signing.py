"""Signing: side by side, until the last signature makes the contract stand, or nobody signs and the paper is void."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import permissions, repository
from app.contracts.lifecycle import LIFECYCLE
from app.contracts.models import Contract, Signature
from app.funding import service as funding
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import NotYou
from app.kernel.lifecycle import lock, move
from app.negotiations import service as negotiations
from app.organizations import service as organizations
from app.projects import service as projects


async def sign(session: AsyncSession, actor: Actor, contract: Contract, note: str | None = None) -> Contract:
    """Sign for the actor's side; the last signature makes the contract active, in the same transaction as everything it means.

    Project, award, contract and supplier are locked in that order, and the gates are judged under the locks: a listing entered
    meanwhile waits, or is seen. Raises
    `NotYou`, `NotNow` with every reason (award gone, days over, a gate broken, amount above the award).
    """
    await projects.locked(session, contract.project_id)
    await negotiations.awarded(session, contract.award_id)
    await lock(session, contract)
    event = "conclude" if permissions.may_sign_last(actor, contract) else "sign"
    missing = permissions.missing_sides(contract)
    sides = [side for side in missing if side in permissions.sides_of(actor, contract)]
    if missing and not sides:
        raise NotYou()
    await repository.hold_supplier(session, contract.supplier_id)
    signer = [actor.account_id] if actor.account_id else []
    values: dict[str, Any] = {
        "signed_sides": [*contract.signed_sides, *sides[:1]],
        "signer_ids": [*contract.signer_ids, *signer],
    }
    if event == "conclude":
        values |= {"signed_at": clock.now(), "signed_amount_fen": contract.amount_fen}
    change = {"side": sides[0] if sides else None, "terms_sha256": contract.terms_sha256}
    line = await move(session, LIFECYCLE, contract, event, actor, note, values=values, change=change)
    session.add(
        Signature(
            contract_id=contract.id,
            side=sides[0],
            signed_by=actor.account_id,
            signer=actor.label,
            terms_sha256=contract.terms_sha256,
        )
    )
    if line.event == "conclude":
        await _bind(session, actor, contract)
    await session.flush()
    return contract


async def _bind(session: AsyncSession, actor: Actor, contract: Contract) -> None:
    await projects.mark_contracted(session, actor, contract.project_id)
    await negotiations.mark_award_contracted(session, actor, contract.award_id)
    await funding.post(
        session,
        actor,
        "contracted",
        project_id=contract.project_id,
        contract_id=contract.id,
        amount_fen=contract.amount_fen,
        reference=contract.number,
        area_path=contract.area_path,
    )
    await organizations.activate(session, actor, contract.award_id, contract_id=contract.id)


async def reopen(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """Take the paper back to the draft: signatures given so far no longer count."""
    given = {"signed": contract.signed_sides}
    values: dict[str, Any] = {"signed_sides": [], "signer_ids": []}
    await move(session, LIFECYCLE, contract, "reopen", actor, note, values=values, change=given)
    await repository.drop_signatures(session, contract.id)
    return contract
