"""Settings: what an operator writes into the environment, and what the program makes of it."""

import stat
from pathlib import Path

import pytest

from app.kernel.errors import CannotRun
from app.settings import Settings, settings, variable


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(variable(field), raising=False)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgresql://fair@db/sheqia", "postgresql+asyncpg://fair@db/sheqia"),
        ("postgres://fair:p%40ss@db:5433/sheqia", "postgresql+asyncpg://fair:p%40ss@db:5433/sheqia"),
        ("postgresql+asyncpg://db/sheqia", "postgresql+asyncpg://db/sheqia"),
        ("postgresql://db/sheqia?sslmode=require", "postgresql+asyncpg://db/sheqia?ssl=require"),
        (
            "postgresql://db/sheqia?sslmode=require&channel_binding=require",
            "postgresql+asyncpg://db/sheqia?ssl=require",
        ),
        ("postgresql:///sheqia?host=/var/run/pg", "postgresql+asyncpg:///sheqia?host=%2Fvar%2Frun%2Fpg"),
        ("", None),
    ],
)
def test_database_urls_are_taken_as_people_write_them(
    monkeypatch: pytest.MonkeyPatch, written: str, read: str | None
) -> None:
    monkeypatch.setenv("DATABASE_URL", written)
    assert Settings().database_url == read


@pytest.mark.parametrize("written", ["mysql://db/sheqia", "postgresql://db/sheqia?sslcrl=x", "sheqia"])
def test_a_database_url_that_cannot_work_is_named_in_both_languages(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", written)
    settings.cache_clear()
    with pytest.raises(CannotRun) as refusal:
        settings()
    problem = refusal.value.problems[0]
    assert "DATABASE_URL" in problem.en and "DATABASE_URL" in problem.zh


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHEQIA_PORT", "http")
    monkeypatch.setenv("SHEQIA_WORKERS", "0")
    settings.cache_clear()
    with pytest.raises(CannotRun) as refusal:
        settings()
    assert {problem.en.split()[0] for problem in refusal.value.problems} == {"SHEQIA_PORT", "SHEQIA_WORKERS"}


def test_settings_do_not_change_under_a_running_program() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings().port = 1


def test_the_secret_is_made_once_and_kept_from_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHEQIA_DATA", str(tmp_path / "data"))
    first, second = Settings().secret, Settings().secret
    assert first == second and len(first) >= 32
    assert stat.S_IMODE((tmp_path / "data" / "secret").stat().st_mode) == 0o600
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["secret"]


def test_a_given_secret_is_used_and_nothing_is_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHEQIA_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("SHEQIA_SECRET", "the same on every machine")
    assert Settings().secret == "the same on every machine"
    assert not (tmp_path / "data").exists()


def test_every_setting_is_in_the_operators_table() -> None:
    table = (Path(__file__).parent.parent / "docs" / "operations.md").read_text("utf-8")
    for name, field in Settings.model_fields.items():
        assert f"| `{variable(name)}` |" in table
        assert field.description and f"| {field.description} |" in table
