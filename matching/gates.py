"""Hard gates: who may not take a project, whatever the score, with the rule and the values compared.

A gate is never a cost. Each has one vectorized test, used for whole blocks, and one comparison, used to
tell people why a pair is excluded. What is unknown does not exclude.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.columns import Vocabulary, organization_columns, project_columns, work_key
from matching.model import ANY_PARTY, Organization, Project
from matching.views import Pairs, View

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GateRules:
    """What a district may set: 基本合格 as a failure, the organization's own minimum as a gate, gates left out."""

    basic_inspection_fails: bool = False
    own_minimum_counts: bool = False
    skipped: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Failure:
    """One broken gate: `required` is what the rule asks, `actual` what was found."""

    code: str
    rule_zh: str
    rule_en: str
    required: str
    actual: str


@dataclass(frozen=True, slots=True)
class Gate:
    code: str
    rule_zh: str
    rule_en: str
    fails: Callable[[View, GateRules], Mask]
    compare: Callable[[Project, Organization, date], tuple[str, str]]


def _credit(view: View, rules: GateRules) -> Mask:
    return view.o("bad_credit")


def _legal(view: View, rules: GateRules) -> Mask:
    return view.o("no_legal_person")


def _inspect(view: View, rules: GateRules) -> Mask:
    failed = view.o("inspection_failed")
    return failed | view.o("inspection_basic") if rules.basic_inspection_fails else failed


def _capacity(view: View, rules: GateRules) -> Mask:
    return view.o("active") >= view.o("capacity")


def _rating(view: View, rules: GateRules) -> Mask:
    return view.o("rating") < view.p("min_rating")


def _social_workers(view: View, rules: GateRules) -> Mask:
    return view.o("certified") < view.p("min_certified")


def _qualification(view: View, rules: GateRules) -> Mask:
    return view.dot("required", "qualifications") < view.p("required_count")


def _area(view: View, rules: GateRules) -> Mask:
    reached = view.dot("districts", "serves") >= view.p("district_count")
    return ~reached & ~view.o("city_wide") & view.o("has_area")


def _scope(view: View, rules: GateRules) -> Mask:
    shared = view.dot("categories", "categories") > 0
    return ~shared & view.o("has_categories") & view.p("has_category")


def _conflict(view: View, rules: GateRules) -> Mask:
    return (view.dot("parties", "conflicts") > 0) | view.o("any_conflict")


def _role(view: View, rules: GateRules) -> Mask:
    return view.o("not_supplier")


def _budget(view: View, rules: GateRules) -> Mask:
    if not rules.own_minimum_counts:
        return np.zeros((), dtype=np.bool_)
    return view.o("money_from") > view.p("budget")


def _duplicate(view: View, rules: GateRules) -> Mask:
    return view.dot("work", "work") > 0


def _joined(words: Iterable[str]) -> str:
    return "、".join(words) or "—"


def _yuan(fen: int | None) -> str:
    return "—" if fen is None else f"{fen / 100:.2f}"


def _missing_districts(project: Project, org: Organization) -> list[str]:
    return [d for d in project.districts if d not in org.service_areas]


def _running_same(project: Project, org: Organization) -> list[str]:
    key = work_key(project.title, project.buyer)
    return [
        e.title for e in org.engagements if e.project_id == project.id or work_key(e.title, e.buyer) == key
    ]


