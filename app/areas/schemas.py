"""What areas take and show."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.areas.gazetteer import AreaLevel


class CommunityDraft(BaseModel):
    """A community to enter under its street."""

    model_config = ConfigDict(extra="forbid")

    street_path: str = Field(max_length=100)
    name: str = Field(min_length=2, max_length=60)


class AreaChange(BaseModel):
    """What may change on an area; names and places in the tree come from the gazetteer."""

    model_config = ConfigDict(extra="forbid")

    population: int | None = Field(default=None, ge=0, le=50_000_000)
    community_type: Literal["urban", "rural"] | None = None


class AreaView(BaseModel):
    """One place."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    level: AreaLevel
    parent_code: str | None
    path: str
    population: int | None
    community_type: Literal["urban", "rural"] | None
    version: int
