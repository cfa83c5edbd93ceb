"""The application: the only file that knows every router."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from app.areas.router import router as areas
from app.catalogue.router import router as catalogue
from app.complaints.router import router as complaints
from app.complaints.service import tasks as complaints_tasks
from app.connect import connected
from app.contracts.router import router as contracts
from app.contracts.service import tasks as contracts_tasks
from app.dashboards.router import router as dashboards
from app.donations.router import router as donations
from app.donations.service import tasks as donations_tasks
from app.editions.router import router as editions
from app.evaluations.router import router as evaluations
from app.evaluations.service import tasks as evaluations_tasks
from app.fairs.router import router as fairs
from app.funding.router import router as funding
from app.identity.router import router as identity
from app.imports.router import router as imports
from app.kernel.database import Database
from app.learning.router import router as learning
from app.live.router import TaskSource, tasks_router
from app.live.router import router as live
from app.matches.plans_router import router as plans
from app.matches.router import router as matches
from app.needs.router import router as needs
from app.needs.service import tasks as needs_tasks
from app.negotiations.router import router as negotiations
from app.negotiations.service import tasks as negotiations_tasks
from app.organizations.router import router as organizations
from app.organizations.service import tasks as organizations_tasks
from app.parties.router import router as parties
from app.projects.router import router as projects
from app.projects.service import tasks as projects_tasks
from app.settings import Settings
from app.settings import settings as read_settings
from app.timetables.router import router as timetables
from app.timetables.service import tasks as timetables_tasks
from app.volunteers.router import router as volunteers
from app.volunteers.service import tasks as volunteers_tasks
from app.web import health, middleware, problems

ROUTERS: Sequence[APIRouter] = (
    areas,
    catalogue,
    complaints,
    contracts,
    dashboards,
    donations,
    editions,
    evaluations,
    fairs,
    funding,
    identity,
    imports,
    learning,
    live,
    matches,
    needs,
    negotiations,
    organizations,
    parties,
    plans,
    projects,
    timetables,
    volunteers,
    health.router,
)
"""Every router of the service."""

TASKS: Sequence[TaskSource] = (
    complaints_tasks,
    contracts_tasks,
    donations_tasks,
    evaluations_tasks,
    needs_tasks,
    negotiations_tasks,
    organizations_tasks,
    projects_tasks,
    timetables_tasks,
    volunteers_tasks,
)
"""Every domain that can say what waits for somebody."""

DESCRIPTION = """
Sheqia 社洽 is the service behind a fair for community service projects (社洽会): needs and capabilities, ranked matches with
reasons, negotiation, contract, delivery and evaluation. Money is a decimal string of yuan; times carry +08:00; every error is
`application/problem+json` with a stable `code` and a Chinese and an English message.
"""


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """The ASGI application. Without a `database` it connects to the installation's own when it starts."""
    settings = settings or read_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with connected(settings) as own:
            app.state.database = own
            yield

    app = FastAPI(
        title="Sheqia 社洽",
        version="1.0.0",
        description=DESCRIPTION.strip(),
        docs_url="/docs",
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        lifespan=None if database else lifespan,
        max_body_size=settings.upload_limit_bytes,
        responses=problems.RESPONSES,
        separate_input_output_schemas=False,
    )
    app.state.settings = settings
    if database:
        app.state.database = database
    problems.install(app)
    app.add_middleware(middleware.Limited, per_minute=settings.rate_limit_per_minute)
    app.add_middleware(middleware.Observed)
    for router in (*ROUTERS, tasks_router(TASKS)):
        app.include_router(router)
    return app
