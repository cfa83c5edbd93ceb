"""Exact transport on a network that grows only where it matters.

Projects send their demand over arcs of one unit to organizations, these to the end, within bounds. Almost all
arcs of a fair are never used, so the solver starts with the best few of each project and organization and asks
for more by proof: a cut that no missing arc crosses proves that there is no plan; prices under which no missing
arc pays prove that there is no better one.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

FIRST_ARCS = 40
MORE_ARCS = 10
NEVER = np.iinfo(np.int64).min // 2
"""Below every gain, and still safe to negate."""

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Network:
    """n projects, m organizations: which arcs exist, what each gains, and the bounds; `group` needs `places`."""

    allowed: Mask
    gain: Ints
    demand: Ints
    capacity: Ints
    minimum: Ints
    group: Mask | None = None
    places: int = 0

    @property
    def group_floor(self) -> int:
        """What the group must get beyond the minimums of its members."""
        if self.group is None:
            return 0
        return max(0, self.places - int(self.minimum[self.group].sum()))

    @property
    def rest(self) -> int:
        """Demand beyond all minimums; negative when the minimums alone ask for too much."""
        return int(self.demand.sum() - self.minimum.sum()) - self.group_floor


@dataclass(frozen=True, eq=False)
class Solution:
    """Chosen arcs q×2, one price per organization, and an upper bound of what a better choice could add."""

    pairs: NDArray[np.intp]
    prices: Ints
    gap: int


def feasible_arcs(network: Network, arcs: Mask | None = None) -> Mask | None:
    """A set of arcs over which everything can flow, or None when no set of allowed arcs does."""
    if network.rest < 0:
        return None
    chosen = _first_arcs(network) if arcs is None else arcs & network.allowed
    while True:
        short, rows, cols = _cut(network, chosen)
        if not short:
            return chosen
        # Only arcs that lead out of the cut can carry more.
        missing = network.allowed & ~chosen & rows[:, None] & ~cols[None, :]
        if not missing.any():
            return None
        chosen = chosen | _best_of(missing, network.gain, FIRST_ARCS)


def best_floor(
    network: Network, steps: Ints, arcs: Mask, deadline: float | None, ceiling: int
) -> tuple[Network, Mask]:
    """The network without every arc below the highest floor, up to a ceiling, that still lets everything flow."""
    values = np.where(network.allowed, steps, NEVER)
    ceiling = min(ceiling, _kth_best(values, network.demand), _kth_best(values.T, network.minimum))
    levels = np.unique(values[network.allowed & (values <= ceiling)])
    best, found = network, arcs
    low, high = 0, len(levels) - 1
    probe = high
    while low <= high and not _late(deadline):
        tried = replace(network, allowed=network.allowed & (steps >= levels[probe]))
        got = feasible_arcs(tried, found)
        if got is not None:
            best, found, low = tried, got, probe + 1
        else:
            high = probe - 1
        probe = (low + high) // 2
    return best, found & best.allowed


def optimum(network: Network, arcs: Mask, deadline: float | None) -> Solution:
    """The choice of arcs that gains most, starting from arcs over which everything can flow."""
    chosen = (arcs | _first_arcs(network)) & network.allowed
    while True:
        pairs = _cheapest_flow(network, chosen)
        prices = _prices(network, chosen, pairs)
        margin = _margins(network, pairs, prices)
        # A missing arc pays when it gains more than its project's worst bargain at these prices.
        over = np.where(network.allowed & ~chosen, network.gain - margin[:, None] - prices[None, :], 0)
        gap = int(np.maximum(over, 0).sum())
        if gap == 0 or _late(deadline):
            return Solution(pairs, prices, gap)
        chosen = chosen | _best_of(over > 0, over, MORE_ARCS)


def _late(deadline: float | None) -> bool:
    return deadline is not None and time.monotonic() > deadline


def _first_arcs(network: Network) -> Mask:
    by_project = _best_of(network.allowed, network.gain, FIRST_ARCS)
    needing = network.minimum > 0
    if not needing.any():
        return by_project
    by_organization = _best_of((network.allowed & needing).T, network.gain.T, FIRST_ARCS).T
    return np.asarray(by_project | by_organization)


def _best_of(mask: Mask, gain: Ints, count: int) -> Mask:
    """The `count` arcs of each row that gain most."""
    m = mask.shape[1]
    if m <= count:
        return mask
    keys = np.where(mask, gain, NEVER)
    cols = np.argpartition(keys, m - count, axis=1)[:, m - count :]
    picked = np.zeros_like(mask)
    np.put_along_axis(picked, cols, True, axis=1)
    return picked & mask


def _kth_best(values: Ints, counts: Ints) -> int:
    """The highest floor under which no row has fewer than its count of arcs."""
    rows = counts > 0
    if not rows.any():
        return int(np.iinfo(np.int64).max)
    ordered = -np.sort(-values[rows], axis=1)
    return int(np.take_along_axis(ordered, counts[rows, None] - 1, axis=1).min())


def _cut(network: Network, chosen: Mask) -> tuple[int, Mask, Mask]:
    """How much cannot flow over these arcs, and the projects and organizations on the source's side."""
    from ortools.graph.python import max_flow

    n, m = chosen.shape
    group, end, source, sink = n + m, n + m + 1, n + m + 2, n + m + 3
    rows, cols = np.nonzero(chosen)
    inside = np.zeros(m, dtype=np.bool_) if network.group is None else network.group
    orgs = n + np.arange(m)
    onward = np.where(inside, group, end)
    supply = int(network.demand.sum())
    room = network.capacity - network.minimum
    ones = np.ones(len(rows), dtype=np.int64)
    bounds = np.array([network.group_floor, supply, network.rest])
    tails: list[Ints] = [np.full(n, source), rows, orgs, orgs, np.array([group, group, end])]
    heads: list[Ints] = [np.arange(n), n + cols, np.full(m, sink), onward, np.array([sink, end, sink])]
    limits: list[Ints] = [network.demand, ones, network.minimum, room, bounds]
    flow = max_flow.SimpleMaxFlow()
    flow.add_arcs_with_capacity(
        np.hstack(tails).astype(np.int32),
        np.hstack(heads).astype(np.int32),
        np.hstack(limits).astype(np.int64),
    )
    if flow.solve(source, sink) != flow.OPTIMAL:
        raise RuntimeError("the flow solver failed")
    side = np.zeros(n + m + 4, dtype=np.bool_)
    side[flow.get_source_side_min_cut()] = True
    return supply - flow.optimal_flow(), side[:n], side[n : n + m]


