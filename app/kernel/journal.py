"""One append-only log of everything that happened, written in the same transaction as the change itself.

An entry gets its place in line (`position`) from the sealer, never from its id: ids and `now()` are given before
commit, so a reader that keeps "the last id seen" loses late commits for ever. Readers and cursors use positions only.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    Table,
    Text,
    and_,
    false,
    func,
    insert,
    or_,
    select,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import bulk, clock
from app.kernel.actor import Actor
from app.kernel.database import Base

GATHERED = "journal entries of one act"
PUBLIC, PARTIES, OFFICIALS, AUDITORS = "public", "parties", "officials", "auditors"
"""Audience levels: everyone; the named parties and the officials of the area; those officials; only who reads everything."""


class JournalEntry(Base):
    """Who did what to which thing, from where to where, why; and who may know."""

    __tablename__ = "journal_entries"
    __table_args__ = (
        Index("ix_journal_entries_xid_entry_id", "xid", "entry_id"),
        Index("ix_journal_entries_subject", "subject_id", "entry_id"),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    xid: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))
    at: Mapped[datetime] = mapped_column(server_default=text("clock_timestamp()"))
    domain_at: Mapped[datetime] = mapped_column(default=clock.now)
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    subject_number: Mapped[str | None]
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_label: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str | None]
    note: Mapped[str | None]
    change: Mapped[dict[str, Any]]
    area_path: Mapped[str] = mapped_column(default="")
    party_ids: Mapped[list[UUID]] = mapped_column(ARRAY(PG_UUID(as_uuid=True)), default=list)
    level: Mapped[str]


TABLE = cast(Table, JournalEntry.__table__)


class JournalSeal(Base):
    """The gap-free position of an entry and its link in the SHA-256 chain."""

    __tablename__ = "journal_seals"

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(ForeignKey("journal_entries.entry_id"), unique=True)
    prev_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class JournalMark(Base):
    """How far the sealer has come, and in which cluster: one row."""

    __tablename__ = "journal_mark"
    __table_args__ = (CheckConstraint("singleton", name="one_row"),)

    singleton: Mapped[bool] = mapped_column(primary_key=True, default=True)
    cluster: Mapped[str] = mapped_column(Text, default="")
    restored_up_to: Mapped[int] = mapped_column(BigInteger, default=0)
    xid: Mapped[int] = mapped_column(BigInteger, default=0)
    entry_id: Mapped[int] = mapped_column(BigInteger, default=0)


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may know of an entry: officials of the area, the named parties, or everyone, by level."""

    area_path: str = ""
    party_ids: tuple[UUID, ...] = ()
    level: str = OFFICIALS


@dataclass(frozen=True, slots=True)
class Event:
    """One thing to write down. `change` maps field → [old, new] or holds the facts of the act."""

    subject_kind: str
    subject_id: UUID
    event: str
    audience: Audience
    number: str | None = None
    from_state: str | None = None
    to_state: str | None = None
    note: str | None = None
    change: dict[str, Any] = field(default_factory=dict)


async def record(session: AsyncSession, actor: Actor, *events: Event) -> None:
    """Write the events in the caller's transaction, in one statement however many there are."""
    now = clock.now()
    rows = [_row(actor, event, now) for event in events]
    gathered = session.info.get(GATHERED)
    if gathered is not None:
        gathered.extend(rows)
    else:
        await _write(session, rows)


async def record_list(
    session: AsyncSession, actor: Actor, like: Event, each: Mapping[str, Sequence[Any]]
) -> None:
    """An event of many subjects, by COPY: `like` one of them but for what `each` gives by name of the entry's column."""
    columns = {
        name: [value] * len(each["subject_id"]) for name, value in _row(actor, like, clock.now()).items()
    }
    columns |= {name: list(values) for name, values in each.items()}
    gathered = session.info.get(GATHERED)
    if gathered is not None:
        gathered.extend(
            dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
        )
    else:
        await bulk.add_columns(session, JournalEntry, columns)


