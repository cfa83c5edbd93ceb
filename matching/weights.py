"""Named, versioned weights: how many of the hundred points each factor may give."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

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


@dataclass(frozen=True)
class Weights:
    """Points per factor, summing to 100; frozen for an edition under its name and version."""

    name: str = "expert"
    version: str = "2026.1"
    points: MappingProxyType[str, float] = field(
        default_factory=lambda: MappingProxyType(
            {
                "text": 28.0,
                "target_group": 12.0,
                "place": 14.0,
                "track_record": 16.0,
                "staff": 10.0,
                "capacity": 8.0,
                "money": 6.0,
                "rating": 6.0,
            }
        )
    )
    category_share: float = 0.4
    pilot_bonus: float = 3.0
    pilot_budget_fen: int = 5_000_000
    dominance_malus: float = 5.0
    dominance_share: float = 0.25
    small_job_fen: int = 5_000_000

    def __post_init__(self) -> None:
        if set(self.points) != set(FACTORS):
            raise ValueError(f"weights name {sorted(self.points)}, wanted {sorted(FACTORS)}")
        if abs(sum(self.points.values()) - 100.0) > 1e-6 or min(self.points.values()) < 0:
            raise ValueError("weights must be non-negative and sum to 100 points")

    def __reduce__(self) -> tuple[object, ...]:
        values = [getattr(self, name) for name in self.__dataclass_fields__]
        values[2] = dict(self.points)
        return (_rebuild, tuple(values))


def _rebuild(name: str, version: str, points: dict[str, float], *rest: float) -> Weights:
    return Weights(name, version, MappingProxyType(points), *rest)  # type: ignore[arg-type]
