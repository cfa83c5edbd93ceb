"""Fifty hands on the last of a donation: real connections, real commits, one barrier."""

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.donations import service
from app.donations.models import Donation, DonationUse
from app.kernel.database import Database
from app.projects.models import Project
from tests.factories import actors
from tests.factories import donations as make
from tests.factories.crowd import Act, at_once

CROWD = 50


def using_the_last_yuan(donation: Donation, project: Project) -> Act:
    async def act(session: AsyncSession) -> None:
        keeper = actors.district()
        found = await service.get(session, keeper, donation.id)
        await service.use(session, keeper, found, make.use_draft(project, "1.00"))

    return act


async def one_yuan_left(committed: Database) -> tuple[Donation, Project]:
    async with committed.writing() as session:
        project = await make.make_project(session)
        donation = await make.make_donation(session)
        await make.use(session, donation, project, "999.00")
    return donation, project


async def used_once(committed: Database) -> None:
    async with committed.reading() as session:
        assert await session.scalar(select(Donation.used)) == 100_000
        assert await session.scalar(select(func.sum(DonationUse.amount))) == 100_000


async def test_the_last_yuan_of_a_donation_is_used_once(committed: Database) -> None:
    donation, project = await one_yuan_left(committed)
    ends = await at_once(committed, [using_the_last_yuan(donation, project)] * CROWD)
    assert ends == {"done": 1, "donation_used_up": CROWD - 1}
    await used_once(committed)


async def test_without_the_locks_the_rule_is_passed_and_the_database_still_uses_it_once(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lock(*_: Any) -> None:
        return None

    async def unlocked(session: AsyncSession, project_id: Any) -> Project:
        return await session.get_one(Project, project_id)

    donation, project = await one_yuan_left(committed)
    monkeypatch.setattr(service, "lock", no_lock)
    monkeypatch.setattr(service.projects, "locked", unlocked)
    ends = await at_once(committed, [using_the_last_yuan(donation, project)] * CROWD)
    assert ends["done"] == 1
    assert ends["donation_used_up"] < CROWD - 1, (
        "somebody must have passed the rule and been stopped by the database"
    )
    await used_once(committed)
