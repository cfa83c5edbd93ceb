"""Domain time. Deadlines, notice periods and dates read this clock and no other.

The sandbox clock runs ahead of the wall by an offset kept in the database, so that every process of one
installation agrees; the service refreshes it at the edge of each request and job (`settle`). Leases and the
journal use the database's own clock instead: a moved sandbox clock must never expire a lease.
"""

from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "CST")

_offset: ContextVar[timedelta] = ContextVar("sheqia_clock_offset", default=timedelta())


def now() -> datetime:
    """The present moment of the domain, aware, in UTC."""
    return datetime.now(UTC) + _offset.get()


def today() -> date:
    """The present day in China."""
    return now().astimezone(CHINA).date()


def settle(offset: timedelta) -> None:
    """Take over the installation's sandbox offset for the current task."""
    _offset.set(offset)


def local(moment: datetime) -> datetime:
    """The same moment shown with +08:00."""
    return moment.astimezone(CHINA)
