"""What editions take and show."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.editions.settings import EditionSettings

WEIGHTS = "2026-1"


class EditionDraft(BaseModel):
    """A new edition of the fair."""

    model_config = ConfigDict(extra="forbid")

    code: str = Field(pattern=r"^\d{4}[a-z]?$", examples=["2026"])
    name: str = Field(min_length=2, max_length=80)
    ordinal: int = Field(ge=1, le=1000)
    city_path: str = Field(default="3201", pattern=r"^\d{4}$")
    call_opens_on: date
    call_closes_on: date
    fair_opens_on: date
    fair_closes_on: date
    weights_version: str = Field(default=WEIGHTS, min_length=1, max_length=40)
    settings: EditionSettings = EditionSettings()


class EditionChange(BaseModel):
    """What may change on an edition. `settings` is replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(default=None, min_length=2, max_length=80)
    call_opens_on: date | None = None
    call_closes_on: date | None = None
    fair_opens_on: date | None = None
    fair_closes_on: date | None = None
    weights_version: str | None = Field(default=None, min_length=1, max_length=40)
    settings: EditionSettings | None = None


class EditionView(BaseModel):
    """An edition with the rules in force."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    name: str
    ordinal: int
    city_path: str
    call_opens_on: date
    call_closes_on: date
    fair_opens_on: date
    fair_closes_on: date
    weights_version: str
    settings: EditionSettings
    version: int


class WorkingDays(BaseModel):
    """The n-th working day after a date."""

    after: date
    count: int
    day: date
    calendar_announced: bool