def _cheapest_flow(network: Network, chosen: Mask) -> NDArray[np.intp]:
    from ortools.graph.python import min_cost_flow

    n, m = chosen.shape
    group, end = n + m, n + m + 1
    rows, cols = np.nonzero(chosen)
    inside = np.zeros(m, dtype=np.bool_) if network.group is None else network.group
    flow = min_cost_flow.SimpleMinCostFlow()
    supply = int(network.demand.sum())
    arcs = flow.add_arcs_with_capacity_and_unit_cost(
        np.concatenate([rows, n + np.arange(m), [group]]).astype(np.int32),
        np.concatenate([n + cols, np.where(inside, group, end), [end]]).astype(np.int32),
        np.concatenate([np.ones(len(rows)), network.capacity - network.minimum, [supply]]).astype(np.int64),
        np.concatenate([-network.gain[rows, cols], np.zeros(m + 1, dtype=np.int64)]),
    )
    supplies = np.concatenate([network.demand, -network.minimum, [-network.group_floor, -network.rest]])
    flow.set_nodes_supplies(np.arange(n + m + 2, dtype=np.int32), supplies.astype(np.int64))
    if flow.solve() != flow.OPTIMAL:
        raise RuntimeError("the flow solver failed")
    used = flow.flows(arcs[: len(rows)]) > 0
    return np.column_stack([rows[used], cols[used]]).astype(np.intp)


def _prices(network: Network, chosen: Mask, pairs: NDArray[np.intp]) -> Ints:
    """Prices under which every choice among the chosen arcs is right.

    An organization with a free place costs nothing or, kept at its minimum, less than nothing; whoever a project
    has is at least as good a bargain for it as anyone it has not. Among all such prices, places are as cheap as
    can be: then few missing arcs seem to pay that do not.
    """
    load = np.bincount(pairs[:, 1], minlength=len(network.capacity))
    bargains = _Bargains(network, chosen, pairs)
    beyond = 4 * (np.abs(network.gain).max(initial=1) + 1) * (min(chosen.shape) + 1)
    group, group_price = network.group, np.int64(0)
    prices = np.where(load < network.capacity, 0, beyond).astype(np.int64)
    while True:
        lower = bargains.at_most(prices)
        if group is not None:
            movable = group & (load > network.minimum)
            group_price = min(group_price, np.int64(lower[movable].min(initial=0)))
            lower = np.where(group & (load < network.capacity), np.minimum(lower, group_price), lower)
        if (lower == prices).all():
            break
        prices = lower
    free = np.zeros_like(prices) if group is None else np.where(group, group_price, 0)
    prices = np.where((load > network.minimum) | (prices == beyond), np.minimum(prices, free), prices)
    while True:
        higher = bargains.at_least(prices)
        if (higher == prices).all():
            return prices
        prices = higher


class _Bargains:
    """What the choices made say about prices, organization against organization."""

    def __init__(self, network: Network, chosen: Mask, pairs: NDArray[np.intp]) -> None:
        open_arcs = chosen.copy()
        open_arcs[pairs[:, 0], pairs[:, 1]] = False
        self._rows, self._cols = np.nonzero(open_arcs)
        self._gains = network.gain[self._rows, self._cols]
        self._starts: NDArray[np.intp] = np.flatnonzero(np.diff(self._rows, prepend=-1))
        self._pairs = pairs
        self._has = network.gain[pairs[:, 0], pairs[:, 1]]
        self._network = network

    def at_most(self, prices: Ints) -> Ints:
        """No chosen place may cost more than keeps it as good as the best of the others."""
        other = np.full(len(self._network.demand), NEVER, dtype=np.int64)
        if len(self._rows):
            other[self._rows[self._starts]] = np.maximum.reduceat(
                self._gains - prices[self._cols], self._starts
            )
        out = prices.copy()
        np.minimum.at(out, self._pairs[:, 1], self._has - other[self._pairs[:, 0]])
        return out

    def at_least(self, prices: Ints) -> Ints:
        """Every place costs at least what makes it no better than the worst of those chosen."""
        margins = _margins(self._network, self._pairs, prices)
        out = prices.copy()
        np.maximum.at(out, self._cols, self._gains - margins[self._rows])
        return out


def _margins(network: Network, pairs: NDArray[np.intp], prices: Ints) -> Ints:
    """Each project's worst bargain among its chosen; beyond reach when it needs nobody."""
    margins = np.full(len(network.demand), np.iinfo(np.int64).max // 4, dtype=np.int64)
    np.minimum.at(margins, pairs[:, 0], network.gain[pairs[:, 0], pairs[:, 1]] - prices[pairs[:, 1]])
    return margins
