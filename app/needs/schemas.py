"""What needs and surveys take and show."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import Category, NeedDimension, NeedOrigin, SurveyChannel, TargetGroup, Urgency
from app.needs.models import NeedState

_IN = ConfigDict(extra="forbid")


class NeedDraft(BaseModel):
    """A need to collect. Names, telephone numbers and illnesses of single persons do not belong in it."""

    model_config = _IN

    title: str = Field(min_length=2, max_length=80)
    description: str = Field(min_length=5, max_length=4000)
    origin: NeedOrigin = NeedOrigin.RESIDENT
    category: Category | None = None
    target_groups: list[TargetGroup] = Field(default_factory=list, max_length=20)
    dimension: NeedDimension | None = None
    area_path: str = Field(max_length=100)
    urgency: Urgency = Urgency.NORMAL
    persons: int | None = Field(default=None, ge=1, le=10_000_000)
    deliberation: str | None = Field(default=None, max_length=2000)


class NeedChange(BaseModel):
    """What may change on a need while it is collected."""

    model_config = _IN

    title: str | None = Field(default=None, min_length=2, max_length=80)
    description: str | None = Field(default=None, min_length=5, max_length=4000)
    category: Category | None = None
    target_groups: list[TargetGroup] | None = Field(default=None, max_length=20)
    dimension: NeedDimension | None = None
    urgency: Urgency | None = None
    persons: int | None = Field(default=None, ge=1, le=10_000_000)
    deliberation: str | None = Field(default=None, max_length=2000)


class NeedView(BaseModel):
    """A need. `project_ids` are shown to the officials of its area; nobody sees who raised it."""

    id: UUID
    number: str
    title: str
    description: str
    origin: NeedOrigin
    category: Category | None
    target_groups: list[TargetGroup]
    dimension: NeedDimension | None
    area_path: str
    urgency: Urgency
    persons: int | None
    deliberation: str | None
    state: NeedState
    state_since: datetime
    answer: str | None
    merged_into_id: UUID | None
    survey_id: UUID | None
    supporters: int
    is_mine: bool
    project_ids: list[UUID]
    created_at: datetime
    version: int


class CellDraft(BaseModel):
    """Of one group, how many were asked and how many want something in one dimension."""

    model_config = _IN

    target_group: TargetGroup
    dimension: NeedDimension
    asked: int = Field(ge=1, le=10_000_000)
    wanting: int = Field(ge=0, le=10_000_000)


class SurveyDraft(BaseModel):
    """The result of a survey: a matrix of groups and dimensions."""

    model_config = _IN

    title: str = Field(min_length=2, max_length=80)
    area_path: str = Field(max_length=100)
    conducted_on: date
    channel: SurveyChannel
    respondents: int = Field(ge=1, le=10_000_000)
    cells: list[CellDraft] = Field(min_length=1, max_length=500)


class CellView(BaseModel):
    """One cell. Counts below 5 are hidden from whoever is not an official of the area."""

    target_group: TargetGroup
    dimension: NeedDimension
    asked: int | None
    wanting: int | None
    share_percent: int | None


class SurveyView(BaseModel):
    """A survey with its matrix."""

    id: UUID
    title: str
    area_path: str
    conducted_on: date
    channel: SurveyChannel
    respondents: int
    cells: list[CellView]
    version: int


class CellChoice(BaseModel):
    """A cell to turn into a need."""

    model_config = _IN

    target_group: TargetGroup
    dimension: NeedDimension


class NeedsOfSurvey(BaseModel):
    """Cells of a survey to turn into needs."""

    model_config = _IN

    cells: list[CellChoice] = Field(min_length=1, max_length=100)
