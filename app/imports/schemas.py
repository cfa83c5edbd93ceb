"""What an import takes and shows."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.imports.models import ImportState
from app.imports.parsing import Status

Kind = Literal["projects", "organizations", "needs"]
Unit = Literal["元", "千元", "万元", "百万元", "亿元"]


class Said(BaseModel):
    """What a person says about a file; everything said stands before what is detected.

    `mapping`: header → field of the record, null to leave a column out. `units`: field, header or '*' → unit.
    `choices`: 'sheet!row' → field → the chosen value ('row': 'keep' or 'skip' for near duplicates). `sheets`: those to read.
    """

    model_config = ConfigDict(extra="forbid")

    mapping: dict[str, str | None] = Field(default_factory=dict, max_length=500)
    units: dict[str, Unit] = Field(default_factory=dict, max_length=500)
    choices: dict[str, dict[str, Any]] = Field(default_factory=dict, max_length=20_000)
    sheets: list[str] | None = Field(default=None, max_length=200)


class ImportChange(BaseModel):
    """What to preview again with: what is sent is added to what was said before; `sheets` is replaced."""

    model_config = ConfigDict(extra="forbid")

    mapping: dict[str, str | None] | None = Field(default=None, max_length=500)
    units: dict[str, Unit] | None = Field(default=None, max_length=500)
    choices: dict[str, dict[str, Any]] | None = Field(default=None, max_length=20_000)
    sheets: list[str] | None = Field(default=None, max_length=200)


class Commit(BaseModel):
    """`all_or_nothing`: refuse when any row is rejected."""

    model_config = ConfigDict(extra="forbid")

    all_or_nothing: bool = False


class RowProblemView(BaseModel):
    """One thing about one cell or row."""

    code: str
    severity: Literal["warning", "error", "choice"]
    field: str | None
    cell: str | None
    message: str
    message_en: str
    suggestion: str | None


class ColumnView(BaseModel):
    """One column of a sheet and what it feeds."""

    letters: str
    header: str
    field: str | None
    unit: str | None


class SheetView(BaseModel):
    """How a sheet was read, or why not."""

    name: str
    used: bool
    hidden: bool
    reason: str | None
    header_row: int | None
    header_height: int | None
    title: str | None
    unit: str | None
    district: str | None
    year: int | None
    sender: str | None
    reported_on: date | None
    columns: list[ColumnView]


class TotalView(BaseModel):
    """A total the sender wrote beside the sum of the rows."""

    sheet: str
    row: int
    label: str
    stated_yuan: str | None
    computed_yuan: str
    difference_yuan: str | None
    unreadable_rows: int


class Counts(BaseModel):
    """Rows in all and by status."""

    rows: int
    ready: int
    warned: int
    rejected: int
    skipped: int


class PreviewView(BaseModel):
    """What an import of the file would do, apart from its rows."""

    kind: str
    edition_year: int
    format: str
    encoding: str | None
    delimiter: str | None
    compared: bool
    counts: Counts
    sheets: list[SheetView]
    totals: list[TotalView]
    problems: list[RowProblemView]


class ImportResult(BaseModel):
    """What a commit has written."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0


class ImportView(BaseModel):
    """One import."""

    id: UUID
    kind: Kind
    edition: str
    file_name: str
    sha256: str
    size_bytes: int
    state: ImportState
    state_since: datetime
    sender: str
    said: Said
    preview: PreviewView | None
    result: ImportResult | None
    problems: list[dict[str, Any]]
    job_id: UUID | None
    version: int
    created_at: datetime
    links: dict[str, str]


class RowView(BaseModel):
    """One row of a preview."""

    sheet: str
    row: int
    status: Status
    record: dict[str, Any] | None
    problems: list[RowProblemView]
    choices: list[dict[str, Any]]
    filled: list[str]
    raw: dict[str, Any]
    change: dict[str, Any] | None
    thing_id: UUID | None
