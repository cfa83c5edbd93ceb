"""What organizations send in and what others may see of them. The same draft serves HTTP and the import."""

from datetime import date, datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.catalogue.codes import (
    Category,
    CreditStatus,
    Grade,
    InspectionResult,
    MarketplaceRole,
    OrgOrientation,
    OrgOrigin,
    OrgStage,
    Rating,
    RegistrationStatus,
    RegistrationType,
    TargetGroup,
)
from app.kernel.fields import wrong
from app.kernel.money import Fen

USCC = r"^[0-9A-HJ-NPQRTUWXY]{18}$"
"""The alphabet of GB 32100 leaves out I, O, S, V and Z. The check digit is a warning, not an error: lists have misprints."""

SHOWN = ConfigDict(validate_by_alias=True, validate_by_name=True, from_attributes=True)

Heads = Annotated[int, Field(ge=0, le=1_000_000)]
Line = Annotated[str, Field(min_length=1, max_length=200)]
Year = Annotated[int, Field(ge=1949, le=2200)]


class Qualification(BaseModel):
    """A permit or certificate held, with its last day where it has one."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    name: Line
    number: str | None = Field(default=None, max_length=100)
    valid_until: date | None = None


class TrackRecordDraft(BaseModel):
    """Past work as the organization declares it."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    year: Year
    buyer: str | None = Field(default=None, max_length=200)
    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")
    category: Category | None = None
    grade: Grade | None = None
    contacts: int | None = Field(default=None, ge=0)
    evidence: str | None = Field(default=None, max_length=500)


class EngagementDraft(BaseModel):
    """Work under way elsewhere: it takes a place of the capacity all the same."""

    model_config = ConfigDict(extra="forbid")

    title: Line
    buyer: str | None = Field(default=None, max_length=200)
    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")
    category: Category | None = None
    starts_on: date | None = None
    ends_on: date | None = None


class Profile(BaseModel):
    """What an organization says about itself. Areas by name ('鼓楼区', '全市') or code."""

    model_config = ConfigDict(extra="forbid")

    former_names: list[Line] = Field(default_factory=list, max_length=20)
    business_supervisor: str | None = Field(default=None, max_length=200)
    address: str | None = Field(default=None, max_length=300)
    contact_name: str | None = Field(default=None, max_length=50)
    contact_phone: str | None = Field(default=None, max_length=50)
    email: str | None = Field(default=None, max_length=200)
    website: str | None = Field(default=None, max_length=300)
    party_org: bool | None = None
    fulltime_staff: Heads | None = None
    parttime_staff: Heads | None = None
    sw_assistant: Heads | None = None
    sw_middle: Heads | None = None
    sw_senior: Heads | None = None
    certified_total: Heads | None = None
    supervisors: Heads | None = None
    volunteers: Heads | None = None
    business_scope: str = Field(default="", max_length=4000)
    capability: str = Field(default="", max_length=4000)
    categories: list[Category] = Field(default_factory=list, max_length=20)
    target_groups: list[TargetGroup] = Field(default_factory=list, max_length=50)
    service_areas: list[Line] = Field(default_factory=list, max_length=200)
    qualifications: list[Qualification] = Field(default_factory=list, max_length=50)
    honours: list[Line] = Field(default_factory=list, max_length=50)
    org_orientation: OrgOrientation | None = None
    org_stage: OrgStage | None = None
    origin: OrgOrigin | None = None
    preferred_budget_min_fen: Fen | None = Field(default=None, alias="preferred_budget_min_yuan")
    preferred_budget_max_fen: Fen | None = Field(default=None, alias="preferred_budget_max_yuan")
    last_year_income_fen: Fen | None = Field(default=None, alias="last_year_income_yuan")
    remarks: str | None = Field(default=None, max_length=2000)

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        low, high = self.preferred_budget_min_fen, self.preferred_budget_max_fen
        if low is not None and high is not None and low > high:
            raise wrong(
                "preferred_budget",
                "意向预算的下限高于上限。",
                "the least preferred budget is above the greatest",
            )
        graded = [n for n in (self.sw_assistant, self.sw_middle, self.sw_senior) if n is not None]
        if self.certified_total is not None and sum(graded) > self.certified_total:
            raise wrong(
                "certified_total",
                "持证社工总数少于各等级人数之和。",
                "fewer certified workers than the sum of their grades",
            )
        return self


class Registered(BaseModel):
    """What registrars and bureaus decide: never edited by the organization itself."""

    model_config = ConfigDict(extra="forbid")

    uscc: str | None = Field(default=None, pattern=USCC)
    old_registration_number: str | None = Field(default=None, max_length=50)
    registration_type: RegistrationType | None = None
    registrar: str | None = Field(default=None, max_length=200)
    established_on: date | None = None
    start_up_capital_fen: Fen | None = Field(default=None, alias="start_up_capital_yuan")
    legal_representative: str | None = Field(default=None, max_length=50)
    district: str | None = Field(default=None, max_length=100)
    street: str | None = Field(default=None, max_length=100)
    rating: Rating | None = None
    rating_valid_until: date | None = None
    annual_inspection: dict[Year, InspectionResult] = Field(default_factory=dict)
    is_charity: bool | None = None
    public_fundraising: bool | None = None
    tax_exempt: bool | None = None
    tax_exempt_until: date | None = None
    donation_deduction: bool | None = None
    donation_deduction_until: date | None = None
    marketplace_role: MarketplaceRole = MarketplaceRole.SUPPLIER
    conflicts: list[Line] = Field(default_factory=list, max_length=50)
    capacity_max: int | None = Field(default=None, ge=0, le=10_000)
    fiscal_sponsor_id: UUID | None = None


