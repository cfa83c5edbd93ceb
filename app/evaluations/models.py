"""Evaluations, score sheets, schemes, residents' satisfaction, appeals."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, Numeric, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import EvaluationPhase, Grade, SurveyChannel
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, Versioned, one_of


class EvaluationState(StrEnum):
    ASSIGNED = "assigned"
    SCORING = "scoring"
    CLOSED = "closed"
    APPEALED = "appealed"
    CONFIRMED = "confirmed"
    CANCELLED = "cancelled"


BLIND = (EvaluationState.ASSIGNED, EvaluationState.SCORING, EvaluationState.CANCELLED)
"""States in which nobody reads another's score, and no result exists."""


class ScoringSide(StrEnum):
    """The three who score, apart from each other."""

    EVALUATOR = "evaluator"
    BUYER = "buyer"
    SUPERVISOR = "supervisor"


class Basis(StrEnum):
    """Where the points of a criterion come from."""

    SCORERS = "scorers"
    SURVEY = "survey"
    SURVEY_IF_ANY = "survey_if_any"


class RespondentKind(StrEnum):
    BENEFICIARY = "beneficiary"
    FAMILY = "family"
    RESIDENT = "resident"
    VOLUNTEER = "volunteer"


class Scheme(Identified, Base):
    """What is scored and how it weighs. A scheme never changes: a new version follows it."""

    __tablename__ = "evaluation_schemes"
    __table_args__ = (
        one_of("phase", EvaluationPhase),
        UniqueConstraint("phase", "scheme_no"),
        Index("uq_evaluation_schemes_current", "phase", unique=True, postgresql_where=text("current")),
    )

    phase: Mapped[str]
    scheme_no: Mapped[int]
    name: Mapped[str]
    criteria: Mapped[list[dict[str, Any]]]
    side_weights: Mapped[dict[str, Any]]
    current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Evaluation(Stated, Base):
    """One mid-term or final judgement of one contract. Its result is empty until scoring is closed."""

    __tablename__ = "evaluations"
    __table_args__ = (
        one_of("state", EvaluationState),
        one_of("phase", EvaluationPhase),
        one_of("grade", Grade),
        CheckConstraint("total BETWEEN 0 AND 100", name="total_of_a_hundred"),
        CheckConstraint(
            "state NOT IN ('assigned', 'scoring', 'cancelled') OR (total IS NULL AND grade IS NULL)",
            name="blind_until_closed",
        ),
        CheckConstraint("state <> 'confirmed' OR grade IS NOT NULL", name="confirmed_has_a_grade"),
        CheckConstraint("evaluator_id <> supplier_id", name="evaluator_is_not_the_supplier"),
        CheckConstraint(
            "state IN ('assigned', 'cancelled') OR no_conflict_at IS NOT NULL", name="no_conflict_stated"
        ),
        UniqueConstraint("contract_id", "phase", "attempt"),
        Index(
            "uq_evaluations_one_open",
            "contract_id",
            "phase",
            unique=True,
            postgresql_where=text("state NOT IN ('confirmed', 'cancelled')"),
        ),
        Index(
            "uq_evaluations_one_final",
            "contract_id",
            unique=True,
            postgresql_where=text("phase = 'final' AND state = 'confirmed'"),
        ),
        Index("ix_evaluations_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(index=True)
    title: Mapped[str]
    edition_code: Mapped[str] = mapped_column(index=True)
    phase: Mapped[str]
    attempt: Mapped[int]
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"))
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    award_id: Mapped[UUID] = mapped_column(ForeignKey("awards.id"))
    supplier_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    evaluator_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("evaluation_schemes.id"))
    area_path: Mapped[str]
    buyer_path: Mapped[str]
    assigned_by: Mapped[UUID | None]
    due_on: Mapped[date | None]
    no_conflict_at: Mapped[datetime | None]
    no_conflict_by: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    appeal_until: Mapped[date | None]
    waived_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    total: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    grade: Mapped[str | None]
    misuse_of_funds: Mapped[bool | None]
    corrected: Mapped[bool] = mapped_column(default=False)
    satisfaction_index: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    satisfaction_low: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    satisfaction_high: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    satisfaction_n: Mapped[int | None]
    persons: Mapped[int | None]
    contacts: Mapped[int | None]
    completion_percent: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))


class ScoreSheet(Versioned, Base):
    """What one side gave, seen by its writer alone until scoring is closed."""

    __tablename__ = "score_sheets"
    __table_args__ = (
        one_of("side", ScoringSide),
        UniqueConstraint("evaluation_id", "side"),
        UniqueConstraint("evaluation_id", "scorer_id"),
    )

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluations.id", ondelete="CASCADE"))
    side: Mapped[str]
    scorer_id: Mapped[UUID | None]
    scorer: Mapped[str]
    points: Mapped[dict[str, Any]]
    findings: Mapped[str | None]
    misuse_of_funds: Mapped[bool] = mapped_column(default=False)


class SatisfactionToken(Identified, Base):
    """The right to judge one contract once, given to a resident on a slip or a screen. Only its SHA-256 is kept."""

    __tablename__ = "satisfaction_tokens"
    __table_args__ = (one_of("channel", SurveyChannel),)

    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    channel: Mapped[str]
    issued_by: Mapped[UUID | None]
    issued_at: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SatisfactionReply(Identified, Base):
    """One resident's judgement. Nothing says who: the token was never tied to a person."""

    __tablename__ = "satisfaction_replies"
    __table_args__ = (
        one_of("channel", SurveyChannel),
        one_of("respondent_kind", RespondentKind),
        CheckConstraint("scale IN (5, 10)", name="scale_of_five_or_ten"),
        CheckConstraint("overall BETWEEN 1 AND scale", name="overall_on_the_scale"),
        UniqueConstraint("token_id"),
        Index("ix_satisfaction_replies_contract", "contract_id"),
    )

    token_id: Mapped[UUID] = mapped_column(ForeignKey("satisfaction_tokens.id"))
    contract_id: Mapped[UUID] = mapped_column(ForeignKey("contracts.id"))
    channel: Mapped[str]
    respondent_kind: Mapped[str]
    scale: Mapped[int]
    overall: Mapped[int]
    answers: Mapped[dict[str, Any]]
    comment: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(default=clock.now)


class Appeal(Versioned, Base):
    """An objection to a closed result, decided by somebody who had no part in it."""

    __tablename__ = "evaluation_appeals"
    __table_args__ = (
        UniqueConstraint("evaluation_id"),
        CheckConstraint("decided_by IS DISTINCT FROM filed_by OR decided_by IS NULL", name="another_handler"),
        CheckConstraint("(decided_at IS NULL) = (upheld IS NULL)", name="decided_is_decided"),
    )

    evaluation_id: Mapped[UUID] = mapped_column(ForeignKey("evaluations.id", ondelete="CASCADE"))
    grounds: Mapped[str]
    filed_by: Mapped[UUID | None]
    filed_side: Mapped[str]
    filed_at: Mapped[datetime] = mapped_column(default=clock.now)
    decided_by: Mapped[UUID | None]
    decided_by_label: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    upheld: Mapped[bool | None]
    decision: Mapped[str | None]
    total_before: Mapped[Decimal | None] = mapped_column(Numeric(5, 2))
    grade_before: Mapped[str | None]
