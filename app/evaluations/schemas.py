"""What evaluations take and show. No view holds a score before scoring is closed, save a scorer's own sheet."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)

from app.catalogue.codes import EvaluationPhase, Grade, SurveyChannel
from app.evaluations.models import Basis, EvaluationState, RespondentKind, ScoringSide
from app.kernel.clock import local
from app.kernel.fields import wrong

Moment = Annotated[AwareDatetime, AfterValidator(local)]
Points = Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)]
TAKEN = ConfigDict(extra="forbid")
SHOWN = ConfigDict(from_attributes=True)


class Criterion(BaseModel):
    """One criterion and its weight."""

    model_config = TAKEN

    code: str = Field(pattern=r"^[a-z][a-z_]{1,39}$")
    zh: str = Field(min_length=1, max_length=40)
    en: str = Field(min_length=1, max_length=80)
    weight: int = Field(ge=1, le=100)
    basis: Basis = Basis.SCORERS


class SchemeDraft(BaseModel):
    """A new version of the scheme of one phase."""

    model_config = TAKEN

    phase: EvaluationPhase
    name: str = Field(min_length=2, max_length=100)
    criteria: list[Criterion] = Field(min_length=1, max_length=30)
    side_weights: dict[ScoringSide, Annotated[int, Field(ge=0, le=100)]] | None = None


class SchemeView(BaseModel):
    model_config = SHOWN

    id: UUID
    phase: EvaluationPhase
    scheme_no: int
    name: str
    criteria: list[dict[str, Any]]
    side_weights: dict[str, int]
    current: bool


class EvaluationDraft(BaseModel):
    """An evaluator is asked to judge a contract."""

    model_config = TAKEN

    contract_id: UUID
    phase: EvaluationPhase
    evaluator_id: UUID
    due_on: date | None = None


class SheetDraft(BaseModel):
    """One side's points, a criterion each; `side` only where the scorer may speak for more than one."""

    model_config = TAKEN

    points: dict[str, Points] = Field(min_length=1, max_length=30)
    findings: str | None = Field(default=None, max_length=8000)
    misuse_of_funds: bool = False
    side: ScoringSide | None = None


class ScoreSheetView(BaseModel):
    model_config = SHOWN

    side: ScoringSide
    scorer: str
    points: dict[str, Decimal]
    findings: str | None
    misuse_of_funds: bool


class SatisfactionView(BaseModel):
    """The residents' index 0–100 with its 95 % interval: empty until there are enough replies.

    `suppressed` names the counts that are null because fewer than five persons could be recognized by them.
    """

    contract_id: UUID
    n: int | None
    persons: int | None
    needed: int | None
    published: bool
    index: Decimal | None
    low: Decimal | None
    high: Decimal | None
    suppressed: list[str] = []
    as_of: Moment


class AppealView(BaseModel):
    model_config = SHOWN

    grounds: str
    filed_side: str
    filed_at: Moment
    upheld: bool | None
    decision: str | None
    decided_at: Moment | None
    decided_by_label: str | None
    total_before: Decimal | None
    grade_before: Grade | None


class EvaluationView(BaseModel):
    """An evaluation; its result is null for whoever may not read it yet."""

    id: UUID
    number: str
    title: str
    state: EvaluationState
    state_since: Moment
    phase: EvaluationPhase
    attempt: int
    edition_code: str
    contract_id: UUID
    project_id: UUID
    area_path: str
    supplier_id: UUID
    supplier: str
    evaluator_id: UUID
    evaluator: str
    scheme: SchemeView
    due_on: date | None
    no_conflict_at: Moment | None
    sides_in: list[ScoringSide]
    closed_at: Moment | None
    appeal_until: date | None
    waived_at: Moment | None
    confirmed_at: Moment | None
    total: Decimal | None = None
    grade: Grade | None = None
    misuse_of_funds: bool | None = None
    corrected: bool
    satisfaction_index: Decimal | None = None
    satisfaction_low: Decimal | None = None
    satisfaction_high: Decimal | None = None
    satisfaction_n: int | None = None
    persons: int | None = None
    contacts: int | None = None
    completion_percent: Decimal | None = None
    suppressed: list[str] = Field(
        default=[], description="Null because fewer than five persons stand behind them"
    )
    version: int


class Correction(BaseModel):
    """The result as it should have been."""

    model_config = TAKEN

    total: Points | None = None
    misuse_of_funds: bool | None = None

    @model_validator(mode="after")
    def _corrects_something(self) -> Self:
        if self.total is None and self.misuse_of_funds is None:
            raise wrong(
                "nothing_corrected",
                "申诉成立须更正 total 或 misuse_of_funds。",
                "an upheld appeal corrects total or misuse_of_funds",
            )
        return self


class TokensDraft(BaseModel):
    """So many tokens to hand out to residents."""

    model_config = TAKEN

    contract_id: UUID
    count: int = Field(ge=1, le=1000)
    channel: SurveyChannel
    valid_days: int = Field(default=60, ge=1, le=366)


class TokensView(BaseModel):
    """The tokens: shown once, stored as digests."""

    contract_id: UUID
    channel: SurveyChannel
    expires_at: Moment
    tokens: list[str]


class ReplyDraft(BaseModel):
    """A resident's judgement with the token of the slip; no account, no name."""

    model_config = TAKEN

    token: str = Field(min_length=8, max_length=64)
    overall: int = Field(ge=1, le=10)
    scale: int = Field(default=5)
    answers: dict[str, Annotated[int, Field(ge=1, le=10)]] = Field(default_factory=dict, max_length=20)
    respondent_kind: RespondentKind = RespondentKind.BENEFICIARY
    comment: str | None = Field(default=None, max_length=500)

    @field_validator("scale")
    @classmethod
    def _five_or_ten(cls, value: int) -> int:
        if value not in (5, 10):
            raise wrong("scale", "量表只能为 5 分或 10 分。", "scale is 5 or 10")
        return value

    @model_validator(mode="after")
    def _on_the_scale(self) -> Self:
        if max([self.overall, *self.answers.values()]) > self.scale:
            raise wrong("above_scale", "评分超过量表上限。", "a score lies above the scale")
        return self


class ReplyTaken(BaseModel):
    """The judgement counts; thank you."""

    received: bool = True
