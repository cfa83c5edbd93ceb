"""The feed and the stream over HTTP, and the sandbox clock."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx
from sqlalchemy import text

from app.identity.roles import Role
from app.kernel import clock, journal, sealer
from app.kernel.actor import PUBLIC, machine
from app.kernel.database import Database
from app.kernel.ids import uuid7
from app.live import service
from app.main import create_app
from app.settings import Settings
from tests.conftest import Http
from tests.waiting import PATIENCE_SECONDS


async def happen(database: Database, *events: str) -> None:
    async with database.writing() as session:
        audience = journal.Audience(level=journal.PUBLIC)
        await journal.record(
            session,
            machine("test"),
            *(journal.Event("project", uuid7(), event, audience) for event in events),
        )
    async with database.engine.begin() as connection:
        await sealer.seal(connection)


async def test_a_feed_read_in_pieces_is_the_whole_feed(committed: Database, settings: Settings) -> None:
    await happen(committed, *(f"event {n}" for n in range(7)))
    transport = httpx.ASGITransport(create_app(settings, committed))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as reader:
        seen: list[str] = []
        cursor = ""
        while True:
            piece = (await reader.get("/api/v1/changes", params={"limit": 3, "cursor": cursor})).json()
            if not piece["items"]:
                break
            seen += [item["event"] for item in piece["items"]]
            cursor = piece["cursor"]
        assert seen == [f"event {n}" for n in range(7)]
        await happen(committed, "later")
        piece = (await reader.get("/api/v1/changes", params={"cursor": cursor})).json()
        assert [item["event"] for item in piece["items"]] == ["later"]
        assert (await reader.get("/api/v1/changes?cursor=-1")).json()["code"] == "bad_cursor"


async def test_a_screen_that_comes_back_goes_on_where_it_was(committed: Database) -> None:
    await happen(committed, "one", "two", "three")
    stream = service.follow(committed, PUBLIC, "1")
    assert [(await anext(stream)).event for _ in range(2)] == ["two", "three"]
    waiting = asyncio.ensure_future(anext(stream))
    await happen(committed, "four")
    assert (await asyncio.wait_for(waiting, PATIENCE_SECONDS)).event == "four"
    await stream.aclose()


async def test_the_clock_moves_forward_for_everyone_and_only_in_a_sandbox(
    http: Http, settings: Settings
) -> None:
    administrator, street = await http(Role.ADMINISTRATOR), await http(Role.STREET, area="3201")
    before = clock.now()
    moved = await administrator.post("/api/v1/sandbox/clock", json={"days": 3, "hours": 1})
    assert moved.status_code == 200, moved.text
    assert moved.json()["ahead_seconds"] == 3 * 86_400 + 3_600
    tasks = (await street.get("/api/v1/tasks")).json()
    assert tasks["as_of"] > clock.local(before).isoformat()
    assert tasks["as_of"].endswith("+08:00")
    assert (await street.post("/api/v1/sandbox/clock", json={"days": 1})).status_code == 403
    assert (await administrator.post("/api/v1/sandbox/clock", json={"days": -1})).status_code == 422


async def test_without_a_sandbox_time_is_time(database: Database, settings: Settings) -> None:
    real = settings.model_copy(update={"sandbox": False})
    async with database.writing() as session:
        await session.execute(text("INSERT INTO sandbox_clock VALUES (true, '400 days')"))
    transport = httpx.ASGITransport(create_app(real, database))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as visitor:
        assert (await visitor.get("/api/v1/me")).status_code == 200
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(days=1)
