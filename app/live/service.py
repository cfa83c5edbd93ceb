"""Reading what happened, as far as the reader may know, and following it."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock, journal, sandbox
from app.kernel.actor import Actor
from app.kernel.database import Database
from app.kernel.errors import Malformed, NotYou, Problem
from app.live.schemas import Changes, ChangeView, change_view

STEP = 500
PAUSE_SECONDS = 0.25

BAD_POSITION = Problem(
    "bad_cursor",
    "游标须为上次返回的 cursor；从头读取请留空。",
    "The cursor must be the one of the last answer; leave it out to read from the start.",
    "/cursor",
)
CLOCK_OFF = Problem(
    "sandbox_off",
    "未启用沙箱时钟（SHEQIA_SANDBOX=1）。",
    "The sandbox clock is off (SHEQIA_SANDBOX=1 turns it on).",
)


def position_of(cursor: str | None) -> int:
    """The position behind a feed cursor or a Last-Event-ID."""
    if cursor is None or cursor == "":
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Malformed(BAD_POSITION)
    return int(cursor)


async def changes(session: AsyncSession, actor: Actor, cursor: str | None, limit: int) -> Changes:
    """The next piece of the feed for this reader."""
    entries, seen = await journal.read(session, actor, after=position_of(cursor), limit=limit)
    return Changes(items=_views(actor, entries), cursor=str(seen))


async def follow(database: Database, actor: Actor, cursor: str | None) -> AsyncGenerator[ChangeView]:
    """Every change from the cursor on, for as long as the reader listens."""
    after = position_of(cursor)
    while True:
        async with database.reading() as session:
            entries, after = await journal.read(session, actor, after=after, limit=STEP)
        for view in _views(actor, entries):
            yield view
        if len(entries) < STEP:
            await asyncio.sleep(PAUSE_SECONDS)


def _views(actor: Actor, entries: list[tuple[int, journal.JournalEntry]]) -> list[ChangeView]:
    reads_names = actor.account_id is not None
    return [change_view(position, entry, reads_names=reads_names) for position, entry in entries]


async def advance_clock(session: AsyncSession, actor: Actor, by: timedelta, *, on: bool) -> timedelta:
    """Move the sandbox clock. Raises `Malformed` where there is no sandbox, `NotYou` for all but administrators."""
    if not on:
        raise Malformed(CLOCK_OFF)
    if not actor.holds(Role.ADMINISTRATOR):
        raise NotYou()
    ahead = await sandbox.advance(session, by)
    clock.settle(ahead)
    return ahead
