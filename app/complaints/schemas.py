"""What complaints take and show."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.catalogue.codes import ComplaintKind
from app.complaints.models import ComplaintOutcome, ComplaintState, SubjectKind, Target
from app.kernel.clock import local

Moment = Annotated[AwareDatetime, AfterValidator(local)]
TAKEN = ConfigDict(extra="forbid")


class ComplaintDraft(BaseModel):
    """What happened, about whom. Without an account, or with `anonymous`, no name is kept."""

    model_config = TAKEN

    kind: ComplaintKind
    subject_kind: SubjectKind
    subject_id: UUID | None = None
    area_path: str | None = Field(
        default=None, max_length=200, description="Only when the subject is 'other'"
    )
    target: Target
    facts: str = Field(min_length=10, max_length=8000)
    evidence: list[Annotated[str, Field(max_length=500)]] = Field(default_factory=list, max_length=30)
    anonymous: bool = False


class ComplaintView(BaseModel):
    """A case as its reader may see it: facts for both sides and the bureaus, results for everyone once published."""

    id: UUID
    number: str
    kind: ComplaintKind
    state: ComplaintState
    state_since: Moment
    edition_code: str
    area_path: str
    subject_kind: SubjectKind
    subject_id: UUID | None
    subject_number: str | None
    target: Target
    complainant: str | None = None
    facts: str | None = None
    evidence: list[str] = []
    received_at: Moment
    due_on: date
    handler: str | None = None
    outcome: ComplaintOutcome | None
    result: str | None
    decided_at: Moment | None
    published_at: Moment | None
    agreement: str | None = None
    follow_up_on: date | None = None
    appeal_until: date | None
    appeal_grounds: str | None = None
    appeal_due_on: date | None
    appeal_result: str | None
    version: int


class Filed(BaseModel):
    """The case, and a receipt code with which even an unnamed complainant can ask how it stands. Shown once."""

    complaint: ComplaintView
    receipt: str


class Receipt(BaseModel):
    """The code of a receipt, in the body and never in an address."""

    model_config = TAKEN

    receipt: str = Field(min_length=8, max_length=64)


class Decision(BaseModel):
    """The data of `decide` and `decide_appeal`."""

    model_config = TAKEN

    outcome: ComplaintOutcome | None = None
    publish: bool = True


class Agreement(BaseModel):
    """The data of `agree`."""

    model_config = TAKEN

    agreement: str | None = Field(default=None, max_length=8000)
    follow_up_on: date | None = None
    publish: bool = False


class MeetingDraft(BaseModel):
    """One meeting of a mediation."""

    model_config = TAKEN

    held_at: AwareDatetime
    place: str = Field(min_length=1, max_length=200)
    attendees: list[Annotated[str, Field(max_length=100)]] = Field(min_length=2, max_length=50)
    minutes: str = Field(min_length=2, max_length=8000)


class MeetingView(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    held_at: Moment
    place: str
    attendees: list[str]
    minutes: str
    recorded_by: str
