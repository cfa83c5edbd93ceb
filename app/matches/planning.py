"""A fair-wide plan as arithmetic: wishes and a run's inputs become arrays, the answer becomes places and named rules. Pure."""

import dataclasses
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.matches import facts
from app.matches.models import PlanOutcome
from app.matches.schemas import PlanDraft, PlanExposureDraft
from matching import Exposure, Organization, Plan, Project, assign
from matching.checks import check_plan, price_bound
from matching.plan_infeasible import Relaxation

DAYS_OF_A_YEAR = 365
TOLERANCE = 1e-6

Scores = NDArray[np.float64]
Counts = NDArray[np.int64]


class Refused(Exception):
    """The referee found a plan that breaks its own rules: it is never stored."""


@dataclass(frozen=True, eq=False)
class Fair:
    """What the solver is told: scores n×m (NaN where a gate excludes) and the limits, by row and column number."""

    project_ids: tuple[str, ...]
    organization_ids: tuple[str, ...]
    scores: Scores
    demand: Counts
    capacity: Counts
    minimum: Counts
    forced: NDArray[np.intp]
    forbidden: NDArray[np.bool_]
    exposed: NDArray[np.bool_]
    places: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where an organization stands in a project's plan, best first; alternates after those chosen."""

    project_id: str
    organization_id: str
    place: int
    alternate: bool
    score: float


