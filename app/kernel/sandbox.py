"""The sandbox clock: how far the domain's time runs ahead of the wall, for one installation.

Off unless SHEQIA_SANDBOX is set: then a whole story with its notice periods and deadlines runs in seconds.
"""

from datetime import timedelta
from typing import Protocol

from sqlalchemy import CheckConstraint, Interval, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base


class SandboxClock(Base):
    """One row: the offset."""

    __tablename__ = "sandbox_clock"
    __table_args__ = (CheckConstraint("singleton", name="one_row"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True, default=True)
    ahead: Mapped[timedelta] = mapped_column(Interval)


class _HasSandbox(Protocol):
    @property
    def sandbox(self) -> bool: ...


async def offset(session: AsyncSession, settings: _HasSandbox) -> timedelta:
    """The offset in force; zero, without asking the database, outside a sandbox."""
    if not settings.sandbox:
        return timedelta()
    return await session.scalar(text("SELECT ahead FROM sandbox_clock")) or timedelta()


async def advance(session: AsyncSession, by: timedelta) -> timedelta:
    """Move the clock forward and return the new offset. Time never runs back: `by` is zero or more."""
    if by < timedelta():
        raise ValueError("time never runs back")
    ahead = await session.scalar(
        text(
            "INSERT INTO sandbox_clock (singleton, ahead) VALUES (true, :by) "
            "ON CONFLICT (singleton) DO UPDATE SET ahead = sandbox_clock.ahead + :by RETURNING ahead"
        ),
        {"by": by},
    )
    assert ahead is not None
    return ahead
