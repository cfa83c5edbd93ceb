"""Donations and their uses.

What was given is counted in hundredths of its unit (of 元: fen), whatever it is. No more is used than was received, and only for the
purpose the donor named: the services judge it under a lock, the database refuses it (migrations, `check_donation`).
"""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import Category, DonationKind
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, one_of

YUAN = "元"
"""The unit of money."""


class DonationState(StrEnum):
    OFFERED = "offered"
    RECEIVED = "received"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Donation(Stated, Base):
    """Something given for the work of the fair, with the purpose it is bound to (`purpose_*`; empty: any project of the area).

    The donor is a party, a name, or nobody. Of an anonymous one only those who keep the donation are told.
    """

    __tablename__ = "donations"
    __table_args__ = (
        one_of("state", DonationState),
        one_of("kind", DonationKind),
        CheckConstraint("offered > 0", name="offered"),
        CheckConstraint("received >= 0", name="received"),
        CheckConstraint("used BETWEEN 0 AND received", name="used_within_received"),
        CheckConstraint("value_fen >= 0", name="value"),
        CheckConstraint(f"(kind = 'money') = (unit = '{YUAN}')", name="money_in_yuan"),
        CheckConstraint(
            "kind <> 'money' OR value_fen = CASE WHEN received > 0 THEN received ELSE offered END",
            name="money_is_its_value",
        ),
        CheckConstraint("state IN ('received', 'closed') OR received = 0", name="received_when_received"),
        CheckConstraint("state <> 'closed' OR report IS NOT NULL", name="closed_with_a_report"),
        CheckConstraint(
            "donor_id IS NOT NULL OR donor_name IS NOT NULL OR anonymous", name="donor_or_nobody"
        ),
        Index("ix_donations_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    title: Mapped[str]
    area_path: Mapped[str] = mapped_column(ForeignKey("areas.path"))
    donor_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    donor_name: Mapped[str | None]
    anonymous: Mapped[bool]
    offered: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    used: Mapped[int] = mapped_column(BigInteger, default=0)
    unit: Mapped[str]
    value_fen: Mapped[int] = mapped_column(BigInteger)
    purpose: Mapped[str | None]
    purpose_categories: Mapped[list[str]] = mapped_column(default=list)
    purpose_project_id: Mapped[UUID | None] = mapped_column(ForeignKey("projects.id"), index=True)
    valid_to: Mapped[date | None]
    report: Mapped[str | None]

    @property
    def free(self) -> int:
        """What is left of what was received."""
        return self.received - self.used


class DonationUse(Identified, Base):
    """What of a donation went to a project. Never changed: what was entered in error is given back by a further row."""

    __tablename__ = "donation_uses"
    __table_args__ = (
        one_of("category", Category),
        CheckConstraint("CASE WHEN reverses_id IS NULL THEN amount > 0 ELSE amount < 0 END", name="amount"),
    )

    donation_id: Mapped[UUID] = mapped_column(ForeignKey("donations.id"), index=True)
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    project_number: Mapped[str]
    category: Mapped[str]
    amount: Mapped[int] = mapped_column(BigInteger)
    used_on: Mapped[date]
    note: Mapped[str]
    reverses_id: Mapped[UUID | None] = mapped_column(ForeignKey("donation_uses.id"), unique=True)
    entered_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
