"""A new user's first minutes: start, look, stop, pull the plug, start again."""

from collections.abc import Callable

import httpx
import pytest

from tests.flows.conftest import Server

pytestmark = pytest.mark.process


def test_what_was_answered_is_there_after_the_plug_was_pulled(installation: Callable[[], Server]) -> None:
    server = installation().start()
    street = server.account("street", area="3201/320102")
    assert street.get("/api/v1/me")["grants"][0]["role"] == "street"
    before = server.administrator.get("/api/v1/accounts")
    server.kill()
    with pytest.raises(httpx.TransportError):
        server.public.get("/healthz")
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
