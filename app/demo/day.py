"""The eve of the fair: a venue with its projects and its hall, talks agreed between both sides, everybody seated.

Through the same services as the API. Choices are drawn from seeds over what the lists brought, so that the same lists give the same
day, and a stage that was broken off goes on where it stopped.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import time
from random import Random
from typing import NamedTuple
from uuid import UUID

from rich.progress import Progress
from sqlalchemy import exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FairZone
from app.demo import accounts, giving, talks
from app.demo.accounts import CITY, DISTRICT, STREET
from app.demo.stages import EDITION, failed, job_done, signed_in, with_bar
from app.editions import service as editions
from app.editions.models import Edition
from app.fairs import service as fairs
from app.fairs.models import Fair
from app.fairs.schemas import BoothDraft, FairDraft, ListingsDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.database import Database
from app.kernel.errors import CannotRun, SheqiaError
from app.negotiations.models import Intent, IntentState
from app.parties.models import Party
from app.projects.models import Project
from app.timetables import service as timetables
from app.timetables.models import Meeting, MeetingSlot, MeetingTable, TimetablePlan
from app.timetables.schemas import (
    AbsenceDraft,
    Gap,
    HallDraft,
    SeatDraft,
    SeatingDraft,
    SlotPattern,
    TablePattern,
)

FAIR = "2026年南京市社区暨社会公益服务项目洽谈会·主会场（演示）"
LISTED_ELSEWHERE = 30
"""How many projects of each district but the story's own are shown; of that one, all."""
TABLES, SLOTS_A_DAY = 60, 42
LEFT_TO_THE_PLAN = 4
"""The first tables of the hall, which a plan fills before it takes others."""


class Agreed(NamedTuple):
    """A talk that both sides want: its intent, where it belongs, and who they are."""

    number: str
    area_path: str
    buyer_id: UUID
    organization_id: UUID
    organization: str


class Hall(NamedTuple):
    """The slots to come as they follow, and the tables from the last to the first."""

    slots: list[UUID]
    tables: list[UUID]


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
        await with_bar(bars, "洽谈安排 The fair's day", talks.agree(database, fair_id, agent))
        await with_bar(bars, "志愿与捐赠 Giving", giving.prepare(database, agent))
        await _take_first_seats(database, fair_id, operator, agent)
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
        .where(
            Project.edition_code == EDITION, Project.state.in_(talks.ON_OFFER), Project.is_parent.is_(False)
        )
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


# -- the seats -------------------------------------------------------------------------------------------------------


async def _take_first_seats(database: Database, fair_id: UUID, operator: Actor, agent: Actor) -> None:
    """A few say when they cannot come, some take a seat themselves: one transaction, before the others are planned around them.

    The plan fills a slot from its first table on; who chooses takes one of the tables that it would leave empty.
    """
    agency = _speaks_for(agent)
    async with database.writing() as session:
        if await session.scalar(select(Meeting.id).where(Meeting.fair_id == fair_id).limit(1)) is not None:
            return
        fair = await fairs.get(session, fair_id)
        slots = await session.scalars(
            select(MeetingSlot.id)
            .where(MeetingSlot.fair_id == fair_id, MeetingSlot.starts_at > clock.now())
            .order_by(MeetingSlot.starts_at)
        )
        hall = Hall(
            list(slots),
            list(
                await session.scalars(
                    select(MeetingTable.id)
                    .where(MeetingTable.fair_id == fair_id)
                    .order_by(MeetingTable.no.desc())
                )
            ),
        )
        waiting = await _waiting(session, fair_id)
        away = _away(hall, waiting, agency)
        for party_id, hours in away.items():
            said_by = agent if party_id == agency else operator
            draft = AbsenceDraft(party_id=party_id, slot_ids=hours)
            await timetables.excuse(session, said_by, fair, draft)
        for one, seat in _seats(hall, waiting, away):
            own = one.organization_id == agency
            supplier = agent if own else talks.speaker(one.organization_id, one.organization)
            await timetables.seat(session, supplier, fair, seat)


async def _waiting(session: AsyncSession, fair_id: UUID) -> list[Agreed]:
    """The talks that were agreed, in the order of their numbers."""
    rows = await session.execute(
        select(Intent.number, Intent.area_path, Project.buyer_id, Intent.organization_id, Party.name)
        .join(Project, Project.id == Intent.project_id)
        .join(Party, Party.id == Intent.organization_id)
        .where(
            Intent.fair_id == fair_id,
            Intent.state == IntentState.ACCEPTED,
            Project.state.in_(talks.ON_OFFER),
        )
        .order_by(Intent.number)
    )
    return [Agreed(*row) for row in rows]


def _away(hall: Hall, waiting: Sequence[Agreed], agency: UUID) -> dict[UUID, list[UUID]]:
    """The slots in which some cannot come: the agency early, the street's buyer late, others on a whole day."""
    away = {agency: hall.slots[:3]}
    for one in waiting:
        if one.area_path.startswith(STREET):
            away[one.buyer_id] = hall.slots[-6:]
            break
    others = list(dict.fromkeys(one.organization_id for one in waiting if one.organization_id != agency))
    for organization_id in Random("away from the fair").sample(others, min(3, len(others))):
        away[organization_id] = hall.slots[:SLOTS_A_DAY]
    return away


def _seats(
    hall: Hall, waiting: Sequence[Agreed], away: Mapping[UUID, Sequence[UUID]]
) -> Iterable[tuple[Agreed, SeatDraft]]:
    """Each table but the first ones to one talk, at a time when both sides are there and at no other table."""
    chance = Random("seats taken")
    busy = {(party_id, slot) for party_id, hours in away.items() for slot in hours}
    tables = hall.tables[:-LEFT_TO_THE_PLAN]
    for table, one in zip(tables, chance.sample(waiting, min(len(tables), len(waiting))), strict=False):
        parties = (one.buyer_id, one.organization_id)
        free = [slot for slot in hall.slots if busy.isdisjoint((party_id, slot) for party_id in parties)]
        if free:
            slot = chance.choice(free)
            busy |= {(party_id, slot) for party_id in parties}
            yield one, SeatDraft(intent=one.number, slot_id=slot, table_id=table)


async def _seat(database: Database, bars: Progress, fair_id: UUID, operator: Actor) -> None:
    """Ask for a plan as the operator would, and wait until the worker has seated everybody."""
    async with database.writing() as session:
        fair = await fairs.get(session, fair_id)
        plan = await timetables.ask(session, operator, fair, SeatingDraft(time_limit=5))
        job_id = plan.job_id
    await job_done(database, bars, "排座 Seating", job_id)
