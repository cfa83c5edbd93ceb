"""All SQL of needs and surveys."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.permissions import inside
from app.needs.models import Need, NeedProject, NeedState, NeedSupport, Survey, SurveyCell


def needs(
    visible: ColumnElement[bool],
    *,
    state: str | None = None,
    category: str | None = None,
    target_group: str | None = None,
    dimension: str | None = None,
    under: str | None = None,
    project_id: UUID | None = None,
    survey_id: UUID | None = None,
    query: str | None = None,
) -> Select[Any]:
    """Visible needs under the filters."""
    exact = {Need.state: state, Need.category: category, Need.dimension: dimension, Need.survey_id: survey_id}
    found = select(Need).where(
        visible, *(column == value for column, value in exact.items() if value is not None)
    )
    if target_group is not None:
        found = found.where(Need.target_groups.contains([target_group]))
    if under is not None:
        found = found.where(inside(Need.area_path, under))
    if project_id is not None:
        served = select(NeedProject.need_id).where(NeedProject.project_id == project_id)
        found = found.where(Need.id.in_(served))
    return found.where(Need.found_by(query)) if query else found


async def need(
    session: AsyncSession, visible: ColumnElement[bool], *, need_id: UUID | None = None, number: str = ""
) -> Need | None:
    same = Need.id == need_id if need_id is not None else Need.number == number
    return await session.scalar(select(Need).where(same, visible))


async def projects_of(session: AsyncSession, need_ids: Iterable[UUID]) -> dict[UUID, list[UUID]]:
    """The projects of each need."""
    rows = await session.execute(
        select(NeedProject.need_id, NeedProject.project_id)
        .where(NeedProject.need_id.in_(set(need_ids)))
        .order_by(NeedProject.linked_at, NeedProject.project_id)
    )
    found: dict[UUID, list[UUID]] = {}
    for need_id, project_id in rows:
        found.setdefault(need_id, []).append(project_id)
    return found


async def supporters_of(session: AsyncSession, need_ids: Iterable[UUID]) -> dict[UUID, int]:
    rows = await session.execute(
        select(NeedSupport.need_id, func.count())
        .where(NeedSupport.need_id.in_(set(need_ids)))
        .group_by(NeedSupport.need_id)
    )
    return {row[0]: row[1] for row in rows}


async def link(session: AsyncSession, need_ids: Iterable[UUID], project_id: UUID) -> set[UUID]:
    """Link needs to a project; those that were not linked before."""
    rows = [{"need_id": need_id, "project_id": project_id} for need_id in sorted(need_ids)]
    statement = insert(NeedProject).values(rows).on_conflict_do_nothing().returning(NeedProject.need_id)
    return set(await session.scalars(statement))


async def support(session: AsyncSession, need_id: UUID, account_id: UUID) -> bool:
    """Second a need; whether it is new."""
    statement = insert(NeedSupport).values(need_id=need_id, account_id=account_id)
    added = await session.scalar(statement.on_conflict_do_nothing().returning(NeedSupport.need_id))
    return added is not None


async def hand_over_support(session: AsyncSession, from_id: UUID, into_id: UUID) -> None:
    """Who seconded a need seconds the one it was merged into."""
    held = select(literal(into_id), NeedSupport.account_id, NeedSupport.supported_at).where(
        NeedSupport.need_id == from_id
    )
    columns = ["need_id", "account_id", "supported_at"]
    await session.execute(insert(NeedSupport).from_select(columns, held).on_conflict_do_nothing())


async def withdraw_support(session: AsyncSession, need_id: UUID, account_id: UUID) -> None:
    await session.execute(
        delete(NeedSupport).where(NeedSupport.need_id == need_id, NeedSupport.account_id == account_id)
    )


async def waiting(session: AsyncSession, where: ColumnElement[bool], limit: int) -> Sequence[Need]:
    """Collected needs, the oldest first."""
    found = await session.scalars(
        select(Need).where(Need.state == NeedState.COLLECTED, where).order_by(Need.created_at).limit(limit)
    )
    return found.all()


def surveys(visible: ColumnElement[bool], under: str | None = None) -> Select[Any]:
    found = select(Survey).where(visible)
    return found if under is None else found.where(inside(Survey.area_path, under))


async def survey(session: AsyncSession, visible: ColumnElement[bool], survey_id: UUID) -> Survey | None:
    return await session.scalar(select(Survey).where(Survey.id == survey_id, visible))


async def cells_of(session: AsyncSession, survey_ids: Iterable[UUID]) -> Sequence[SurveyCell]:
    found = await session.scalars(
        select(SurveyCell)
        .where(SurveyCell.survey_id.in_(set(survey_ids)))
        .order_by(SurveyCell.survey_id, SurveyCell.target_group, SurveyCell.dimension)
    )
    return found.all()


async def needs_of_survey(session: AsyncSession, survey_id: UUID) -> Sequence[Need]:
    return (await session.scalars(select(Need).where(Need.survey_id == survey_id))).all()
