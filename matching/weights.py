"""Named, versioned weights: how many of the hundred points each factor may give, and along which curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

FACTORS = (
    "text",
    "target_group",
    "place",
    "track_record",
    "staff",
    "capacity",
    "money",
    "rating",
)
ADJUSTMENT = "adjustment"
COLUMNS = (*FACTORS, ADJUSTMENT)

EXPERT_POINTS: Mapping[str, float] = {
    "text": 28.0,
    "target_group": 12.0,
    "place": 14.0,
    "track_record": 16.0,
    "staff": 10.0,
    "capacity": 8.0,
    "money": 6.0,
    "rating": 6.0,
}
GRID = 64
"""Curves are given at every 1/64 of a share."""


@dataclass(frozen=True)
class Weights:
    """Points per factor, summing to 100; frozen for an edition under its name and version.

    A factor without a curve gives points in proportion to its share. A learned curve lists the points at each of
    the GRID + 1 shares 0, 1/64, …, 1; it never falls and ends at the factor's points.
    """

    name: str = "expert"
    version: str = "2026.1"
    points: Mapping[str, float] = field(default_factory=lambda: dict(EXPERT_POINTS), hash=False)
    curves: Mapping[str, tuple[float, ...]] = field(default_factory=dict, hash=False)
    category_share: float = 0.4
    pilot_bonus: float = 3.0
    pilot_budget_fen: int = 5_000_000
    dominance_malus: float = 5.0
    dominance_share: float = 0.25
    small_job_fen: int = 5_000_000

    def __post_init__(self) -> None:
        # Copies of our own: nobody changes them behind our back, and they travel to other processes.
        object.__setattr__(self, "points", dict(self.points))
        object.__setattr__(self, "curves", dict(self.curves))
        if set(self.points) != set(FACTORS):
            raise ValueError(f"weights name {sorted(self.points)}, wanted {sorted(FACTORS)}")
        if abs(sum(self.points.values()) - 100.0) > 1e-6 or min(self.points.values()) < 0:
            raise ValueError("weights must be non-negative and sum to 100 points")
        for name, curve in self.curves.items():
            rises = all(left <= right for left, right in pairwise(curve))
            if name not in FACTORS or len(curve) != GRID + 1 or not rises or curve[0] < 0:
                raise ValueError(f"the curve of {name} must have {GRID + 1} points that never fall")
            if abs(curve[-1] - self.points[name]) > 1e-6:
                raise ValueError(f"the curve of {name} must end at its points")


def curve_of(weights: Weights, name: str) -> NDArray[np.float64]:
    """The points a factor gives along the grid, learned or in proportion."""
    if name in weights.curves:
        return np.array(weights.curves[name])
    return weights.points[name] * np.arange(GRID + 1) / GRID
