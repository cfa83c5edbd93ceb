"""A new user's first minutes: start, look, stop, pull the plug, start again."""

import time
from collections.abc import Callable

import httpx
import pytest

from tests.flows.conftest import Server

pytestmark = pytest.mark.process


def gone(server: Server) -> bool:
    """Whether nobody answers any more; its children are told of the parent's death and end what they were answering."""
    for _ in range(300):
        try:
            server.public.get("/healthz")
        except httpx.TransportError:
            return True
        time.sleep(0.1)
    return False


def test_what_was_answered_is_there_after_the_plug_was_pulled(installation: Callable[[], Server]) -> None:
    server = installation().start()
    street = server.account("street", area="3201/320102")
    assert street.get("/api/v1/me")["grants"][0]["role"] == "street"
    before = server.administrator.get("/api/v1/accounts")
    server.kill()
    assert gone(server), "what the parent started ends with it"
    server.start()
    assert server.public.get("/readyz") == {"status": "ok", "database": True, "schema_current": True}
    assert server.administrator.get("/api/v1/accounts") == before
    assert server.stop() == 0


def test_the_feed_shows_what_happened_and_the_sandbox_clock_moves(installation: Callable[[], Server]) -> None:
    server = installation().start()
    administrator = server.administrator
    server.account("auditor", area="")
    moved = administrator.post("/api/v1/sandbox/clock", {"days": 10}, expect=200)
    assert moved["ahead_seconds"] == 864_000
    auditor = server.account("auditor", area="")
    for _ in range(100):
        events = [(item["subject_kind"], item["event"]) for item in auditor.get("/api/v1/changes")["items"]]
        if events.count(("account", "opened")) == 3:
            break
    assert events.count(("account", "opened")) == 3
