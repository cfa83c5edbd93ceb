"""What a project takes and shows. The same draft serves HTTP and the import."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.catalogue.codes import (
    Category,
    DeliveryRoute,
    FundingSource,
    LinkageMode,
    OutputUnit,
    ProcurementMethod,
    Rating,
    ResponsibilityList,
    ServiceMethod,
    TargetGroup,
    UnsuccessfulReason,
    Urgency,
)
from app.kernel.fields import wrong
from app.kernel.money import Fen
from app.projects.models import ProjectState

Line = Annotated[str, Field(min_length=1, max_length=200)]


class FundingPart(BaseModel):
    """One source of the budget, as its sender states it; money is proven by an allocation of a funding line."""

    model_config = ConfigDict(extra="forbid")

    source: FundingSource
    funder: str | None = Field(default=None, max_length=200)
    line: str | None = Field(default=None, max_length=64, description="Number or id of the funding line")
    amount_fen: Fen = Field(alias="amount_yuan")


class Output(BaseModel):
    """A promised amount of service. Persons and contacts are different units and never added."""

    model_config = ConfigDict(extra="forbid")

    indicator: Line
    target: Decimal = Field(ge=0, max_digits=12, decimal_places=2)
    unit: OutputUnit | None = None
    service_method: ServiceMethod | None = None


class Outcome(BaseModel):
    """A promised effect and how it will be measured."""

    model_config = ConfigDict(extra="forbid")

    indicator: Line
    baseline: str | None = Field(default=None, max_length=200)
    target: str | None = Field(default=None, max_length=200)
    how_measured: str | None = Field(default=None, max_length=500)


class Terms(BaseModel):
    """Every field of a project that its buyer writes; all may be filled in later, and are asked for at `submit`."""

    model_config = ConfigDict(extra="forbid")

    description: str = Field(default="", max_length=4000)
    need_analysis: str = Field(default="", max_length=4000)
    category: Category | None = None
    categories: list[Category] = Field(default_factory=list, max_length=17)
    target_groups: list[TargetGroup] = Field(default_factory=list, max_length=50)
    beneficiaries_planned: int | None = Field(default=None, ge=1, le=100_000_000)
    contacts_planned: int | None = Field(default=None, ge=0, le=1_000_000_000)
    delivery_address: str | None = Field(default=None, max_length=300)
    grid: str | None = Field(default=None, max_length=100)
    contact_name: str | None = Field(default=None, max_length=50)
    contact_phone: str | None = Field(default=None, max_length=50)
    budget_fen: Fen | None = Field(default=None, alias="budget_yuan")
    budget_min_fen: Fen | None = Field(default=None, alias="budget_min_yuan")
    is_estimate: bool = False
    funding_parts: list[FundingPart] = Field(default_factory=list, max_length=20)
    starts_on: date | None = None
    ends_on: date | None = None
    period_months: int | None = Field(default=None, ge=1, le=36)
    multi_year_proof: str | None = Field(default=None, max_length=500)
    procurement_method: ProcurementMethod | None = None
    delivery_route: DeliveryRoute | None = None
    linkage_mode: LinkageMode | None = None
    catalogue_item_code: str | None = Field(default=None, max_length=64)
    responsibility_list_type: ResponsibilityList | None = None
    policy_basis: str | None = Field(default=None, max_length=500)
    major_matter: bool = False
    major_matter_minutes: str | None = Field(default=None, max_length=500)
    urgency: Urgency = Urgency.NORMAL
    is_sme_only: bool | None = None
    min_rating: Rating | None = None
    min_certified_social_workers: int | None = Field(default=None, ge=0, le=1000)
    required_qualifications: list[Line] = Field(default_factory=list, max_length=20)
    preferred_qualifications: list[Line] = Field(default_factory=list, max_length=20)
    requirements_reason: str | None = Field(default=None, max_length=1000)
    outputs: list[Output] = Field(default_factory=list, max_length=50)
    outcomes: list[Outcome] = Field(default_factory=list, max_length=50)
    remarks: str | None = Field(default=None, max_length=2000)

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise wrong("ends_before_start", "结束日期早于开始日期。", "ends_on is before starts_on")
        low, high = self.budget_min_fen, self.budget_fen
        if low is not None and high is not None and low > high:
            raise wrong("budget_range", "最低预算高于最高预算。", "the least budget is above the ceiling")
        return self


class Place(BaseModel):
    """Where, by name or code: one chain from the district down; further communities in `communities`."""

    district: str | None = Field(default=None, max_length=100)
    street: str | None = Field(default=None, max_length=100)
    community: str | None = Field(default=None, max_length=100)
    communities: list[Line] = Field(default_factory=list, max_length=200)


class Payers(BaseModel):
    """Buyer and procuring entity, each by id or by name; names that are not known yet become parties."""

    buyer_id: UUID | None = None
    buyer: str | None = Field(default=None, min_length=2, max_length=200)
    procuring_entity_id: UUID | None = None
    procuring_entity: str | None = Field(default=None, min_length=2, max_length=200)


class ProjectDraft(Terms, Place, Payers):
    """A new project: a title and a buyer are enough to begin with.

    `number` keeps a number the sender already gave; without one the service gives the next of the district's series.
    """

    title: str = Field(min_length=2, max_length=200)
    edition: str | None = Field(default=None, max_length=16, description="The current edition when absent")
    number: str | None = Field(default=None, min_length=3, max_length=40, pattern=r"^[^\s/?#%]+$")
    need_ids: list[UUID] = Field(default_factory=list, max_length=100)

    @model_validator(mode="after")
    def _has_a_buyer(self) -> Self:
        if self.buyer_id is None and self.buyer is None:
            raise wrong(
                "buyer_missing", "须写明购买方（buyer_id 或 buyer）。", "name a buyer: buyer_id or buyer"
            )
        return self


class ProjectChange(Terms, Place, Payers):
    """The fields to change; what is not sent stays. After publication `reason` is needed: it becomes an amendment."""

    title: str | None = Field(default=None, min_length=2, max_length=200)
    reason: str | None = Field(default=None, min_length=1, max_length=2000)


class LotDraft(BaseModel):
    """One lot: its own title and budget; whatever is absent is the parent's."""

    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=2, max_length=200)
    budget_fen: Fen = Field(alias="budget_yuan")
    description: str | None = Field(default=None, max_length=4000)
    category: Category | None = None
    outputs: list[Output] | None = Field(default=None, max_length=50)
    starts_on: date | None = None
    ends_on: date | None = None


