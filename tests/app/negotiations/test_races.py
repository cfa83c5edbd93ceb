"""Two people at once: real connections, real commits, a barrier before the decisive act."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.database import Database
from app.negotiations import awards, intents
from app.negotiations.models import OPEN_INTENTS, Award, Intent
from app.organizations.models import HOLDING, Engagement
from app.projects import service as projects
from tests.factories import negotiations as table
from tests.factories.crowd import Act, at_once
from tests.factories.market import make_published
from tests.factories.negotiations import Pair, join, make_pair


async def test_of_fifty_streets_one_gets_the_last_place(committed: Database) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session, capacity_max=1)
        offers = [pair.project] + [await make_published(session) for _ in range(49)]
        for project in offers:
            await table.without_conflict(session, project, pair.street)
    draft = table.award_draft(pair, method="direct_award", reason="防汛应急，须当日进场，其他机构无法到位")

    def award(ref: str) -> Act:
        async def act(session: AsyncSession) -> None:
            project = await projects.get(session, pair.street, ref)
            await awards.propose(session, pair.street, project, draft)

        return act

    ends = await at_once(committed, [award(str(project.id)) for project in offers])
    assert ends == {"done": 1, "H_CAPACITY": 49}
    async with committed.reading() as session:
        holding = select(func.count()).select_from(Engagement).where(Engagement.state.in_(HOLDING))
        assert await session.scalar(holding) == 1
        assert await session.scalar(select(func.count()).select_from(Award)) == 1


async def test_two_awards_for_one_project_meet_and_one_is_refused(committed: Database) -> None:
    async with committed.writing() as session:
        first = await make_pair(session)
        second = await join(session, first.project)
        for pair in (first, second):
            await table.shortlisted(session, pair)
        await table.without_conflict(session, first.project, first.street)

    def award(pair: Pair) -> Act:
        async def act(session: AsyncSession) -> None:
            project = await projects.get(session, first.street, str(pair.project.id))
            await awards.propose(session, first.street, project, table.award_draft(pair))

        return act

    ends = await at_once(committed, [award(first), award(second)])
    assert ends == {"done": 1, "project_not_open": 1}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Award)) == 1


async def test_one_pair_opens_one_interest_however_often_it_is_sent_at_once(committed: Database) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)

    async def express(session: AsyncSession) -> None:
        await intents.express(session, pair.supplier, table.intent_draft(pair))

    ends = await at_once(committed, [express] * 8)
    assert ends == {"done": 1, "intent_already_open": 7}
    async with committed.reading() as session:
        opened = select(func.count()).select_from(Intent).where(Intent.state.in_(OPEN_INTENTS))
        assert await session.scalar(opened) == 1


async def test_an_organization_cannot_slip_more_interest_past_the_daily_limit(committed: Database) -> None:
    async with committed.writing() as session:
        pair = await make_pair(session)
        offers = [pair.project] + [await make_published(session) for _ in range(7)]

    def express(ref: str) -> Act:
        async def act(session: AsyncSession) -> None:
            await intents.express(session, pair.supplier, table.intent_draft(pair, project=ref))

        return act

    ends = await at_once(committed, [express(str(project.id)) for project in offers])
    assert ends == {"done": 3, "intents_pending_max": 5}
