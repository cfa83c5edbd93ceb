"""Contracts and what belongs to them: signatures, tranches, payments, milestones, amendments, documents, service log."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Numeric,
    UniqueConstraint,
    exists,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import MilestoneStatus, MilestoneType, ServiceMethod, TrancheTrigger
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, Versioned, one_of
from app.kernel.search import Searchable

WHOLE = 10_000
"""A whole in basis points: the shares of a contract's tranches add up to it."""


class ContractState(StrEnum):
    DRAFT = "draft"
    PARTLY_SIGNED = "partly_signed"
    ACTIVE = "active"
    IN_DELIVERY = "in_delivery"
    SUSPENDED = "suspended"
    FINAL_EVALUATION = "final_evaluation"
    ACCEPTED = "accepted"
    FAILED = "failed"
    SETTLED = "settled"
    CLOSED = "closed"
    TERMINATED = "terminated"
    VOID = "void"


class SigningSide(StrEnum):
    """Who may have to sign a contract."""

    BUYER = "buyer"
    SUPPLIER = "supplier"
    PROCURING_ENTITY = "procuring_entity"
    SUPERVISOR = "supervisor"


class PaymentKind(StrEnum):
    """A tranche of the plan, the last payment of a settlement, or money that came back."""

    TRANCHE = "tranche"
    SETTLEMENT = "settlement"
    REFUND = "refund"


class AmendmentState(StrEnum):
    PROPOSED = "proposed"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


ENDED = (ContractState.TERMINATED, ContractState.VOID)
"""Contracts that no longer stand in the way of another one for the same project."""
_NOT_ENDED = f"state NOT IN ({', '.join(repr(str(state)) for state in ENDED)})"


