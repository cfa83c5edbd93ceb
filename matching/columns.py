"""Encode: projects and organizations as columns of numbers, so that no later step sees an id or a word.

Every matrix that enters an inner product holds small multiples of a power of two, so that float32 sums
are exact in any order: a pair gets the same bits alone, in a block, on any machine.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from matching.areas import NEIGHBOURS
from matching.groups import canonical_group, group_strengths
from matching.model import ANY_PARTY, RATINGS, Engagement, Organization, Project, Record
from matching.taxonomy import CATEGORIES, SIBLINGS

UNKNOWN = np.float32(np.nan)
RECORD_YEARS = 3
MAIN_CATEGORY = 0.75
NAMED_DISTRICTS = 6
"""Who names more districts than these claims the whole city."""
_STEP = 1024.0
_CATEGORY_INDEX = {code: i for i, code in enumerate(CATEGORIES)}


Matrix: TypeAlias = Any  # a dense array or a sparse csr_matrix, by name


class Columns:
    """Named arrays that share their first axis, and the ids of their rows; wide, nearly empty ones are sparse."""

    def __init__(self, ids: Sequence[str], arrays: dict[str, Matrix]) -> None:
        self.ids = list(ids)
        self.arrays = arrays
        self.row_of = {identifier: row for row, identifier in enumerate(self.ids)}

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, name: str) -> Any:
        return self.arrays[name]

    def rows(self, start: int, stop: int) -> Columns:
        """Consecutive rows; dense arrays are not copied."""
        if start == 0 and stop == len(self.ids):
            return self
        return Columns(self.ids[start:stop], {name: array[start:stop] for name, array in self.arrays.items()})

    def take(self, rows: Sequence[int]) -> Columns:
        """These rows, in this order."""
        return Columns([self.ids[i] for i in rows], {name: a[list(rows)] for name, a in self.arrays.items()})

    def put(self, row: Columns) -> None:
        """Replace the row with the same id, or insert it where the order of ids wants it."""
        identifier = row.ids[0]
        known = self.row_of.get(identifier)
        at = bisect_left(self.ids, identifier) if known is None else known
        self._splice(at, at if known is None else at + 1, row)

    def drop(self, identifier: str) -> None:
        """Take a row out. Raises KeyError when it is not there."""
        at = self.row_of[identifier]
        self._splice(at, at + 1, None)

    def _splice(self, start: int, stop: int, row: Columns | None) -> None:
        self.ids[start:stop] = row.ids if row is not None else []
        for name, array in self.arrays.items():
            middle = [] if row is None else [row.arrays[name]]
            parts = [array[:start], *middle, array[stop:]]
            if isinstance(array, csr_matrix):
                self.arrays[name] = vstack(parts, format="csr", dtype=array.dtype)
            elif row is not None and stop > start:
                array[start] = row[name][0]
            else:
                self.arrays[name] = np.concatenate(parts)
        self.row_of = {identifier: i for i, identifier in enumerate(self.ids)}


class Vocabulary:
    """The terms of each kind that organizations use, numbered in order of first sight."""

    KINDS = ("district", "street", "group", "qualification", "party", "engagement")
    SPARSE = ("street", "party", "engagement")

    def __init__(self) -> None:
        self._numbers: dict[str, dict[str, int]] = {kind: {} for kind in self.KINDS}

    def learn(self, organizations: Iterable[Organization]) -> int:
        """Take in every term of these organizations; return how many were new."""
        before = self.size
        for org in organizations:
            for kind, terms in _terms(org).items():
                numbers = self._numbers[kind]
                for term in terms:
                    numbers.setdefault(term, len(numbers))
        return self.size - before

    @property
    def size(self) -> int:
        return sum(len(numbers) for numbers in self._numbers.values())

    def number(self, kind: str, term: str | None) -> int:
        """The number of a term, or the last column (always empty) when no organization uses it."""
        numbers = self._numbers[kind]
        return numbers.get(term, len(numbers)) if term is not None else len(numbers)

    def matrix(self, kind: str, rows: Sequence[dict[str, float]]) -> Matrix:
        """One row per dict of term → strength; the extra last column stays zero."""
        if kind in self.SPARSE:
            return self._sparse(self._numbers[kind], rows)
        numbers = self._numbers[kind]
        out = np.zeros((len(rows), len(numbers) + 1), dtype=np.float32)
        for i, row in enumerate(rows):
            for term, strength in row.items():
                if (j := numbers.get(term)) is not None:
                    out[i, j] = strength
        return out

    @staticmethod
    def _sparse(numbers: dict[str, int], rows: Sequence[dict[str, float]]) -> csr_matrix:
        known = [
            [(numbers[term], strength) for term, strength in row.items() if term in numbers] for row in rows
        ]
        ends = np.cumsum([0, *(len(row) for row in known)])
        cols = np.array([col for row in known for col, _ in row], dtype=np.int32)
        data = np.array([strength for row in known for _, strength in row], dtype=np.float32)
        return csr_matrix((data, cols, ends), shape=(len(rows), len(numbers) + 1))


def _terms(org: Organization) -> dict[str, Iterable[str]]:
    return {
        "district": (
            *_home_and_neighbours(org),
            *org.service_areas,
            *(r.district for r in org.track_record if r.district),
        ),
        "street": (*((org.street,) if org.street else ()), *(r.street for r in org.track_record if r.street)),
        "group": group_strengths(org.target_groups),
        "qualification": org.qualifications,
        "party": (*org.conflicts, *org.buyer_shares),
        "engagement": (key for e in org.engagements for key in _engagement_keys(e)),
    }


def _home_and_neighbours(org: Organization) -> tuple[str, ...]:
    return (org.district, *NEIGHBOURS.get(org.district, ())) if org.district else ()


def work_key(title: str, buyer: str | None) -> str:
    """The same work for the same buyer: titles are compared without width, space, quotes and period marks."""
    folded = unicodedata.normalize("NFKC", title).lower()
    letters = "".join(c for c in folded if c.isalnum())
    for mark in ("第一期", "第二期", "第三期", "一期", "二期", "三期"):
        letters = letters.removesuffix(mark)
    return f"{buyer or ''}\n{letters}"


def _engagement_keys(engagement: Engagement) -> tuple[str, ...]:
    keys = [work_key(engagement.title, engagement.buyer)]
    if engagement.project_id:
        keys.append(f"#{engagement.project_id}")
    return tuple(keys)


def _flags(values: Iterable[object]) -> NDArray[np.bool_]:
    return np.array([bool(value) for value in values], dtype=np.bool_)


def _number(values: Iterable[float | int | None]) -> NDArray[np.float32]:
    return np.array([UNKNOWN if v is None else v for v in values], dtype=np.float32)


def _rating_number(rating: str | None) -> int:
    return RATINGS.index(rating) + 1 if rating in RATINGS else 0


def category_rows(rows: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    out = np.zeros((len(rows), len(CATEGORIES)), dtype=np.float32)
    for i, codes in enumerate(rows):
        for code in codes:
            if (j := _CATEGORY_INDEX.get(code)) is not None:
                out[i, j] = 1.0
    return out


def _category_weights(rows: Sequence[Sequence[str]]) -> NDArray[np.float32]:
    """Three quarters for the main category, the rest shared by the others; all of it when there are none."""
    out = category_rows(rows)
    others = np.maximum(out.sum(axis=1, keepdims=True) - 1, 1)
    out *= np.float32(1 - MAIN_CATEGORY) / others
    main = category_rows([codes[:1] for codes in rows])
    several = np.array([len(codes) > 1 for codes in rows], dtype=np.bool_)[:, None]
    whole = np.where(several, np.float32(MAIN_CATEGORY), np.float32(1.0))
    return np.asarray(np.round(np.where(main > 0, whole, out) * _STEP) / _STEP, dtype=np.float32)


def with_siblings(known: NDArray[np.float32]) -> NDArray[np.float32]:
    out = known.copy()
    for pair in SIBLINGS:
        left, right = (_CATEGORY_INDEX[code] for code in pair)
        out[:, left] = np.maximum(out[:, left], 0.5 * known[:, right])
        out[:, right] = np.maximum(out[:, right], 0.5 * known[:, left])
    return out


def recency(record: Record, as_of: date) -> float:
    """Whole weight for this year and the last, then falling; nothing after the third year."""
    age = max(0, as_of.year - 1 - record.year)
    return max(0.0, 1.0 - age / RECORD_YEARS)


def organization_columns(
    organizations: Sequence[Organization], vocabulary: Vocabulary, as_of: date
) -> Columns:
    """One row per organization, in the order given."""
    orgs = organizations
    categories = category_rows([org.categories for org in orgs])
    served = [dict.fromkeys(org.service_areas, 1.0) for org in orgs]
    arrays: dict[str, Matrix] = {
        "categories": categories,
        "near_categories": with_siblings(categories),
        "has_categories": _flags(bool(org.categories) for org in orgs),
        "groups": vocabulary.matrix("group", [group_strengths(org.target_groups) for org in orgs]),
        "has_groups": _flags(bool(org.target_groups) for org in orgs),
        "serves": vocabulary.matrix("district", served),
        "city_wide": _flags(org.city_wide for org in orgs),
        "has_area": _flags(bool(org.service_areas) for org in orgs),
        "named": _flags(not org.city_wide and len(org.service_areas) <= NAMED_DISTRICTS for org in orgs),
        "home": vocabulary.matrix("district", [_home(org) for org in orgs]),
        "worked_streets": vocabulary.matrix("street", [_worked_streets(org, as_of) for org in orgs]),
        "has_place": _flags(bool(org.service_areas or org.district) for org in orgs),
        "qualifications": vocabulary.matrix(
            "qualification", [dict.fromkeys(org.qualifications, 1.0) for org in orgs]
        ),
        "conflicts": vocabulary.matrix("party", [dict.fromkeys(org.conflicts, 1.0) for org in orgs]),
        "any_conflict": _flags(ANY_PARTY in org.conflicts for org in orgs),
        "buyer_share": vocabulary.matrix("party", [_exact(org.buyer_shares) for org in orgs]),
        "work": vocabulary.matrix(
            "engagement",
            [dict.fromkeys((k for e in org.engagements for k in _engagement_keys(e)), 1.0) for org in orgs],
        ),
        "no_legal_person": _flags(org.legal_person is False for org in orgs),
        "not_supplier": _flags(org.role != "supplier" for org in orgs),
        "bad_credit": _flags(org.credit_status not in (None, "normal") for org in orgs),
        "inspection_failed": _flags(org.inspection_before(as_of) in ("不合格", "未参加") for org in orgs),
        "inspection_basic": _flags(org.inspection_before(as_of) == "基本合格" for org in orgs),
        "rating": np.array([_rating_number(org.rating_on(as_of)) for org in orgs], dtype=np.float32),
        "honours": np.array([org.honours for org in orgs], dtype=np.float32),
        "certified": _number(org.certified_total for org in orgs),
        "supervisors": _number(org.supervisors for org in orgs),
        "capacity": _number(org.capacity_max for org in orgs),
        "active": np.array([org.active_engagements for org in orgs], dtype=np.float32),
        "money_from": _number(org.preferred_budget_min for org in orgs),
        "money_to": _number(org.preferred_budget_max for org in orgs),
        "income": _number(org.last_year_income_fen for org in orgs),
        "new": _flags(_is_new(org, as_of) for org in orgs),
        "has_record": _flags(any(recency(r, as_of) > 0 for r in org.track_record) for org in orgs),
    }
    return Columns([org.id for org in orgs], arrays)


def _home(org: Organization) -> dict[str, float]:
    near = dict.fromkeys(NEIGHBOURS.get(org.district or "", ()), 0.5)
    return {**near, org.district: 0.8} if org.district else near


def _worked_streets(org: Organization, as_of: date) -> dict[str, float]:
    streets = {org.street: 1.0} if org.street else {}
    return streets | {r.street: 1.0 for r in org.track_record if r.street}


def _exact(shares: Any) -> dict[str, float]:
    return {party: round(share * _STEP) / _STEP for party, share in shares.items()}


def _is_new(org: Organization, as_of: date) -> bool:
    return org.established_on is not None and (as_of - org.established_on).days < 2 * 365


def project_columns(projects: Sequence[Project], vocabulary: Vocabulary) -> Columns:
    """One row per project, in the order given."""
    categories = [project.all_categories for project in projects]
    groups = [dict.fromkeys(_needed_groups(project), 1.0) for project in projects]
    arrays: dict[str, Matrix] = {
        "categories": category_rows(categories),
        "main_category": category_rows([codes[:1] for codes in categories]),
        "category_weights": _category_weights(categories),
        "has_category": _flags(bool(codes) for codes in categories),
        "groups": vocabulary.matrix("group", groups),
        "groups_needed": np.array([len(row) for row in groups], dtype=np.float32),
        "districts": vocabulary.matrix("district", [dict.fromkeys(p.districts, 1.0) for p in projects]),
        "district_count": np.array([len(p.districts) for p in projects], dtype=np.float32),
        "district": np.array(
            [vocabulary.number("district", p.main_district) for p in projects], dtype=np.intp
        ),
        "street": np.array([vocabulary.number("street", p.street) for p in projects], dtype=np.intp),
        "required": vocabulary.matrix(
            "qualification", [dict.fromkeys(p.required_qualifications, 1.0) for p in projects]
        ),
        "required_count": np.array([len(set(p.required_qualifications)) for p in projects], dtype=np.float32),
        "preferred": vocabulary.matrix(
            "qualification", [dict.fromkeys(p.preferred_qualifications, 1.0) for p in projects]
        ),
        "preferred_count": np.array(
            [len(set(p.preferred_qualifications)) for p in projects], dtype=np.float32
        ),
        "parties": vocabulary.matrix("party", [dict.fromkeys(p.parties, 1.0) for p in projects]),
        "buyer": np.array([vocabulary.number("party", p.buyer) for p in projects], dtype=np.intp),
        "work": vocabulary.matrix(
            "engagement", [{work_key(p.title, p.buyer): 1.0, f"#{p.id}": 1.0} for p in projects]
        ),
        "budget": _number(p.budget_fen for p in projects),
        "min_rating": np.array([_rating_number(p.min_rating) for p in projects], dtype=np.float32),
        "min_certified": np.array([p.min_certified_social_workers for p in projects], dtype=np.float32),
    }
    return Columns([project.id for project in projects], arrays)


def _needed_groups(project: Project) -> Iterable[str]:
    return dict.fromkeys(canonical_group(word) for word in project.target_groups)
