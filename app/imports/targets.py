"""Where the rows of each kind go, and what is stored there already: only through the services of the domains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from sqlalchemy import Select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.imports import shown
from app.imports.cells.text import text_of
from app.imports.columns.kinds import KINDS
from app.imports.parsing import key_of
from app.kernel.actor import Actor
from app.kernel.database import Versioned


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored thing as a record of its kind, and whether the rules let its fields be rewritten now."""

    id: UUID
    record: dict[str, Any]
    editable: bool


class Titled(NamedTuple):
    """A stored thing as near duplicates are looked for, and the further word that rows look it up by."""

    id: UUID
    title: str
    path: str
    code: str | None = None


class New(NamedTuple):
    """A row that becomes a thing: under this id where its domain lets others choose it. `draft` is the target's own."""

    id: UUID
    draft: Any
    provenance: dict[str, Any]


class Target(Protocol):
    """One kind's way to its domain. Every function runs in the caller's transaction and with the sender's rights."""

    kind: str

    def may_write(self, actor: Actor, path: str, *, filed: bool) -> bool:
        """Whether the actor may enter something at this place (`filed`: a group that its street files)."""

    async def stored(
        self, session: AsyncSession, actor: Actor, edition: str, lookups: Sequence[str]
    ) -> list[Stored]:
        """Live things whose title, name or credit code is among `lookups`."""

    async def changed_since(self, session: AsyncSession, edition: str, since: datetime) -> bool:
        """Whether anything a row may meet was entered or changed at this time or later."""

    async def titles(self, session: AsyncSession, edition: str, limit: int) -> list[Titled]:
        """Titles (names) and places of all that a row may repeat or nearly repeat; at most `limit` of them."""

    async def everything(self, session: AsyncSession, actor: Actor, edition: str) -> list[Stored]:
        """All live things of the edition the actor may see, for an export."""

    def drafted(self, records: Sequence[Mapping[str, Any]], as_of: date) -> Sequence[Any]:
        """What `create` takes of records that were checked. Pure, and can be sent to another process."""

    async def look_up(
        self, session: AsyncSession, actor: Actor, drafts: Sequence[Any], known: Any = None
    ) -> Any:
        """What `create` would look up (and enter) of what the drafts name, to be handed to it; None when it does so itself.

        `known`: what was found for the rows before.
        """

    async def create(
        self, session: AsyncSession, actor: Actor, edition: str, rows: Sequence[New], names: Any = None
    ) -> list[UUID]:
        """Create things from rows, all or none; their ids in order. `names`: what `look_up` has found."""

    async def update(
        self,
        session: AsyncSession,
        actor: Actor,
        thing_id: UUID,
        fields: Mapping[str, Any],
        note: str,
        as_of: date,
    ) -> None:
        """Rewrite the given fields (record names) of one thing."""

    async def touched(self, session: AsyncSession, ids: Sequence[UUID]) -> int:
        """How many of these things are no longer as they were created."""

    async def remove(self, session: AsyncSession, actor: Actor, ids: Sequence[UUID], note: str) -> None:
        """Take back untouched things."""


async def any_since(
    session: AsyncSession, things: Select[Any], kind: type[Versioned], since: datetime
) -> bool:
    """Whether one of these things of a kind was entered or changed at this time or later."""
    query = things.with_only_columns(true()).where(kind.updated_at >= since).order_by(None).limit(1)
    return await session.scalar(query) is not None


@cache
def target(kind: str) -> Target:
    """The target of a kind."""
    if kind == "projects":
        from app.imports.target_projects import ProjectTarget

        return ProjectTarget()
    if kind == "organizations":
        from app.imports.target_organizations import OrganizationTarget

        return OrganizationTarget()
    from app.imports.target_needs import NeedTarget

    return NeedTarget()


def by_key(kind: str, things: Sequence[Stored]) -> dict[str, Stored]:
    """Stored things by the keys their rows would have."""
    about = KINDS[kind]
    found: dict[str, Stored] = {}
    for keys in (about.other_key, about.row_key):
        found.update({key: thing for thing in things if (key := key_of(keys(thing.record))) is not None})
    return found


def near_key(kind: str, title: str, path: str) -> str | None:
    """Equal for things of one place whose titles differ only in blanks, quotes or a '(二期)'; organizations have no place."""
    if kind == "organizations":
        return key_of(KINDS[kind].near_key({"name": title}))
    plain = KINDS["projects"].near_key({"title": title})
    return key_of((path, plain[1])) if plain else None


# Kept by the sender, derived, or shown to some readers only: no change of the thing.
_NOT_COMPARED = frozenset(
    ("source_row_no", "start_precision", "end_precision", "budget_max_fen", "credit_status", "active_engagements", "community")
)  # fmt: skip


def difference(new: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Field → [stored, new] where the file says something else. A blank cell says nothing."""
    return {
        name: [stored.get(name), value]
        for name, value in new.items()
        if value not in (None, [], {}) and name not in _NOT_COMPARED and not _same(value, stored.get(name))
    }


def _same(new: Any, old: Any) -> bool:
    if new == old:
        return True
    if isinstance(new, str) and isinstance(old, str):
        # Entered elsewhere, what is stored may hold blanks that no cell keeps.
        return new == "\n".join(line.strip() for line in text_of(old).split("\n"))
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return all(_same(a, b) for a, b in zip(new, old, strict=True)) or (
            all(isinstance(item, str) for item in (*new, *old)) and sorted(new) == sorted(old)
        )
    if isinstance(new, Mapping) and isinstance(old, Mapping):
        names = {*new, *old}
        return all(_same(new.get(name), old.get(name)) for name in names)
    if isinstance(new, int | float) and isinstance(old, str | int | float) and not isinstance(old, bool):
        return str(old) == str(new) or _number(old) == float(new)
    return False


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def plain(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record with JSON values, as rows keep it."""
    return shown.record(record) or {}
