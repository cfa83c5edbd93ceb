"""`sheqia serve`: the database, the API processes and the job worker, started, watched and stopped together.

The parent holds the listening socket, so that an occupied port is known before anything else starts, and API processes
started again never lose it. `python -m app.installation.serving LISTENER GATE` is one API process on that inherited socket.
"""

import asyncio
import ctypes
import errno
import gc
import http.client
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import typer

from app.kernel.embedded import EmbeddedPostgres
from app.kernel.errors import CannotRun, Problem
from app.settings import Settings

PR_SET_PDEATHSIG = 1
GRACE_SECONDS = 15
MOST_FAILURES = 5
LONG_LIFE_SECONDS = 30

STEPS = {
    "creating": "创建数据库 Creating the database …",
    "starting": "启动数据库 Starting the database …",
}


def say(line: str) -> None:
    """Tell the operator how far it is; on stderr, because stdout is for results."""
    typer.echo(line, err=True)


def serve(settings: Settings, *, errand: Sequence[str] = ()) -> None:
    """Serve until SIGINT or SIGTERM. Raises `CannotRun` when something keeps it from starting or going on.

    `errand` names a module, with its arguments, run beside the service once it answers; when that fails, everything ends with its exit code.
    """
    with (
        listening(settings) as listener,
        database_running(settings) as embedded,
        Gate() as gate,
        Stopping() as stopping,
    ):
        children = [_api(number, listener, gate) for number in range(1, settings.workers + 1)]
        try:
            for child in children:
                child.start()
            asyncio.run(_prepare(settings))
            gate.open()
            children.append(
                Child("worker", [sys.executable, "-P", "-c", "from app.worker import main; main()"])
            )
            children[-1].start()
            _await_ready(children, listener, stopping)
            if errand and not stopping.asked:
                _run_errand(errand, stopping)
            if not stopping.asked:
                typer.echo(_welcome(settings, address(listener)))
            while not stopping.asked:
                for child in children:
                    child.keep_alive()
                if embedded and not embedded.is_supervised():
                    embedded.start()
                time.sleep(0.2)
        finally:
            _end(children)


@contextmanager
def database_running(settings: Settings) -> Iterator[EmbeddedPostgres | None]:
    """The embedded server, for as long as the block lasts; None when DATABASE_URL names another."""
    if settings.database_url:
        yield None
        return
    server = EmbeddedPostgres(settings.data)
    server.start(lambda step: say(STEPS[step]) if step in STEPS else None)
    try:
        yield server
    finally:
        server.stop()


async def _prepare(settings: Settings) -> None:
    # Imported while the API processes import theirs: half of a start is importing.
    from app.installation import accounts, storage

    async with storage.current(settings) as database:
        await accounts.ensure_administrator(database, settings)


def _api(number: int, listener: socket.socket, gate: "Gate") -> "Child":
    """An API process. It reads the same environment, so `settings` must be what that says."""
    descriptors = [listener.fileno(), gate.reader]
    command = [sys.executable, "-P", "-m", "app.installation.serving", *map(str, descriptors)]
    return Child(f"api-{number}", command, descriptors)


def _run_errand(module: Sequence[str], stopping: "Stopping") -> None:
    errand = Child(module[0], [sys.executable, "-P", "-m", *module])
    errand.start()
    try:
        while errand.is_alive and not stopping.asked:
            time.sleep(0.1)
    finally:
        _end([errand])
    if errand.process and errand.process.returncode and not stopping.asked:
        failed = Problem(
            "errand_failed", f"{module[0]} 失败，原因见上方输出。", f"{module[0]} failed; see above."
        )
        raise CannotRun(failed, exit_code=errand.process.returncode)


# -- the port -------------------------------------------------------------------------------------------------------


@contextmanager
def listening(settings: Settings) -> Iterator[socket.socket]:
    """The listening socket. Raises `CannotRun` when the port is taken or the address is not this machine's."""
    try:
        family, _, _, _, target = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(target[:2], family=family, backlog=2048)
    except (OSError, UnicodeError) as error:
        raise _no_port(settings, error) from error
    with listener:
        yield listener


