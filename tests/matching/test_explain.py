"""Explanations: every point has a reason, and every promised rank comes true when the change is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching import COLUMNS, Organization, Project, Ranker, Ranking
from matching.evidence import gather

Build = Callable[..., Ranker]


@pytest.fixture(scope="module")
def ranking(ranker_of: Build, projects: list[Project], organizations: list[Organization]) -> Ranking:
    return ranker_of(organizations).rank(projects, limit=40)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
@given(row=st.integers(0, 39), col=st.integers(0, 39))
def test_every_promised_rank_comes_true_when_the_change_is_made(
    row: int,
    col: int,
    ranking: Ranking,
    ranker_of: Build,
    projects: list[Project],
    organizations: list[Organization],
) -> None:
    project, organization = projects[row], organizations[col]
    told = ranking.explain(project.id, organization.id)
    for change in told.changes:
        others = [change.organization if o.id == organization.id else o for o in organizations]
        after = ranker_of(others).rank([project], 40).explain(project.id, organization.id)
        assert after.rank == change.rank
        assert after.score == change.score
        assert told.rank is None or change.rank < told.rank
        assert f"第 {change.rank} 名" in change.zh and f"rank {change.rank}" in change.en


def test_two_more_social_workers_lift_the_rank_and_one_does_not(ranker_of: Build) -> None:
    project = Project("p", "助餐", "为老人送餐上门", min_certified_social_workers=4)
    ours = Organization("z", "机构", "老年助餐", certified_total=4)
    rivals = [replace(ours, id=name, certified_total=5) for name in "abc"]
    told = ranker_of([ours, *rivals]).rank([project], 4).explain("p", "z")
    assert told.rank == 4
    change = next(change for change in told.changes if change.kind == "certified")
    assert (change.amount, change.rank) == (2, 1)
    assert change.zh == "再有 2 名持证社工 → 第 1 名"
    assert change.en == "2 more certified social workers → rank 1"


def test_an_excluded_organization_learns_what_would_admit_it(ranking: Ranking) -> None:
    told = ranking.explain("NJ2026-001", "ORG036")
    assert told.rank is None
    assert [failure.code for failure in told.failures] == ["H_RATING"]
    assert [change.kind for change in told.changes] == ["admission"]
    assert "3A" in told.changes[0].zh


def test_what_is_not_in_its_hands_is_not_promised(ranking: Ranking) -> None:
    told = ranking.explain("NJ2026-003", "ORG023")
    assert "H_CREDIT" in {failure.code for failure in told.failures}
    assert told.changes == ()


def test_every_factor_is_told_in_two_languages_and_the_points_sum_up(ranking: Ranking) -> None:
    for row, project_id in enumerate(ranking.row_ids):
        told = ranking.explain(project_id, ranking.candidate_ids[row, 0])
        assert [factor.name for factor in told.factors] == list(COLUMNS)
        assert all(factor.zh and factor.en for factor in told.factors)
        assert sum(factor.points for factor in told.factors) == pytest.approx(told.score)
        assert told.rank == 1
        assert len(told.pluses) <= 3 and len(told.minuses) <= 2


def test_a_list_tells_the_same_reasons_as_an_explanation_but_for_the_words(ranking: Ranking) -> None:
    for row, project_id in enumerate(ranking.row_ids[:6]):
        told = ranking.reasons(row)
        assert len(told) == sum(one is not None for one in ranking.candidate_ids[row])
        for place, factors in enumerate(told):
            full = ranking.explain(project_id, ranking.candidate_ids[row, place]).factors
            assert factors[1:] == full[1:]
            short, long = factors[0], full[0]
            assert (short.points, short.no_data) == (long.points, long.no_data)
            assert long.zh.startswith(short.zh.removesuffix("。")), (short.zh, long.zh)


def test_reasons_are_told_in_the_other_direction_too(
    ranker_of: Build, projects: list[Project], organizations: list[Organization]
) -> None:
    back = ranker_of(organizations, projects).rank_projects(organizations[:4], 5)
    for row, organization_id in enumerate(back.row_ids):
        for place, factors in enumerate(back.reasons(row)):
            full = back.explain(back.candidate_ids[row, place], organization_id).factors
            assert factors[1:] == full[1:]


def test_the_evidence_names_the_service_the_words_and_the_past_project(
    ranker_of: Build, projects: list[Project], organizations: list[Organization]
) -> None:
    model = ranker_of(organizations).text_
    evidence = gather(model, projects[0], organizations[0])
    assert evidence.services[0][0] == "carer_respite"
    assert "照护技能" in evidence.project_words and "照护技能" in evidence.organization_words
    assert evidence.record is not None and evidence.record.title == "失能老人家庭照护技能培训"


def test_nobody_explains_what_the_ranking_does_not_know(ranking: Ranking) -> None:
    with pytest.raises(KeyError):
        ranking.explain("nobody", "ORG001")
