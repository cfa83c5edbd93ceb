"""The day before the fair: a venue with its projects and its hall, talks agreed between both sides, everybody seated.

Through the same services as the API. Choices are drawn from seeds over what the lists brought, so that the same lists give the same
day, and a stage that was broken off goes on where it stopped.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from random import Random
from typing import NamedTuple
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FairZone, Initiator
from app.demo import accounts, giving
from app.demo.accounts import CITY, DISTRICT, STREET
from app.demo.stages import EDITION, failed, job_done, signed_in, with_bar
from app.editions import service as editions
from app.editions.models import Edition
from app.fairs import service as fairs
from app.fairs.models import Fair, Listing
from app.fairs.schemas import BoothDraft, FairDraft, ListingsDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor, Grant
from app.kernel.database import Database
from app.kernel.errors import CannotRun, SheqiaError
from app.kernel.money import FEN
from app.matches import service as matches
from app.matches.models import MatchResult, MatchRun
from app.negotiations import service as negotiations
from app.negotiations.models import Intent
from app.negotiations.schemas import IntentDraft
from app.parties.models import Party
from app.projects.models import Project, ProjectState
from app.timetables import service as timetables
from app.timetables.models import MeetingSlot, TimetablePlan
from app.timetables.schemas import AbsenceDraft, Gap, HallDraft, SeatingDraft, SlotPattern, TablePattern

FAIR = "2026年南京市社区暨社会公益服务项目洽谈会·主会场（演示）"
LISTED_ELSEWHERE = 30
"""How many projects of each district but the story's own are shown; of that one, all."""
TABLES, SLOTS_A_DAY = 60, 42
TALKS = 240
OWN_TALKS = 3
"""Talks of the demonstration's agency, so that its account has a running order of its own."""
MOST_EACH = 3
"""Talks of one organization: as many as the edition lets it have unanswered on one day."""
BEST_PLACES = 6
AT_ONCE = 24
MESSAGES = (
    "愿意承接，可在会上说明服务方案与人员安排。",
    "我们在本区有同类项目经验，希望当面沟通服务对象与频次。",
    "团队可在签约后两周内进场，请约时间详谈。",
)
ON_OFFER = (ProjectState.PUBLISHED, ProjectState.NEGOTIATING)


class Pair(NamedTuple):
    """A project and an organization that fits it, who posted it, and what was offered for it."""

    project_id: UUID
    number: str
    area_path: str
    buyer_id: UUID
    budget_fen: int | None
    organization_id: UUID
    organization: str


async def stands(session: AsyncSession) -> bool:
    """Whether nothing is left to prepare: the plan, which comes last, is stored, or the days of the fair are over."""
    planned = exists().where(
        Fair.edition_code == EDITION,
        Fair.name == FAIR,
        TimetablePlan.fair_id == Fair.id,
        TimetablePlan.stored_at.is_not(None),
    )
    over = exists().where(Edition.code == EDITION, Edition.fair_closes_on <= clock.today())
    return bool(await session.scalar(select(or_(planned, over))))


async def prepare(database: Database, bars: Progress) -> None:
    """Prepare the day, each stage unless it is done already. Raises `CannotRun` where a domain refuses something."""
    async with database.reading() as session:
        if await stands(session):
            return
    try:
        agent = await signed_in(database, accounts.name_of(Role.ORGANIZATION))
        operator = await signed_in(database, accounts.name_of(Role.FAIR_OPERATOR))
        fair_id = await _open_fair(database, operator, _speaks_for(agent))
        await with_bar(bars, "洽谈安排 The fair's day", _agree_talks(database, fair_id, agent))
        await with_bar(bars, "志愿与捐赠 Giving", giving.prepare(database, agent))
        await _excuse(database, fair_id, operator, agent)
        await _seat(database, bars, fair_id, operator)
    except CannotRun:
        raise
    except SheqiaError as refused:
        raise failed("；".join(f"{p.zh} {p.en}" for p in refused.problems)) from refused


def _speaks_for(agent: Actor) -> UUID:
    """The organization that the demonstration's account speaks for."""
    (agency,) = agent.party_ids
    return agency


# -- the venue -------------------------------------------------------------------------------------------------------


async def _open_fair(database: Database, operator: Actor, agency: UUID) -> UUID:
    """The venue with the projects shown there, its hall and its booths, in one transaction; found again when it stands."""
    city = await signed_in(database, accounts.name_of(Role.CITY_BUREAU))
    async with database.writing() as session:
        known = select(Fair.id).where(Fair.edition_code == EDITION, Fair.name == FAIR)
        if (found := await session.scalar(known)) is not None:
            return found
        edition = await editions.get(session, EDITION)
        draft = FairDraft(
            edition=EDITION,
            name=FAIR,
            venue="南京社区公益服务会展中心（演示）",
            area_path=CITY,
            opens_on=edition.fair_opens_on,
            closes_on=edition.fair_closes_on,
        )
        fair = await fairs.create(session, city, draft)
        shown = ListingsDraft(project_ids=await _shown(session))
        await fairs.list_projects(session, operator, fair, shown)
        await timetables.lay_out(session, operator, fair, _hall())
        await fairs.set_up(session, operator, fair, _booths(agency))
        return fair.id


