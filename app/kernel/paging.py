"""Keyset paging: signed, opaque cursors over (sort columns…, id). Page 10,000 costs what page 1 costs."""

import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, literal, or_
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.errors import Malformed, Problem

Item = TypeVar("Item")

LARGEST = 200
BAD_CURSOR = Problem(
    "bad_cursor",
    "游标无效：请使用上一页返回的 links.next，且筛选条件须保持不变。",
    "The cursor is not valid: use links.next of the last page, with the same filters.",
    "/cursor",
)


@dataclass(frozen=True, slots=True)
class Order:
    """One sort column. All sort columns together must be unique: end with the id."""

    column: Any
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Slice(Generic[Item]):
    """One page of rows with the cursors of its neighbours (None where there is none)."""

    items: list[Item]
    next: str | None
    prev: str | None


class Cursors:
    """Makes and reads cursors, bound to one list (its filters and order) by an HMAC."""

    def __init__(self, secret: str, scope: str) -> None:
        self._key = hashlib.sha256(f"cursor:{secret}:{scope}".encode()).digest()

    def write(self, values: Sequence[Any], *, backwards: bool) -> str:
        body = json.dumps([int(backwards), *map(_plain, values)], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._mac(body) + body).rstrip(b"=").decode()

    def read(self, cursor: str) -> tuple[bool, list[Any]]:
        """Raises `Malformed` for a cursor that this list did not give."""
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
            mac, body = raw[:12], raw[12:]
            if not hmac.compare_digest(mac, self._mac(body)):
                raise ValueError
            backwards, *values = json.loads(body)
            return bool(backwards), [_rich(value) for value in values]
        except (ValueError, TypeError):
            raise Malformed(BAD_CURSOR) from None

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:12]


async def page(
    session: AsyncSession,
    query: Select[Any],
    order: Sequence[Order],
    cursors: Cursors,
    cursor: str | None,
    limit: int,
) -> Slice[Any]:
    """One page of a single-entity query, `limit` rows at most (1–200), read forwards or backwards from the cursor."""
    limit = max(1, min(limit, LARGEST))
    backwards, values = cursors.read(cursor) if cursor else (False, [])
    if cursor:
        if len(values) != len(order):
            raise Malformed(BAD_CURSOR)
        query = query.where(_beyond(order, values, backwards))
    for step in order:
        query = query.order_by(step.column.desc() if step.descending != backwards else step.column.asc())
    rows: list[Any] = list((await session.scalars(query.limit(limit + 1))).unique())
    more, rows = len(rows) > limit, rows[:limit]
    if backwards:
        rows.reverse()

    def at(row: Any, *, back: bool) -> str:
        return cursors.write([getattr(row, step.column.key) for step in order], backwards=back)

    has_next = more if not backwards else bool(cursor)
    has_prev = bool(cursor) if not backwards else more
    return Slice(
        rows,
        at(rows[-1], back=False) if rows and has_next else None,
        at(rows[0], back=True) if rows and has_prev else None,
    )


def _beyond(order: Sequence[Order], values: Sequence[Any], backwards: bool) -> ColumnElement[bool]:
    # (a, b) > (x, y) spelled out, because the columns may run in different directions.
    alternatives = []
    for depth, step in enumerate(order):
        equal = [earlier.column == value for earlier, value in zip(order[:depth], values, strict=False)]
        value = literal(values[depth], step.column.type)
        further = step.column < value if step.descending != backwards else step.column > value
        alternatives.append(and_(*equal, further))
    return or_(*alternatives)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, UUID):
        return {"u": value.hex}
    return value


def _rich(value: Any) -> Any:
    if isinstance(value, dict):
        if "t" in value:
            return datetime.fromisoformat(value["t"])
        if "d" in value:
            return date.fromisoformat(value["d"])
        return UUID(value["u"])
    return value
