"""Tables and slots of a fair's hall, meetings in them, absences, and the plans that seat a whole day.

A seat is a table in a slot. Slots of one fair do not overlap (a trigger holds it), so that plain uniqueness per slot keeps
everybody in one place. `live` is true while a meeting takes its seat, else null, which no uniqueness counts; the constraints
are deferrable, so that a plan may exchange seats.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import FairZone
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, one_of


class MeetingState(StrEnum):
    PLANNED = "planned"
    HELD = "held"
    MISSED = "missed"
    CANCELLED = "cancelled"


LIVE = (MeetingState.PLANNED, MeetingState.HELD)
"""States that take a seat. A missed meeting gives it back: who came may use the table with somebody else."""


class MissedBy(StrEnum):
    """Who did not come."""

    BUYER = "buyer"
    ORGANIZATION = "organization"
    BOTH = "both"


class MeetingTable(Identified, Base):
    """A table at which two sides talk. `no` is its place in the order of the hall, `label` what stands on it."""

    __tablename__ = "meeting_tables"
    __table_args__ = (
        one_of("zone", FairZone),
        CheckConstraint("seats >= 2", name="seats_for_two"),
        UniqueConstraint("fair_id", "label"),
        UniqueConstraint("fair_id", "no"),
        UniqueConstraint("id", "fair_id", "no", name="uq_meeting_tables_place"),
    )

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"))
    no: Mapped[int]
    label: Mapped[str]
    zone: Mapped[str | None]
    seats: Mapped[int]


class MeetingSlot(Identified, Base):
    """A stretch of time in which every table holds one meeting. It is never changed, only added or removed."""

    __tablename__ = "meeting_slots"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="ends_after_it_starts"),
        UniqueConstraint("fair_id", "starts_at"),
        UniqueConstraint("id", "fair_id", "starts_at", "ends_at", name="uq_meeting_slots_time"),
    )

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]


def _one_per(*columns: str) -> UniqueConstraint:
    name = f"uq_meetings_{columns[-1].removesuffix('_id')}"
    return UniqueConstraint(*columns, "live", name=name, deferrable=True, initially="IMMEDIATE")


_IS_LIVE = "CASE WHEN state = ANY (ARRAY['planned'::text, 'held'::text]) THEN true ELSE NULL::boolean END"
"""As PostgreSQL itself writes it, so that the comparison of schema and models finds it equal."""


class Meeting(Stated, Base):
    """The two sides of one intent at one table in one slot: of table, organization and buyer each is there once."""

    __tablename__ = "meetings"
    __table_args__ = (
        one_of("state", MeetingState),
        one_of("missed_by", MissedBy),
        CheckConstraint("(state = 'missed') = (missed_by IS NOT NULL)", name="missed_by_somebody"),
        ForeignKeyConstraint(
            ["intent_id", "project_id", "organization_id"],
            ["intents.id", "intents.project_id", "intents.organization_id"],
            name="fk_meetings_intent",
        ),
        ForeignKeyConstraint(
            ["table_id", "fair_id", "table_no"],
            ["meeting_tables.id", "meeting_tables.fair_id", "meeting_tables.no"],
            name="fk_meetings_table",
        ),
        ForeignKeyConstraint(
            ["slot_id", "fair_id", "starts_at", "ends_at"],
            [
                "meeting_slots.id",
                "meeting_slots.fair_id",
                "meeting_slots.starts_at",
                "meeting_slots.ends_at",
            ],
            name="fk_meetings_slot",
        ),
        _one_per("slot_id", "table_id"),
        _one_per("slot_id", "organization_id"),
        _one_per("slot_id", "buyer_id"),
        _one_per("intent_id"),
        UniqueConstraint("id", "slot_id", "live", name="uq_meetings_attended"),
        Index("uq_meetings_number", "number", unique=True),
        Index("ix_meetings_fair_order", "fair_id", "starts_at", "table_no"),
        Index("ix_meetings_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_meetings_organization", "organization_id", "starts_at"),
        Index("ix_meetings_buyer", "buyer_id", "starts_at"),
    )

    number: Mapped[str]
    fair_id: Mapped[UUID]
    fair_area_path: Mapped[str]
    slot_id: Mapped[UUID]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    table_id: Mapped[UUID] = mapped_column(index=True)
    table_no: Mapped[int]
    intent_id: Mapped[UUID]
    project_id: Mapped[UUID]
    organization_id: Mapped[UUID]
    buyer_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"))
    area_path: Mapped[str]
    pinned: Mapped[bool]
    missed_by: Mapped[str | None]
    live: Mapped[bool | None] = mapped_column(Computed(_IS_LIVE, persisted=True), deferred=True)


class Delegate(Identified, Base):
    """A person who has said they will sit at a meeting. Slot and `live` follow the meeting by the foreign key itself."""

    __tablename__ = "meeting_delegates"
    __table_args__ = (
        ForeignKeyConstraint(
            ["meeting_id", "slot_id", "live"],
            ["meetings.id", "meetings.slot_id", "meetings.live"],
            name="fk_meeting_delegates_meeting",
            onupdate="CASCADE",
        ),
        UniqueConstraint("meeting_id", "account_id"),
        UniqueConstraint("slot_id", "account_id", "live", name="uq_meeting_delegates_person"),
    )

    meeting_id: Mapped[UUID]
    slot_id: Mapped[UUID]
    live: Mapped[bool | None] = mapped_column(default=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    label: Mapped[str]


class Absence(Identified, Base):
    """A party that cannot meet in a slot."""

    __tablename__ = "meeting_absences"
    __table_args__ = (UniqueConstraint("slot_id", "party_id"),)

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"), index=True)
    slot_id: Mapped[UUID] = mapped_column(ForeignKey("meeting_slots.id", ondelete="CASCADE"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by_label: Mapped[str]


class TimetablePlan(Identified, Base):
    """One planning of a fair's day: who asked, what came of it, and who found no seat and why."""

    __tablename__ = "timetable_plans"
    __table_args__ = (CheckConstraint("(stored_at IS NULL) = (summary IS NULL)", name="stored_whole"),)

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"), index=True)
    job_id: Mapped[UUID] = mapped_column(unique=True)
    seed: Mapped[int]
    time_limit: Mapped[int]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime] = mapped_column(default=clock.now)
    stored_at: Mapped[datetime | None]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    unplaced: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
