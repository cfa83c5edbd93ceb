"""What people give in the demonstration: volunteers of its agency with their hours, and donations to the story's district.

Every person is a number and an invented name to call them by. Each half is one transaction: it is there, or it is not.
"""

from datetime import date, datetime, time, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, DonationKind, HourScheme, VolunteerKind
from app.demo import accounts
from app.demo.accounts import DISTRICT, STREET
from app.demo.stages import EDITION, signed_in
from app.donations import service as donations
from app.donations.models import Donation
from app.donations.schemas import DonationDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.database import Database
from app.kernel.money import FEN
from app.projects.models import Project, ProjectState
from app.volunteers import recording
from app.volunteers import service as volunteers
from app.volunteers.models import Activity, Volunteer
from app.volunteers.schemas import ActivityDraft, HoursDraft, VolunteerDraft

PERSONS = (
    "桂花阿姨", "石榴姐", "梧桐", "青柠", "豆豆妈", "茉莉", "小满", "老船长", "秋千", "芦苇", "热水瓶",
)  # fmt: skip
TEAM = "银杏叶小队"
VISITS, CLASSES = "独居老人周末探访", "照护者喘息课堂"
WEEKS = 4
VERIFIED_SHARE = 0.6
GIVEN_FOR_CARE = "照护者喘息服务专项善款（演示）"
PLACE = "玄武区锁金村街道"


async def prepare(database: Database, agent: Actor) -> int:
    """Enter volunteers, hours and donations where there are none yet; how many entries were made."""
    return await _volunteers(database, agent) + await _donations(database)


# -- volunteers and their hours ---------------------------------------------------------------------------------------


async def _volunteers(database: Database, agent: Actor) -> int:
    """A dozen in the register of the agency; what its agent entered, its social worker has verified in part."""
    (agency,) = agent.party_ids
    worker = await signed_in(database, accounts.name_of(Role.SOCIAL_WORKER))
    somebody = await signed_in(database, accounts.name_of(Role.VOLUNTEER))
    async with database.writing() as session:
        known = select(Volunteer.id).where(Volunteer.organization_id == agency).limit(1)
        if await session.scalar(known) is not None:
            return 0
        entered = await volunteers.register_many(session, agent, _register(agency, somebody.account_id))
        activities = [
            await volunteers.call(session, agent, draft) for draft in (_visits(agency), _classes(agency))
        ]
        records = await recording.record_many(session, agent, _hours(entered, activities))
        chance = Random("hours verified")
        for record in records:
            if chance.random() < VERIFIED_SHARE:
                await recording.transition(session, worker, record, "verify", None)
        return len(entered) + len(records)


def _register(agency: UUID, account_id: UUID | None) -> list[VolunteerDraft]:
    """Eleven persons, the first of them with the demonstration's volunteer account, and a team."""
    agreed = clock.today() - timedelta(days=90)
    drafts = [
        VolunteerDraft(organization_id=agency, display_name=name, consented_on=agreed) for name in PERSONS
    ]
    drafts[0] = drafts[0].model_copy(update={"account_id": account_id})
    team = VolunteerDraft(
        organization_id=agency, kind=VolunteerKind.GROUP, display_name=TEAM, consented_on=agreed
    )
    return [*drafts, team]


def _visits(agency: UUID) -> ActivityDraft:
    return _activity(agency, VISITS, "每周末上门陪聊、代购、量血压，两人一组。")


def _classes(agency: UUID) -> ActivityDraft:
    return _activity(agency, CLASSES, "课堂期间替照护者看护老人，课后整理场地。")


def _activity(agency: UUID, title: str, content: str) -> ActivityDraft:
    today = clock.today()
    return ActivityDraft(
        organization_id=agency,
        title=title,
        content=content,
        place=PLACE,
        starts_on=today - timedelta(days=60),
        ends_on=today + timedelta(days=120),
    )


