"""All SQL of areas."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Select, Table, Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.models import Area
from app.areas.permissions import inside


async def area(session: AsyncSession, code: str) -> Area | None:
    return await session.get(Area, code)


def areas(
    level: str | None = None, under: str | None = None, name: str | None = None, parent: str | None = None
) -> Select[Any]:
    """Areas by level, subtree (a path), part of the name, and the area directly above."""
    query = select(Area)
    if level is not None:
        query = query.where(Area.level == level)
    if under is not None:
        query = query.where(inside(Area.path, under))
    if name:
        query = query.where(Area.name.contains(name.strip(), autoescape=True))
    if parent is not None:
        query = query.where(Area.parent_code == parent)
    return query


async def with_codes(session: AsyncSession, codes: Iterable[str]) -> Sequence[Area]:
    wanted = literal(list(codes), ARRAY(Text))  # one parameter, however many
    return (await session.scalars(select(Area).where(Area.code == any_(wanted)))).all()


async def communities_of(session: AsyncSession, street_code: str) -> Sequence[Area]:
    return (await session.scalars(select(Area).where(Area.parent_code == street_code))).all()


async def add_missing(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> frozenset[str]:
    """Insert areas that are not there yet, in code order so that two imports cannot deadlock; the codes inserted."""
    ordered = sorted(rows, key=lambda row: (len(row["path"].split("/")), row["code"]))
    # Rows as parameters, not as VALUES of the statement: compiled once, and sent a thousand at a time.
    table = cast(Table, Area.__table__)
    statement = insert(table).on_conflict_do_nothing(index_elements=["code"]).returning(table.c.code)
    added = await session.scalars(statement, [dict(row) for row in ordered]) if ordered else ()
    return frozenset(added)


async def bring_up_to_date(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the gazetteer's areas; what is there gets the gazetteer's name and place."""
    statement = insert(Area).values(list(rows))
    fresh = {name: getattr(statement.excluded, name) for name in ("name", "level", "parent_code", "path")}
    await session.execute(statement.on_conflict_do_update(index_elements=["code"], set_=fresh))
