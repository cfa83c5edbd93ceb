"""Volunteers, activities and hours for tests; every person is invented."""

from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.ids import uuid7
from app.organizations.models import Organization
from app.volunteers import recording, service
from app.volunteers.models import Activity, HourRecord, Volunteer
from app.volunteers.schemas import ActivityDraft, HoursDraft, VolunteerDraft
from tests.factories import actors
from tests.factories.organizations import make_organization

YESTERDAY = timedelta(days=1)


class Team:
    """An organization with two people who enter and verify, an activity, and a volunteer who has an account."""

    organization: Organization
    recorder: Actor
    colleague: Actor
    activity: Activity
    volunteer: Volunteer
    self: Actor


def volunteer_draft(organization: Organization, **changes: Any) -> VolunteerDraft:
    facts: dict[str, Any] = {
        "organization_id": organization.id,
        "display_name": "桂花阿姨",
        "consented_on": clock.today(),
    }
    return VolunteerDraft.model_validate(facts | changes)


async def make_volunteer(session: AsyncSession, team: Team, **changes: Any) -> Volunteer:
    return await service.register(session, team.recorder, volunteer_draft(team.organization, **changes))


async def make_activity(session: AsyncSession, team: Team, **changes: Any) -> Activity:
    facts: dict[str, Any] = {
        "organization_id": team.organization.id,
        "title": "独居老人探访",
        "content": "每周两次，陪聊、代购、量血压。",
        "place": "锁金村街道",
        "starts_on": clock.today() - timedelta(days=400),
        "ends_on": clock.today() + timedelta(days=100),
    }
    return await service.call(session, team.recorder, ActivityDraft.model_validate(facts | changes))


async def make_team(session: AsyncSession, **changes: Any) -> Team:
    team = Team()
    team.organization = await make_organization(session)
    team.recorder, team.colleague = (actors.speaking_for(team.organization.id) for _ in range(2))
    team.activity = await make_activity(session, team)
    team.self = actors.official(Role.VOLUNTEER, actors.XUANWU)
    team.volunteer = await make_volunteer(session, team, account_id=team.self.account_id, **changes)
    return team


def at(hour: float, day: date | None = None) -> datetime:
    """That hour of yesterday in China, or of another day."""
    start = datetime.combine(day or clock.today() - YESTERDAY, time(), clock.CHINA)
    return start + timedelta(hours=hour)


def hours_draft(
    team: Team, start: float = 9, end: float = 11, *, day: date | None = None, **changes: Any
) -> HoursDraft:
    facts: dict[str, Any] = {
        "volunteer": team.volunteer.number,
        "activity_id": team.activity.id,
        "starts_at": at(start, day),
        "ends_at": at(end, day),
        "content": "探访三户独居老人",
    }
    return HoursDraft.model_validate(facts | changes)


async def record(
    session: AsyncSession, team: Team, start: float = 9, end: float = 11, **changes: Any
) -> HourRecord:
    return (await recording.record_many(session, team.recorder, [hours_draft(team, start, end, **changes)]))[
        0
    ]


async def earn(session: AsyncSession, team: Team, hours: float, **changes: Any) -> None:
    """Verified hours, at most a day at once, each on a day of its own before the last one."""
    day = clock.today() - timedelta(days=2)
    while hours > 0:
        row = await record(session, team, 0, min(24, hours), day=day, **changes)
        await recording.transition(session, team.colleague, row, "verify", None)
        day, hours = day - YESTERDAY, hours - 24


def stranger() -> Actor:
    return actors.speaking_for(uuid7())
