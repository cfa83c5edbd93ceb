"""Why a pair stands where it stands, and what would change that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from matching.changes import Change, changes_for
from matching.columns import Columns, Vocabulary
from matching.evidence import Evidence, brief, gather
from matching.gates import Failure, codes_of, failed_bits, failures
from matching.model import Organization, Project
from matching.scoring import STEPS, block_totals, pair_scores
from matching.sentences import NO_DATA, sentence
from matching.views import Grid
from matching.weights import COLUMNS

if TYPE_CHECKING:
    from matching.ranker import Ranker
    from matching.ranking import Ranking

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

        given = {name: (float(scored.factors[name][0]), bool(scored.no_data[name][0])) for name in COLUMNS}
        rank = None if bits else place(float(totals[col]))
        return Explanation(
            project_id,
            organization_id,
            float(scored.scores[0]),
            rank,
            int((totals >= 0).sum()),
            self._told(given, project, organization, evidence),
            broken,
            evidence,
            changes_for(project, organization, tuple(f.code for f in broken), rank, ranker.as_of, judge),
        )

    def reasons(self, ranking: Ranking, row: int) -> list[tuple[FactorReason, ...]]:
        """The factors of the filled places of one row, told from the points the ranking holds."""
        mine, others = ranking.row_ids[row], [one for one in ranking.candidate_ids[row] if one is not None]
        ids = [(mine, other) if ranking.of_projects else (other, mine) for other in others]
        asked = {p: self._project_columns.row_of[p] for p, _ in ids}
        offered = {o: self._organization_columns.row_of[o] for _, o in ids}
        text = self._ranker.text_
        profiles = np.vstack(
            [
                text.profiles(self._project_columns["dense"][list(asked.values())]),
                text.profiles(self._organization_columns["dense"][list(offered.values())]),
            ]
        )
        row_of = {key: i for i, key in enumerate(asked)}
        col_of = {key: len(asked) + j for j, key in enumerate(offered)}
        pairs = [(row_of[p], col_of[o]) for p, o in ids]
        evidence = brief(text, profiles, pairs, [self._organizations[o] for _, o in ids])
        points = np.stack([ranking.factors[name][row] for name in COLUMNS]).tolist()
        unknown = np.stack([ranking.no_data[name][row] for name in COLUMNS]).tolist()
        return [
            self._told(
                {name: (points[f][k], unknown[f][k]) for f, name in enumerate(COLUMNS)},
                self._projects[p],
                self._organizations[o],
                evidence[k],
            )
            for k, (p, o) in enumerate(ids)
        ]

    def _told(
        self,
        given: Mapping[str, tuple[float, bool]],
        project: Project,
        organization: Organization,
        evidence: Evidence,
    ) -> tuple[FactorReason, ...]:
        """Each factor's points, and whether it had no data, as sentences."""
        day, most = self._ranker.as_of, self._ranker.weights_.points
        return tuple(
            FactorReason(
                name,
                points,
                most.get(name, 0.0),
                no_data,
                *(NO_DATA if no_data else sentence(name, points, project, organization, evidence, day)),
            )
            for name, (points, no_data) in given.items()
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
