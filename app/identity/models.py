"""Accounts, the roles they hold, and their bearer tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, func
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.database import Base, Identified, Versioned


class Account(Versioned, Base):
    """A person or a client program that signs in."""

    __tablename__ = "accounts"

    name: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    password_hash: Mapped[str | None]
    disabled_at: Mapped[datetime | None]


class RoleGrant(Identified, Base):
    """One role of one account, in an area subtree ('' is everywhere) or for one party."""

    __tablename__ = "role_grants"
    __table_args__ = (
        CheckConstraint("(area_path IS NULL) <> (party_id IS NULL)", name="area_or_party"),
        Index(
            "uq_role_grants_once",
            "account_id",
            "role",
            "area_path",
            "party_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"))
    role: Mapped[str]
    area_path: Mapped[str | None]
    party_id: Mapped[UUID | None] = mapped_column(index=True)


class Token(Identified, Base):
    """A bearer token. Only its SHA-256 is kept: 256 random bits need no slow hash."""

    __tablename__ = "tokens"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    label: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    expires_at: Mapped[datetime]
