"""Identifiers: UUIDv7 for machines, human numbers (NJ2026-QH-0007) for people."""

import os
import threading
import time
from uuid import UUID

from sqlalchemy import BigInteger, Text, text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base

_lock = threading.Lock()
_last = 0


def uuid7() -> UUID:
    """A version 7 UUID (RFC 9562 §5.7), strictly increasing within one process."""
    global _last
    with _lock:
        # 48 bit milliseconds and 12 bit sub-millisecond fraction (method 3 of §6.2), pushed forward on a tie.
        nanoseconds = time.time_ns()
        stamp = (nanoseconds // 1_000_000) << 12 | (nanoseconds % 1_000_000) * 4096 // 1_000_000
        _last = stamp = max(stamp, _last + 1)
    milliseconds, fraction = stamp >> 12, stamp & 0xFFF
    tail = int.from_bytes(os.urandom(8)) & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | tail)


class NumberSeries(Base):
    """The last human number given in each series."""

    __tablename__ = "number_series"

    series: Mapped[str] = mapped_column(Text, primary_key=True)
    last: Mapped[int] = mapped_column(BigInteger, default=0)


async def take_numbers(session: AsyncSession, series: str, count: int = 1) -> range:
    """The next `count` numbers of a series, gap-free: the row stays locked until the transaction ends."""
    last = await session.scalar(
        text(
            "INSERT INTO number_series (series, last) VALUES (:series, :count) "
            "ON CONFLICT (series) DO UPDATE SET last = number_series.last + :count RETURNING last"
        ),
        {"series": series, "count": count},
    )
    assert last is not None
    return range(last - count + 1, last + 1)


def reference(ref: str | UUID) -> UUID | str:
    """What a path names a thing by: its UUID when it reads as one, else its human number."""
    if isinstance(ref, UUID):
        return ref
    try:
        return UUID(ref)
    except ValueError:
        return ref
