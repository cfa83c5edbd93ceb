"""The feed loses nothing, whatever the order of commits; the chain proves itself; the log cannot be rewritten."""

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal, sealer
from app.kernel.actor import PUBLIC, Actor, machine
from app.kernel.database import Database
from app.kernel.ids import uuid7
from tests.factories import actors

EVERYTHING = machine("reader")


def happened(event: str, **audience: Any) -> journal.Event:
    return journal.Event("project", uuid7(), event, journal.Audience(**audience))


async def seal(database: Database) -> int:
    async with database.engine.begin() as connection:
        return await sealer.seal(connection)


async def feed(database: Database, after: int = 0, actor: Actor = EVERYTHING) -> list[str]:
    async with database.reading() as session:
        entries, _ = await journal.read(session, actor, after=after, limit=200)
    return [entry.event for _, entry in entries]


async def test_a_slow_transaction_that_began_first_is_not_lost(committed: Database) -> None:
    """A takes its id first and commits last. Whoever keeps 'the last id seen' would never see it."""
    await seal(committed)
    async with AsyncSession(committed.engine) as slow:
        await journal.record(slow, EVERYTHING, happened("slow"))
        async with committed.writing() as quick:
            await journal.record(quick, EVERYTHING, happened("quick"))
        assert await seal(committed) == 0, "nothing may be sealed while an older transaction runs"
        assert await feed(committed) == []
        await slow.commit()
    assert await seal(committed) == 2
    assert await feed(committed) == ["slow", "quick"]


async def test_positions_have_no_gap_even_when_transactions_roll_back(committed: Database) -> None:
    await seal(committed)
    for number in range(5):
        async with AsyncSession(committed.engine) as writer:
            await journal.record(writer, EVERYTHING, happened(f"event {number}"))
            await (writer.rollback() if number % 2 else writer.commit())
    await seal(committed)
    async with committed.reading() as session:
        positions = (await session.scalars(select(journal.JournalSeal.position))).all()
    assert sorted(positions) == [1, 2, 3]


async def test_the_chain_verifies_and_a_changed_entry_is_found(committed: Database) -> None:
    async with committed.writing() as session:
        await journal.record(session, EVERYTHING, happened("one"), happened("two"), happened("three"))
    await seal(committed)
    async with committed.engine.connect() as connection:
        assert await sealer.verify(connection) == 3
    async with committed.engine.begin() as connection:
        await connection.execute(
            text("SET session_replication_role = replica")
        )  # as a vandal with full rights would
        await connection.execute(text("UPDATE journal_entries SET event = 'other' WHERE event = 'two'"))
        await connection.execute(text("SET session_replication_role = origin"))
    async with committed.engine.connect() as connection:
        with pytest.raises(sealer.BrokenChain) as broken:
            await sealer.verify(connection)
    assert broken.value.extra["position"] == 2


@pytest.mark.parametrize("table", ["journal_entries", "journal_seals"])
@pytest.mark.parametrize(
    "act", ["DELETE FROM {}", "UPDATE {} SET entry_id = entry_id", "TRUNCATE {} CASCADE"]
)
async def test_the_database_refuses_to_rewrite_history(session: AsyncSession, table: str, act: str) -> None:
    if "UPDATE" in act and table == "journal_entries":
        act = "UPDATE {} SET event = 'x'"
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text(act.format(table)))


async def test_after_a_restore_into_another_cluster_everything_is_sealed_once(committed: Database) -> None:
    """Stored transaction ids mean nothing there: old ones may be larger than all new ones."""
    async with committed.writing() as session:
        await journal.record(session, EVERYTHING, happened("before"))
    await seal(committed)
    async with committed.writing() as session:
        await journal.record(session, EVERYTHING, happened("written, not yet sealed"))
        await session.execute(text("UPDATE journal_mark SET cluster = 'the old one'"))
        await session.execute(text("ALTER TABLE journal_entries DISABLE TRIGGER append_only"))
        await session.execute(text("UPDATE journal_entries SET xid = xid + 1000000"))
    assert await seal(committed) == 1
    async with committed.writing() as session:
        await journal.record(session, EVERYTHING, happened("after"))
    assert await seal(committed) == 1
    assert await seal(committed) == 0
    assert await feed(committed) == ["before", "written, not yet sealed", "after"]


async def test_each_reader_gets_what_it_may_know_and_passes_the_rest(committed: Database) -> None:
    organization = uuid7()
    async with committed.writing() as session:
        await journal.record(
            session,
            EVERYTHING,
            happened("public", level=journal.PUBLIC),
            happened(
                "two sides", level=journal.PARTIES, party_ids=(organization,), area_path=actors.SUOJINCUN
            ),
            happened("office", level=journal.OFFICIALS, area_path=actors.SUOJINCUN),
            happened("audit", level=journal.AUDITORS),
        )
    await seal(committed)
    assert await feed(committed, actor=PUBLIC) == ["public"]
    assert await feed(committed, actor=actors.speaking_for(organization)) == ["public", "two sides"]
    assert await feed(committed, actor=actors.speaking_for(uuid7())) == ["public"]
    assert await feed(committed, actor=actors.district()) == ["public", "two sides", "office"]
    assert await feed(committed, actor=actors.district(actors.GULOU)) == ["public"]
    async with committed.reading() as session:
        _, seen = await journal.read(session, PUBLIC, after=0, limit=100)
    assert seen == 4, "the cursor passes what the reader may not see"


async def test_a_list_of_events_is_written_as_the_same_events_one_by_one(session: AsyncSession) -> None:
    ids = [uuid7(), uuid7()]
    numbers, areas = ["NJ2026-XW-0001", "NJ2026-GL-0001"], [actors.SUOJINCUN, actors.GULOU]
    events = [
        journal.Event("project", one, "entered", journal.Audience(area), number, to_state="draft", change={"title": number})
        for one, area, number in zip(ids, areas, numbers, strict=True)
    ]  # fmt: skip
    each = {
        "subject_id": ids,
        "subject_number": numbers,
        "area_path": areas,
        "change": [{"title": n} for n in numbers],
    }

    async def written() -> list[tuple[Any, ...]]:
        columns = [
            it for it in journal.TABLE.columns if it.name not in ("entry_id", "xid", "at", "domain_at")
        ]
        query = select(*columns).where(journal.JournalEntry.subject_id.in_(ids)).order_by("entry_id")
        return [tuple(row) for row in await session.execute(query)]

    await journal.record(session, EVERYTHING, *events)
    one_by_one = await written()
    await journal.record_list(session, EVERYTHING, events[0], each)
    assert (await written())[2:] == one_by_one
    async with journal.together(session):
        await journal.record_list(session, EVERYTHING, events[0], each)
        assert len(await written()) == 4, "it waits for the end of the act"
    assert (await written())[4:] == one_by_one
