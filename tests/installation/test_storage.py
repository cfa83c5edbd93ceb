"""Bringing a database up to date when several services do it at the same moment."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from app.installation import storage
from app.kernel.embedded import EmbeddedPostgres
from app.settings import Settings

pytestmark = pytest.mark.process


async def test_services_that_start_at_once_bring_an_empty_database_up_together(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path / "data", database_url=None)
    with EmbeddedPostgres(settings.data, settings={"fsync": "off"}):
        async with asyncio.TaskGroup() as group:
            services = [group.create_task(_areas(settings)) for _ in range(4)]
    assert len({service.result() for service in services}) == 1
    assert services[0].result() > 100


async def _areas(settings: Settings) -> int:
    async with storage.current(settings) as database, database.reading() as session:
        return await session.scalar(text("SELECT count(*) FROM areas")) or 0
