"""Why there is no plan: a smallest set of rules whose relaxing would allow one, by name.

The rules are the bounds of a circulation: what a project asks, what an organization may take and is promised, the forced and
forbidden pairs, the places kept for the new. A small program chooses how far to relax which; a maximum flow over all
pairs then either fits or shows a cut that the chosen relaxations leave too narrow (Hoffman 1960), and the cut becomes a row of
the program. So the pairs themselves, a million and more, never enter the program.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
RULES = ("demand", "capacity", "minimum", "forced", "forbidden", "exposure")
TIME_LIMIT = 10.0
SMALL, GAP = 400, 2e-4
"""In larger programs the amounts may be so far from the least; the number of rules is proven all the same."""
INFEASIBLE = 2
"""The solver's word for it."""
_TINY = 1e-4
Row = tuple[NDArray[np.intp], NDArray[np.float64], float]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """One rule to relax by `amount`: the demand of a project, the capacity or minimum of an organization, a forced
    or forbidden pair, or the exposure floor. `project` and `organization` are row and column numbers.
    """

    rule: str
    amount: int
    project: int | None = None
    organization: int | None = None

    @property
    def zh(self) -> str:
        return self.told(f"项目 {self.project}", f"机构 {self.organization}")[0]

    @property
    def en(self) -> str:
        return self.told(f"project {self.project}", f"organization {self.organization}")[1]

    def told(self, project: str, organization: str) -> tuple[str, str]:
        """The rule as a Chinese and an English sentence, with the names people know."""
        words = {"project": project, "organization": organization, "amount": self.amount}
        zh, en = _SENTENCES[self.rule]
        return zh.format(**words), en.format(**words)


_SENTENCES = {
    "demand": ("{project} 少要 {amount} 家机构", "{project} asks for {amount} fewer organizations"),
    "capacity": ("{organization} 的承接上限增加 {amount}", "{organization} takes {amount} more"),
    "minimum": ("{organization} 的最低数减少 {amount}", "{organization} is promised {amount} fewer"),
    "forced": (
        "取消 {project} 与 {organization} 的指定配对",
        "{project} is not bound to {organization}",
    ),
    "forbidden": (
        "允许 {project} 与 {organization} 配对",
        "{project} may be paired with {organization}",
    ),
    "exposure": ("新机构名额减少 {amount}", "{amount} fewer places are kept for new organizations"),
}


@dataclass(frozen=True, eq=False)
class Limits:
    """What a plan must obey. `usable` and `forbidden` are n×m and disjoint: what may be paired, and what only a wish of
    ours forbids; a pair in neither is kept out by a gate.
    """

    usable: Mask
    forbidden: Mask
    demand: Ints
    capacity: Ints
    minimum: Ints
    forced: NDArray[np.intp]
    group: Mask | None
    places: int


def smallest_relaxation(
    limits: Limits, relaxable: Collection[str] = RULES, time_limit: float = TIME_LIMIT
) -> tuple[tuple[Relaxation, ...], bool]:
    """The fewest rules to relax, then the least amounts, and whether that is proven; gates are not ours to relax.

    Only rules of the kinds in `relaxable` are named as long as they suffice, all kinds otherwise. When time runs out the set
    still allows a plan, but a smaller one may exist.
    """
    bounds = _Bounds(limits, relaxable)
    found = _chosen(bounds, time.monotonic() + time_limit)
    if found is None:
        bounds = _Bounds(limits, RULES)
        found = _chosen(bounds, time.monotonic() + time_limit)
    assert found is not None, "with every rule relaxed nobody is asked for anything"
    named = (
        Relaxation(rule, int(amount), i, j)
        for (rule, i, j), amount in zip(bounds.rules, found[0], strict=True)
        if amount > 0
    )
    return tuple(named), found[1]


