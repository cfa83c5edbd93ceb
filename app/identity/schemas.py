"""What identity takes and shows. No password and no token digest is ever shown."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from app.identity.roles import Role

Name = Annotated[str, Field(min_length=3, max_length=64, pattern=r"^[a-z0-9][a-z0-9._-]*$")]


class SignIn(BaseModel):
    """A name and a password."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=64)
    password: SecretStr = Field(max_length=256)


class GrantDraft(BaseModel):
    """A role to give, with its area subtree or its party."""

    model_config = ConfigDict(extra="forbid")

    role: Role
    area_path: str | None = Field(
        default=None, max_length=200, pattern=r"^$|^[0-9A-Za-z-]+(/[0-9A-Za-z-]+)*$"
    )
    party_id: UUID | None = None


class AccountDraft(BaseModel):
    """A new account. Without a password it can only use tokens made for it."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    label: str = Field(min_length=1, max_length=100)
    password: SecretStr | None = Field(default=None, min_length=10, max_length=256)
    grants: list[GrantDraft] = Field(default_factory=list, max_length=50)


class AccountChange(BaseModel):
    """What may change on an account."""

    model_config = ConfigDict(extra="forbid")

    label: str | None = Field(default=None, min_length=1, max_length=100)
    password: SecretStr | None = Field(default=None, min_length=10, max_length=256)
    disabled: bool | None = None


class GrantView(BaseModel):
    """A held role."""

    role: Role
    area_path: str | None
    party_id: UUID | None


class AccountView(BaseModel):
    """An account with its roles."""

    id: UUID
    name: str
    label: str
    disabled_at: datetime | None
    grants: list[GrantView]
    version: int


class Me(BaseModel):
    """The signed-in caller."""

    account_id: UUID | None
    label: str
    grants: list[GrantView]


class SessionView(BaseModel):
    """A fresh token: shown once."""

    token: str
    token_type: str = "Bearer"
    expires_at: datetime
