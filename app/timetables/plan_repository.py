"""The SQL of plans: who waits for a seat, who has one, who is elsewhere."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Fair
from app.kernel.jobs import Job
from app.negotiations.models import Intent, IntentState
from app.projects.models import Project
from app.timetables.models import (
    Absence,
    Delegate,
    Meeting,
    MeetingSlot,
    MeetingState,
    MeetingTable,
    TimetablePlan,
)
from app.timetables.repository import LIVE, Buyer, Supplier, is_listed
from app.timetables.rules import ON_OFFER, READY, STANDING


def waits(fair: Fair) -> tuple[ColumnElement[bool], ...]:
    """Pairs to be seated: accepted, or with an appointment at this fair that was called off and not replaced.

    Who missed an appointment is seated again by hand only.
    """
    seat = exists().where(LIVE, Meeting.intent_id == Intent.id)
    appointment = exists().where(
        Meeting.intent_id == Intent.id, Meeting.fair_id == fair.id, Meeting.starts_at == Intent.meets_at
    )
    called_off = and_(
        appointment.where(Meeting.state == MeetingState.CANCELLED),
        ~appointment.where(Meeting.state == MeetingState.MISSED),
    )
    return (
        or_(Intent.state == IntentState.ACCEPTED, and_(Intent.state == IntentState.SCHEDULED, called_off)),
        or_(Intent.fair_id.is_(None), Intent.fair_id == fair.id),
        Project.state.in_(ON_OFFER),
        is_listed(fair.id),
        ~seat,
    )


def waiting(fair: Fair) -> Select[Intent]:
    return select(Intent).join(Project, Project.id == Intent.project_id).where(*waits(fair))


async def waiting_names(session: AsyncSession, intent_ids: Iterable[UUID]) -> Mapping[UUID, Any]:
    rows = await session.execute(
        select(
            Intent.id,
            Project.number.label("project_number"),
            Project.title.label("project_title"),
            Project.buyer_id,
            Buyer.name.label("buyer_name"),
            Supplier.name.label("organization_name"),
        )
        .join(Project, Project.id == Intent.project_id)
        .join(Buyer, Buyer.id == Project.buyer_id)
        .join(Supplier, Supplier.id == Intent.organization_id)
        .where(Intent.id.in_(list(intent_ids)))
    )
    return {row.id: row for row in rows}


@dataclass(frozen=True, slots=True)
class Candidate:
    """One pair in the question of a plan: where it sits now, if anywhere, and whether a plan may change that."""

    intent_id: UUID
    intent_number: str
    project_id: UUID
    area_path: str
    buyer_id: UUID
    organization_id: UUID
    meeting_id: UUID | None = None
    slot_id: UUID | None = None
    table_id: UUID | None = None
    fixed: bool = False


async def candidates(session: AsyncSession, fair: Fair, now: datetime) -> list[Candidate]:
    """Every pair that sits in a slot to come or waits for a seat, in the order of their intents.

    Fixed are pinned meetings, those to which a person has promised to come, and those whose appointment cannot be changed any
    more: the pair has talked already, or the project is being awarded.
    """
    promised = exists().where(Delegate.meeting_id == Meeting.id)
    settled = or_(Meeting.pinned, promised, Intent.state.not_in(READY), Project.state.not_in(ON_OFFER))
    seated = await session.execute(
        select(
            *_PAIR,
            Meeting.buyer_id,
            Meeting.id.label("meeting_id"),
            Meeting.slot_id,
            Meeting.table_id,
            settled.label("fixed"),
        )
        .join(Intent, Intent.id == Meeting.intent_id)
        .join(Project, Project.id == Meeting.project_id)
        .where(Meeting.fair_id == fair.id, LIVE, Meeting.starts_at > now, Intent.state.in_(STANDING))
    )
    unseated = await session.execute(
        select(*_PAIR, Project.buyer_id).join(Project, Project.id == Intent.project_id).where(*waits(fair))
    )
    found = [Candidate(**row._mapping) for rows in (seated, unseated) for row in rows]
    return sorted(found, key=lambda one: one.intent_id)


_PAIR = (
    Intent.id.label("intent_id"),
    Intent.number.label("intent_number"),
    Intent.project_id,
    Intent.area_path,
    Intent.organization_id,
)


async def unavailable(session: AsyncSession, fair_id: UUID, now: datetime) -> set[tuple[UUID, UUID]]:
    """(party, slot) where a party is away, or sits at another fair at that time."""
    away = select(Absence.party_id, Absence.slot_id).where(Absence.fair_id == fair_id)
    found = {(row.party_id, row.slot_id) for row in await session.execute(away)}
    elsewhere = (
        select(Meeting.buyer_id, Meeting.organization_id, MeetingSlot.id)
        .join(
            MeetingSlot,
            and_(MeetingSlot.starts_at < Meeting.ends_at, MeetingSlot.ends_at > Meeting.starts_at),
        )
        .where(LIVE, Meeting.fair_id != fair_id, MeetingSlot.fair_id == fair_id, MeetingSlot.starts_at > now)
    )
    for buyer_id, organization_id, slot_id in await session.execute(elsewhere):
        found |= {(buyer_id, slot_id), (organization_id, slot_id)}
    return found


async def seats(
    session: AsyncSession, fair_id: UUID, now: datetime
) -> tuple[list[MeetingSlot], list[MeetingTable]]:
    """The slots to come and the tables of a hall, in their order."""
    slots = select(MeetingSlot).where(MeetingSlot.fair_id == fair_id, MeetingSlot.starts_at > now)
    tables = select(MeetingTable).where(MeetingTable.fair_id == fair_id)
    return (
        list(await session.scalars(slots.order_by(MeetingSlot.starts_at))),
        list(await session.scalars(tables.order_by(MeetingTable.no))),
    )


def plans(fair_id: UUID) -> Select[TimetablePlan]:
    return select(TimetablePlan).where(TimetablePlan.fair_id == fair_id)


async def jobs_of(session: AsyncSession, ids: list[UUID]) -> dict[UUID, Job]:
    return {job.id: job for job in await session.scalars(select(Job).where(Job.id.in_(ids)))}


async def fair_numbers(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = await session.execute(select(Fair.id, Fair.number).where(Fair.id.in_(list(ids))))
    return {row.id: row.number for row in rows}


async def plan_of_job(session: AsyncSession, job_id: UUID) -> TimetablePlan | None:
    return await session.scalar(select(TimetablePlan).where(TimetablePlan.job_id == job_id))


async def exchange_seats(session: AsyncSession) -> None:
    """Ask for one seat each only when `settle_seats` is called: a plan may swap what single rows cannot."""
    await session.execute(text(f"SET CONSTRAINTS {_SEATS} DEFERRED"))


async def settle_seats(session: AsyncSession) -> None:
    await session.execute(text(f"SET CONSTRAINTS {_SEATS} IMMEDIATE"))


_SEATS = "uq_meetings_table, uq_meetings_organization, uq_meetings_buyer, uq_meetings_intent"