def _hours(entered: list[Volunteer], activities: list[Activity]) -> list[HoursDraft]:
    """A morning or an afternoon in most of the last weeks, never two at once."""
    chance = Random("hours given")
    found = []
    for volunteer in entered:
        for week in range(1, WEEKS + 1):
            if chance.random() < 0.25:
                continue
            day = clock.today() - timedelta(days=7 * week - chance.randrange(3))
            starts_at = _at(day, chance.choice((9, 14)))
            activity = chance.choice(activities)
            found.append(
                HoursDraft(
                    volunteer=volunteer.number,
                    activity_id=activity.id,
                    starts_at=starts_at,
                    ends_at=starts_at + timedelta(minutes=30 * chance.randint(2, 7)),
                    scheme=chance.choice(
                        (HourScheme.TIME_BANK, HourScheme.TIME_BANK, HourScheme.RECORD_ONLY)
                    ),
                    content="陪伴与探访" if activity.title == VISITS else "课堂看护与整理",
                )
            )
    return found


def _at(day: date, hour: int) -> datetime:
    return datetime.combine(day, time(hour), clock.CHINA)


# -- donations --------------------------------------------------------------------------------------------------------


async def _donations(database: Database) -> int:
    """Money from somebody who wishes to stay unnamed, goods of which not all came, and a room that is still on offer."""
    funder = await signed_in(database, accounts.name_of(Role.CHARITY_FUNDER))
    street = await signed_in(database, accounts.name_of(Role.STREET))
    bureau = await signed_in(database, accounts.district_name(DISTRICT))
    (donor,) = funder.party_ids
    async with database.writing() as session:
        known = select(Donation.id).where(Donation.title == GIVEN_FOR_CARE).limit(1)
        if await session.scalar(known) is not None:
            return 0
        money = await donations.offer(session, funder, _money(donor))
        await donations.transition(session, bureau, money, "receive", None, {})
        goods, room = await donations.offer_many(
            session, street, [_goods(await _project_of_the_street(session)), _room()]
        )
        await donations.transition(session, street, goods, "receive", "到货 36 台", {"amount": "36"})
        return len((money, goods, room))


async def _project_of_the_street(session: AsyncSession) -> str | None:
    """A project of the street's own list that goods may be given for; none where the lists brought none."""
    return await session.scalar(
        select(Project.number)
        .where(
            Project.edition_code == EDITION,
            Project.area_path.startswith(STREET),
            Project.category == Category.ELDERLY_CARE,
            Project.state.in_((ProjectState.PUBLISHED, ProjectState.NEGOTIATING)),
        )
        .order_by(Project.number)
        .limit(1)
    )


def _money(donor: UUID) -> DonationDraft:
    return DonationDraft.model_validate(
        {
            "kind": DonationKind.MONEY,
            "title": GIVEN_FOR_CARE,
            "area_path": DISTRICT,
            "donor_id": donor,
            "anonymous": True,
            "amount": "30000",
            "purpose": "用于失能老人家庭照护者的喘息服务。",
            "purpose_categories": [Category.ELDERLY_CARE, Category.FAMILY_WOMEN],
        }
    )


def _goods(project: str | None) -> DonationDraft:
    return DonationDraft.model_validate(
        {
            "kind": DonationKind.GOODS,
            "title": "家用电子血压计",
            "area_path": STREET,
            "donor_name": "锁金村街道商户联谊会（演示）",
            "amount": "40",
            "unit": "台",
            "value_fen": 8_000_00,
            "purpose": "用于老人上门探访时测量血压。",
            "purpose_categories": [Category.ELDERLY_CARE],
            "purpose_project": project,
            "valid_to": clock.today() + timedelta(days=365),
        },
        by_name=True,
        context=FEN,
    )


def _room() -> DonationDraft:
    return DonationDraft.model_validate(
        {
            "kind": DonationKind.VENUE,
            "title": "周末活动教室",
            "area_path": STREET,
            "donor_name": "紫金书屋（演示）",
            "amount": "24",
            "unit": "次",
            "value_fen": 4_800_00,
            "purpose": "用于未成年人课后陪伴。",
            "purpose_categories": [Category.MINOR_PROTECTION, Category.YOUTH_DEVELOPMENT],
            "valid_to": clock.today() + timedelta(days=180),
        },
        by_name=True,
        context=FEN,
    )
