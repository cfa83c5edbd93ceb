"""A fair-wide plan without a database: wishes become limits, the referee has the last word, named rules have names."""

from dataclasses import replace
from datetime import date
from typing import Any, get_args

import numpy as np
import pytest

from app.matches import planning
from app.matches.models import PlanOutcome
from app.matches.planning import Refused
from app.matches.schemas import PlanDraft, Rule
from matching import Organization, Project, assign
from matching.plan_infeasible import RULES

DAY = date(2026, 1, 1)
PROJECTS = [Project(name, "项目") for name in ("p1", "p2", "p3")]
ORGANIZATIONS = [
    Organization("big", "机构", capacity_max=5, active_engagements=2, certified_total=20, established_on=date(2010, 1, 1)),
    Organization("full", "机构", capacity_max=2, active_engagements=2, certified_total=9, established_on=date(2012, 1, 1)),
    Organization("young", "机构", capacity_max=1, certified_total=8, established_on=date(2025, 1, 1)),
]  # fmt: skip
SCORES = np.array([[90.0, 80.0, 40.0], [85.0, 70.0, 45.0], [np.nan, 75.0, 50.0]])


def fair(scores: np.ndarray = SCORES, **wishes: Any) -> tuple[planning.Fair, PlanDraft]:
    draft = PlanDraft.model_validate({"demand": 1, "alternates": 2} | wishes)
    return planning.fair_of(PROJECTS, ORGANIZATIONS, scores, draft, DAY), draft


def shown(made: planning.Planned) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for place in made.places:
        found.setdefault(place.project_id, []).append(
            ("~" if place.alternate else "") + place.organization_id
        )
    return found


def test_everybody_gets_the_best_that_free_places_allow_and_somebody_to_step_in() -> None:
    made = planning.planned(*fair())
    assert made.outcome is PlanOutcome.PLANNED
    assert shown(made) == {"p1": ["big"], "p2": ["big"], "p3": ["young"]}
    assert (made.figures["total"], made.figures["worst"], made.figures["optimal"]) == (225.0, 50.0, True)
    spare = shown(planning.planned(*fair(talks_per_place=2)))
    assert spare["p1"] == ["big", "~young"], "who has no free place cannot step in"


def test_places_kept_for_the_young_show_their_price() -> None:
    limits, wishes = fair(exposure={"places": 2}, talks_per_place=2)
    made = planning.planned(limits, wishes)
    assert limits.exposed.tolist() == [False, False, True]
    assert (made.figures["exposed_pairs"], made.figures["exposure_price"]) == (2, 40.0)
    small = fair(exposure={"places": 1, "new_years": 0, "small_workers": 9})[0]
    assert small.exposed.tolist() == [False, True, True], "small by its staff, however old"


def test_what_cannot_be_is_told_by_name_and_made_all_the_same_when_asked() -> None:
    wishes = {"demand": 2, "may_relax": ["demand"]}
    names = {"p1": "NJ2026-XW-0001《课堂》", "p2": "NJ2026-XW-0002《助餐》", "p3": "NJ2026-XW-0003《探访》"}
    made = planning.planned(*fair(**wishes), lambda key: names[key])
    assert (made.outcome, made.places) == (PlanOutcome.INFEASIBLE, [])
    assert {rule["rule"] for rule in made.relaxations} == {"demand"}
    assert all(rule["zh"].startswith(names[rule["project_id"]]) and rule["en"] for rule in made.relaxations)
    assert made.figures["if_relaxed"]["pairs"] == 6 - sum(rule["amount"] for rule in made.relaxations)
    instead = planning.planned(*fair(**wishes, relax=True), lambda key: names[key])
    assert (instead.outcome, instead.relaxations) == (PlanOutcome.RELAXED, made.relaxations)
    assert sum(not place.alternate for place in instead.places) == made.figures["if_relaxed"]["pairs"]


def test_forced_and_forbidden_pairs_are_obeyed() -> None:
    pairs = {
        "forced": [{"project": "p2", "organization": "young"}],
        "forbidden": [{"project": "p1", "organization": "big"}],
        "demands": [{"project": "p3", "demand": 0}, {"project": "p1", "demand": 0}],
    }
    assert shown(planning.planned(*fair(**pairs)))["p2"] == ["young", "~big"]
    gated = planning.planned(*fair(forced=[{"project": "p3", "organization": "big"}]))
    assert [rule["rule"] for rule in gated.relaxations] == ["forced"], "a gate is not relaxed, a wish is"


def test_the_lowest_pair_is_lifted_first_when_asked() -> None:
    scores = np.array([[90.0, np.nan, 30.0], [50.0, np.nan, 20.0], [np.nan, np.nan, np.nan]])
    wishes = {"demands": [{"project": "p3", "demand": 0}], "forced": [], "minimum": 0}
    one_place = [replace(ORGANIZATIONS[0], capacity_max=3), *ORGANIZATIONS[1:]]
    worst = {}
    for objective in get_args(PlanDraft.model_fields["objective"].annotation):
        draft = PlanDraft.model_validate({"demand": 1, "objective": objective, **wishes})
        made = planning.planned(planning.fair_of(PROJECTS, one_place, scores, draft, DAY), draft)
        worst[objective] = made.figures["worst"]
    assert worst == {"sum": 20.0, "max_min": 30.0}


def test_the_referee_sees_a_plan_that_breaks_a_limit_or_claims_too_much() -> None:
    limits, _ = fair()
    good = assign(limits.scores, limits.demand, limits.capacity, limits.minimum)
    assert planning.objections(limits, good, False) == []
    crowded = replace(limits, capacity=np.array([1, 0, 1]))
    assert any("outside" in wrong for wrong in planning.objections(crowded, good, False))
    better = replace(limits, scores=np.where(limits.scores == 50.0, 99.0, limits.scores))
    assert planning.objections(better, good, False)
    poor = replace(good, pairs=np.array([[0, 2], [1, 0], [2, 1]]), total=40.0 + 85.0 + 75.0)
    wide = replace(limits, capacity=np.array([3, 3, 3]))
    assert any("prices prove" in wrong for wrong in planning.objections(wide, poor, False))


def test_a_solver_that_names_rules_which_do_not_help_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    limits, wishes = fair(demand=2)
    monkeypatch.setattr(planning, "relaxed", lambda fair, rules: fair)
    with pytest.raises(Refused):
        planning.planned(limits, wishes)


def test_the_same_question_gets_the_same_digest_and_another_seed_may_not() -> None:
    even = np.full((3, 3), 50.0)
    first, again = (planning.planned(*fair(even, seed=1, talks_per_place=9)) for _ in range(2))
    assert first.sha256 == again.sha256
    digests = {planning.planned(*fair(even, seed=seed, talks_per_place=9)).sha256 for seed in range(8)}
    assert len(digests) > 1


def test_every_rule_a_solver_may_name_may_be_wished_for() -> None:
    assert get_args(Rule) == RULES