GATES: tuple[Gate, ...] = (
    Gate(
        "H_CREDIT",
        "未列入活动异常名录、严重违法失信名单，未注销",
        "not listed as abnormal or seriously illegal, not deregistered",
        _credit,
        lambda p, o, day: ("normal", o.credit_status or "—"),
    ),
    Gate(
        "H_LEGAL",
        "具有法人资格",
        "is a legal person",
        _legal,
        lambda p, o, day: ("法人", "非法人" if o.legal_person is False else "—"),
    ),
    Gate(
        "H_INSPECT",
        "最近年检通过",
        "passed its latest annual inspection",
        _inspect,
        lambda p, o, day: ("合格", o.inspection_before(day) or "—"),
    ),
    Gate(
        "H_CAPACITY",
        "还有承接余量",
        "has a free place",
        _capacity,
        lambda p, o, day: (f"< {o.capacity_max}", str(o.active_engagements)),
    ),
    Gate(
        "H_RATING",
        "有效评估等级达到要求",
        "its valid rating reaches the minimum",
        _rating,
        lambda p, o, day: (p.min_rating or "—", o.rating_on(day) or "无有效等级"),
    ),
    Gate(
        "H_SW",
        "持证社工人数达到要求",
        "has enough certified social workers",
        _social_workers,
        lambda p, o, day: (str(p.min_certified_social_workers), str(o.certified_total)),
    ),
    Gate(
        "H_QUAL",
        "具备要求的资质",
        "holds the required qualifications",
        _qualification,
        lambda p, o, day: (_joined(p.required_qualifications), _joined(o.qualifications)),
    ),
    Gate(
        "H_AREA",
        "服务区域覆盖项目地点",
        "serves the place",
        _area,
        lambda p, o, day: (_joined(_missing_districts(p, o)), _joined(o.service_areas)),
    ),
    Gate(
        "H_SCOPE",
        "业务范围覆盖项目类别",
        "its scope covers the category",
        _scope,
        lambda p, o, day: (_joined(p.all_categories), _joined(o.categories)),
    ),
    Gate(
        "H_COI",
        "与购买方、实施方、出资方无利害关系",
        "has no conflict with the paying side",
        _conflict,
        lambda p, o, day: (
            _joined(p.parties),
            _joined(c for c in o.conflicts if c in (*p.parties, ANY_PARTY)),
        ),
    ),
    Gate(
        "H_ROLE",
        "以承接方身份参加",
        "takes part as a supplier",
        _role,
        lambda p, o, day: ("supplier", o.role),
    ),
    Gate(
        "H_BUDGET",
        "预算不低于机构最低承接金额",
        "the budget reaches the organization's own minimum",
        _budget,
        lambda p, o, day: (f"≤ {_yuan(p.budget_fen)}", _yuan(o.preferred_budget_min)),
    ),
    Gate(
        "H_DUP",
        "没有正在实施的同一内容受资助项目",
        "runs no funded project with the same content",
        _duplicate,
        lambda p, o, day: (p.title, _joined(_running_same(p, o))),
    ),
)
CODES = tuple(gate.code for gate in GATES)


def failed_bits(view: View, rules: GateRules, shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """The broken gates of every pair as bits in the order of GATES; 0 means the pair may be shown."""
    bits = np.zeros(shape, dtype=np.uint16)
    for number, gate in enumerate(GATES):
        if gate.code not in rules.skipped:
            bits |= gate.fails(view, rules).astype(np.uint16) << np.uint16(number)
    return bits


def codes_of(bits: int) -> tuple[str, ...]:
    """The codes of a pair's broken gates, in the order of GATES."""
    return tuple(code for number, code in enumerate(CODES) if bits >> number & 1)


def failures(project: Project, organization: Organization, bits: int, as_of: date) -> tuple[Failure, ...]:
    """Each broken gate of one pair with the values compared."""
    found = []
    for number, gate in enumerate(GATES):
        if bits >> number & 1:
            required, actual = gate.compare(project, organization, as_of)
            found.append(Failure(gate.code, gate.rule_zh, gate.rule_en, required, actual))
    return tuple(found)


def gates(
    pairs: Sequence[tuple[Project, Organization]], *, as_of: date, rules: GateRules | None = None
) -> list[tuple[Failure, ...]]:
    """The broken gates of each pair, in order; an empty tuple means nothing stands in the way."""
    projects = list({id(project): project for project, _ in pairs}.values())
    organizations = list({id(org): org for _, org in pairs}.values())
    project_row = {id(project): row for row, project in enumerate(projects)}
    organization_row = {id(org): row for row, org in enumerate(organizations)}
    vocabulary = Vocabulary()
    vocabulary.learn(organizations)
    view = Pairs(
        project_columns(projects, vocabulary),
        organization_columns(organizations, vocabulary, as_of),
        np.array([project_row[id(project)] for project, _ in pairs], dtype=np.intp),
        np.array([organization_row[id(org)] for _, org in pairs], dtype=np.intp),
    )
    bits = failed_bits(view, rules or GateRules(), (len(pairs),))
    return [failures(p, o, int(b), as_of) for (p, o), b in zip(pairs, bits, strict=True)]
