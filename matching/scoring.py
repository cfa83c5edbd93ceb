"""The one place where pairs become scores, for whole blocks, single rows and lists of pairs alike.

Points are whole numbers of 1/1024 point, so that sums are exact in any order, ties are true ties, and the
columns of a pair always sum to its score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns
from matching.factors import FUNCTIONS, adjustment
from matching.gates import GateRules, failed_bits
from matching.views import Grid, Pairs, View
from matching.weights import ADJUSTMENT, COLUMNS, FACTORS, Weights

STEPS = 1024
_FULL = np.float32(100 * STEPS)
EXCLUDED = np.float32(-1.0)
TILE = 1024
"""Organizations per tile; with ROWS projects a block's arrays stay inside the processor's cache."""
ROWS = 512

Steps = NDArray[np.float32]


def _factor_steps(name: str, view: View, weights: Weights) -> tuple[Steps, NDArray[np.bool_]]:
    share, missing = FUNCTIONS[name](view, weights)
    points = np.float32(weights.points[name] * STEPS)
    return np.rint(share.astype(np.float32, copy=False) * points), missing


def block_totals(projects: Columns, organizations: Columns, weights: Weights, rules: GateRules) -> Steps:
    """The score of every pair in 1/1024 points, EXCLUDED where a gate fails: n×m."""
    view = Grid(projects, organizations)
    shape = (len(projects), len(organizations))
    total = np.zeros(shape, dtype=np.float32)
    for name in FACTORS:
        total += _factor_steps(name, view, weights)[0]
    total += np.rint(adjustment(view, weights) * np.float32(STEPS))
    np.clip(total, np.float32(0.0), _FULL, out=total)
    total[failed_bits(view, rules, shape) != 0] = EXCLUDED
    return total


@dataclass(frozen=True)
class PairScores:
    """Scores of listed pairs: every array has one entry per pair; points are 0–100 scale, float64."""

    scores: NDArray[np.float64]
    factors: dict[str, NDArray[np.float64]]
    no_data: dict[str, NDArray[np.bool_]]
    failed: NDArray[np.uint16]


def pair_scores(
    projects: Columns,
    organizations: Columns,
    rows: NDArray[np.intp],
    cols: NDArray[np.intp],
    weights: Weights,
    rules: GateRules,
) -> PairScores:
    """Points of each factor for the pairs (rows[i], cols[i])."""
    view = Pairs(projects, organizations, rows, cols)
    points: dict[str, NDArray[np.float64]] = {}
    no_data: dict[str, NDArray[np.bool_]] = {}
    raw = np.zeros(rows.shape, dtype=np.float32)
    for name in FACTORS:
        steps, no_data[name] = _factor_steps(name, view, weights)
        points[name] = steps.astype(np.float64) / STEPS
        raw += steps
    total = np.clip(raw + np.rint(adjustment(view, weights) * np.float32(STEPS)), np.float32(0.0), _FULL)
    points[ADJUSTMENT] = (total - raw).astype(np.float64) / STEPS
    no_data[ADJUSTMENT] = np.zeros(rows.shape, dtype=np.bool_)
    assert tuple(points) == COLUMNS
    return PairScores(total.astype(np.float64) / STEPS, points, no_data, failed_bits(view, rules, rows.shape))


def best(totals: Steps, limit: int, first: int = 0) -> tuple[NDArray[np.intp], Steps]:
    """The highest `limit` columns of each row, higher first, lower column first among equals.

    Returns columns counted from `first` and their totals, n×min(limit, m); EXCLUDED totals come last.
    """
    n, m = totals.shape
    k = min(limit, m)
    keys = totals.astype(np.int64) * (m + 1) + np.arange(m, 0, -1)
    if k < m:
        cols = np.argpartition(keys, m - k, axis=1)[:, m - k :]
        keys = np.take_along_axis(keys, cols, axis=1)
    else:
        cols = np.broadcast_to(np.arange(m), (n, m))
    order = np.argsort(-keys, axis=1)
    cols = np.take_along_axis(cols, order, axis=1)
    return cols + first, np.take_along_axis(totals, cols, axis=1)


def best_of_rows(
    projects: Columns,
    organizations: Columns,
    weights: Weights,
    rules: GateRules,
    limit: int,
    of_projects: bool,
) -> tuple[NDArray[np.intp], Steps]:
    """The best candidates of every row of a block, tile by tile: memory grows with the tile, not the fair."""
    candidates = organizations if of_projects else projects
    found: list[tuple[NDArray[np.intp], Steps]] = []
    for start in range(0, max(1, len(candidates)), TILE):
        stop = min(start + TILE, len(candidates))
        tile = candidates.rows(start, stop)
        if of_projects:
            totals = block_totals(projects, tile, weights, rules)
        else:
            totals = block_totals(tile, organizations, weights, rules).T
        found.append(best(totals, limit, start))
    if len(found) == 1:
        return found[0]
    cols = np.concatenate([c for c, _ in found], axis=1)
    totals = np.concatenate([t for _, t in found], axis=1)
    # Tiles come in column order and each is sorted, so a stable sort keeps the lower column first.
    order = np.argsort(-totals, axis=1, kind="stable")[:, :limit]
    return np.take_along_axis(cols, order, axis=1), np.take_along_axis(totals, order, axis=1)
