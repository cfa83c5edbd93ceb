"""A random day at the hall: whatever is taken, moved, called off and planned, invariant 15 holds, asked by SQL of its own."""

from collections import Counter
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.errors import SheqiaError
from app.negotiations import service as negotiations
from app.negotiations.models import Intent
from app.timetables import service
from app.timetables.models import Meeting
from app.timetables.schemas import AbsenceDraft, SeatDraft
from tests.factories import negotiations as table
from tests.factories.market import make_published
from tests.factories.negotiations import Pair, join
from tests.factories.timetables import Hall, Market, list_all, make_hall, plan
from tests.invariants.checks_of_seats import SEATS

STREETS = {
    "锁金村街道": "南京市玄武区锁金村街道办事处",
    "梅园新村街道": "南京市玄武区梅园新村街道办事处",
    "孝陵卫街道": "南京市玄武区孝陵卫街道办事处",
}
ORGANIZATIONS = 5
ACTS = 60


async def market_of(session: AsyncSession, hall: tuple[int, int]) -> Market:
    """Three streets, five organizations, every pair of them accepted once; two halls at the same time."""
    market: Market | None = None
    known: list[Pair] = []
    for street, buyer in STREETS.items():
        project = await make_published(session, street=street, buyer=buyer)
        market = market or Market(await make_hall(session, *hall))
        if not known:
            known = [await join(session, project) for _ in range(ORGANIZATIONS)]
        for pair in known:
            own = Pair(
                project,
                pair.organization,
                table.actors.street(project.area_path),
                pair.district,
                pair.supplier,
            )
            market.pairs.append(own)
            market.intents.append(await table.accepted(session, own))
    assert market is not None
    await list_all(session, market.hall.fair)
    return market


class Day:
    """Somebody does something at the hall."""

    def __init__(self, session: AsyncSession, market: Market, second: Hall, seed: int) -> None:
        self.session, self.market, self.second = session, market, second
        self.random, self.outcomes = Random(seed), Counter[str]()

    def hall(self) -> Hall:
        return self.random.choice([self.market.hall, self.market.hall, self.second])

    async def one_meeting(self) -> Meeting | None:
        found = list(await self.session.scalars(select(Meeting).order_by(Meeting.number)))
        return self.random.choice(found) if found else None

    async def act(self, name: str) -> None:
        try:
            async with self.session.begin_nested():
                await getattr(self, name)()
            self.outcomes[f"{name}: done"] += 1
        except SheqiaError as error:
            self.outcomes[f"{name}: {error.code}"] += 1

    async def take(self) -> None:
        hall, intent = self.hall(), self.random.choice(self.market.intents)
        if self.random.random() < 0.7:
            ready = select(Intent).where(Intent.state == "accepted").order_by(Intent.number)
            intent = self.random.choice([*await self.session.scalars(ready), intent])
        seat = {"slot_id": self.random.choice(hall.slots).id, "table_id": self.random.choice(hall.tables).id}
        draft = SeatDraft(intent=intent.number, pinned=self.random.random() < 0.3, **seat)
        await service.seat(self.session, hall.operator, hall.fair, draft)

    async def change(self) -> None:
        meeting = await self.one_meeting()
        if meeting is None:
            return
        hall = self.market.hall if meeting.fair_id == self.market.hall.fair.id else self.second
        event = self.random.choice(["move", "move", "cancel", "hold", "miss"])
        data = {"by": "buyer"} if event == "miss" else {}
        if event == "move":
            data = {"slot_id": str(self.random.choice(hall.slots).id)}
        await service.transition(self.session, hall.operator, hall.fair, meeting, event, "调整", data)

    async def pin(self) -> None:
        meeting = await self.one_meeting()
        if meeting is not None:
            fair = self.market.hall.fair
            await service.pin(self.session, self.market.hall.operator, fair, meeting, meeting.pinned is False)

    async def excuse(self) -> None:
        hall, pair = self.hall(), self.random.choice(self.market.pairs)
        party = self.random.choice([pair.organization.id, pair.project.buyer_id])
        draft = AbsenceDraft(party_id=party, slot_ids=[self.random.choice(hall.slots).id])
        await service.excuse(self.session, hall.operator, hall.fair, draft)

    async def leave(self) -> None:
        number = self.random.randrange(len(self.market.intents))
        intent: Intent = self.market.intents[number]
        await self.session.refresh(intent)
        supplier = self.market.pairs[number].supplier
        await negotiations.transition(self.session, supplier, intent, "withdraw", "另有安排")

    async def planned(self) -> None:
        hall = self.hall()
        before = await seated(self.session, hall)
        await plan(self.session, hall)
        after = await seated(self.session, hall)
        kept = {number: seat for number, (seat, fixed) in before.items() if fixed}
        assert kept.items() <= {n: seat for n, (seat, _) in after.items()}.items(), "what is settled stays"
        assert (await self.session.execute(AWAY, {"fair": hall.fair.id})).all() == []

    async def wait(self) -> None:
        clock.settle(
            clock.now() - clock.datetime.now(clock.UTC) + timedelta(minutes=self.random.randint(1, 400))
        )
        await service.tick(self.session)


