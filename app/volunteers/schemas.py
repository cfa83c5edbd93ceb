"""What volunteers' registers, hours and accounts take and show. Hours are decimal strings in steps of a half."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from app.catalogue.codes import HourScheme, TimeKind, VolunteerKind
from app.kernel.clock import local
from app.kernel.fields import wrong
from app.volunteers.models import MOST_HALF_HOURS, HoursState

Moment = Annotated[AwareDatetime, AfterValidator(local)]
Reference = Annotated[str, Field(min_length=1, max_length=60)]
"""A UUID or the human number."""
HALF_HOUR = timedelta(minutes=30)


class Draft(BaseModel):
    """What is sent in: no unknown fields."""

    model_config = ConfigDict(extra="forbid")


class VolunteerDraft(Draft):
    """A volunteer to enter: what to call them, and the day they agreed to be entered. No identity number, no birthday, no telephone.

    `account_id` is the account they sign in with; whoever enters themselves names their own.
    """

    organization_id: UUID
    kind: VolunteerKind = VolunteerKind.PERSON
    display_name: str = Field(min_length=1, max_length=40)
    account_id: UUID | None = None
    consented_on: date


class VolunteerChange(Draft):
    """Another name to be called by, or the account of somebody who had none."""

    display_name: str | None = Field(default=None, min_length=1, max_length=40)
    account_id: UUID | None = None


class VolunteerView(BaseModel):
    """A volunteer. The name is masked (程**) unless `name_shown`; erased, it is null."""

    id: UUID
    number: str
    kind: VolunteerKind
    display_name: str | None
    name_shown: bool
    organization_id: UUID
    organization: str
    area_path: str
    verified_hours: Decimal
    balance_hours: Decimal
    donated_hours: Decimal
    erased: bool
    version: int


class ActivityDraft(Draft):
    """Something to call volunteers to. Without a contract it is the organization's own."""

    organization_id: UUID
    contract: Reference | None = None
    title: str = Field(min_length=2, max_length=120)
    content: str = Field(min_length=2, max_length=2000)
    place: str = Field(min_length=1, max_length=200)
    starts_on: date
    ends_on: date

    @model_validator(mode="after")
    def _days(self) -> Self:
        if self.ends_on < self.starts_on:
            raise wrong("ends_before_start", "结束日期早于开始日期。", "the activity ends before it starts")
        return self


class ActivityView(BaseModel):
    """An activity, as everyone may see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    title: str
    content: str
    place: str
    organization_id: UUID
    contract_id: UUID | None
    area_path: str
    starts_on: date
    ends_on: date


class HoursDraft(Draft):
    """Time a volunteer gave: from when to when, a multiple of half an hour, a day at most."""

    volunteer: Reference
    activity_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    scheme: HourScheme = HourScheme.TIME_BANK
    content: str = Field(min_length=2, max_length=500)

    @model_validator(mode="after")
    def _steps(self) -> Self:
        given = self.ends_at - self.starts_at
        if not HALF_HOUR <= given <= HALF_HOUR * MOST_HALF_HOURS or given % HALF_HOUR:
            raise wrong(
                "half_hours",
                "时长以半小时为单位，须大于零。",
                "hours come in steps of half an hour, 24 at most",
            )
        return self

    @property
    def half_hours(self) -> int:
        return (self.ends_at - self.starts_at) // HALF_HOUR


class HoursView(BaseModel):
    """Hours of one volunteer. `long_day`: with these, more than eight on one day; look twice before verifying."""

    id: UUID
    state: HoursState
    state_since: Moment
    volunteer_id: UUID
    volunteer_number: str
    activity_id: UUID
    activity: str
    organization_id: UUID
    contract_id: UUID | None
    area_path: str
    starts_at: Moment
    ends_at: Moment
    hours: Decimal
    scheme: HourScheme
    content: str
    long_day: bool
    verified_at: Moment | None
    version: int


class Spending(Draft):
    """An act on a time account: spend on a service, give to all, give to one (`to`), or correct (hours may then be negative)."""

    kind: TimeKind
    hours: Decimal = Field(max_digits=7, decimal_places=1)
    to: Reference | None = None
    note: str | None = Field(default=None, max_length=500)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == TimeKind.CREDIT:
            raise wrong(
                "earned_only", "时间只能通过核实的服务获得。", "hours are earned by verified service alone"
            )
        if self.hours * 2 % 1 or self.hours == 0 or (self.hours < 0 and self.kind != TimeKind.ADJUST):
            raise wrong(
                "half_hours",
                "时长以半小时为单位，须大于零。",
                "hours come in steps of half an hour, above zero",
            )
        if (self.kind == TimeKind.TRANSFER) != (self.to is not None):
            raise wrong(
                "transfer_names_its_other_side",
                "转赠须写明 to，其他类型不写。",
                "a transfer, and nothing else, names `to`",
            )
        return self

    @property
    def half_hours(self) -> int:
        return int(self.hours * 2)


class TimeEntryView(BaseModel):
    """One entry of a time account."""

    entry_id: int
    at: Moment
    kind: TimeKind
    hours: Decimal
    balance_hours: Decimal
    hours_id: UUID | None
    counterpart: str | None
    note: str | None
