"""The SQL of the hall: its tables and slots, and who is away from them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.ids import uuid7
from app.parties.models import Party
from app.timetables.models import Absence, Meeting, MeetingSlot, MeetingState, MeetingTable


def tables(fair_id: UUID) -> Select[MeetingTable]:
    return select(MeetingTable).where(MeetingTable.fair_id == fair_id)


def slots(fair_id: UUID) -> Select[MeetingSlot]:
    return select(MeetingSlot).where(MeetingSlot.fair_id == fair_id)


async def table(session: AsyncSession, fair_id: UUID, table_id: UUID) -> MeetingTable | None:
    return await session.scalar(tables(fair_id).where(MeetingTable.id == table_id))


async def slot(session: AsyncSession, fair_id: UUID, slot_id: UUID) -> MeetingSlot | None:
    return await session.scalar(slots(fair_id).where(MeetingSlot.id == slot_id))


async def first_free(
    session: AsyncSession, fair_id: UUID, taken: Iterable[UUID], preferred: UUID | None
) -> MeetingTable | None:
    """The preferred table, else the first of the hall, that is not among those taken."""
    free = tables(fair_id).where(MeetingTable.id.not_in(list(taken)))
    order = (MeetingTable.id.is_distinct_from(preferred), MeetingTable.no)
    return await session.scalar(free.order_by(*order).limit(1))


async def hall(session: AsyncSession, fair_id: UUID) -> tuple[list[MeetingTable], list[MeetingSlot]]:
    """Everything that stands in a hall: tables in their order, slots as they come."""
    return (
        list(await session.scalars(tables(fair_id).order_by(MeetingTable.no))),
        list(await session.scalars(slots(fair_id).order_by(MeetingSlot.starts_at))),
    )


async def was_used(session: AsyncSession, seat: ColumnElement[bool]) -> bool:
    """Whether any meeting, called off or not, has had this table or slot."""
    return bool(await session.scalar(select(exists().where(seat))))


async def remove(session: AsyncSession, thing: MeetingTable | MeetingSlot) -> None:
    await session.delete(thing)
    await session.flush()


async def counts(session: AsyncSession, fair_id: UUID, now: datetime) -> dict[str, int]:
    """How many tables and slots there are, how many slots have begun, and meetings by state. One statement."""

    def of(model: Any, *more: Any) -> Any:
        return (
            select(func.count()).select_from(model).where(model.fair_id == fair_id, *more).scalar_subquery()
        )

    columns = {
        "tables": of(MeetingTable),
        "slots": of(MeetingSlot),
        "begun": of(MeetingSlot, MeetingSlot.starts_at <= now),
        **{state.value: of(Meeting, Meeting.state == state) for state in MeetingState},
    }
    row = (await session.execute(select(*(value.label(name) for name, value in columns.items())))).one()
    return dict(row._mapping)


def absences(fair_id: UUID, parties: Sequence[UUID] | None) -> Select[Any]:
    """Absences of a fair (of some parties) as rows: absence, party's name, start of the slot, number of a meeting against it."""
    against = (
        select(Meeting.number)
        .where(
            Meeting.live.is_(True),
            Meeting.slot_id == Absence.slot_id,
            or_(Meeting.buyer_id == Absence.party_id, Meeting.organization_id == Absence.party_id),
        )
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(Absence, Party.name, MeetingSlot.starts_at, against)
        .join(Party, Party.id == Absence.party_id)
        .join(MeetingSlot, MeetingSlot.id == Absence.slot_id)
        .where(Absence.fair_id == fair_id)
        .order_by(MeetingSlot.starts_at, Party.name)
    )
    return query if parties is None else query.where(Absence.party_id.in_(parties))


async def excuse(session: AsyncSession, fair_id: UUID, party_id: UUID, slots: Iterable[UUID], by: str) -> int:
    """Note a party's absences; how many are new."""
    values = {"fair_id": fair_id, "party_id": party_id, "by_label": by}
    rows = [{"id": uuid7(), "slot_id": slot_id, **values} for slot_id in slots]
    added = await session.scalars(insert(Absence).on_conflict_do_nothing().returning(Absence.id), rows)
    return len(added.all())


async def absence(session: AsyncSession, fair_id: UUID, absence_id: UUID) -> tuple[Absence, Party] | None:
    query = select(Absence, Party).join(Party, Party.id == Absence.party_id)
    row = (
        await session.execute(query.where(Absence.id == absence_id, Absence.fair_id == fair_id))
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def forget_absence(session: AsyncSession, absence_id: UUID) -> None:
    await session.execute(delete(Absence).where(Absence.id == absence_id))
