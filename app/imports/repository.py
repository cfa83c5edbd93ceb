"""All SQL of imports."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, Text, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.imports.models import ENDED, Import, ImportPart, ImportRow, ImportState, TaughtHeader
from app.imports.packing import ReadRow
from app.imports.parsing import Status
from app.imports.permissions import visible_to
from app.kernel import bulk, clock
from app.kernel.actor import Actor
from app.kernel.jobs import Job, JobState

PART_BYTES = 1 << 20
_WRITTEN = (Status.READY, Status.WARNED)
_ROW_COLUMNS = (
    "import_id", "place", "sheet", "row", "status", "record", "problems", "choices", "filled", "raw", "change", "thing_id",
)  # fmt: skip


def imports(actor: Actor, kind: str | None = None, state: str | None = None) -> Select[Any]:
    query = select(Import).where(visible_to(actor))
    if kind:
        query = query.where(Import.kind == kind)
    if state:
        query = query.where(Import.state == state)
    return query


async def one(session: AsyncSession, actor: Actor, import_id: UUID) -> Import | None:
    return await session.scalar(select(Import).where(Import.id == import_id, visible_to(actor)))


async def with_key(session: AsyncSession, request_key: str) -> Import | None:
    return await session.scalar(
        select(Import).where(Import.request_key == request_key, Import.state.not_in(ENDED))
    )


async def add(session: AsyncSession, values: Mapping[str, Any]) -> Import | None:
    """The new import, or None when a live one has the same key: two uploads at once make one."""
    return await session.scalar(
        insert(Import)
        .values(**values)
        .on_conflict_do_nothing(
            index_elements=["request_key"],
            index_where=text("state NOT IN ('failed', 'cancelled', 'undone')"),
        )
        .returning(Import)
    )


async def keep(session: AsyncSession, import_id: UUID, content: bytes) -> None:
    for place, at in enumerate(range(0, len(content), PART_BYTES)):
        await session.execute(
            insert(ImportPart).values(
                import_id=import_id,
                place=place,
                content=content[at : at + PART_BYTES],
                kept_since=clock.now(),
            )
        )


async def fetch(session: AsyncSession, import_id: UUID, path: Path) -> bool:
    """Write the uploaded bytes to `path`; False when they are no longer kept."""
    places = (
        await session.scalars(
            select(ImportPart.place).where(ImportPart.import_id == import_id).order_by(ImportPart.place)
        )
    ).all()
    with path.open("wb") as file:
        for place in places:
            part = select(ImportPart.content).where(
                ImportPart.import_id == import_id, ImportPart.place == place
            )
            file.write(await session.scalar(part) or b"")
    return bool(places)


async def drop_parts(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(ImportPart).where(ImportPart.kept_since < before))


async def drop_rows(session: AsyncSession, import_id: UUID) -> None:
    await session.execute(delete(ImportRow).where(ImportRow.import_id == import_id))


async def add_rows(
    session: AsyncSession,
    import_id: UUID,
    rows: Sequence[tuple[ReadRow, str | None, UUID | None]],
) -> None:
    """Store preview rows by COPY; each with its change of a stored thing and that thing's id, where there is one."""
    records = [
        (
            import_id, row.place, row.sheet, row.row, row.status, row.record, row.problems, row.choices, row.filled, row.raw,
            change, thing_id,
        )
        for row, change, thing_id in rows
    ]  # fmt: skip
    await bulk.copy(session, ImportRow.__table__, _ROW_COLUMNS, records)


async def amend(session: AsyncSession, import_id: UUID, found: Iterable[tuple[int, dict[str, Any]]]) -> None:
    """Reject earlier rows that later ones have put in question."""
    for place, problem in found:
        await session.execute(
            text(
                "UPDATE import_rows SET status = 'rejected', problems = problems || cast(:problem AS jsonb)"
                " WHERE import_id = :import AND place = :place"
            ),
            {
                "problem": json.dumps([problem], ensure_ascii=False),
                "import": import_id,
                "place": place,
            },
        )


async def counts(session: AsyncSession, import_id: UUID) -> dict[str, int]:
    found = await session.execute(
        select(ImportRow.status, func.count())
        .where(ImportRow.import_id == import_id)
        .group_by(ImportRow.status)
    )
    by_status = {row[0]: row[1] for row in found}
    return {
        "rows": sum(by_status.values()),
        **{status.value: by_status.get(status.value, 0) for status in Status},
    }


def rows(import_id: UUID, statuses: Sequence[str] = ()) -> Select[Any]:
    query = select(ImportRow).where(ImportRow.import_id == import_id)
    return query.where(ImportRow.status.in_(statuses)) if statuses else query


class ToWrite(NamedTuple):
    """What the commit needs of a row: its record as JSON; `change` is None when it becomes a thing of its own, `thing_id`."""

    place: int
    sheet: str
    row: int
    record: str
    change: dict[str, Any] | None
    thing_id: UUID


