"""The one place where pairs become scores, for whole blocks, single rows and lists of pairs alike.

Points are whole numbers of 1/1024 point, so that sums are exact in any order, ties are true ties, and the
columns of a pair always sum to its score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns
from matching.factors import FUNCTIONS, adjustment
from matching.gates import GateRules, failed_bits
from matching.threads import one_thread
from matching.views import Grid, Pairs
from matching.weights import ADJUSTMENT, COLUMNS, FACTORS, GRID, Weights

STEPS = 1024
_FULL = np.float32(100 * STEPS)
EXCLUDED = np.float32(-1.0)
TILE = 1024
"""Organizations per tile; with ROWS projects a block's arrays stay inside the processor's cache."""
ROWS = 512
PAIRS = 65_536
"""Listed pairs looked at together."""

Steps = NDArray[np.float32]


def _steps(name: str, share: Steps, weights: Weights) -> Steps:
    if (curve := weights.curves.get(name)) is not None:
        points_at = np.rint(np.array(curve) * STEPS).astype(np.float32)
        return points_at[np.rint(share * np.float32(GRID)).astype(np.intp)]
    return np.rint(share * np.float32(weights.points[name] * STEPS))


def block_totals(
    projects: Columns, organizations: Columns, weights: Weights, rules: GateRules
) -> tuple[Steps, Steps]:
    """The score of every pair in 1/1024 points, EXCLUDED where a gate fails, and its likeness: n×m each."""
    view = Grid(projects, organizations)
    shape = (len(projects), len(organizations))
    total = np.zeros(shape, dtype=np.float32)
    for name in FACTORS:
        total += _steps(name, FUNCTIONS[name](view, weights)[0], weights)
    total += np.rint(adjustment(view, weights) * np.float32(STEPS))
    np.clip(total, np.float32(0.0), _FULL, out=total)
    total[failed_bits(view, rules, shape) != 0] = EXCLUDED
    return total, view.like()


@dataclass(frozen=True)
class PairScores:
    """Scores of listed pairs: every array has one entry per pair; points are 0–100 scale, float64."""

    scores: NDArray[np.float64]
    factors: dict[str, NDArray[np.float64]]
    shares: dict[str, NDArray[np.float32]]
    no_data: dict[str, NDArray[np.bool_]]
    failed: NDArray[np.uint16]


def pair_scores(
    projects: Columns,
    organizations: Columns,
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    like: Steps,
    weights: Weights,
    rules: GateRules,
) -> PairScores:
    """Points of each factor for the pairs (rows[i], cols[i]) of the given likeness, some at a time."""
    parts = [
        _some_pairs(Pairs(projects, organizations, rows[at], cols[at], like[at]), weights, rules)
        for start in range(0, max(1, len(rows)), PAIRS)
        for at in (slice(start, start + PAIRS),)
    ]
    return PairScores(
        np.concatenate([part.scores for part in parts]),
        {name: np.concatenate([part.factors[name] for part in parts]) for name in COLUMNS},
        {name: np.concatenate([part.shares[name] for part in parts]) for name in FACTORS},
        {name: np.concatenate([part.no_data[name] for part in parts]) for name in COLUMNS},
        np.concatenate([part.failed for part in parts]),
    )


def _some_pairs(view: Pairs, weights: Weights, rules: GateRules) -> PairScores:
    shape = view.rows.shape
    points: dict[str, NDArray[np.float64]] = {}
    shares: dict[str, NDArray[np.float32]] = {}
    no_data: dict[str, NDArray[np.bool_]] = {}
    raw = np.zeros(shape, dtype=np.float32)
    for name in FACTORS:
        shares[name], no_data[name] = FUNCTIONS[name](view, weights)
        steps = _steps(name, shares[name], weights)
        points[name] = steps.astype(np.float64) / STEPS
        raw += steps
    total = np.clip(raw + np.rint(adjustment(view, weights) * np.float32(STEPS)), np.float32(0.0), _FULL)
    points[ADJUSTMENT] = (total - raw).astype(np.float64) / STEPS
    no_data[ADJUSTMENT] = np.zeros(shape, dtype=np.bool_)
    assert tuple(points) == COLUMNS
    failed = failed_bits(view, rules, shape)
    return PairScores(total.astype(np.float64) / STEPS, points, shares, no_data, failed)


@dataclass(frozen=True)
class Best:
    """The best candidates of each row, best first: column numbers, totals and likenesses, n×k each."""

    cols: NDArray[np.intp]
    totals: Steps
    like: Steps

    @staticmethod
    def stacked(parts: Sequence[Best]) -> Best:
        """Blocks of rows one under another."""
        if not parts:
            nothing = np.zeros((0, 0), dtype=np.float32)
            return Best(nothing.astype(np.intp), nothing, nothing)
        return Best(
            np.concatenate([part.cols for part in parts]),
            np.concatenate([part.totals for part in parts]),
            np.concatenate([part.like for part in parts]),
        )

    def picked(self, at: NDArray[np.intp]) -> Best:
        """The entries at these places of each row."""
        return Best(
            np.take_along_axis(self.cols, at, axis=1),
            np.take_along_axis(self.totals, at, axis=1),
            np.take_along_axis(self.like, at, axis=1),
        )


def best(totals: Steps, like: Steps, limit: int, first: int = 0) -> Best:
    """The highest `limit` columns of each row, higher first, lower column first among equals.

    Columns are counted from `first`; EXCLUDED totals come last.
    """
    n, m = totals.shape
    k = min(limit, m)
    # The total and the column in one exact number: partitioning by it can never split a tie unfairly.
    keys = totals.astype(np.float64) * (m + 1) + np.arange(m, 0, -1)
    cols = np.argpartition(keys, m - k, axis=1)[:, m - k :] if k < m else np.tile(np.arange(m), (n, 1))
    order = np.argsort(-np.take_along_axis(keys, cols, axis=1), axis=1)
    cols = np.take_along_axis(cols, order, axis=1)
    return Best(
        cols + first, np.take_along_axis(totals, cols, axis=1), np.take_along_axis(like, cols, axis=1)
    )


def best_of_rows(
    projects: Columns,
    organizations: Columns,
    weights: Weights,
    rules: GateRules,
    limit: int,
    of_projects: bool,
) -> Best:
    """The best candidates of every row of a block, tile by tile: memory grows with the tile, not the fair."""
    candidates = organizations if of_projects else projects
    found: list[Best] = []
    for start in range(0, max(1, len(candidates)), TILE):
        tile = candidates.rows(start, min(start + TILE, len(candidates)))
        pair = (projects, tile) if of_projects else (tile, organizations)
        with one_thread():
            totals, like = block_totals(*pair, weights, rules)
        if not of_projects:
            totals, like = totals.T, like.T
        found.append(best(totals, like, limit, start))
    if len(found) == 1:
        return found[0]
    merged = Best(
        np.concatenate([part.cols for part in found], axis=1),
        np.concatenate([part.totals for part in found], axis=1),
        np.concatenate([part.like for part in found], axis=1),
    )
    # Tiles come in column order and each is sorted, so a stable sort keeps the lower column first.
    return merged.picked(np.argsort(-merged.totals, axis=1, kind="stable")[:, :limit])
