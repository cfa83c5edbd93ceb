"""Organizations, the credit lists they were put on, their engagements and their record of past work."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import (
    Category,
    CreditStatus,
    Grade,
    MarketplaceRole,
    OrgOrientation,
    OrgOrigin,
    OrgStage,
    Rating,
    RegistrationStatus,
    RegistrationType,
)
from app.kernel.database import Base, Identified, Stated, Versioned, one_of
from app.kernel.search import Searchable

LIVE_REGISTRATION = (RegistrationStatus.REGISTERED, RegistrationStatus.FILED)


class Organization(Searchable, Stated, Base):
    """A social organization. Its id is its party's id; its state is its registration status (`RegistrationStatus`)."""

    __tablename__ = "organizations"
    __table_args__ = (
        one_of("state", RegistrationStatus),
        one_of("registration_type", RegistrationType),
        one_of("rating", Rating),
        one_of("org_orientation", OrgOrientation),
        one_of("org_stage", OrgStage),
        one_of("origin", OrgOrigin),
        one_of("marketplace_role", MarketplaceRole),
        CheckConstraint("uscc IS NULL OR length(uscc) = 18", name="uscc_length"),
        CheckConstraint("capacity_max IS NULL OR capacity_max >= 0", name="capacity_max"),
        CheckConstraint(
            "least(fulltime_staff, parttime_staff, sw_assistant, sw_middle, sw_senior, certified_total,"
            " supervisors, volunteers) >= 0",
            name="heads",
        ),
        CheckConstraint(
            "certified_total >= coalesce(sw_assistant, 0) + coalesce(sw_middle, 0) + coalesce(sw_senior, 0)",
            name="certified_total",
        ),
        CheckConstraint(
            "least(start_up_capital_fen, preferred_budget_min_fen, preferred_budget_max_fen,"
            " last_year_income_fen) >= 0",
            name="money",
        ),
        CheckConstraint("preferred_budget_min_fen <= preferred_budget_max_fen", name="preferred_budget"),
        CheckConstraint("fiscal_sponsor_id <> id", name="own_sponsor"),
        CheckConstraint(
            "(state = 'filed') = (registration_type = 'filed_group') OR state IN ('cancelled', 'revoked')"
            " OR registration_type IS NULL",
            name="filed_group",
        ),
        Index("uq_organizations_uscc", "uscc", unique=True),
        Index("uq_organizations_number", "number", unique=True),
        Index("ix_organizations_normal_name", "normal_name"),
        Index("ix_organizations_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_organizations_search_grams", "search_grams", postgresql_using="gin"),
        Index("ix_organizations_categories", "categories", postgresql_using="gin"),
    )

    id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), primary_key=True, sort_order=-10)
    number: Mapped[str]
    name: Mapped[str]
    normal_name: Mapped[str]
    former_names: Mapped[list[str]] = mapped_column(default=list)
    uscc: Mapped[str | None]
    uscc_verified: Mapped[bool] = mapped_column(default=False)
    old_registration_number: Mapped[str | None]
    registration_type: Mapped[str | None]
    registrar: Mapped[str | None]
    business_supervisor: Mapped[str | None]
    established_on: Mapped[date | None]
    start_up_capital_fen: Mapped[int | None] = mapped_column(BigInteger)
    legal_representative: Mapped[str | None]
    area_path: Mapped[str]
    address: Mapped[str | None]
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]
    email: Mapped[str | None]
    website: Mapped[str | None]

    rating: Mapped[str | None]
    rating_valid_until: Mapped[date | None]
    annual_inspection: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_charity: Mapped[bool | None]
    public_fundraising: Mapped[bool | None]
    tax_exempt: Mapped[bool | None]
    tax_exempt_until: Mapped[date | None]
    donation_deduction: Mapped[bool | None]
    donation_deduction_until: Mapped[date | None]
    party_org: Mapped[bool | None]

    fulltime_staff: Mapped[int | None]
    parttime_staff: Mapped[int | None]
    sw_assistant: Mapped[int | None]
    sw_middle: Mapped[int | None]
    sw_senior: Mapped[int | None]
    certified_total: Mapped[int | None]
    supervisors: Mapped[int | None]
    volunteers: Mapped[int | None]

    business_scope: Mapped[str] = mapped_column(default="")
    capability: Mapped[str] = mapped_column(default="")
    categories: Mapped[list[str]] = mapped_column(default=list)
    target_groups: Mapped[list[str]] = mapped_column(default=list)
    service_areas: Mapped[list[str]] = mapped_column(default=list)
    qualifications: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    honours: Mapped[list[str]] = mapped_column(default=list)
    org_orientation: Mapped[str | None]
    org_stage: Mapped[str | None]
    origin: Mapped[str | None]
    marketplace_role: Mapped[str] = mapped_column(default=MarketplaceRole.SUPPLIER.value)
    conflicts: Mapped[list[str]] = mapped_column(default=list)
    preferred_budget_min_fen: Mapped[int | None] = mapped_column(BigInteger)
    preferred_budget_max_fen: Mapped[int | None] = mapped_column(BigInteger)
    last_year_income_fen: Mapped[int | None] = mapped_column(BigInteger)

    capacity_max: Mapped[int | None]
    fiscal_sponsor_id: Mapped[UUID | None] = mapped_column(ForeignKey("organizations.id"))
    remarks: Mapped[str | None]
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    @property
    def is_legal_person(self) -> bool | None:
        """Whether it may sign; None when its registration type is not known."""
        if self.registration_type is None:
            return None
        return self.registration_type != RegistrationType.FILED_GROUP


