"""The HTTP door of imports, with the worker's jobs done in between."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.imports.service import HANDLERS
from app.kernel.database import Database
from app.kernel.job_worker import Worker
from tests.conftest import Http
from tests.factories.editions import make_edition


@dataclass
class Door:
    """A sender at the door: sends files as bytes and reads what comes of them."""

    client: httpx.AsyncClient
    database: Database

    async def work(self) -> int:
        """Let the worker do what is in line."""
        return await Worker(self.database, HANDLERS, places=1).drain()

    async def send(
        self, content: bytes, kind: str = "projects", name: str = "名单.xlsx", **form: str
    ) -> httpx.Response:
        """Upload, without waiting for the preview."""
        return await self.client.post(
            "/api/v1/imports", files={"file": (name, content)}, data={"kind": kind, "edition": "2026", **form}
        )

    async def preview(self, content: bytes, kind: str = "projects", **form: str) -> "Preview":
        """Upload and preview."""
        answer = await self.send(content, kind, **form)
        assert answer.status_code in (200, 202), answer.text
        await self.work()
        return await self.read(answer.json()["id"])

    async def read(self, import_id: str) -> "Preview":
        """The import as it is now, with all its rows."""
        about = (await self.client.get(f"/api/v1/imports/{import_id}")).json()
        rows = (await self.client.get(f"/api/v1/imports/{import_id}/rows", params={"limit": 200})).json()
        return Preview(self, about, rows["items"])

    async def say(self, import_id: str, **said: Any) -> "Preview":
        """Say more about the file, and preview again."""
        answer = await self.client.patch(f"/api/v1/imports/{import_id}", json=said)
        assert answer.status_code == 200, answer.text
        await self.work()
        return await self.read(import_id)

    async def commit(self, import_id: str, **body: Any) -> dict[str, Any]:
        """Commit and wait; the import afterwards."""
        answer = await self.client.post(f"/api/v1/imports/{import_id}/commit", json=body)
        assert answer.status_code == 202, answer.text
        await self.work()
        about: dict[str, Any] = (await self.client.get(f"/api/v1/imports/{import_id}")).json()
        return about


@dataclass
class Preview:
    """A preview as its sender sees it."""

    door: Door
    about: dict[str, Any]
    rows: list[dict[str, Any]]

    @property
    def id(self) -> str:
        return str(self.about["id"])

    @property
    def counts(self) -> dict[str, int]:
        return self.about["preview"]["counts"]

    @property
    def sheets(self) -> list[dict[str, Any]]:
        return self.about["preview"]["sheets"]

    @property
    def data(self) -> list[dict[str, Any]]:
        """Rows that are not skipped."""
        return [row for row in self.rows if row["status"] != "skipped"]

    @property
    def only(self) -> dict[str, Any]:
        """The one row that is data."""
        (row,) = self.data
        return row

    @property
    def records(self) -> list[dict[str, Any]]:
        return [row["record"] for row in self.data]

    def codes(self, row: dict[str, Any] | None = None) -> set[str]:
        """Codes of the problems of a row, or of the file."""
        problems = row["problems"] if row else self.about["preview"]["problems"]
        return {problem["code"] for problem in problems}

    def skipped(self) -> list[tuple[int, str]]:
        return [(row["row"], row["problems"][-1]["code"]) for row in self.rows if row["status"] == "skipped"]


Doors = Callable[..., Any]


@pytest.fixture
async def door(http: Http, session: AsyncSession, database: Database) -> AsyncIterator[Door]:
    """The city bureau's door, with the edition of 2026 open."""
    await make_edition(session, "2026")
    yield Door(await http(Role.CITY_BUREAU), database)
