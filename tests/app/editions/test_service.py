"""Editions: who opens them, which one is current, what a change leaves behind."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service
from app.editions.schemas import EditionChange, EditionSettings
from app.kernel import clock
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou
from app.kernel.journal import JournalEntry
from tests.factories.actors import city, district
from tests.factories.editions import edition_draft, make_edition


async def test_the_current_edition_is_the_last_whose_call_has_opened(session: AsyncSession) -> None:
    with pytest.raises(NotFound):
        await service.current(session)
    today = clock.today()
    nearest = {"call_opens_on": today + timedelta(days=3)}
    await make_edition(session, "2030", **nearest)
    await make_edition(session, "2031", call_opens_on=today + timedelta(days=30))
    assert (await service.current(session)).code == "2030"
    await make_edition(session, "2025", call_opens_on=today - timedelta(days=400))
    await make_edition(session, "2026")
    assert (await service.current(session)).code == "2026"
    clock.settle(timedelta(days=3))
    assert (await service.current(session)).code == "2030"


async def test_an_edition_belongs_to_the_city_bureau(session: AsyncSession) -> None:
    with pytest.raises(NotYou):
        await service.create(session, district(), edition_draft())
    edition = await service.create(session, city(), edition_draft())
    with pytest.raises(NotYou):
        await service.change(session, district(), edition, EditionChange(name="另一个名字"))


async def test_a_code_and_an_ordinal_are_given_once(session: AsyncSession) -> None:
    await make_edition(session, "2026")
    for draft in (edition_draft("2026", ordinal=99), edition_draft("2027", ordinal=13)):
        with pytest.raises(NotNow) as refused:
            await service.create(session, city(), draft)
        assert refused.value.code == "edition_taken"


async def test_all_that_is_wrong_with_an_edition_is_said_at_once(session: AsyncSession) -> None:
    draft = edition_draft(
        call_closes_on=date(2020, 1, 1),
        fair_closes_on=date(2020, 1, 1),
        settings=EditionSettings(tranche_shares=(100, 100)),
    )
    with pytest.raises(Malformed) as refused:
        await service.create(session, city(), draft)
    assert {problem.code for problem in refused.value.problems} == {
        "call_window",
        "fair_window",
        "fair_before_call",
        "tranche_shares",
    }


async def test_a_changed_figure_is_written_down_old_and_new(session: AsyncSession) -> None:
    edition = await make_edition(session)
    assert edition.settings.intents_pending_max == 3
    await service.change(
        session, city(), edition, EditionChange(settings=EditionSettings(intents_pending_max=5))
    )
    assert (await service.settings_of(session, "2026")).intents_pending_max == 5
    entry = await session.scalar(
        select(JournalEntry).where(JournalEntry.subject_id == edition.id, JournalEntry.event == "changed")
    )
    assert entry is not None and entry.change == {"settings.intents_pending_max": [3, 5]}
