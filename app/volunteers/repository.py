"""All SQL of volunteers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import inside
from app.catalogue.codes import TimeKind
from app.kernel.actor import Actor
from app.volunteers import permissions
from app.volunteers.models import LIVE, Activity, HourRecord, HoursState, TimeEntry, Volunteer


def _among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    # One array, not one parameter each: no limit on how many.
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))


def volunteers(actor: Actor, *, under: str | None, organization_id: UUID | None) -> Select[Volunteer]:
    query = select(Volunteer).where(permissions.visible_to(actor))
    if under is not None:
        query = query.where(inside(Volunteer.area_path, under))
    return query if organization_id is None else query.where(Volunteer.organization_id == organization_id)


def activities(
    *, under: str | None, organization_id: UUID | None, contract_id: UUID | None, open_on: date | None
) -> Select[Activity]:
    equal = {Activity.organization_id: organization_id, Activity.contract_id: contract_id}
    query = select(Activity).where(*(column == value for column, value in equal.items() if value is not None))
    if under is not None:
        query = query.where(inside(Activity.area_path, under))
    return query if open_on is None else query.where(Activity.ends_on >= open_on)


def hours(
    actor: Actor, *, volunteer_id: UUID | None, activity_id: UUID | None, state: HoursState | None
) -> Select[HourRecord]:
    equal = {
        HourRecord.volunteer_id: volunteer_id,
        HourRecord.activity_id: activity_id,
        HourRecord.state: state,
    }
    conditions = [column == value for column, value in equal.items() if value is not None]
    return select(HourRecord).where(permissions.hours_visible_to(actor), *conditions)


def entries(volunteer_id: UUID) -> Select[TimeEntry]:
    return select(TimeEntry).where(TimeEntry.volunteer_id == volunteer_id)


async def visible(session: AsyncSession, actor: Actor, ref: UUID | str) -> Volunteer | None:
    column = Volunteer.id if isinstance(ref, UUID) else Volunteer.number
    return await session.scalar(select(Volunteer).where(column == ref, permissions.visible_to(actor)))


async def volunteer(session: AsyncSession, volunteer_id: UUID) -> Volunteer | None:
    return await session.get(Volunteer, volunteer_id)


async def locked(session: AsyncSession, refs: Iterable[UUID | str]) -> list[Volunteer]:
    """Volunteers by id or number, their rows locked in the order of their ids: what they hold changes in this transaction alone."""
    wanted = list(refs)
    ids = [ref for ref in wanted if isinstance(ref, UUID)]
    numbers = [ref for ref in wanted if not isinstance(ref, UUID)]
    found = await session.scalars(
        select(Volunteer)
        .where(or_(_among(Volunteer.id, ids), Volunteer.number.in_(numbers)))
        .order_by(Volunteer.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(found)


async def activities_with(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Activity]:
    found = await session.scalars(select(Activity).where(_among(Activity.id, set(ids))))
    return {activity.id: activity for activity in found}


async def numbers(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = await session.execute(select(Volunteer.id, Volunteer.number).where(_among(Volunteer.id, set(ids))))
    return {row.id: row.number for row in rows}


async def spans(
    session: AsyncSession, volunteer_ids: Iterable[UUID], since: datetime, until: datetime
) -> dict[UUID, list[tuple[datetime, datetime]]]:
    """When these volunteers were serving between two moments, as far as it is entered and not refused."""
    rows = await session.execute(
        select(HourRecord.volunteer_id, HourRecord.starts_at, HourRecord.ends_at).where(
            _among(HourRecord.volunteer_id, set(volunteer_ids)),
            HourRecord.state.in_(LIVE),
            HourRecord.starts_at < until,
            HourRecord.ends_at > since,
        )
    )
    found: dict[UUID, list[tuple[datetime, datetime]]] = {}
    for volunteer_id, starts_at, ends_at in rows:
        found.setdefault(volunteer_id, []).append((starts_at, ends_at))
    return found


async def record(session: AsyncSession, actor: Actor, record_id: UUID) -> HourRecord | None:
    query = select(HourRecord).where(HourRecord.id == record_id, permissions.hours_visible_to(actor))
    return await session.scalar(query)


async def judged_or_entered(session: AsyncSession, volunteer_id: UUID, account_id: UUID) -> bool:
    """Whether this account has entered or verified hours of the volunteer."""
    touched = or_(HourRecord.recorded_by == account_id, HourRecord.verified_by == account_id)
    query = select(HourRecord.id).where(HourRecord.volunteer_id == volunteer_id, touched).limit(1)
    return await session.scalar(query) is not None


async def last_entries(session: AsyncSession, volunteer_ids: Iterable[UUID]) -> dict[UUID, TimeEntry]:
    """The newest entry of each account: its balance is what the account holds."""
    found = await session.scalars(
        select(TimeEntry)
        .where(_among(TimeEntry.volunteer_id, set(volunteer_ids)))
        .ext(distinct_on(TimeEntry.volunteer_id))
        .order_by(TimeEntry.volunteer_id, TimeEntry.turn.desc())
    )
    return {entry.volunteer_id: entry for entry in found}


async def kept_of(session: AsyncSession, record_id: UUID) -> int:
    """What of the hours of a record came into the account and stayed there, in half hours."""
    total = await session.scalar(
        select(func.coalesce(func.sum(TimeEntry.half_hours), 0)).where(TimeEntry.hours_id == record_id)
    )
    return int(total or 0)


@dataclass(frozen=True, slots=True)
class Given:
    """What a volunteer has given, in half hours: verified service, and time handed on to all."""

    verified: int = 0
    donated: int = 0


async def given(session: AsyncSession, volunteer_ids: Iterable[UUID]) -> dict[UUID, Given]:
    """Verified and donated half hours of some volunteers, in one statement."""
    wanted = list(set(volunteer_ids))
    served = (
        select(
            HourRecord.volunteer_id.label("id"),
            HourRecord.half_hours.label("verified"),
            literal(0).label("gave"),
        )
        .where(_among(HourRecord.volunteer_id, wanted), HourRecord.state == HoursState.VERIFIED)
        .union_all(
            select(TimeEntry.volunteer_id, literal(0), -TimeEntry.half_hours).where(
                _among(TimeEntry.volunteer_id, wanted), TimeEntry.kind == TimeKind.DONATE
            )
        )
        .subquery()
    )
    rows = await session.execute(
        select(served.c.id, func.sum(served.c.verified), func.sum(served.c.gave)).group_by(served.c.id)
    )
    return {row[0]: Given(int(row[1]), int(row[2])) for row in rows}


async def waiting(session: AsyncSession, actor: Actor) -> Sequence[tuple[HourRecord, str, str]]:
    """Hours that wait for somebody's word, the oldest first, with the volunteer's number and the activity's title."""
    rows = await session.execute(
        select(HourRecord, Volunteer.number, Activity.title)
        .join(Volunteer, Volunteer.id == HourRecord.volunteer_id)
        .join(Activity, Activity.id == HourRecord.activity_id)
        .where(
            permissions.hours_visible_to(actor),
            HourRecord.state == HoursState.RECORDED,
            HourRecord.recorded_by != actor.account_id,
            or_(Volunteer.account_id.is_(None), Volunteer.account_id != actor.account_id),
        )
        .order_by(HourRecord.id)
        .limit(200)
    )
    return [(row[0], row[1], row[2]) for row in rows]
