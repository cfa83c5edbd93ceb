"""Gives committed journal entries their gap-free position and chains them with SHA-256.

Only entries whose transaction lies below the oldest running one are sealed, in order of (transaction, id): nothing can
appear behind them later. One sealer works at a time (session advisory lock); the others wait as spares.
Stored transaction ids mean nothing in another cluster, so after a restore everything unsealed is sealed once by
looking for it, and the mark starts anew.
"""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.kernel.errors import SheqiaError

LOCK = 7_310_001
BATCH = 20_000
GENESIS = hashlib.sha256(b"sheqia journal").digest()
COLUMNS = (
    "entry_id, at, domain_at, subject_kind, subject_id, subject_number, event, actor_kind, actor_id, actor_label, "
    "from_state, to_state, note, change, area_path, party_ids, level"
)


class BrokenChain(SheqiaError):
    """The journal does not prove itself: an entry was changed, removed or inserted."""

    kind, zh, en = "journal_broken", "日志链校验失败。", "The journal chain does not verify."


def digest(previous: bytes, position: int, entry: Any) -> bytes:
    """The hash of one entry: SHA-256 over the previous hash, the position and the entry as canonical JSON."""
    change = entry["change"]
    content = {
        "entry_id": entry["entry_id"],
        "at": entry["at"].astimezone(UTC).isoformat(),
        "domain_at": entry["domain_at"].astimezone(UTC).isoformat(),
        "subject": [entry["subject_kind"], str(entry["subject_id"]), entry["subject_number"]],
        "event": entry["event"],
        "actor": [entry["actor_kind"], str(entry["actor_id"]), entry["actor_label"]],
        "states": [entry["from_state"], entry["to_state"]],
        "note": entry["note"],
        "change": json.loads(change) if isinstance(change, str) else change,
        "audience": [entry["area_path"], sorted(map(str, entry["party_ids"])), entry["level"]],
    }
    body = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + position.to_bytes(8) + body.encode()).digest()


async def seal(connection: AsyncConnection) -> int:
    """Seal what can be sealed now, one batch in one transaction; returns how many entries got a position."""
    mark = (await connection.execute(text("SELECT * FROM journal_mark FOR UPDATE"))).mappings().first()
    cluster = await connection.scalar(text("SELECT system_identifier::text FROM pg_control_system()"))
    if mark is None or mark["cluster"] != cluster:
        return await _seal_after_restore(connection, cluster, first=mark is None)
    rows = await _entries(
        connection,
        "(xid, entry_id) > (:xid, :entry_id) AND entry_id > :restored"
        " AND xid < pg_snapshot_xmin(pg_current_snapshot())::text::bigint ORDER BY xid, entry_id LIMIT :batch",
        {
            "xid": mark["xid"],
            "entry_id": mark["entry_id"],
            "restored": mark["restored_up_to"],
            "batch": BATCH,
        },
    )
    if rows:
        await _write(connection, rows)
        await connection.execute(
            text("UPDATE journal_mark SET xid = :xid, entry_id = :entry_id"),
            {"xid": rows[-1]["xid"], "entry_id": rows[-1]["entry_id"]},
        )
    return len(rows)


async def _seal_after_restore(connection: AsyncConnection, cluster: str, *, first: bool) -> int:
    # Writers wait for the length of this transaction, so that no entry is in flight below the new mark.
    await connection.execute(text("LOCK TABLE journal_entries IN SHARE ROW EXCLUSIVE MODE"))
    rows = await _entries(
        connection,
        "NOT EXISTS (SELECT FROM journal_seals s WHERE s.entry_id = journal_entries.entry_id) ORDER BY entry_id",
        {},
    )
    await _write(connection, rows)
    values = {"cluster": cluster}
    top = "(SELECT coalesce(max(entry_id), 0) FROM journal_entries)"
    if first:
        await connection.execute(
            text(
                "INSERT INTO journal_mark (singleton, cluster, restored_up_to, xid, entry_id) "
                f"VALUES (true, :cluster, {top}, 0, 0)"
            ),
            values,
        )
    else:
        await connection.execute(
            text(
                f"UPDATE journal_mark SET cluster = :cluster, restored_up_to = {top}, xid = 0, entry_id = 0"
            ),
            values,
        )
    return len(rows)