class CreditListing(BaseModel):
    """A listing as a bureau's file states it at import."""

    model_config = ConfigDict(extra="forbid")

    listed: CreditStatus
    reason: str = Field(default="名录导入", min_length=1, max_length=500)
    listed_on: date
    removed_on: date | None = None
    removal_reason: str | None = Field(default=None, max_length=500)
    document: str | None = Field(default=None, max_length=300)

    @model_validator(mode="after")
    def _is_a_list(self) -> Self:
        if self.listed is CreditStatus.NORMAL:
            raise wrong(
                "listed",
                "normal 表示未被列入名录，不是名录的一种。",
                "'normal' is the absence of a listing, not a list",
            )
        return self


class OrganizationDraft(Registered, Profile):
    """A new organization. Only the name is needed; the standing fields count when a bureau sends them.

    `active_engagements` is the number of works under way elsewhere when they are not named in `engagements`.
    """

    name: str = Field(min_length=2, max_length=120)
    registration_status: RegistrationStatus | None = None
    credit_events: list[CreditListing] = Field(default_factory=list, max_length=50)
    engagements: list[EngagementDraft] = Field(default_factory=list, max_length=200)
    active_engagements: int | None = Field(default=None, ge=0, le=200)
    track_record: list[TrackRecordDraft] = Field(default_factory=list, max_length=200)


class EngagementEnd(BaseModel):
    """The end of declared work, with a word about it."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(default=None, max_length=2000)


class ProfileChange(Profile):
    """The profile fields to change; what is not sent stays."""


class RegisteredChange(Registered):
    """The bureau's fields to change, with the reason; what is not sent stays."""

    note: str = Field(min_length=1, max_length=2000)
    name: str | None = Field(default=None, min_length=2, max_length=120)


class CreditRemoval(BaseModel):
    """The end of a listing: repaired, corrected, or the term over."""

    model_config = ConfigDict(extra="forbid")

    removed_on: date
    reason: str = Field(min_length=1, max_length=500)


class CreditEventView(BaseModel):
    """One listing, past or present."""

    model_config = SHOWN

    id: UUID
    listed: CreditStatus
    reason: str
    listed_on: date
    removed_on: date | None
    removal_reason: str | None
    decided_by: str
    document: str | None
    version: int


class EngagementView(BaseModel):
    """One use of the capacity."""

    model_config = SHOWN

    id: UUID
    state: str
    kind: str
    award_id: UUID | None
    project_id: UUID | None
    contract_id: UUID | None
    buyer_id: UUID | None
    buyer: str | None
    title: str
    category: Category | None
    amount_fen: Fen | None = Field(alias="amount_yuan")
    starts_on: date | None
    ends_on: date | None
    grade: Grade | None
    satisfaction: float | None


class TrackRecordView(BaseModel):
    """Past work: declared by the organization, or done and evaluated here."""

    model_config = SHOWN

    title: str
    year: int
    buyer: str | None
    amount_fen: Fen | None = Field(alias="amount_yuan")
    category: Category | None
    grade: Grade | None
    contacts: int | None
    evidence: str | None
    source: str
    project_id: UUID | None = None


class AreaName(BaseModel):
    """An area with its path."""

    path: str
    name: str


class OrganizationSummary(BaseModel):
    """An organization in a list. Contacts are masked (138****1234) unless `contacts_shown`."""

    model_config = SHOWN

    id: UUID
    number: str
    name: str
    uscc: str | None
    registration_type: RegistrationType | None
    registration_status: RegistrationStatus
    area: AreaName
    district: str | None
    categories: list[Category]
    target_groups: list[TargetGroup]
    service_areas: list[AreaName]
    rating: Rating | None
    rating_valid_until: date | None
    rating_in_force: Rating | None
    credit_status: CreditStatus
    certified_total: int | None
    marketplace_role: MarketplaceRole
    capacity_max: int | None
    active_engagements: int
    contact_name: str | None
    contact_phone: str | None
    contacts_shown: bool
    version: int
    updated_at: datetime


class OrganizationView(OrganizationSummary):
    """One organization. Fields that only officials and the organization itself may see are null for others."""

    former_names: list[str]
    uscc_verified: bool
    registrar: str | None
    business_supervisor: str | None
    established_on: date | None
    start_up_capital_fen: Fen | None = Field(alias="start_up_capital_yuan")
    legal_representative: str | None
    is_legal_person: bool | None
    address: str | None
    email: str | None
    website: str | None
    annual_inspection: dict[int, InspectionResult]
    is_charity: bool | None
    public_fundraising: bool | None
    tax_exempt: bool | None
    tax_exempt_until: date | None
    donation_deduction: bool | None
    donation_deduction_until: date | None
    party_org: bool | None
    fulltime_staff: int | None
    parttime_staff: int | None
    sw_assistant: int | None
    sw_middle: int | None
    sw_senior: int | None
    supervisors: int | None
    volunteers: int | None
    business_scope: str
    capability: str
    qualifications: list[Qualification]
    honours: list[str]
    org_orientation: OrgOrientation | None
    org_stage: OrgStage | None
    origin: OrgOrigin | None
    preferred_budget_min_fen: Fen | None = Field(alias="preferred_budget_min_yuan")
    preferred_budget_max_fen: Fen | None = Field(alias="preferred_budget_max_yuan")
    last_year_income_fen: Fen | None = Field(alias="last_year_income_yuan")
    conflicts: list[str] | None
    fiscal_sponsor_id: UUID | None
    track_record: list[TrackRecordView]
    remarks: str | None
    provenance: dict[str, Any] | None
    created_at: datetime
