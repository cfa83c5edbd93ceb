"""What a ranking says: who comes first for each row, with the points each factor gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matching.explain import Explanation, FactorReason

Ids = NDArray[np.object_]
Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Ranking:
    """The best candidates of each row, best first: n×k arrays padded with None and NaN.

    `scores` are 0–100; `factors[name]` are the points each factor gave, and the columns of a pair sum to
    its score. `shares[name]` are the same before weighting, 0–1: what learning reads. `no_data[name]` is true where a factor had nothing to judge by and stayed neutral.
    """

    row_ids: tuple[str, ...]
    candidate_ids: Ids
    scores: Numbers
    factors: dict[str, Numbers]
    shares: dict[str, Numbers]
    no_data: dict[str, NDArray[np.bool_]]
    of_projects: bool
    _explain: Callable[[str, str], Explanation]
    _excluded: Callable[[str], dict[str, list[str]]]
    _reasons: Callable[[Ranking, int], list[tuple[FactorReason, ...]]]

    @property
    def project_ids(self) -> Ids:
        """n when organizations are ranked for projects, n×k in the other direction."""
        return np.array(self.row_ids, dtype=object) if self.of_projects else self.candidate_ids

    @property
    def organization_ids(self) -> Ids:
        """n×k when organizations are ranked for projects, n in the other direction."""
        return self.candidate_ids if self.of_projects else np.array(self.row_ids, dtype=object)

    def explain(self, project_id: str, organization_id: str) -> Explanation:
        """Why this pair stands where it stands, and what would change that. Raises KeyError for unknown ids."""
        return self._explain(project_id, organization_id)

    def reasons(self, row: int) -> list[tuple[FactorReason, ...]]:
        """What each factor of a row's filled places gave and why, in both languages: quick, for whole lists.

        Shorter than `explain`: without the words of the texts and without what would change the rank.
        """
        return self._reasons(self, row)

    def excluded(self, row_id: str) -> dict[str, list[str]]:
        """Everyone a gate keeps from this row, with the gates' codes in order."""
        return self._excluded(row_id)
