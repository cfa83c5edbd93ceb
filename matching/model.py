"""What the ranker is told about a project and an organization.

Only ids, names and texts are required; every other field may be unknown. Unknown is never read as
"no": a gate that cannot be judged lets the pair pass and a factor without data is neutral and says so.
Field names and units follow the domain's field lists; districts are canonical full names ('鼓楼区').
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

ANY_PARTY = "*"
"""A conflict with whatever party: the evaluator of a programme may not work in it for anyone."""

CITY_WIDE = "全市"
RATINGS = ("1A", "2A", "3A", "4A", "5A")


@dataclass(frozen=True, slots=True)
class Record:
    """One past engagement; `grade` is 优秀, 良好, 合格 or 不合格, or None when never evaluated."""

    title: str
    year: int
    amount_fen: int | None = None
    grade: str | None = None
    category: str | None = None
    buyer: str | None = None
    district: str | None = None
    street: str | None = None


@dataclass(frozen=True, slots=True)
class Engagement:
    """One running engagement, read by the gate against funding the same work twice."""

    title: str
    buyer: str | None = None
    project_id: str | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """A funded service project that looks for an organization."""

    id: str
    title: str
    description: str = ""
    need_analysis: str = field(default="", kw_only=True)
    category: str | None = field(default=None, kw_only=True)
    categories: tuple[str, ...] = field(default=(), kw_only=True)
    target_groups: tuple[str, ...] = field(default=(), kw_only=True)
    district: str | None = field(default=None, kw_only=True)
    street: str | None = field(default=None, kw_only=True)
    community: str | None = field(default=None, kw_only=True)
    delivery_districts: tuple[str, ...] = field(default=(), kw_only=True)
    buyer: str | None = field(default=None, kw_only=True)
    procuring_entity: str | None = field(default=None, kw_only=True)
    funders: tuple[str, ...] = field(default=(), kw_only=True)
    budget_fen: int | None = field(default=None, kw_only=True)
    min_rating: str | None = field(default=None, kw_only=True)
    min_certified_social_workers: int = field(default=0, kw_only=True)
    required_qualifications: tuple[str, ...] = field(default=(), kw_only=True)
    preferred_qualifications: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def all_categories(self) -> tuple[str, ...]:
        """The main category first, then the others, each once."""
        named = (self.category, *self.categories) if self.category else self.categories
        return tuple(dict.fromkeys(named))

    @property
    def districts(self) -> tuple[str, ...]:
        """Every district the service must reach, each once."""
        named = (self.district, *self.delivery_districts) if self.district else self.delivery_districts
        return tuple(dict.fromkeys(named))

    @property
    def main_district(self) -> str | None:
        """Where the project is at home: its own district, else the first it must reach."""
        return self.districts[0] if self.districts else None

    @property
    def parties(self) -> tuple[str, ...]:
        """Everyone on the paying side, against whom a conflict of interest counts."""
        return tuple(p for p in (self.buyer, self.procuring_entity, *self.funders) if p)


@dataclass(frozen=True, slots=True)
class Organization:
    """A social organization that may take a project."""

    id: str
    name: str
    business_scope: str = ""
    capability: str = ""
    categories: tuple[str, ...] = field(default=(), kw_only=True)
    target_groups: tuple[str, ...] = field(default=(), kw_only=True)
    district: str | None = field(default=None, kw_only=True)
    street: str | None = field(default=None, kw_only=True)
    service_areas: tuple[str, ...] = field(default=(), kw_only=True)
    legal_person: bool | None = field(default=None, kw_only=True)
    role: str = field(default="supplier", kw_only=True)
    credit_status: str | None = field(default=None, kw_only=True)
    annual_inspection: Mapping[int, str] = field(default_factory=dict, kw_only=True, hash=False)
    rating: str | None = field(default=None, kw_only=True)
    rating_valid_until: date | None = field(default=None, kw_only=True)
    honours: int = field(default=0, kw_only=True)
    certified_total: int | None = field(default=None, kw_only=True)
    supervisors: int | None = field(default=None, kw_only=True)
    qualifications: tuple[str, ...] = field(default=(), kw_only=True)
    capacity_max: int | None = field(default=None, kw_only=True)
    active_engagements: int = field(default=0, kw_only=True)
    engagements: tuple[Engagement, ...] = field(default=(), kw_only=True)
    preferred_budget_min: int | None = field(default=None, kw_only=True)
    preferred_budget_max: int | None = field(default=None, kw_only=True)
    last_year_income_fen: int | None = field(default=None, kw_only=True)
    established_on: date | None = field(default=None, kw_only=True)
    track_record: tuple[Record, ...] = field(default=(), kw_only=True)
    conflicts: tuple[str, ...] = field(default=(), kw_only=True)
    buyer_shares: Mapping[str, float] = field(default_factory=dict, kw_only=True, hash=False)

    @property
    def city_wide(self) -> bool:
        return CITY_WIDE in self.service_areas

    def rating_on(self, day: date) -> str | None:
        """The rating that counts on a day: an expired one is none."""
        if self.rating_valid_until is not None and self.rating_valid_until < day:
            return None
        return self.rating

    def inspection_before(self, day: date) -> str | None:
        """The newest annual inspection result known on a day."""
        years = [year for year in self.annual_inspection if year <= day.year]
        return self.annual_inspection[max(years)] if years else None
