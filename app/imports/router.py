"""Imports over HTTP: upload, preview, say more, commit, undo; templates, exports and error reports."""

import json
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, Query, Response, UploadFile
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.authentication import Anyone, SignedIn
from app.imports import reports, repository, service
from app.imports.models import Import, ImportRow, ImportState
from app.imports.parsing import Status
from app.imports.schemas import Commit, ImportChange, ImportView, Kind, RowView, Said
from app.kernel import fields
from app.kernel.errors import Malformed, Problem
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.listing import MEDIA, Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1/imports", tags=["imports"], route_class=UnitOfWork)

_XLSX: dict[str, Any] = {"content": {MEDIA["xlsx"]: {}}}


@router.post(
    "", status_code=202, operation_id="create_import", responses={200: {"description": "Known already"}}
)
async def upload(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    file: Annotated[UploadFile, File(description=".xlsx, .xls, .csv or .txt")],
    kind: Annotated[Kind, Form()],
    edition: Annotated[str, Form(description="Edition code; the current one when blank")] = "",
    mapping: Annotated[str | None, Form(description="JSON: header → field")] = None,
    units: Annotated[str | None, Form(description="JSON: field or header → unit")] = None,
    sheets: Annotated[str | None, Form(description="JSON: names of the sheets to read")] = None,
) -> ImportView:
    """Send a list. 202 with a preview in line; the same file again is the same import (200)."""
    said = _said(mapping=mapping, units=units, sheets=sheets)
    thing, new = await service.upload(
        session,
        actor,
        kind=kind,
        edition=edition,
        file_name=file.filename or "file",
        content=await file.read(),
        said=said,
    )
    response.status_code = 202 if new else 200
    response.headers["Location"] = f"/api/v1/imports/{thing.id}"
    return await _one(session, response, thing)


def _said(**parts: str | None) -> Said:
    told = {}
    for name, text in parts.items():
        if text is None or not text.strip():
            continue
        try:
            told[name] = json.loads(text)
        except ValueError:
            raise Malformed(
                Problem("json_invalid", f"{name} 不是有效的 JSON。", f"{name} is not valid JSON.", f"/{name}")
            ) from None
    try:
        return Said.model_validate(told)
    except ValidationError as wrong:
        raise Malformed(*map(fields.problem, wrong.errors())) from None


@router.get("", operation_id="list_imports")
async def imports(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    kind: Kind | None = None,
    state: ImportState | None = None,
) -> Page[ImportView]:
    """Your imports, newest first."""
    query = repository.imports(actor, kind, state)
    order = [Order(Import.created_at, descending=True), Order(Import.id, descending=True)]
    return await listing.answer(session, query, order, service.views)


@router.get(
    "/template.xlsx", operation_id="get_import_template", response_class=Response, responses={200: _XLSX}
)
async def template(actor: Anyone, kind: Kind) -> Response:
    """An empty list of a kind, with one example row, that imports without a warning."""
    return _file(reports.template(kind), f"{kind}-template.xlsx")


@router.get("/export.xlsx", operation_id="export_for_import", response_class=Response, responses={200: _XLSX})
async def export(
    session: ReadSession,
    actor: SignedIn,
    kind: Kind,
    edition: Annotated[str, Query(description="Edition code; the current one when blank")] = "",
) -> Response:
    """What is stored and yours to see, in the columns of the template: sent back unchanged, it changes nothing."""
    return _file(await service.exported(session, actor, kind, edition), f"{kind}.xlsx")


@router.get("/{import_id}", operation_id="get_import")
async def read(session: ReadSession, actor: SignedIn, response: Response, import_id: UUID) -> ImportView:
    """One import: its state, and what the preview has found."""
    return await _one(session, response, await service.get(session, actor, import_id))


@router.patch("/{import_id}", operation_id="change_import")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    import_id: UUID,
    body: ImportChange,
    match: Conditional,
) -> ImportView:
    """Say more (mapping, units, choices, sheets) and preview again."""
    thing = await service.get(session, actor, import_id)
    match.allow(thing.version)
    response.headers["Location"] = f"/api/v1/imports/{thing.id}"
    return await _one(session, response, await service.change(session, actor, thing, body))


@router.get("/{import_id}/rows", operation_id="list_import_rows")
async def rows(
    session: ReadSession,
    actor: SignedIn,
    listing: Listing,
    import_id: UUID,
    status: Annotated[list[Status] | None, Query(description="Only rows of these states")] = None,
) -> Page[RowView]:
    """The rows of the preview in the order of the file."""
    thing = await service.get(session, actor, import_id)
    query = repository.rows(thing.id, status or ())

    async def views(session: AsyncSession, found: list[ImportRow]) -> list[RowView]:
        return await service.row_views(session, thing, found)

    return await listing.answer(session, query, [Order(ImportRow.place)], views)


@router.post("/{import_id}/commit", status_code=202, operation_id="commit_import")
async def commit(
    session: WriteSession, actor: SignedIn, response: Response, import_id: UUID, body: Commit | None = None
) -> ImportView:
    """Write all ready and warned rows, or (`all_or_nothing`) refuse when any is rejected."""
    thing = await service.get(session, actor, import_id)
    all_or_nothing = body.all_or_nothing if body else False
    thing = await service.commit(session, actor, thing, all_or_nothing=all_or_nothing)
    response.headers["Location"] = f"/api/v1/imports/{thing.id}"
    return await _one(session, response, thing)


@router.post("/{import_id}/undo", operation_id="undo_import")
async def undo(session: WriteSession, actor: SignedIn, response: Response, import_id: UUID) -> ImportView:
    """Take back everything a committed import has created, while none of it has been touched."""
    thing = await service.get(session, actor, import_id)
    return await _one(session, response, await service.undo(session, actor, thing))


@router.get(
    "/{import_id}/errors.xlsx",
    operation_id="get_import_errors",
    response_class=Response,
    responses={200: _XLSX},
)
async def errors(session: ReadSession, actor: SignedIn, import_id: UUID) -> Response:
    """The rejected rows in the sender's own layout, with a 错误原因 column and the bad cells marked."""
    thing = await service.get(session, actor, import_id)
    return _file(await service.error_report(session, actor, thing), "errors.xlsx")


@router.get("/{import_id}/transitions", operation_id="list_import_transitions")
async def transitions(session: ReadSession, actor: SignedIn, import_id: UUID) -> Possibilities:
    """What you may do with the import now."""
    thing = await service.get(session, actor, import_id)
    return possibilities(thing.state, await service.choices(session, actor, thing))


@router.post("/{import_id}/transitions", operation_id="move_import")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    import_id: UUID,
    body: Transition,
    match: Conditional,
) -> ImportView:
    """Commit, cancel, undo or preview again."""
    thing = await service.get(session, actor, import_id)
    match.allow(thing.version)
    thing = await service.transition(session, actor, thing, body.event, body.note, body.data)
    return await _one(session, response, thing)


async def _one(session: AsyncSession, response: Response, thing: Import) -> ImportView:
    await session.flush()
    tag(response, thing.version)
    return (await service.views(session, [thing]))[0]


def _file(content: bytes, name: str) -> Response:
    return Response(
        content, media_type=MEDIA["xlsx"], headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
