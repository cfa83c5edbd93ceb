"""All SQL of projects."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, any_, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.areas.permissions import inside, within
from app.catalogue.models import CatalogueItem
from app.editions.models import Edition
from app.identity.roles import BUREAUS, BUYERS
from app.kernel.actor import Actor
from app.kernel.database import keep
from app.parties.models import Party
from app.projects.models import Amendment, Project, ProjectState, ProjectText
from app.projects.similarity import Posted

MOST_TASKS = 100
MOST_IN_BULK = 20_000


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Whether an id column is one of `ids`, sent as one array: no limit on how many."""
    return column == any_(literal(list(ids), ARRAY(PG_UUID(as_uuid=True))))


async def one(session: AsyncSession, ref: str | UUID, visible: ColumnElement[bool]) -> Project | None:
    """The project with this id or number (of the newest edition that has the number), if `visible`."""
    same = Project.id == ref if isinstance(ref, UUID) else Project.number == ref
    query = select(Project).where(same, visible).order_by(Project.edition_code.desc()).limit(1)
    return await session.scalar(query)


async def one_to_move(session: AsyncSession, ref: str | UUID, visible: ColumnElement[bool]) -> Project | None:
    """The same project, locked, and read along with it what its rules and its view name. None for one with lots."""
    same = Project.id == ref if isinstance(ref, UUID) else Project.number == ref
    newest = select(Project.id).where(same, visible).order_by(Project.edition_code.desc()).limit(1)
    buyer, entity = aliased(Party), aliased(Party)
    row = (
        await session.execute(
            select(Project, Edition, buyer, entity)
            .join(Edition, Edition.code == Project.edition_code)
            .join(buyer, buyer.id == Project.buyer_id)
            .outerjoin(entity, entity.id == Project.procuring_entity_id)
            .where(Project.id == newest.scalar_subquery(), Project.is_parent.is_(False))
            .with_for_update(of=Project)
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        return None
    keep(session, *row[1:])
    return row[0]


async def with_ids(session: AsyncSession, ids: Iterable[UUID]) -> Sequence[Project]:
    query = select(Project).where(among(Project.id, ids)).order_by(Project.id)
    return (await session.scalars(query)).all()


async def on_offer(session: AsyncSession) -> Sequence[Project]:
    """Projects that take intents now; a project with lots is offered by its lots."""
    query = select(Project).where(
        Project.state.in_((ProjectState.PUBLISHED, ProjectState.NEGOTIATING)), Project.is_parent.is_(False)
    )
    return (await session.scalars(query.order_by(Project.id))).all()


async def locked(session: AsyncSession, project_id: UUID) -> Project | None:
    return await session.scalar(
        select(Project)
        .where(Project.id == project_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def taken_numbers(session: AsyncSession, pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these (edition, number) pairs are in use."""
    wanted = set(pairs)
    if not wanted:
        return set()
    numbers = literal(sorted({number for _, number in wanted}), ARRAY(Project.number.type))
    rows = await session.execute(
        select(Project.edition_code, Project.number).where(Project.number == any_(numbers))
    )
    return {(row[0], row[1]) for row in rows} & wanted


async def neighbours(session: AsyncSession, edition_code: str, projects: Sequence[Project]) -> list[Posted]:
    """Projects of the edition that lie at, above or below the place of one of the given, with what the scan reads."""
    paths = {project.area_path for project in projects}
    above = {path[:end] for path in paths for end in range(len(path)) if path[end] == "/"}
    below = [inside(Project.area_path, path) for path in sorted(paths)]
    # Many places are asked for at once only when most of the edition is: then all of it is read.
    near = or_(Project.area_path.in_(sorted(above)), *below) if len(below) <= 20 else literal(True)
    query = select(
        Project.id,
        Project.number,
        Project.title,
        Project.description,
        Project.state,
        Project.area_path,
        Project.parent_id,
    ).where(Project.edition_code == edition_code, near)
    return [Posted(*row) for row in await session.execute(query)]


async def catalogue_items(session: AsyncSession, codes: Iterable[str]) -> dict[str, CatalogueItem]:
    """The cited catalogue items by code, retired ones included."""
    query = select(CatalogueItem).where(CatalogueItem.code.in_(list(codes)))
    return {item.code: item for item in await session.scalars(query)}


async def lots(session: AsyncSession, parent_ids: Iterable[UUID]) -> dict[UUID, list[Project]]:
    """The lots of each project, in the order of their numbers."""
    found = defaultdict(list)
    query = select(Project).where(among(Project.parent_id, parent_ids)).order_by(Project.number)
    for lot in await session.scalars(query, execution_options={"populate_existing": True}):
        assert lot.parent_id is not None
        found[lot.parent_id].append(lot)
    return found


async def amendments(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, list[Amendment]]:
    found = defaultdict(list)
    query = select(Amendment).where(among(Amendment.project_id, ids)).order_by(Amendment.id)
    for amendment in await session.scalars(query):
        found[amendment.project_id].append(amendment)
    return found


async def in_bulk(session: AsyncSession, query: Select[Project]) -> Sequence[Project]:
    """What a bulk act is meant for, in the order of ids."""
    return (await session.scalars(query.order_by(Project.id).limit(MOST_IN_BULK))).all()


async def overdue(session: AsyncSession, day: date, limit: int) -> Sequence[UUID]:
    """Published projects whose time for intents is over, that nobody talks about, and that are no parents."""
    query = (
        select(Project.id)
        .where(
            Project.state == ProjectState.PUBLISHED, Project.intents_until < day, Project.is_parent.is_(False)
        )
        .order_by(Project.id)
        .limit(limit)
    )
    return (await session.scalars(query)).all()


def projects(visible: ColumnElement[bool], **wanted: Any) -> Select[Project]:
    """Visible projects by the filters of the list; a filter that is None is no filter."""
    conditions: dict[str, Any] = {
        "q": lambda words: Project.id.in_(select(ProjectText.project_id).where(ProjectText.found_by(words))),
        "under": lambda path: inside(Project.area_path, path),
        "category": lambda code: or_(Project.category == code, Project.categories.contains([code])),
        "target_group": lambda code: Project.target_groups.contains([code]),
        "state": lambda codes: Project.state.in_(codes),
        "buyer": lambda party: Project.buyer_id == party,
        "edition": lambda code: Project.edition_code == code,
        "least_fen": lambda fen: Project.budget_fen >= fen,
        "most_fen": lambda fen: Project.budget_fen <= fen,
        "urgency": lambda code: Project.urgency == code,
        "method": lambda code: Project.procurement_method == code,
        "route": lambda code: Project.delivery_route == code,
        "parent": lambda parent_id: Project.parent_id == parent_id,
        "ids": lambda ids: among(Project.id, ids),
        "import_id": lambda import_id: Project.provenance["import_id"].astext == str(import_id),
    }
    query = select(Project).where(visible)
    for name, value in wanted.items():
        if value is not None and value != "" and value != []:
            query = query.where(conditions[name](value))
    return query


async def to_attend(session: AsyncSession, actor: Actor) -> Sequence[Project]:
    """Projects in the actor's own area that wait for its hand: drafts and returned ones for buyers, the rest for bureaus."""
    buying = within(Project.area_path, actor, *BUYERS)
    reviewing = within(Project.area_path, actor, *BUREAUS)
    waiting = or_(
        buying & Project.state.in_((ProjectState.RETURNED, ProjectState.UNSUCCESSFUL)),
        reviewing
        & Project.state.in_(
            (
                ProjectState.SUBMITTED,
                ProjectState.UNDER_REVIEW,
                ProjectState.APPROVED,
                ProjectState.UNSUCCESSFUL,
            )
        ),
    )
    query = (
        select(Project).where(waiting, Project.is_parent.is_(False)).order_by(Project.state_since, Project.id)
    )
    return (await session.scalars(query.limit(MOST_TASKS))).all()