def _no_port(settings: Settings, error: Exception) -> CannotRun:
    host, port = settings.host, settings.port
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return CannotRun(
            Problem(
                "port_in_use",
                f"端口 {port} 已被占用，请用 --port 另选一个，或停止占用它的程序。",
                f"Port {port} is in use: choose another with --port, or stop the program that has it.",
            )
        )
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return CannotRun(
        Problem(
            "cannot_listen",
            f"无法监听 {host}:{port}（{reason}）。",
            f"Cannot listen on {host}:{port} ({reason}).",
        )
    )


def address(listener: socket.socket) -> str:
    """The URL under which this machine reaches the listener."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


# -- the processes --------------------------------------------------------------------------------------------------


class Gate:
    """Where API processes wait, with everything imported, until the schema is ready for them; then it stays open."""

    def __enter__(self) -> "Gate":
        self.reader, self._writer = os.pipe()
        return self

    def open(self) -> None:
        """Whoever reads, now or later, finds the end of the pipe."""
        os.close(self._writer)
        self._writer = -1

    def __exit__(self, *exception: object) -> None:
        os.close(self.reader)
        if self._writer >= 0:
            os.close(self._writer)


class Stopping:
    """Whether SIGINT, SIGTERM or SIGHUP has asked the program to end."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stopping":
        self._before = {
            number: signal.signal(number, self._ask)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(self, *exception: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        self.asked = True


@dataclass
class Child:
    """A process of the service, started again when it ends unasked."""

    name: str
    command: Sequence[str]
    descriptors: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    started: float = field(default_factory=time.monotonic)

    def start(self) -> None:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            pass_fds=self.descriptors,
            stdin=subprocess.DEVNULL,
            # Of a session of its own: Ctrl-C in a terminal reaches the parent alone, which stops all in order.
            start_new_session=True,
            preexec_fn=_end_with_parent,
        )

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def keep_alive(self) -> None:
        if self.is_alive:
            return
        lasted = time.monotonic() - self.started
        self.failures = 1 if lasted > LONG_LIFE_SECONDS else self.failures + 1
        if self.failures > MOST_FAILURES:
            raise keeps_ending(self.name)
        if lasted > self.failures - 1:  # a little later at each failure
            self.start()


def keeps_ending(name: str) -> CannotRun:
    return CannotRun(
        Problem(
            "process_keeps_ending",
            f"进程 {name} 反复退出，原因见上方输出。",
            f"The process {name} keeps ending; what it wrote above says why.",
        )
    )


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def _await_ready(children: Sequence[Child], listener: socket.socket, stopping: Stopping) -> None:
    while not stopping.asked and not _is_ready(listener):
        for child in children:
            if not child.is_alive and child.name != "worker":
                raise keeps_ending(child.name)
        time.sleep(0.05)


def _is_ready(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection(
        {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host), port, timeout=5
    )
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _end(children: Sequence[Child]) -> None:
    alive = [child.process for child in children if child.process is not None]
    for process in alive:
        process.terminate()
    deadline = time.monotonic() + GRACE_SECONDS
    for process in alive:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _welcome(settings: Settings, url: str) -> str:
    file = settings.credentials_file
    database = "DATABASE_URL" if settings.database_url else f"{settings.data}"
    lines = [
        f"社洽 Sheqia: {url}/docs  (Ctrl-C 停止 stops)",
        f"数据 Data: {database}",
        *([f"账号 Accounts: {file}"] if file.exists() else []),
        "试试 Try:",
        f"  curl -sw '\\n' {url}/readyz",
        f"  curl -sw '\\n' {url}/api/v1/codes",
    ]
    if file.exists():
        token = f"$(awk '$1==\"administrator\"{{print $4}}' {shlex.quote(str(file))})"
        lines.append(f"  curl -sw '\\n' -H \"Authorization: Bearer {token}\" {url}/api/v1/me")
    return "\n".join(lines)


def answer(listener: int, gate: int) -> None:
    """Be one API process on the inherited listening socket, as soon as the gate opens."""
    # Half of a start is importing, and a fifth of that would go into collecting what stays for good.
    gc.disable()
    import uvicorn

    from app import logs
    from app.main import create_app
    from app.settings import settings

    gc.freeze()
    gc.enable()
    logs.configure(settings())
    os.read(gate, 1)
    config = uvicorn.Config(
        create_app,
        factory=True,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=5,  # a live stream never ends by itself
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=listener)])


if __name__ == "__main__":
    answer(int(sys.argv[1]), int(sys.argv[2]))