class Contract(Searchable, Stated, Base):
    """One purchase contract. `amount_fen` includes amendments in force; `signed_amount_fen` is what was first signed."""

    __tablename__ = "contracts"
    __table_args__ = (
        one_of("state", ContractState),
        CheckConstraint("amount_fen >= 0", name="amount_not_negative"),
        CheckConstraint("paid_fen BETWEEN 0 AND amount_fen", name="paid_within_amount"),
        CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="refunded_within_paid"),
        CheckConstraint("settled_fen BETWEEN 0 AND amount_fen", name="settled_within_amount"),
        CheckConstraint("ends_on > starts_on", name="ends_after_start"),
        CheckConstraint(
            "supplier_id <> buyer_id AND supplier_id IS DISTINCT FROM procuring_entity_id "
            "AND supplier_id IS DISTINCT FROM supervising_authority_id",
            name="supplier_is_no_other_side",
        ),
        CheckConstraint("signed_sides <@ needed_sides", name="signed_by_its_sides"),
        CheckConstraint(
            "state IN ('draft', 'partly_signed', 'void')"
            " OR (signed_at IS NOT NULL AND needed_sides <@ signed_sides)",
            name="active_means_signed_by_all",
        ),
        UniqueConstraint("edition_code", "number"),
        Index(
            "uq_contracts_one_live_per_project", "project_id", unique=True, postgresql_where=text(_NOT_ENDED)
        ),
        Index("uq_contracts_one_live_per_award", "award_id", unique=True, postgresql_where=text(_NOT_ENDED)),
        Index("ix_contracts_search_grams", "search_grams", postgresql_using="gin"),
        Index("ix_contracts_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_contracts_buyer_path", "buyer_path", postgresql_ops={"buyer_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    edition_code: Mapped[str] = mapped_column(index=True)
    category: Mapped[str]
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    award_id: Mapped[UUID] = mapped_column(ForeignKey("awards.id"), index=True)
    area_path: Mapped[str]
    buyer_path: Mapped[str]
    procuring_path: Mapped[str | None]
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    procuring_entity_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    supervising_authority_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    signed_amount_fen: Mapped[int | None] = mapped_column(BigInteger)
    award_fen: Mapped[int] = mapped_column(BigInteger)
    sign_by: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    scope: Mapped[str]
    outputs: Mapped[list[dict[str, Any]]]
    penalty: Mapped[str | None]
    no_subcontracting: Mapped[bool] = mapped_column(default=True)
    data_protection: Mapped[str]
    persons_planned: Mapped[int | None]
    renewal_duties: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    needed_sides: Mapped[list[str]]
    signed_sides: Mapped[list[str]] = mapped_column(default=list)
    signer_ids: Mapped[list[UUID]] = mapped_column(default=list)
    terms_sha256: Mapped[str]
    signed_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    midterm_due_on: Mapped[date | None]
    midterm_passed_at: Mapped[datetime | None]
    final_passed_at: Mapped[datetime | None]
    payment_stopped: Mapped[str | None]
    rectify_due_on: Mapped[date | None]
    paid_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    settled_fen: Mapped[int | None] = mapped_column(BigInteger)
    reader_ids: Mapped[list[UUID]] = mapped_column(default=list)


class Signature(Identified, Base):
    """One side's signature under one exact wording."""

    __tablename__ = "contract_signatures"
    __table_args__ = (one_of("side", SigningSide), UniqueConstraint("contract_id", "side"))

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    side: Mapped[str]
    signed_by: Mapped[UUID | None]
    signer: Mapped[str]
    terms_sha256: Mapped[str]
    signed_at: Mapped[datetime] = mapped_column(default=clock.now)


class Tranche(Identified, Base):
    """A part of the contract's money and what sets it free. `share` is in basis points."""

    __tablename__ = "contract_tranches"
    __table_args__ = (
        one_of("trigger", TrancheTrigger),
        UniqueConstraint("contract_id", "seq"),
        CheckConstraint(f"share > 0 AND share <= {WHOLE}", name="share_is_a_part"),
        CheckConstraint("amount_fen >= 0", name="amount_not_negative"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    seq: Mapped[int]
    share: Mapped[int]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    trigger: Mapped[str]
    due_on: Mapped[date | None]
    paid_at: Mapped[datetime | None]


class Payment(Identified, Base):
    """Money that moved: never changed, never deleted."""

    __tablename__ = "contract_payments"
    __table_args__ = (
        one_of("kind", PaymentKind),
        CheckConstraint("amount_fen > 0", name="amount_positive"),
        CheckConstraint("(kind = 'tranche') = (tranche_id IS NOT NULL)", name="tranche_named"),
        UniqueConstraint("tranche_id"),
        Index(
            "uq_contract_payments_one_settlement",
            "contract_id",
            unique=True,
            postgresql_where=text("kind = 'settlement'"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), index=True)
    tranche_id: Mapped[UUID | None] = mapped_column(ForeignKey("contract_tranches.id"))
    kind: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    voucher: Mapped[str]
    reason: Mapped[str | None]
    ordered_by: Mapped[UUID | None]
    paid_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Milestone(Versioned, Base):
    """A promised step; OCDS names its status. The supplier brings evidence, the buyer judges."""

    __tablename__ = "contract_milestones"
    __table_args__ = (
        one_of("type", MilestoneType),
        one_of("status", MilestoneStatus),
        UniqueConstraint("contract_id", "seq"),
        CheckConstraint("(status IN ('met', 'partially_met')) = (met_on IS NOT NULL)", name="met_has_a_day"),
        CheckConstraint("status <> 'met' OR cardinality(evidence) > 0", name="met_has_evidence"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    seq: Mapped[int]
    title: Mapped[str]
    type: Mapped[str] = mapped_column(default=MilestoneType.DELIVERY)
    due_on: Mapped[date]
    status: Mapped[str] = mapped_column(default=MilestoneStatus.SCHEDULED)
    met_on: Mapped[date | None]
    evidence: Mapped[list[str]] = mapped_column(default=list)
    remark: Mapped[str | None]


class Amendment(Stated, Base):
    """A change of the signed contract: what, from what, to what, why. A material one needs both sides."""

    __tablename__ = "contract_amendments"
    __table_args__ = (
        one_of("state", AmendmentState),
        one_of("proposed_by", SigningSide),
        UniqueConstraint("contract_id", "seq"),
        Index(
            "uq_contract_amendments_one_open",
            "contract_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    seq: Mapped[int]
    number: Mapped[str]
    area_path: Mapped[str]
    buyer_path: Mapped[str]
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    changes: Mapped[dict[str, Any]]
    reason: Mapped[str]
    material: Mapped[bool]
    proposed_by: Mapped[str]
    in_force_at: Mapped[datetime | None]


class Document(Identified, Base):
    """A file kept by its SHA-256: the contract text, a report, a photograph."""

    __tablename__ = "contract_documents"
    __table_args__ = (
        UniqueConstraint("contract_id", "sha256"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256_in_hex"),
        CheckConstraint("size >= 0", name="size_not_negative"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    kind: Mapped[str]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[datetime] = mapped_column(default=clock.now)


class ServiceLog(Identified, Base):
    """One delivered service. `persons` are people served for the first time under this contract, `contacts` are visits
    of anybody: each column has its own sum, and the two are never added. A sum is taken over the entries that `stand`."""

    __tablename__ = "service_logs"
    __table_args__ = (
        one_of("method", ServiceMethod),
        CheckConstraint("persons >= 0 AND contacts >= persons", name="a_person_is_a_contact"),
        CheckConstraint("hours > 0 AND hours <= 24", name="hours_of_a_day"),
        Index("ix_service_logs_contract", "contract_id", "served_on"),
    )

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id", ondelete="CASCADE"))
    method: Mapped[str]
    served_on: Mapped[date]
    hours: Mapped[Decimal] = mapped_column(Numeric(4, 1))
    persons: Mapped[int]
    contacts: Mapped[int]
    place: Mapped[str]
    worker: Mapped[str | None]
    logged_by: Mapped[UUID | None]
    evidence: Mapped[list[str]] = mapped_column(default=list)
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @classmethod
    def stands(cls) -> ColumnElement[bool]:
        """That nobody has voided the entry."""
        return ~exists().where(ServiceVoiding.log_id == cls.id)


class ServiceVoiding(Base):
    """The entry that takes a wrong one out of every sum, and why. Nothing in the log is changed or removed."""

    __tablename__ = "service_log_voidings"

    log_id: Mapped[UUID] = mapped_column(ForeignKey("service_logs.id"), primary_key=True)
    reason: Mapped[str]
    voided_by: Mapped[UUID | None]
    voided_by_label: Mapped[str]
    voided_at: Mapped[datetime] = mapped_column(default=clock.now)
