"""The fair-wide plan: which organizations each project talks to, all wishes and limits weighed at once.

Encode → solve → decode. Scores become whole 1/1024 points; ties are decided by a seeded draw that is worth
less than one such step in all, so that the same question gets the same answer. The solver sees a network
of numbers; gates and forbidden pairs are arcs that do not exist, never costs.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from matching.network import NEVER, Network, Solution, best_floor, feasible_arcs, optimum
from matching.plan_infeasible import RULES, Limits, Relaxation, smallest_relaxation

STEPS = 1024
NOBODY = -1

Ints = NDArray[np.int64]
Pairs = Sequence[tuple[int, int]] | NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class Exposure:
    """At least `places` of the plan's pairs go to these organizations (the new and the small): m booleans."""

    organizations: NDArray[np.bool_]
    places: int


@dataclass(frozen=True, eq=False)
class Plan:
    """A plan, or the reasons why there is none.

    `pairs` is q×2 (project row, organization column), sorted. `total` and `worst` are points: the sum over all
    pairs and the lowest pair. `reserves` is n×r: who may step in for each project, best first, padded with
    NOBODY. `gap` is how many points a better plan could at most have; `optimal` when that is none. `prices`
    (one per organization) prove it. `exposure_price` is what the exposure floor costs in points. When no plan
    obeys all rules, `infeasible` names a smallest set of rules to relax (`optimal` when that is proven) and the
    arrays are empty.
    """

    pairs: NDArray[np.intp]
    total: float
    worst: float
    reserves: NDArray[np.intp]
    infeasible: tuple[Relaxation, ...] = ()
    optimal: bool = True
    gap: float = 0.0
    prices: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    exposure_price: float | None = None


def assign(
    scores: ArrayLike,
    demand: ArrayLike = 1,
    capacity: ArrayLike = 1,
    minimum: ArrayLike = 0,
    forced: Pairs | None = None,
    forbidden: NDArray[np.bool_] | None = None,
    exposure: Exposure | None = None,
    objective: Literal["sum", "max_min"] = "sum",
    seed: int = 0,
    time_limit: float | None = None,
    reserves: int = 3,
    relaxable: Collection[str] = RULES,
) -> Plan:
    """Give each project `demand` organizations so that the points are highest and every limit holds.

    `scores` is n×m points, NaN where a gate excludes the pair. Each organization gets at least `minimum` and at
    most `capacity` projects. 'max_min' first lifts the lowest pair as high as it can be, then the sum. The
    answer is a proven optimum unless `time_limit` (seconds) ends the proof early; then `gap` tells. When there is no plan,
    rules of the kinds in `relaxable` are named before others. Raises ValueError when shapes do not agree, a number is
    negative or a kind of rule is unknown.
    """
    if objective not in ("sum", "max_min"):
        raise ValueError(f"no objective {objective!r}; there are 'sum' and 'max_min'")
    if not set(relaxable) <= set(RULES):
        raise ValueError(f"no rules {sorted(set(relaxable) - set(RULES))}; there are {RULES}")
    deadline = None if time_limit is None else time.monotonic() + time_limit
    problem = _encode(scores, demand, capacity, minimum, forced, forbidden, exposure, seed)
    network = problem.network
    arcs = None if problem.contradicted else feasible_arcs(network)
    if arcs is None:
        return _no_plan(problem, reserves, relaxable)
    if objective == "max_min":
        # Lifting others above the lowest forced pair would not lift the lowest.
        forced_steps = problem.steps[problem.forced[:, 0], problem.forced[:, 1]]
        ceiling = int(forced_steps.min(initial=np.iinfo(np.int64).max))
        network, arcs = best_floor(network, problem.steps, arcs, deadline, ceiling)
    solution = optimum(network, arcs, deadline)
    price = None
    if exposure is not None:
        free = Network(network.allowed, network.gain, network.demand, network.capacity, network.minimum)
        free_arcs = feasible_arcs(free)
        if free_arcs is not None:
            without = optimum(free, free_arcs, deadline)
            price = (_total(problem, without) - _total(problem, solution)) / STEPS
    return _decode(problem, solution, reserves, price)


@dataclass(frozen=True, eq=False)
class _Problem:
    steps: Ints
    usable: NDArray[np.bool_]
    demand: Ints
    capacity: Ints
    minimum: Ints
    forced: NDArray[np.intp]
    forbidden: NDArray[np.bool_]
    exposure: Exposure | None
    network: Network
    unit: int
    contradicted: bool


