"""Projects and lots, what was changed after publication, and how each admission was decided."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import (
    Category,
    DeliveryRoute,
    LinkageMode,
    ProcurementMethod,
    Rating,
    ResponsibilityList,
    UnsuccessfulReason,
    Urgency,
)
from app.kernel.database import Base, Identified, Stated, one_of
from app.kernel.search import Searchable, grams


class ProjectState(StrEnum):
    """The life of a project. What comes after `published` is moved by the domains that own it."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    UNDER_REVIEW = "under_review"
    RETURNED = "returned"
    REJECTED = "rejected"
    APPROVED = "approved"
    PUBLISHED = "published"
    NEGOTIATING = "negotiating"
    AWARD_PROPOSED = "award_proposed"
    AWARD_NOTICE = "award_notice"
    AWARDED = "awarded"
    CONTRACTED = "contracted"
    IN_DELIVERY = "in_delivery"
    SUSPENDED = "suspended"
    FINAL_EVALUATION = "final_evaluation"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SETTLED = "settled"
    CLOSED = "closed"
    UNSUCCESSFUL = "unsuccessful"
    WITHDRAWN = "withdrawn"
    TERMINATED = "terminated"


class Project(Stated, Base):
    """A service project, or one lot of it (`parent_id`). Public once `published_at` is set, and from then on for ever."""

    __tablename__ = "projects"
    __table_args__ = (
        one_of("state", ProjectState),
        one_of("category", Category),
        one_of("procurement_method", ProcurementMethod),
        one_of("delivery_route", DeliveryRoute),
        one_of("linkage_mode", LinkageMode),
        one_of("responsibility_list_type", ResponsibilityList),
        one_of("urgency", Urgency),
        one_of("min_rating", Rating),
        one_of("unsuccessful_reason", UnsuccessfulReason),
        CheckConstraint("least(budget_fen, budget_min_fen) >= 0", name="budget"),
        CheckConstraint("budget_min_fen <= budget_fen", name="budget_range"),
        CheckConstraint("period_months BETWEEN 1 AND 36", name="period_months"),
        CheckConstraint("starts_on <= ends_on", name="starts_before_ends"),
        CheckConstraint("round BETWEEN 1 AND 10", name="round"),
        CheckConstraint("beneficiaries_planned >= 1 AND contacts_planned >= 0", name="reach"),
        CheckConstraint("min_certified_social_workers >= 0", name="min_certified_social_workers"),
        CheckConstraint("parent_id <> id", name="own_lot"),
        CheckConstraint(
            "published_at IS NULL OR is_parent OR (coalesce(budget_fen, 0) > 0 AND NOT is_estimate)",
            name="published_money",
        ),
        CheckConstraint(
            "published_at IS NOT NULL OR state IN ('draft', 'submitted', 'under_review', 'returned', 'rejected',"
            " 'approved', 'withdrawn') OR is_parent",
            name="published_first",
        ),
        Index("uq_projects_number_edition_code", "number", "edition_code", unique=True),
        Index("ix_projects_edition_code_state", "edition_code", "state"),
        Index("ix_projects_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_projects_delivery_paths", "delivery_paths", postgresql_using="gin"),
        Index("ix_projects_created_at_id", "created_at", "id"),
        Index("ix_projects_parent_id", "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_projects_procuring_entity_id",
            "procuring_entity_id",
            postgresql_where=text("procuring_entity_id IS NOT NULL"),
        ),
    )

    state: Mapped[str] = mapped_column(sort_order=80)
    number: Mapped[str]
    edition_code: Mapped[str] = mapped_column(ForeignKey("editions.code"))
    title: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    need_analysis: Mapped[str] = mapped_column(default="")
    category: Mapped[str | None]
    categories: Mapped[list[str]] = mapped_column(default=list)
    target_groups: Mapped[list[str]] = mapped_column(default=list)
    beneficiaries_planned: Mapped[int | None]
    contacts_planned: Mapped[int | None]

    area_path: Mapped[str]
    district_path: Mapped[str | None]
    street_path: Mapped[str | None]
    community_path: Mapped[str | None]
    delivery_paths: Mapped[list[str]] = mapped_column(default=list)
    delivery_address: Mapped[str | None]
    grid: Mapped[str | None]

    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    procuring_entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    contact_name: Mapped[str | None]
    contact_phone: Mapped[str | None]

    budget_fen: Mapped[int | None] = mapped_column(BigInteger)
    budget_min_fen: Mapped[int | None] = mapped_column(BigInteger)
    is_estimate: Mapped[bool] = mapped_column(default=False)
    funding_parts: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    starts_on: Mapped[date | None]
    ends_on: Mapped[date | None]
    period_months: Mapped[int | None]
    multi_year_proof: Mapped[str | None]

    procurement_method: Mapped[str | None]
    delivery_route: Mapped[str | None]
    linkage_mode: Mapped[str | None]
    catalogue_item_code: Mapped[str | None]
    responsibility_list_type: Mapped[str | None]
    policy_basis: Mapped[str | None]
    major_matter: Mapped[bool] = mapped_column(default=False)
    major_matter_minutes: Mapped[str | None]
    urgency: Mapped[str] = mapped_column(default=Urgency.NORMAL.value)
    is_sme_only: Mapped[bool | None]
    min_rating: Mapped[str | None]
    min_certified_social_workers: Mapped[int | None]
    required_qualifications: Mapped[list[str]] = mapped_column(default=list)
    preferred_qualifications: Mapped[list[str]] = mapped_column(default=list)
    requirements_reason: Mapped[str | None]
    outputs: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    outcomes: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    remarks: Mapped[str | None]

    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id"))
    is_parent: Mapped[bool] = mapped_column(default=False)
    round: Mapped[int] = mapped_column(default=1)
    unsuccessful_reason: Mapped[str | None]
    intents_until: Mapped[date | None]
    published_at: Mapped[datetime | None]
    created_by: Mapped[UUID | None]
    submitted_by: Mapped[UUID | None]
    submitted_at: Mapped[datetime | None]
    reviewed_by: Mapped[UUID | None]
    suspended_from: Mapped[str | None]
    provenance: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class ProjectText(Searchable, Base):
    """The words by which `q=` finds a project, apart from its row: a project moves often and its words do not.

    (With some 300 grams in the row, every change of state wrote as many index entries anew.) They are
    entered with it, and a trigger takes them away with it.
    """

    __tablename__ = "project_texts"
    __table_args__ = (Index("ix_project_texts_search_grams", "search_grams", postgresql_using="gin"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)

    @classmethod
    def of(cls, project: Project) -> "ProjectText":
        """The words of a project as they are now."""
        words = (project.title, project.number, project.description, project.need_analysis)
        return cls(project_id=project.id, search_grams=grams(*words))


class Amendment(Identified, Base):
    """One change of a published project: what, why, and whether it moved the deadline."""

    __tablename__ = "project_amendments"

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    at: Mapped[datetime]
    by_label: Mapped[str]
    reason: Mapped[str]
    change: Mapped[dict[str, Any]]
    material: Mapped[bool]
    intents_until: Mapped[date | None]
