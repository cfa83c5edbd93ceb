"""The hall's patterns: slots one after the other, lunch left out, nothing past midnight. No database."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from app.fairs.models import Fair
from app.kernel import clock
from app.kernel.ids import uuid7
from app.timetables import rules
from app.timetables.schemas import Gap, SlotPattern, TablePattern

DAY = date(2026, 12, 10)


def times(**pattern: Any) -> list[str]:
    spans = rules.slots(SlotPattern(**({"count": 4} | pattern)), DAY)
    return [f"{clock.local(a):%H:%M}-{clock.local(b):%H:%M}" for a, b in spans]


def test_slots_follow_each_other_with_a_pause() -> None:
    """Eight minutes and two to change tables."""
    assert times() == ["09:00-09:08", "09:10-09:18", "09:20-09:28", "09:30-09:38"]
    assert times(count=2, minutes=30, pause_minutes=0) == ["09:00-09:30", "09:30-10:00"]


def test_no_slot_runs_into_lunch() -> None:
    lunch = Gap(starts=time(11, 40), ends=time(13, 30))
    assert times(first_start=time(11, 25), gaps=[lunch]) == [
        "11:25-11:33",
        "13:30-13:38",
        "13:40-13:48",
        "13:50-13:58",
    ]
    assert times(first_start=time(11, 32), count=1, gaps=[lunch]) == ["11:32-11:40"], "ends as lunch begins"
    tea = Gap(starts=time(13, 30), ends=time(13, 45))
    assert times(first_start=time(11, 35), count=1, gaps=[tea, lunch]) == ["13:45-13:53"]
    with pytest.raises(ValidationError):
        Gap(starts=time(13), ends=time(13))


def test_a_day_that_cannot_hold_all_slots_is_refused() -> None:
    fair = Fair(opens_on=DAY, closes_on=DAY)
    late = SlotPattern(first_start=time(23, 30), count=4)
    problems = rules.pattern_makes_sense(late, fair, {DAY: rules.slots(late, DAY)})
    assert [p.code for p in problems] == ["slot_past_midnight"]
    night = SlotPattern(first_start=time(23, 59), count=1)
    problems = rules.pattern_makes_sense(night, fair, {DAY: rules.slots(night, DAY)})
    assert [p.code for p in problems] == ["slot_pattern_empty"]
    fits = SlotPattern(count=4)
    assert rules.pattern_makes_sense(fits, fair, {DAY: rules.slots(fits, DAY)}) == []


def test_slots_may_touch_and_not_overlap() -> None:
    nine = datetime(2026, 12, 10, 1, tzinfo=UTC)
    first = (nine, nine + timedelta(minutes=8))
    touching = (first[1], first[1] + timedelta(minutes=8))
    inside = (nine + timedelta(minutes=1), nine + timedelta(minutes=2))
    assert rules.slots_apart([touching], [first]) == []
    assert [p.code for p in rules.slots_apart([inside], [first])] == ["slots_overlap"]
    assert [p.code for p in rules.slots_apart([first], [first])] == ["slots_overlap"]


def test_tables_are_numbered_with_two_digits_at_least() -> None:
    assert rules.labels(TablePattern(prefix="A-", first=9, count=2)) == ["A-09", "A-10"]
    assert [p.values for p in rules.labels_new(["A-09", "A-10"], ["A-10"])] == [{"labels": ["A-10"]}]


def facts(**known: Any) -> rules.SeatFacts:
    now = datetime(2026, 12, 10, tzinfo=UTC)
    return rules.SeatFacts(**({"now": now, "starts_at": now + timedelta(hours=1), "table": "A-03"} | known))


@pytest.mark.parametrize(
    ("known", "code"),
    [
        ({"taken": True}, "table_taken"),
        ({"table": None}, "hall_full"),
        ({"busy": ("buyer",)}, "buyer_busy"),
        ({"busy": ("organization",)}, "organization_busy"),
        ({"away": ("organization",)}, "organization_away"),
        ({"people": ("程岚",)}, "person_busy"),
        ({"starts_at": datetime(2026, 12, 10, tzinfo=UTC)}, "slot_over"),
    ],
)
def test_each_hindrance_has_its_code_and_names_the_next_seats(known: dict[str, Any], code: str) -> None:
    assert rules.seat_problems(facts()) == []
    at = datetime(2026, 12, 10, 2, 10, tzinfo=UTC)
    seat = rules.FreeSeat(uuid7(), at, uuid7(), "A-05")
    (problem,) = rules.seat_problems(facts(**known, instead=(seat,)))
    assert problem.code == code
    assert "12-10 10:10（A-05 桌）" in problem.zh
    assert "12-10 10:10 at table A-05" in problem.en
    assert problem.values["next_free"][0]["starts_at"] == "2026-12-10T10:10:00+08:00"


def test_everything_that_stands_in_the_way_is_told_at_once() -> None:
    found = rules.seat_problems(facts(taken=True, busy=("buyer", "organization"), away=("buyer",)))
    assert [p.code for p in found] == ["table_taken", "buyer_busy", "organization_busy", "buyer_away"]
