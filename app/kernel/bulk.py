"""New rows by the thousand: COPY instead of one INSERT each (measured: three times as many rows a second).

The rows are what the unit of work would have written: the same columns, the same Python-side defaults, the same constraints,
in the same transaction. The objects stay outside the session.
"""

from collections.abc import Callable, Sequence
from typing import Any, cast

from pydantic_core import to_json
from sqlalchemy import Column, FromClause, Table, inspect, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.database import Base

COPIED = 1_000
"""From how many rows on COPY is worth its set-up."""


async def add_all(session: AsyncSession, things: Sequence[Base]) -> None:
    """Write new things of one kind: by COPY when they are many, else through the session."""
    if len(things) < COPIED:
        session.add_all(things)
        await session.flush()
        return
    await session.flush()
    mapper = inspect(type(things[0]))
    table = cast(Table, mapper.local_table)
    columns = [column for column in table.columns if _is_written(column)]
    keys = [mapper.get_property_by_column(column).key for column in columns]
    fill = [
        (key, default) for key, column in zip(keys, columns, strict=True) if (default := _default(column))
    ]
    for thing in things:
        given = thing.__dict__
        for key, default in fill:
            if given.get(key) is None:
                setattr(thing, key, default())
    await copy(
        session,
        table,
        [column.name for column in columns],
        [tuple([thing.__dict__.get(key) for key in keys]) for thing in things],
    )


async def copy(
    session: AsyncSession, table: FromClause, columns: Sequence[str], records: Sequence[tuple[Any, ...]]
) -> None:
    """COPY records of Python values in the session's transaction."""
    packed = [at for at, name in enumerate(columns) if isinstance(table.c[name].type, JSONB)]
    for at in packed:
        records = [_with_json(record, at) for record in records]
    await session.execute(
        text("SELECT 1")
    )  # the driver's connection joins the transaction at its first statement
    connection = await session.connection()
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.copy_records_to_table(cast(Table, table).name, columns=columns, records=records)


def _with_json(record: tuple[Any, ...], at: int) -> tuple[Any, ...]:
    """The record with one value as the text of its JSON; text is taken to be JSON already."""
    value = record[at]
    if value is None or isinstance(value, str):
        return record
    return (*record[:at], to_json(value).decode(), *record[at + 1 :])


def _is_written(column: Column[Any]) -> bool:
    """Whether the program, not the database, gives this column its value."""
    return column.computed is None and column.identity is None and column.server_default is None


def _default(column: Column[Any]) -> Callable[[], Any] | None:
    default = column.default
    if default is None:
        return None
    if default.is_scalar:
        value = default.arg  # type: ignore[attr-defined]
        return lambda: value
    make = default.arg  # type: ignore[attr-defined]
    return lambda: make(None)
