"""The fair's day: the hall is laid out, pairs take seats, and who did not come is noted."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs import service as fairs
from app.identity.models import Account
from app.kernel import clock, journal
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou
from app.negotiations import service as negotiations
from app.negotiations.models import IntentState
from app.timetables import hall as halls
from app.timetables import service
from app.timetables.models import MeetingState
from app.timetables.schemas import AbsenceDraft, HallDraft, SeatDraft
from tests.factories import actors
from tests.factories import timetables as fair_day
from tests.factories.editions import make_edition
from tests.factories.timetables import make_hall, make_waiting, plan, seated


async def test_a_pair_takes_a_seat_and_its_interest_says_when_and_where(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market)
    intent = market.intents[0]
    await session.refresh(intent)
    assert intent.state == IntentState.SCHEDULED
    assert (intent.meets_at, intent.place) == (market.hall.slots[0].starts_at, "南京国际展览中心 T-01 桌")
    (view,) = await service.views(session, [meeting])
    assert (view.table, view.project_number, view.organization_name) == (
        "T-01", market.pairs[0].project.number, market.pairs[0].organization.name,
    )  # fmt: skip
    assert view.starts_at.hour == 9
    assert view.starts_at.utcoffset() == timedelta(hours=8)


async def test_one_pair_has_one_seat(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market)
    with pytest.raises(NotNow) as refused:
        await seated(session, market, slot=1)
    assert [p.code for p in refused.value.problems] == ["already_seated"]
    assert refused.value.problems[0].values == {"meeting": meeting.number}


async def test_a_taken_table_is_refused_with_seats_that_can_be_had(session: AsyncSession) -> None:
    market = await make_waiting(session, projects=2, organizations=1)
    await seated(session, market)
    with pytest.raises(NotNow) as refused:
        await seated(session, market, 1)
    problems = {p.code: p for p in refused.value.problems}
    assert set(problems) == {"table_taken", "buyer_busy", "organization_busy"}
    offered = problems["table_taken"].values["next_free"]
    assert [(seat["starts_at"][11:16], seat["table"]) for seat in offered] == [
        ("09:10", "T-01"),
        ("09:20", "T-01"),
    ]
    draft = SeatDraft(
        intent=market.intents[1].number, slot_id=offered[0]["slot_id"], table_id=offered[0]["table_id"]
    )
    meeting = await service.seat(session, market.pairs[1].supplier, market.hall.fair, draft)
    assert meeting.table_no == 1


async def test_one_buyer_does_not_sit_at_two_tables(session: AsyncSession) -> None:
    market = await make_waiting(session)
    await seated(session, market)
    with pytest.raises(NotNow) as refused:
        await seated(session, market, 1, table=1)
    assert [p.code for p in refused.value.problems] == ["buyer_busy"]


async def test_at_another_fair_at_the_same_time_nobody_is_free(session: AsyncSession) -> None:
    """Two halls of one edition: the slots are others, the people are the same."""
    market = await make_waiting(session, projects=2, organizations=1)
    second = await make_hall(session, 1, 1, name="玄武分会场", area_path=actors.XUANWU)
    await fair_day.list_all(session, second.fair)
    await seated(session, market)
    draft = SeatDraft(intent=market.intents[1].number, slot_id=second.slots[0].id)
    with pytest.raises(NotNow) as refused:
        await service.seat(session, second.operator, second.fair, draft)
    assert [p.code for p in refused.value.problems] == ["buyer_busy", "organization_busy"]
    answer = await plan(session, second)
    assert [one.reason for one in answer.unplaced] == ["no_common_slot"]


async def test_who_is_not_ready_is_told_everything_that_is_missing(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=1)
    other = await make_hall(session, 1, 1, opens_on=clock.today(), closes_on=clock.today())
    intent = market.intents[0]
    await negotiations.transition(session, market.pairs[0].street, intent, "decline", "方案不符")
    clock.settle(timedelta(days=1))
    draft = SeatDraft(intent=intent.number, slot_id=other.slots[0].id)
    with pytest.raises(NotNow) as refused:
        await service.seat(session, market.pairs[0].street, other.fair, draft)
    assert [p.code for p in refused.value.problems] == [
        "intent_not_accepted",
        "project_not_listed",
        "slot_over",
    ]


async def test_a_rival_finds_no_pair_and_an_operator_of_another_hall_neither(session: AsyncSession) -> None:
    market = await make_waiting(session)
    hall, intent = market.hall, market.intents[0]
    draft = SeatDraft(intent=intent.number, slot_id=hall.slots[0].id)
    for stranger in (market.pairs[1].supplier, fair_day.operator(actors.GULOU), actors.street(actors.GULOU)):
        with pytest.raises(NotFound):
            await service.seat(session, stranger, hall.fair, draft)
    meeting = await service.seat(session, market.pairs[0].supplier, hall.fair, draft)
    for stranger in (market.pairs[1].supplier, fair_day.operator(actors.GULOU)):
        with pytest.raises(NotFound):
            await service.get(session, stranger, hall.fair, meeting.number)
    for side in (market.pairs[0].supplier, market.pairs[0].street, hall.operator, actors.city()):
        assert (await service.get(session, side, hall.fair, meeting.number)).id == meeting.id
    with pytest.raises(NotYou):
        await service.transition(session, market.pairs[0].supplier, hall.fair, meeting, "hold", None, {})


async def test_a_meeting_moves_and_leaves_its_seat_to_others(session: AsyncSession) -> None:
    market = await make_waiting(session)
    hall = market.hall
    meeting = await seated(session, market)
    to = {"slot_id": str(hall.slots[1].id)}
    await service.transition(session, hall.operator, hall.fair, meeting, "move", None, to)
    assert (meeting.starts_at, meeting.table_no) == (hall.slots[1].starts_at, 1)
    await session.refresh(market.intents[0])
    assert market.intents[0].meets_at == hall.slots[1].starts_at
    second = await seated(session, market, 1)
    with pytest.raises(NotNow) as refused:
        await service.transition(
            session, hall.operator, hall.fair, second, "move", None, {"slot_id": str(hall.slots[1].id)}
        )
    assert [p.code for p in refused.value.problems] == ["buyer_busy"]
    (moved,) = [e for e in await journal.history(session, actors.city(), meeting.id) if e.event == "move"]
    assert moved.change == {
        "starts_at": [clock.local(s.starts_at).isoformat() for s in hall.slots[:2]],
    }


async def test_a_meeting_is_called_off_with_a_reason_and_its_seat_is_free(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market)
    supplier, fair = market.pairs[0].supplier, market.hall.fair
    with pytest.raises(NotNow) as refused:
        await service.transition(session, supplier, fair, meeting, "cancel", None, {})
    assert refused.value.code == "note_required"
    await service.transition(session, supplier, fair, meeting, "cancel", "当日人手不足", {})
    assert (await seated(session, market, 1)).starts_at == meeting.starts_at
    assert (await seated(session, market, 0, slot=1)).number != meeting.number


async def test_before_its_time_nobody_says_a_meeting_was_held(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting, fair, operator = await seated(session, market), market.hall.fair, market.hall.operator
    for event, data in (("hold", {}), ("miss", {"by": "buyer"})):
        with pytest.raises(NotNow) as refused:
            await service.transition(session, operator, fair, meeting, event, None, data)
        assert refused.value.code == "meeting_not_begun"
    clock.settle(timedelta(days=2))
    await service.transition(session, operator, fair, meeting, "hold", None, {})
    assert meeting.state == MeetingState.HELD


async def test_a_missed_meeting_gives_its_seat_to_who_came(session: AsyncSession) -> None:
    """The street waits at its table; another organization of its projects takes the empty chair."""
    market = await make_waiting(session, slots=1)
    meeting, fair, operator = await seated(session, market), market.hall.fair, market.hall.operator
    clock.settle(market.hall.slots[0].starts_at - clock.now() + timedelta(seconds=1))
    with pytest.raises(Malformed):
        await service.transition(session, operator, fair, meeting, "miss", None, {})
    await service.transition(session, operator, fair, meeting, "miss", None, {"by": "organization"})
    assert (meeting.state, meeting.missed_by) == ("missed", "organization")
    clock.settle(timedelta())
    assert (await seated(session, market, 1)).table_id == meeting.table_id


async def test_when_the_interest_ends_the_seat_is_free_at_once(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market)
    await session.refresh(market.intents[0])
    await negotiations.transition(
        session, market.pairs[0].supplier, market.intents[0], "withdraw", "另有安排"
    )
    assert (await seated(session, market, 1)).starts_at == meeting.starts_at
    await session.refresh(meeting)
    assert meeting.state == MeetingState.CANCELLED


async def test_who_meets_elsewhere_gives_the_seat_back(session: AsyncSession) -> None:
    """The two sides agree on another time by themselves: no chair is kept for them, and no plan calls them back."""
    market = await make_waiting(session, organizations=1)
    meeting = await seated(session, market)
    await session.refresh(market.intents[0])
    elsewhere = {"meets_at": market.hall.slots[0].starts_at + timedelta(days=3), "place": "街道会议室"}
    street = market.pairs[0].street
    await negotiations.transition(session, street, market.intents[0], "schedule", data=elsewhere)
    assert await service.tick(session) == 1
    await session.refresh(meeting)
    assert meeting.state == MeetingState.CANCELLED
    answer = await plan(session, market.hall)
    assert answer.placed == {}


async def test_the_clock_frees_seats_without_ground(session: AsyncSession) -> None:
    market = await make_waiting(session, projects=2, organizations=1)
    first, second = await seated(session, market), await seated(session, market, 1, slot=1)
    await session.refresh(market.intents[0])
    await negotiations.transition(session, market.pairs[0].street, market.intents[0], "decline", "预算调整")
    assert [await service.tick(session), await service.tick(session)] == [1, 0]
    await fairs.transition(session, actors.city(), market.hall.fair, "cancel", "场地停电")
    assert [await service.tick(session), await service.tick(session)] == [1, 0]
    for meeting in (first, second):
        await session.refresh(meeting)
        assert meeting.state == MeetingState.CANCELLED


async def test_a_hall_is_laid_out_once(session: AsyncSession) -> None:
    await make_edition(session)
    hall = await make_hall(session)
    days = [hall.fair.opens_on]
    with pytest.raises(NotNow) as refused:
        await service.lay_out(session, hall.operator, hall.fair, fair_day.hall_draft(days=days))
    assert [p.code for p in refused.value.problems] == ["table_exists", "slots_overlap"]
    with pytest.raises(NotYou):
        await service.lay_out(session, actors.street(), hall.fair, fair_day.hall_draft())
    with pytest.raises(Malformed) as malformed:
        await service.lay_out(session, hall.operator, hall.fair, fair_day.hall_draft(days=[clock.today()]))
    assert malformed.value.code == "day_outside_fair"
    with pytest.raises(Malformed):
        await service.lay_out(session, hall.operator, hall.fair, HallDraft())


async def test_a_table_is_taken_away_only_while_nobody_ever_sat_there(session: AsyncSession) -> None:
    market = await make_waiting(session, tables=3)
    hall = market.hall
    meeting = await seated(session, market)
    await service.transition(session, hall.operator, hall.fair, meeting, "cancel", "改约", {})
    with pytest.raises(NotNow) as refused:
        await service.take_table_away(session, hall.operator, hall.fair, hall.tables[0].id)
    assert refused.value.code == "seat_was_used"
    await service.take_table_away(session, hall.operator, hall.fair, hall.tables[2].id)
    await service.take_slot_away(session, hall.operator, hall.fair, hall.slots[2].id)
    with pytest.raises(NotFound):
        await service.take_slot_away(session, hall.operator, hall.fair, hall.slots[2].id)
    kept = await fair_day.hall_repository.hall(session, hall.fair.id)
    assert [len(kept[0]), len(kept[1])] == [2, 2]


async def test_boards_are_told_of_seats_and_never_of_names(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market)
    sides = await journal.history(session, market.pairs[0].supplier, meeting.id)
    assert [entry.event for entry in sides] == ["planned"]
    assert await journal.history(session, market.pairs[1].supplier, meeting.id) == []
    told = await journal.history(session, market.pairs[1].supplier, market.hall.fair.id)
    assert told[-1].event == "seat_taken"
    assert set(told[-1].change) == {"starts_at", "table"}
    names = {str(market.intents[0].id), market.intents[0].number, str(market.pairs[0].organization.id)}
    assert not any(name in str(entry.change) for entry in told for name in names)


async def test_the_hall_tells_how_well_it_is_used(session: AsyncSession) -> None:
    market = await make_waiting(session, organizations=3)
    first, second = await seated(session, market), await seated(session, market, 1, slot=1)
    shown = await halls.view(session, market.hall.fair)
    assert (shown.seats_offered, shown.seats_over, shown.planned, shown.waiting) == (6, 0, 2, 1)
    assert (shown.use, shown.no_show) == (None, None)
    clock.settle(timedelta(days=2))
    move = (session, market.hall.operator, market.hall.fair)
    await service.transition(*move, first, "hold", None, {})
    await service.transition(*move, second, "miss", None, {"by": "both"})
    shown = await halls.view(session, market.hall.fair)
    assert (shown.use, shown.no_show) == (round(1 / 6, 4), 0.5)


async def test_everybody_is_told_what_to_do_on_the_day(session: AsyncSession) -> None:
    market = await make_waiting(session)
    meeting = await seated(session, market, slot=2)
    supplier, street, operator = market.pairs[0].supplier, market.pairs[0].street, market.hall.operator

    async def kinds(actor: actors.Actor) -> list[str]:
        return [task.kind for task in await service.tasks(session, actor) if task.subject_id == meeting.id]

    clock.settle(meeting.starts_at - clock.now() - timedelta(minutes=30))
    assert [await kinds(actor) for actor in (supplier, street, operator)] == [
        ["attend_meeting"], ["attend_meeting"], [],
    ]  # fmt: skip
    clock.settle(timedelta(days=2))
    assert [await kinds(actor) for actor in (supplier, street, operator)] == [[], [], ["account_for_meeting"]]
    assert await kinds(actors.city()) == []
    await service.transition(session, operator, market.hall.fair, meeting, "hold", None, {})
    assert [await kinds(actor) for actor in (supplier, street, operator)] == [
        ["record_talk"],
        ["record_talk"],
        [],
    ]


async def test_no_person_promises_to_be_in_two_places(session: AsyncSession) -> None:
    """Somebody speaks for two organizations; their meetings are at one time, at two tables, with two streets."""
    market = await make_waiting(session, projects=1, organizations=2)
    hall = market.hall
    first, second = await seated(session, market), await seated(session, market, 1, slot=1)
    both = actors.Actor(
        market.pairs[0].supplier.account_id,
        "both",
        (*market.pairs[0].supplier.grants, *market.pairs[1].supplier.grants),
    )
    session.add(Account(id=both.account_id, name="both", label="both"))
    await session.flush()
    with pytest.raises(NotYou):
        await service.promise(session, hall.operator, hall.fair, first)
    await service.promise(session, both, hall.fair, first)
    await service.promise(session, both, hall.fair, second)
    assert [view.delegates for view in await service.views(session, [first, second])] == [["both"], ["both"]]
    # Were the two streets two buyers, only the person would stand in the way.
    await session.execute(
        text("UPDATE meetings SET buyer_id = organization_id WHERE id = :id"), {"id": second.id}
    )
    await session.refresh(second)
    to = {"slot_id": str(hall.slots[0].id), "table_id": str(hall.tables[1].id)}
    with pytest.raises(NotNow) as refused:
        await service.transition(session, hall.operator, hall.fair, second, "move", None, to)
    assert [p.code for p in refused.value.problems] == ["person_busy"]
    await service.take_promise_back(session, both, hall.fair, second)
    await service.transition(session, hall.operator, hall.fair, second, "move", None, to)
    with pytest.raises(NotNow) as refused:
        await service.promise(session, both, hall.fair, second)
    assert refused.value.code == "person_busy"
    await service.transition(session, hall.operator, hall.fair, first, "cancel", "改约", {})
    await service.promise(session, both, hall.fair, second)


async def test_nobody_is_away_from_a_meeting_that_is_settled(session: AsyncSession) -> None:
    market = await make_waiting(session)
    hall = market.hall
    await seated(session, market)
    party = market.pairs[0].organization.id
    draft = AbsenceDraft(party_id=party, slot_ids=[hall.slots[0].id])
    with pytest.raises(NotNow) as refused:
        await service.excuse(session, market.pairs[0].supplier, hall.fair, draft)
    assert refused.value.code == "meeting_settled"
    with pytest.raises(NotYou):
        await service.excuse(session, market.pairs[1].supplier, hall.fair, draft)
    free = AbsenceDraft(party_id=party, slot_ids=[hall.slots[1].id])
    (noted,) = await service.excuse(session, market.pairs[0].supplier, hall.fair, free)
    assert noted.meeting is None
    with pytest.raises(NotFound):
        await service.unexcuse(session, market.pairs[1].supplier, hall.fair, noted.id)
    await service.unexcuse(session, hall.operator, hall.fair, noted.id)