class BulkFilter(BaseModel):
    """Which projects: every filter that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    q: str | None = Field(default=None, max_length=100)
    edition: str | None = Field(default=None, max_length=16)
    district: str | None = Field(default=None, max_length=100)
    street: str | None = Field(default=None, max_length=100)
    category: Category | None = None
    state: list[ProjectState] | None = None
    import_id: UUID | None = None


class BulkTransition(BaseModel):
    """One event for many projects: those with `ids`, or those a filter finds (20,000 at most)."""

    model_config = ConfigDict(extra="forbid")

    event: str = Field(min_length=1, max_length=64)
    ids: list[UUID] | None = Field(default=None, max_length=20_000)
    filter: BulkFilter | None = None
    note: str | None = Field(default=None, max_length=2000)

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise wrong("ids_or_filter", "ids 与 filter 须且只须给出一项。", "give either ids or a filter")
        return self


class Refusal(BaseModel):
    """One reason why a project did not move."""

    code: str
    message_zh: str
    message_en: str
    pointer: str | None


class BulkResult(BaseModel):
    """What became of each: numbers moved, refused with every reason, not visible, and skipped because their lots move."""

    event: str
    moved: list[str]
    refused: dict[str, list[Refusal]]
    not_found: list[UUID]
    skipped: list[str]


class PartyName(BaseModel):
    """A party with its name."""

    id: UUID
    name: str


class AmendmentView(BaseModel):
    """One change after publication, as everybody may read it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime
    by_label: str
    reason: str
    change: dict[str, Any]
    material: bool
    intents_until: date | None


class ProjectSummary(BaseModel):
    """A project in a list."""

    id: UUID
    number: str
    edition: str
    title: str
    state: ProjectState
    state_since: datetime
    category: Category | None
    target_groups: list[TargetGroup]
    area_path: str
    district: str | None
    street: str | None
    community: str | None
    buyer: PartyName
    procuring_entity: PartyName | None
    budget_fen: Fen | None = Field(alias="budget_yuan")
    budget_min_fen: Fen | None = Field(alias="budget_min_yuan")
    is_estimate: bool
    starts_on: date | None
    ends_on: date | None
    period_months: int | None
    urgency: Urgency
    round: int
    parent_id: UUID | None
    published_at: datetime | None
    intents_until: date | None
    version: int
    updated_at: datetime


class ProjectView(ProjectSummary):
    """One project. Contacts are masked (138****1234) unless `contacts_shown`; officials' fields are null for others."""

    description: str
    need_analysis: str
    categories: list[Category]
    beneficiaries_planned: int | None
    contacts_planned: int | None
    communities: list[str]
    delivery_address: str | None
    grid: str | None
    contact_name: str | None
    contact_phone: str | None
    contacts_shown: bool
    funding_parts: list[FundingPart]
    multi_year_proof: str | None
    procurement_method: ProcurementMethod | None
    delivery_route: DeliveryRoute | None
    linkage_mode: LinkageMode | None
    catalogue_item_code: str | None
    responsibility_list_type: ResponsibilityList | None
    policy_basis: str | None
    major_matter: bool
    major_matter_minutes: str | None
    is_sme_only: bool | None
    min_rating: Rating | None
    min_certified_social_workers: int | None
    required_qualifications: list[str]
    preferred_qualifications: list[str]
    requirements_reason: str | None
    outputs: list[Output]
    outcomes: list[Outcome]
    remarks: str | None
    is_parent: bool
    lots: list[PartyName]
    unsuccessful_reason: UnsuccessfulReason | None
    amendments: list[AmendmentView]
    provenance: dict[str, Any] | None
    created_at: datetime
