"""Two people deal with one need: real connections, and one of them is told that it is dealt with."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel.database import Database
from app.kernel.ids import uuid7
from app.needs import service
from app.needs.models import Need
from tests.factories.actors import SUOJINCUN, official
from tests.factories.crowd import at_once, each
from tests.factories.needs import make_need, need_draft

CROWD = 20
COMMUNITY = official(Role.COMMUNITY, SUOJINCUN)


async def test_one_of_twenty_answers_a_need(committed: Database) -> None:
    async with committed.writing() as session:
        need = await make_need(session)

    async def deal(session: AsyncSession, place: int) -> None:
        mine = await service.get(session, COMMUNITY, need.id)
        if place % 2:
            await service.convert(session, COMMUNITY, [mine.id], uuid7())
        else:
            await service.transition(session, COMMUNITY, mine, "answer", f"答复{place}", {})

    outcome = await at_once(committed, each(deal, CROWD))
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

    async def merge(session: AsyncSession, place: int) -> None:
        one, other = pair if place % 2 else pair[::-1]
        mine = await service.get(session, COMMUNITY, one.id)
        await service.transition(session, COMMUNITY, mine, "merge", None, {"into": other.number})

    outcome = await at_once(committed, each(merge, CROWD))
    assert outcome["done"] == 1
    async with committed.reading() as session:
        states = sorted(await session.scalars(select(Need.state)))
    assert states == ["collected", "merged"]


async def test_numbers_are_given_once_and_without_gaps(committed: Database) -> None:
    numbers: dict[int, list[str]] = {}

    async def collect(session: AsyncSession, place: int) -> None:
        drafts = [need_draft(f"需求{place}-{n}") for n in range(3)]
        numbers[place] = [need.number for need in await service.create_many(session, COMMUNITY, drafts)]

    assert await at_once(committed, each(collect, CROWD)) == {"done": CROWD}
    given = sorted(int(number[-5:]) for some in numbers.values() for number in some)
    assert given == list(range(1, 3 * CROWD + 1))
