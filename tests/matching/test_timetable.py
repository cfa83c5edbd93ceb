"""The fair's timetable, judged by the referee."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching import timetable
from matching.checks import check_timetable


@st.composite
def days(draw: st.DrawFn) -> dict[str, Any]:
    pairs = st.tuples(st.sampled_from("ABC"), st.sampled_from("xyz"))
    meetings = draw(st.lists(pairs, max_size=5, unique=True))
    slots = draw(st.integers(1, 3))
    absences = st.tuples(st.sampled_from("ABCxyz"), st.integers(0, slots - 1))
    return {
        "meetings": meetings,
        "slots": slots,
        "tables": draw(st.integers(1, 3)),
        "unavailable": draw(st.sets(absences, max_size=4)),
    }


def wrong_in(day: dict[str, Any], placed: dict[int, tuple[int, int]]) -> list[str]:
    rules = {name: value for name, value in day.items() if name != "meetings"}
    return check_timetable(day["meetings"], placed, **rules)


def most_placed(day: dict[str, Any], previous: dict[int, int]) -> tuple[int, int]:
    """Most meetings placed and, among those, most left in their slot: by trying every timetable."""
    best = (0, 0)
    for slots in product(range(-1, day["slots"]), repeat=len(day["meetings"])):
        placed = {k: slot for k, slot in enumerate(slots) if slot >= 0}
        seats: dict[int, tuple[int, int]] = {}
        for k, slot in placed.items():
            seats[k] = (slot, sum(s == slot for s, _ in seats.values()))
        if not wrong_in(day, seats):
            kept = sum(previous.get(k) == slot for k, slot in placed.items())
            best = max(best, (len(placed), kept))
    return best


@settings(max_examples=80, deadline=None)
@given(days())
def test_as_many_talks_as_possible_find_a_seat(day: dict[str, Any]) -> None:
    seated = timetable(**day)
    assert not wrong_in(day, seated.placed)
    assert seated.optimal
    assert len(seated.placed) == most_placed(day, {})[0]
    assert len(seated.placed) + len(seated.unplaced) == len(day["meetings"])
    assert all(open_seat.zh and open_seat.en for open_seat in seated.unplaced)


@settings(max_examples=60, deadline=None)
@given(days(), st.tuples(st.sampled_from("ABCxyz"), st.integers(0, 2)))
def test_after_somebody_cancels_a_slot_as_few_talks_as_possible_move(
    day: dict[str, Any], absence: tuple[str, int]
) -> None:
    before = timetable(**day).placed
    day = {**day, "unavailable": day["unavailable"] | {absence}}
    after = timetable(**day, previous=before)
    old = {k: slot for k, (slot, _) in before.items()}
    kept = sum(old.get(k) == slot for k, (slot, _) in after.placed.items())
    assert (len(after.placed), kept) == most_placed(day, old)


def test_nothing_moves_when_nothing_changed() -> None:
    meetings = [(f"street {i % 7}", f"org {i}") for i in range(60)]
    first = timetable(meetings, slots=12, tables=7)
    again = timetable(meetings, slots=12, tables=7, previous=first.placed)
    assert again.placed == first.placed
    assert again.moved == ()


def test_a_pinned_talk_stays_and_a_buyer_keeps_its_table() -> None:
    meetings = [("street", "a"), ("street", "b"), ("other", "c"), ("other", "a")]
    day = timetable(meetings, slots=3, tables=3, pinned={1: (2, 2)})
    assert day.placed[1] == (2, 2)
    tables = {table for k, (_, table) in day.placed.items() if meetings[k][0] == "other"}
    assert len(tables) == 1


def test_the_reason_is_told_when_a_talk_has_no_place() -> None:
    crowded = timetable([("street", "a"), ("street", "b")], slots=1, tables=5)
    assert [(k.meeting, k.reason) for k in crowded.unplaced] == [(1, "party_full")]
    full = timetable([("s", "a"), ("t", "b")], slots=1, tables=1)
    assert [k.reason for k in full.unplaced] == ["hall_full"]
    away = timetable([("s", "a")], slots=1, tables=1, unavailable=[("a", 0)])
    assert [k.reason for k in away.unplaced] == ["no_common_slot"]


def test_pins_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(ValueError, match="pinned"):
        timetable([("s", "a"), ("s", "b")], slots=2, tables=2, pinned={0: (0, 0), 1: (0, 1)})
