"""Fairs, their booths, the projects listed in them, and who checked in. Being in a fair is a listing, not a state."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import FairZone
from app.kernel import clock
from app.kernel.database import Base, Identified, Stated, Versioned, one_of


class FairState(StrEnum):
    PLANNED = "planned"
    OPEN = "open"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Fair(Stated, Base):
    """One venue of one edition, with its days."""

    __tablename__ = "fairs"
    __table_args__ = (
        one_of("state", FairState),
        CheckConstraint("opens_on <= closes_on", name="days"),
        Index("ix_fairs_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    number: Mapped[str] = mapped_column(unique=True)
    edition_code: Mapped[str] = mapped_column(ForeignKey("editions.code"), index=True)
    name: Mapped[str]
    venue: Mapped[str]
    address: Mapped[str | None]
    area_path: Mapped[str]
    opens_on: Mapped[date]
    closes_on: Mapped[date]


class Booth(Versioned, Base):
    """A place in a zone. A party has at most one booth in a fair, and a booth at most one party."""

    __tablename__ = "fair_booths"
    __table_args__ = (
        one_of("zone", FairZone),
        UniqueConstraint("fair_id", "label"),
        Index(
            "uq_fair_booths_party",
            "fair_id",
            "party_id",
            unique=True,
            postgresql_where=text("party_id IS NOT NULL"),
        ),
    )

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"))
    zone: Mapped[str]
    label: Mapped[str]
    party_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"))


class Listing(Identified, Base):
    """A published project shown at a fair."""

    __tablename__ = "fair_listings"
    __table_args__ = (UniqueConstraint("fair_id", "project_id"),)

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"))
    project_id: Mapped[UUID] = mapped_column(ForeignKey("projects.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)


class CheckIn(Identified, Base):
    """A party that has come on a day."""

    __tablename__ = "fair_check_ins"
    __table_args__ = (UniqueConstraint("fair_id", "party_id", "day"),)

    fair_id: Mapped[UUID] = mapped_column(ForeignKey("fairs.id"))
    party_id: Mapped[UUID] = mapped_column(ForeignKey("parties.id"), index=True)
    day: Mapped[date]
    at: Mapped[datetime] = mapped_column(default=clock.now)
    by_label: Mapped[str]
