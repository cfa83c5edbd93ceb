"""All SQL of the catalogue."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.models import CatalogueItem, ListItem, ListRevision


def items(category: str | None = None, query: str | None = None, *, current: bool = True) -> Select[Any]:
    found = select(CatalogueItem)
    if current:
        found = found.where(CatalogueItem.retired_on.is_(None))
    if category is not None:
        found = found.where(CatalogueItem.category == category)
    return found.where(CatalogueItem.found_by(query)) if query else found


async def item(session: AsyncSession, code: str) -> CatalogueItem | None:
    return await session.scalar(select(CatalogueItem).where(CatalogueItem.code == code))


async def add_missing_items(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    await session.execute(
        insert(CatalogueItem).values(list(rows)).on_conflict_do_nothing(index_elements=["code"])
    )


def revisions(scheme: str | None = None, list_type: str | None = None, on: date | None = None) -> Select[Any]:
    """Revisions of lists; with `on` only those in force on that day."""
    found = select(ListRevision)
    if scheme is not None:
        found = found.where(ListRevision.scheme == scheme)
    if list_type is not None:
        found = found.where(ListRevision.list_type == list_type)
    if on is not None:
        open_ended = or_(ListRevision.valid_to.is_(None), ListRevision.valid_to >= on)
        found = found.where(ListRevision.valid_from <= on, open_ended)
    return found


async def revision(session: AsyncSession, revision_id: UUID) -> ListRevision | None:
    return await session.get(ListRevision, revision_id)


async def all_revisions(session: AsyncSession) -> Sequence[ListRevision]:
    return (await session.scalars(select(ListRevision))).all()


async def in_force_locked(session: AsyncSession, scheme: str, list_type: str) -> ListRevision | None:
    """The revision without an end, locked: the one a new revision follows."""
    return await session.scalar(
        select(ListRevision)
        .where(
            ListRevision.scheme == scheme,
            ListRevision.list_type == list_type,
            ListRevision.valid_to.is_(None),
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def items_with_schemes(session: AsyncSession, revisions: Select[Any]) -> Sequence[tuple[ListItem, str]]:
    """The items of these revisions, each with the scheme of its list."""
    wanted = revisions.subquery()
    rows = await session.execute(
        select(ListItem, wanted.c.scheme)
        .join(wanted, wanted.c.id == ListItem.list_id)
        .order_by(ListItem.list_id, ListItem.code)
    )
    return [(row[0], row[1]) for row in rows]


async def items_of(session: AsyncSession, revision_ids: Iterable[UUID]) -> Sequence[ListItem]:
    found = await session.scalars(
        select(ListItem)
        .where(ListItem.list_id.in_(set(revision_ids)))
        .order_by(ListItem.list_id, ListItem.code)
    )
    return found.all()
