"""The supervisor of the embedded PostgreSQL: `python -m app.kernel.embedded_supervisor FOLDER LOCK SETTINGS`.

Started detached by `EmbeddedPostgres.start()`, with the supervisor's lock as the inherited descriptor LOCK. It makes
the cluster when there is none, keeps PostgreSQL running as its child, and ends with it when the last user is gone.
"""

import contextlib
import ctypes
import fcntl
import json
import locale
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.kernel.embedded import (
    DATABASE,
    LEAST_FREE_BYTES,
    PORT,
    SUPERUSER,
    DataFolder,
    EmbeddedPostgresError,
    disk_full,
    explained,
    find_binaries,
    postgres_environment,
    take_lock,
)

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG = 1
NOBODY = 65534
LOG_BYTES = 10 << 20
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_min_duration_statement": "1s",
}


class Supervisor:
    """Runs one server for one data folder; the caller holds the folder's supervisor lock."""

    def __init__(self, folder: DataFolder, settings: Mapping[str, str]) -> None:
        self.folder = folder
        self.local_settings = settings
        self.binaries = find_binaries()
        self.major = self._major()
        self.identity: dict[str, Any] = {}  # arguments to Popen: who the server runs as

    def run(self) -> None:
        """Serve until nobody holds the users' lock; then stop the server and return."""
        self._refuse_other_version()
        self._leave_root()
        self._make_cluster()
        self._write_settings()
        server = self._start_server()
        try:
            while (users := take_lock(self.folder.users_lock, fcntl.LOCK_EX)) is None:
                time.sleep(0.2)
                if server.poll() is not None:
                    server = self._restart(server)
            self.folder.report("stopping")
        finally:
            self._stop(server)
        if self.folder.socket_dir != self.folder.run:
            shutil.rmtree(self.folder.socket_dir, ignore_errors=True)
        os.close(users)  # only now may a new user enter

    # -- the cluster ------------------------------------------------------------------------------------------------

    def _major(self) -> int:
        said = subprocess.run(
            [self.binaries / "postgres", "--version"], capture_output=True, text=True, check=False
        )
        found = re.search(r"PostgreSQL\) (\d+)", said.stdout)
        if not found:
            raise EmbeddedPostgresError(
                "postgres_failed",
                f"{self.binaries} 中的 PostgreSQL 无法运行：{said.stderr.strip()}",
                f"The PostgreSQL in {self.binaries} does not run: {said.stderr.strip()}",
            )
        return int(found.group(1))

    def _refuse_other_version(self) -> None:
        file = self.folder.pgdata / "PG_VERSION"
        if file.exists() and (found := file.read_text().strip()) != str(self.major):
            raise EmbeddedPostgresError(
                "data_folder_version",
                f"数据目录 {self.folder.root} 由 PostgreSQL {found} 创建，本程序使用 {self.major}。"
                f"请用原版本备份后恢复到新目录，或以 SHEQIA_PG_BIN 指定 PostgreSQL {found}。",
                f"The data folder {self.folder.root} was made by PostgreSQL {found}; this installation has {self.major}. "
                f"Back it up with the old version and restore into a new folder, or point SHEQIA_PG_BIN to PostgreSQL {found}.",
            )

    def _make_cluster(self) -> None:
        if (self.folder.pgdata / "PG_VERSION").exists():
            self._give(self.folder.pgdata)
            return
        self.folder.report("creating")
        if shutil.disk_usage(self.folder.root).free < 200 * LEAST_FREE_BYTES:
            raise disk_full(self.folder.root)
        draft = self.folder.root / "pgdata.new"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        self._give(draft)
        self._tool("initdb", "-D", str(draft), "-U", SUPERUSER, *self._initdb_options())
        with (draft / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists 'sheqia.conf'\ninclude_if_exists 'local.conf'\n")
        _write_conf(draft / "local.conf", self.local_settings)
        self._give(draft)
        single_user = ("--single", "-D", str(draft), "-c", "exit_on_error=on", "template1")
        self._tool("postgres", *single_user, told=f"CREATE DATABASE {DATABASE};\n")
        draft.replace(self.folder.pgdata)  # a crash in the middle leaves no half cluster behind

    def _initdb_options(self) -> list[str]:
        # With ctype C, pg_trgm finds no trigrams in Chinese text, even under the builtin provider.
        options = [
            f"--locale={_utf8_locale()}",
            "--lc-messages=C",
            "--encoding=UTF8",
            "--auth-local=trust",  # the socket lies in a folder of mode 0700
            "--auth-host=reject",
            "--no-instructions",
        ]
        if self.major >= 17:
            options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self.local_settings.get("fsync") == "off":
            options.append("--no-sync")
        return options

    def _write_settings(self) -> None:
        # In a file, not on the command line: no shell and no option parser ever reads a path.
        listed = str(self.folder.socket_dir).replace('"', '""')
        sockets = {"unix_socket_directories": f'"{listed}"'}
        _write_conf(self.folder.pgdata / "sheqia.conf", {**SETTINGS, **sockets})
        self._give(self.folder.pgdata / "sheqia.conf")

    def _tool(self, program: str, *arguments: str, told: str = "") -> None:
        done = subprocess.run(
            [self.binaries / program, *arguments],
            input=told,
            text=True,
            errors="replace",
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=postgres_environment(),
            cwd="/",
            check=False,
            **self.identity,
        )
        if done.returncode:
            raise self._explain(program, done.stdout)

    # -- the server -------------------------------------------------------------------------------------------------

    def _start_server(self) -> subprocess.Popen[bytes]:
        self.folder.report("starting")
        self._make_socket_dir()
        for _ in range(60):
            self._clear_leftovers()
            outcome = self._launch()
            if not isinstance(outcome, str):
                self.folder.report("ready")
                return outcome
            if "shared memory block" not in outcome:
                break
            time.sleep(0.5)  # backends of a killed postmaster are still on their way out
        raise self._explain("postgres", str(outcome))

    def _launch(self) -> subprocess.Popen[bytes] | str:
        """The running server once it accepts connections, else what it wrote before it ended."""
        log_file = self.folder.server_log
        if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
            log_file.replace(log_file.with_suffix(".log.1"))
        with log_file.open("ab") as log:
            begin = log.tell()
            server = subprocess.Popen(
                [self.binaries / "postgres", "-D", str(self.folder.pgdata)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=postgres_environment(),
                cwd="/",
                preexec_fn=_end_with_supervisor,  # safe: this process has one thread
                **self.identity,
            )
        while server.poll() is None:
            if self._pid_file_says_ready(server.pid):
                return server
            time.sleep(0.01)
        with log_file.open("rb") as log:
            log.seek(begin)
            return log.read().decode(errors="replace")

    def _pid_file_says_ready(self, pid: int) -> bool:
        """The eighth line of postmaster.pid is its state: what pg_ctl waits for, without a client."""
        lines = self._pid_file_lines()
        return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"

    def _pid_file_lines(self) -> list[str]:
        try:
            return (self.folder.pgdata / "postmaster.pid").read_text(errors="replace").splitlines()
        except OSError:
            return []

    def _restart(self, dead: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        try:
            return self._start_server()
        except (
            EmbeddedPostgresError
        ) as error:  # a disk that is full may be emptied: try as long as there are users
            self.folder.report("failed", code=error.code, zh=error.zh, en=error.en)
            time.sleep(2)
            return dead

    def _stop(self, server: subprocess.Popen[bytes]) -> None:
        for signal_number, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
            server.send_signal(signal_number)  # fast shutdown first: roll back, checkpoint, end
            try:
                server.wait(patience)
                return
            except subprocess.TimeoutExpired:
                continue

    def _clear_leftovers(self) -> None:
        """Stop a server that lost its supervisor, and forget one that died.

        After a power cut the process id in postmaster.pid may belong to another program, which PostgreSQL takes
        for a running server. Holding the supervisor's lock we know better.
        """
        lines = self._pid_file_lines()
        if lines and lines[0].strip().isdigit() and self._is_our_server(int(lines[0])):
            self._stop_orphan(int(lines[0]))
        else:
            (self.folder.pgdata / "postmaster.pid").unlink(missing_ok=True)
        for socket_file in self.folder.socket_dir.glob(".s.PGSQL.*"):
            socket_file.unlink(missing_ok=True)

    def _is_our_server(self, pid: int) -> bool:
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            if Path("/proc/self").exists():
                return False
            shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, check=False)
            command = shown.stdout
        return b"postgres" in command and os.fsencode(self.folder.pgdata) in command

    def _stop_orphan(self, pid: int) -> None:
        for signal_number, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 10)):
            os.kill(pid, signal_number)
            deadline = time.monotonic() + patience
            while time.monotonic() < deadline:
                if not self._is_our_server(pid):
                    return
                time.sleep(0.05)

    def _explain(self, program: str, said: str) -> EmbeddedPostgresError:
        free = shutil.disk_usage(self.folder.root).free
        if "No space left on device" in said or free < LEAST_FREE_BYTES:
            return disk_full(self.folder.root)
        lines = [re.sub(r"^.*?\[\d+\] ", "", line).strip() for line in said.splitlines() if line.strip()]
        telling = [line for line in lines if re.search(r"FATAL|PANIC|error|invalid|could not", line)]
        reason = "; ".join((telling or lines or ["?"])[:2])
        return EmbeddedPostgresError(
            "postgres_failed",
            f"内置 PostgreSQL 的 {program} 未能启动：{reason}（日志：{self.folder.server_log}）",
            f"The embedded PostgreSQL's {program} failed: {reason} (log: {self.folder.server_log})",
        )

    # -- rights -----------------------------------------------------------------------------------------------------

    def _leave_root(self) -> None:
        """PostgreSQL refuses to run as root, so stop being it without touching the system's users or folders.

        In a user namespace root is called nobody and still owns its files. Where namespaces are forbidden the server
        really runs as nobody and is given its own folders.
        """
        if os.geteuid() != 0:
            return
        pgdata = self.folder.pgdata
        owner = pgdata.stat().st_uid if pgdata.exists() else 0
        if owner not in (0, NOBODY):
            raise EmbeddedPostgresError(
                "data_folder_owner",
                f"数据目录 {self.folder.root} 属于另一用户（uid {owner}），请以该用户运行。",
                f"The data folder {self.folder.root} belongs to another user (uid {owner}); run as that user.",
            )
        if owner == 0 and _can_enter_namespace():
            _enter_namespace()
            return
        self.folder.root.chmod(0o711)
        for folder in (*self.folder.root.parents, self.binaries, *self.binaries.parents):
            if not folder.stat().st_mode & 0o001:
                raise EmbeddedPostgresError(
                    "data_folder_unreachable",
                    f"以 root 运行且系统禁止用户命名空间：请允许其他用户进入 {folder}（chmod o+x），或以普通用户运行，或设置 DATABASE_URL。",
                    f"Running as root where user namespaces are forbidden: let other users enter {folder} (chmod o+x), "
                    "or run as an ordinary user, or set DATABASE_URL.",
                )
        self.identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []}

    def _give(self, path: Path) -> None:
        """Let the server own `path`, where it runs as another user than this process."""
        for each in (path, *path.rglob("*")) if self.identity else ():
            os.chown(each, NOBODY, NOBODY, follow_symlinks=False)

    def _make_socket_dir(self) -> None:
        folder = self.folder.socket_dir
        folder.mkdir(mode=0o700, exist_ok=True)
        self._give(folder)
        seen, owners = folder.lstat(), {os.geteuid(), *([NOBODY] if self.identity else [])}
        if folder.is_symlink() or seen.st_uid not in owners:  # in /tmp anybody may have been there first
            raise EmbeddedPostgresError(
                "data_folder_not_writable",
                f"套接字目录 {folder} 属于另一用户，请删除它，或把数据目录放在较短的路径下。",
                f"The socket folder {folder} belongs to another user: remove it, or use a data folder with a shorter path.",
            )


