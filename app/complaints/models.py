"""Challenges, complaints and mediations, and the meetings of a mediation."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import ComplaintKind
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, one_of


class ComplaintState(StrEnum):
    RECEIVED = "received"
    REFUSED = "refused"
    UNDER_REVIEW = "under_review"
    IN_MEDIATION = "in_mediation"
    DECIDED = "decided"
    APPEALED = "appealed"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


OPEN = (
    ComplaintState.RECEIVED,
    ComplaintState.UNDER_REVIEW,
    ComplaintState.IN_MEDIATION,
    ComplaintState.APPEALED,
)
"""States in which somebody owes an answer."""


class SubjectKind(StrEnum):
    AWARD = "award"
    CONTRACT = "contract"
    EVALUATION = "evaluation"
    OTHER = "other"


class Target(StrEnum):
    """Whom it is about."""

    BUYER = "buyer"
    SUPPLIER = "supplier"
    EVALUATOR = "evaluator"
    BUREAU = "bureau"


class ComplaintOutcome(StrEnum):
    UPHELD = "upheld"
    PARTLY_UPHELD = "partly_upheld"
    DISMISSED = "dismissed"
    AGREED = "agreed"


class Complaint(Stated, Base):
    """One challenge, complaint or mediation. `complainant` is kept from the target, and empty when it wished to be unnamed."""

    __tablename__ = "complaints"
    __table_args__ = (
        one_of("state", ComplaintState),
        one_of("kind", ComplaintKind),
        one_of("subject_kind", SubjectKind),
        one_of("target", Target),
        one_of("outcome", ComplaintOutcome),
        CheckConstraint(
            "kind <> 'challenge' OR subject_kind = 'award'", name="challenge_is_against_an_award"
        ),
        CheckConstraint("(subject_kind = 'other') = (subject_id IS NULL)", name="subject_named"),
        CheckConstraint(
            "handler_id IS DISTINCT FROM filed_by OR handler_id IS NULL", name="handler_is_not_complainant"
        ),
        CheckConstraint("NOT (handler_id = ANY (involved_ids))", name="handler_is_not_target"),
        CheckConstraint(
            "appeal_handler_id IS DISTINCT FROM handler_id OR appeal_handler_id IS NULL",
            name="appeal_goes_to_another",
        ),
        CheckConstraint(
            "state NOT IN ('decided', 'appealed', 'closed') OR outcome IS NOT NULL",
            name="decided_has_an_outcome",
        ),
        Index("ix_complaints_subject", "subject_kind", "subject_id"),
        Index("ix_complaints_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    edition_code: Mapped[str] = mapped_column(index=True)
    area_path: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    subject_number: Mapped[str | None]
    target: Mapped[str]
    target_party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    target_path: Mapped[str | None]
    involved_ids: Mapped[list[UUID]] = mapped_column(default=list)
    filed_by: Mapped[UUID | None] = mapped_column(index=True)
    filed_party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    complainant: Mapped[str | None]
    receipt: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    facts: Mapped[str]
    evidence: Mapped[list[str]]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    due_on: Mapped[date]
    overdue_told_at: Mapped[datetime | None]
    handler_id: Mapped[UUID | None]
    handler: Mapped[str | None]
    outcome: Mapped[str | None]
    result: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    agreement: Mapped[str | None]
    follow_up_on: Mapped[date | None]
    appeal_until: Mapped[date | None]
    appeal_grounds: Mapped[str | None]
    appeal_due_on: Mapped[date | None]
    appeal_handler_id: Mapped[UUID | None]
    appeal_result: Mapped[str | None]
    blocks_award: Mapped[bool] = mapped_column(default=False)


class MediationMeeting(Identified, Base):
    """One meeting of a mediation."""

    __tablename__ = "mediation_meetings"
    __table_args__ = (UniqueConstraint("complaint_id", "held_at"),)

    complaint_id: Mapped[UUID] = mapped_column(ForeignKey("complaints.id", ondelete="CASCADE"))
    held_at: Mapped[datetime]
    place: Mapped[str]
    attendees: Mapped[list[str]]
    minutes: Mapped[str]
    recorded_by: Mapped[str]
