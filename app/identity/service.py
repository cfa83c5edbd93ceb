"""Acts on accounts: sign in and out, open, change, grant and revoke."""

import asyncio
import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import permissions, repository, rules
from app.identity.models import Account, RoleGrant, Token
from app.identity.schemas import AccountChange, AccountDraft, AccountView, GrantDraft, GrantView
from app.kernel import clock, journal
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.errors import Malformed, NotFound, NotNow, NotSignedIn, NotYou, Problem, raise_all

PREFIX = "shq_"
WRONG = Problem("wrong_credentials", "用户名或密码不正确。", "The name or the password is wrong.")
NAME_TAKEN = Problem("name_taken", "该用户名已被使用。", "This account name is taken.", "/name")


@cache
def _hasher() -> Any:
    # argon2 loads a native library: only the processes that sign people in pay for it
    from pwdlib import PasswordHash

    return PasswordHash.recommended()


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def actor_of(session: AsyncSession, token: str | None) -> Actor:
    """The actor behind a bearer token; the public without one. Raises `NotSignedIn` for a token that is not valid."""
    if token is None:
        return PUBLIC
    rows = await repository.bearer(session, digest_of(token))
    if not rows:
        raise NotSignedIn()
    account = rows[0][0]
    grants = tuple(
        Grant(grant.role, grant.area_path, grant.party_id) for _, grant in rows if grant is not None
    )
    return Actor(account.id, account.label, grants)


async def actor_of_account(session: AsyncSession, account_id: UUID | None) -> Actor:
    """The actor behind an account with the roles it holds now: for work done later in its name.

    Raises `NotSignedIn` when the account is gone or disabled.
    """
    found = await repository.account(session, account_id) if account_id else None
    if found is None or found.disabled_at is not None:
        raise NotSignedIn()
    grants = await repository.grants_of(session, [found.id])
    return Actor(found.id, found.label, tuple(Grant(g.role, g.area_path, g.party_id) for g in grants))


async def sign_in(session: AsyncSession, name: str, password: str, *, days: int) -> tuple[str, datetime]:
    """A fresh token and when it ends. Raises `NotSignedIn`; an unknown name takes as long as a wrong password."""
    account = await repository.account_named(session, name)
    stored = account.password_hash if account and account.disabled_at is None else None
    reference = stored or await asyncio.to_thread(_decoy)
    right = await asyncio.to_thread(_hasher().verify, password, reference)
    if account is None or stored is None or not right:
        raise NotSignedIn(WRONG)
    return await issue_token(session, account.id, "sign-in", days=days)


@cache
def _decoy() -> str:
    return str(_hasher().hash(secrets.token_urlsafe(16)))


async def issue_token(
    session: AsyncSession, account_id: UUID, label: str, *, days: int
) -> tuple[str, datetime]:
    """A token for an account, shown once and stored as its SHA-256."""
    token, expires_at = PREFIX + secrets.token_urlsafe(32), datetime.now(UTC) + timedelta(days=days)
    session.add(Token(account_id=account_id, digest=digest_of(token), label=label, expires_at=expires_at))
    await session.flush()
    return token, expires_at


async def sign_out(session: AsyncSession, token: str) -> None:
    await repository.drop_token(session, digest_of(token))


async def create_many(session: AsyncSession, actor: Actor, drafts: Sequence[AccountDraft]) -> list[Account]:
    """Open accounts with their roles. Raises `NotYou`, `Malformed` (every broken grant) or `NotNow` (name taken)."""
    if not permissions.may_manage_accounts(actor):
        raise NotYou()
    raise_all(
        (
            problem
            for draft in drafts
            for i, grant in enumerate(draft.grants)
            for problem in rules.grant_is_bound(grant.role, grant.area_path, grant.party_id, f"/grants/{i}")
        ),
        Malformed,
    )
    accounts = []
    for draft in drafts:
        if await repository.account_named(session, draft.name):
            raise NotNow(NAME_TAKEN)
        hashed = await _hash(draft.password.get_secret_value()) if draft.password else None
        account = Account(name=draft.name, label=draft.label, password_hash=hashed)
        session.add(account)
        await session.flush()
        session.add_all(_grant(account.id, grant) for grant in draft.grants)
        accounts.append(account)
    await session.flush()
    await journal.record(session, actor, *(_event(account, "opened") for account in accounts))
    return accounts


async def create(session: AsyncSession, actor: Actor, draft: AccountDraft) -> Account:
    return (await create_many(session, actor, [draft]))[0]


async def change(session: AsyncSession, actor: Actor, account: Account, wanted: AccountChange) -> Account:
    """Change label, password or whether the account is open; a closed account and a new password end its tokens."""
    if not permissions.may_manage_accounts(actor):
        raise NotYou()
    if wanted.label is not None:
        account.label = wanted.label
    if wanted.password is not None:
        account.password_hash = await _hash(wanted.password.get_secret_value())
    if wanted.disabled is not None:
        account.disabled_at = clock.now() if wanted.disabled else None
    if wanted.password is not None or wanted.disabled:
        await repository.drop_tokens_of(session, account.id)
    await session.flush()
    changed = sorted(wanted.model_fields_set)
    await journal.record(session, actor, _event(account, "changed", {"fields": changed}))
    return account


async def grant(session: AsyncSession, actor: Actor, account: Account, draft: GrantDraft) -> RoleGrant:
    """Give an account one more role."""
    if not permissions.may_manage_accounts(actor):
        raise NotYou()
    raise_all(rules.grant_is_bound(draft.role, draft.area_path, draft.party_id), Malformed)
    given = _grant(account.id, draft)
    session.add(given)
    await session.flush()
    await journal.record(session, actor, _event(account, "granted", draft.model_dump(mode="json")))
    return given


async def account(session: AsyncSession, actor: Actor, account_id: UUID) -> Account:
    """One account. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.account(session, account_id)
    if found is None or not (permissions.may_see_accounts(actor) or actor.account_id == account_id):
        raise NotFound()
    return found


async def views(session: AsyncSession, accounts: Sequence[Account]) -> list[AccountView]:
    """Accounts with their roles, in two statements however many there are."""
    held: dict[UUID, list[GrantView]] = {}
    for row in await repository.grants_of(session, [account.id for account in accounts]):
        view = GrantView.model_validate(row, from_attributes=True)
        held.setdefault(row.account_id, []).append(view)
    return [
        AccountView(
            id=a.id,
            name=a.name,
            label=a.label,
            disabled_at=a.disabled_at,
            version=a.version,
            grants=held.get(a.id, []),
        )
        for a in accounts
    ]


async def _hash(password: str) -> str:
    return str(await asyncio.to_thread(_hasher().hash, password))


def _grant(account_id: UUID, draft: GrantDraft) -> RoleGrant:
    return RoleGrant(
        account_id=account_id, role=draft.role, area_path=draft.area_path, party_id=draft.party_id
    )


def _event(account: Account, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "account",
        account.id,
        event,
        journal.Audience(level=journal.AUDITORS),
        number=account.name,
        change=change or {},
    )
