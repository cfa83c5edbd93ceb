"""Learning from outcomes without giving up the explanations.

A monotone model without interactions is a sum of one rising curve per factor, so a learned score is still a sum
of points that each factor gave. Curves are drawn to the experts' weights while there is little evidence, and a
candidate may rank only when it beats what ranks now on outcomes it has not seen. Only the eight factor
shares are features: nothing about persons enters.
"""

# ruff: noqa: N803, N806 - scikit-learn calls these arguments X and y

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from matching.offline import Comparison, compare
from matching.weights import FACTORS, GRID, Weights, curve_of

Floats = NDArray[np.float64]

HALF_EVIDENCE = 400
"""At this many outcomes (by weight) the learned curves count as much as the experts' weights."""
GAINS = {"shown": 0, "declined": 0, "accepted": 1, "awarded": 2, "delivered": 2, "succeeded": 3}
"""What an outcome is worth; 'succeeded' is a good evaluation with satisfied residents."""
SUCCESS = 2
FOLDS = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one shown pair: the shares (0–1) of the eight factors, in their order, when it was shown."""

    project_id: str
    organization_id: str
    shares: tuple[float, ...]
    result: str
    day: date
    category: str | None = None
    new_organization: bool = False
    weight: float = 1.0


@dataclass(frozen=True)
class Learned:
    """A candidate: weights with curves, the calibration of its scores, how much the evidence counted, the report.

    `probability` of success at a score s is 1 / (1 + exp(−(slope·s + intercept))).
    """

    weights: Weights
    slope: float
    intercept: float
    evidence: float
    comparison: Comparison

    @property
    def may_be_activated(self) -> bool:
        return not self.comparison.objections

    def probability(self, scores: ArrayLike) -> Floats:
        return _sigmoid(self.slope * np.asarray(scores, dtype=np.float64) + self.intercept)


class MonotoneAdditiveClassifier(ClassifierMixin, BaseEstimator):
    """Success or not as a sum of one rising curve per feature, with calibrated probabilities.

    Boosted trees that may each use one feature only, and only upwards. Probabilities are calibrated by a logistic
    curve on predictions that were made without the row they are for.
    """

    def __init__(
        self,
        rounds: int = 120,
        learning_rate: float = 0.08,
        min_samples_leaf: int = 20,
        random_state: int | None = None,
    ) -> None:
        self.rounds = rounds
        self.learning_rate = learning_rate
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state

    def fit(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit to n×f features and two classes."""
        X, y = validate_data(self, X, y, dtype=np.float64)
        X, y = np.asarray(X), np.asarray(y)
        check_classification_targets(y)
        kind = type_of_target(y, input_name="y")
        if kind != "binary":
            raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
        weight = None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError("Classifier can't train when only one class is present.")
        # One thread: the data are small, and sums in one order give the same model every time.
        with threadpool_limits(limits=1, user_api="openmp"):
            self.model_ = self._trees(X.shape[1]).fit(X, y, sample_weight=weight)
            self.slope_, self.intercept_ = self._calibration(X, y, weight)
        return self

    def _trees(self, features: int) -> HistGradientBoostingClassifier:
        return HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.learning_rate,
            max_leaf_nodes=6,
            min_samples_leaf=self.min_samples_leaf,
            max_bins=64,
            l2_regularization=1.0,
            early_stopping=False,
            interaction_cst="no_interactions",
            monotonic_cst=[1] * features,
            random_state=self.random_state,
        )

    def _calibration(self, X: Floats, y: NDArray[Any], weight: Floats | None) -> tuple[float, float]:
        folds = min(FOLDS, int(np.unique(y, return_counts=True)[1].min()))
        if folds < 2:
            return 1.0, 0.0
        split = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
        unseen = cross_val_predict(
            self._trees(X.shape[1]),
            X,
            y,
            cv=split,
            method="decision_function",
            params={"sample_weight": weight},
        )
        curve = LogisticRegression().fit(unseen[:, None], y, sample_weight=weight)
        # A calibration that falls would turn the order around: then the scores say nothing and stay as they are.
        slope = float(curve.coef_[0, 0])
        return (slope, float(curve.intercept_[0])) if slope > 0 else (1.0, 0.0)

    def decision_function(self, X: ArrayLike) -> Floats:
        """The log-odds of the second class."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.slope_ * self.model_.decision_function(X) + self.intercept_)

    def predict_proba(self, X: ArrayLike) -> Floats:
        """Calibrated probabilities, n×2."""
        chance = _sigmoid(self.decision_function(X))
        return np.column_stack([1 - chance, chance])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """The likelier class."""
        likelier = (self.decision_function(X) > 0).astype(int)
        return np.asarray(self.classes_[likelier])

    def curves(self) -> Floats:
        """How much each feature adds at 0, 1/64, …, 1 over what it adds at 0: f×(GRID + 1), never falling."""
        check_is_fitted(self)
        grid = np.arange(GRID + 1) / GRID
        zero = np.zeros((1, self.n_features_in_))
        base = self.decision_function(zero)[0]
        rows = []
        for feature in range(self.n_features_in_):
            points = np.repeat(zero, GRID + 1, axis=0)
            points[:, feature] = grid
            rows.append(self.decision_function(points) - base)
        return np.maximum.accumulate(np.maximum(rows, 0.0), axis=1)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        # Only rising curves: data whose classes fall with a feature cannot be learned, by intent.
        tags.classifier_tags.poor_score = True
        return tags


def learn(
    outcomes: Sequence[Outcome],
    current: Weights,
    *,
    experts: Weights,
    version: str,
    held_share: float = 0.3,
    seed: int = 0,
) -> Learned:
    """Weights learned from the earlier outcomes and judged, against the current ones, on the latest `held_share` of projects.

    The curves are drawn to those of the experts, whatever ranks now: the same evidence, learned from again, is not counted
    twice. An outcome counts towards the evidence by its weight. Raises ValueError when there is not yet a success and a failure on both sides of the split.
    """
    seen, held = split_by_time(outcomes, held_share)
    shares, labels = _table(seen)
    if min(len(np.unique(labels)), len(np.unique(_table(held)[1]))) < 2:
        raise ValueError("too few outcomes: successes and failures are needed before and after the split")
    model = MonotoneAdditiveClassifier(random_state=seed).fit(
        shares, labels, sample_weight=[outcome.weight for outcome in seen]
    )
    known = sum(outcome.weight for outcome in seen)
    evidence = known / (known + HALF_EVIDENCE)
    weights = blended(experts, model.curves(), evidence, version)
    candidate, before = scores(weights, seen), scores(current, seen)
    (slope, intercept), old = _calibrated(candidate, labels), _calibrated(before, labels)
    comparison = compare(
        held,
        scores(current, held),
        scores(weights, held),
        _sigmoid(old[0] * scores(current, held) + old[1]),
        _sigmoid(slope * scores(weights, held) + intercept),
        _table(seen)[0],
        seed,
    )
    return Learned(weights, slope, intercept, evidence, comparison)


def split_by_time(outcomes: Sequence[Outcome], held_share: float) -> tuple[list[Outcome], list[Outcome]]:
    """Projects first shown earlier, and those shown last; no project is on both sides."""
    first: dict[str, date] = {}
    for outcome in outcomes:
        first[outcome.project_id] = min(outcome.day, first.get(outcome.project_id, outcome.day))
    order = sorted(first, key=lambda project: (first[project], project))
    late = set(order[round(len(order) * (1 - held_share)) :])
    return [o for o in outcomes if o.project_id not in late], [o for o in outcomes if o.project_id in late]


def blended(experts: Weights, curves: Floats, evidence: float, version: str) -> Weights:
    """Curves of hundred points in all: the experts', drawn to the learned by the amount of evidence (0–1)."""
    whole = curves[:, -1].sum()
    learned = (
        curves * (100.0 / whole) if whole > 0 else np.array([curve_of(experts, name) for name in FACTORS])
    )
    mixed = {
        name: (1 - evidence) * curve_of(experts, name) + evidence * learned[row]
        for row, name in enumerate(FACTORS)
    }
    return replace(
        experts,
        name="learned",
        version=version,
        points={name: float(curve[-1]) for name, curve in mixed.items()},
        curves={name: tuple(map(float, curve)) for name, curve in mixed.items()},
    )


def scores(weights: Weights, outcomes: Sequence[Outcome]) -> Floats:
    """Points of each outcome's pair under these weights, adjustments left out."""
    shares = _table(outcomes)[0]
    places = np.rint(shares * GRID).astype(int)
    return np.asarray(sum(curve_of(weights, name)[places[:, column]] for column, name in enumerate(FACTORS)))


def _table(outcomes: Sequence[Outcome]) -> tuple[Floats, NDArray[np.bool_]]:
    shares = np.array([outcome.shares for outcome in outcomes], dtype=np.float64).reshape(-1, len(FACTORS))
    return shares, np.array([GAINS[outcome.result] >= SUCCESS for outcome in outcomes], dtype=np.bool_)


def _calibrated(points: Floats, labels: NDArray[np.bool_]) -> tuple[float, float]:
    curve = LogisticRegression(C=1e3).fit(points[:, None] / 100, labels)
    return float(curve.coef_[0, 0]) / 100, float(curve.intercept_[0])


def _sigmoid(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(odds, -500, 500))))
