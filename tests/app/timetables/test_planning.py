"""The day is planned: everybody who waits is seated, as few as possible move, and who finds no seat is told why."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import bulk, clock, journal
from app.kernel.database import BorrowedDatabase
from app.kernel.jobs import Attempt, Job
from app.negotiations import service as negotiations
from app.timetables import hall as hall_acts
from app.timetables import planning, service
from app.timetables.models import Meeting, TimetablePlan
from app.timetables.schemas import AbsenceDraft, SeatingDraft
from tests.factories import actors
from tests.factories.timetables import Market, make_waiting, plan, seated


async def seats(session: AsyncSession, market: Market) -> dict[str, tuple[int, int]]:
    """(slot, table) by their places for each pair, in the order of the pairs."""
    hall = market.hall
    await session.flush()
    slots = {slot.id: place for place, slot in enumerate(hall.slots)}
    rows = await session.execute(
        select(Meeting.intent_id, Meeting.slot_id, Meeting.table_no).where(Meeting.live)
    )
    at = {row.intent_id: (slots[row.slot_id], row.table_no) for row in rows}
    return {intent.number: at[intent.id] for intent in market.intents if intent.id in at}


async def perform(database: BorrowedDatabase, session: AsyncSession, market: Market) -> TimetablePlan:
    """Ask for a plan and let its job run."""
    hall = market.hall
    asked = await service.ask(session, hall.operator, hall.fair, SeatingDraft())
    await session.commit()
    job = await session.get_one(Job, asked.job_id)
    await session.execute(
        text("UPDATE jobs SET state = 'running', attempts = 1 WHERE id = :id"), {"id": job.id}
    )
    await session.commit()
    await planning.perform(Attempt(database, job.id, job.kind, job.payload, 1, None, "test"))
    await session.refresh(asked)
    return asked


async def test_the_job_seats_all_who_wait_and_says_who_found_no_seat(
    database: BorrowedDatabase, session: AsyncSession
) -> None:
    """One street, four organizations, three slots: one pair is left, because the street has no more time."""
    market = await make_waiting(session, organizations=4)
    stored = await perform(database, session, market)
    assert stored.summary is not None
    counted = {
        name: stored.summary[name] for name in ("pairs", "placed", "new", "moved", "unplaced", "optimal")
    }
    assert counted == {"pairs": 4, "placed": 3, "new": 3, "moved": 0, "unplaced": 1, "optimal": True}
    (view,) = await planning.views(session, [stored])
    assert [(one.reason, bool(one.zh), bool(one.en)) for one in view.unplaced] == [("party_full", True, True)]
    assert view.job is not None
    assert view.job.state == "succeeded"
    assert sorted(slot for slot, _ in (await seats(session, market)).values()) == [0, 1, 2]
    for intent in market.intents:
        await session.refresh(intent)
    assert sorted(intent.state for intent in market.intents) == ["accepted", *["scheduled"] * 3]
    planned = await session.scalars(select(Meeting).where(Meeting.live))
    by_intent = {meeting.intent_id: meeting for meeting in planned}
    assert all(by_intent[i.id].starts_at == i.meets_at for i in market.intents if i.state == "scheduled")


async def test_thousands_are_seated_like_a_few(
    session: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From a thousand meetings on they are written by COPY: the same rows, the same entries, the same appointments."""
    monkeypatch.setattr(bulk, "COPIED", 2)
    market = await make_waiting(session, organizations=3)
    await plan(session, market.hall)
    meetings = list(await session.scalars(select(Meeting).where(Meeting.live).order_by(Meeting.number)))
    assert [meeting.number[-6:] for meeting in meetings] == ["-M0001", "-M0002", "-M0003"]
    for meeting in meetings:
        (entry,) = await journal.history(session, actors.city(), meeting.id)
        assert (entry.event, entry.change["starts_at"]) == (
            "planned",
            clock.local(meeting.starts_at).isoformat(),
        )
    for intent in market.intents:
        await session.refresh(intent)
    assert {i.meets_at for i in market.intents} == {m.starts_at for m in meetings}


async def test_one_plan_is_asked_for_at_a_time(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=1)
    hall = market.hall
    first = await service.ask(session, hall.operator, hall.fair, SeatingDraft())
    assert (await service.ask(session, hall.operator, hall.fair, SeatingDraft())).id == first.id


async def test_planned_again_nothing_moves(session: AsyncSession) -> None:
    market = await make_waiting(session, projects=2, organizations=3, slots=6)
    await plan(session, market.hall)
    before = await seats(session, market)
    assert len(before) == 6
    await plan(session, market.hall)
    assert await seats(session, market) == before


async def test_who_cannot_come_is_moved_and_nobody_else_more_than_needed(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=3)
    await plan(session, market.hall)
    before = await seats(session, market)
    number, (slot, _) = next(iter(before.items()))
    party = market.pairs[0].organization.id
    draft = AbsenceDraft(party_id=party, slot_ids=[market.hall.slots[slot].id])
    (noted,) = await service.excuse(session, market.pairs[0].supplier, market.hall.fair, draft)
    assert noted.meeting is not None
    await plan(session, market.hall)
    after = await seats(session, market)
    assert after[number][0] != slot
    assert sum(before[n][0] != after[n][0] for n in before) == 2, "two exchange their slots, the third stays"
    moved = await session.scalar(select(Meeting).where(Meeting.number == noted.meeting))
    assert moved is not None
    told = await journal.history(session, market.pairs[0].supplier, moved.id)
    assert [entry.event for entry in told] == ["planned", "move"]
    await session.refresh(market.intents[0])
    assert market.intents[0].meets_at == moved.starts_at


