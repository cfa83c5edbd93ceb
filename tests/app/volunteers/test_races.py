"""Many hands on one volunteer: real connections, real commits, one barrier."""

from collections import Counter
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.database import Database
from app.volunteers import accounts, recording, repository
from app.volunteers.models import HourRecord, TimeEntry, Volunteer
from app.volunteers.schemas import Spending
from tests.factories import actors
from tests.factories import volunteers as make
from tests.factories.crowd import Act, at_once
from tests.factories.volunteers import Team

CROWD = 50


async def no_lock(session: AsyncSession, refs: Any) -> list[Volunteer]:
    """The rows of the volunteers as `repository.locked` reads them, without the lock."""
    wanted = set(refs)
    found = (await session.scalars(select(Volunteer))).all()
    return [one for one in found if {one.id, one.number} & wanted]


def entering(team: Team, start: float, end: float) -> Act:
    """A recorder of their own enters these hours of yesterday."""

    async def act(session: AsyncSession) -> None:
        recorder = actors.speaking_for(team.organization.id)
        await recording.record_many(session, recorder, [make.hours_draft(team, start, end)])

    return act


async def one_half_hour(committed: Database, team: Team) -> Counter[str]:
    """Fifty recorders, each with a span of their own, all of which hold one half hour of one volunteer."""
    crowd = [entering(team, 10 - n % 5 / 2, 10.5 + n % 7 / 2) for n in range(CROWD)]
    return await at_once(committed, crowd)


async def make_team(committed: Database) -> Team:
    async with committed.writing() as session:
        return await make.make_team(session)


async def entered_once(committed: Database) -> None:
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(HourRecord)) == 1


async def test_one_half_hour_is_entered_once_by_fifty_recorders(committed: Database) -> None:
    team = await make_team(committed)
    ends = await one_half_hour(committed, team)
    assert ends == {"done": 1, "hours_overlap": CROWD - 1}
    await entered_once(committed)


async def test_without_the_lock_the_rule_is_passed_and_the_database_still_enters_it_once(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = await make_team(committed)
    monkeypatch.setattr(repository, "locked", no_lock)
    ends = await one_half_hour(committed, team)
    assert ends["done"] == 1
    assert ends["hours_do_not_overlap"] > 0, (
        f"somebody must have passed the rule and been stopped by the database: {ends}"
    )
    await entered_once(committed)


async def one_hour_left(committed: Database) -> Team:
    async with committed.writing() as session:
        team = await make.make_team(session)
        await make.earn(session, team, 1)
    return team


def spending_the_last_hour(team: Team) -> list[Act]:
    async def act(session: AsyncSession) -> None:
        wanted = Spending.model_validate({"kind": "debit", "hours": "1"})
        await accounts.spend(session, team.self, team.volunteer, wanted)

    return [act] * CROWD


async def spent_once(committed: Database) -> None:
    async with committed.reading() as session:
        entries = (await session.scalars(select(TimeEntry).order_by(TimeEntry.turn))).all()
        assert [(entry.kind, entry.balance) for entry in entries] == [("credit", 2), ("debit", 0)]


async def test_the_last_hour_of_an_account_is_spent_once(committed: Database) -> None:
    team = await one_hour_left(committed)
    ends = await at_once(committed, spending_the_last_hour(team))
    assert ends == {"done": 1, "time_account_short": CROWD - 1}
    await spent_once(committed)


async def test_without_the_lock_the_turn_is_taken_once(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    team = await one_hour_left(committed)
    monkeypatch.setattr(repository, "locked", no_lock)
    ends = await at_once(committed, spending_the_last_hour(team))
    assert ends["done"] == 1
    assert ends["uq_volunteer_time_volunteer_id_turn"] > 0, ends
    await spent_once(committed)


async def test_hours_are_credited_once_however_many_verify_them(committed: Database) -> None:
    async with committed.writing() as session:
        team = await make.make_team(session)
        row = await make.record(session, team)

    async def verify(session: AsyncSession) -> None:
        somebody = actors.speaking_for(team.organization.id)
        found = await recording.get(session, somebody, row.id)
        await recording.transition(session, somebody, found, "verify", None)

    ends = await at_once(committed, [verify] * CROWD)
    assert ends == {"done": 1, "transition_not_possible": CROWD - 1}
    async with committed.reading() as session:
        assert await session.scalar(select(func.sum(TimeEntry.half_hours))) == 4


async def test_two_who_give_to_each_other_at_once_do_not_wait_in_a_circle(committed: Database) -> None:
    async with committed.writing() as session:
        team = await make.make_team(session)
        await make.earn(session, team, 24)
        friend = await make.make_volunteer(session, team)
        await make.earn(session, team, 24, volunteer=friend.number)

    def give(giver: Volunteer, to: Volunteer, actor: Any) -> Act:
        async def act(session: AsyncSession) -> None:
            wanted = Spending.model_validate({"kind": "transfer", "hours": "1", "to": to.number})
            await accounts.spend(session, actor, giver, wanted)

        return act

    there = give(team.volunteer, friend, team.self)
    back = give(friend, team.volunteer, team.recorder)
    assert await at_once(committed, [there, back] * 15) == {"done": 30}
    async with committed.reading() as session:
        last = await repository.last_entries(session, [team.volunteer.id, friend.id])
        assert sum(entry.balance for entry in last.values()) == 96
