"""Working days in China: weekends, public holidays and the weekend days worked in exchange (data/holidays.csv).

The State Council announces each year in the preceding November. A year nobody has entered yet has its weekends and
the fixed days (1 January, 1–3 May, 1–3 October) off, so that a deadline can still be named.
"""

import csv
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from importlib.resources import files

_FIXED = frozenset({(1, 1), (5, 1), (5, 2), (5, 3), (10, 1), (10, 2), (10, 3)})
_DAY = timedelta(days=1)


@cache
def announced() -> Mapping[date, bool]:
    """The days that differ from their weekday's rule: True is a working day, False is off."""
    table = (files("app.editions") / "data" / "holidays.csv").read_text(encoding="utf-8")
    days: dict[date, bool] = {}
    for row in csv.DictReader(table.splitlines()):
        day, last = date.fromisoformat(row["first_day"]), date.fromisoformat(row["last_day"])
        while day <= last:
            days[day] = row["kind"] == "work"
            day += _DAY
    return days


@cache
def announced_years() -> frozenset[int]:
    """The years whose holidays are in the data."""
    return frozenset(day.year for day in announced())


def is_working_day(day: date) -> bool:
    """Whether offices work on this day."""
    exception = announced().get(day)
    if exception is not None:
        return exception
    if day.year not in announced_years() and (day.month, day.day) in _FIXED:
        return False
    return day.weekday() < 5


def working_days_after(day: date, count: int) -> date:
    """The `count`-th working day after `day`; `day` itself is never counted, and 0 is `day`. Raises ValueError below 0."""
    if count < 0:
        raise ValueError("working days are counted forwards")
    while count:
        day += _DAY
        count -= is_working_day(day)
    return day


def working_days_between(start: date, end: date) -> int:
    """How many working days lie after `start` up to and including `end`; 0 when `end` is not after `start`."""
    return sum(is_working_day(start + n * _DAY) for n in range(1, (end - start).days + 1))