def _encode(
    scores: ArrayLike,
    demand: ArrayLike,
    capacity: ArrayLike,
    minimum: ArrayLike,
    forced: Pairs | None,
    forbidden: NDArray[np.bool_] | None,
    exposure: Exposure | None,
    seed: int,
) -> _Problem:
    points = np.asarray(scores, dtype=np.float64)
    if points.ndim != 2:
        raise ValueError("scores must be a table: projects × organizations")
    n, m = points.shape
    eligible = ~np.isnan(points)
    steps = np.rint(np.where(eligible, points, 0.0) * STEPS).astype(np.int64)
    barred = np.zeros((n, m), dtype=np.bool_) if forbidden is None else np.asarray(forbidden, dtype=np.bool_)
    if barred.shape != (n, m):
        raise ValueError("forbidden must have the shape of scores")
    wanted, most, least = (
        _counts(values, size, name)
        for values, size, name in ((demand, n, "demand"), (capacity, m, "capacity"), (minimum, m, "minimum"))
    )
    fixed = _pairs(forced, n, m)
    taken_rows = np.bincount(fixed[:, 0], minlength=n)
    taken_cols = np.bincount(fixed[:, 1], minlength=m)
    usable = eligible & ~barred
    allowed = usable.copy()
    allowed[fixed[:, 0], fixed[:, 1]] = False
    contradicted = bool(
        (taken_rows > wanted).any()
        or (taken_cols > most).any()
        or (least > most).any()
        or not usable[fixed[:, 0], fixed[:, 1]].all()
    )
    group, places = None, 0
    if exposure is not None:
        group = np.asarray(exposure.organizations, dtype=np.bool_)
        if group.shape != (m,) or exposure.places < 0:
            raise ValueError("exposure needs one boolean per organization and places of at least 0")
        places = max(0, exposure.places - int(taken_cols[group].sum()))
    rest = np.maximum(wanted - taken_rows, 0)
    unit, gain = _with_draw(steps, int(wanted.sum()), n + m, seed)
    network = Network(
        allowed,
        gain,
        rest,
        np.maximum(most - taken_cols, 0),
        np.minimum(np.maximum(least - taken_cols, 0), np.maximum(most - taken_cols, 0)),
        group,
        places,
    )
    return _Problem(
        steps, usable, wanted, most, least, fixed, barred & eligible, exposure, network, unit, contradicted
    )


def _counts(values: ArrayLike, size: int, name: str) -> Ints:
    counts = np.broadcast_to(np.asarray(values, dtype=np.int64), (size,))
    if (counts < 0).any():
        raise ValueError(f"{name} must not be negative")
    return counts


def _pairs(forced: Pairs | None, n: int, m: int) -> NDArray[np.intp]:
    pairs = np.asarray([] if forced is None else forced, dtype=np.intp).reshape(-1, 2)
    if len(pairs) and (pairs.min() < 0 or (pairs >= (n, m)).any()):
        raise ValueError("a forced pair is outside the table of scores")
    return np.unique(pairs, axis=0)


def _with_draw(steps: Ints, pairs: int, nodes: int, seed: int) -> tuple[int, Ints]:
    """Scores with a seeded draw below: one step is worth more than all draws of a plan together."""
    highest = max(1, int(np.abs(steps).max(initial=0)))
    # The solver scales costs by the number of nodes and must stay inside 63 bits.
    room = 2**61 // (highest * max(1, pairs) * max(1, nodes))
    draws = int(min(2**16, max(1, room)))
    unit = max(1, pairs) * draws
    drawn = np.random.default_rng(seed).integers(0, draws, size=steps.shape, dtype=np.int64)
    return unit, steps * unit + drawn


def _total(problem: _Problem, solution: Solution) -> int:
    pairs = np.vstack([solution.pairs, problem.forced])
    return int(problem.steps[pairs[:, 0], pairs[:, 1]].sum())


def _decode(problem: _Problem, solution: Solution, reserves: int, price: float | None) -> Plan:
    pairs = np.vstack([solution.pairs, problem.forced]).astype(np.intp)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    points = problem.steps[pairs[:, 0], pairs[:, 1]] / STEPS
    # What is left of a gap below one step is the draw's, not the scores'.
    gap = (solution.gap // problem.unit) / STEPS
    return Plan(
        pairs,
        float(points.sum()),
        float(points.min(initial=np.inf)) if len(points) else float("nan"),
        _reserves(problem, pairs, reserves),
        (),
        gap == 0.0,
        float(gap),
        solution.prices / problem.unit / STEPS,
        price,
    )


def _reserves(problem: _Problem, pairs: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """For each project the best usable organizations outside its own that still have a free place."""
    n, m = problem.steps.shape
    free = problem.capacity > np.bincount(pairs[:, 1], minlength=m)
    open_pairs = problem.usable & free
    open_pairs[pairs[:, 0], pairs[:, 1]] = False
    keys = np.where(open_pairs, problem.network.gain, NEVER)
    k = min(count, m)
    cols = np.argpartition(-keys, k - 1, axis=1)[:, :k] if 0 < k < m else np.tile(np.arange(k), (n, 1))
    order = np.argsort(-np.take_along_axis(keys, cols, axis=1), axis=1, kind="stable")
    cols = np.take_along_axis(cols, order, axis=1)
    return np.where(np.take_along_axis(open_pairs, cols, axis=1), cols, NOBODY).astype(np.intp)


def _no_plan(problem: _Problem, reserves: int, relaxable: Collection[str]) -> Plan:
    exposure = problem.exposure
    limits = Limits(
        problem.usable,
        problem.forbidden,
        problem.demand,
        problem.capacity,
        problem.minimum,
        problem.forced,
        None if exposure is None else np.asarray(exposure.organizations, dtype=np.bool_),
        0 if exposure is None else exposure.places,
    )
    empty = np.zeros((0, 2), dtype=np.intp)
    nobody = np.full((len(problem.demand), reserves), NOBODY, dtype=np.intp)
    relaxations, fewest = smallest_relaxation(limits, relaxable)
    return Plan(empty, 0.0, float("nan"), nobody, relaxations, optimal=fewest, gap=float("inf"))
