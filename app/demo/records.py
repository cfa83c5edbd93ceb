"""What the demo fair consists of, before it is written into spreadsheets. Money is fen."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Output:
    """One promised output: what, how many, of which unit (人次, 场, 个 …)."""

    indicator: str
    target: int
    unit: str


@dataclass(frozen=True, slots=True)
class Project:
    """A posting of a street. `funding` maps a source to its share in fen; the shares sum to `budget_fen`."""

    district: str
    street: str
    community: str
    buyer: str
    procuring_entity: str
    title: str
    description: str
    category: str
    theme: str
    target_groups: tuple[str, ...]
    beneficiaries_planned: int
    budget_fen: int
    funding_tier: str
    funding: dict[str, int] = field(hash=False)
    start_on: date
    end_on: date
    outputs: tuple[Output, ...]
    outcomes: tuple[str, ...]
    min_rating: int | None
    min_certified_social_workers: int | None
    required_qualifications: tuple[str, ...]
    contact_name: str
    contact_phone: str


@dataclass(frozen=True, slots=True)
class PastProject:
    """One finished project of an organization."""

    title: str
    year: int
    amount_fen: int
    grade: str


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization of the fair. `rating` is 1–5 (A) or None; `credit_status` is 'normal' or the list it is on."""

    name: str
    uscc: str
    registration_type: str
    registrar: str
    established_on: date
    rating: int | None
    rated_in: int | None
    annual_inspection: dict[int, str] = field(hash=False)
    credit_status: str
    is_charity: bool
    fulltime_staff: int
    sw_assistant: int
    sw_middle: int
    sw_senior: int
    business_scope: str
    capability: str
    categories: tuple[str, ...]
    themes: tuple[str, ...]
    target_groups: tuple[str, ...]
    service_areas: tuple[str, ...]
    capacity_max: int
    active_engagements: int
    qualifications: tuple[str, ...]
    track_record: tuple[PastProject, ...]
    last_year_income_fen: int

    @property
    def certified_total(self) -> int:
        """Licensed social workers, each counted once at the highest grade."""
        return self.sw_assistant + self.sw_middle + self.sw_senior