@dataclass(frozen=True, slots=True)
class Planned:
    """A stored plan in full: its places, the rules named, its figures."""

    outcome: PlanOutcome
    places: list[Place]
    relaxations: list[dict[str, Any]]
    figures: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Equal plans have equal digests; how long the solver took is no part of a plan."""
        content = {
            "outcome": self.outcome.value,
            "places": [dataclasses.astuple(place) for place in self.places],
            "relaxations": [{k: v for k, v in r.items() if k not in ("zh", "en")} for r in self.relaxations],
            "figures": self.figures,
        }
        return hashlib.sha256(facts.canonical(content)).hexdigest()


def fair_of(
    on_offer: Sequence[Project],
    offering: Sequence[Organization],
    scores: Scores,
    wishes: PlanDraft,
    as_of: date,
) -> Fair:
    """Wishes as arrays; `offering` and the columns of `scores` are in the order of ids. An unstated capacity is no limit."""
    row = {project.id: i for i, project in enumerate(on_offer)}
    col = {organization.id: j for j, organization in enumerate(offering)}
    demand = np.full(len(row), wishes.demand, dtype=np.int64)
    for special in wishes.demands:
        demand[row[special.project]] = special.demand
    forbidden = np.zeros(scores.shape, dtype=np.bool_)
    for pair in wishes.forbidden:
        forbidden[row[pair.project], col[pair.organization]] = True
    capacity = np.array([_talks(one, wishes, len(row)) for one in offering], dtype=np.int64)
    small = [wishes.exposure is not None and _is_exposed(one, wishes.exposure, as_of) for one in offering]
    forced = [(row[pair.project], col[pair.organization]) for pair in wishes.forced]
    return Fair(
        tuple(row),
        tuple(col),
        scores,
        demand,
        capacity,
        np.full(len(col), wishes.minimum, dtype=np.int64),
        np.unique(np.array(forced, dtype=np.intp).reshape(-1, 2), axis=0),
        forbidden,
        np.array(small, dtype=np.bool_),
        wishes.exposure.places if wishes.exposure else 0,
    )


def _talks(organization: Organization, wishes: PlanDraft, most: int) -> int:
    if organization.capacity_max is None:
        return most
    return wishes.talks_per_place * max(0, organization.capacity_max - organization.active_engagements)


def _is_exposed(organization: Organization, rule: PlanExposureDraft, as_of: date) -> bool:
    founded, workers = organization.established_on, organization.certified_total
    young = founded is not None and (as_of - founded).days < rule.new_years * DAYS_OF_A_YEAR
    return young or (workers is not None and workers <= rule.small_workers)


def planned(
    fair: Fair,
    wishes: PlanDraft,
    names: Callable[[str], str] = str,
    known: Sequence[Mapping[str, Any]] = (),
) -> Planned:
    """Solve, and check what the solver says; `names` tells what people call a project or organization.

    An infeasible answer is checked too: with the named rules relaxed there must be a plan. Rules named before (`known`) are
    taken as they are: the search for the fewest may have been ended by the clock. Raises `Refused`.
    """
    if known:
        rules, named = tuple(_rule(fair, told) for told in known), [dict(told) for told in known]
    else:
        plan = _solved(fair, wishes)
        if not plan.infeasible:
            return Planned(PlanOutcome.PLANNED, places_of(fair, plan), [], figures(fair, plan))
        rules = plan.infeasible
        named = [_told(fair, rule, names) | {"fewest": plan.optimal} for rule in rules]
    eased = relaxed(fair, rules)
    instead = _solved(eased, wishes)
    if instead.infeasible:
        raise Refused("the rules named do not make a plan possible")
    told = figures(eased, instead)
    if wishes.relax:
        return Planned(PlanOutcome.RELAXED, places_of(eased, instead), named, told)
    return Planned(PlanOutcome.INFEASIBLE, [], named, {"if_relaxed": told})


def _rule(fair: Fair, told: Mapping[str, Any]) -> Relaxation:
    project, organization = told["project_id"], told["organization_id"]
    return Relaxation(
        told["rule"],
        told["amount"],
        None if project is None else fair.project_ids.index(project),
        None if organization is None else fair.organization_ids.index(organization),
    )


def _solved(fair: Fair, wishes: PlanDraft) -> Plan:
    exposure = Exposure(fair.exposed, fair.places) if fair.places else None
    plan = assign(
        fair.scores,
        fair.demand,
        fair.capacity,
        fair.minimum,
        fair.forced,
        fair.forbidden,
        exposure,
        wishes.objective,
        wishes.seed,
        wishes.time_limit_seconds,
        wishes.alternates,
        wishes.may_relax,
    )
    if not plan.infeasible and (wrong := objections(fair, plan, wishes.objective == "max_min")):
        raise Refused("; ".join(wrong[:5]))
    return plan


def objections(fair: Fair, plan: Plan, lifted: bool) -> list[str]:
    """What the referee, who shares no code with the solver, finds wrong: rules, sums, and whether the prices prove the best sum.

    With the lowest pair `lifted` first, the sum is the best among plans without any lower pair.
    """
    table = np.where(fair.forbidden, np.nan, fair.scores)
    limits: dict[str, Any] = {"demand": fair.demand, "capacity": fair.capacity, "minimum": fair.minimum}
    wrong = check_plan(
        table,
        plan.pairs,
        **limits,
        forced=map(tuple, fair.forced.tolist()),
        exposed=set(np.flatnonzero(fair.exposed).tolist()),
        places=fair.places,
        total=plan.total,
    )
    if plan.optimal and not len(fair.forced) and not fair.places and len(plan.pairs):
        reached = np.where(table < plan.worst - TOLERANCE, np.nan, table) if lifted else table
        bound = price_bound(reached, plan.prices, **limits)
        # Scores are rounded to 1/1024 point before they are summed.
        if abs(bound - plan.total) > len(plan.pairs) / 1000 + TOLERANCE:
            wrong.append(f"the prices prove {bound}, not {plan.total}")
    chosen = {(int(i), int(j)) for i, j in plan.pairs}
    for i, row in enumerate(plan.reserves):
        for j in row[row >= 0]:
            if (i, int(j)) in chosen or np.isnan(table[i, j]):
                wrong.append(f"organization {j} cannot step in for project {i}")
    return wrong


def relaxed(fair: Fair, rules: Sequence[Relaxation]) -> Fair:
    """The fair with these rules relaxed."""
    demand, capacity, minimum = fair.demand.copy(), fair.capacity.copy(), fair.minimum.copy()
    forbidden, forced, places = (
        fair.forbidden.copy(),
        {tuple(pair) for pair in fair.forced.tolist()},
        fair.places,
    )
    for rule in rules:
        if rule.rule == "demand":
            demand[rule.project] -= rule.amount
        elif rule.rule == "capacity":
            capacity[rule.organization] += rule.amount
        elif rule.rule == "minimum":
            minimum[rule.organization] -= rule.amount
        elif rule.rule == "forced":
            forced.discard((rule.project, rule.organization))
        elif rule.rule == "forbidden":
            forbidden[rule.project, rule.organization] = False
        else:
            places -= rule.amount
    return dataclasses.replace(
        fair,
        demand=demand,
        capacity=capacity,
        minimum=minimum,
        forbidden=forbidden,
        forced=np.array(sorted(forced), dtype=np.intp).reshape(-1, 2),
        places=places,
    )


def places_of(fair: Fair, plan: Plan) -> list[Place]:
    """Who talks to whom, project by project: those chosen, best first, then those who may step in."""
    chosen: dict[int, list[int]] = {}
    for i, j in plan.pairs.tolist():
        chosen.setdefault(i, []).append(j)
    found = []
    for i, project_id in enumerate(fair.project_ids):
        own = sorted(chosen.get(i, []), key=lambda j: (-fair.scores[i, j], j))
        after = [int(j) for j in plan.reserves[i] if j >= 0]
        for place, j in enumerate((*own, *after), 1):
            score = float(fair.scores[i, j])
            found.append(Place(project_id, fair.organization_ids[j], place, place > len(own), score))
    return found


def figures(fair: Fair, plan: Plan) -> dict[str, Any]:
    """What a plan amounts to: its pairs and points, the proof, what the places kept for new organizations cost."""
    taken = np.bincount(plan.pairs[:, 1], minlength=len(fair.organization_ids))
    some = len(plan.pairs) > 0
    return {
        "projects": len(fair.project_ids),
        "organizations": len(fair.organization_ids),
        "pairs": len(plan.pairs),
        "organizations_in_plan": int((taken > 0).sum()),
        "total": round(plan.total, 3),
        "worst": round(plan.worst, 3) if some else None,
        "optimal": plan.optimal,
        "gap": round(plan.gap, 3),
        "exposed_organizations": int(fair.exposed.sum()) if fair.places else None,
        "exposed_pairs": int(taken[fair.exposed].sum()) if fair.places else None,
        "exposure_price": None if plan.exposure_price is None else round(plan.exposure_price, 3),
    }


def _told(fair: Fair, rule: Relaxation, names: Callable[[str], str]) -> dict[str, Any]:
    project = None if rule.project is None else fair.project_ids[rule.project]
    organization = None if rule.organization is None else fair.organization_ids[rule.organization]
    zh, en = rule.told(names(project) if project else "", names(organization) if organization else "")
    return {
        "rule": rule.rule,
        "amount": rule.amount,
        "project_id": project,
        "organization_id": organization,
        "zh": zh,
        "en": en,
    }
