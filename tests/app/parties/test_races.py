"""Six lists at once name the same bodies and places: each is entered once, and nobody waits for ever."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.models import Area
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.journal import JournalEntry
from app.parties import service
from app.parties.models import Party
from tests.factories.actors import SUOJINCUN
from tests.factories.crowd import at_once, each
from tests.factories.parties import party_draft

LISTS = 6
NAMES = 2_500


async def test_six_lists_name_the_same_bodies(committed: Database) -> None:
    names = [f"第{n}街道办事处" for n in range(NAMES)]
    found: dict[int, list[object]] = {}

    async def read_in(session: AsyncSession, place: int) -> None:
        # half of the lists run backwards: without one order of writing this deadlocks
        turned = names[::-1] if place % 2 else names
        drafts = [party_draft(name) for name in turned]
        made = await service.ensure_many(session, machine("import"), drafts)
        found[place] = sorted(party.id for party in made)

    assert await at_once(committed, each(read_in, LISTS), rehearsed=False) == {"done": LISTS}
    assert all(ids == found[0] for ids in found.values())
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Party)) == len(names)
        named = select(func.count()).select_from(JournalEntry).where(JournalEntry.event == "named")
        assert await session.scalar(named) == len(names)


async def test_six_lists_enter_the_same_communities(committed: Database) -> None:
    names = [f"第{n}社区" for n in range(NAMES)]
    found: dict[int, set[str]] = {}

    async def read_in(session: AsyncSession, place: int) -> None:
        turned = names[::-1] if place % 2 else names
        made = await areas.ensure_communities(session, [(SUOJINCUN, name) for name in turned])
        found[place] = {area.code for area in made.values()}

    assert await at_once(committed, each(read_in, LISTS), rehearsed=False) == {"done": LISTS}
    assert all(codes == found[0] and len(codes) == len(names) for codes in found.values())
    async with committed.reading() as session:
        entered = select(func.count()).select_from(Area).where(Area.level == "community")
        assert await session.scalar(entered) == len(names)
