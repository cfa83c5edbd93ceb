"""Why a pair stands where it stands, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matching.changes import Change, changes_for
from matching.columns import Columns, Vocabulary
from matching.evidence import Evidence, gather
from matching.gates import Failure, codes_of, failed_bits, failures
from matching.model import Organization, Project
from matching.scoring import STEPS, block_totals, pair_scores
from matching.sentences import NO_DATA, sentence
from matching.views import Grid
from matching.weights import COLUMNS

if TYPE_CHECKING:
    from matching.ranker import Ranker

PLUSES, MINUSES = 3, 2


@dataclass(frozen=True, slots=True)
class FactorReason:
    """What one factor gave, `points` of at most `of`, and why; `no_data` when it had nothing to judge by."""

    name: str
    points: float
    of: float
    no_data: bool
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """One pair, told: its score and rank (None when a gate excludes it), its reasons, and what would move it."""

    project_id: str
    organization_id: str
    score: float
    rank: int | None
    eligible_count: int
    factors: tuple[FactorReason, ...]
    failures: tuple[Failure, ...]
    evidence: Evidence
    changes: tuple[Change, ...]

    @property
    def pluses(self) -> tuple[FactorReason, ...]:
        """The factors that speak most for the pair, best first."""
        above = [f for f in self.factors if f.points > f.of / 2]
        return tuple(sorted(above, key=lambda f: f.of / 2 - f.points)[:PLUSES])

    @property
    def minuses(self) -> tuple[FactorReason, ...]:
        """The factors that speak most against it, worst first."""
        below = [f for f in self.factors if not f.no_data and (f.points < f.of / 2 or f.points < 0)]
        return tuple(sorted(below, key=lambda f: f.points - f.of / 2)[:MINUSES])


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
        """Raises KeyError for an id that the ranking does not know."""
        row = self._project_columns.row_of[project_id]
        col = self._organization_columns.row_of[organization_id]
        project, organization = self._projects[project_id], self._organizations[organization_id]
        ranker = self._ranker
        columns = self._project_columns.rows(row, row + 1)
        weights, rules = ranker.weights_, ranker.rules_
        totals, like = (
            array[0] for array in block_totals(columns, self._organization_columns, weights, rules)
        )
        scored = pair_scores(
            columns, self._organization_columns, np.array([0]), np.array([col]), like[[col]], weights, rules
        )
        bits = int(scored.failed[0])
        broken = failures(project, organization, bits, ranker.as_of)
        evidence = gather(ranker.text_, project, organization)
        others = np.delete(totals, col)

        def place(total: float) -> int:
            """The rank a total would have here; among equals the lower id comes first."""
            before = int((others[:col] >= total).sum()) + int((others[col:] > total).sum())
            return 1 + before

        def judge(changed: Organization) -> tuple[float, int] | None:
            total = self._total(project, changed)
            return None if total < 0 else (total / STEPS, place(total))

        def told(name: str) -> FactorReason:
            points, no_data = float(scored.factors[name][0]), bool(scored.no_data[name][0])
            zh, en = (
                NO_DATA if no_data else sentence(name, points, project, organization, evidence, ranker.as_of)
            )
            return FactorReason(name, points, weights.points.get(name, 0.0), no_data, zh, en)

        rank = None if bits else place(float(totals[col]))
        return Explanation(
            project_id,
            organization_id,
            float(scored.scores[0]),
            rank,
            int((totals >= 0).sum()),
            tuple(told(name) for name in COLUMNS),
            broken,
            evidence,
            changes_for(project, organization, tuple(f.code for f in broken), rank, ranker.as_of, judge),
        )

    def _total(self, project: Project, organization: Organization) -> float:
        """The score of a pair, in steps, as if the organization had joined with these facts."""
        ranker = self._ranker
        vocabulary = Vocabulary()
        vocabulary.learn([organization])
        projects = ranker.encode_projects([project], vocabulary)
        organizations = ranker.encode_organizations([organization], vocabulary)
        return float(block_totals(projects, organizations, ranker.weights_, ranker.rules_)[0][0, 0])

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


def _codes(ids: list[str], bits: NDArray[np.uint16]) -> dict[str, list[str]]:
    return {identifier: list(codes_of(int(b))) for identifier, b in zip(ids, bits, strict=True) if b}
