"""Why a pair stands where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matching.columns import Columns
from matching.gates import Failure, codes_of, failed_bits, failures
from matching.model import Organization, Project
from matching.scoring import block_totals, pair_scores
from matching.views import Grid
from matching.weights import ADJUSTMENT, COLUMNS

if TYPE_CHECKING:
    from matching.ranker import Ranker


@dataclass(frozen=True, slots=True)
class FactorReason:
    """What one factor gave: `points` of at most `of`; `no_data` when it had nothing to judge by."""

    name: str
    points: float
    of: float
    no_data: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """One pair, told: its score and rank (None when a gate excludes it), factor by factor."""

    project_id: str
    organization_id: str
    score: float
    rank: int | None
    eligible_count: int
    factors: tuple[FactorReason, ...]
    failures: tuple[Failure, ...]


class Explainer:
    """Answers for the pairs of one ranking, by scoring again and never by a formula of its own."""

    def __init__(
        self,
        ranker: Ranker,
        projects: Mapping[str, Project],
        organizations: Mapping[str, Organization],
        project_columns: Columns,
        organization_columns: Columns,
    ) -> None:
        self._ranker = ranker
        self._projects = projects
        self._organizations = organizations
        self._project_columns = project_columns
        self._organization_columns = organization_columns

    def explain(self, project_id: str, organization_id: str) -> Explanation:
        row = self._project_columns.row_of[project_id]
        col = self._organization_columns.row_of[organization_id]
        weights, rules = self._ranker.weights_, self._ranker.rules_
        project = self._project_columns.rows(row, row + 1)
        totals, like = (
            array[0] for array in block_totals(project, self._organization_columns, weights, rules)
        )
        scored = pair_scores(
            project, self._organization_columns, np.array([0]), np.array([col]), like[[col]], weights, rules
        )
        bits = int(scored.failed[0])
        return Explanation(
            project_id,
            organization_id,
            float(scored.scores[0]),
            None if bits else _rank(totals, col),
            int((totals >= 0).sum()),
            tuple(
                FactorReason(
                    name,
                    float(scored.factors[name][0]),
                    0.0 if name == ADJUSTMENT else weights.points[name],
                    bool(scored.no_data[name][0]),
                )
                for name in COLUMNS
            ),
            failures(
                self._projects[project_id], self._organizations[organization_id], bits, self._ranker.as_of
            ),
        )

    def excluded_from_project(self, project_id: str) -> dict[str, list[str]]:
        row = self._project_columns.row_of[project_id]
        bits = self._bits(self._project_columns.rows(row, row + 1), self._organization_columns)[0]
        return _codes(self._organization_columns.ids, bits)

    def excluded_from_organization(self, organization_id: str) -> dict[str, list[str]]:
        col = self._organization_columns.row_of[organization_id]
        bits = self._bits(self._project_columns, self._organization_columns.rows(col, col + 1))[:, 0]
        return _codes(self._project_columns.ids, bits)

    def _bits(self, projects: Columns, organizations: Columns) -> NDArray[np.uint16]:
        shape = (len(projects), len(organizations))
        return failed_bits(Grid(projects, organizations), self._ranker.rules_, shape)


def _rank(totals: NDArray[np.float32], col: int) -> int:
    """Places from 1; among equals the earlier column, that is the lower id, comes first."""
    return 1 + int((totals > totals[col]).sum()) + int((totals[:col] == totals[col]).sum())


def _codes(ids: list[str], bits: NDArray[np.uint16]) -> dict[str, list[str]]:
    return {identifier: list(codes_of(int(b))) for identifier, b in zip(ids, bits, strict=True) if b}
