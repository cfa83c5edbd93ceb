"""The graded samples: experts' choices with every gate and factor, as of 1 January 2026."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from matching import COLUMNS, Organization, Project, Ranker, Ranking
from tests.matching.samples import load


@pytest.fixture(scope="module")
def ranking(
    ranker_of: Callable[..., Ranker], projects: list[Project], organizations: list[Organization]
) -> Ranking:
    return ranker_of(organizations).rank(projects, limit=10)


def test_every_rejection_of_the_experts_is_a_gate_with_their_code(ranking: Ranking) -> None:
    _, _, rows = load()
    for row in rows:
        excluded = ranking.excluded(row["project_no"])
        for rejected in row["expert_reject"]:
            assert rejected["gate"] in excluded[rejected["org_no"]]


def test_nobody_excluded_is_ever_shown(ranking: Ranking) -> None:
    for row, project_id in enumerate(ranking.project_ids):
        shown = {org for org in ranking.organization_ids[row] if org is not None}
        assert not shown & set(ranking.excluded(project_id))


def test_no_organization_that_experts_would_hire_is_excluded(ranking: Ranking) -> None:
    _, _, rows = load()
    for row in rows:
        assert not {fit["org_no"] for fit in row["expert_fit"]} & set(ranking.excluded(row["project_no"]))


def test_the_columns_of_every_pair_sum_to_its_score_exactly(ranking: Ranking) -> None:
    total = sum(ranking.factors[name] for name in COLUMNS)
    assert np.array_equal(total, ranking.scores, equal_nan=True)


def test_rows_with_few_eligible_organizations_are_padded(ranking: Ranking) -> None:
    missing = ranking.organization_ids == None  # noqa: E711 - elementwise
    assert missing.any()
    assert np.isnan(ranking.scores[missing]).all()
    assert not np.isnan(ranking.scores[~missing]).any()


def test_the_best_graded_organization_comes_first_every_time(ranking: Ranking) -> None:
    _, _, rows = load()
    for number, row in enumerate(rows):
        grades = {fit["org_no"]: fit["grade"] for fit in row["expert_fit"]}
        assert grades.get(ranking.organization_ids[number, 0], 0) == max(grades.values())
