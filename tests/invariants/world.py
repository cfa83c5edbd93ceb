"""A small world in which anybody may try anything: two streets, three organizations with one or two places, one funding line.

An act takes a `Turn` (who acts on which project, with one throw of dice for every choice) and calls the services as a person would: it
reads the thing as the actor sees it, then moves it. Whatever is refused raises the service's own error; an act that finds
nothing to act on raises `NotFound` as the services do.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FundingSource
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import NotFound
from app.projects import service as projects
from app.timetables import service as timetables
from app.timetables.schemas import HallDraft
from app.volunteers import service as volunteers
from app.volunteers.schemas import VolunteerDraft
from tests.factories import actors
from tests.factories.editions import make_edition
from tests.factories.evaluations import make_evaluator
from tests.factories.funding import make_line, make_source, source_draft
from tests.factories.market import BUDGET, project_draft
from tests.factories.organizations import make_organization
from tests.factories.timetables import Hall, hall_draft, make_hall

MEIYUAN = "3201/320102/320102002"
STREETS = {
    actors.SUOJINCUN: ("锁金村街道", "南京市玄武区锁金村街道办事处"),
    MEIYUAN: ("梅园新村街道", "南京市玄武区梅园新村街道办事处"),
}
PERMIT = "养老机构备案"
ORGANIZATIONS: tuple[dict[str, Any], ...] = (
    {"capacity_max": 1},
    {"capacity_max": 2, "qualifications": [{"name": PERMIT, "valid_until": "2031-12-31"}]},
    {"capacity_max": 2, "rating": "2A", "qualifications": [{"name": PERMIT}]},
)
PROJECTS = 4
LINE_YUAN = BUDGET / 100 * (PROJECTS - 0.25)
"""The line carries all projects but one."""


@dataclass(slots=True)
class World:
    """Who and what there is; everything else is read from the tables."""

    streets: dict[str, Actor]
    colleagues: dict[str, Actor]
    district: Actor
    second_district: Actor
    city: Actor
    organizations: list[UUID]
    evaluator_id: UUID
    evaluator: Actor
    operator: Actor
    volunteer: Actor
    projects: list[UUID]
    areas: dict[UUID, str]
    tokens: dict[UUID, list[str]] = field(default_factory=dict)
    lots: dict[UUID, UUID] = field(default_factory=dict)
    """With which lot the life of a project goes on that has just been divided."""
    days: int = 0

    def who(self, key: str, project_id: UUID, organization: int = 0) -> Actor:
        """The person with this part in the life of the project."""
        area = self.areas[project_id]
        if key in ("supplier", "rival"):
            place = (organization + (key == "rival")) % len(self.organizations)
            return actors.speaking_for(self.organizations[place])
        return {
            "buyer": self.streets[area],
            "colleague": self.colleagues[area],
            "neighbour": next(actor for path, actor in self.streets.items() if path != area),
            "district": self.district,
            "second_district": self.second_district,
            "city": self.city,
            "evaluator": self.evaluator,
            "operator": self.operator,
            "volunteer": self.volunteer,
        }[key]


PARTS = (
    "buyer",
    "colleague",
    "neighbour",
    "district",
    "second_district",
    "city",
    "supplier",
    "rival",
    "evaluator",
    "operator",
    "volunteer",
)


async def build(session: AsyncSession) -> World:
    """The world on its first day: every project a draft."""
    await make_edition(session)
    source = await make_source(session, source_draft(LINE_YUAN, FundingSource.LOTTERY_FUND, **{
        "earmark_categories": ["elderly_care"], "earmark_percent": 50}))  # fmt: skip
    await make_line(session, LINE_YUAN, source=source)
    organizations = [(await make_organization(session, **facts)).id for facts in ORGANIZATIONS]
    party = await make_evaluator(session)
    streets = {path: actors.street(path) for path in STREETS}
    made, areas = [], {}
    for number in range(PROJECTS):
        area = list(STREETS)[number % len(STREETS)]
        street, buyer = STREETS[area]
        facts = {"street": street, "buyer": buyer, "min_rating": "3A" if number else None}
        facts["funding_parts"] = [{"source": FundingSource.LOTTERY_FUND, "amount_fen": BUDGET}]
        draft = project_draft(**facts, required_qualifications=[PERMIT] if number == 1 else [])
        project = await projects.create(session, streets[area], draft)
        made.append(project.id)
        areas[project.id] = area
    return World(
        streets,
        {path: actors.street(path) for path in STREETS},
        actors.district(),
        actors.district(),
        actors.city(),
        organizations,
        party.id,
        actors.speaking_for(party.id, Role.EVALUATOR),
        (await _fair(session)).operator,
        await _volunteer(session, organizations[1]),
        made,
        areas,
    )


async def _volunteer(session: AsyncSession, organization_id: UUID) -> Actor:
    """Somebody who signs in, and a neighbour who does not, both in the register of one organization."""
    person, staff = actors.official(Role.VOLUNTEER, actors.XUANWU), actors.speaking_for(organization_id)
    for name, account_id in (("桂花阿姨", person.account_id), ("腊梅阿姨", None)):
        draft = VolunteerDraft(
            organization_id=organization_id,
            display_name=name,
            account_id=account_id,
            consented_on=clock.today(),
        )
        await volunteers.register(session, staff, draft)
    return person


async def _fair(session: AsyncSession) -> Hall:
    """A fair of a hundred days with two tables and six slots, so that there is one to come whenever a project is ready."""
    today = clock.today()
    hall = await make_hall(
        session, 2, 2, opens_on=today + timedelta(days=30), closes_on=today + timedelta(days=130)
    )
    for days in (60, 110):
        slots = hall_draft(slots=2, days=[today + timedelta(days=days)]).slots
        await timetables.lay_out(session, hall.operator, hall.fair, HallDraft(slots=slots))
    return hall


@dataclass(slots=True)
class Turn:
    """One try: the world, an open session, who acts, on which project, and the dice."""

    world: World
    session: AsyncSession
    actor: Actor
    project_id: UUID
    dice: int
    organization: int = 0

    @property
    def organization_id(self) -> UUID:
        return self.world.organizations[self.organization]

    def throw(self, sides: int) -> int:
        """A number below `sides`, another one at each call."""
        self.dice, thrown = divmod(self.dice, sides)
        return thrown

    async def one(self, sql: str, **values: Any) -> Any:
        """The first value of a query; raises `NotFound` when there is none."""
        await self.session.flush()
        values = {"project": self.project_id, "organization": self.organization_id} | values
        used = {name: value for name, value in values.items() if f":{name}" in sql}
        found = (await self.session.execute(text(sql), used)).scalar()
        if found is None:
            raise NotFound()
        return found


Act = Callable[[Turn], Awaitable[Any]]
