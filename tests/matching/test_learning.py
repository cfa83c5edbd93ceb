"""Learning from outcomes: a citizen of scikit-learn that keeps every score a sum of points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from matching import COLUMNS, FACTORS, Organization, Project, Ranker, Weights
from matching.learning import (
    MonotoneAdditiveClassifier,
    Outcome,
    blended,
    curve_of,
    learn,
    scores,
    split_by_time,
)
from matching.offline import DRIFTED, SLICE_AT_LEAST, Measures, _objections, stability

TRUTH = np.array([1.0, 0.5, 4.0, 3.0, 0.2, 0.2, 0.1, 0.1])
"""What buyers really weigh in these stories: place and track record far above the experts' belief."""


def story(projects: int, seed: int = 0, truth: np.ndarray = TRUTH) -> list[Outcome]:
    """Projects shown to eight organizations each; who is taken follows the truth, with some noise."""
    rng = np.random.default_rng(seed)
    told = []
    for project in range(projects):
        shares = rng.random((8, len(FACTORS)))
        liking = shares @ truth + rng.normal(0, 0.4, 8)
        best = np.argsort(-liking)
        for number, row in enumerate(shares):
            place = int(np.flatnonzero(best == number)[0])
            told.append(
                Outcome(
                    f"p{project:04}",
                    f"o{number}",
                    tuple(row),
                    "awarded" if place == 0 else "accepted" if place == 1 else "declined",
                    date(2025, 1, 1) + timedelta(days=project),
                    category="elderly_care" if project % 2 else "mental_health",
                    new_organization=number == 0,
                )
            )
    return told


def not_meant(estimator: Any) -> dict[str, str]:
    reason = "bins and calibration folds count rows: weighting a row is close to repeating it, not the same"
    return dict.fromkeys(
        (
            "check_sample_weight_equivalence_on_dense_data",
            "check_sample_weight_equivalence_on_sparse_data",
        ),
        reason,
    )


@parametrize_with_checks(
    [MonotoneAdditiveClassifier(rounds=5, min_samples_leaf=2, random_state=0)],
    expected_failed_checks=not_meant,
)
def test_it_is_a_scikit_learn_classifier(estimator: Any, check: Any) -> None:
    check(estimator)


def test_more_of_any_factor_never_lowers_the_chance() -> None:
    rng = np.random.default_rng(0)
    shares = rng.random((400, 8))
    label = (shares @ TRUTH - 3 * shares[:, 5] + rng.normal(0, 0.5, 400)) > 4
    model = MonotoneAdditiveClassifier(random_state=0).fit(shares, label)
    higher = np.clip(shares + 0.2, 0, 1)
    for column in range(8):
        raised = shares.copy()
        raised[:, column] = higher[:, column]
        assert (model.decision_function(raised) >= model.decision_function(shares) - 1e-9).all()


def test_the_curves_of_the_factors_sum_to_the_whole_model() -> None:
    rng = np.random.default_rng(1)
    shares = rng.integers(0, 65, (300, 8)) / 64
    label = (shares @ TRUTH + rng.normal(0, 0.5, 300)) > 4.5
    model = MonotoneAdditiveClassifier(random_state=0).fit(shares, label)
    curves = model.curves()
    places = (shares * 64).astype(int)
    summed = sum(curves[j, places[:, j]] for j in range(8)) + model.decision_function(np.zeros((1, 8)))[0]
    assert np.allclose(summed, model.decision_function(shares))


def test_what_buyers_really_want_is_learned_and_may_be_activated() -> None:
    learned = learn(story(200), Weights(), experts=Weights(), version="2026.2", seed=3)
    assert learned.may_be_activated, learned.comparison.objections
    assert learned.comparison.candidate.ndcg > learned.comparison.current.ndcg
    assert learned.comparison.candidate.brier < learned.comparison.current.brier
    assert learned.weights.points["place"] > Weights().points["place"]
    assert sum(learned.weights.points.values()) == pytest.approx(100)
    assert {"new organizations", "category elderly_care"} <= set(learned.comparison.slices)


def test_noise_may_not_be_activated() -> None:
    rng = np.random.default_rng(5)
    noise = [
        Outcome(o.project_id, o.organization_id, o.shares, rng.choice(["awarded", "declined"]), o.day)
        for o in story(120, seed=5)
    ]
    learned = learn(noise, Weights(), experts=Weights(), version="noise", seed=0)
    assert not learned.may_be_activated
    assert any("gain is not sure" in objection for objection in learned.comparison.objections)


def test_little_evidence_leaves_the_experts_weights_nearly_as_they_are() -> None:
    few, many = (
        learn(story(n, seed=2), Weights(), experts=Weights(), version="v", seed=0) for n in (12, 200)
    )
    assert few.evidence < 0.2 < 0.7 < many.evidence
    expert = Weights().points
    drift = [sum(abs(one.weights.points[f] - expert[f]) for f in FACTORS) for one in (few, many)]
    assert drift[0] < drift[1]


