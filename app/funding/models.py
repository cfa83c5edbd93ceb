"""Year sources, funding lines, allocations to projects, and the append-only ledger.

Three sums hold at every commit, refused by the services with a reason and by the database in the last resort
(migrations, `check_funding`): lines of a source ≤ what may be committed of it; allocations of a line ≤ the line; of an
earmarked source, what goes to other purposes ≤ what the earmark leaves free.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.codes import Category, FundingSource
from app.kernel import clock
from app.kernel.database import Base, Versioned, one_of


class Measure(StrEnum):
    """The measures of money that never mix (DOMAIN.md §1 S1-4, §5 invariant 19)."""

    OFFERED = "offered"
    NEGOTIATED = "negotiated"
    CONTRACTED = "contracted"
    PAID = "paid"
    REFUNDED = "refunded"


ELDERLY_SHARE = 50
RELIEF_SHARE = 2


class YearSource(Versioned, Base):
    """The money of one source in one year: where it comes from and what binds it.

    At least `earmark_percent` of the amount is kept for `earmark_categories`; at most `commit_percent` of it may be cut into
    lines. Welfare lottery money keeps half for elderly care; of relief money at most 2 % may buy services.
    """

    __tablename__ = "funding_sources"
    __table_args__ = (
        one_of("source", FundingSource),
        CheckConstraint("amount_fen >= 0", name="amount"),
        CheckConstraint("earmark_percent BETWEEN 0 AND 100", name="earmark_percent"),
        CheckConstraint("commit_percent BETWEEN 0 AND 100", name="commit_percent"),
        CheckConstraint(
            "(earmark_percent = 0) = (earmark_categories = '{}')", name="earmark_names_its_purpose"
        ),
        CheckConstraint(
            f"source <> 'lottery_fund' OR (earmark_percent >= {ELDERLY_SHARE}"
            f" AND earmark_categories <@ ARRAY['{Category.ELDERLY_CARE}'])",
            name="lottery_serves_the_elderly",
        ),
        CheckConstraint(
            f"NOT is_relief OR commit_percent <= {RELIEF_SHARE}", name="relief_purchase_is_capped"
        ),
        Index("uq_funding_sources_once", "year", "source", "area_path", "name", unique=True),
    )

    year: Mapped[int]
    source: Mapped[str]
    name: Mapped[str]
    area_path: Mapped[str] = mapped_column(ForeignKey("areas.path"))
    funder_id: Mapped[UUID | None] = mapped_column(ForeignKey("parties.id"), index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    is_relief: Mapped[bool] = mapped_column(default=False)
    earmark_categories: Mapped[list[str]] = mapped_column(default=list)
    earmark_percent: Mapped[int] = mapped_column(default=0)
    commit_percent: Mapped[int] = mapped_column(default=100)

    @property
    def committable_fen(self) -> int:
        """How much of the year's amount may be cut into lines."""
        return self.amount_fen * self.commit_percent // 100

    @property
    def unearmarked_fen(self) -> int:
        """How much may be committed to other purposes than the earmarked ones."""
        return self.amount_fen * (100 - self.earmark_percent) // 100


class FundingLine(Versioned, Base):
    """A part of a year source set aside for projects of one area in one edition."""

    __tablename__ = "funding_lines"
    __table_args__ = (
        CheckConstraint("amount_fen >= 0", name="amount"),
        Index("ix_funding_lines_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
        Index("ix_funding_lines_edition_code_source_id", "edition_code", "source_id"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    source_id: Mapped[UUID] = mapped_column(ForeignKey("funding_sources.id"), index=True)
    edition_code: Mapped[str] = mapped_column(ForeignKey("editions.code"))
    area_path: Mapped[str] = mapped_column(ForeignKey("areas.path"))
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None]


class Allocation(Versioned, Base):
    """Money of a line committed to a project. Once released, only what the project had spent stays committed."""

    __tablename__ = "funding_allocations"
    __table_args__ = (
        one_of("category", Category),
        CheckConstraint("amount_fen > 0", name="amount"),
        CheckConstraint("released_fen BETWEEN 0 AND amount_fen", name="released"),
        CheckConstraint("released_fen = 0 OR released_at IS NOT NULL", name="released_at"),
        Index(
            "uq_funding_allocations_once",
            "project_id",
            "line_id",
            unique=True,
            postgresql_where=text("released_at IS NULL"),
        ),
    )

    line_id: Mapped[UUID] = mapped_column(ForeignKey("funding_lines.id"), index=True)
    project_id: Mapped[UUID] = mapped_column(index=True)
    category: Mapped[str]
    area_path: Mapped[str]
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    released_fen: Mapped[int] = mapped_column(BigInteger, default=0)
    released_at: Mapped[datetime | None]

    @property
    def committed_fen(self) -> int:
        return self.amount_fen - self.released_fen


class LedgerEntry(Base):
    """One act of money on one project. Nothing here is ever changed: a correction is a further entry.

    `amount_fen` is the change (payments and refunds are positive; the plans may fall), `balance_fen` the project's total of this
    measure after it, `turn` its place among the project's entries: a missing or altered entry breaks the row, and of two
    people who post at once on what both have read, one is refused.
    """

    __tablename__ = "funding_ledger"
    __table_args__ = (
        one_of("measure", Measure),
        CheckConstraint("amount_fen <> 0", name="amount"),
        CheckConstraint(
            "measure NOT IN ('paid', 'refunded') OR amount_fen > 0", name="money_moved_is_positive"
        ),
        CheckConstraint("balance_fen >= 0", name="balance"),
        CheckConstraint("turn > 0", name="turn"),
        Index("uq_funding_ledger_turn", "project_id", "turn", unique=True),
        Index(
            "uq_funding_ledger_reference",
            "project_id",
            "measure",
            "reference",
            unique=True,
            postgresql_where=text("measure IN ('paid', 'refunded')"),
        ),
        Index("ix_funding_ledger_area_path", "area_path", postgresql_ops={"area_path": "text_pattern_ops"}),
    )

    entry_id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    domain_at: Mapped[datetime] = mapped_column(default=clock.now)
    measure: Mapped[str]
    project_id: Mapped[UUID]
    contract_id: Mapped[UUID | None] = mapped_column(index=True)
    amount_fen: Mapped[int] = mapped_column(BigInteger)
    balance_fen: Mapped[int] = mapped_column(BigInteger)
    turn: Mapped[int]
    reference: Mapped[str]
    area_path: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_label: Mapped[str]
