"""Backing up, restoring and looking after an installation, through the command line."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kernel.embedded import EmbeddedPostgres, find_binaries

pytestmark = pytest.mark.process


def sheqia(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SHEQIA_") and k != "DATABASE_URL"}
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *arguments],
        capture_output=True,
        text=True,
        env={**kept, **variables},
        check=False,
    )


def sql(data: Path, statement: str) -> str:
    with EmbeddedPostgres(data) as server:
        psql = [find_binaries() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement, server.dsn()]
        return subprocess.run(psql, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def data(tmp_path: Path) -> Iterator[Path]:
    """The data folder of an installation with one account named 街道办."""
    folder = tmp_path / "data"
    with EmbeddedPostgres(folder, settings={"fsync": "off"}):
        made = sheqia(
            "admin",
            "create-account",
            "street",
            "--role",
            "street",
            "--label",
            "街道办",
            "--area",
            "",
            "--data",
            str(folder),
        )
        assert made.returncode == 0, made.stderr
        yield folder


def test_a_backup_restores_into_an_empty_folder(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "fair.backup"
    assert sheqia("backup", str(file), "--data", str(data)).returncode == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restored = sheqia("restore", str(file), "--data", str(tmp_path / "other"))
    assert restored.returncode == 0, restored.stderr
    assert sql(tmp_path / "other", "select label from accounts") == "街道办"
    assert sheqia("verify-journal", "--data", str(tmp_path / "other")).returncode == 0


def test_a_restore_does_not_replace_data_unless_forced(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "fair.backup"
    sheqia("backup", str(file), "--data", str(data))
    sql(data, "update accounts set label = '后来'")
    refusal = sheqia("restore", str(file), "--data", str(data))
    assert refusal.returncode == 1 and "--force" in refusal.stderr
    assert sql(data, "select label from accounts") == "后来"
    assert sheqia("restore", str(file), "--force", "--data", str(data)).returncode == 0
    assert sql(data, "select label from accounts") == "街道办"


def test_a_damaged_backup_leaves_everything_as_it_was(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "fair.backup"
    sheqia("backup", str(file), "--data", str(data))
    file.write_bytes(file.read_bytes()[:-2000])
    refusal = sheqia("restore", str(file), "--force", "--data", str(data))
    assert refusal.returncode == 1 and "pg_restore" in refusal.stderr and "Traceback" not in refusal.stderr
    assert sql(data, "select label from accounts") == "街道办"
    assert sql(data, "select count(*) from pg_namespace where nspname = 'before_restore'") == "0"


def test_a_restore_waits_for_nobody_who_is_connected(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "fair.backup"
    sheqia("backup", str(file), "--data", str(data))
    with EmbeddedPostgres(data) as server:
        psql = [find_binaries() / "psql", "-Xq", server.dsn()]
        with subprocess.Popen(psql, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
            assert session.stdin is not None and session.stdout is not None
            session.stdin.write("\\echo ready\n")
            session.stdin.flush()
            assert session.stdout.readline() == "ready\n"
            refusal = sheqia("restore", str(file), "--force", "--data", str(data))
    assert refusal.returncode == 1 and "stop the service" in refusal.stderr


def test_a_backup_that_cannot_be_written_is_named(data: Path, tmp_path: Path) -> None:
    refusal = sheqia("backup", str(tmp_path / "absent" / "fair.backup"), "--data", str(data))
    assert refusal.returncode == 1 and "absent" in refusal.stderr
    assert len(refusal.stderr.splitlines()) == 1


def test_an_account_is_opened_with_a_role_that_exists_or_not_at_all(data: Path) -> None:
    refusal = sheqia("admin", "create-account", "x", "--role", "king", "--data", str(data))
    assert refusal.returncode == 1
    assert "role" in refusal.stderr and "Traceback" not in refusal.stderr
    assert sql(data, "select count(*) from accounts") == "1"


def test_the_doctor_finds_a_sound_installation_sound(data: Path) -> None:
    report = sheqia("doctor", "--data", str(data), "--port", "0")
    assert report.returncode == 0, report.stdout
    assert "✗" not in report.stdout and "0.0.0" not in report.stderr


def test_the_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        report = sheqia(
            "doctor",
            "--data",
            str(tmp_path / "file"),
            "--port",
            port,
            DATABASE_URL="postgresql://127.0.0.1:1/x",
        )
    assert report.returncode == 1
    assert report.stdout.count("✗") == 3
    assert "--data" in report.stdout and "--port" in report.stdout and "DATABASE_URL" in report.stdout
