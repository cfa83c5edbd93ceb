"""What a negotiation takes and shows. Money is a string of yuan; quotes are only in views that rivals never get."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from app.catalogue.codes import (
    Initiator,
    OutputUnit,
    ProcurementMethod,
    TalkReason,
    TalkResult,
    TrancheTrigger,
)
from app.kernel.fields import wrong
from app.kernel.money import Fen
from app.negotiations.models import AwardState, Channel, IntentState, TableSide, TalkState

TAKEN = ConfigDict(extra="forbid")
SHOWN = ConfigDict(validate_by_alias=True, validate_by_name=True, from_attributes=True)

Ref = Annotated[str, Field(min_length=1, max_length=64, description="UUID or human number")]
Line = Annotated[str, Field(min_length=1, max_length=300)]


class IntentDraft(BaseModel):
    """Interest in a pair. An organization leaves `organization` out: it speaks for itself."""

    model_config = TAKEN

    project: Ref
    organization: Ref | None = None
    channel: Channel = Channel.PURCHASE
    initiated_by: Initiator | None = Field(default=None, description="The sender's own side when absent")
    quoted_fen: Fen | None = Field(default=None, alias="quoted_yuan")
    message: str = Field(default="", max_length=2000)
    fair_id: UUID | None = None


class Scheduling(BaseModel):
    """The data of the event `schedule`."""

    model_config = TAKEN

    meets_at: AwareDatetime | None = None
    place: str | None = Field(default=None, max_length=200)


class IntentView(BaseModel):
    """An intent as its two sides, the bureaus of the area and auditors see it."""

    model_config = SHOWN

    id: UUID
    number: str
    edition: str
    project_id: UUID
    project_number: str
    project_title: str
    organization_id: UUID
    organization_name: str
    round: int
    channel: Channel
    initiated_by: Initiator
    state: IntentState
    state_since: datetime
    quoted_fen: Fen | None = Field(alias="quoted_yuan")
    message: str
    fair_id: UUID | None
    answer_due_at: datetime
    expires_at: datetime
    meets_at: datetime | None
    place: str | None
    talked_at: datetime | None
    created_at: datetime
    version: int


class TalkDraft(BaseModel):
    """The record of a meeting, by one side; the other side confirms or disputes it."""

    model_config = TAKEN

    held_at: AwareDatetime
    duration_minutes: int | None = Field(default=None, ge=1, le=1440)
    place: str | None = Field(default=None, max_length=200)
    attendees_buyer: list[Line] = Field(default_factory=list, max_length=20)
    attendees_organization: list[Line] = Field(default_factory=list, max_length=20)
    minutes: str = Field(min_length=1, max_length=8000)
    offered_fen: Fen | None = Field(default=None, alias="offered_yuan")
    agreed_points: list[Line] = Field(default_factory=list, max_length=50)
    open_points: list[Line] = Field(default_factory=list, max_length=50)
    result: TalkResult
    reasons: list[TalkReason] = Field(default_factory=list, max_length=5)

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.result == TalkResult.NOT_AGREED and not self.reasons:
            raise wrong(
                "reasons_missing",
                "未达成一致时至少写明一项原因。",
                "name at least one reason why there is no agreement",
            )
        return self


class TalkView(BaseModel):
    """A talk with its notes: private to the two sides, the bureaus of the area and auditors."""

    model_config = SHOWN

    id: UUID
    intent_id: UUID
    state: TalkState
    recorded_by: TableSide
    held_at: datetime
    duration_minutes: int | None
    place: str | None
    attendees_buyer: list[str]
    attendees_organization: list[str]
    minutes: str
    offered_fen: Fen | None = Field(alias="offered_yuan")
    agreed_points: list[str]
    open_points: list[str]
    result: TalkResult
    reasons: list[TalkReason]
    buyer_confirmed_at: datetime | None
    organization_confirmed_at: datetime | None
    version: int


class TermOutput(BaseModel):
    """A promised amount of service."""

    model_config = TAKEN

    indicator: Line
    target: Decimal = Field(ge=0, max_digits=12, decimal_places=2)
    unit: OutputUnit | None = None


class TermTranche(BaseModel):
    """A part of the money and what releases it."""

    model_config = TAKEN

    percent: int = Field(ge=0, le=100)
    trigger: TrancheTrigger


class TermSheetDraft(BaseModel):
    """What one side would sign; the next version replaces it."""

    model_config = TAKEN

    amount_fen: Fen = Field(alias="amount_yuan")
    starts_on: date | None = None
    ends_on: date | None = None
    outputs: list[TermOutput] = Field(default_factory=list, max_length=50)
    tranches: list[TermTranche] = Field(default_factory=list, max_length=12)
    staff: str | None = Field(default=None, max_length=1000)
    special_terms: str | None = Field(default=None, max_length=4000)

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise wrong("ends_before_start", "结束日期早于开始日期。", "ends_on is before starts_on")
        if self.tranches and sum(tranche.percent for tranche in self.tranches) != 100:
            raise wrong("tranches_total", "各期比例之和须为 100%。", "the tranches add up to 100 percent")
        return self


class FieldChange(BaseModel):
    """One field that differs from the version before; null where it was absent."""

    pointer: str
    old: Any
    new: Any


class TermSheetView(BaseModel):
    """One version of the terms with what it changed."""

    model_config = SHOWN

    id: UUID
    intent_id: UUID
    sheet_no: int
    proposed_by: TableSide
    amount_fen: Fen = Field(alias="amount_yuan")
    terms: dict[str, Any]
    changes: list[FieldChange]
    created_at: datetime
    buyer_accepted_at: datetime | None
    organization_accepted_at: datetime | None
    agreed: bool


class ConflictDraft(BaseModel):
    """A signed statement: whether the signer is related to an organization that takes part (family, staff, former staff)."""

    model_config = TAKEN

    conflict: bool
    relation: str | None = Field(default=None, min_length=2, max_length=500)
    organizations: list[UUID] = Field(default_factory=list, max_length=50)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if self.conflict and self.relation is None:
            raise wrong("relation_missing", "须说明是何种关系。", "say what the relation is")
        return self


class ConflictView(BaseModel):
    """A statement on conflicts of interest."""

    model_config = SHOWN

    id: UUID
    project_id: UUID
    signer: str
    conflict: bool
    relation: str | None
    organization_ids: list[UUID]
    signed_at: datetime


class ExpertScore(BaseModel):
    """One expert's points in a grant round."""

    model_config = TAKEN

    expert: Line
    points: float = Field(ge=0, le=100)
    comment: str | None = Field(default=None, max_length=1000)


