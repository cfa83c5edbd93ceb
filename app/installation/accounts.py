"""The first accounts of an installation, and the one file that holds their credentials."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr, ValidationError
from sqlalchemy import select, text

from app.identity import service
from app.identity.models import Account
from app.identity.roles import Role
from app.identity.schemas import AccountDraft, GrantDraft
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.errors import Malformed, Problem
from app.settings import Settings

LOCK = 7_310_010
HEADER = (
    "# role name password token   (keep this file secret; delete it once the passwords are kept elsewhere)\n"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What one account signs in with."""

    role: str
    name: str
    password: str
    token: str


async def ensure_administrator(database: Database, settings: Settings) -> bool:
    """Open the account `administrator` on an installation that has no account yet; whether that was needed."""
    async with database.writing() as session:
        await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        if await session.scalar(select(Account.id).limit(1)):
            return False
        draft = AccountDraft(
            name="administrator",
            label="系统管理员",
            password=SecretStr(secrets.token_urlsafe(15)),
            grants=[GrantDraft(role=Role.ADMINISTRATOR, area_path="")],
        )
        account = await service.create(session, machine("setup"), draft)
        token, _ = await service.issue_token(session, account.id, "first", days=settings.token_days)
        assert draft.password is not None
        # Written before the commit: an account whose password nobody knows would be worse than a stale line.
        keep(
            settings.credentials_file,
            [Credentials(Role.ADMINISTRATOR, draft.name, draft.password.get_secret_value(), token)],
        )
    return True


async def open_one(
    database: Database, name: str, label: str, role: str, area: str | None, party: str | None
) -> str:
    """Open an account with one role and return its new password. Raises `Malformed` naming everything that is wrong."""
    password = secrets.token_urlsafe(15)
    try:
        grant = GrantDraft.model_validate({"role": role, "area_path": area, "party_id": party})
        draft = AccountDraft(name=name, label=label, password=SecretStr(password), grants=[grant])
    except ValidationError as error:
        raise Malformed(
            *(
                Problem(
                    "malformed",
                    f"{_field(fault['loc'])}：{fault['msg']}",
                    f"{_field(fault['loc'])}: {fault['msg']}",
                )
                for fault in error.errors()
            )
        ) from None
    async with database.writing() as session:
        await service.create(session, machine("setup"), draft)
    return password


def _field(location: tuple[int | str, ...]) -> str:
    return "/".join(map(str, location))


def keep(file: Path, accounts: Sequence[Credentials]) -> None:
    """Write the credentials file anew, one account a line, readable by its owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = (f"{a.role} {a.name} {a.password} {a.token}\n" for a in accounts)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(HEADER + "".join(lines))
    draft.replace(file)


def kept(file: Path) -> list[Credentials]:
    """The accounts of the credentials file; none when it is gone."""
    if not file.exists():
        return []
    lines = file.read_text("utf-8").splitlines()
    return [Credentials(*line.split()) for line in lines if line and not line.startswith("#")]
