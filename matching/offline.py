"""Judging two rankings on outcomes that neither has seen, and saying why a candidate must not replace the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matching.learning import Outcome

Floats = NDArray[np.float64]
DEPTH = 10
RESAMPLES = 1000
SLICE_AT_LEAST = 20
SLICE_MAY_LOSE = 0.02
DRIFTED = 0.25
"""Population stability from which a factor's distribution counts as changed (the usual rule of thumb)."""


@dataclass(frozen=True)
class Measures:
    """nDCG@10 and MRR over projects (higher is better), Brier score of the probabilities (lower is better)."""

    ndcg: float
    mrr: float
    brier: float
    projects: int


@dataclass(frozen=True)
class Comparison:
    """Current and candidate on held-back outcomes, in whole and by slice; `objections` is empty when it may go live."""

    current: Measures
    candidate: Measures
    slices: Mapping[str, tuple[Measures, Measures]]
    drift: Mapping[str, float]
    gain_low: float
    objections: tuple[str, ...]


def compare(
    held: Sequence[Outcome],
    current: Floats,
    candidate: Floats,
    current_chance: Floats,
    candidate_chance: Floats,
    seen_shares: Floats,
    seed: int,
) -> Comparison:
    """The whole report. `gain_low` is the 5 % quantile of the nDCG gain over resampled projects."""
    from matching.learning import FACTORS, GAINS, SUCCESS

    gains = np.array([GAINS[outcome.result] for outcome in held])
    success = gains >= SUCCESS
    rows: dict[str, list[int]] = defaultdict(list)
    for row, outcome in enumerate(held):
        rows[outcome.project_id].append(row)
    judged = [r for r in rows.values() if gains[r].max() > 0]

    def measured(groups: list[list[int]], points: Floats, chance: Floats, kept: list[int]) -> Measures:
        if not groups:
            return Measures(float("nan"), float("nan"), float("nan"), 0)
        return Measures(
            float(np.mean([ndcg(points[r], gains[r]) for r in groups])),
            float(np.mean([reciprocal_rank(points[r], success[r]) for r in groups])),
            float(np.mean((chance[kept] - success[kept]) ** 2)),
            len(groups),
        )

    def both(groups: list[list[int]], kept: list[int]) -> tuple[Measures, Measures]:
        return (
            measured(groups, current, current_chance, kept),
            measured(groups, candidate, candidate_chance, kept),
        )

    everything = list(range(len(held)))
    now, then = both(judged, everything)
    slices = {}
    for name, members in _slices(held).items():
        groups = [
            kept for r in rows.values() if (kept := [k for k in r if k in members]) and gains[kept].max() > 0
        ]
        if groups:
            slices[name] = both(groups, sorted(members))
    low = _gain_low(judged, current, candidate, gains, seed)
    shares = np.array([outcome.shares for outcome in held])
    drift = {name: stability(seen_shares[:, k], shares[:, k]) for k, name in enumerate(FACTORS)}
    return Comparison(now, then, slices, drift, low, _objections(now, then, slices, low))


def _objections(
    now: Measures, then: Measures, slices: Mapping[str, tuple[Measures, Measures]], low: float
) -> tuple[str, ...]:
    found = []
    if not low > 0:
        found.append(f"nDCG@10 gain is not sure: 5 % quantile {low:+.4f}")
    if then.brier > now.brier:
        found.append(f"Brier score rises from {now.brier:.4f} to {then.brier:.4f}")
    for name, (before, after) in slices.items():
        if before.projects >= SLICE_AT_LEAST and after.ndcg < before.ndcg - SLICE_MAY_LOSE:
            found.append(f"{name}: nDCG@10 falls from {before.ndcg:.4f} to {after.ndcg:.4f}")
    return tuple(found)


def _slices(held: Sequence[Outcome]) -> dict[str, set[int]]:
    slices: dict[str, set[int]] = defaultdict(set)
    for row, outcome in enumerate(held):
        slices[f"category {outcome.category or 'unknown'}"].add(row)
        slices["new organizations" if outcome.new_organization else "known organizations"].add(row)
    return dict(sorted(slices.items()))


def _gain_low(
    judged: list[list[int]], current: Floats, candidate: Floats, gains: NDArray[np.int64], seed: int
) -> float:
    if not judged:
        return float("nan")
    by_project = np.array([ndcg(candidate[r], gains[r]) - ndcg(current[r], gains[r]) for r in judged])
    picks = np.random.default_rng(seed).integers(0, len(judged), (RESAMPLES, len(judged)))
    return float(np.quantile(by_project[picks].mean(axis=1), 0.05))


def ndcg(points: Floats, gains: NDArray[np.int64], depth: int = DEPTH) -> float:
    """Discounted gain 2^g − 1 of the first `depth`, against the best order; ties keep their order."""
    order = np.argsort(-points, kind="stable")[:depth]
    discount = 1 / np.log2(np.arange(2, depth + 2))
    worth = 2.0**gains - 1
    best = (np.sort(worth)[::-1][:depth] * discount[: min(depth, len(worth))]).sum()
    return float((worth[order] * discount[: len(order)]).sum() / best) if best > 0 else float("nan")


def reciprocal_rank(points: Floats, success: NDArray[np.bool_]) -> float:
    """1 over the place of the first success; 0 without one."""
    hits = np.flatnonzero(success[np.argsort(-points, kind="stable")])
    return 1.0 / (1 + int(hits[0])) if len(hits) else 0.0


def stability(before: Floats, after: Floats, bins: int = 10) -> float:
    """Population stability index of a factor's shares: 0 when nothing changed, above DRIFTED when much did."""
    edges = np.linspace(0, 1, bins + 1)[1:-1]
    old = np.bincount(np.digitize(before, edges), minlength=bins) + 0.5
    new = np.bincount(np.digitize(after, edges), minlength=bins) + 0.5
    p, q = old / old.sum(), new / new.sum()
    return float(((q - p) * np.log(q / p)).sum())
