"""What funding takes and shows. Money is a decimal string of yuan outside and fen inside."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import Category, FundingSource
from app.funding.models import Measure
from app.kernel.money import Fen

_IN = ConfigDict(extra="forbid")
_OUT = ConfigDict(from_attributes=True, validate_by_alias=True, validate_by_name=True)


class SourceDraft(BaseModel):
    """The money of one source in one year. Lottery money keeps at least half for elderly care."""

    model_config = _IN

    year: int = Field(ge=2000, le=2100)
    source: FundingSource
    name: str = Field(min_length=2, max_length=80)
    area_path: str = Field(max_length=100)
    funder_id: UUID | None = None
    amount_fen: Fen = Field(alias="amount_yuan")
    is_relief: bool = False
    earmark_categories: list[Category] = Field(default_factory=list, max_length=17)
    earmark_percent: int = Field(default=0, ge=0, le=100)
    commit_percent: int = Field(default=100, ge=0, le=100)


class SourceChange(BaseModel):
    """What may change on a source: never below what is cut from it."""

    model_config = _IN

    name: str | None = Field(default=None, min_length=2, max_length=80)
    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")


class SourceView(BaseModel):
    """A year source: its rule, and how much of it is cut into lines and committed."""

    model_config = _OUT

    id: UUID
    year: int
    source: FundingSource
    name: str
    area_path: str
    funder_id: UUID | None
    amount_fen: Fen = Field(alias="amount_yuan")
    is_relief: bool
    earmark_categories: list[Category]
    earmark_percent: int
    commit_percent: int
    lines_fen: Fen = Field(alias="lines_yuan")
    committed_fen: Fen = Field(alias="committed_yuan")
    unearmarked_fen: Fen = Field(alias="unearmarked_committed_yuan")
    unearmarked_max_fen: Fen = Field(alias="unearmarked_max_yuan")
    version: int


class LineDraft(BaseModel):
    """A part of a year source for the projects of one area in one edition."""

    model_config = _IN

    source_id: UUID
    edition_code: str = Field(max_length=8)
    area_path: str = Field(max_length=100)
    name: str = Field(min_length=2, max_length=80)
    amount_fen: Fen = Field(alias="amount_yuan")


class LineChange(BaseModel):
    """What may change on a line: never below what is committed from it."""

    model_config = _IN

    name: str | None = Field(default=None, min_length=2, max_length=80)
    amount_fen: Fen | None = Field(default=None, alias="amount_yuan")
    closed: bool | None = None


class LineView(BaseModel):
    """A funding line: what it holds, what is committed, what is free."""

    model_config = _OUT

    id: UUID
    number: str
    name: str
    source_id: UUID
    source: FundingSource
    year: int
    funder_id: UUID | None
    edition_code: str
    area_path: str
    amount_fen: Fen = Field(alias="amount_yuan")
    committed_fen: Fen = Field(alias="committed_yuan")
    free_fen: Fen = Field(alias="free_yuan")
    closed_at: datetime | None
    version: int


class AllocationView(BaseModel):
    """Money of a line committed to a project."""

    model_config = _OUT

    id: UUID
    line_id: UUID
    project_id: UUID
    category: Category
    amount_fen: Fen = Field(alias="amount_yuan")
    released_fen: Fen = Field(alias="released_yuan")
    committed_fen: Fen = Field(alias="committed_yuan")
    version: int


class LedgerView(BaseModel):
    """One entry of the ledger. Amounts may be negative where a plan fell."""

    entry_id: int
    at: datetime
    measure: Measure
    project_id: UUID
    contract_id: UUID | None
    amount_yuan: str
    balance_yuan: str
    reference: str
    actor: str


class TotalsView(BaseModel):
    """The measures side by side; none is ever added to another."""

    as_of: datetime
    entries: int
    offered_fen: Fen = Field(alias="offered_yuan")
    negotiated_fen: Fen = Field(alias="negotiated_yuan")
    contracted_fen: Fen = Field(alias="contracted_yuan")
    paid_fen: Fen = Field(alias="paid_yuan")
    refunded_fen: Fen = Field(alias="refunded_yuan")

    model_config = _OUT
