"""What fairs take and show."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.catalogue.codes import FairZone

Label = Annotated[str, Field(min_length=1, max_length=20, examples=["C-07"])]


class FairDraft(BaseModel):
    """A venue of an edition, with its days."""

    model_config = ConfigDict(extra="forbid")

    edition: str = Field(max_length=20)
    name: str = Field(min_length=2, max_length=80)
    venue: str = Field(min_length=2, max_length=80)
    address: str | None = Field(default=None, max_length=200)
    area_path: str = Field(default="3201", max_length=200, pattern=r"^[0-9A-Za-z-]+(/[0-9A-Za-z-]+)*$")
    opens_on: date
    closes_on: date


class FairView(BaseModel):
    """A fair, as everyone may see it."""

    id: UUID
    number: str
    edition: str
    name: str
    venue: str
    address: str | None
    area_path: str
    opens_on: date
    closes_on: date
    state: str
    booths: int
    listed_projects: int
    checked_in_today: int
    version: int


class BoothDraft(BaseModel):
    """A booth, free or with its party."""

    model_config = ConfigDict(extra="forbid")

    zone: FairZone
    label: Label
    party_id: UUID | None = None


class BoothsDraft(BaseModel):
    """Booths to set up, all or none."""

    model_config = ConfigDict(extra="forbid")

    booths: list[BoothDraft] = Field(min_length=1, max_length=2000)


class BoothView(BaseModel):
    """A booth and who stands there."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    zone: FairZone
    label: str
    party_id: UUID | None
    version: int


class ListingsDraft(BaseModel):
    """Projects to show, by id; every published project of the edition when `all_published` is set."""

    model_config = ConfigDict(extra="forbid")

    project_ids: list[UUID] = Field(default_factory=list, max_length=5000)
    all_published: bool = False


class Listed(BaseModel):
    """How many projects are new at the fair."""

    listed: int


class CheckInDraft(BaseModel):
    """Who has come."""

    model_config = ConfigDict(extra="forbid")

    party_id: UUID


class CheckInView(BaseModel):
    """A party that is there today."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    party_id: UUID
    day: date
    at: datetime
