"""A fair with a hall, and pairs that wait for a seat in it."""

from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs import service as fairs
from app.fairs.models import Fair
from app.fairs.schemas import FairDraft, ListingsDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor, machine
from app.negotiations.models import Intent
from app.timetables import hall_repository, planning, service
from app.timetables.models import Meeting, MeetingSlot, MeetingTable
from app.timetables.schemas import Gap, HallDraft, SeatDraft, SlotPattern, TablePattern
from tests.factories import actors
from tests.factories import negotiations as table
from tests.factories.market import make_published
from tests.factories.negotiations import Pair, join

CLERK = machine("test")


@dataclass(slots=True)
class Hall:
    """A fair with its tables and slots in order, and who runs it."""

    fair: Fair
    tables: list[MeetingTable]
    slots: list[MeetingSlot]
    operator: Actor


@dataclass(slots=True)
class Market:
    """Pairs at the market of a hall, each with an accepted intent."""

    hall: Hall
    pairs: list[Pair] = field(default_factory=list)
    intents: list[Intent] = field(default_factory=list)


def operator(area: str = actors.CITY) -> Actor:
    return actors.official(Role.FAIR_OPERATOR, area)


def fair_draft(**changes: Any) -> FairDraft:
    """A fair of two days that begins tomorrow."""
    tomorrow = clock.today() + timedelta(days=1)
    facts: dict[str, Any] = {
        "edition": "2026",
        "name": "第十三届社洽会",
        "venue": "南京国际展览中心",
        "opens_on": tomorrow,
        "closes_on": tomorrow + timedelta(days=1),
    }
    return FairDraft(**(facts | changes))


def hall_draft(tables: int = 2, slots: int = 3, **changes: Any) -> HallDraft:
    """Slots of eight minutes from nine o'clock on the first day of the fair, lunch at noon."""
    pattern: dict[str, Any] = {
        "days": [clock.today() + timedelta(days=1)],
        "first_start": time(9),
        "count": slots,
        "gaps": [Gap(starts=time(12), ends=time(13, 30))],
    }
    return HallDraft(tables=TablePattern(count=tables), slots=SlotPattern(**(pattern | changes)))


async def make_hall(session: AsyncSession, tables: int = 2, slots: int = 3, **fair: Any) -> Hall:
    """A fair and its hall. The edition must stand."""
    made = await fairs.create(session, CLERK, fair_draft(**fair))
    await service.lay_out(session, CLERK, made, hall_draft(tables, slots, days=[made.opens_on]))
    stands = await hall_repository.hall(session, made.id)
    return Hall(made, *stands, operator(made.area_path))


async def make_waiting(
    session: AsyncSession, projects: int = 1, organizations: int = 2, *, tables: int = 2, slots: int = 3
) -> Market:
    """Projects of one street, each with accepted intents of these many organizations, listed at a fair with a hall."""
    market: Market | None = None
    for _ in range(projects):
        project = await make_published(session)
        if market is None:
            market = Market(await make_hall(session, tables, slots))
        for number in range(organizations):
            known = market.pairs[number] if len(market.pairs) >= organizations else None
            pair = await join(session, project) if known is None else _again(known, project)
            market.pairs.append(pair)
            market.intents.append(await table.accepted(session, pair))
    assert market is not None
    await list_all(session, market.hall.fair)
    return market


def _again(pair: Pair, project: Any) -> Pair:
    return Pair(project, pair.organization, pair.street, pair.district, pair.supplier)


async def list_all(session: AsyncSession, fair: Fair) -> None:
    await fairs.list_projects(session, CLERK, fair, ListingsDraft(all_published=True))


async def seated(
    session: AsyncSession, market: Market, which: int = 0, slot: int = 0, table: int = 0, **changes: Any
) -> Meeting:
    """One of the pairs in one of the seats, by its place."""
    hall = market.hall
    draft = SeatDraft(
        intent=market.intents[which].number,
        slot_id=hall.slots[slot].id,
        table_id=hall.tables[table].id,
        **changes,
    )
    return await service.seat(session, hall.operator, hall.fair, draft)


async def plan(session: AsyncSession, hall: Hall) -> planning.Answer:
    """What the job of a plan does, in the session of the test."""
    question = await planning.read(session, hall.fair)
    answer = planning.answered(question, 0, 10)
    await planning.store(session, hall.fair, question, answer)
    return answer
