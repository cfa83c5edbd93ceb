"""The acts on imports: upload, say more, commit, cancel, undo. Reading and writing rows are jobs."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.imports import permissions, reports, repository
from app.imports.columns.kinds import KINDS
from app.imports.committing import commit_import
from app.imports.files.sniff import identify
from app.imports.lifecycle import IMPORTS
from app.imports.models import Import, ImportRow, ImportState
from app.imports.parsing import Status
from app.imports.previewing import IMPORTER, preview_import
from app.imports.schemas import ImportChange, ImportView, RowView, Said
from app.imports.targets import target
from app.kernel import clock, jobs, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem
from app.kernel.ids import uuid7
from app.kernel.lifecycle import Choice, move

__all__ = ["HANDLERS", "cancel", "change", "choices", "commit", "get", "tick", "transition", "undo", "upload", "views"]  # fmt: skip

HANDLERS: Mapping[str, jobs.Handler] = {"import_preview": preview_import, "import_commit": commit_import}
"""The kinds of jobs imports bring, for the worker."""

KEPT = timedelta(days=30)
"""How long the uploaded bytes are kept."""


async def upload(
    session: AsyncSession,
    actor: Actor,
    *,
    kind: str,
    edition: str,
    file_name: str,
    content: bytes,
    said: Said,
) -> tuple[Import, bool]:
    """Take a file in and put its preview in line; the same file, said the same, is the same import (and False).

    Raises `NotYou`, `NotFound` (edition), `Malformed` and `Unsupported` as `identify` does.
    """
    _check_mapping(kind, said.mapping)
    if not permissions.may_import(actor, kind):
        raise NotYou()
    found = await editions.get(session, edition) if edition else await editions.current(session)
    sha256 = hashlib.sha256(content).hexdigest()
    told = said.model_dump(mode="json", exclude_defaults=True)
    request_key = _request_key(sha256, kind, found.code, told, actor)
    known = await repository.with_key(session, request_key)
    if known is not None:
        return known, False
    await asyncio.to_thread(identify, content)
    import_id = uuid7()
    made = await repository.add(
        session,
        {
            "id": import_id,
            "state": ImportState.UPLOADED.value,
            "kind": kind,
            "edition_code": found.code,
            "file_name": file_name[:255],
            "sha256": sha256,
            "size_bytes": len(content),
            "request_key": request_key,
            "sender_id": actor.account_id,
            "sender_label": actor.label,
            "said": told,
            "problems": [],
        },
    )
    if made is None:  # another upload of the same file was faster
        known = await repository.with_key(session, request_key)
        if known is None:
            raise NotFound()
        return known, False
    await repository.keep(session, import_id, content)
    await _enqueue(session, actor, made, "import_preview")
    if said.mapping:
        await _teach(session, actor, kind, said.mapping)
    await journal.record(session, actor, _event(made, "uploaded", {"file": made.file_name, "sha256": sha256}))
    return made, True


def _request_key(sha256: str, kind: str, edition: str, told: Mapping[str, Any], actor: Actor) -> str:
    parts = [sha256, kind, edition, json.dumps(told, sort_keys=True), str(actor.account_id)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _check_mapping(kind: str, mapping: Mapping[str, str | None]) -> None:
    fields = KINDS[kind].by_field
    unknown = [field for field in mapping.values() if field is not None and field not in fields]
    if unknown:
        raise Malformed(
            Problem(
                "field_unknown",
                f"没有这些字段：{'、'.join(unknown)}。",
                f"There are no such fields: {', '.join(unknown)}.",
                "/mapping",
                {"fields": list(fields)},
            )
        )


async def get(session: AsyncSession, actor: Actor, import_id: UUID) -> Import:
    """One import of the actor's own (auditors and the city see all). Raises `NotFound`."""
    found = await repository.one(session, actor, import_id)
    if found is None:
        raise NotFound()
    return found


async def change(session: AsyncSession, actor: Actor, thing: Import, wanted: ImportChange) -> Import:
    """Say more about the file and preview it again. A mapping is remembered for the sender's next files."""
    _check_mapping(thing.kind, wanted.mapping or {})
    said = dict(thing.said)
    for name, value in wanted.model_dump(exclude_unset=True).items():
        if isinstance(value, dict):
            merged = {**said.get(name, {}), **value}
            if name == "choices":
                merged = {row: {**said.get(name, {}).get(row, {}), **merged[row]} for row in merged}
            said[name] = merged
        else:
            said[name] = value
    await move(session, IMPORTS, thing, "read_again", actor, change={"said": sorted(wanted.model_fields_set)})
    thing.said = said
    thing.summary, thing.problems = None, []
    if wanted.mapping:
        await _teach(session, actor, thing.kind, wanted.mapping)
    await _enqueue(session, actor, thing, "import_preview")
    return thing


async def commit(session: AsyncSession, actor: Actor, thing: Import, *, all_or_nothing: bool) -> Import:
    """Put the writing in line. Of two commits at once one wins and the other gets what it began."""
    if not permissions.is_sender(actor, thing):
        raise NotYou()
    await session.refresh(thing, with_for_update=True)
    if thing.state in (ImportState.COMMITTING, ImportState.COMMITTED):
        return thing
    await move(session, IMPORTS, thing, "commit", actor, data={"all_or_nothing": all_or_nothing})
    thing.problems, thing.all_or_nothing = [], all_or_nothing
    await _enqueue(session, actor, thing, "import_commit")
    return thing


async def cancel(session: AsyncSession, actor: Actor, thing: Import, note: str | None = None) -> Import:
    """Drop an import that has not been committed; its job stops at its next step."""
    await move(session, IMPORTS, thing, "cancel", actor, note)
    if thing.job_id is not None:
        job = await jobs.get(session, actor, thing.job_id)
        if job.state in jobs.OPEN:
            await jobs.cancel(session, actor, thing.job_id)
    await repository.drop_rows(session, thing.id)
    return thing


