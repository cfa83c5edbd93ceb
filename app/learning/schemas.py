"""What learning takes and shows: a fit as a job, model versions with their reports."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

ModelState = Literal["candidate", "active", "retired"]


class FitDraft(BaseModel):
    """A fit to all outcomes so far; the latest `held_share` of the projects are held back to judge it."""

    model_config = ConfigDict(extra="forbid")

    held_share: float = Field(default=0.3, ge=0.1, le=0.5)
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class FitView(BaseModel):
    """A fit under way: follow its job."""

    job_id: UUID
    state: str
    job: str


class ModelVersionView(BaseModel):
    """A fitted ranker and the report that speaks for or against it."""

    id: UUID
    name: str
    state: ModelState
    sha256: str
    created_at: datetime
    activated_at: datetime | None
    replaces_id: UUID | None = Field(description="What a rollback returns to; null is the expert weights")
    report: dict[str, Any]
