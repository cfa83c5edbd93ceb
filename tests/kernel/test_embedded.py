"""The embedded PostgreSQL survives what happens to programs: kills, crashes, power cuts, odd folders, crowds."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.kernel.embedded import DataFolder, EmbeddedPostgres, EmbeddedPostgresError, find_binaries, take_lock
from tests.waiting import eventually

pytestmark = pytest.mark.process

QUICK = {"fsync": "off"}
USE_THE_SERVER = """
import sys, time
from pathlib import Path
from app.kernel.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), settings={"fsync": "off"}).start()
print("up", flush=True)
time.sleep(600)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path / "data", settings=QUICK) as started:
        yield started


@pytest.fixture
def another_process() -> Iterator[Callable[[Path], "subprocess.Popen[str]"]]:
    """Starts a process that uses the server of a folder; it is killed when the test ends."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", USE_THE_SERVER, str(folder)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def sql(server: EmbeddedPostgres, statement: str) -> str:
    psql = [find_binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, server.dsn()]
    return subprocess.run(psql, check=True, capture_output=True, text=True).stdout.strip()


def is_up(process: "subprocess.Popen[str]") -> bool:
    assert process.stdout is not None
    return process.stdout.readline() == "up\n"


def postmaster_pid(folder: DataFolder) -> int:
    return int((folder.pgdata / "postmaster.pid").read_text().split()[0])


def is_running(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


def is_abandoned(folder: DataFolder) -> bool:
    lock = take_lock(folder.supervisor_lock, fcntl.LOCK_EX)
    if lock is not None:
        os.close(lock)
    return lock is not None and not (folder.pgdata / "postmaster.pid").exists()


def test_rows_are_there_after_a_stop_and_a_start(server: EmbeddedPostgres) -> None:
    sql(server, "create table project (title text); insert into project values ('认知症照护')")
    server.stop()
    assert is_abandoned(server.folder)
    server.start()
    assert sql(server, "select title from project") == "认知症照护"


def test_starting_twice_is_harmless(server: EmbeddedPostgres) -> None:
    began = sql(server, "select pg_postmaster_start_time()")
    assert sql(server.start(), "select pg_postmaster_start_time()") == began


def test_chinese_counts_as_letters(server: EmbeddedPostgres) -> None:
    assert sql(server, r"select '政府采购' ~ '^\w+$'") == "t"


def test_killing_the_only_user_stops_the_server(
    tmp_path: Path, another_process: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    user = another_process(tmp_path / "data")
    assert is_up(user)
    folder = DataFolder(tmp_path / "data")
    pid = postmaster_pid(folder)
    user.kill()
    assert eventually(lambda: is_abandoned(folder))
    assert not is_running(pid)


def test_the_server_stays_while_a_second_user_is_alive(
    server: EmbeddedPostgres, another_process: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    began = sql(server, "select pg_postmaster_start_time()")
    second = another_process(server.folder.root)
    assert is_up(second)
    second.kill()
    second.wait()
    server.stop()
    server.start()
    third = another_process(server.folder.root)
    assert is_up(third)
    restarted = sql(server, "select pg_postmaster_start_time()")
    server.stop()
    assert not is_abandoned(server.folder)
    server.start()
    assert sql(server, "select pg_postmaster_start_time()") == restarted != began


def test_a_killed_postmaster_comes_back_with_every_committed_row(server: EmbeddedPostgres) -> None:
    sql(server, "create table offer (n int); insert into offer select generate_series(1, 701)")
    pid = postmaster_pid(server.folder)
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: not is_running(pid))
    server.start()
    assert sql(server, "select count(*) from offer") == "701"


def test_a_killed_supervisor_takes_the_server_along_and_start_brings_both_back(
    server: EmbeddedPostgres,
) -> None:
    sql(server, "create table offer (n int); insert into offer values (1)")
    pid = postmaster_pid(server.folder)
    supervisor = int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(supervisor, signal.SIGKILL)
    assert eventually(lambda: not is_running(pid))
    server.start()
    assert sql(server, "select count(*) from offer") == "1"


def test_six_starters_on_an_empty_folder_share_one_server(
    tmp_path: Path, another_process: Callable[[Path], "subprocess.Popen[str]"]
) -> None:
    crowd = [another_process(tmp_path / "data") for _ in range(6)]
    assert all(is_up(user) for user in crowd)
    log = DataFolder(tmp_path / "data").server_log.read_text()
    assert log.count("database system is ready to accept connections") == 1


@pytest.mark.parametrize("name", ["数据 目录 it's", 'a,b:c "quoted" 100%', "long" * 40])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name, settings=QUICK) as server:
        assert sql(server, "select current_database()") == "sheqia"


def test_a_process_id_reused_after_a_power_cut_does_not_block_the_start(server: EmbeddedPostgres) -> None:
    left = (server.folder.pgdata / "postmaster.pid").read_text()
    server.stop()
    with subprocess.Popen(["sleep", "600"]) as stranger:
        _, rest = left.split("\n", 1)
        (server.folder.pgdata / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
        try:
            server.start()
            assert stranger.poll() is None
            assert sql(server, "select 1") == "1"
        finally:
            stranger.kill()


def test_a_folder_of_another_version_is_refused_in_one_line(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.folder.pgdata / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError) as refusal:
        server.start()
    assert refusal.value.code == "data_folder_version"
    assert "PostgreSQL 12" in refusal.value.en and "PostgreSQL 12" in refusal.value.zh
    assert "\n" not in refusal.value.en
    # The supervisor speaks before it leaves: its lock is free a moment after its refusal is read.
    assert eventually(lambda: is_abandoned(server.folder))


def test_a_refusal_does_not_stick(server: EmbeddedPostgres) -> None:
    server.stop()
    version = (server.folder.pgdata / "PG_VERSION").read_text()
    (server.folder.pgdata / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedPostgresError):
        server.start()
    (server.folder.pgdata / "PG_VERSION").write_text(version)
    assert sql(server.start(), "select 1") == "1"


def test_a_server_that_cannot_start_says_why(server: EmbeddedPostgres) -> None:
    server.stop()
    (server.folder.pgdata / "local.conf").write_text("shared_buffers = 'plenty'\n")
    with pytest.raises(EmbeddedPostgresError, match="shared_buffers"):
        server.start()


def test_the_settings_of_the_first_start_belong_to_the_operator_afterwards(server: EmbeddedPostgres) -> None:
    assert sql(server, "show fsync") == "off"
    server.stop()
    (server.folder.pgdata / "local.conf").write_text("work_mem = '5MB'\n")
    server.start()
    assert sql(server, "show work_mem") == "5MB"


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EmbeddedPostgresError) as refusal:
        EmbeddedPostgres(tmp_path / "file" / "data").start()
    assert refusal.value.code == "data_folder_not_writable"
    assert str(tmp_path / "file") in refusal.value.en


def test_missing_programs_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEQIA_PG_BIN", str(tmp_path / "nowhere"))
    with pytest.raises(EmbeddedPostgresError, match="nowhere") as refusal:
        EmbeddedPostgres(tmp_path / "data").start()
    assert refusal.value.code == "no_postgres_binaries"


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    start = "import sys; from pathlib import Path; from app.kernel.embedded import *; EmbeddedPostgres(Path(sys.argv[1])).start()"
    script = 'mount -t tmpfs -o size=30m none "$1" || exit 77; exec "$2" -c "$3" "$1/data"'
    done = subprocess.run(
        ["unshare", "-Urm", "sh", "-c", script, "sh", tmp_path, sys.executable, start],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 77 or "unshare:" in done.stderr:
        pytest.skip("this system lets nobody mount a small file system to fill")
    assert "The disk is full" in done.stderr