async def undo(session: AsyncSession, actor: Actor, thing: Import, note: str | None = None) -> Import:
    """Take back everything a committed import has created, while none of it has been touched."""
    kind = target(thing.kind)
    made = await repository.made(session, thing.id)
    updated = (thing.result or {}).get("updated", 0)
    touched = await kind.touched(session, made) + updated
    await move(session, IMPORTS, thing, "undo", actor, note, facts=touched, change={"taken_back": len(made)})
    await kind.remove(session, actor, made, f"撤销导入：{thing.file_name}")
    thing.applied_rows = 0
    return thing


async def transition(
    session: AsyncSession, actor: Actor, thing: Import, event: str, note: str | None, data: Mapping[str, Any]
) -> Import:
    """Move an import by the name of the event."""
    if event == "commit":
        return await commit(session, actor, thing, all_or_nothing=bool(data.get("all_or_nothing")))
    if event == "cancel":
        return await cancel(session, actor, thing, note)
    if event == "undo":
        return await undo(session, actor, thing, note)
    if event == "read_again":
        return await change(session, actor, thing, ImportChange())
    await move(session, IMPORTS, thing, event, actor, note)
    return thing


async def choices(session: AsyncSession, actor: Actor, thing: Import) -> list[Choice]:
    return await IMPORTS.choices(session, thing, actor)


async def tick(session: AsyncSession) -> None:
    """Forget old bytes, and end imports whose job has given up."""
    await repository.drop_parts(session, clock.now() - KEPT)
    for thing in await repository.abandoned(session):
        event = "refuse" if thing.state != ImportState.COMMITTING else "give_back"
        thing.problems = [
            {"code": "job_gave_up", "message_zh": jobs.GAVE_UP.zh, "message_en": jobs.GAVE_UP.en}
        ]
        await move(session, IMPORTS, thing, event, IMPORTER, jobs.GAVE_UP.zh)


async def exported(session: AsyncSession, actor: Actor, kind: str, edition: str) -> bytes:
    """A workbook of what is stored and the actor's to see, in the columns of the template."""
    found = await editions.get(session, edition) if edition else await editions.current(session)
    things = await target(kind).everything(session, actor, found.code)
    return await asyncio.to_thread(reports.export, kind, [thing.record for thing in things])


async def error_report(session: AsyncSession, actor: Actor, thing: Import) -> bytes:
    """The rejected rows in the sender's own layout. Raises `NotFound` when there are none or the bytes are gone."""
    if not permissions.is_sender(actor, thing):
        raise NotYou()
    rejected: dict[str, dict[int, Any]] = {}
    for row in await repository.rejected(session, thing.id):
        rejected.setdefault(row.sheet, {})[row.row] = row.problems
    sheets = (thing.summary or {}).get("sheets", ())
    headers = {
        sheet["name"]: sheet["header_row"] + sheet["header_height"] - 1 for sheet in sheets if sheet["used"]
    }
    with tempfile.TemporaryDirectory(prefix="sheqia-errors-") as folder:
        path = Path(folder) / "file"
        if not rejected or not await repository.fetch(session, thing.id, path):
            raise NotFound()
        return await asyncio.to_thread(reports.error_report, path, rejected, headers)


async def views(session: AsyncSession, things: Sequence[Import]) -> list[ImportView]:
    return [_view(thing) for thing in things]


def _view(thing: Import) -> ImportView:
    own = f"/api/v1/imports/{thing.id}"
    links = {"self": own, "rows": f"{own}/rows", "transitions": f"{own}/transitions"}
    if thing.job_id:
        links["job"] = f"/api/v1/jobs/{thing.job_id}"
    if thing.summary and thing.summary["counts"]["rejected"]:
        links["errors"] = f"{own}/errors.xlsx"
    return ImportView.model_validate(
        {
            "id": thing.id,
            "kind": thing.kind,
            "edition": thing.edition_code,
            "file_name": thing.file_name,
            "sha256": thing.sha256,
            "size_bytes": thing.size_bytes,
            "state": thing.state,
            "state_since": clock.local(thing.state_since),
            "sender": thing.sender_label,
            "said": thing.said,
            "preview": thing.summary,
            "result": thing.result,
            "problems": thing.problems,
            "job_id": thing.job_id,
            "version": thing.version,
            "created_at": clock.local(thing.created_at),
            "links": links,
        }
    )


async def row_views(session: AsyncSession, thing: Import, rows: Sequence[ImportRow]) -> list[RowView]:
    """Rows with every field of their kind; what a row does not say is null, as is the thing it has not become yet."""
    blank = dict.fromkeys(KINDS[thing.kind].fields)
    views = []
    for row in rows:
        view = RowView.model_validate(row, from_attributes=True)
        if row.change is None and row.status != Status.SKIPPED and row.place >= thing.applied_rows:
            view.thing_id = None
        if view.record is not None:
            view.record = blank | view.record
        views.append(view)
    return views


async def _enqueue(session: AsyncSession, actor: Actor, thing: Import, kind: str) -> None:
    job = await jobs.enqueue(session, actor, kind, {"import_id": str(thing.id)}, key=str(thing.id))
    thing.job_id = job.id
    await session.flush()


async def _teach(session: AsyncSession, actor: Actor, kind: str, mapping: Mapping[str, str | None]) -> None:
    if actor.account_id is not None:
        await repository.teach(session, actor.account_id, kind, mapping)


def _event(thing: Import, event: str, change: dict[str, Any]) -> journal.Event:
    return journal.Event("import", thing.id, event, journal.Audience(level=journal.AUDITORS), change=change)
