"""All SQL of funding."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, any_, case, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import inside
from app.funding.models import Allocation, FundingLine, LedgerEntry, Measure, YearSource
from app.funding.rules import Committed, Standing

COMMITTED = Allocation.amount_fen - Allocation.released_fen


def _among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    # One array, not one parameter each: no limit on how many.
    return column == any_(literal(list(set(ids)), ARRAY(PG_UUID(as_uuid=True))))


def sources(visible: ColumnElement[bool], year: int | None, source: str | None) -> Select[Any]:
    query = select(YearSource).where(visible)
    if year is not None:
        query = query.where(YearSource.year == year)
    return query if source is None else query.where(YearSource.source == source)


def lines(
    visible: ColumnElement[bool],
    edition_code: str | None = None,
    source: str | None = None,
    under: str | None = None,
    open_only: bool = False,
) -> Select[Any]:
    query = select(FundingLine).join(YearSource, YearSource.id == FundingLine.source_id).where(visible)
    if edition_code is not None:
        query = query.where(FundingLine.edition_code == edition_code)
    if source is not None:
        query = query.where(YearSource.source == source)
    if under is not None:
        query = query.where(inside(FundingLine.area_path, under))
    return query.where(FundingLine.closed_at.is_(None)) if open_only else query


def ledger(
    visible: ColumnElement[bool], project_id: UUID | None, contract_id: UUID | None, measure: str | None
) -> Select[Any]:
    query = select(LedgerEntry).where(visible)
    if project_id is not None:
        query = query.where(LedgerEntry.project_id == project_id)
    if contract_id is not None:
        query = query.where(LedgerEntry.contract_id == contract_id)
    return query if measure is None else query.where(LedgerEntry.measure == measure)


async def source(session: AsyncSession, source_id: UUID, visible: ColumnElement[bool]) -> YearSource | None:
    return await session.scalar(select(YearSource).where(YearSource.id == source_id, visible))


async def line(
    session: AsyncSession, visible: ColumnElement[bool], *, line_id: UUID | None = None, number: str = ""
) -> FundingLine | None:
    query = lines(visible).where(
        FundingLine.id == line_id if line_id is not None else FundingLine.number == number
    )
    found: FundingLine | None = await session.scalar(query)
    return found


async def sources_of(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, YearSource]:
    found = await session.scalars(select(YearSource).where(YearSource.id.in_(set(ids))))
    return {row.id: row for row in found}


async def locked_sources(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, YearSource]:
    """Year sources under a lock, always in the order of their ids."""
    found = await session.scalars(
        select(YearSource)
        .where(YearSource.id.in_(set(ids)))
        .order_by(YearSource.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row.id: row for row in found}


async def locked_lines(
    session: AsyncSession, ids: Iterable[UUID]
) -> dict[UUID, tuple[FundingLine, YearSource]]:
    """Lines with their sources, both locked, always in the same order: an earmark binds all lines of its source."""
    rows = await session.execute(
        select(FundingLine, YearSource)
        .join(YearSource, YearSource.id == FundingLine.source_id)
        .where(FundingLine.id.in_(set(ids)))
        .order_by(YearSource.id, FundingLine.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return {row[0].id: (row[0], row[1]) for row in rows}


async def committed(
    session: AsyncSession, source_ids: Iterable[UUID], project_ids: Iterable[UUID] = ()
) -> Committed:
    """What all lines of these sources carry, and which of them these projects hold, read after they were locked."""
    theirs = Allocation.released_at.is_(None) & _among(Allocation.project_id, project_ids)
    rows = await session.execute(
        select(
            FundingLine.source_id,
            FundingLine.id,
            func.sum(COMMITTED),
            func.coalesce(func.sum(COMMITTED).filter(_outside()), 0),
            func.array_agg(Allocation.project_id).filter(theirs),
        )
        .join(FundingLine, FundingLine.id == Allocation.line_id)
        .join(YearSource, YearSource.id == FundingLine.source_id)
        .where(FundingLine.source_id.in_(set(source_ids)))
        .group_by(FundingLine.source_id, FundingLine.id)
    )
    by_line: dict[UUID, int] = {}
    unearmarked: dict[UUID, int] = {}
    held: set[tuple[UUID, UUID]] = set()
    for source_id, line_id, fen, outside_fen, holders in rows:
        by_line[line_id] = int(fen)
        unearmarked[source_id] = unearmarked.get(source_id, 0) + int(outside_fen)
        held |= {(project_id, line_id) for project_id in holders or ()}
    return Committed(by_line, unearmarked, frozenset(held))


async def committed_by_line(session: AsyncSession, line_ids: Iterable[UUID]) -> dict[UUID, int]:
    """What each of these lines carries, in fen."""
    rows = await session.execute(
        select(Allocation.line_id, func.sum(COMMITTED))
        .where(Allocation.line_id.in_(set(line_ids)))
        .group_by(Allocation.line_id)
    )
    return {line_id: int(fen) for line_id, fen in rows}


async def committed_by_source(
    session: AsyncSession, source_ids: Iterable[UUID]
) -> dict[UUID, tuple[int, int]]:
    """What each of these sources carries, in fen: all of it, and what lies outside its earmark."""
    rows = await session.execute(
        select(YearSource.id, func.sum(COMMITTED), func.coalesce(func.sum(COMMITTED).filter(_outside()), 0))
        .join(FundingLine, FundingLine.source_id == YearSource.id)
        .join(Allocation, Allocation.line_id == FundingLine.id)
        .where(YearSource.id.in_(set(source_ids)))
        .group_by(YearSource.id)
    )
    return {source_id: (int(fen), int(outside_fen)) for source_id, fen, outside_fen in rows}


def _outside() -> ColumnElement[bool]:
    return Allocation.category != func.all(YearSource.earmark_categories)


async def cut_from(session: AsyncSession, source_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Σ of the lines of each source, in fen."""
    rows = await session.execute(
        select(FundingLine.source_id, func.sum(FundingLine.amount_fen))
        .where(FundingLine.source_id.in_(set(source_ids)))
        .group_by(FundingLine.source_id)
    )
    return {source_id: int(fen) for source_id, fen in rows}


