"""All SQL of editions."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions.models import Edition
from app.kernel.database import keep, kept


def editions() -> Select[tuple[Edition]]:
    return select(Edition)


async def coded(session: AsyncSession, code: str) -> Edition | None:
    for edition in kept(session, Edition):
        if edition.code == code:
            return edition
    found = await session.scalar(select(Edition).where(Edition.code == code))
    keep(session, found)
    return found


async def clashing(session: AsyncSession, codes: Iterable[str], ordinals: Iterable[int]) -> Sequence[Edition]:
    found = await session.scalars(
        select(Edition).where(or_(Edition.code.in_(list(codes)), Edition.ordinal.in_(list(ordinals))))
    )
    return found.all()


async def current(session: AsyncSession, day: date) -> Edition | None:
    """The latest edition whose call has opened by `day`, else the first one to come."""
    nearest = func.abs(Edition.call_opens_on - day)
    return await session.scalar(
        select(Edition).order_by((Edition.call_opens_on <= day).desc(), nearest).limit(1)
    )