AWAY = text(
    "SELECT m.number FROM meetings m JOIN meeting_absences a ON a.slot_id = m.slot_id"
    " AND a.party_id IN (m.buyer_id, m.organization_id) JOIN intents i ON i.id = m.intent_id"
    " WHERE m.fair_id = :fair AND m.state = 'planned' AND NOT m.pinned AND i.state IN ('accepted', 'scheduled')"
    " AND a.at < m.updated_at"
)
"""Meetings that were planned against an absence that had been noted before."""
WAYS = ["take"] * 7 + ["change"] * 5 + ["planned"] + ["excuse", "pin", "leave", "wait"]


async def seated(session: AsyncSession, hall: Hall) -> dict[str, tuple[tuple[object, object], bool]]:
    """Seat of each live meeting, and whether no plan may touch it."""
    rows = await session.execute(
        select(Meeting.number, Meeting.slot_id, Meeting.table_id, Meeting.pinned, Intent.state)
        .join(Intent, Intent.id == Meeting.intent_id)
        .where(Meeting.live, Meeting.fair_id == hall.fair.id)
    )
    standing = ("accepted", "scheduled", "talked", "shortlisted")
    return {r.number: ((r.slot_id, r.table_id), r.pinned and r.state in standing) for r in rows}


@pytest.mark.parametrize("size", [(1, 4), (2, 6), (4, 5)])
async def test_whatever_happens_nobody_is_in_two_places(session: AsyncSession, size: tuple[int, int]) -> None:
    market = await market_of(session, size)
    second = await make_hall(session, 2, 3, name="分会场")
    await list_all(session, second.fair)
    outcomes: Counter[str] = Counter()
    for seed in range(5):
        clock.settle(timedelta())
        nested = await session.begin_nested()
        day = Day(session, market, second, seed)
        for _ in range(ACTS):
            name = day.random.choice(WAYS)
            await day.act(name)
            await session.flush()
            broken = (await session.execute(text(SEATS[0].sql))).all()
            assert broken == [], (size, seed, name, broken)
        outcomes += day.outcomes
        await nested.rollback()
        session.expire_all()
        for thing in [
            *market.intents,
            *market.hall.tables,
            *market.hall.slots,
            market.hall.fair,
            second.fair,
        ]:
            await session.refresh(thing)
        for thing in [
            *second.tables,
            *second.slots,
            *(p.project for p in market.pairs),
            *(p.organization for p in market.pairs),
        ]:
            await session.refresh(thing)
    # The walk must get somewhere; how far depends on which pairs the ids of the day put first.
    assert min(outcomes[f"{act}: done"] for act in ("planned", "take", "change")) >= 3, outcomes