def _hall() -> HallDraft:
    """Forty-two slots of eight minutes and two to change on each day of the fair, with lunch between."""
    lunch = Gap(starts=time(11, 50), ends=time(13, 30))
    return HallDraft(
        tables=TablePattern(prefix="A-", count=TABLES),
        slots=SlotPattern(first_start=time(9), count=SLOTS_A_DAY, gaps=[lunch]),
    )


async def _shown(session: AsyncSession) -> list[UUID]:
    """All projects of the story's district, and some of every other one."""
    rows = await session.execute(
        select(Project.id, Project.district_path)
        .where(Project.edition_code == EDITION, Project.state.in_(ON_OFFER), Project.is_parent.is_(False))
        .order_by(Project.number)
    )
    by_district: dict[str, list[UUID]] = defaultdict(list)
    for project_id, district in rows:
        by_district[district or ""].append(project_id)
    chance = Random("listed at the fair")
    shown = by_district.pop(DISTRICT, [])
    for _, ids in sorted(by_district.items()):
        shown += chance.sample(ids, min(LISTED_ELSEWHERE, len(ids)))
    return shown


def _booths(agency: UUID) -> list[BoothDraft]:
    """A booth for each district's projects, one for the agency of the story, and a few that are still free."""
    booths = [BoothDraft(zone=FairZone.DISTRICT_PROJECTS, label=f"B-{no:02d}") for no in range(1, 13)]
    booths += [BoothDraft(zone=FairZone.BRAND_ORGANIZATIONS, label=f"C-{no:02d}") for no in range(2, 9)]
    return [*booths, BoothDraft(zone=FairZone.BRAND_ORGANIZATIONS, label="C-01", party_id=agency)]


# -- the talks -------------------------------------------------------------------------------------------------------


async def _agree_talks(database: Database, fair_id: UUID, agent: Actor) -> int:
    """Interest of well ranked organizations in projects at the fair, accepted by who buys; how many are new."""
    agency = _speaks_for(agent)
    async with database.reading() as session:
        chosen = _chosen(await _ranked(session, fair_id, agency), agency)
        pairs = await _open_pairs(session, chosen)
    buyers = await _buyers(database, pairs)
    for first in range(0, len(pairs), AT_ONCE):
        async with database.writing() as session:
            for pair in pairs[first : first + AT_ONCE]:
                supplier = agent if pair.organization_id == agency else _speaker(pair)
                intent = await negotiations.express(session, supplier, _interest(pair, fair_id))
                await negotiations.transition(session, buyers[_office(pair.area_path)], intent, "accept")
    return len(pairs)


async def _ranked(session: AsyncSession, fair_id: UUID, agency: UUID) -> list[Pair]:
    """The best places of the newest match for each project at the fair, and all places of the demonstration's agency."""
    newest = (
        select(MatchRun.id)
        .where(MatchRun.edition_code == EDITION, MatchRun.stored_at.is_not(None))
        .order_by(MatchRun.stored_at.desc(), MatchRun.id.desc())
        .limit(1)
    )
    rows = await session.execute(
        select(
            Project.id,
            Project.number,
            Project.area_path,
            Project.buyer_id,
            Project.budget_fen,
            Party.id,
            Party.name,
        )
        .join(MatchResult, MatchResult.project_id == Project.id)
        .join(Listing, Listing.project_id == Project.id)
        .join(Party, Party.id == MatchResult.organization_id)
        .where(
            MatchResult.run_id == newest.scalar_subquery(),
            Listing.fair_id == fair_id,
            Project.state.in_(ON_OFFER),
            or_(MatchResult.rank <= BEST_PLACES, MatchResult.organization_id == agency),
        )
        .order_by(Project.number, MatchResult.rank)
    )
    return [Pair(*row) for row in rows]


def _chosen(ranked: Iterable[Pair], agency: UUID) -> list[Pair]:
    """Some talks for the agency, some for every project of the story's street, the rest spread over all districts."""
    by_project: dict[str, list[Pair]] = defaultdict(list)
    for pair in ranked:
        by_project[pair.number].append(pair)
    own = [pair for places in by_project.values() for pair in places if pair.organization_id == agency]
    chosen = own[:OWN_TALKS]
    taken = Counter(pair.organization_id for pair in chosen)
    taken[agency] = MOST_EACH
    chance = Random("talks at the fair")
    projects = sorted(by_project)
    chance.shuffle(projects)
    projects.sort(key=lambda number: not by_project[number][0].area_path.startswith(STREET))
    for number in projects:
        free = [pair for pair in by_project[number] if taken[pair.organization_id] < MOST_EACH]
        some = free[: chance.choice((1, 1, 2))]
        taken.update(pair.organization_id for pair in some)
        chosen += some
        if len(chosen) >= TALKS:
            break
    return chosen[:TALKS]