class _Bounds:
    """Arcs of a circulation with lower and upper bounds, some of which move with a rule's slack."""

    def __init__(self, limits: Limits, relaxable: Collection[str]) -> None:
        n, m = limits.usable.shape
        self.n, self.m = n, m
        self.root, self.group, self.end = n + m, n + m + 1, n + m + 2
        self.rules: list[tuple[str, int | None, int | None]] = []
        self.most: list[int] = []
        self._relaxable = relaxable
        bound = np.zeros((n, m), dtype=np.bool_)
        bound[limits.forced[:, 0], limits.forced[:, 1]] = True
        pairs = limits.usable | limits.forbidden
        rows, cols = np.nonzero(pairs | bound)
        fixed, barred = bound[rows, cols], limits.forbidden[rows, cols]
        takes = pairs.sum(axis=0)
        inside = np.zeros(m, dtype=np.bool_) if limits.group is None else limits.group
        asked = self._slacks("demand", limits.demand, projects=np.arange(n))
        more = self._slacks("capacity", np.maximum(takes - limits.capacity, 0), organizations=np.arange(m))
        fewer = self._slacks("minimum", limits.minimum, organizations=np.arange(m))
        loose = self._slacks("forced", fixed.astype(np.int64), projects=rows, organizations=cols)
        opened = self._slacks("forbidden", barred.astype(np.int64), projects=rows, organizations=cols)
        kept = self._slacks("exposure", np.array([limits.places]))
        none, free = np.full(2, -1), int(limits.demand.sum()) + 1
        self.tails = np.concatenate([np.full(n, self.root), rows, n + np.arange(m), [self.group, self.end]])
        self.heads = np.concatenate(
            [np.arange(n), n + cols, np.where(inside, self.group, self.end), [self.end, self.root]]
        )
        self.low = np.concatenate([limits.demand, fixed, limits.minimum, [limits.places, 0]])
        self.high = np.concatenate([limits.demand, limits.usable[rows, cols], limits.capacity, [free, free]])
        # Which slack lowers the lower bound, and which moves the upper one: a demand's both at once.
        self.lowered = np.concatenate([asked, loose, fewer, kept, [-1]])
        self.raised = np.concatenate([asked, opened, more, none])
        self.sign = np.concatenate([np.full(n, -1), np.ones(len(rows) + m + 2, dtype=np.int64)])

    def _slacks(
        self, rule: str, most: Ints, projects: Ints | None = None, organizations: Ints | None = None
    ) -> Ints:
        """The number of each rule's slack, −1 where there is nothing to relax."""
        numbers = np.full(len(most), -1, dtype=np.int64)
        if rule not in self._relaxable:
            return numbers
        for at in np.flatnonzero(most > 0):
            numbers[at] = len(self.rules)
            i = None if projects is None else int(projects[at])
            j = None if organizations is None else int(organizations[at])
            self.rules.append((rule, i, j))
            self.most.append(int(most[at]))
        return numbers

    def at(self, slack: Ints) -> tuple[Ints, Ints]:
        """Lower and upper bounds under these slacks."""
        padded = np.append(slack, 0)
        return self.low - padded[self.lowered], self.high + self.sign * padded[self.raised]

    def row(self, inward: Mask, outward: Mask) -> tuple[NDArray[np.float64], float]:
        """A cut as an inequality over the slacks: coefficients, and what they must reach."""
        row = np.zeros(len(self.rules) + 1)
        np.add.at(row, self.lowered[inward], 1.0)
        np.add.at(row, self.raised[outward], self.sign[outward])
        return row[:-1], float(self.low[inward].sum() - self.high[outward].sum())

    def cuts(self, slack: Ints) -> list[tuple[NDArray[np.float64], float]]:
        """The cuts too narrow under these slacks, or the arcs asked for more than they may carry; none when all flows."""
        low, high = self.at(slack)
        if (crossed := np.flatnonzero(low > high)).size:
            arcs = np.arange(len(self.tails))
            return [self.row(arcs == arc, arcs == arc) for arc in crossed]
        side = self._source_side(low, high)
        if side is None:
            return []
        # The side without the root falls into parts, and each tells its own trouble.
        near = not side[self.root]
        parts = self._parts(side if near else ~side)
        found = []
        for part in range(parts.max() + 1):
            source = (parts == part) if near else (parts != part)
            inward = ~source[self.tails] & source[self.heads]
            outward = source[self.tails] & ~source[self.heads]
            if low[inward].sum() > high[outward].sum():
                found.append(self.row(inward, outward))
        return found

    def _parts(self, keep: Mask) -> Ints:
        """The connected parts of some nodes, numbered; −1 for the others."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        inner = keep[self.tails] & keep[self.heads]
        size = len(keep)
        graph = coo_matrix(
            (np.ones(int(inner.sum()), dtype=np.int8), (self.tails[inner], self.heads[inner])), (size, size)
        )
        _, labels = connected_components(graph, directed=False)
        parts = np.full(size, -1, dtype=np.int64)
        parts[keep] = np.unique(labels[keep], return_inverse=True)[1]
        return parts

    def _source_side(self, low: Ints, high: Ints) -> Mask | None:
        """The nodes from which something cannot flow on, or None when all bounds can be met."""
        from ortools.graph.python import max_flow

        size = self.end + 1
        net = (np.bincount(self.heads, low, size) - np.bincount(self.tails, low, size)).astype(np.int64)
        gets, gives = np.flatnonzero(net > 0), np.flatnonzero(net < 0)
        if not len(gets):
            return None
        wide = high > low
        flow = max_flow.SimpleMaxFlow()
        flow.add_arcs_with_capacity(
            np.concatenate([self.tails[wide], np.full(len(gets), size), gives]).astype(np.int32),
            np.concatenate([self.heads[wide], gets, np.full(len(gives), size + 1)]).astype(np.int32),
            np.concatenate([(high - low)[wide], net[gets], -net[gives]]).astype(np.int64),
        )
        if flow.solve(size, size + 1) != flow.OPTIMAL:
            raise RuntimeError("the flow solver failed")
        if flow.optimal_flow() == int(net[gets].sum()):
            return None
        side = np.zeros(size + 2, dtype=np.bool_)
        side[flow.get_source_side_min_cut()] = True
        return side[:size]


def _chosen(bounds: _Bounds, deadline: float) -> tuple[Ints, bool] | None:
    """Slacks under which a plan exists and whether none are fewer; None when no slacks suffice."""
    if not bounds.rules:
        return None
    program = _Program(bounds)
    while True:
        found = program.solved(max(0.5, deadline - time.monotonic()))
        if found is None:
            return None
        slack, proven = found
        cuts = bounds.cuts(slack)
        if not cuts:
            return slack, proven
        for row in cuts:
            program.add(*row)
        if time.monotonic() > deadline:
            return _widened(bounds, slack), False


def _widened(bounds: _Bounds, slack: Ints) -> Ints:
    """Slacks raised until everything flows: first those already used, then those that reach furthest."""
    slack, most = slack.copy(), np.array(bounds.most)
    while cuts := bounds.cuts(slack):
        for row, least in cuts:
            short = int(np.ceil(least - row @ slack))
            helps = np.flatnonzero((row > 0) & (slack < most))
            order = np.lexsort((-(most - slack)[helps], slack[helps] == 0))
            for at in helps[order]:
                if short <= 0:
                    break
                step = min(short, int(most[at] - slack[at]))
                slack[at] += step
                short -= step
    return slack


class _Program:
    """Slacks and one switch per rule; a slack may be used only when its switch is on."""

    def __init__(self, bounds: _Bounds) -> None:
        self._most = np.array(bounds.most, dtype=np.float64)
        # A slack of one is its own switch.
        self._switched = np.flatnonzero(self._most > 1)
        count, switches = len(self._most), len(self._switched)
        self._costs = np.concatenate([np.where(self._most > 1, _TINY, 1.0 + _TINY), np.ones(switches)])
        self._rows: list[Row] = []
        for number, at in enumerate(self._switched):
            self._rows.append(((np.array([at, count + number])), np.array([-1.0, self._most[at]]), 0.0))
        self._switch = np.arange(count)
        self._switch[self._switched] = count + np.arange(switches)

    def add(self, row: NDArray[np.float64], least: float) -> None:
        """The slacks, weighed by `row`, must reach `least`; where all help, so many switches must be on as could reach it."""
        at = np.flatnonzero(row)
        self._rows.append((at, row[at], least))
        if (row[at] > 0).all() and least > 0 and len(at):
            furthest = (row * self._most)[at].max()
            self._rows.append((self._switch[at], np.ones(len(at)), float(np.ceil(least / furthest - 1e-9))))

    def solved(self, seconds: float) -> tuple[Ints, bool] | None:
        """The fewest switches, then the least slacks, that keep every row so far, and whether that is proven; None when
        none do.
        """
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_matrix

        ends = np.cumsum([0, *(len(at) for at, _, _ in self._rows)])
        cols = np.concatenate([at for at, _, _ in self._rows] or [np.zeros(0, dtype=np.intp)])
        data = np.concatenate([weights for _, weights, _ in self._rows] or [np.zeros(0)])
        width = len(self._costs)
        answer = milp(
            self._costs,
            constraints=LinearConstraint(
                csr_matrix((data, cols, ends), shape=(len(self._rows), width)),
                np.array([least for _, _, least in self._rows]),
            ),
            bounds=Bounds(0, np.concatenate([self._most, np.ones(len(self._switched))])),
            integrality=np.ones(width),
            options={"time_limit": seconds, "mip_rel_gap": 0.0 if width < SMALL else GAP},
        )
        if answer.x is None:
            # Either there are none, or time was up before there was one: then nobody is relaxed yet.
            return None if answer.status == INFEASIBLE else (np.zeros(len(self._most), dtype=np.int64), False)
        return np.rint(answer.x[: len(self._most)]).astype(np.int64), answer.status == 0