async def open_lines(session: AsyncSession, edition_code: str) -> list[tuple[FundingLine, YearSource, int]]:
    """The open lines of an edition with their sources and what is committed, deepest area first."""
    carried = (
        select(Allocation.line_id, func.sum(COMMITTED).label("fen")).group_by(Allocation.line_id).subquery()
    )
    rows = await session.execute(
        select(FundingLine, YearSource, func.coalesce(carried.c.fen, 0))
        .join(YearSource, YearSource.id == FundingLine.source_id)
        .outerjoin(carried, carried.c.line_id == FundingLine.id)
        .where(FundingLine.edition_code == edition_code, FundingLine.closed_at.is_(None))
        .order_by(func.length(FundingLine.area_path).desc(), FundingLine.number)
    )
    return [(row[0], row[1], int(row[2])) for row in rows]


async def locked_allocations(session: AsyncSession, project_ids: Iterable[UUID]) -> Sequence[Allocation]:
    """What is committed to these projects, locked with its lines and sources in the order of `locked_lines`."""
    found = await session.scalars(
        select(Allocation)
        .join(FundingLine, FundingLine.id == Allocation.line_id)
        .join(YearSource, YearSource.id == FundingLine.source_id)
        .where(_among(Allocation.project_id, project_ids), COMMITTED > 0)
        .order_by(YearSource.id, FundingLine.id, Allocation.id)
        .with_for_update(key_share=True, of=[FundingLine, YearSource, Allocation])
        .execution_options(populate_existing=True)
    )
    return sorted(found, key=lambda row: row.id)


def allocations_on(line_id: UUID, visible: ColumnElement[bool]) -> Select[Any]:
    return (
        select(Allocation)
        .join(FundingLine, FundingLine.id == Allocation.line_id)
        .join(YearSource, YearSource.id == FundingLine.source_id)
        .where(Allocation.line_id == line_id, visible)
    )


def _sum(measure: Measure) -> ColumnElement[int]:
    return func.coalesce(
        func.sum(case((LedgerEntry.measure == measure, LedgerEntry.amount_fen), else_=0)), 0
    ).label(f"{measure}_fen")


async def standings(session: AsyncSession, project_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """The totals of some projects, summed from the ledger and the allocations in one statement."""
    wanted = list(set(project_ids))
    money = (
        select(LedgerEntry.project_id, func.count().label("turns"), *map(_sum, Measure))
        .where(_among(LedgerEntry.project_id, wanted))
        .group_by(LedgerEntry.project_id)
        .subquery()
    )
    held = (
        select(Allocation.project_id, func.sum(COMMITTED).label("committed_fen"))
        .where(_among(Allocation.project_id, wanted))
        .group_by(Allocation.project_id)
        .subquery()
    )
    names = (*(f"{measure}_fen" for measure in Measure), "turns")
    rows = await session.execute(
        select(
            func.coalesce(money.c.project_id, held.c.project_id),
            func.coalesce(held.c.committed_fen, 0),
            *(func.coalesce(money.c[name], 0) for name in names),
        ).select_from(money.join(held, money.c.project_id == held.c.project_id, full=True))
    )
    found = {
        row[0]: Standing(
            committed_fen=int(row[1]),
            **{name: int(value) for name, value in zip(names, row[2:], strict=True)},
        )
        for row in rows
    }
    return {project_id: found.get(project_id, Standing()) for project_id in wanted}


async def totals(session: AsyncSession, *conditions: ColumnElement[bool]) -> Standing:
    """The totals of all ledger entries under the conditions."""
    row = (
        await session.execute(
            select(*map(_sum, Measure), func.count().label("turns")).where(and_(True, *conditions))
        )
    ).one()
    return Standing(**{name: int(value) for name, value in row._mapping.items()})


async def vouchers(session: AsyncSession, project_ids: Iterable[UUID]) -> set[tuple[UUID, str, str]]:
    """The payments and refunds of some projects: (project, measure, reference)."""
    wanted = list(project_ids)
    if not wanted:
        return set()
    rows = await session.execute(
        select(LedgerEntry.project_id, LedgerEntry.measure, LedgerEntry.reference).where(
            LedgerEntry.measure.in_((Measure.PAID, Measure.REFUNDED)), _among(LedgerEntry.project_id, wanted)
        )
    )
    return {(row[0], row[1], row[2]) for row in rows}


async def areas_of(session: AsyncSession, project_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Where the projects are, as far as their allocations say."""
    rows = await session.execute(
        select(Allocation.project_id, func.max(Allocation.area_path))
        .where(_among(Allocation.project_id, project_ids))
        .group_by(Allocation.project_id)
    )
    return {row[0]: row[1] for row in rows}