def test_the_same_evidence_is_not_counted_twice() -> None:
    outcomes = story(60, seed=4)
    once = learn(outcomes, Weights(), experts=Weights(), version="v", seed=0)
    again = learn(outcomes, once.weights, experts=Weights(), version="v", seed=0)
    assert again.weights == once.weights and again.weights.curves == once.weights.curves
    assert not again.may_be_activated, "what is no better than what ranks now may not take its place"


def test_a_place_that_may_only_have_been_overlooked_is_less_evidence() -> None:
    outcomes = story(40, seed=5)
    doubtful = [replace(outcome, weight=0.25) for outcome in outcomes]
    sure, unsure = (learn(o, Weights(), experts=Weights(), version="v", seed=0) for o in (outcomes, doubtful))
    assert unsure.evidence < sure.evidence


def test_the_report_tells_every_category_new_organizations_and_what_has_shifted() -> None:
    outcomes = [
        replace(o, shares=(*o.shares[:7], o.shares[7] ** 6)) if o.day > date(2025, 7, 1) else o
        for o in story(250, seed=6)
    ]
    told = learn(outcomes, Weights(), experts=Weights(), version="v", seed=0).comparison
    categories = [name for name in told.slices if name.startswith("category ")]
    assert categories == ["category elderly_care", "category mental_health"]
    assert sum(told.slices[name][1].projects for name in categories) == told.candidate.projects
    assert {"new organizations", "known organizations"} <= told.slices.keys()
    for before, after in (*told.slices.values(), (told.current, told.candidate)):
        assert all(0 <= measures.brier <= 1 and measures.projects > 0 for measures in (before, after))
    assert told.drift["rating"] > DRIFTED > max(told.drift[name] for name in FACTORS[:7])


def test_a_slice_that_loses_speaks_against_a_candidate() -> None:
    before, after = Measures(0.80, 0.7, 0.1, 50), Measures(0.85, 0.7, 0.1, 50)
    fallen = {"new organizations": (before, replace(before, ndcg=0.75))}
    assert [name.partition(":")[0] for name in _objections(before, after, fallen, 0.01)] == [
        "new organizations"
    ]
    few = {
        name: (replace(old, projects=SLICE_AT_LEAST - 1), replace(new, projects=SLICE_AT_LEAST - 1))
        for name, (old, new) in fallen.items()
    }
    assert _objections(before, after, few, 0.01) == ()
    assert _objections(before, replace(after, brier=0.2), {}, 0.01) and _objections(before, after, {}, 0.0)


def test_chances_are_calibrated() -> None:
    outcomes = story(300, seed=9)
    learned = learn(outcomes, Weights(), experts=Weights(), version="v", seed=0)
    later = split_by_time(outcomes, 0.3)[1]
    chance = learned.probability(scores(learned.weights, later))
    taken = np.mean([outcome.result == "awarded" for outcome in later])
    assert chance.mean() == pytest.approx(taken, abs=0.04)


def test_no_project_is_judged_by_outcomes_it_taught() -> None:
    seen, held = split_by_time(story(50), 0.3)
    assert not {o.project_id for o in seen} & {o.project_id for o in held}
    assert max(o.day for o in seen) < min(o.day for o in held)


def test_a_ranker_with_learned_curves_still_explains_every_point(
    ranker_of: Callable[..., Ranker], projects: list[Project], organizations: list[Organization]
) -> None:
    weights = learn(story(60), Weights(), experts=Weights(), version="2026.2", seed=0).weights
    ranking = ranker_of(organizations, weights=weights).rank(projects, limit=5)
    total = sum(ranking.factors[name] for name in COLUMNS)
    assert np.array_equal(total, ranking.scores, equal_nan=True)
    expected = curve_of(weights, "place")[np.rint(np.nan_to_num(ranking.shares["place"]) * 64).astype(int)]
    shown = ~np.isnan(ranking.scores)
    assert np.allclose(ranking.factors["place"][shown], expected[shown], atol=1 / 1024)


def test_curves_that_fall_are_refused() -> None:
    with pytest.raises(ValueError, match="never fall"):
        Weights(curves={"text": (28.0,) + (27.0,) * 64})
    with pytest.raises(ValueError, match="too few"):
        learn(story(3)[:8], Weights(), experts=Weights(), version="v")


def test_weights_without_evidence_are_the_experts() -> None:
    same = blended(Weights(), np.zeros((8, 65)), 0.9, "v")
    assert same.points == pytest.approx(Weights().points)


def test_a_shifted_factor_shows_as_drift() -> None:
    rng = np.random.default_rng(0)
    assert stability(rng.random(500), rng.random(500)) < 0.1
    assert stability(rng.random(500), rng.random(500) ** 4) > 0.25


def test_the_classifier_can_be_cloned() -> None:
    model = MonotoneAdditiveClassifier(rounds=7)
    assert clone(model).get_params() == model.get_params()
