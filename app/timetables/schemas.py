"""What timetables take and show. Nothing of what is offered or said is in it."""

from datetime import date, datetime, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.catalogue.codes import FairZone
from app.timetables.models import MeetingState, MissedBy

TAKEN = ConfigDict(extra="forbid")


class TablePattern(BaseModel):
    """Tables in a row: `prefix` and a running number from `first` on."""

    model_config = TAKEN

    prefix: str = Field(default="T-", max_length=12, examples=["A-"])
    first: int = Field(default=1, ge=0, le=9_000)
    count: int = Field(ge=1, le=1_000)
    zone: FairZone | None = FairZone.NEGOTIATION
    seats: int = Field(default=4, ge=2, le=50)


class Gap(BaseModel):
    """A stretch of the day without slots, such as lunch."""

    model_config = TAKEN

    starts: time = Field(examples=["11:40"])
    ends: time = Field(examples=["13:30"])

    @model_validator(mode="after")
    def _in_order(self) -> "Gap":
        if self.starts >= self.ends:
            raise ValueError("a gap ends after it starts")
        return self


class SlotPattern(BaseModel):
    """Slots one after the other, `count` on each day, in China's time; none overlaps a gap. All days of the fair by default."""

    model_config = TAKEN

    days: list[date] | None = Field(default=None, min_length=1, max_length=60)
    first_start: time = Field(default=time(9), examples=["09:00"])
    minutes: int = Field(default=8, ge=1, le=480)
    pause_minutes: int = Field(default=2, ge=0, le=240)
    count: int = Field(ge=1, le=300)
    gaps: list[Gap] = Field(default_factory=list, max_length=20)


class HallDraft(BaseModel):
    """Tables, slots, or both, added to what stands: all or none."""

    model_config = TAKEN

    tables: TablePattern | None = None
    slots: SlotPattern | None = None


class HallView(BaseModel):
    """How large the hall is and how well it is used. `use` is meetings held ÷ seats offered so far, `no_show` missed ÷ (held + missed)."""

    fair: str
    tables: int
    slots: int
    seats_offered: int
    seats_over: int
    planned: int
    held: int
    missed: int
    waiting: int = Field(description="Accepted pairs of listed projects that have no seat yet")
    use: float | None
    no_show: float | None


class TableView(BaseModel):
    """A table."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    no: int
    label: str
    zone: FairZone | None
    seats: int


class SlotView(BaseModel):
    """A slot."""

    id: UUID
    starts_at: datetime
    ends_at: datetime


class FreeSeatView(BaseModel):
    """A slot in which both sides are free, with the first free table."""

    slot_id: UUID
    starts_at: datetime
    table_id: UUID
    table: str


class AbsenceDraft(BaseModel):
    """A party cannot come in these slots."""

    model_config = TAKEN

    party_id: UUID
    slot_ids: list[UUID] = Field(min_length=1, max_length=1_000)


class AbsenceView(BaseModel):
    """An absence; `meeting` is the one that is planned against it and should be moved."""

    id: UUID
    party_id: UUID
    party: str
    slot_id: UUID
    starts_at: datetime
    meeting: str | None


class SeatDraft(BaseModel):
    """A seat for a pair: a slot and a table (any free one when none is named). A seat taken by hand is kept by later plans."""

    model_config = TAKEN

    intent: str = Field(max_length=64, description="UUID or human number")
    slot_id: UUID
    table_id: UUID | None = None
    pinned: bool = True


class MeetingChange(BaseModel):
    """Whether plans leave the meeting where it is."""

    model_config = TAKEN

    pinned: bool


class SeatChange(BaseModel):
    """The data of the event `move`: another slot, another table, or both."""

    model_config = TAKEN

    slot_id: UUID | None = None
    table_id: UUID | None = None


class NoShow(BaseModel):
    """The data of the event `miss`: who did not come."""

    model_config = TAKEN

    by: MissedBy


class FairMeetingView(BaseModel):
    """Who meets whom about what, when and where."""

    id: UUID
    number: str
    fair: str
    state: MeetingState
    starts_at: datetime
    ends_at: datetime
    slot_id: UUID
    table_id: UUID
    table: str
    intent_id: UUID
    intent_number: str
    project_number: str
    project_title: str
    buyer_id: UUID
    buyer_name: str
    organization_id: UUID
    organization_name: str
    pinned: bool
    delegates: list[str]
    missed_by: MissedBy | None
    version: int


class OrderLine(BaseModel):
    """One line of a printed running order."""

    day: date
    time: Annotated[str, Field(examples=["09:10–09:18"])]
    table: str
    buyer: str
    organization: str
    project: str
    number: str
    state: MeetingState


class WaitingView(BaseModel):
    """An accepted pair of a listed project that has no seat."""

    intent_id: UUID
    intent_number: str
    project_number: str
    project_title: str
    buyer_id: UUID
    buyer_name: str
    organization_id: UUID
    organization_name: str


class SeatingDraft(BaseModel):
    """A planning of all pairs that wait. `time_limit` (seconds) bounds the search for a better timetable than the one at hand."""

    model_config = TAKEN

    seed: int = Field(default=0, ge=0, le=2**31 - 1)
    time_limit: int = Field(default=10, ge=1, le=300)


class SeatingProgress(BaseModel):
    """How far the job of a plan is."""

    id: UUID
    state: str
    stage: str
    done: int
    total: int


class Unseated(BaseModel):
    """A pair that found no seat, and why."""

    intent_id: UUID
    intent_number: str
    reason: Literal["no_common_slot", "party_full", "hall_full"]
    zh: str
    en: str


class SeatingView(BaseModel):
    """A planning of the fair's day and what came of it."""

    id: UUID
    fair: str
    seed: int
    time_limit: int
    requested_by: str
    requested_at: datetime
    stored_at: datetime | None
    job: SeatingProgress | None
    summary: dict[str, Any] | None
    unplaced: list[Unseated]
