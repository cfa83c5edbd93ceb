"""All SQL of parties."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, Text, and_, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import inside
from app.kernel.database import kept
from app.parties.models import Party


async def party(session: AsyncSession, party_id: UUID) -> Party | None:
    return await session.get(Party, party_id)


def parties(kind: str | None = None, under: str | None = None, query: str | None = None) -> Select[Any]:
    """Parties by kind, area subtree, and words of the name."""
    found = select(Party)
    if kind is not None:
        found = found.where(Party.kind == kind)
    if under is not None:
        found = found.where(inside(Party.area_path, under))
    if query:
        found = found.where(Party.found_by(query))
    return found


async def named(
    session: AsyncSession, kind: str, normal_names: Iterable[str], usccs: Iterable[str]
) -> Sequence[Party]:
    """Parties of a kind with one of the names or one of the credit codes."""
    same = or_(Party.normal_name == any_(_texts(normal_names)), Party.uscc == any_(_texts(usccs)))
    return (await session.scalars(select(Party).where(and_(Party.kind == kind, same)))).all()


def _texts(values: Iterable[str]) -> ColumnElement[Any]:
    return literal(list(values), ARRAY(Text))  # one parameter, however many


async def with_ids(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[Party]:
    """Parties by id; those that the session keeps are not asked for again."""
    wanted = set(ids)
    known = [party for party in kept(session, Party) if party.id in wanted]
    missing = list(wanted - {party.id for party in known})
    if not missing:
        return known
    query = select(Party).where(Party.id == any_(literal(missing, ARRAY(PG_UUID(as_uuid=True)))))
    return [*known, *await session.scalars(query)]


async def add_missing(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> frozenset[UUID]:
    """Insert parties whose name and code are free; the ids inserted. Rows come in one order, so two imports cannot deadlock."""
    # Rows as parameters, not as VALUES of the statement: compiled once, and sent a thousand at a time.
    table = cast(Table, Party.__table__)
    statement = insert(table).on_conflict_do_nothing().returning(table.c.id)
    added = await session.scalars(statement, [dict(row) for row in rows]) if rows else ()
    return frozenset(added)
