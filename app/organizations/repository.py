"""All SQL of organizations."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, any_, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import within
from app.catalogue.codes import CreditStatus
from app.identity.roles import BUREAUS
from app.kernel import clock
from app.kernel.actor import Actor
from app.organizations.models import HOLDING, CreditEvent, Engagement, Organization, TrackRecord
from app.parties.models import Party

MOST_TASKS = 50


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether an id column is one of `ids`, sent as one array: no limit on how many."""
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))


async def one(session: AsyncSession, ref: str | UUID) -> Organization | None:
    """The organization with this id, number or credit code."""
    if isinstance(ref, UUID):
        return await session.get(Organization, ref)
    same = or_(Organization.number == ref.upper(), Organization.uscc == ref.upper())
    return await session.scalar(select(Organization).where(same))


async def locked(session: AsyncSession, organization_id: UUID) -> Organization | None:
    """The organization, its row locked until the transaction ends: whoever counts its places comes alone."""
    return await session.scalar(
        select(Organization)
        .where(Organization.id == organization_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def with_ids(session: AsyncSession, ids: Iterable[UUID] | None) -> Sequence[Organization]:
    query = select(Organization).order_by(Organization.id)
    return (await session.scalars(query if ids is None else query.where(among(Organization.id, ids)))).all()


async def known(session: AsyncSession, ids: Iterable[UUID], usccs: Iterable[str]) -> Sequence[Organization]:
    """Organizations that have one of the ids or one of the credit codes already."""
    same = or_(among(Organization.id, ids), Organization.uscc == any_(literal(list(usccs), ARRAY(Text))))
    return (await session.scalars(select(Organization).where(same))).all()


async def credit_events(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[CreditEvent]]:
    found = defaultdict(list)
    query = (
        select(CreditEvent)
        .where(among(CreditEvent.organization_id, ids))
        .order_by(CreditEvent.listed_on, CreditEvent.id)
    )
    for event in await session.scalars(query):
        found[event.organization_id].append(event)
    return found


async def credit_event(session: AsyncSession, organization_id: UUID, event_id: UUID) -> CreditEvent | None:
    event = await session.get(CreditEvent, event_id)
    return event if event is not None and event.organization_id == organization_id else None


async def held(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, int]:
    """How many engagements hold a place of each organization's capacity."""
    rows = await session.execute(
        select(Engagement.organization_id, func.count())
        .where(among(Engagement.organization_id, ids), Engagement.state.in_(HOLDING))
        .group_by(Engagement.organization_id)
    )
    return {row[0]: row[1] for row in rows}


async def engagement_of(session: AsyncSession, award_id: UUID) -> Engagement | None:
    """The engagement of an award, its row locked until the transaction ends."""
    return await session.scalar(
        select(Engagement)
        .where(Engagement.award_id == award_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def engagement(session: AsyncSession, organization_id: UUID, engagement_id: UUID) -> Engagement | None:
    found = await session.get(Engagement, engagement_id)
    return found if found is not None and found.organization_id == organization_id else None


async def engagements(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[Engagement]]:
    """Every engagement of the organizations, oldest first."""
    found = defaultdict(list)
    query = select(Engagement).where(among(Engagement.organization_id, ids)).order_by(Engagement.id)
    for row in await session.scalars(query):
        found[row.organization_id].append(row)
    return found


async def track_records(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[TrackRecord]]:
    found = defaultdict(list)
    query = (
        select(TrackRecord)
        .where(among(TrackRecord.organization_id, ids))
        .order_by(TrackRecord.year.desc(), TrackRecord.id)
    )
    for row in await session.scalars(query):
        found[row.organization_id].append(row)
    return found


async def money_of_buyers(session: AsyncSession, since: date) -> Sequence[tuple[str, UUID, int]]:
    """What each buyer (by name) has engaged with each organization in work that starts on or after `since`."""
    rows = await session.execute(
        select(Party.name, Engagement.organization_id, func.sum(Engagement.amount_fen))
        .join(Party, Party.id == Engagement.buyer_id)
        .where(Engagement.amount_fen > 0, Engagement.starts_on >= since)
        .group_by(Engagement.buyer_id, Party.name, Engagement.organization_id)
    )
    return [(row[0], row[1], int(row[2] or 0)) for row in rows]


def organizations(day: date, **wanted: Any) -> Select[Organization]:
    """Organizations by the filters of the list; a filter that is None is no filter."""
    query = select(Organization)
    conditions: dict[str, Any] = {
        "q": lambda words: Organization.found_by(words),
        "under": lambda path: or_(
            Organization.area_path == path, Organization.area_path.startswith(path + "/", autoescape=True)
        ),
        "category": lambda code: Organization.categories.contains([code]),
        "target_group": lambda code: Organization.target_groups.contains([code]),
        "serves": lambda paths: Organization.service_areas.overlap(paths),
        "state": lambda code: Organization.state == code,
        "role": lambda code: Organization.marketplace_role == code,
        "rating": lambda code: (
            (Organization.rating >= code)
            & or_(Organization.rating_valid_until.is_(None), Organization.rating_valid_until >= day)
        ),
        "credit": lambda code: listed(code, day),
        "free": lambda free: has_free_place() if free else ~has_free_place(),
    }
    for name, value in wanted.items():
        if value is not None and value != "":
            query = query.where(conditions[name](value))
    return query


def listed(status: str, day: date) -> ColumnElement[bool]:
    """Whether the derived credit status of an organization is `status` on a day."""

    def on(*lists: str) -> ColumnElement[bool]:
        return exists().where(
            CreditEvent.organization_id == Organization.id,
            CreditEvent.listed.in_(lists),
            CreditEvent.listed_on <= day,
            or_(CreditEvent.removed_on.is_(None), CreditEvent.removed_on > day),
        )

    serious, abnormal = CreditStatus.SERIOUS_ILLEGALITY_LIST, CreditStatus.ABNORMAL_LIST
    if status == serious:
        return on(serious)
    if status == abnormal:
        return on(abnormal) & ~on(serious)
    return ~on(serious, abnormal)


def has_free_place() -> ColumnElement[bool]:
    used = (
        select(func.count())
        .where(Engagement.organization_id == Organization.id, Engagement.state.in_(HOLDING))
        .scalar_subquery()
    )
    return or_(Organization.capacity_max.is_(None), used < Organization.capacity_max)


async def to_attend(session: AsyncSession, actor: Actor, until: date) -> Sequence[Organization]:
    """Organizations in the actor's hands with a credit code to check or a rating that expires by `until`."""
    mine = or_(Organization.id.in_(list(actor.party_ids)), within(Organization.area_path, actor, *BUREAUS))
    due = or_(
        Organization.uscc.is_not(None) & ~Organization.uscc_verified,
        Organization.rating_valid_until.between(clock.today(), until),
    )
    query = select(Organization).where(mine, due).order_by(Organization.id).limit(MOST_TASKS)
    return (await session.scalars(query)).all()
