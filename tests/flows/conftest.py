"""A real server on a real database, and people who talk to it over HTTP."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.installation.accounts import kept
from tests.waiting import PATIENCE_SECONDS, eventually


@dataclass
class Person:
    """One signed-in account and its manners: it keeps its token, and stops at the first answer it did not expect."""

    name: str
    client: httpx.Client
    party: str | None = None

    def ask(self, method: str, address: str, *, expect: int, **more: Any) -> Any:
        """Send one request; the JSON of the answer. Any other status ends the story with the whole answer."""
        answer = self.client.request(method, address, **more)
        assert answer.status_code == expect, (
            f"{self.name}: {method} {address} → {answer.status_code}\n{answer.text}"
        )
        kind = answer.headers.get("content-type", "")
        return answer.json() if "json" in kind else answer

    def get(self, address: str, expect: int = 200, **params: Any) -> Any:
        return self.ask("GET", address, expect=expect, params=params or None)

    def post(self, address: str, body: Any = None, expect: int = 201, **more: Any) -> Any:
        return self.ask("POST", address, expect=expect, json=body, **more)

    def patch(self, address: str, body: Any, expect: int = 200) -> Any:
        """Change a thing as it is now: read its ETag, send it back."""
        etag = self.client.get(address).headers["etag"]
        return self.ask("PATCH", address, expect=expect, json=body, headers={"If-Match": etag})

    def move(self, address: str, event: str, note: str | None = None, expect: int = 200, **data: Any) -> Any:
        """Move a thing by one event of its lifecycle."""
        body = {"event": event, "note": note, "data": data}
        return self.ask("POST", f"{address}/transitions", expect=expect, json=body)

    def await_job(self, job: dict[str, Any]) -> dict[str, Any]:
        """Follow a job to its good end."""
        address = f"/api/v1/jobs/{job['id']}"
        assert eventually(lambda: self.get(address)["state"] in ("succeeded", "failed", "cancelled"))
        job = dict(self.get(address))
        assert job["state"] == "succeeded", job
        return job


@dataclass
class Server:
    """One installation in a folder of its own, run by the same command a user runs."""

    data: Path
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    _said: int = 0
    _clients: list[httpx.Client] = field(default_factory=list)
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def start(self, *options: str, patience: float = PATIENCE_SECONDS, **environment: str) -> "Server":
        command = [
            str(Path(sys.executable).with_name("sheqia")),
            "serve",
            "--port",
            "0",
            "--data",
            str(self.data),
            *options,
        ]
        clean = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("SHEQIA_")}
        log = self.data.parent / "serve.log"
        with log.open("a") as target:
            self.process = subprocess.Popen(
                command,
                env={**clean, "SHEQIA_SANDBOX": "1", "SHEQIA_RATE_LIMIT_PER_MINUTE": "100000", **environment},
                stdout=target,
                stderr=target,
                start_new_session=True,
            )
        deadline, said_before = time.monotonic() + patience, self._said
        while time.monotonic() < deadline and self.process.poll() is None:
            said = log.read_text()[said_before:]
            if found := re.search(r"(http://127\.0\.0\.1:\d+)/docs", said):
                self.url, self._said = found.group(1), said_before + len(said)
                return self
            time.sleep(0.05)
        raise AssertionError(f"the server did not start:\n{log.read_text()[-3000:]}")

    def person(self, name: str, token: str | None) -> Person:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS)
        self._clients.append(client)
        return Person(name, client)

    @property
    def administrator(self) -> Person:
        (account,) = [one for one in kept(self.data / "credentials.txt") if one.role == "administrator"]
        return self.person("administrator", account.token)

    @property
    def public(self) -> Person:
        return self.person("the public", None)

    def account(self, role: str, *, area: str | None = None, party: str | None = None) -> Person:
        """A new account with one role, opened by the administrator and signed in by its own password."""
        name = f"{role.replace('_', '-')}-{next(self._names)}"
        grant = {"role": role, "area_path": area, "party_id": party}
        password = f"the password of {name}"
        self.administrator.post(
            "/api/v1/accounts",
            {"name": name, "label": f"{role} {name}", "password": password, "grants": [grant]},
        )
        session = self.public.post("/api/v1/sessions", {"name": name, "password": password})
        return self.person(name, session["token"])

    def kill(self) -> None:
        """kill -9 the server and everything it started, the database aside: its supervisor sees to that."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Stop as Ctrl-C does; the exit code."""
        for client in self._clients:
            client.close()
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=PATIENCE_SECONDS)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Callable[[], Server]]:
    """Makes servers, each on its own data folder; stops what is left of them."""
    servers: list[Server] = []

    def make(name: str = "数据 data") -> Server:
        server = Server(tmp_path / name)
        servers.append(server)
        return server

    yield make
    for server in servers:
        if server.process is not None and server.process.poll() is None:
            server.stop()
