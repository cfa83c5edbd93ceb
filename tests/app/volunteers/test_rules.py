"""What hours and accounts may be: days, overlaps, caps. No database."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from app.catalogue.codes import TimeKind, VolunteerKind
from app.kernel.clock import CHINA
from app.volunteers import rules
from app.volunteers.schemas import HoursDraft, Spending

DAY = date(2026, 5, 9)


def at(hour: float, day: date = DAY) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=CHINA) + timedelta(hours=hour)


def volunteer(**facts: Any) -> Any:
    return SimpleNamespace(**{"number": "NJ-ZY-000001", "kind": "person", "erased_at": None} | facts)


ACTIVITY: Any = SimpleNamespace(starts_on=date(2026, 5, 1), ends_on=date(2026, 5, 31))


def codes(span: rules.Span, *others: rules.Span, who: Any = None, now: datetime | None = None) -> list[str]:
    found = rules.may_be_recorded(who or volunteer(), ACTIVITY, span, others, now or at(0, date(2026, 6, 30)))
    return [problem.code for problem in found]


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        ((9, 11), True),
        ((10.5, 12), True),
        ((9.5, 10), True),
        ((8, 9), False),
        ((11, 12), False),
    ],
)
def test_nobody_is_in_two_places_and_the_next_minute_is_free(
    other: tuple[float, float], overlap: bool
) -> None:
    found = codes((at(9), at(11)), (at(other[0]), at(other[1])))
    assert found == (["hours_overlap"] if overlap else [])


def test_everything_that_is_wrong_is_told_at_once() -> None:
    gone = volunteer(erased_at=at(0))
    late = (at(9, date(2026, 7, 1)), at(11, date(2026, 7, 1)))
    assert codes(late, late, who=gone) == [
        "volunteer_left",
        "hours_not_over",
        "hours_outside_activity",
        "hours_overlap",
    ]


def test_hours_over_midnight_belong_to_both_days() -> None:
    assert rules.by_day([(at(22), at(26)), (at(9), at(11))]) == {DAY: 8, DAY + timedelta(days=1): 4}
    in_utc = (at(22).astimezone(UTC), at(26).astimezone(UTC))
    assert rules.by_day([in_utc]) == {DAY: 4, DAY + timedelta(days=1): 4}


def test_more_than_eight_hours_of_one_day_are_looked_at_twice() -> None:
    assert not rules.is_long_day((at(9), at(13)), [(at(14), at(18))])
    assert rules.is_long_day((at(9), at(13)), [(at(14), at(18.5))])
    assert rules.is_long_day((at(22), at(26)), [(at(24), at(24 + 7))])
    assert not rules.is_long_day(
        (at(9), at(13)), [(at(9, DAY + timedelta(days=1)), at(18, DAY + timedelta(days=1)))]
    )


@pytest.mark.parametrize(
    ("balance", "comes", "goes_on"), [(0, 4, 0), (2996, 4, 0), (2998, 4, 2), (3000, 4, 4)]
)
def test_above_fifteen_hundred_hours_what_comes_in_goes_on_to_all(
    balance: int, comes: int, goes_on: int
) -> None:
    assert rules.overflow(balance, comes, 3000) == goes_on
    assert rules.overflow(balance, comes, None) == 0


@pytest.mark.parametrize("kind", list(TimeKind))
def test_hours_of_a_team_are_only_given_on(kind: TimeKind) -> None:
    amount = 2 if kind in (TimeKind.CREDIT, TimeKind.ADJUST) else -2
    team = volunteer(kind=VolunteerKind.GROUP)
    found = [p.code for p in rules.may_be_posted(team, kind, amount, 10, None)]
    assert found == (["a_team_only_donates"] if kind in (TimeKind.DEBIT, TimeKind.TRANSFER) else [])


def test_no_account_is_overdrawn_or_overfilled() -> None:
    short = rules.may_be_posted(volunteer(), TimeKind.DONATE, -5, 4, 3000)
    assert [(p.code, p.values["balance_hours"]) for p in short] == [("time_account_short", "2")]
    full = rules.may_be_posted(volunteer(), TimeKind.ADJUST, 5, 2996, 3000)
    assert [p.code for p in full] == ["time_account_full"]


@pytest.mark.parametrize("minutes", [0, -30, 20, 45, 24 * 60 + 30])
def test_hours_come_in_steps_of_a_half_and_end_within_a_day(minutes: int) -> None:
    facts = {
        "volunteer": "NJ-ZY-000001",
        "activity_id": "0199f000-0000-7000-8000-000000000000",
        "content": "探访",
    }
    with pytest.raises(ValidationError, match="half an hour"):
        HoursDraft(**facts, starts_at=at(9), ends_at=at(9) + timedelta(minutes=minutes))
    whole = HoursDraft(**facts, starts_at=at(9.25), ends_at=at(10.75))
    assert whole.half_hours == 3


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "credit", "hours": "2"},
        {"kind": "debit", "hours": "0"},
        {"kind": "donate", "hours": "-2"},
        {"kind": "donate", "hours": "0.3"},
        {"kind": "transfer", "hours": "2"},
        {"kind": "donate", "hours": "2", "to": "NJ-ZY-000002"},
    ],
)
def test_an_account_is_not_filled_by_hand(wanted: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Spending.model_validate(wanted)
