"""What an organization could change, found by scoring the changed organization again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from matching.model import RATINGS, Organization, Project

MOST = 5
AMOUNTS = (1, 2, 3, 4, 5)

Judge = Callable[[Organization], tuple[float, int] | None]
"""The score and rank of a changed organization, or None while a gate still excludes it."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change and where it leads: `organization` is the organization as it would then be."""

    kind: str
    amount: int
    zh: str
    en: str
    score: float
    rank: int
    organization: Organization


@dataclass(frozen=True, slots=True)
class _Step:
    kind: str
    amount: int
    zh: str
    en: str
    organization: Organization


def changes_for(
    project: Project,
    organization: Organization,
    failures: tuple[str, ...],
    rank: int | None,
    as_of: date,
    judge: Judge,
) -> tuple[Change, ...]:
    """The smallest change of each kind that would lift the rank, best rank first; for an excluded organization what
    would lift all its exclusions, when that is in its hands.
    """
    if failures:
        step = _admitted(project, organization, failures, as_of)
        found = [] if step is None else [_judged(step, judge)]
    else:
        found = [_first(kind, rank or 1, judge) for kind in _levers(project, organization, as_of)]
    useful = [change for change in found if change is not None]
    return tuple(sorted(useful, key=lambda change: (change.rank, change.amount, change.kind))[:MOST])


def _first(steps: Iterator[_Step], rank: int, judge: Judge) -> Change | None:
    for step in steps:
        change = _judged(step, judge)
        if change is not None and change.rank < rank:
            return change
    return None


def _judged(step: _Step, judge: Judge) -> Change | None:
    result = judge(step.organization)
    if result is None:
        return None
    score, rank = result
    zh, en = f"{step.zh} → 第 {rank} 名", f"{step.en} → rank {rank}"
    return Change(step.kind, step.amount, zh, en, score, rank, step.organization)


def _levers(project: Project, org: Organization, as_of: date) -> list[Iterator[_Step]]:
    return [
        _certified(org),
        _freed(org),
        _supervised(org),
        _rated(org, as_of),
        _qualified(project, org),
    ]


def _certified(org: Organization) -> Iterator[_Step]:
    have = org.certified_total or 0
    for more in AMOUNTS:
        changed = replace(org, certified_total=have + more)
        yield _Step("certified", more, f"再有 {more} 名持证社工", _more_workers(more), changed)


def _freed(org: Organization) -> Iterator[_Step]:
    for fewer in range(1, org.active_engagements + 1):
        changed = replace(org, active_engagements=org.active_engagements - fewer)
        yield _Step("freed", fewer, f"结项 {fewer} 个在管项目", _fewer(fewer), changed)


def _more_workers(count: int) -> str:
    return f"{count} more certified social worker{'s' if count > 1 else ''}"


def _fewer(count: int) -> str:
    return f"{count} running engagement{'s' if count > 1 else ''} fewer"


def _supervised(org: Organization) -> Iterator[_Step]:
    if not org.supervisors:
        yield _Step("supervisor", 1, "配备 1 名督导", "a supervisor of its own", replace(org, supervisors=1))


def _rated(org: Organization, as_of: date) -> Iterator[_Step]:
    now = org.rating_on(as_of)
    first = RATINGS.index(now) + 1 if now in RATINGS else 0
    for steps, rating in enumerate(RATINGS[first:], start=1):
        yield _rating_step(org, rating, steps, as_of)


def _rating_step(org: Organization, rating: str, steps: int, as_of: date) -> _Step:
    # A rating is valid for five years; the last day is never 29 February.
    until = date(as_of.year + 5, as_of.month, min(as_of.day, 28))
    changed = replace(org, rating=rating, rating_valid_until=until)
    return _Step("rating", steps, f"取得有效的 {rating} 等级", f"a valid {rating} rating", changed)


def _qualified(project: Project, org: Organization) -> Iterator[_Step]:
    missing = [q for q in project.preferred_qualifications if q not in org.qualifications]
    for count in range(1, len(missing) + 1):
        names = "、".join(missing[:count])
        changed = replace(org, qualifications=(*org.qualifications, *missing[:count]))
        yield _Step("qualification", count, f"取得资质：{names}", f"the qualification {names}", changed)


def _admitted(project: Project, org: Organization, failures: tuple[str, ...], as_of: date) -> _Step | None:
    """Everything that would have to change at once, or None when a failure is not in the organization's hands."""
    steps: list[_Step] = []
    for code in failures:
        make = _REPAIRS.get(code)
        if make is None:
            return None
        steps.append(make(project, org, as_of))
        org = steps[-1].organization
    return _Step(
        "admission", len(steps), "，且".join(s.zh for s in steps), " and ".join(s.en for s in steps), org
    )


def _enough_places(project: Project, org: Organization, as_of: date) -> _Step:
    most = org.capacity_max or 0
    if most == 0:
        return _Step("capacity", 1, "承接上限提高到 1", "a capacity of 1", replace(org, capacity_max=1))
    fewer = org.active_engagements - most + 1
    changed = replace(org, active_engagements=most - 1)
    return _Step("freed", fewer, f"结项 {fewer} 个在管项目", _fewer(fewer), changed)


def _enough_rating(project: Project, org: Organization, as_of: date) -> _Step:
    return _rating_step(org, project.min_rating or RATINGS[0], 1, as_of)


def _enough_workers(project: Project, org: Organization, as_of: date) -> _Step:
    need = project.min_certified_social_workers
    more = need - (org.certified_total or 0)
    changed = replace(org, certified_total=need)
    return _Step(
        "certified", more, f"再有 {more} 名持证社工", f"{more} more certified social workers", changed
    )


def _enough_permits(project: Project, org: Organization, as_of: date) -> _Step:
    missing = tuple(q for q in dict.fromkeys(project.required_qualifications) if q not in org.qualifications)
    names = "、".join(missing)
    changed = replace(org, qualifications=(*org.qualifications, *missing))
    return _Step("qualification", len(missing), f"取得资质：{names}", f"the qualification {names}", changed)


def _enough_area(project: Project, org: Organization, as_of: date) -> _Step:
    missing = tuple(d for d in project.districts if d not in org.service_areas)
    names = "、".join(missing)
    changed = replace(org, service_areas=(*org.service_areas, *missing))
    return _Step("area", len(missing), f"服务区域扩大到{names}", f"serving {names} too", changed)


_REPAIRS: dict[str, Callable[[Project, Organization, date], _Step]] = {
    "H_CAPACITY": _enough_places,
    "H_RATING": _enough_rating,
    "H_SW": _enough_workers,
    "H_QUAL": _enough_permits,
    "H_AREA": _enough_area,
}