class AwardDraft(BaseModel):
    """A proposed award. `method` is the project's own when absent."""

    model_config = TAKEN

    organization: Ref
    amount_fen: Fen = Field(alias="amount_yuan")
    method: ProcurementMethod | None = None
    reason: str = Field(default="", max_length=4000)
    scores: list[ExpertScore] = Field(default_factory=list, max_length=30)


class Cancelling(BaseModel):
    """The data of the event `cancel`: where the project goes; negotiations go on while an intent is open.

    `withdrawn` takes the project off the market with its award, which is the bureau's to decide.
    """

    model_config = TAKEN

    to: Literal["negotiating", "published", "withdrawn"] | None = None


class AwardView(BaseModel):
    """An award. Everything here is public from the notice on, and shown to both sides before."""

    model_config = SHOWN

    id: UUID
    number: str
    edition: str
    project_id: UUID
    project_number: str
    project_title: str
    organization_id: UUID
    organization_name: str
    state: AwardState
    state_since: datetime
    round: int
    channel: Channel
    method: ProcurementMethod
    amount_fen: Fen = Field(alias="amount_yuan")
    reason: str
    bidders: int
    notice_from: date | None
    notice_to: date | None
    open_challenges: int
    confirmed_at: datetime | None
    cancelled_reason: str | None
    created_at: datetime
    version: int
    proposed_by_label: str | None
    confirmed_by_label: str | None
    scores: list[ExpertScore]
    recommendation: dict[str, Any] | None


class ShortlistItem(BaseModel):
    """One candidate as the buyer compares them."""

    model_config = SHOWN

    intent: IntentView
    talks_confirmed: int
    last_result: TalkResult | None
    offered_fen: Fen | None = Field(alias="offered_yuan")
    agreed_fen: Fen | None = Field(alias="agreed_yuan")
    agreed: bool
