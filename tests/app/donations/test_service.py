"""Stories of donations on a real database: offered, received, used for what they were given for, reported on."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.donations import service
from app.donations.models import Donation
from app.donations.schemas import Reversal
from app.kernel import clock
from app.kernel.actor import PUBLIC, Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, SheqiaError
from app.kernel.journal import JournalEntry
from tests.factories import actors
from tests.factories import donations as make
from tests.factories.market import make_published


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


async def seen(session: AsyncSession, actor: Actor, donation: Donation) -> dict[str, Any]:
    (view,) = await service.views(session, actor, [await service.get(session, actor, donation.number)])
    return view.model_dump(mode="json", by_alias=True)


async def test_money_is_offered_received_used_and_reported_on(session: AsyncSession) -> None:
    project = await make.make_project(session)
    donation = await make.make_offer(session)
    assert await refused(make.use(session, donation, project)) == ["donation_not_in_hand", "donation_used_up"]
    came = {"amount": "800.00"}
    await service.transition(session, actors.district(), donation, "receive", None, came)
    await make.use(session, donation, project, "500.50")
    view = await seen(session, PUBLIC, donation)
    assert [view[name] for name in ("offered", "received", "used", "free", "value_yuan")] == [
        "1000.00",
        "800.00",
        "500.50",
        "299.50",
        "800.00",
    ]
    close = service.transition(session, actors.district(), donation, "close", "全部用于助浴", {})
    assert await refused(close) == ["donation_not_used_up"]
    await make.use(session, donation, project, "299.50")
    await service.transition(session, actors.district(), donation, "close", "全部用于助浴", {})
    assert (await seen(session, PUBLIC, donation))["report"] == "全部用于助浴"
    assert await refused(make.use(session, donation, project, "0.01")) == [
        "donation_not_in_hand",
        "donation_used_up",
    ]


async def test_what_was_given_for_the_young_is_not_spent_on_the_old(session: AsyncSession) -> None:
    project = await make.make_project(session)
    donation = await make.make_donation(session, purpose_categories=["youth_development"])
    assert await refused(make.use(session, donation, project)) == ["not_its_purpose"]
    for_one = await make.make_donation(session, purpose_project=project.number)
    other = await make_published(session)
    assert await refused(make.use(session, for_one, other)) == ["not_its_project", "project_not_under_way"]
    await make.use(session, for_one, project)
    elsewhere = make.donation_draft(area_path=actors.GULOU, purpose_project=project.number)
    wrong = service.offer(session, actors.district(actors.GULOU), elsewhere)
    assert await refused(wrong, Malformed) == ["outside_its_area"]


async def test_the_database_itself_keeps_purpose_and_sum(session: AsyncSession) -> None:
    project = await make.make_project(session)
    donation = await make.make_donation(session, purpose_categories=["youth_development"])
    entry = (
        "INSERT INTO donation_uses (id, donation_id, project_id, project_number, category, amount, used_on, note, created_at)"
        f" VALUES (gen_random_uuid(), '{donation.id}', '{project.id}', 'x', 'elderly_care', 5, now(), 'x', now())"
    )
    for change, constraint in (
        (entry, "uses_make_the_total"),
        (f"{entry}; UPDATE donations SET used = 5", "used_for_its_purpose"),
        ("UPDATE donations SET used = received + 1", "used_within_received"),
        ("UPDATE donations SET used = 1", "uses_make_the_total"),
    ):
        with pytest.raises(IntegrityError, match=constraint):
            async with session.begin_nested():
                for statement in change.split(";"):
                    await session.execute(text(statement))
                await session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        await session.execute(text("SET CONSTRAINTS ALL DEFERRED"))


async def test_goods_that_expire_ask_to_be_used_in_time(session: AsyncSession) -> None:
    project = await make.make_project(session)
    facts = {
        "kind": "goods",
        "unit": "袋",
        "value_fen": 250_000,
        "valid_to": clock.today() + timedelta(days=9),
    }
    rice = await make.make_donation(session, "50", **facts)
    assert [t.kind for t in await service.tasks(session, actors.district())] == ["use_donation"]
    await make.use(session, rice, project, "12.5")
    assert (await seen(session, PUBLIC, rice))["free"] == "37.50"
    clock.settle(timedelta(days=40))
    assert await refused(make.use(session, rice, project, "1")) == ["donation_expired"]
    assert [t.kind for t in await service.tasks(session, actors.district())] == ["report_donation"]
    await service.transition(session, actors.district(), rice, "close", "余下过期销毁", {})
    assert await service.tasks(session, actors.district()) == []


async def test_a_use_entered_in_error_is_undone_by_a_further_row(session: AsyncSession) -> None:
    project = await make.make_project(session)
    donation = await make.make_donation(session)
    wrong = await make.use(session, donation, project, "1000.00")
    undo = Reversal(note="多记一位")
    await service.take_back(session, actors.district(), donation, wrong.id, undo)
    assert donation.used == 0
    again = service.take_back(session, actors.district(), donation, wrong.id, undo)
    assert await refused(again) == ["use_taken_back"]
    await make.use(session, donation, project, "100.00")
    for change in ("UPDATE donation_uses SET amount = 1", "DELETE FROM donation_uses"):
        with pytest.raises(DBAPIError, match="append-only"):
            async with session.begin_nested():
                await session.execute(text(change))


async def test_only_the_officials_of_the_area_keep_a_donation(session: AsyncSession) -> None:
    project = await make.make_project(session)
    donation = await make.make_donation(session)
    for somebody in (actors.district(actors.GULOU), actors.street(), actors.speaking_for(project.buyer_id)):
        use = service.use(session, somebody, donation, make.use_draft(project))
        assert await refused(use, NotYou) == ["not_you"]
    foreign = make.donation_draft(area_path=actors.GULOU)
    assert await refused(service.offer(session, actors.district(), foreign), NotYou) == ["not_you"]


async def test_an_anonymous_donor_is_told_to_nobody_but_the_keepers(session: AsyncSession) -> None:
    """Not in a view, not in the journal: not even as the one who acts."""
    party, funder = await make.make_funder(session)
    secret = {str(party.id), party.name, str(funder.account_id), funder.label}
    draft = make.donation_draft(donor_id=party.id, donor_name=None, anonymous=True)
    donation = await service.offer(session, funder, draft)
    by_name = await make.make_donation(session, donor_name="不愿留名的退休教师", anonymous=True)
    assert await refused(service.get(session, PUBLIC, donation.number), NotFound) == ["not_found"]
    await service.transition(session, actors.district(), donation, "receive", None, {})
    for reader in (
        PUBLIC,
        actors.district(actors.GULOU),
        actors.speaking_for(party.id),
        actors.street("3202"),
    ):
        shown = str(await seen(session, reader, donation)) + str(await seen(session, reader, by_name))
        assert not {word for word in (*secret, "退休教师") if word in shown}
    for reader in (funder, actors.district(), actors.city()):
        assert (await seen(session, reader, donation))["donor"] == party.name
    assert (await seen(session, actors.district(), by_name))["donor"] == "不愿留名的退休教师"
    entries = (
        await session.scalars(select(JournalEntry).where(JournalEntry.subject_kind == "donation"))
    ).all()
    assert len(entries) == 4
    told = "".join(
        f"{e.actor_id}{e.actor_label}{e.party_ids}{e.change}{e.note}{e.subject_number}" for e in entries
    )
    assert not {word for word in (*secret, "退休教师") if word in told}


async def test_an_anonymous_donor_withdraws_as_nobody(session: AsyncSession) -> None:
    party, funder = await make.make_funder(session)
    draft = make.donation_draft(donor_id=party.id, donor_name=None, anonymous=True)
    donation = await service.offer(session, funder, draft)
    receive = service.transition(session, funder, donation, "receive", None, {})
    assert await refused(receive, NotYou) == ["not_you"], "a hidden hand has no more rights"
    await service.transition(session, funder, donation, "withdraw", "改捐他处", {})
    last = await session.scalar(select(JournalEntry).order_by(JournalEntry.entry_id.desc()).limit(1))
    assert last is not None
    assert (last.to_state, last.actor_label, last.actor_id, last.party_ids) == (
        "withdrawn",
        "system:donor",
        None,
        [],
    )


async def test_a_donor_who_asks_is_forgotten(session: AsyncSession) -> None:
    donation = await make.make_donation(session)
    assert (await seen(session, PUBLIC, donation))["donor"] == "梧桐巷口小店"
    stranger = service.forget_donor(session, actors.district(actors.GULOU), donation)
    assert await refused(stranger, NotYou) == ["not_you"]
    await service.forget_donor(session, actors.district(), donation)
    assert (await seen(session, actors.district(), donation))["donor"] is None
    everything = (
        await session.execute(
            text("SELECT d::text FROM donations d UNION SELECT j::text FROM journal_entries j")
        )
    ).scalars()
    assert "梧桐巷口" not in " ".join(everything)
