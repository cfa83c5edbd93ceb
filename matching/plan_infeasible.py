"""Why there is no plan: a smallest set of rules whose relaxing would allow one, by name."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
TIME_LIMIT = 20.0
_TINY = 1e-4


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
        return _ZH[self.rule].format(r=self)

    @property
    def en(self) -> str:
        return _EN[self.rule].format(r=self)


_ZH = {
    "demand": "项目 {r.project} 少要 {r.amount} 家机构",
    "capacity": "机构 {r.organization} 的承接上限增加 {r.amount}",
    "minimum": "机构 {r.organization} 的最低数减少 {r.amount}",
    "forced": "取消项目 {r.project} 与机构 {r.organization} 的指定配对",
    "forbidden": "允许项目 {r.project} 与机构 {r.organization} 配对",
    "exposure": "新机构名额减少 {r.amount}",
}
_EN = {
    "demand": "project {r.project} asks for {r.amount} fewer organizations",
    "capacity": "organization {r.organization} takes {r.amount} more",
    "minimum": "organization {r.organization} is promised {r.amount} fewer",
    "forced": "project {r.project} is not bound to organization {r.organization}",
    "forbidden": "project {r.project} may be paired with organization {r.organization}",
    "exposure": "{r.amount} fewer places are kept for new organizations",
}


def smallest_relaxation(
    usable: Mask,
    forbidden: Mask,
    demand: Ints,
    capacity: Ints,
    minimum: Ints,
    forced: NDArray[np.intp],
    group: Mask | None,
    places: int,
) -> tuple[Relaxation, ...]:
    """The fewest rules to relax, then the least amounts; gates are not among them, for they are not ours to relax.

    `usable` and `forbidden` are n×m and disjoint: what may be paired, and what only a wish of ours forbids.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp

    program = _Program(usable, forbidden, demand, capacity, minimum, forced, group, places)
    answer = milp(
        program.costs,
        constraints=LinearConstraint(program.matrix(), program.lower, program.upper),
        bounds=Bounds(0, np.array(program.limits)),
        integrality=np.array(program.whole),
        options={"time_limit": TIME_LIMIT},
    )
    if answer.x is None:
        raise RuntimeError(f"no set of rules to relax was found in {TIME_LIMIT} s: {answer.message}")
    return program.read(answer.x)


class _Program:
    """Pairs, slacks and one switch per rule; a slack may be used only when its switch is on."""

    def __init__(
        self,
        usable: Mask,
        forbidden: Mask,
        demand: Ints,
        capacity: Ints,
        minimum: Ints,
        forced: NDArray[np.intp],
        group: Mask | None,
        places: int,
    ) -> None:
        self.costs: list[float] = []
        self.limits: list[float] = []
        self.whole: list[int] = []
        self.lower: list[float] = []
        self.upper: list[float] = []
        self._entries: list[tuple[int, int, float]] = []
        self._rules: list[tuple[int, str, int | None, int | None]] = []
        n, m = usable.shape
        by_project: list[list[int]] = [[] for _ in range(n)]
        by_organization: list[list[int]] = [[] for _ in range(m)]
        must = {(int(i), int(j)) for i, j in forced}
        for i, j in zip(*np.nonzero(usable | forbidden), strict=True):
            pair = self._variable(1.0)
            by_project[i].append(pair)
            by_organization[j].append(pair)
            if forbidden[i, j]:
                # The pair exists only when the rule against it is given up.
                self._switch(pair, 1.0, "forbidden", int(i), int(j), slack=pair)
            if (int(i), int(j)) in must:
                must.discard((int(i), int(j)))
                loose = self._slack(1.0, "forced", int(i), int(j))
                self._row([(pair, 1.0), (loose, 1.0)], 1.0, np.inf)
        for i, j in sorted(must):
            # A gate excludes the pair: only giving up the wish helps.
            self._row([(self._slack(1.0, "forced", i, j), 1.0)], 1.0, np.inf)
        for i in range(n):
            less = self._slack(float(demand[i]), "demand", i, None)
            self._row([*((p, 1.0) for p in by_project[i]), (less, 1.0)], float(demand[i]), float(demand[i]))
        total = float(demand.sum() + len(forced))
        for j in range(m):
            pairs = [(p, 1.0) for p in by_organization[j]]
            if len(pairs) > capacity[j]:
                more = self._slack(total, "capacity", None, j)
                self._row([*pairs, (more, -1.0)], -np.inf, float(capacity[j]))
            if minimum[j] > 0:
                fewer = self._slack(float(minimum[j]), "minimum", None, j)
                self._row([*pairs, (fewer, 1.0)], float(minimum[j]), np.inf)
        if group is not None and places > 0:
            inside = [(p, 1.0) for j in np.flatnonzero(group) for p in by_organization[j]]
            fewer = self._slack(float(places), "exposure", None, None)
            self._row([*inside, (fewer, 1.0)], float(places), np.inf)

    def _variable(self, limit: float, cost: float = 0.0, whole: int = 0) -> int:
        self.costs.append(cost)
        self.limits.append(limit)
        self.whole.append(whole)
        return len(self.costs) - 1

    def _slack(self, limit: float, rule: str, i: int | None, j: int | None) -> int:
        slack = self._variable(limit, cost=_TINY, whole=1)
        self._switch(slack, limit, rule, i, j, slack)
        return slack

    def _switch(self, used: int, limit: float, rule: str, i: int | None, j: int | None, slack: int) -> None:
        switch = self._variable(1.0, cost=1.0, whole=1)
        self._row([(used, 1.0), (switch, -max(limit, 1.0))], -np.inf, 0.0)
        self._rules.append((slack, rule, i, j))

    def _row(self, entries: list[tuple[int, float]], lower: float, upper: float) -> None:
        self._entries += [(len(self.lower), variable, value) for variable, value in entries]
        self.lower.append(lower)
        self.upper.append(upper)

    def matrix(self) -> object:
        """The constraints, one row each."""
        from scipy.sparse import csr_matrix

        rows, cols, values = zip(*self._entries, strict=True)
        return csr_matrix((values, (rows, cols)), shape=(len(self.lower), len(self.costs)))

    def read(self, values: NDArray[np.float64]) -> tuple[Relaxation, ...]:
        """The relaxations that the answer uses, in the order in which the rules were written."""
        used = ((rule, round(float(values[slack])), i, j) for slack, rule, i, j in self._rules)
        return tuple(Relaxation(rule, amount, i, j) for rule, amount, i, j in used if amount > 0)