async def to_write(session: AsyncSession, import_id: UUID, places: range) -> list[ToWrite]:
    """Ready and warned rows at these places, in the order of the file."""
    as_text = cast(ImportRow.record, Text)
    found = await session.execute(
        select(ImportRow.place, ImportRow.sheet, ImportRow.row, as_text, ImportRow.change, ImportRow.thing_id)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.status.in_(_WRITTEN),
            ImportRow.place >= places.start,
            ImportRow.place < places.stop,
        )
        .order_by(ImportRow.place)
    )
    return [ToWrite(*row) for row in found]


async def rejected(session: AsyncSession, import_id: UUID) -> Sequence[ImportRow]:
    found = await session.scalars(rows(import_id, (Status.REJECTED,)).order_by(ImportRow.place))
    return found.all()


async def link(session: AsyncSession, import_id: UUID, made: Sequence[tuple[int, UUID]]) -> None:
    """Say which thing each of these rows (place, thing) has become, where it is not the one foreseen."""
    if not made:
        return
    places, things = zip(*made, strict=True)
    await session.execute(
        text(
            "UPDATE import_rows r SET thing_id = made.thing FROM unnest(cast(:places AS int[]), cast(:things AS uuid[]))"
            " AS made(place, thing) WHERE r.import_id = :import AND r.place = made.place"
        ),
        {"import": import_id, "places": list(places), "things": list(things)},
    )


def _made(import_id: UUID) -> Sequence[Any]:
    applied = select(Import.applied_rows).where(Import.id == import_id).scalar_subquery()
    return (
        ImportRow.import_id == import_id,
        ImportRow.change.is_(None),
        ImportRow.status.in_(_WRITTEN),
        ImportRow.place < applied,
    )


async def made(session: AsyncSession, import_id: UUID) -> Sequence[UUID]:
    """Ids of the things this import has created."""
    query = select(ImportRow.thing_id).where(*_made(import_id)).order_by(ImportRow.place)
    return [thing for thing in await session.scalars(query) if thing is not None]


async def made_count(session: AsyncSession, import_id: UUID) -> int:
    """How many things this import has created."""
    return await session.scalar(select(func.count()).select_from(ImportRow).where(*_made(import_id))) or 0


async def changed(session: AsyncSession, import_id: UUID) -> int:
    """How many things this import has updated."""
    found = await session.scalar(
        select(func.count())
        .select_from(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.change.is_not(None),
            ImportRow.status.in_(_WRITTEN),
        )
    )
    return found or 0


async def taught(session: AsyncSession, sender_id: UUID, kind: str) -> dict[str, str | None]:
    found = await session.execute(
        select(TaughtHeader.header, TaughtHeader.field).where(
            TaughtHeader.sender_id == sender_id, TaughtHeader.kind == kind
        )
    )
    return {row[0]: row[1] for row in found}


async def teach(session: AsyncSession, sender_id: UUID, kind: str, mapping: Mapping[str, str | None]) -> None:
    for header, field in mapping.items():
        values = {"field": field, "taught_at": clock.now()}
        await session.execute(
            insert(TaughtHeader)
            .values(sender_id=sender_id, kind=kind, header=header, **values)
            .on_conflict_do_update(index_elements=["sender_id", "kind", "header"], set_=values)
        )


async def lock_edition(session: AsyncSession, kind: str, edition: str) -> None:
    """Commits of one kind and edition go one after another, so that none overlooks what another writes."""
    await session.execute(select(func.pg_advisory_xact_lock(_edition_key(kind, edition))))


@asynccontextmanager
async def holding_edition(engine: AsyncEngine, kind: str, edition: str) -> AsyncIterator[None]:
    """The same lock over many transactions, on a connection of its own that holds no transaction open."""
    async with engine.connect() as connection:
        guard = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await guard.execute(select(func.pg_advisory_lock(_edition_key(kind, edition))))
        try:
            yield
        finally:
            await guard.execute(select(func.pg_advisory_unlock(_edition_key(kind, edition))))


def _edition_key(kind: str, edition: str) -> int:
    digest = hashlib.sha256(f"import:{kind}:{edition}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


async def set_applied(session: AsyncSession, import_id: UUID, applied: int) -> None:
    await session.execute(update(Import).where(Import.id == import_id).values(applied_rows=applied))


async def unchanged(session: AsyncSession, import_id: UUID) -> int:
    """How many rows were the same as what is stored."""
    found = await session.scalar(
        select(func.count())
        .select_from(ImportRow)
        .where(
            ImportRow.import_id == import_id,
            ImportRow.status == Status.SKIPPED,
            ImportRow.thing_id.is_not(None),
        )
    )
    return found or 0


async def abandoned(session: AsyncSession) -> Sequence[Import]:
    """Imports that wait for a job that has failed for good."""
    waiting = (ImportState.UPLOADED, ImportState.PREVIEWING, ImportState.COMMITTING)
    found = await session.scalars(
        select(Import)
        .join(Job, Job.id == Import.job_id)
        .where(Import.state.in_(waiting), Job.state == JobState.FAILED)
        .limit(100)
    )
    return found.all()
