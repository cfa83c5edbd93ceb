"""Every setting, typed, with its environment variable (`SHEQIA_` and the field's name in capitals)."""

import os
import secrets
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.kernel.errors import CannotRun, Problem

MB = 1 << 20
# libpq's parameters that asyncpg has under another name, does without, or shares.
TRANSLATED = {"sslmode": "ssl"}
DROPPED = frozenset({"channel_binding", "gssencmode", "application_name", "connect_timeout"})
KNOWN = frozenset({"ssl", "host", "port", "user", "password", "target_session_attrs", "passfile"})


def _async_url(value: str) -> str:
    """A PostgreSQL URL as people write it, as SQLAlchemy with asyncpg reads it."""
    parts = urlsplit(value)
    if parts.fragment:
        raise ValueError("write # as %23 / 请将 # 写成 %23")
    if parts.scheme not in ("postgresql", "postgres", "postgresql+asyncpg"):
        raise ValueError("it must begin with postgresql:// / 须以 postgresql:// 开头")
    query = {
        TRANSLATED.get(name, name): given for name, given in parse_qsl(parts.query) if name not in DROPPED
    }
    if unknown := sorted(query.keys() - KNOWN):
        raise ValueError(
            f"unknown parameter {', '.join(unknown)} (for certificates set PGSSLROOTCERT) / 不支持的参数（证书请用 PGSSLROOTCERT）"
        )
    return f"postgresql+asyncpg://{parts.netloc}{parts.path or '/'}" + (
        "?" + urlencode(query) if query else ""
    )


DatabaseUrl = Annotated[str, AfterValidator(_async_url)]


class Settings(BaseSettings):
    """The settings of one process, read once from the environment and never changed."""

    model_config = SettingsConfigDict(
        env_prefix="SHEQIA_", frozen=True, extra="ignore", populate_by_name=True
    )

    database_url: Annotated[DatabaseUrl | None, BeforeValidator(lambda value: value or None)] = Field(
        None,
        validation_alias="DATABASE_URL",
        description="an external PostgreSQL (15 or newer); without it an embedded one runs in the data folder",
    )
    data: Annotated[Path, AfterValidator(lambda path: path.expanduser().absolute())] = Field(
        Path(".data"), description="data folder: embedded database, secret, first credentials, uploaded files"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    workers: int = Field(1, ge=1, le=64, description="API processes; the job worker is one more")
    pool_size: int = Field(
        10, ge=1, le=200, description="database connections per process (twice that at a rush)"
    )
    sandbox: bool = Field(
        False, description="1 lets an administrator move the clock forward; never on a real fair"
    )
    given_secret: str | None = Field(
        None,
        min_length=16,
        validation_alias="SHEQIA_SECRET",
        description="signs cursors; equal on every machine; made in the data folder when not given",
    )
    token_days: int = Field(30, ge=1, le=366, description="days until a bearer token ends")
    rate_limit_per_minute: int = Field(
        600, ge=1, description="requests per minute and account (or address), per API process"
    )
    upload_limit_bytes: int = Field(20 * MB, ge=1, description="largest upload")
    import_row_limit: int = Field(200_000, ge=1, description="most rows of one imported file")
    import_memory_limit_bytes: int = Field(
        1024 * MB, ge=128 * MB, description="most memory of each process that reads an uploaded file"
    )
    log_format: Literal["console", "json"] = Field(
        "console", description="console for people, json for machines"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level logged")

    @cached_property
    def secret(self) -> str:
        """The given secret, else the data folder's own, made at the first use (mode 0600)."""
        return self.given_secret or _kept_secret(self.data)

    @property
    def credentials_file(self) -> Path:
        """Where the first accounts' tokens are written (mode 0600)."""
        return self.data / "credentials.txt"


def _kept_secret(data: Path) -> str:
    file = data / "secret"
    if not file.exists():
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = data / f"secret.{os.getpid()}"
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(32))
        try:
            os.link(draft, file)  # the first of several processes wins, and nobody reads half a secret
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()


@cache
def settings() -> Settings:
    """The settings of this process. Raises `CannotRun` naming every variable that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise CannotRun(*(_wrong(fault["loc"], fault["msg"]) for fault in error.errors())) from None


def _wrong(location: tuple[int | str, ...], message: str) -> Problem:
    name = str(location[0])
    name = variable(name) if name in Settings.model_fields else name
    reason = message.removeprefix("Value error, ")
    return Problem("wrong_setting", f"{name} 的值无效：{reason}", f"{name} is not valid: {reason}")


def variable(field: str) -> str:
    """The environment variable of a field."""
    return str(Settings.model_fields[field].validation_alias or f"SHEQIA_{field.upper()}")