async def _open_pairs(session: AsyncSession, chosen: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs that no gate of this day keeps apart, and that have not found each other already."""
    wanted = [(pair.project_id, pair.organization_id) for pair in chosen]
    broken = await matches.gates(session, wanted, clock.today())
    known = await session.execute(
        select(Intent.project_id, Intent.organization_id).where(Intent.edition_code == EDITION)
    )
    met = {(row.project_id, row.organization_id) for row in known}
    return [
        pair
        for pair, key, problems in zip(chosen, wanted, broken, strict=True)
        if not problems and key not in met
    ]


def _interest(pair: Pair, fair_id: UUID) -> IntentDraft:
    chance = Random(f"interest in {pair.number} of {pair.organization}")
    whole_hundreds = (pair.budget_fen or 0) * chance.randint(92, 100) // 100 // 10_000 * 10_000
    return IntentDraft.model_validate(
        {
            "project": str(pair.project_id),
            "organization": str(pair.organization_id),
            "initiated_by": Initiator.ORGANIZATION,
            "quoted_fen": whole_hundreds or pair.budget_fen,
            "message": chance.choice(MESSAGES),
            "fair_id": fair_id,
        },
        by_name=True,
        by_alias=False,
        context=FEN,
    )


def _speaker(pair: Pair) -> Actor:
    """Somebody of an organization that has no account in the demonstration."""
    return Actor(
        None, f"演示·{pair.organization}", (Grant(Role.ORGANIZATION, party_id=pair.organization_id),)
    )


def _office(area_path: str) -> str:
    """The account that answers for a place: the street of the story, else the bureau of the district."""
    if area_path.startswith(STREET):
        return accounts.name_of(Role.STREET)
    district = "/".join(area_path.split("/")[:2])
    return accounts.district_name(district) if "/" in district else accounts.name_of(Role.CITY_BUREAU)


async def _buyers(database: Database, pairs: Sequence[Pair]) -> Mapping[str, Actor]:
    names = sorted({_office(pair.area_path) for pair in pairs})
    return {name: await signed_in(database, name) for name in names}


# -- the seats -------------------------------------------------------------------------------------------------------


async def _excuse(database: Database, fair_id: UUID, operator: Actor, agent: Actor) -> None:
    """A few who cannot come all the time: the agency says so itself, of others the operator notes it."""
    agency = _speaks_for(agent)
    async with database.writing() as session:
        fair = await fairs.get(session, fair_id)
        slots = list(
            await session.scalars(
                select(MeetingSlot.id).where(MeetingSlot.fair_id == fair_id).order_by(MeetingSlot.starts_at)
            )
        )
        buyer, others = await _parties_at(session, fair_id)
        away = [(agent, agency, slots[:3]), (operator, buyer, slots[-6:])]
        some = Random("away from the fair").sample([one for one in others if one != agency], 3)
        away += [(operator, one, slots[:SLOTS_A_DAY]) for one in some]
        for actor, party_id, hours in away:
            if party_id is not None:
                await timetables.excuse(session, actor, fair, AbsenceDraft(party_id=party_id, slot_ids=hours))


async def _parties_at(session: AsyncSession, fair_id: UUID) -> tuple[UUID | None, list[UUID]]:
    """A buyer of the story's street with talks at the fair, and the organizations that have some, in a steady order."""
    buyer = await session.scalar(
        select(Project.buyer_id)
        .join(Intent, Intent.project_id == Project.id)
        .where(Intent.fair_id == fair_id, Project.area_path.startswith(STREET))
        .order_by(Project.number)
        .limit(1)
    )
    rows = await session.execute(
        select(Party.id, Party.name)
        .where(exists().where(Intent.organization_id == Party.id, Intent.fair_id == fair_id))
        .order_by(Party.name)
    )
    return buyer, [row.id for row in rows]


async def _seat(database: Database, bars: Progress, fair_id: UUID, operator: Actor) -> None:
    """Ask for a plan as the operator would, and wait until the worker has seated everybody."""
    async with database.writing() as session:
        fair = await fairs.get(session, fair_id)
        plan = await timetables.ask(session, operator, fair, SeatingDraft(time_limit=5))
        job_id = plan.job_id
    await job_done(database, bars, "排座 Seating", job_id)
