"""What goes into a run comes out of its dossier unchanged, and a ranking that contradicts itself is refused. No database."""

import dataclasses
from typing import Any
from uuid import uuid4

import numpy as np
import pytest

from app.matches import facts, reasons, runs
from matching import COLUMNS, Engagement, GateRules, Organization, Project, Ranking, Weights
from tests.matching.samples import AS_OF, load

Market = tuple[list[Project], list[Organization]]


@pytest.fixture(scope="module")
def market() -> Market:
    projects, organizations, _ = load()
    return projects[:6], organizations[:16]


@pytest.fixture(scope="module")
def ranking(market: Market) -> Ranking:
    return runs.ranked(*market, AS_OF, Weights(), GateRules(), 7)


def test_inputs_come_out_of_the_dossier_as_they_went_in(market: Market) -> None:
    packed, fingerprint = facts.packed(*market)
    projects, organizations = facts.read(facts.opened(packed))
    assert projects == sorted(market[0], key=lambda p: p.id)
    assert organizations == sorted(market[1], key=lambda o: o.id)
    assert facts.packed(projects, organizations) == (packed, fingerprint)


def test_the_fingerprint_changes_with_any_fact(market: Market) -> None:
    _, before = facts.packed(*market)
    changed = dataclasses.replace(market[1][0], active_engagements=market[1][0].active_engagements + 1)
    assert facts.packed(market[0], [changed, *market[1][1:]])[1] != before


def test_a_run_repeated_from_its_inputs_gives_the_same_bits(market: Market, ranking: Ranking) -> None:
    projects, organizations = facts.read(facts.opened(facts.packed(*market)[0]))
    again = runs.ranked(projects, organizations, AS_OF, Weights(), GateRules(), 7)
    assert sorted(again.row_ids) == sorted(ranking.row_ids)
    same_order = runs.ranked(market[0], market[1], AS_OF, Weights(), GateRules(), 7)
    assert runs.digest(same_order) == runs.digest(ranking)


def test_a_ranking_that_contradicts_itself_is_refused(ranking: Ranking) -> None:
    runs.check(ranking)
    rising = dataclasses.replace(ranking, scores=ranking.scores[:, ::-1])
    inflated = {name: points * (2.0 if name == "text" else 1.0) for name, points in ranking.factors.items()}
    twice = ranking.candidate_ids.copy()
    full = int(np.argmax((twice != None).sum(axis=1)))  # noqa: E711 - elementwise
    twice[full, 1] = twice[full, 0]
    for wrong in (
        rising,
        dataclasses.replace(ranking, factors=inflated),
        dataclasses.replace(ranking, candidate_ids=twice),
    ):
        with pytest.raises(runs.Inconsistent):
            runs.check(wrong)


def test_the_place_held_for_a_project_does_not_stand_in_its_own_way(market: Market) -> None:
    project = str(uuid4())
    held = (Engagement("独居老人关爱", "锁金村街道", project), Engagement("助餐", "梅园新村街道", "another"))
    full = dataclasses.replace(market[1][0], capacity_max=2, active_engagements=2, engagements=held)
    freed = facts.without_project(full, project)
    assert (freed.active_engagements, [e.project_id for e in freed.engagements]) == (1, ["another"])
    assert facts.without_project(full, "third") is full


def test_nobody_buys_from_itself() -> None:
    row: dict[str, Any] = {"id": uuid4(), "name": "锁金村街道社会组织联合会", "role": "hub"}
    found = facts.organization(row)
    assert found.conflicts == ("锁金村街道社会组织联合会",)
    assert found.role == "supplier"
    assert facts.organization(row | {"role": "funder"}).role == "funder"


def test_the_reasons_said_first_are_the_strongest_and_the_weakest() -> None:
    points = dict.fromkeys(COLUMNS, 0.0) | {
        "text": 26.0,
        "place": 14.0,
        "staff": 1.0,
        "money": 3.0,
        "rating": 5.0,
    }
    views = reasons.factor_views([points[name] for name in COLUMNS], ["track_record"], Weights())
    zh, en = reasons.told(views)
    assert [line[0] for line in zh] == ["＋", "＋", "＋", "－", "－"]
    assert [line.split(":")[0] for line in en] == [
        "+ content",
        "+ place",
        "+ rating and credit",
        "− target groups",
        "− staff",
    ]
    silent = next(view for view in views if view.name == "track_record")
    assert "暂无数据" in silent.zh and "no data" in silent.en
