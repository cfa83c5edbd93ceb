"""Volunteers, what they can be called to, the hours they gave, and their time accounts.

Time is counted in half hours, as money is in fen. Whatever the services promise under a lock the database holds as well: no two
live records of one volunteer overlap, nobody enters or verifies hours of their own (migrations, `check_hours`), no balance
falls below zero, and no entry of an account is ever changed.
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import HourScheme, TimeKind, VolunteerKind
from app.kernel import clock
from app.kernel.database import Base, Stated, Versioned, one_of

MOST_HALF_HOURS = 48
"""A day."""
LONG_DAY = 16
"""Half hours of one day above which somebody should look twice."""


class HoursState(StrEnum):
    RECORDED = "recorded"
    VERIFIED = "verified"
    REFUSED = "refused"
    VOIDED = "voided"


LIVE = (HoursState.RECORDED, HoursState.VERIFIED)
"""Records that take up the volunteer's time."""


class Volunteer(Versioned, Base):
    """A volunteer in the register of an organization: a number, a name to call them by, nothing else of the person.

    `account_id` is the account they sign in with, where they have one. Once erased, the number and the hours stay, the person is gone.
    """

    __tablename__ = "volunteers"
    __table_args__ = (
        one_of("kind", VolunteerKind),
        CheckConstraint("(erased_at IS NULL) = (display_name IS NOT NULL)", name="named_until_erased"),
        CheckConstraint("erased_at IS NULL OR account_id IS NULL", name="erased_has_no_account"),
        UniqueConstraint("id", "kind"),
        Index("ix_volunteers_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    display_name: Mapped[str | None]
    account_id: Mapped[UUID | None] = mapped_column(unique=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    area_path: Mapped[str]
    consented_on: Mapped[date]
    erased_at: Mapped[datetime | None]


class Activity(Versioned, Base):
    """Something volunteers are called to: by an organization for itself, or as part of its contract."""

    __tablename__ = "volunteer_activities"
    __table_args__ = (
        CheckConstraint("ends_on >= starts_on", name="ends_after_start"),
        Index(
            "ix_volunteer_activities_area_path",
            "area_path",
            postgresql_ops={"area_path": "text_pattern_ops"},
        ),
    )

    title: Mapped[str]
    content: Mapped[str]
    place: Mapped[str]
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    contract_id: Mapped[UUID | None] = mapped_column(ForeignKey("contracts.id"), index=True)
    area_path: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class HourRecord(Stated, Base):
    """Time one volunteer gave to one activity, entered by somebody else and verified by a third person."""

    __tablename__ = "volunteer_hours"
    __table_args__ = (
        one_of("state", HoursState),
        one_of("scheme", HourScheme),
        CheckConstraint(f"half_hours BETWEEN 1 AND {MOST_HALF_HOURS}", name="at_most_a_day"),
        CheckConstraint(
            "extract(epoch FROM ends_at - starts_at) = half_hours * 1800", name="as_long_as_said"
        ),
        CheckConstraint("verified_by <> recorded_by", name="verified_by_another"),
        CheckConstraint(
            "(state IN ('verified', 'voided')) = (verified_by IS NOT NULL AND verified_at IS NOT NULL)",
            name="verified_by_somebody",
        ),
        Index("ix_volunteer_hours_volunteer_id_starts_at", "volunteer_id", "starts_at"),
        Index("ix_volunteer_hours_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    volunteer_id: Mapped[UUID] = mapped_column(ForeignKey("volunteers.id"))
    activity_id: Mapped[UUID] = mapped_column(ForeignKey("volunteer_activities.id"), index=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    area_path: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    half_hours: Mapped[int]
    scheme: Mapped[str]
    content: Mapped[str]
    long_day: Mapped[bool]
    recorded_by: Mapped[UUID]
    verified_by: Mapped[UUID | None]
    verified_at: Mapped[datetime | None]


class TimeEntry(Base):
    """One act on one time account. Nothing here is ever changed: a correction is a further entry.

    `half_hours` is the change, `balance` what lies in the account after it, `turn` its place among the account's entries: of two people
    who spend at once what both have read, one is refused. `cap` is what the account could hold at that moment (none for a team).
    """

    __tablename__ = "volunteer_time"
    __table_args__ = (
        one_of("kind", TimeKind),
        ForeignKeyConstraint(
            ["volunteer_id", "holder_kind"],
            ["volunteers.id", "volunteers.kind"],
            name="fk_volunteer_time_holder",
        ),
        CheckConstraint("half_hours <> 0", name="half_hours"),
        CheckConstraint("balance >= 0", name="balance"),
        CheckConstraint("turn > 0", name="turn"),
        CheckConstraint("half_hours < 0 OR balance <= cap", name="cap"),
        CheckConstraint("(holder_kind = 'person') = (cap IS NOT NULL)", name="cap_of_a_person"),
        CheckConstraint(
            "CASE kind WHEN 'credit' THEN half_hours > 0 WHEN 'debit' THEN half_hours < 0"
            " WHEN 'donate' THEN half_hours < 0 ELSE true END",
            name="direction",
        ),
        CheckConstraint(
            "holder_kind = 'person' OR kind IN ('credit', 'donate', 'adjust')", name="a_team_only_donates"
        ),
        CheckConstraint("kind <> 'credit' OR hours_id IS NOT NULL", name="credited_for_hours"),
        CheckConstraint(
            "(kind = 'transfer') = (counterpart_id IS NOT NULL)", name="transfer_names_its_other_side"
        ),
        CheckConstraint("counterpart_id <> volunteer_id", name="not_to_oneself"),
        UniqueConstraint("volunteer_id", "turn"),
        Index(
            "uq_volunteer_time_one_credit",
            "hours_id",
            unique=True,
            postgresql_where=text("kind = 'credit'"),
        ),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    domain_at: Mapped[datetime] = mapped_column(default=clock.now)
    volunteer_id: Mapped[UUID]
    holder_kind: Mapped[str]
    kind: Mapped[str]
    half_hours: Mapped[int]
    balance: Mapped[int]
    cap: Mapped[int | None]
    turn: Mapped[int]
    hours_id: Mapped[UUID | None] = mapped_column(ForeignKey("volunteer_hours.id"))
    counterpart_id: Mapped[UUID | None] = mapped_column(ForeignKey("volunteers.id"))
    note: Mapped[str | None]
    actor_id: Mapped[UUID | None]
