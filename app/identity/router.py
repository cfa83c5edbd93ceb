"""Sign in and out; accounts and their roles."""

from uuid import UUID

from fastapi import APIRouter, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import permissions, repository, service
from app.identity.authentication import Anyone, Bearer, SignedIn
from app.identity.models import Account
from app.identity.schemas import (
    AccountChange,
    AccountDraft,
    AccountView,
    GrantDraft,
    GrantView,
    Me,
    SessionView,
    SignIn,
)
from app.kernel.errors import NotYou
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.idempotency import hands_out_a_secret
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(prefix="/api/v1", tags=["identity"], route_class=UnitOfWork)


@router.post("/sessions", status_code=201, operation_id="sign_in")
@hands_out_a_secret
async def sign_in(request: Request, session: WriteSession, body: SignIn) -> SessionView:
    """Exchange a name and a password for a bearer token."""
    days = request.app.state.settings.token_days
    token, expires_at = await service.sign_in(session, body.name, body.password.get_secret_value(), days=days)
    return SessionView(token=token, expires_at=expires_at)


@router.delete("/sessions/current", status_code=204, operation_id="sign_out")
async def sign_out(session: WriteSession, actor: SignedIn, bearer: Bearer) -> None:
    """End the token that is used for this request."""
    assert bearer is not None
    await service.sign_out(session, bearer.credentials)


@router.get("/me", operation_id="get_me")
async def me(actor: Anyone) -> Me:
    """Who I am here, and which roles I hold where."""
    grants = [GrantView.model_validate(grant, from_attributes=True) for grant in actor.grants]
    return Me(account_id=actor.account_id, label=actor.label, grants=grants)


@router.get("/accounts", operation_id="list_accounts")
async def accounts(session: ReadSession, actor: SignedIn, listing: Listing) -> Page[AccountView]:
    """All accounts, for administrators and auditors."""
    if not permissions.may_see_accounts(actor):
        raise NotYou()
    return await listing.answer(session, repository.accounts(), [Order(Account.id)], service.views)


@router.post("/accounts", status_code=201, operation_id="create_account")
async def create(
    session: WriteSession, actor: SignedIn, response: Response, body: AccountDraft
) -> AccountView:
    """Open an account with its roles."""
    account = await service.create(session, actor, body)
    return await _one(session, response, account)


@router.get("/accounts/{account_id}", operation_id="get_account")
async def read(session: ReadSession, actor: SignedIn, response: Response, account_id: UUID) -> AccountView:
    """One account with its roles."""
    return await _one(session, response, await service.account(session, actor, account_id))


@router.patch("/accounts/{account_id}", operation_id="change_account")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    account_id: UUID,
    body: AccountChange,
    match: Conditional,
) -> AccountView:
    """Change an account: its label, its password, or close it."""
    account = await service.account(session, actor, account_id)
    match.require(account.version)
    return await _one(session, response, await service.change(session, actor, account, body))


@router.post("/accounts/{account_id}/grants", status_code=201, operation_id="grant_role")
async def grant(
    session: WriteSession, actor: SignedIn, response: Response, account_id: UUID, body: GrantDraft
) -> AccountView:
    """Give an account one more role."""
    account = await service.account(session, actor, account_id)
    await service.grant(session, actor, account, body)
    return await _one(session, response, account)


async def _one(session: AsyncSession, response: Response, account: Account) -> AccountView:
    tag(response, account.version)
    return (await service.views(session, [account]))[0]