@asynccontextmanager
async def together(session: AsyncSession) -> AsyncIterator[None]:
    """Write all that is recorded inside in one statement, in its order, when the block ends well; nothing when it does not.

    The edge wraps every writing request in one; blocks may lie in each other.
    """
    outer = session.info.get(GATHERED)
    rows: list[dict[str, Any]] = session.info.setdefault(GATHERED, [])
    before = len(rows)
    try:
        yield
    except BaseException:
        del rows[before:]
        raise
    finally:
        if outer is None:
            del session.info[GATHERED]
    if outer is None:
        await _write(session, rows)


@asynccontextmanager
async def attempt(session: AsyncSession) -> AsyncIterator[None]:
    """A part of an act that may fail and be survived: its changes and its entries stand together, or neither does."""
    async with together(session), session.begin_nested():
        yield


async def _write(session: AsyncSession, rows: list[dict[str, Any]]) -> None:
    if len(rows) >= bulk.COPIED:
        await bulk.copy(session, JournalEntry.__table__, list(rows[0]), [tuple(row.values()) for row in rows])
    elif rows:
        # The table and not the class: the mapper would send one statement for each set of columns that are not null.
        await session.execute(insert(TABLE), rows)


def _row(actor: Actor, event: Event, now: datetime) -> dict[str, Any]:
    return {
        "domain_at": now,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "subject_number": event.number,
        "event": event.event,
        "actor_kind": actor.kind,
        "actor_id": actor.account_id,
        "actor_label": actor.label,
        "from_state": event.from_state,
        "to_state": event.to_state,
        "note": event.note,
        "change": event.change,
        "area_path": event.audience.area_path,
        "party_ids": list(event.audience.party_ids),
        "level": event.audience.level,
    }


def visible_to(
    actor: Actor,
    *,
    reads_everything: Sequence[str] = ("auditor",),
    officials: Sequence[str] = ("city_bureau", "district_bureau", "street", "community"),
) -> ColumnElement[bool]:
    """The filter of entries `actor` may see. A resident or a fair operator bound to an area is no official of it."""
    if actor.is_system or actor.holds(*reads_everything):
        return true()
    seen = [JournalEntry.level == PUBLIC]
    parties = list(actor.party_ids)
    if parties:
        seen.append(and_(JournalEntry.level == PARTIES, JournalEntry.party_ids.overlap(parties)))
    inside = [
        true()
        if path == ""
        else or_(JournalEntry.area_path == path, JournalEntry.area_path.startswith(path + "/"))
        for path in actor.area_paths(*officials)
    ]
    if inside:
        seen.append(and_(JournalEntry.level.in_((PARTIES, OFFICIALS)), or_(*inside)))
    return or_(*seen) if seen else false()


async def read(
    session: AsyncSession, actor: Actor, *, after: int, limit: int
) -> tuple[list[tuple[int, JournalEntry]], int]:
    """Sealed entries with position > `after` that `actor` may see, and the position up to which was looked.

    The second number lets a cursor pass entries the reader may not see without telling it anything about them.
    """
    head = await session.scalar(select(func.max(JournalSeal.position))) or 0
    rows = (
        await session.execute(
            select(JournalSeal.position, JournalEntry)
            .join(JournalEntry, JournalEntry.entry_id == JournalSeal.entry_id)
            .where(JournalSeal.position > after, JournalSeal.position <= head, visible_to(actor))
            .order_by(JournalSeal.position)
            .limit(limit)
        )
    ).all()
    entries = [(position, entry) for position, entry in rows]
    seen_up_to = entries[-1][0] if len(entries) == limit else max(head, after)
    return entries, seen_up_to


async def history(session: AsyncSession, actor: Actor, subject_id: UUID) -> list[JournalEntry]:
    """Everything the actor may know about one thing, oldest first."""
    return list(
        await session.scalars(
            select(JournalEntry)
            .where(JournalEntry.subject_id == subject_id, visible_to(actor))
            .order_by(JournalEntry.entry_id)
        )
    )
