"""All SQL of identity."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import Account, RoleGrant, Token


async def account(session: AsyncSession, account_id: UUID) -> Account | None:
    return await session.get(Account, account_id)


async def account_named(session: AsyncSession, name: str) -> Account | None:
    return await session.scalar(select(Account).where(Account.name == name))


def accounts() -> Select[tuple[Account]]:
    return select(Account)


async def grants_of(session: AsyncSession, account_ids: Iterable[UUID]) -> Sequence[RoleGrant]:
    found = await session.scalars(
        select(RoleGrant).where(RoleGrant.account_id.in_(list(account_ids))).order_by(RoleGrant.id)
    )
    return found.all()


async def bearer(session: AsyncSession, digest: bytes) -> Sequence[tuple[Account, RoleGrant | None]]:
    """The live account behind a token, once per role it holds: one round trip for every request."""
    rows = await session.execute(
        select(Account, RoleGrant)
        .join(Token, Token.account_id == Account.id)
        .outerjoin(RoleGrant, RoleGrant.account_id == Account.id)
        .where(
            Token.digest == digest, Token.expires_at > func.clock_timestamp(), Account.disabled_at.is_(None)
        )
    )
    return [(row[0], row[1]) for row in rows]


async def drop_token(session: AsyncSession, digest: bytes) -> None:
    await session.execute(delete(Token).where(Token.digest == digest))


async def drop_tokens_of(session: AsyncSession, account_id: UUID) -> None:
    await session.execute(delete(Token).where(Token.account_id == account_id))
