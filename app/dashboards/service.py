"""Asking the figures. All figures of one dashboard are one statement: they speak of the same moment."""

from collections.abc import Sequence

from sqlalchemy import cast, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import Numeric

from app.areas.models import Area
from app.catalogue.codes import CODES
from app.dashboards.figures import Figure
from app.dashboards.outcomes import ALL
from app.dashboards.schemas import Bar, Breakdown, Dashboard, FigureView, Filters
from app.dashboards.scope import Scope
from app.kernel import clock
from app.projects.models import Project, ProjectState

MOST_BARS = 200


async def dashboard(session: AsyncSession, scope: Scope) -> Dashboard:
    """Every figure of the scope, and how many projects stand in each state."""
    (figures,) = await _ask(session, [scope], ALL)
    return Dashboard(
        as_of=clock.local(clock.now()),
        filters=_filters(scope),
        figures=figures,
        states=await _states(session, scope),
    )


async def breakdown(session: AsyncSession, scope: Scope, by: str, slugs: Sequence[str]) -> Breakdown:
    """Chosen figures (the first two when none is named) for each value of one dimension, at most 200 bars."""
    chosen = [figure for figure in ALL if figure.slug in slugs] or list(ALL[:2])
    values = (await _values(session, scope, by))[:MOST_BARS]
    answers = await _ask(session, [narrowed for *_, narrowed in values], chosen)
    return Breakdown(
        as_of=clock.local(clock.now()),
        filters=_filters(scope),
        by=by,
        bars=[
            Bar(key=key, label_zh=zh, label_en=en, figures=figures)
            for (key, zh, en, _), figures in zip(values, answers, strict=True)
        ],
    )


async def _states(session: AsyncSession, scope: Scope) -> dict[str, int]:
    rows = await session.execute(
        select(Project.state, func.count()).where(scope.where()).group_by(Project.state)
    )
    found = {row[0]: row[1] for row in rows}
    return {state.value: found[state.value] for state in ProjectState if state.value in found}


async def _ask(
    session: AsyncSession, scopes: Sequence[Scope], figures: Sequence[Figure]
) -> list[list[FigureView]]:
    """All figures of all scopes in one statement."""
    asked = [(scope, figure) for scope in scopes for figure in figures]
    if not asked:
        return []
    parts = []
    for place, (scope, figure) in enumerate(asked):
        numerator, denominator = figure.query(scope).subquery().c
        parts.append(select(*(cast(value, Numeric) for value in (literal(place), numerator, denominator))))
    rows = {int(place): (top, bottom) for place, top, bottom in await session.execute(union_all(*parts))}
    views = [figure.view(scope, *rows[place]) for place, (scope, figure) in enumerate(asked)]
    return [views[i : i + len(figures)] for i in range(0, len(views), len(figures))]


async def _values(session: AsyncSession, scope: Scope, by: str) -> list[tuple[str | None, str, str, Scope]]:
    if by == "category":
        labels = CODES["category"]
        keys = await session.scalars(
            select(Project.category).where(scope.where()).distinct().order_by(Project.category)
        )
        return [(k, labels.label(k), labels.label(k, "en"), scope.narrowed(category=k)) for k in keys if k]
    column = Project.district_path if by == "district" else Project.street_path
    rows = await session.execute(
        select(Area.path, Area.name)
        .where(Area.path.in_(select(column).where(scope.where()).distinct()))
        .order_by(Area.path)
    )
    return [(path, name, name, scope.narrowed(area_path=path)) for path, name in rows]


def _filters(scope: Scope) -> Filters:
    return Filters(
        edition=scope.edition,
        area_path=scope.area_path,
        category=scope.category,
        buyer_id=str(scope.buyer_id) if scope.buyer_id else None,
        delivery_route=scope.delivery_route,
    )
