"""Two people deal with one need: real connections, and one of them is told that it is dealt with."""

import asyncio
from collections import Counter

from sqlalchemy import select

from app.identity.roles import Role
from app.kernel.database import Database
from app.kernel.errors import NotNow
from app.kernel.ids import uuid7
from app.needs import service
from app.needs.models import Need
from tests.factories.actors import SUOJINCUN, official
from tests.factories.needs import make_need, need_draft

CROWD = 20
COMMUNITY = official(Role.COMMUNITY, SUOJINCUN)


async def test_one_of_twenty_answers_a_need(committed: Database) -> None:
    async with committed.writing() as session:
        need = await make_need(session)
    ready = asyncio.Barrier(CROWD)

    async def deal(place: int) -> str:
        try:
            async with committed.writing() as session:
                mine = await service.get(session, COMMUNITY, need.id)
                await ready.wait()
                if place % 2:
                    await service.convert(session, COMMUNITY, [mine.id], uuid7())
                else:
                    await service.transition(session, COMMUNITY, mine, "answer", f"答复{place}", {})
        except NotNow as refused:
            return refused.code
        return "done"

    outcome = Counter(await asyncio.gather(*(deal(place) for place in range(CROWD))))
    async with committed.reading() as session:
        state = await session.scalar(select(Need.state))
        projects = (await service.projects_of(session, [need.id])).get(need.id, [])
    if state == "answered":
        assert (outcome["done"], projects) == (1, [])
    else:
        assert state == "converted" and outcome["done"] == len(projects) == CROWD // 2


async def test_two_needs_are_never_merged_into_each_other(committed: Database) -> None:
    async with committed.writing() as session:
        pair = [await make_need(session), await make_need(session, "独居老人夜里没人管")]
    ready = asyncio.Barrier(CROWD)

    async def merge(place: int) -> str:
        one, other = pair if place % 2 else pair[::-1]
        try:
            async with committed.writing() as session:
                mine = await service.get(session, COMMUNITY, one.id)
                await ready.wait()
                await service.transition(session, COMMUNITY, mine, "merge", None, {"into": other.number})
        except NotNow as refused:
            return refused.code
        return "done"

    outcome = Counter(await asyncio.gather(*(merge(place) for place in range(CROWD))))
    assert outcome["done"] == 1
    async with committed.reading() as session:
        states = sorted(await session.scalars(select(Need.state)))
    assert states == ["collected", "merged"]


async def test_numbers_are_given_once_and_without_gaps(committed: Database) -> None:
    ready = asyncio.Barrier(CROWD)

    async def collect(place: int) -> list[str]:
        async with committed.writing() as session:
            await session.connection()
            await ready.wait()
            made = await service.create_many(
                session, COMMUNITY, [need_draft(f"需求{place}-{n}") for n in range(3)]
            )
            return [need.number for need in made]

    numbers = sorted(number for some in await asyncio.gather(*map(collect, range(CROWD))) for number in some)
    assert [int(number[-5:]) for number in numbers] == list(range(1, 3 * CROWD + 1))
