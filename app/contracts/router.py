"""Contracts over HTTP: the paper and its moves, money, amendments."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import amending, drafting, payments, repository, service
from app.contracts.delivery_router import router as delivery
from app.contracts.models import Contract, ContractState
from app.contracts.schemas import (
    AmendmentDraft,
    ContractAmendmentView,
    ContractChange,
    ContractDraft,
    ContractView,
    PaymentDraft,
    PaymentView,
    RefundDraft,
)
from app.identity.authentication import Anyone, SignedIn
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["contracts"], route_class=UnitOfWork)


@router.get("/contracts", operation_id="list_contracts")
async def contracts(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    state: Annotated[list[ContractState] | None, Query()] = None,
    edition: str | None = None,
    project_id: UUID | None = None,
    supplier_id: UUID | None = None,
    buyer_id: UUID | None = None,
    category: str | None = None,
    area: Annotated[str | None, Query(description="Area path: the subtree")] = None,
    signed_from: date | None = None,
    q: str | None = None,
) -> Page[ContractView]:
    """Contracts the caller may see: the signed ones, and drafts of its own."""
    filters = repository.filters(
        states=state,
        edition=edition,
        project_id=project_id,
        supplier_id=supplier_id,
        buyer_id=buyer_id,
        category=category,
        area=area,
        signed_from=signed_from,
        q=q,
    )
    return await listing.answer(
        session, repository.contracts(actor, filters), [Order(Contract.id, descending=True)], service.views
    )


@router.post("/contracts", status_code=201, operation_id="create_contract")
async def create(
    session: WriteSession, actor: SignedIn, response: Response, body: ContractDraft
) -> ContractView:
    """Draw up a contract from an active award."""
    return await _one(session, response, await service.create(session, actor, body))


@router.get("/contracts/{ref}", operation_id="get_contract")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> ContractView:
    """One contract with its signatures and money plan."""
    return await _one(session, response, await service.get(session, actor, ref))


@router.patch("/contracts/{ref}", operation_id="change_contract")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: ContractChange,
    match: Conditional,
) -> ContractView:
    """Change the terms while nobody has signed."""
    contract = await service.get(session, actor, ref)
    match.require(contract.version)
    return await _one(session, response, await drafting.change(session, actor, contract, body))


@router.get("/contracts/{ref}/transitions", operation_id="list_contract_transitions")
async def possible(session: ReadSession, actor: Anyone, ref: str) -> Possibilities:
    """What the caller may do with the contract now, and what stands in the way."""
    contract = await service.get(session, actor, ref)
    links = {"evaluations": f"/api/v1/evaluations?contract_id={contract.id}"}
    return possibilities(contract.state, await service.choices(session, actor, contract), links)


@router.post("/contracts/{ref}/transitions", operation_id="move_contract")
async def transition(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: Transition, match: Conditional
) -> ContractView:
    """Sign, start, suspend, resume, close out, settle, terminate, close."""
    contract = await service.get(session, actor, ref, to_move=True)
    match.allow(contract.version)
    await service.transition(session, actor, contract, body.event, body.note, body.data)
    return await _one(session, response, contract)


@router.get("/contracts/{ref}/history", operation_id="get_contract_history")
async def contract_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """Everything the caller may know of what happened to the contract."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


@router.get("/contracts/{ref}/payments", operation_id="list_payments")
async def list_payments(session: ReadSession, actor: SignedIn, ref: str) -> list[PaymentView]:
    """Payments and refunds, oldest first."""
    return await payments.views(session, actor, await service.get(session, actor, ref))


@router.post("/contracts/{ref}/payments", status_code=201, operation_id="pay_tranche")
async def pay(session: WriteSession, actor: SignedIn, ref: str, body: PaymentDraft) -> PaymentView:
    """Pay one tranche whole."""
    payment = await payments.pay(session, actor, await service.get(session, actor, ref, to_move=True), body)
    return payments.view(payment, body.tranche_seq)


@router.post("/contracts/{ref}/refunds", status_code=201, operation_id="enter_refund")
async def refund(session: WriteSession, actor: SignedIn, ref: str, body: RefundDraft) -> PaymentView:
    """Enter money that came back."""
    payment = await payments.refund(
        session, actor, await service.get(session, actor, ref, to_move=True), body
    )
    return payments.view(payment)


@router.get("/contracts/{ref}/amendments", operation_id="list_amendments")
async def list_amendments(session: ReadSession, actor: SignedIn, ref: str) -> list[ContractAmendmentView]:
    """What was changed, or asked to be changed, after signing."""
    return await amending.all_of(session, actor, await service.get(session, actor, ref))


@router.post("/contracts/{ref}/amendments", status_code=201, operation_id="propose_amendment")
async def propose_amendment(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: AmendmentDraft
) -> ContractAmendmentView:
    """Ask for a change of the signed contract."""
    contract = await service.get(session, actor, ref, to_move=True)
    amendment = await amending.propose(session, actor, contract, body)
    tag(response, amendment.version)
    return (await amending.views(session, [amendment]))[0]


@router.get("/contracts/{ref}/amendments/{seq}/transitions", operation_id="list_amendment_transitions")
async def possible_for_amendment(session: ReadSession, actor: SignedIn, ref: str, seq: int) -> Possibilities:
    """What the caller may do with the amendment now."""
    contract = await service.get(session, actor, ref)
    amendment = await amending.get(session, actor, contract, seq)
    return possibilities(amendment.state, await amending.AMENDMENTS.choices(session, amendment, actor))


@router.post("/contracts/{ref}/amendments/{seq}/transitions", operation_id="move_amendment")
async def move_amendment(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    seq: int,
    body: Transition,
    match: Conditional,
) -> ContractAmendmentView:
    """Agree, refuse or withdraw."""
    contract = await service.get(session, actor, ref, to_move=True)
    amendment = await amending.get(session, actor, contract, seq)
    match.allow(amendment.version)
    await amending.transition(session, actor, contract, amendment, body.event, body.note)
    tag(response, amendment.version)
    return (await amending.views(session, [amendment]))[0]


async def _one(session: AsyncSession, response: Response, contract: Contract) -> ContractView:
    tag(response, contract.version)
    return (await service.views(session, [contract]))[0]


router.include_router(delivery)