class CreditEvent(Versioned, Base):
    """One listing of an organization, kept for ever; it counts until `removed_on`."""

    __tablename__ = "credit_events"
    __table_args__ = (
        CheckConstraint(
            f"listed IN ('{CreditStatus.ABNORMAL_LIST}', '{CreditStatus.SERIOUS_ILLEGALITY_LIST}')",
            name="listed",
        ),
        CheckConstraint("removed_on >= listed_on", name="removed_after_listed"),
        Index(
            "uq_credit_events_open",
            "organization_id",
            "listed",
            unique=True,
            postgresql_where=text("removed_on IS NULL"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    listed: Mapped[str]
    reason: Mapped[str]
    listed_on: Mapped[date]
    removed_on: Mapped[date | None]
    removal_reason: Mapped[str | None]
    decided_by: Mapped[str]
    document: Mapped[str | None]


class EngagementState(StrEnum):
    """Whether an engagement holds a place of the organization's capacity."""

    RESERVED = "reserved"
    ACTIVE = "active"
    RELEASED = "released"


class EngagementKind(StrEnum):
    """Work of this marketplace, or work that the organization declared and nobody here contracted."""

    AWARD = "award"
    OUTSIDE = "outside"


HOLDING = (EngagementState.RESERVED, EngagementState.ACTIVE)
"""States that take a place."""


class Engagement(Stated, Base):
    """One use of an organization's capacity: reserved with an award, active with its contract, released at the end."""

    __tablename__ = "engagements"
    __table_args__ = (
        one_of("state", EngagementState),
        one_of("kind", EngagementKind),
        one_of("category", Category),
        one_of("grade", Grade),
        CheckConstraint("(kind = 'award') = (award_id IS NOT NULL)", name="award"),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint("contacts >= 0", name="contacts"),
        CheckConstraint("satisfaction BETWEEN 0 AND 100", name="satisfaction"),
        Index("uq_engagements_award_id", "award_id", unique=True),
        Index(
            "ix_engagements_holding",
            "organization_id",
            postgresql_where=text("state IN ('reserved', 'active')"),
        ),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    kind: Mapped[str]
    award_id: Mapped[UUID | None]
    project_id: Mapped[UUID | None] = mapped_column(index=True)
    contract_id: Mapped[UUID | None]
    buyer_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    buyer_name: Mapped[str | None]
    title: Mapped[str]
    category: Mapped[str | None]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    grade: Mapped[str | None]
    satisfaction: Mapped[float | None]
    contacts: Mapped[int | None]


class TrackRecord(Identified, Base):
    """Past work that an organization declares; work of this marketplace is read from its engagements instead."""

    __tablename__ = "track_records"
    __table_args__ = (
        one_of("category", Category),
        one_of("grade", Grade),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint("contacts >= 0", name="contacts"),
        CheckConstraint("year BETWEEN 1949 AND 2200", name="year"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    title: Mapped[str]
    buyer_name: Mapped[str | None]
    area_path: Mapped[str | None]
    year: Mapped[int]
    amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    category: Mapped[str | None]
    grade: Mapped[str | None]
    contacts: Mapped[int | None]
    evidence: Mapped[str | None]
