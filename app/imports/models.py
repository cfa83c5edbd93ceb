"""Imports, the uploaded bytes, the previewed rows, and what senders have taught about their headers."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.imports.parsing import Status
from app.kernel import clock
from app.kernel.database import Base, Stated, one_of


class ImportState(StrEnum):
    """The life of an import."""

    UPLOADED = "uploaded"
    PREVIEWING = "previewing"
    PREVIEWED = "previewed"
    COMMITTING = "committing"
    COMMITTED = "committed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"


ENDED = (ImportState.FAILED, ImportState.CANCELLED, ImportState.UNDONE)
"""An import in one of these does not stand in the way of sending the same file again."""


class Import(Stated, Base):
    """One file sent to be imported, what was said about it, and what came of it."""

    __tablename__ = "imports"
    __table_args__ = (
        one_of("state", ImportState),
        Index(
            "uq_imports_request_key",
            "request_key",
            unique=True,
            postgresql_where=text("state NOT IN ('failed', 'cancelled', 'undone')"),
        ),
        Index("ix_imports_created_at_id", "created_at", "id"),
    )

    kind: Mapped[str]
    edition_code: Mapped[str] = mapped_column(ForeignKey("editions.code"))
    file_name: Mapped[str]
    sha256: Mapped[str]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    request_key: Mapped[str]
    sender_id: Mapped[UUID | None] = mapped_column(index=True)
    sender_label: Mapped[str]
    said: Mapped[dict[str, Any]]
    summary: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    problems: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    job_id: Mapped[UUID | None] = mapped_column(ForeignKey("jobs.id", ondelete="SET NULL"))
    applied_rows: Mapped[int] = mapped_column(default=0)
    all_or_nothing: Mapped[bool] = mapped_column(default=False)


class ImportPart(Base):
    """A piece of the uploaded bytes, kept for 30 days, for its sender alone."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    kept_since: Mapped[datetime] = mapped_column(default=clock.now)


class ImportRow(Base):
    """One row of the preview; after the commit, the provenance of what it became.

    `record` and `raw` stand as they were written, in the order of the sender's columns: nothing asks for a part of them.
    `thing_id` is the stored thing the row is about, or the id foreseen for a new one: a fact once `applied_rows` has passed it.
    """

    __tablename__ = "import_rows"
    __table_args__ = (
        one_of("status", Status),
        Index("ix_import_rows_import_id_status_place", "import_id", "status", "place"),
        Index("ix_import_rows_thing_id", "thing_id", postgresql_where=text("thing_id IS NOT NULL")),
    )

    import_id: Mapped[UUID] = mapped_column(ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True)
    sheet: Mapped[str]
    row: Mapped[int]
    status: Mapped[str]
    record: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    problems: Mapped[list[dict[str, Any]]]
    choices: Mapped[list[dict[str, Any]]]
    filled: Mapped[list[str]]
    raw: Mapped[dict[str, Any]] = mapped_column(JSON)
    change: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    thing_id: Mapped[UUID | None]


class TaughtHeader(Base):
    """A header one sender has mapped by hand: remembered for that sender's next file of the kind."""

    __tablename__ = "import_taught_headers"

    sender_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    header: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str | None]
    taught_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)
