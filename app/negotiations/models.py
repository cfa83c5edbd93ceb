"""Intents, talks, term sheets, conflict statements and awards."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import Initiator, ProcurementMethod, TalkResult
from app.kernel.database import Base, Identified, Stated, one_of


class IntentState(StrEnum):
    EXPRESSED = "expressed"
    ACCEPTED = "accepted"
    SCHEDULED = "scheduled"
    TALKED = "talked"
    SHORTLISTED = "shortlisted"
    WON = "won"
    LOST = "lost"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


OPEN_INTENTS = (
    IntentState.EXPRESSED,
    IntentState.ACCEPTED,
    IntentState.SCHEDULED,
    IntentState.TALKED,
    IntentState.SHORTLISTED,
)


class Channel(StrEnum):
    """How a project finds its taker (three ways of taking on work)."""

    PURCHASE = "purchase"
    GRANT_ROUND = "grant_round"
    CLAIM = "claim"


class TableSide(StrEnum):
    """The two sides of a table."""

    BUYER = "buyer"
    ORGANIZATION = "organization"


class TalkState(StrEnum):
    RECORDED = "recorded"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class AwardState(StrEnum):
    PROPOSED = "proposed"
    NOTICE = "notice"
    ACTIVE = "active"
    CONTRACTED = "contracted"
    CANCELLED = "cancelled"


LIVE_AWARDS = (AwardState.PROPOSED, AwardState.NOTICE, AwardState.ACTIVE, AwardState.CONTRACTED)


def _listed(states: tuple[StrEnum, ...]) -> str:
    return ", ".join(f"'{state.value}'" for state in states)


class Intent(Stated, Base):
    """One organization and one project show interest in each other, in one round. Only one may be open per pair and round."""

    __tablename__ = "intents"
    __table_args__ = (
        one_of("state", IntentState),
        one_of("channel", Channel),
        one_of("initiated_by", Initiator),
        CheckConstraint("round >= 1", name="round"),
        CheckConstraint("quoted_fen >= 0", name="quoted_fen"),
        CheckConstraint("expires_at >= answer_due_at", name="answered_before_expiry"),
        CheckConstraint("state <> 'scheduled' OR meets_at IS NOT NULL", name="scheduled_has_time"),
        Index("uq_intents_number", "number", unique=True),
        Index(
            "uq_intents_open_pair",
            "project_id",
            "organization_id",
            "round",
            unique=True,
            postgresql_where=text(f"state IN ({_listed(OPEN_INTENTS)})"),
        ),
        Index("ix_intents_expiry", "expires_at", postgresql_where=text("state = 'expressed'")),
        Index("ix_intents_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        UniqueConstraint("id", "project_id", "organization_id", name="uq_intents_pair"),
    )

    number: Mapped[str]
    edition_code: Mapped[str] = mapped_column(index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    area_path: Mapped[str]
    round: Mapped[int]
    channel: Mapped[str]
    initiated_by: Mapped[str]
    quoted_fen: Mapped[int | None] = mapped_column(BigInteger)
    message: Mapped[str]
    fair_id: Mapped[UUID | None]
    answer_due_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    meets_at: Mapped[datetime | None]
    place: Mapped[str | None]
    talked_at: Mapped[datetime | None]
    overdue_told_at: Mapped[datetime | None]


class Talk(Stated, Base):
    """The record of one meeting. It counts once the side that did not write it has confirmed it."""

    __tablename__ = "talks"
    __table_args__ = (
        one_of("state", TalkState),
        one_of("recorded_by", TableSide),
        one_of("result", TalkResult),
        CheckConstraint("offered_fen >= 0", name="offered_fen"),
        CheckConstraint("duration_minutes > 0", name="duration_minutes"),
        CheckConstraint(
            "state <> 'confirmed' OR (buyer_confirmed_at IS NOT NULL AND organization_confirmed_at IS NOT NULL)",
            name="confirmed_by_both",
        ),
    )

    intent_id: Mapped[UUID] = mapped_column(ForeignKey("intents.id"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"))
    area_path: Mapped[str]
    recorded_by: Mapped[str]
    held_at: Mapped[datetime]
    duration_minutes: Mapped[int | None]
    place: Mapped[str | None]
    attendees_buyer: Mapped[list[str]]
    attendees_organization: Mapped[list[str]]
    minutes: Mapped[str]
    offered_fen: Mapped[int | None] = mapped_column(BigInteger)
    agreed_points: Mapped[list[str]]
    open_points: Mapped[list[str]]
    result: Mapped[str]
    reasons: Mapped[list[str]]
    buyer_confirmed_at: Mapped[datetime | None]
    organization_confirmed_at: Mapped[datetime | None]


class TermSheet(Identified, Base):
    """One version of what the two sides would sign. Versions are only added; a pair agrees when both accept the newest."""

    __tablename__ = "term_sheets"
    __table_args__ = (
        one_of("proposed_by", TableSide),
        UniqueConstraint("intent_id", "sheet_no"),
        CheckConstraint("amount_fen >= 0", name="amount_fen"),
        CheckConstraint("sheet_no >= 1", name="sheet_no"),
    )

    intent_id: Mapped[UUID] = mapped_column(ForeignKey("intents.id"))
    sheet_no: Mapped[int]
    proposed_by: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    terms: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    buyer_accepted_at: Mapped[datetime | None]
    organization_accepted_at: Mapped[datetime | None]


class ConflictStatement(Identified, Base):
    """A person's signed statement about relations to those who bid for one project; a later one replaces it."""

    __tablename__ = "conflict_statements"
    __table_args__ = (
        Index("ix_conflict_statements_signer", "project_id", "account_id", "signed_at"),
        CheckConstraint("NOT conflict OR relation IS NOT NULL", name="relation"),
    )

    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"))
    account_id: Mapped[UUID]
    signer: Mapped[str]
    conflict: Mapped[bool]
    relation: Mapped[str | None]
    organization_ids: Mapped[list[UUID]]
    signed_at: Mapped[datetime]


