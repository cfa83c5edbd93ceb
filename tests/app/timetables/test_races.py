"""Two people at once: real connections, real commits, a barrier before the decisive act."""

from itertools import islice

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.actor import Actor
from app.kernel.database import Database
from app.negotiations import service as negotiations
from app.negotiations.models import Intent
from app.timetables import planning, repository, service
from app.timetables.models import Meeting
from app.timetables.schemas import SeatDraft
from tests.factories import negotiations as table
from tests.factories.crowd import Act, at_once
from tests.factories.market import make_market
from tests.factories.negotiations import join
from tests.factories.timetables import Hall, list_all, make_hall, make_waiting, plan
from tests.invariants.checks import CHECKS

STREETS = 50
SEATED = select(func.count()).select_from(Meeting).where(Meeting.live)


async def holds(database: Database) -> None:
    """Invariant 15, asked by SQL that knows nothing of the service."""
    (check,) = [check for check in CHECKS if check.number == 15]
    async with database.engine.connect() as connection:
        assert (await connection.exec_driver_sql(check.sql)).all() == []


def seat(hall: Hall, actor: Actor, intent: str, slot: int = 0, at: int | None = 0) -> Act:
    named = {} if at is None else {"table_id": hall.tables[at].id}
    draft = SeatDraft(intent=intent, slot_id=hall.slots[slot].id, **named)

    async def act(session: AsyncSession) -> None:
        await service.seat(session, actor, hall.fair, draft)

    return act


async def strangers(database: Database, count: int, *, tables: int, slots: int) -> tuple[Hall, list[Intent]]:
    """Pairs that share nobody: each intent has a buyer and an organization of its own."""
    async with database.writing() as session:
        intents = []
        for project in await make_market(session, count):
            pair = await join(session, project)
            intents.append(await table.accepted(session, pair))
        await session.execute(
            text(
                "INSERT INTO parties (id, kind, name, normal_name, former_names, area_path, search_grams, version,"
                " created_at, updated_at) SELECT gen_random_uuid(), 'buyer', 'B' || number, 'b' || number, '{}',"
                " area_path, '', 1, now(), now() FROM projects"
            )
        )
        await session.execute(
            text("UPDATE projects SET buyer_id = parties.id FROM parties WHERE normal_name = 'b' || number")
        )
        hall = await make_hall(session, tables, slots)
        await list_all(session, hall.fair)
    return hall, intents


async def test_of_fifty_pairs_one_gets_the_last_seat(committed: Database) -> None:
    """One table, one slot, fifty operators' hands."""
    hall, intents = await strangers(committed, STREETS, tables=1, slots=2)
    ends = await at_once(committed, [seat(hall, hall.operator, intent.number) for intent in intents])
    assert ends == {"done": 1, "table_taken": STREETS - 1}
    async with committed.reading() as session:
        assert await session.scalar(SEATED) == 1
    await holds(committed)


async def test_of_the_same_fifty_without_the_lock_still_one_gets_it(committed: Database, monkeypatch) -> None:
    """The lock makes the refusal clear; the database alone makes it certain."""

    async def unheld(session: AsyncSession, edition: str) -> None:
        return None

    monkeypatch.setattr(repository, "hold", unheld)
    hall, intents = await strangers(committed, 20, tables=1, slots=1)
    ends = await at_once(committed, [seat(hall, hall.operator, intent.number) for intent in intents])
    assert ends.pop("done") == 1
    assert set(ends) <= {"table_taken", "uq_meetings_table"}
    assert ends.total() == 19
    await holds(committed)


async def test_one_organization_takes_one_of_two_tables_at_one_time(committed: Database) -> None:
    async with committed.writing() as session:
        market = await make_waiting(session, projects=8, organizations=1, tables=8)
    hall = market.hall
    acts = [seat(hall, market.pairs[0].supplier, i.number, at=n) for n, i in enumerate(market.intents)]
    ends = await at_once(committed, acts)
    assert ends == {"done": 1, "buyer_busy": 7}
    await holds(committed)


async def test_at_two_halls_at_one_time_an_organization_sits_once(committed: Database) -> None:
    async with committed.writing() as session:
        market = await make_waiting(session, projects=2, organizations=1)
        second = await make_hall(session, 1, 1, name="分会场")
        await list_all(session, second.fair)
    first, other = (intent.number for intent in market.intents)
    ends = await at_once(
        committed,
        [
            seat(market.hall, market.hall.operator, first),
            seat(second, second.operator, other),
        ],
    )
    assert ends == {"done": 1, "buyer_busy": 1}
    await holds(committed)


async def test_a_withdrawal_and_a_seat_do_not_miss_each_other(committed: Database) -> None:
    async with committed.writing() as session:
        market = await make_waiting(session, organizations=1)
    pair, intent = market.pairs[0], market.intents[0]

    async def withdraw(session: AsyncSession) -> None:
        found = await negotiations.get(session, pair.supplier, intent.number)
        await negotiations.transition(session, pair.supplier, found, "withdraw", "另有安排")

    ends = await at_once(committed, [seat(market.hall, pair.supplier, intent.number), withdraw])
    assert ends["done"] >= 1
    assert set(ends) <= {"done", "intent_not_accepted", "transition_not_possible"}
    async with committed.writing() as session:
        await service.tick(session)
    async with committed.reading() as session:
        assert await session.scalar(SEATED) == 0, "nobody sits for an interest that has ended"
    await holds(committed)


async def test_seats_are_taken_by_hand_while_the_day_is_planned(committed: Database) -> None:
    hall, intents = await strangers(committed, 24, tables=4, slots=6)
    by_hand = [
        seat(hall, hall.operator, intent.number, slot=n % 6, at=None)
        for n, intent in enumerate(islice(intents, 12))
    ]

    async def planned(session: AsyncSession) -> None:
        for _ in range(planning.TRIES):
            try:
                async with session.begin_nested():
                    await plan(session, hall)
                return
            except planning.Changed:
                session.expire_all()

    ends = await at_once(committed, [planned, *by_hand])
    assert set(ends) <= {"done", "already_seated", "intent_not_accepted", "hall_full"}, ends
    async with committed.writing() as session:
        await plan(session, hall)
    async with committed.reading() as session:
        assert await session.scalar(SEATED) == 24
    await holds(committed)


async def test_a_person_promises_one_of_two_meetings_at_one_time(committed: Database) -> None:
    hall, intents = await strangers(committed, 2, tables=2, slots=1)
    async with committed.writing() as session:
        person = table.actors.street(intents[0].area_path)
        await session.execute(
            text(
                "INSERT INTO accounts (id, name, label, version, created_at, updated_at)"
                " VALUES (:id, 'p', 'p', 1, now(), now())"
            ),
            {"id": person.account_id},
        )
        numbers = [
            (await service.seat(session, hall.operator, hall.fair, draft)).number
            for draft in (
                SeatDraft(intent=i.number, slot_id=hall.slots[0].id, table_id=t.id)
                for i, t in zip(intents, hall.tables, strict=True)
            )
        ]

    def promise(number: str) -> Act:
        async def act(session: AsyncSession) -> None:
            meeting = await service.get(session, person, hall.fair, number)
            await service.promise(session, person, hall.fair, meeting)

        return act

    assert await at_once(committed, [promise(n) for n in numbers]) == {"done": 1, "person_busy": 1}
    await holds(committed)
