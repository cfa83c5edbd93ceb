"""The calendar and the figures of an edition: no database."""

from datetime import date, timedelta

import pytest

from app.catalogue.codes import ProcurementMethod
from app.editions import rules
from app.editions.calendar import is_working_day, working_days_after, working_days_between
from app.editions.schemas import EditionSettings


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 2, 14), True),  # Saturday worked before the Spring Festival
        (date(2026, 2, 16), False),  # Monday of the Spring Festival
        (date(2026, 3, 7), False),  # a plain Saturday
        (date(2026, 3, 9), True),  # a plain Monday
        (date(2026, 9, 20), True),  # Sunday worked before the National Day
        (date(2031, 10, 1), False),  # a year nobody has announced keeps its fixed days
    ],
)
def test_a_working_day_is_what_the_state_council_says(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("after", "count", "day"),
    [
        (date(2026, 3, 2), 5, date(2026, 3, 9)),
        (date(2026, 2, 13), 5, date(2026, 2, 27)),  # nine days of holiday and one Saturday worked
        (date(2026, 9, 30), 1, date(2026, 10, 8)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),
        (date(2026, 3, 2), 0, date(2026, 3, 2)),
    ],
)
def test_a_notice_period_is_counted_in_working_days(after: date, count: int, day: date) -> None:
    assert working_days_after(after, count) == day
    assert working_days_between(after, day) == count


def test_2026_has_248_working_days() -> None:
    assert sum(is_working_day(date(2026, 1, 1) + timedelta(n)) for n in range(365)) == 248


def test_every_window_that_runs_backwards_is_named() -> None:
    found = rules.windows(date(2026, 5, 1), date(2026, 4, 1), date(2026, 3, 9), date(2026, 3, 8))
    assert {problem.code for problem in found} == {"call_window", "fair_window", "fair_before_call"}


def test_the_method_follows_the_amount() -> None:
    settings = EditionSettings()
    assert settings.band(5_000_000).methods[ProcurementMethod.DIRECT_AWARD] == 1
    assert settings.band(5_000_001).methods[ProcurementMethod.REQUEST_FOR_QUOTATION] == 2
    assert ProcurementMethod.DIRECT_AWARD not in settings.band(50_000_001).methods
    assert settings.band(10**12).methods[ProcurementMethod.OPEN] == 2


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount_bands": [{"up_to_yuan": "1.00", "methods": {"open": 1}}]}, "/amount_bands"),
        (
            {
                "amount_bands": [
                    {"up_to_yuan": "2.00", "methods": {"open": 1}},
                    {"up_to_yuan": "1.00", "methods": {"open": 1}},
                    {"methods": {"open": 1}},
                ]
            },
            "/amount_bands",
        ),
        ({"tranche_shares": (50, 30, 10)}, "/tranche_shares"),
    ],
)
def test_figures_that_cannot_be_used_are_refused(changes: dict[str, object], pointer: str) -> None:
    (problem,) = rules.usable(EditionSettings.model_validate(changes))
    assert problem.pointer == f"/settings{pointer}"