async def _entries(connection: AsyncConnection, where: str, values: dict[str, Any]) -> list[Any]:
    query = text(f"SELECT xid, {COLUMNS} FROM journal_entries WHERE {where}")
    return list((await connection.execute(query, values)).mappings())


async def _write(connection: AsyncConnection, rows: list[Any]) -> None:
    last = (
        await connection.execute(
            text("SELECT position, hash FROM journal_seals ORDER BY position DESC LIMIT 1")
        )
    ).first()
    position, previous = (last.position, last.hash) if last else (0, GENESIS)
    records = []
    for row in rows:
        position += 1
        sealed = digest(previous, position, row)
        records.append((position, row["entry_id"], previous, sealed))
        previous = sealed
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.copy_records_to_table(
        "journal_seals", records=records, columns=("position", "entry_id", "prev_hash", "hash")
    )
    await connection.execute(
        text("SELECT pg_notify('journal_sealed', :position)"), {"position": str(position)}
    )


async def verify(connection: AsyncConnection) -> int:
    """Walk the whole chain and return its length. Raises `BrokenChain` naming the first position that does not fit."""
    previous, expected = GENESIS, 0
    query = text(
        f"SELECT s.position, s.prev_hash, s.hash, {COLUMNS.replace('entry_id,', 'e.entry_id,', 1)} "
        "FROM journal_seals s LEFT JOIN journal_entries e ON e.entry_id = s.entry_id ORDER BY s.position"
    )
    async with connection.stream(query) as result:
        async for row in result.mappings():
            expected += 1
            entry = row if row["entry_id"] is not None else None
            if (
                row["position"] != expected
                or entry is None
                or row["prev_hash"] != previous
                or row["hash"] != digest(previous, expected, entry)
            ):
                raise BrokenChain(position=expected)
            previous = row["hash"]
    return expected


@asynccontextmanager
async def listening(
    dsn: dict[str, Any], channel: str, wake: Callable[[str], None]
) -> AsyncIterator[asyncpg.Connection]:
    """A connection of its own that calls `wake(payload)` at every NOTIFY on `channel`."""
    connection = await asyncpg.connect(**dsn)
    try:
        await connection.add_listener(channel, lambda *message: wake(str(message[3])))
        yield connection
    finally:
        await connection.close()


async def run(engine: AsyncEngine, dsn: dict[str, Any], *, stopping: asyncio.Event) -> None:
    """Seal for as long as the service lives, woken by every commit that wrote an entry."""
    wake = asyncio.Event()
    async with listening(dsn, "journal", lambda _: wake.set()) as connection:
        while not stopping.is_set():
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                await _pause(stopping, 1.0)
                continue
            while not stopping.is_set():
                wake.clear()
                async with engine.begin() as writer:
                    sealed = await seal(writer)
                    waiting = sealed == BATCH or await _unsealed(writer)
                # An older transaction may still hold entries back: then look again soon, else sleep until woken.
                await _wait_any(wake, stopping, timeout=0.0 if sealed == BATCH else 0.05 if waiting else 2.0)


async def _unsealed(connection: AsyncConnection) -> bool:
    found = await connection.scalar(
        text(
            "SELECT EXISTS (SELECT FROM journal_entries e, journal_mark m "
            "WHERE (e.xid, e.entry_id) > (m.xid, m.entry_id) AND e.entry_id > m.restored_up_to)"
        )
    )
    return bool(found)


async def lag_seconds(connection: AsyncConnection) -> float:
    """Age of the oldest unsealed entry: a metric, and the first thing to look at when feeds stand still."""
    return float(
        await connection.scalar(
            text(
                "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0) FROM journal_entries e, "
                "journal_mark m WHERE (e.xid, e.entry_id) > (m.xid, m.entry_id) AND e.entry_id > m.restored_up_to"
            )
        )
        or 0
    )


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    await _wait_any(stopping, timeout=seconds)


async def _wait_any(*events: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109 - waits for the first of several
    waits = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
