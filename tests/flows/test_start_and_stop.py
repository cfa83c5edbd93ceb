"""A new user's first minutes: start, look, stop, pull the plug, start again."""

from collections.abc import Callable

import httpx
import pytest

from tests.flows.conftest import Server
from tests.waiting import eventually

pytestmark = pytest.mark.process


def gone(server: Server) -> bool:
    """Whether nobody answers any more; its children are told of the parent's death and end what they were answering."""
    public = server.public

    def refused() -> bool:
        try:
            public.get("/healthz")
        except httpx.TransportError:
            return True
        return False

    return eventually(refused)


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

    def opened() -> int:
        items = auditor.get("/api/v1/changes")["items"]
        return [(item["subject_kind"], item["event"]) for item in items].count(("account", "opened"))

    # The service answers before the worker beside it has come up, whose sealer gives entries their place in line.
    assert eventually(lambda: opened() == 3)