def _write_conf(file: Path, settings: Mapping[str, str]) -> None:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

    file.write_text("".join(f"{name} = {quoted(value)}\n" for name, value in settings.items()), "utf-8")


def _utf8_locale() -> str:
    for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "zh_CN.UTF-8"):
        try:
            locale.setlocale(locale.LC_CTYPE, name)
        except locale.Error:
            continue
        return name
    return "C"


def _end_with_supervisor() -> None:
    """Between fork and exec: have the kernel send a fast shutdown when the supervisor is killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def _enter_namespace() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{NOBODY} 0 1")
    Path("/proc/self/gid_map").write_text(f"{NOBODY} 0 1")


def _can_enter_namespace() -> bool:
    """Tried in a child: a half-entered namespace cannot be left again."""
    if sys.platform != "linux" or os.environ.get("SHEQIA_PG_USER_NAMESPACE") == "0":
        return False
    child = os.fork()
    if child == 0:
        try:
            _enter_namespace()
            os._exit(0)
        except BaseException:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def main(folder: DataFolder, settings: Mapping[str, str]) -> int:
    """Supervise and give the exit code; what went wrong is reported to the waiting processes."""
    try:
        with explained(folder.root):
            Supervisor(folder, settings).run()
    except EmbeddedPostgresError as error:
        with contextlib.suppress(OSError):  # on a full disk the waiting processes see that for themselves
            folder.report("failed", code=error.code, zh=error.zh, en=error.en)
        return 1
    return 0


if __name__ == "__main__":
    if os.fork():
        os._exit(0)  # the starter gets its process back; the supervisor belongs to nobody
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))
    sys.exit(main(DataFolder(Path(sys.argv[1])), json.loads(sys.argv[3])))
