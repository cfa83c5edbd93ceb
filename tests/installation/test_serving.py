"""`sheqia serve` as an operator meets it: it comes up, says what is wrong in one line, and goes down as a whole."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.kernel.embedded import EmbeddedPostgres, find_binaries
from tests.waiting import PATIENCE_SECONDS, eventually

pytestmark = pytest.mark.process


class Service:
    """A running `sheqia serve` on a free port."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.process = start("serve", "--data", str(data), "--port", "0", *options)
        self.told: list[str] = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line)
            if line.startswith("  curl") and "/me" in line:
                break
        self.url = re.search(r"http://127\.0\.0\.1:(\d+)", "".join(self.told))

    def get(self, path: str) -> int | None:
        """The status of an answer; None when there is none."""
        assert self.url is not None, "".join(self.told)
        connection = http.client.HTTPConnection("127.0.0.1", int(self.url[1]), timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return None
        finally:
            connection.close()

    def children(self) -> dict[str, int]:
        listed = subprocess.run(
            ["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="],
            capture_output=True,
            text=True,
            check=False,
        )
        rows = (line.split(None, 1) for line in listed.stdout.splitlines())
        return {"worker" if "app.worker" in args else "api": int(pid) for pid, args in rows}

    def close(self) -> None:
        self.end(signal.SIGKILL)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()

    def end(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait()


def environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("SHEQIA_") and k != "DATABASE_URL"}


def start(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "app.cli", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**environment(), **variables},
    )


def refused(*arguments: str, **variables: str) -> str:
    """The one line a command that cannot run leaves on stderr."""
    process = start(*arguments, **variables)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "Traceback" not in said
    [line] = [line for line in said.splitlines() if "…" not in line]
    return line


@pytest.fixture
def serve() -> Iterator[Callable[..., Service]]:
    running: list[Service] = []

    def begin(data: Path, *options: str) -> Service:
        running.append(Service(data, *options))
        return running[-1]

    yield begin
    for service in running:
        service.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for the stories it survives."""
    service = Service(tmp_path_factory.mktemp("it's") / "data 数据")
    yield service
    service.close()


def sql(data: Path, statement: str) -> str:
    with EmbeddedPostgres(data) as server:
        psql = [find_binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, server.dsn()]
        return subprocess.run(psql, check=True, capture_output=True, text=True).stdout.strip()


def test_it_serves_and_ends_with_everything_it_started(tmp_path: Path, serve: Callable[..., Service]) -> None:
    service = serve(tmp_path / "data 数据")
    assert service.get("/readyz") == 200
    children = service.children()
    assert set(children) == {"api", "worker"}
    assert str(tmp_path / "data 数据") in "".join(service.told)
    assert service.end(signal.SIGTERM) == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in children.values())
    assert not EmbeddedPostgres(tmp_path / "data 数据").is_supervised()


def test_the_printed_lines_work_when_pasted(running: Service) -> None:
    for line in [line for line in running.told if line.startswith("  curl")]:
        answer = subprocess.run(
            ["bash", "-c", f"{line.strip()} --fail"], capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, line
    assert "administrator" in answer.stdout


def test_after_kill_9_nothing_is_left_running_and_nothing_is_lost(
    tmp_path: Path, serve: Callable[..., Service]
) -> None:
    first = serve(tmp_path / "data")
    credentials = (tmp_path / "data" / "credentials.txt").read_text()
    children = first.children()
    first.end(signal.SIGKILL)
    assert eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children.values()))
    second = serve(tmp_path / "data")
    assert second.get("/readyz") == 200
    assert (tmp_path / "data" / "credentials.txt").read_text() == credentials
    second.end(signal.SIGTERM)
    assert sql(tmp_path / "data", "select count(*) from accounts") == "1"


@pytest.mark.parametrize("name", ["api", "worker"])
def test_a_process_that_dies_is_started_again(running: Service, name: str) -> None:
    dead = running.children()[name]
    os.kill(dead, signal.SIGKILL)
    assert eventually(lambda: running.children().get(name, dead) != dead)
    assert eventually(lambda: running.get("/readyz") == 200)


def test_the_database_comes_back_after_its_supervisor_was_killed(running: Service) -> None:
    postmaster = int((running.data / "pgdata" / "postmaster.pid").read_text().split()[0])
    supervisor = int(Path(f"/proc/{postmaster}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: not Path(f"/proc/{postmaster}").exists())
    assert eventually(lambda: running.get("/readyz") == 200)


def test_an_occupied_port_is_named_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        line = refused("serve", "--data", str(tmp_path / "data"), "--port", port)
    assert f"Port {port} is in use" in line and f"端口 {port} 已被占用" in line
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "url",
    ["postgresql://nobody:hush@127.0.0.1:1/none", "postgresql://nobody:hush@nowhere.invalid/none"],
)
def test_a_wrong_database_url_is_named_without_its_password(tmp_path: Path, url: str) -> None:
    line = refused("serve", "--data", str(tmp_path / "data"), "--port", "0", DATABASE_URL=url)
    assert "DATABASE_URL" in line and "none" in line
    assert "hush" not in line


def test_a_database_that_is_not_there_is_named(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "other") as server:
        line = refused("migrate", DATABASE_URL=server.dsn("absent"))
    assert '"absent" does not exist' in line


def test_a_schema_from_the_future_is_refused(tmp_path: Path, serve: Callable[..., Service]) -> None:
    serve(tmp_path / "data").end(signal.SIGTERM)
    sql(tmp_path / "data", "update alembic_version set version_num = '9999'")
    line = refused("serve", "--data", str(tmp_path / "data"), "--port", "0")
    assert "9999" in line and "newer than this program" in line


def test_with_a_database_url_the_embedded_server_is_never_touched(
    tmp_path: Path, serve: Callable[..., Service], monkeypatch: pytest.MonkeyPatch
) -> None:
    with EmbeddedPostgres(tmp_path / "other") as server:
        monkeypatch.setattr(
            sys.modules[__name__], "environment", lambda: {**os.environ, "DATABASE_URL": server.dsn()}
        )
        service = serve(tmp_path / "data")
        assert service.get("/readyz") == 200
        assert service.end(signal.SIGINT) == 0
        assert not (tmp_path / "data" / "pgdata").exists()


def test_the_demonstration_stays_out_of_a_database_of_others(tmp_path: Path) -> None:
    process = start("serve", "--demo", "--data", str(tmp_path), DATABASE_URL="postgresql://db.invalid/fair")
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 2
    assert "--force" in said


def test_help_loads_nothing_that_is_slow() -> None:
    code = "import sys, app.cli; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not {"sqlalchemy", "fastapi", "pydantic", "numpy", "sklearn", "alembic"} & set(loaded)
