"""The fair's timetable: who talks with whom, when and at which table.

Nobody is in two places at once, no table holds two talks, absences and pins hold. A first timetable is built
meeting by meeting, the busiest parties first, with chains of swaps where a meeting does not fit; a solver is
asked only for what that leaves open. Solved again after a change, as few meetings as possible move.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

UNPLACED = -1
Seat = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Unplaced:
    """A meeting that found no place, and why: 'no_common_slot', 'party_full' or 'hall_full'."""

    meeting: int
    reason: str

    @property
    def zh(self) -> str:
        return _ZH[self.reason]

    @property
    def en(self) -> str:
        return _EN[self.reason]


_ZH = {
    "no_common_slot": "双方没有共同的空闲时段",
    "party_full": "一方的会谈多于其可用时段",
    "hall_full": "洽谈桌已满",
}
_EN = {
    "no_common_slot": "the two sides have no slot in common",
    "party_full": "one side has more talks than slots",
    "hall_full": "no table is free",
}


@dataclass(frozen=True, eq=False)
class Day:
    """`slot` and `table` of each meeting (UNPLACED where none); `moved` are the meetings that left their old seat.

    `optimal` when no timetable places more meetings or, placing as many, moves fewer from their slots.
    """

    slot: NDArray[np.intp]
    table: NDArray[np.intp]
    moved: tuple[int, ...]
    unplaced: tuple[Unplaced, ...]
    optimal: bool

    @property
    def placed(self) -> dict[int, Seat]:
        """Seat of each placed meeting."""
        seats = zip(self.slot.tolist(), self.table.tolist(), strict=True)
        return {k: seat for k, seat in enumerate(seats) if seat[0] != UNPLACED}


def timetable(
    meetings: Sequence[tuple[str, str]],
    *,
    slots: int,
    tables: int,
    pinned: Mapping[int, Seat] | None = None,
    unavailable: Collection[tuple[str, int]] = (),
    previous: Mapping[int, Seat] | None = None,
    seed: int = 0,
    time_limit: float = 10.0,
) -> Day:
    """Seat as many meetings as possible, moving as few as possible from their `previous` slots.

    `meetings` are pairs of party ids; `pinned` and `previous` give (slot, table) by meeting number; `unavailable`
    lists (party, slot). A party keeps its table from talk to talk where that costs nothing. Raises ValueError
    when pins contradict each other, an absence or the hall. `time_limit` is in seconds and only bounds the search
    for a better answer than the one at hand.
    """
    hall = _Hall(meetings, slots, tables, set(unavailable))
    pinned = dict(pinned or {})
    wish = {k: seat[0] for k, seat in (previous or {}).items() if k < len(meetings)}
    for meeting, (slot, table) in pinned.items():
        hall.pin(meeting, slot, table)
    before = {k: slot for k, slot in wish.items() if k not in pinned}
    # Nobody can keep a slot that pins or absences have taken; if all others do, fewer moves are impossible.
    possible = sum(0 <= slot < slots and hall.fits(k, slot) for k, slot in before.items())
    hall.keep(before)
    left = hall.fill()
    optimal = not left and sum(hall.slot[k] == slot for k, slot in before.items()) == possible
    if not optimal:
        optimal = _improve(hall, before, pinned, seed, time_limit)
        left = [k for k, slot in enumerate(hall.slot) if slot == UNPLACED]
    seats = _tables(hall, pinned, previous or {})
    moved = tuple(k for k, seat in sorted((previous or {}).items()) if k < len(meetings) and seats[k] != seat)
    return Day(
        np.array([seat[0] for seat in seats], dtype=np.intp).reshape(-1),
        np.array([seat[1] for seat in seats], dtype=np.intp).reshape(-1),
        moved,
        tuple(Unplaced(k, hall.reason(k)) for k in left),
        optimal,
    )


class _Hall:
    """Slots taken by each party and by the hall, and who sits in them."""

    def __init__(
        self, meetings: Sequence[tuple[str, str]], slots: int, tables: int, away: set[tuple[str, int]]
    ) -> None:
        if slots < 0 or tables < 0 or any(left == right for left, right in meetings):
            raise ValueError("a fair needs slots and tables, and nobody meets itself")
        self.meetings, self.slots, self.tables, self.away = list(meetings), slots, tables, away
        self.slot = [UNPLACED] * len(self.meetings)
        self.busy: dict[tuple[str, int], int] = {}
        self.load = [0] * slots
        self.fixed: set[int] = set()
        self.of_party: dict[str, list[int]] = defaultdict(list)
        for k, pair in enumerate(self.meetings):
            for party in pair:
                self.of_party[party].append(k)

    def free(self, party: str, slot: int) -> bool:
        return (party, slot) not in self.busy and (party, slot) not in self.away

    def fits(self, meeting: int, slot: int) -> bool:
        return self.load[slot] < self.tables and all(self.free(p, slot) for p in self.meetings[meeting])

    def put(self, meeting: int, slot: int) -> None:
        self.slot[meeting] = slot
        self.load[slot] += 1
        for party in self.meetings[meeting]:
            self.busy[party, slot] = meeting

    def take(self, meeting: int) -> None:
        slot = self.slot[meeting]
        self.slot[meeting] = UNPLACED
        self.load[slot] -= 1
        for party in self.meetings[meeting]:
            del self.busy[party, slot]

    def pin(self, meeting: int, slot: int, table: int) -> None:
        if not (0 <= slot < self.slots and 0 <= table < self.tables and self.fits(meeting, slot)):
            raise ValueError(f"meeting {meeting} cannot be pinned to slot {slot}, table {table}")
        self.put(meeting, slot)
        self.fixed.add(meeting)

    def keep(self, wish: Mapping[int, int]) -> None:
        """Leave meetings where they were, as far as they still fit."""
        for meeting, slot in sorted(wish.items()):
            if self.slot[meeting] == UNPLACED and 0 <= slot < self.slots and self.fits(meeting, slot):
                self.put(meeting, slot)
                self.fixed.add(meeting)

    def fill(self) -> list[int]:
        """Seat all others, busiest parties first; return those that found no place."""
        weight = {party: len(ks) for party, ks in self.of_party.items()}
        order = sorted(
            (k for k, slot in enumerate(self.slot) if slot == UNPLACED),
            key=lambda k: (
                -max(weight[p] for p in self.meetings[k]),
                -sum(weight[p] for p in self.meetings[k]),
                k,
            ),
        )
        return [k for k in order if not self._seat(k)]

    def _seat(self, meeting: int) -> bool:
        open_slots = [slot for slot in range(self.slots) if self.fits(meeting, slot)]
        if open_slots:
            # The emptiest slot keeps tables free everywhere for as long as possible.
            self.put(meeting, min(open_slots, key=lambda slot: (self.load[slot], slot)))
            return True
        left, right = self.meetings[meeting]
        ours = [s for s in range(self.slots) if self.free(left, s) and self.load[s] < self.tables]
        theirs = [s for s in range(self.slots) if self.free(right, s) and self.load[s] < self.tables]
        return any(self._swap(meeting, right, a, b) for a in ours for b in theirs)

    def _swap(self, meeting: int, party: str, here: int, there: int) -> bool:
        """Exchange two slots along a chain of meetings so that `party` becomes free `here`."""
        chain: list[int] = []
        who, slot, other = party, here, there
        while (found := self.busy.get((who, slot))) is not None:
            if found in self.fixed or found in chain:
                return False
            chain.append(found)
            who = next(p for p in self.meetings[found] if p != who)
            if (who, other) in self.away:
                return False
            slot, other = other, slot
        came = [(k, there if self.slot[k] == here else here) for k in chain]
        old = [(k, self.slot[k]) for k in chain]
        for k in chain:
            self.take(k)
        for k, slot in came:
            if not self.fits(k, slot):
                for placed, _ in came:
                    if self.slot[placed] != UNPLACED:
                        self.take(placed)
                for k_old, slot_old in old:
                    self.put(k_old, slot_old)
                return False
            self.put(k, slot)
        if self.fits(meeting, here):
            self.put(meeting, here)
            return True
        for k, _ in came:
            self.take(k)
        for k, slot in old:
            self.put(k, slot)
        return False

    def reason(self, meeting: int) -> str:
        """Why a meeting has no place."""
        common = [
            s
            for s in range(self.slots)
            if all((party, s) not in self.away for party in self.meetings[meeting])
        ]
        if not common:
            return "no_common_slot"
        for party in self.meetings[meeting]:
            slots = sum((party, s) not in self.away for s in range(self.slots))
            if len(self.of_party[party]) > slots:
                return "party_full"
        return "hall_full" if all(self.load[s] >= self.tables for s in common) else "no_common_slot"


def _improve(
    hall: _Hall, before: Mapping[int, int], pinned: Mapping[int, Seat], seed: int, time_limit: float
) -> bool:
    """Place more, then move fewer, by a solver; whether what now stands is proven best."""
    from ortools.sat.python import cp_model

    model = cp_model.CpModel()
    seat: dict[tuple[int, int], cp_model.IntVar] = {}
    by_party: dict[tuple[str, int], list[cp_model.IntVar]] = defaultdict(list)
    by_slot: dict[int, list[cp_model.IntVar]] = defaultdict(list)
    for k, pair in enumerate(hall.meetings):
        options = (
            [pinned[k][0]]
            if k in pinned
            else [s for s in range(hall.slots) if all((party, s) not in hall.away for party in pair)]
        )
        for slot in options:
            chosen = seat[k, slot] = model.new_bool_var("")
            by_slot[slot].append(chosen)
            for party in pair:
                by_party[party, slot].append(chosen)
        taken = [seat[k, slot] for slot in options]
        model.add(sum(taken) == 1) if k in pinned else model.add_at_most_one(taken)
    for choices in by_party.values():
        model.add_at_most_one(choices)
    for choices in by_slot.values():
        model.add(sum(choices) <= hall.tables)
    # One more meeting is worth more than any number of moves.
    worth = len(before) + 1
    model.maximize(
        sum(
            (worth + (before.get(k) == slot)) * choice
            for (k, slot), choice in seat.items()
            if k not in pinned
        )
    )
    for (k, slot), choice in seat.items():
        model.add_hint(choice, hall.slot[k] == slot)
    solver = cp_model.CpSolver()
    solver.parameters.random_seed = seed
    solver.parameters.num_workers = 1
    solver.parameters.max_time_in_seconds = time_limit
    status = solver.solve(model)
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return False
    answer = {k: slot for (k, slot), choice in seat.items() if solver.value(choice)}
    if _worth(answer, before, worth) >= _worth(dict(enumerate(hall.slot)), before, worth):
        for k, slot in enumerate(hall.slot):
            if slot != UNPLACED:
                hall.take(k)
        for k, slot in sorted(answer.items()):
            hall.put(k, slot)
    return bool(status == cp_model.OPTIMAL)


def _worth(slots: Mapping[int, int], before: Mapping[int, int], worth: int) -> int:
    placed = {k: slot for k, slot in slots.items() if slot != UNPLACED}
    return sum(worth + (before.get(k) == slot) for k, slot in placed.items())


def _tables(hall: _Hall, pinned: Mapping[int, Seat], previous: Mapping[int, Seat]) -> list[Seat]:
    """Tables slot by slot: pins first, then where a meeting sat before, then where one of its parties last sat."""
    seats: list[Seat] = [(UNPLACED, UNPLACED)] * len(hall.meetings)
    last: dict[str, int] = {}
    for slot in range(hall.slots):
        here = [k for k, at in enumerate(hall.slot) if at == slot]
        free = set(range(hall.tables))

        def sit(meeting: int, table: int | None, slot: int = slot, free: set[int] = free) -> bool:
            if table is None or table not in free:
                return False
            free.remove(table)
            seats[meeting] = (slot, table)
            return True

        waiting = [k for k in here if not (k in pinned and sit(k, pinned[k][1]))]
        waiting = [
            k for k in waiting if not (previous.get(k, (UNPLACED, 0))[0] == slot and sit(k, previous[k][1]))
        ]
        waiting = [k for k in waiting if not any(sit(k, last.get(party)) for party in hall.meetings[k])]
        for k in waiting:
            sit(k, min(free))
        for k in here:
            # The first named party, usually the buyer, keeps its table.
            last[hall.meetings[k][0]] = seats[k][1]
    return seats
