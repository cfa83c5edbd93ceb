"""Stories of volunteers on a real database: entered, called, their hours verified, saved, spent, and forgotten."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import HourScheme, VolunteerKind
from app.editions.models import Edition
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, SheqiaError
from app.kernel.ids import uuid7
from app.kernel.journal import JournalEntry
from app.volunteers import accounts, recording, service
from app.volunteers.models import HourRecord, TimeEntry, Volunteer
from app.volunteers.schemas import Spending, VolunteerChange
from tests.factories import actors
from tests.factories import contracts as deals
from tests.factories import volunteers as make
from tests.factories.editions import make_edition
from tests.factories.statements import counting
from tests.factories.volunteers import Team


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


async def balance(session: AsyncSession, team: Team, volunteer: Volunteer | None = None) -> Decimal:
    (view,) = await service.views(session, team.recorder, [volunteer or team.volunteer])
    return view.balance_hours


async def spend(
    session: AsyncSession, actor: Actor, volunteer: Volunteer, kind: str, hours: str, **more: Any
) -> list[TimeEntry]:
    wanted = Spending.model_validate({"kind": kind, "hours": hours, **more})
    return await accounts.spend(session, actor, volunteer, wanted)


async def booked(session: AsyncSession, volunteer: Volunteer) -> list[tuple[str, float]]:
    rows = await session.scalars(
        select(TimeEntry).where(TimeEntry.volunteer_id == volunteer.id).order_by(TimeEntry.turn)
    )
    return [(row.kind, row.half_hours / 2) for row in rows]


# --- hours ----------------------------------------------------------------------------------------------------------


async def test_hours_count_once_somebody_else_has_verified_them(session: AsyncSession) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team, 9, 11.5)
    assert await balance(session, team) == 0
    assert await refused(recording.transition(session, team.recorder, row, "verify", None)) == [
        "verified_by_another"
    ]
    await recording.transition(session, team.colleague, row, "verify", None)
    (view,) = await service.views(session, team.recorder, [team.volunteer])
    assert (view.verified_hours, view.balance_hours, view.donated_hours) == (
        Decimal("2.5"),
        Decimal("2.5"),
        0,
    )
    assert await booked(session, team.volunteer) == [("credit", 2.5)]


async def test_nobody_enters_or_verifies_hours_of_their_own(session: AsyncSession) -> None:
    """A member of the staff who volunteers is a volunteer then."""
    team = await make.make_team(session)
    staff = actors.speaking_for(team.organization.id)
    team.volunteer = await make.make_volunteer(session, team, account_id=staff.account_id)
    draft = make.hours_draft(team)
    assert await refused(recording.record_many(session, staff, [draft]), NotYou) == ["own_hours"]
    row = await make.record(session, team)
    assert await refused(recording.transition(session, staff, row, "verify", None)) == ["own_hours"]


async def test_the_database_itself_refuses_own_and_overlapping_hours(session: AsyncSession) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team, 9, 11)
    second = await make.record(session, team, 11, 13)
    for change, constraint in (
        ({"recorded_by": team.volunteer.account_id}, "not_ones_own_hours"),
        ({"starts_at": make.at(10), "ends_at": make.at(12)}, "hours_do_not_overlap"),
        ({"verified_by": row.recorded_by}, "verified_by_another"),
        ({"half_hours": 5}, "as_long_as_said"),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            async with session.begin_nested():
                await session.execute(update(HourRecord).where(HourRecord.id == second.id).values(**change))


async def test_one_volunteer_is_in_one_place_at_a_time_and_a_refused_record_makes_room(
    session: AsyncSession,
) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team, 9, 11)
    assert await refused(make.record(session, team, 10.5, 12)) == ["hours_overlap"]
    twice = [make.hours_draft(team, 14, 16), make.hours_draft(team, 15, 17)]
    assert await refused(recording.record_many(session, team.recorder, twice)) == ["hours_overlap"]
    await recording.transition(session, team.recorder, row, "refuse", "填错日期")
    await make.record(session, team, 10.5, 12)


async def test_a_long_day_is_marked_for_whoever_verifies(session: AsyncSession) -> None:
    team = await make.make_team(session)
    first = await make.record(session, team, 6, 14)
    second = await make.record(session, team, 14, 15)
    assert (first.long_day, second.long_day) == (False, True)
    told = [task.en for task in await service.tasks(session, team.colleague)]
    assert told == ["verify volunteer hours", "verify volunteer hours (more than 8 on one day)"]
    assert await service.tasks(session, team.recorder) == [], "what one has entered oneself waits for others"
    assert await service.tasks(session, team.self) == []


async def test_hours_belong_to_an_activity_of_the_organization_that_enters_them(
    session: AsyncSession,
) -> None:
    team, other = await make.make_team(session), await make.make_team(session)
    assert await refused(
        recording.record_many(session, other.recorder, [make.hours_draft(team)]), NotYou
    ) == ["not_you"]
    nobody = make.hours_draft(other, volunteer="NJ-ZY-999999")
    assert await refused(recording.record_many(session, other.recorder, [nobody]), Malformed) == [
        "volunteer_unknown"
    ]
    assert await refused(recording.record_many(session, make.stranger(), [nobody]), NotYou) == ["not_you"]
    nothing = make.hours_draft(other, activity_id=uuid7())
    assert await refused(recording.record_many(session, other.recorder, [nothing, nobody]), Malformed) == [
        "activity_unknown"
    ]
    guest = make.hours_draft(other, volunteer=team.volunteer.number)
    await recording.record_many(session, other.recorder, [guest])
    assert await refused(make.record(session, team)) == ["hours_overlap"], "the city counts a person once"


async def test_volunteers_are_called_to_the_running_contract_of_their_organization(
    session: AsyncSession,
) -> None:
    deal = await deals.make_in_delivery(session)
    team = await make.make_team(session)
    mine = Team()
    mine.organization, mine.recorder = deal.pair.organization, deal.supplier
    called = await make.make_activity(session, mine, contract=deal.contract.number)
    assert (called.contract_id, called.area_path) == (deal.contract.id, deal.contract.area_path)
    assert await refused(make.make_activity(session, team, contract=deal.contract.number)) == [
        "not_the_supplier"
    ]


async def test_many_hours_cost_as_many_statements_as_few(session: AsyncSession) -> None:
    team = await make.make_team(session)
    costs = []
    for day, count in ((10, 1), (20, 20)):
        date = clock.today() - timedelta(days=day)
        drafts = [make.hours_draft(team, place, place + 0.5, day=date) for place in range(count)]
        with counting() as sent:
            await recording.record_many(session, team.recorder, drafts)
        costs.append(len(sent))
    assert costs == [5, 5]


# --- accounts -------------------------------------------------------------------------------------------------------


async def test_time_is_spent_given_to_all_and_given_to_one(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await make.earn(session, team, 10)
    friend = await make.make_volunteer(session, team)
    await spend(session, team.self, team.volunteer, "debit", "2.5", note="母亲陪诊")
    await spend(session, team.self, team.volunteer, "donate", "3")
    await spend(session, team.self, team.volunteer, "transfer", "1", to=friend.number)
    assert await booked(session, team.volunteer) == [
        ("credit", 10),
        ("debit", -2.5),
        ("donate", -3),
        ("transfer", -1),
    ]
    assert await booked(session, friend) == [("transfer", 1)]
    assert await refused(spend(session, team.self, team.volunteer, "debit", "4")) == ["time_account_short"]
    assert await balance(session, team) == Decimal("3.5")


async def test_nobody_spends_the_time_of_another(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await make.earn(session, team, 4)
    for somebody in (team.recorder, actors.street(), make.stranger()):
        assert await refused(spend(session, somebody, team.volunteer, "donate", "1"), NotYou) == ["not_you"]
    assert await refused(spend(session, team.self, team.volunteer, "adjust", "1", note="多给"), NotYou) == [
        "not_you"
    ]
    without_account = await make.make_volunteer(session, team)
    await make.earn(session, team, 2, volunteer=without_account.number)
    await spend(session, team.recorder, without_account, "donate", "1")
    assert await balance(session, team, without_account) == 1


async def test_an_account_holds_fifteen_hundred_hours_and_the_rest_goes_on_to_all(
    session: AsyncSession,
) -> None:
    team = await make.make_team(session)
    await spend(session, actors.district(), team.volunteer, "adjust", "1499", note="旧系统转入")
    await make.earn(session, team, 2)
    assert await booked(session, team.volunteer) == [("adjust", 1499), ("donate", -1), ("credit", 2)]
    (view,) = await service.views(session, team.recorder, [team.volunteer])
    assert (view.balance_hours, view.donated_hours, view.verified_hours) == (1500, 1, 2)
    more = spend(session, actors.district(), team.volunteer, "adjust", "0.5", note="再转入")
    assert await refused(more) == ["time_account_full"]


async def test_a_cap_the_edition_lowers_takes_nothing_away(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await spend(session, actors.district(), team.volunteer, "adjust", "100", note="旧系统转入")
    await make_edition(session, settings={"time_account_cap_hours": 50})
    await make.earn(session, team, 2)
    assert await balance(session, team) == 100
    await spend(session, team.self, team.volunteer, "donate", "60")
    day = clock.today() - timedelta(days=90)
    row = await make.record(session, team, 0, 20, day=day)
    await recording.transition(session, team.colleague, row, "verify", None)
    assert await balance(session, team) == 50
    assert (await session.scalars(select(Edition.code))).all() == ["2026"]


async def test_hours_of_a_team_are_only_donated(session: AsyncSession) -> None:
    team = await make.make_team(session)
    choir = await make.make_volunteer(session, team, kind=VolunteerKind.GROUP, display_name="夕阳红合唱队")
    await make.earn(session, team, 6, volunteer=choir.number)
    for kind, to in (("debit", {}), ("transfer", {"to": team.volunteer.number})):
        assert await refused(spend(session, team.recorder, choir, kind, "1", **to)) == ["a_team_only_donates"]
    await spend(session, team.recorder, choir, "donate", "6")
    assert await balance(session, team, choir) == 0
    assert await refused(
        spend(session, team.self, team.volunteer, "transfer", "1", to=choir.number), Malformed
    ) == ["receiver_unknown"]


async def test_hours_for_the_record_alone_are_not_saved(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await make.earn(session, team, 3, scheme=HourScheme.RECORD_ONLY)
    (view,) = await service.views(session, team.recorder, [team.volunteer])
    assert (view.verified_hours, view.balance_hours) == (3, 0)


async def test_hours_that_were_not_true_are_taken_out_again_unless_they_are_spent(
    session: AsyncSession,
) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team, 9, 11)
    await recording.transition(session, team.colleague, row, "verify", None)
    await spend(session, team.self, team.volunteer, "donate", "2")
    void = recording.transition(session, actors.district(), row, "void", "查无此活动")
    with pytest.raises(NotNow) as caught:
        async with session.begin_nested():
            await void
    assert caught.value.code == "time_account_short"
    await session.refresh(row)
    await make.earn(session, team, 2)
    await recording.transition(session, actors.district(), row, "void", "查无此活动")
    assert await balance(session, team) == 0
    assert (await booked(session, team.volunteer))[-1] == ("adjust", -2)


async def test_an_account_is_only_added_to(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await make.earn(session, team, 2)
    for change in ("UPDATE volunteer_time SET half_hours = 9", "DELETE FROM volunteer_time"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text(change))


# --- who is told ----------------------------------------------------------------------------------------------------


async def test_a_name_is_for_its_bearer_and_the_organization_that_keeps_it(session: AsyncSession) -> None:
    team = await make.make_team(session)

    async def name(actor: Actor) -> str | None:
        seen = await service.get(session, actor, team.volunteer.number)
        return (await service.views(session, actor, [seen]))[0].display_name

    assert await name(team.self) == await name(team.recorder) == "桂花阿姨"
    assert await name(actors.street()) == "桂**"
    for nobody in (
        make.stranger(),
        actors.street("3201/320106/320106001"),
        actors.official(Role.VOLUNTEER, "3201"),
    ):
        assert await refused(service.get(session, nobody, team.volunteer.number), NotFound) == ["not_found"]
    told = (await session.scalars(select(JournalEntry))).all()
    assert not any("桂花" in str(entry.change) + entry.actor_label + str(entry.note) for entry in told)


async def test_a_volunteer_sees_their_own_hours_and_nobody_elses(session: AsyncSession) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team)
    friend = await make.make_volunteer(session, team)
    other = await make.record(session, team, volunteer=friend.number)
    assert await recording.get(session, team.self, row.id) is row
    assert await refused(recording.get(session, team.self, other.id), NotFound) == ["not_found"]
    assert await refused(recording.get(session, make.stranger(), row.id), NotFound) == ["not_found"]


async def test_who_asks_to_be_forgotten_leaves_a_number_and_hours(session: AsyncSession) -> None:
    team = await make.make_team(session)
    await make.earn(session, team, 5)
    assert await refused(service.erase(session, actors.street(), team.volunteer), NotYou) == ["not_you"]
    await service.erase(session, team.self, team.volunteer)
    await service.erase(session, team.recorder, team.volunteer)
    (view,) = await service.views(session, team.recorder, [team.volunteer])
    assert (view.display_name, view.erased, view.verified_hours, view.balance_hours) == (None, True, 5, 0)
    assert (view.donated_hours, team.volunteer.account_id) == (5, None)
    assert await refused(make.record(session, team)) == ["volunteer_left"]
    stored = (await session.execute(text("SELECT volunteers::text FROM volunteers"))).scalars()
    assert "桂花" not in " ".join(stored)


async def test_hours_verified_after_somebody_left_go_on_to_all(session: AsyncSession) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team)
    await service.erase(session, team.self, team.volunteer)
    await recording.transition(session, team.colleague, row, "verify", None)
    assert await booked(session, team.volunteer) == [("credit", 2), ("donate", -2)]
    assert await refused(spend(session, team.recorder, team.volunteer, "donate", "1")) == ["volunteer_left"]


async def test_an_account_found_later_must_not_have_spoken_for_itself(session: AsyncSession) -> None:
    team = await make.make_team(session)
    unknown = await make.make_volunteer(session, team)
    row = await make.record(session, team, volunteer=unknown.number)
    await recording.transition(session, team.colleague, row, "verify", None)
    for account in (team.recorder.account_id, team.colleague.account_id):
        wanted = VolunteerChange(account_id=account)
        assert await refused(service.change(session, team.recorder, unknown, wanted)) == ["own_hours"]
    found = VolunteerChange(account_id=uuid7(), display_name="腊梅")
    await service.change(session, team.recorder, unknown, found)
    assert (unknown.display_name, unknown.account_id) == ("腊梅", found.account_id)
    again = VolunteerChange(account_id=uuid7())
    assert await refused(service.change(session, team.recorder, unknown, again)) == ["account_known"]


async def test_people_enter_themselves_and_organizations_their_volunteers(session: AsyncSession) -> None:
    team = await make.make_team(session)
    newcomer = actors.official(Role.VOLUNTEER, actors.XUANWU)
    draft = make.volunteer_draft(team.organization, account_id=newcomer.account_id)
    entered = await service.register(session, newcomer, draft)
    assert entered.number.startswith("NJ-ZY-")
    of_another = make.volunteer_draft(team.organization, account_id=uuid7())
    assert await refused(service.register(session, newcomer, of_another), NotYou) == ["not_you"]
    ahead = make.volunteer_draft(team.organization, consented_on=clock.today() + timedelta(days=1))
    assert await refused(service.register(session, team.recorder, ahead), Malformed) == ["consent_ahead"]
