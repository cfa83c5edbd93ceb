"""What an outcome says, and when a fitted ranker may rank. Pure.

The only features are the shares of the eight factors that every ranking shows: nobody's sex, name or place of origin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np

from app.catalogue.codes import Grade
from app.contracts.models import ContractState
from app.kernel.errors import Problem
from app.negotiations.models import IntentState
from matching import FACTORS, Weights
from matching.weights import GRID, curve_of

NEUTRAL = 0.5
SHOWN_PLACES = 10
"""Places that count as seen although nobody acted on them."""
UNANSWERED = 0.25
"""How much a place counts that was seen and left alone: it may only have been overlooked."""
SATISFIED = 80
"""The index from which residents count as satisfied (the least of the grade 'good')."""
NEW_YEARS = 2

WANTED = frozenset(
    {
        IntentState.ACCEPTED,
        IntentState.SCHEDULED,
        IntentState.TALKED,
        IntentState.SHORTLISTED,
        IntentState.WON,
        IntentState.LOST,
    }
)
FINISHED = frozenset({ContractState.ACCEPTED, ContractState.SETTLED, ContractState.CLOSED})


@dataclass(slots=True)
class Trace:
    """All that is known to have happened to one shown pair."""

    intents: frozenset[str] = frozenset()
    moved: int = 0
    awarded: bool = False
    contract: str | None = None
    grade: str | None = None
    satisfaction: Decimal | None = None


def result_of(trace: Trace) -> str:
    """The last word on a pair, in the terms of `matching.learning.GAINS`. A later stage overrules an earlier one."""
    if trace.grade == Grade.FAIL or trace.contract == ContractState.FAILED:
        return "declined"
    if trace.grade in (Grade.EXCELLENT, Grade.GOOD) and (
        trace.satisfaction is None or trace.satisfaction >= SATISFIED
    ):
        return "succeeded"
    if trace.grade is not None or trace.contract in FINISHED:
        return "delivered"
    if trace.contract == ContractState.TERMINATED:
        return "accepted"
    if trace.awarded:
        return "awarded"
    if trace.intents & WANTED or trace.moved < 0:
        return "accepted"
    if IntentState.DECLINED in trace.intents or trace.moved > 0:
        return "declined"
    return "shown"


def shares_of(points: Sequence[float], weights: Weights) -> tuple[float, ...]:
    """The shares (0–1) behind the points that factors gave under these weights; a factor without points says nothing."""
    return tuple(_share(float(given), name, weights) for given, name in zip(points, FACTORS, strict=False))


def _share(given: float, name: str, weights: Weights) -> float:
    whole = weights.points[name]
    if whole <= 0:
        return NEUTRAL
    if name not in weights.curves:
        return min(1.0, max(0.0, given / whole))
    return int(np.argmin(np.abs(curve_of(weights, name) - given))) / GRID


def is_new(established_on: date | None, day: date) -> bool:
    """Whether an organization was younger than two years on a day; one that tells no date is not called new."""
    return established_on is not None and (day - established_on).days < NEW_YEARS * 365


def unfit(report: Mapping[str, Any], in_force: str) -> list[Problem]:
    """Why a candidate may not rank: its report speaks against it, or speaks about weights that no longer rank."""
    problems = []
    if objections := report.get("objections", ["no report"]):
        problems.append(_worse(report, objections))
    if report.get("current") != in_force:
        before = report.get("current")
        problems.append(
            Problem(
                "model_report_outdated",
                f"该模型是与 {before} 比较的，而现行的是 {in_force}，请重新拟合。",
                f"The model was compared with {before}, but {in_force} ranks now; fit again.",
                values={"compared_with": before, "in_force": in_force},
            )
        )
    return problems


def _worse(report: Mapping[str, Any], objections: Sequence[str]) -> Problem:
    measures = report.get("measures", {})
    before, after = measures.get("current", {}), measures.get("candidate", {})
    figures = "；".join(
        f"{label} 现行 {before.get(key)}、候选 {after.get(key)}"
        for key, label in (("ndcg", "nDCG@10"), ("mrr", "MRR"), ("brier", "Brier"))
    )
    return Problem(
        "model_not_better",
        f"该模型在保留的结果上未能胜过现行模型，不能启用：{figures}。",
        f"The model does not beat the current one on held-back outcomes: {'; '.join(objections)}.",
        values={"objections": list(objections)},
    )