class Award(Stated, Base):
    """The decision to give one project to one organization, with both as they were named then. One is alive per project."""

    __tablename__ = "awards"
    __table_args__ = (
        one_of("state", AwardState),
        one_of("channel", Channel),
        one_of("method", ProcurementMethod),
        CheckConstraint("amount_fen >= 0 AND amount_fen <= budget_fen", name="within_budget"),
        CheckConstraint("bidders >= 0", name="bidders"),
        CheckConstraint("open_challenges >= 0", name="open_challenges"),
        CheckConstraint(
            "confirmed_by IS DISTINCT FROM proposed_by OR confirmed_by IS NULL", name="two_persons"
        ),
        CheckConstraint(
            "state <> 'notice' OR (notice_from IS NOT NULL AND notice_to >= notice_from)", name="notice"
        ),
        CheckConstraint(
            "state NOT IN ('active', 'contracted') OR (confirmed_at IS NOT NULL AND notice_to IS NOT NULL)",
            name="confirmed_after_notice",
        ),
        ForeignKeyConstraint(
            ["intent_id", "project_id", "organization_id"],
            ["intents.id", "intents.project_id", "intents.organization_id"],
            name="fk_awards_intent",
        ),
        Index("uq_awards_number", "number", unique=True),
        Index(
            "uq_awards_live_project",
            "project_id",
            unique=True,
            postgresql_where=text(f"state IN ({_listed(LIVE_AWARDS)})"),
        ),
        Index("ix_awards_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str]
    edition_code: Mapped[str] = mapped_column(index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    project_number: Mapped[str]
    project_title: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id"), index=True)
    organization_name: Mapped[str]
    intent_id: Mapped[UUID | None]
    area_path: Mapped[str]
    round: Mapped[int]
    channel: Mapped[str]
    method: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    budget_fen: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str]
    bidders: Mapped[int]
    scores: Mapped[list[dict[str, Any]]]
    proposed_by: Mapped[UUID | None]
    proposed_by_label: Mapped[str]
    notice_from: Mapped[date | None]
    notice_to: Mapped[date | None]
    notice_over_told_at: Mapped[datetime | None]
    open_challenges: Mapped[int] = mapped_column(default=0)
    confirmed_by: Mapped[UUID | None]
    confirmed_by_label: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    cancelled_reason: Mapped[str | None]
    recommendation: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
