"""Figures for the director's screens."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from app.catalogue.codes import Category, DeliveryRoute
from app.dashboards import service
from app.dashboards.schemas import Breakdown, Dashboard
from app.dashboards.scope import Scope
from app.identity.authentication import Anyone
from app.web.session import ReadSession, UnitOfWork

router = APIRouter(prefix="/api/v1/dashboards", tags=["dashboards"], route_class=UnitOfWork)


def _scope(
    actor: Anyone,
    edition: Annotated[str, Query(description="Code of the edition", examples=["2026"])],
    area: Annotated[str | None, Query(description="Area path, such as 3201/320106", max_length=200)] = None,
    category: Category | None = None,
    buyer: UUID | None = None,
    delivery_route: DeliveryRoute | None = None,
) -> Scope:
    return Scope(actor, edition, area, category, buyer, delivery_route)


Scoped = Annotated[Scope, Depends(_scope)]


@router.get("/fair", operation_id="get_dashboard")
async def fair(session: ReadSession, scope: Scoped) -> Dashboard:
    """Every figure of an edition, over the projects the caller may see."""
    return await service.dashboard(session, scope)


@router.get("/breakdown", operation_id="get_breakdown")
async def breakdown(
    session: ReadSession,
    scope: Scoped,
    by: Literal["district", "street", "category"],
    figure: Annotated[list[str] | None, Query(description="Slugs of the figures", max_length=10)] = None,
) -> Breakdown:
    """Chosen figures for each district, street or category."""
    return await service.breakdown(session, scope, by, figure or [])