async def test_what_people_have_settled_a_plan_leaves_alone(session: AsyncSession) -> None:
    """Pinned, promised, or already talked about: the others go around them."""
    market = await make_waiting(session, organizations=4, slots=4)
    hall = market.hall
    pinned = await seated(session, market, 0, slot=3)
    promised = await seated(session, market, 1, slot=2, pinned=False)
    account = market.pairs[1].supplier
    await session.execute(
        text(
            "INSERT INTO accounts (id, name, label, version, created_at, updated_at)"
            " VALUES (:id, 'x', 'x', 1, now(), now())"
        ),
        {"id": account.account_id},
    )
    await service.promise(session, account, hall.fair, promised)
    await plan(session, hall)
    at = await seats(session, market)
    assert [at[i.number][0] for i in market.intents[:2]] == [3, 2]
    assert sorted(at[i.number][0] for i in market.intents[2:]) == [0, 1]
    await session.refresh(pinned)
    await service.pin(session, hall.operator, hall.fair, pinned, False)
    question = await planning.read(session, hall.fair)
    fixed = {pair.intent_number for pair in question.pairs if pair.fixed}
    assert fixed == {market.intents[1].number}


async def test_who_loses_the_seat_waits_for_the_next_plan_and_who_missed_it_does_not(
    session: AsyncSession,
) -> None:
    market = await make_waiting(session, organizations=2, slots=3)
    hall = market.hall
    await plan(session, hall)
    away = AbsenceDraft(party_id=market.pairs[0].organization.id, slot_ids=[slot.id for slot in hall.slots])
    await service.excuse(session, hall.operator, hall.fair, away)
    await plan(session, hall)
    assert list(await seats(session, market)) == [market.intents[1].number]
    for absence in await hall_acts.absences(session, hall.operator, hall.fair):
        await service.unexcuse(session, hall.operator, hall.fair, absence.id)
    await plan(session, hall)
    assert len(await seats(session, market)) == 2
    first = await session.scalar(select(Meeting).where(Meeting.live).order_by(Meeting.starts_at).limit(1))
    assert first is not None
    clock.settle(first.starts_at - clock.now() + timedelta(seconds=1))
    await service.transition(session, hall.operator, hall.fair, first, "miss", None, {"by": "organization"})
    await plan(session, hall)
    assert len(await seats(session, market)) == 1, "who did not come is seated again by hand only"


async def test_on_the_day_only_slots_to_come_are_planned(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=3)
    await seated(session, market, 0, pinned=False)
    clock.settle(market.hall.slots[1].starts_at - clock.now() - timedelta(minutes=1))
    await plan(session, market.hall)
    at = await seats(session, market)
    assert at[market.intents[0].number][0] == 0, "what has begun stays"
    assert sorted(at[i.number][0] for i in market.intents[1:]) == [1, 2]


async def test_an_answer_to_an_old_question_is_not_stored(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=3)
    hall = market.hall
    question = await planning.read(session, hall.fair)
    answer = planning.answered(question, 0, 10)
    await negotiations.transition(
        session, market.pairs[0].supplier, market.intents[0], "withdraw", "另有安排"
    )
    with pytest.raises(planning.Changed):
        await planning.store(session, hall.fair, question, answer)


async def test_a_project_that_is_being_awarded_keeps_its_seat(session: AsyncSession) -> None:
    """Its appointment cannot be changed any more, so no plan tries."""
    market = await make_waiting(session, organizations=2)
    await plan(session, market.hall)
    project = market.pairs[0].project.id
    await session.execute(
        text("UPDATE projects SET state = 'award_proposed' WHERE id = :id"), {"id": project}
    )
    question = await planning.read(session, market.hall.fair)
    assert [pair.fixed for pair in question.pairs] == [True, True]


async def test_the_database_lets_a_plan_exchange_seats_and_nobody_share_one(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=2)
    first, second = await seated(session, market), await seated(session, market, 1, slot=1)
    swap = text(
        "UPDATE meetings m SET slot_id = o.slot_id, starts_at = o.starts_at, ends_at = o.ends_at FROM meetings o"
        " WHERE m.id <> o.id AND m.id IN (:a, :b) AND o.id IN (:a, :b)"
    )
    await session.execute(swap, {"a": first.id, "b": second.id})
    with pytest.raises(IntegrityError, match="uq_meetings_buyer"):
        async with session.begin_nested():
            await session.execute(
                text(
                    "UPDATE meetings SET slot_id = s.id, starts_at = s.starts_at, ends_at = s.ends_at"
                    " FROM meeting_slots s WHERE meetings.id = :a AND s.id = :slot"
                ),
                {"a": first.id, "slot": market.hall.slots[0].id},
            )


async def test_the_database_refuses_slots_that_overlap(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=1)
    with pytest.raises(IntegrityError, match="overlaps"):
        await session.execute(
            text(
                "INSERT INTO meeting_slots (id, fair_id, starts_at, ends_at) SELECT gen_random_uuid(), fair_id,"
                " starts_at + interval '4 minutes', ends_at + interval '4 minutes' FROM meeting_slots LIMIT 1"
            )
        )
    assert market.hall.slots
