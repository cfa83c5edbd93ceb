"""Is it alive (`/healthz`), is it ready (`/readyz`), and how is it doing (`/metrics`)."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from pydantic import BaseModel
from sqlalchemy import text

from app.kernel import migrations, sealer
from app.kernel.errors import CannotRun

router = APIRouter(tags=["operations"])

SEAL_LAG = Gauge("sheqia_journal_seal_lag_seconds", "Age of the oldest journal entry without a position")


class Health(BaseModel):
    """What stands and what does not."""

    status: Literal["ok", "not_ready"]
    database: bool | None = None
    schema_current: bool | None = None


@router.get("/healthz", operation_id="is_alive")
async def alive() -> Health:
    """The process answers."""
    return Health(status="ok")


@router.get("/readyz", operation_id="is_ready", responses={503: {"model": Health}})
async def ready(request: Request, response: Response) -> Health:
    """The database answers and its schema is this program's."""
    database = current = False
    try:
        async with request.app.state.database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
            database = True
            current = await migrations.is_current(connection)
    except (OSError, CannotRun):
        pass
    except Exception:
        database = False
    if database and current:
        return Health(status="ok", database=True, schema_current=True)
    response.status_code = 503
    return Health(status="not_ready", database=database, schema_current=current)


@router.get("/metrics", operation_id="get_metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """Prometheus metrics of this process, with the journal's seal lag."""
    async with request.app.state.database.engine.connect() as connection:
        SEAL_LAG.set(await sealer.lag_seconds(connection))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
