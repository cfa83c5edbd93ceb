"""All SQL of fairs."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.fairs.models import Booth, CheckIn, Fair, Listing
from app.kernel.ids import reference, uuid7
from app.projects.models import Project


def fairs(edition: str | None) -> Select[Fair]:
    query = select(Fair)
    return query if edition is None else query.where(Fair.edition_code == edition)


async def fair(session: AsyncSession, ref: str | UUID) -> Fair | None:
    """A fair by UUID or number."""
    named = reference(ref)
    by = Fair.id == named if isinstance(named, UUID) else Fair.number == named
    return await session.scalar(select(Fair).where(by))


def booths(fair_id: UUID) -> Select[Booth]:
    return select(Booth).where(Booth.fair_id == fair_id)


async def booth(session: AsyncSession, fair_id: UUID, label: str) -> Booth | None:
    return await session.scalar(booths(fair_id).where(Booth.label == label))


async def list_projects(session: AsyncSession, fair: Fair, project_ids: Iterable[UUID] | None) -> int:
    """Show published projects of the fair's edition (all of them for None); how many are new."""
    wanted = select(Project.id).where(
        Project.edition_code == fair.edition_code,
        Project.published_at.is_not(None),
        Project.is_parent.is_(False),
    )
    if project_ids is not None:
        wanted = wanted.where(Project.id.in_(list(project_ids)))
    ids = (await session.scalars(wanted)).all()
    if not ids:
        return 0
    added = await session.scalars(
        insert(Listing).on_conflict_do_nothing().returning(Listing.id),
        [{"id": uuid7(), "fair_id": fair.id, "project_id": project_id} for project_id in ids],
    )
    return len(added.all())


async def check_in(
    session: AsyncSession, fair: Fair, party_id: UUID, day: date, by: str
) -> tuple[CheckIn, bool]:
    """The check-in of a party for one day, and whether it is new."""
    values = {"id": uuid7(), "fair_id": fair.id, "party_id": party_id, "day": day, "by_label": by}
    added = await session.scalar(insert(CheckIn).values(**values).on_conflict_do_nothing().returning(CheckIn))
    if added is not None:
        return added, True
    known = await session.scalar(
        select(CheckIn).where(CheckIn.fair_id == fair.id, CheckIn.party_id == party_id, CheckIn.day == day)
    )
    assert known is not None
    return known, False


async def counts(session: AsyncSession, ids: Sequence[UUID], today: date) -> dict[UUID, tuple[int, int, int]]:
    """For each fair: booths, listed projects, parties checked in today. One statement."""

    def of(model: Any, *more: Any) -> Any:
        return select(func.count()).where(model.fair_id == Fair.id, *more).correlate(Fair).scalar_subquery()

    rows = await session.execute(
        select(Fair.id, of(Booth), of(Listing), of(CheckIn, CheckIn.day == today)).where(Fair.id.in_(ids))
    )
    return {row[0]: (row[1], row[2], row[3]) for row in rows}
