"""The referee: checks what rankers and solvers hand in, and shares no code with them.

Every function returns all broken rules as sentences; an empty list means nothing is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOLERANCE = 1e-6


def check_plan(
    scores: ArrayLike,
    pairs: Iterable[tuple[int, int]] | NDArray[np.integer],
    *,
    demand: ArrayLike = 1,
    capacity: ArrayLike = 1,
    minimum: ArrayLike = 0,
    forced: Iterable[tuple[int, int]] = (),
    forbidden: ArrayLike | None = None,
    exposed: Collection[int] = (),
    places: int = 0,
    total: float | None = None,
) -> list[str]:
    """Whether a plan obeys its rules and adds up; `exposed` are the organizations that `places` are kept for."""
    table = np.asarray(scores, dtype=float)
    chosen = [(int(i), int(j)) for i, j in pairs]
    wrong = [f"pair {pair} is listed {times} times" for pair, times in Counter(chosen).items() if times > 1]
    barred = None if forbidden is None else np.asarray(forbidden, dtype=bool)
    for i, j in chosen:
        if table[i, j] != table[i, j]:
            wrong.append(f"pair {(i, j)} is excluded by a gate")
        if barred is not None and barred[i, j]:
            wrong.append(f"pair {(i, j)} is forbidden")
    wrong += [f"forced pair {pair} is missing" for pair in map(tuple, forced) if pair not in set(chosen)]
    rows, cols = Counter(i for i, _ in chosen), Counter(j for _, j in chosen)
    for i, wanted in enumerate(np.broadcast_to(demand, table.shape[:1])):
        if rows[i] != wanted:
            wrong.append(f"project {i} has {rows[i]} organizations, not {wanted}")
    bounds = zip(
        np.broadcast_to(minimum, table.shape[1:]), np.broadcast_to(capacity, table.shape[1:]), strict=True
    )
    for j, (least, most) in enumerate(bounds):
        if not least <= cols[j] <= most:
            wrong.append(f"organization {j} has {cols[j]} projects, outside {least}–{most}")
    kept = sum(cols[j] for j in exposed)
    if kept < places:
        wrong.append(f"{kept} places went to the exposed, not {places}")
    if (
        total is not None
        and abs(sum(table[i, j] for i, j in chosen) - total) > len(chosen) / 1000 + TOLERANCE
    ):
        wrong.append(f"the total is {sum(table[i, j] for i, j in chosen)}, not {total}")
    return wrong


def price_bound(
    scores: ArrayLike,
    prices: ArrayLike,
    *,
    demand: ArrayLike = 1,
    capacity: ArrayLike = 1,
    minimum: ArrayLike = 0,
) -> float:
    """What no plan can exceed, by weak duality: whatever the prices, each project at best takes its best bargains.

    Equal to a plan's total it proves the plan optimal. Source: linear programming duality of transport.
    """
    table, price = np.asarray(scores, dtype=float), np.asarray(prices, dtype=float)
    bargains = np.where(np.isnan(table), -np.inf, table - price)
    best = 0.0
    for row, wanted in zip(bargains, np.broadcast_to(demand, table.shape[:1]), strict=True):
        best += float(np.sort(row)[::-1][:wanted].sum())
    most, least = np.broadcast_to(capacity, price.shape), np.broadcast_to(minimum, price.shape)
    return best + float((most * np.maximum(price, 0) + least * np.minimum(price, 0)).sum())


def check_ranking(
    scores: NDArray[np.float64],
    factors: Mapping[str, NDArray[np.float64]],
    candidate_ids: NDArray[np.object_],
) -> list[str]:
    """Whether rows fall from best to worst, hold nobody twice, pad only at the end, and columns sum to scores."""
    wrong: list[str] = []
    total = np.zeros_like(scores)
    for points in factors.values():
        total = total + points
    for row, (points, names) in enumerate(zip(scores, candidate_ids, strict=True)):
        shown = [name for name in names if name is not None]
        if len(set(shown)) != len(shown):
            wrong.append(f"row {row} shows somebody twice")
        if any(name is not None for name in names[len(shown) :]):
            wrong.append(f"row {row} has a gap")
        real = points[: len(shown)]
        if np.isnan(real).any() or not np.isnan(points[len(shown) :]).all():
            wrong.append(f"row {row} is padded wrongly")
        if (np.diff(real) > 0).any():
            wrong.append(f"row {row} does not fall")
        if ((real < 0) | (real > 100)).any():
            wrong.append(f"row {row} leaves 0–100")
        if (np.abs(total[row, : len(shown)] - real) > TOLERANCE).any():
            wrong.append(f"the factors of row {row} do not sum to its scores")
    return wrong


def check_timetable(
    meetings: Sequence[tuple[str, str]],
    placed: Mapping[int, tuple[int, int]],
    *,
    slots: int,
    tables: int,
    pinned: Mapping[int, tuple[int, int]] | None = None,
    unavailable: Collection[tuple[str, int]] = (),
) -> list[str]:
    """Whether nobody is at two tables at once, no table holds two talks, and pins and absences are respected."""
    wrong: list[str] = []
    seats = Counter(placed.values())
    wrong += [f"table {table} holds {n} talks in slot {slot}" for (slot, table), n in seats.items() if n > 1]
    people = Counter(
        (party, placed[k][0]) for k, pair in enumerate(meetings) if k in placed for party in pair
    )
    wrong += [f"{party} is at {n} tables in slot {slot}" for (party, slot), n in people.items() if n > 1]
    away = set(unavailable)
    wrong += [f"{party} is away in slot {slot}" for party, slot in people if (party, slot) in away]
    for meeting, (slot, table) in placed.items():
        if not (0 <= slot < slots and 0 <= table < tables):
            wrong.append(f"meeting {meeting} is outside the hall")
    for meeting, seat in (pinned or {}).items():
        if placed.get(meeting) != seat:
            wrong.append(f"meeting {meeting} is pinned to {seat}")
    return wrong
