"""Delivery over HTTP: milestones, the service log, documents."""

from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, File, Form, Path, Request, Response, UploadFile
from pydantic import Field

from app.contracts import delivery, permissions, repository, service
from app.contracts.models import ServiceLog
from app.contracts.schemas import (
    DocumentView,
    MilestoneJudgement,
    MilestoneReport,
    MilestoneView,
    ServiceLogDraft,
    ServiceLogView,
    ServiceTotals,
    ServiceVoidingDraft,
)
from app.contracts.storage import LocalFolder, Storage
from app.identity.authentication import Anyone, SignedIn
from app.kernel.paging import Order
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession

router = APIRouter(tags=["contracts"], route_class=UnitOfWork)


def _storage(request: Request) -> Storage:
    return LocalFolder(request.app.state.settings.data / "files")


@router.get("/contracts/{ref}/milestones", operation_id="list_milestones")
async def milestones(session: ReadSession, actor: Anyone, ref: str) -> list[MilestoneView]:
    """The promised steps and how they stand."""
    return await delivery.milestone_views(session, await service.get(session, actor, ref))


@router.post("/contracts/{ref}/milestones/{seq}/report", operation_id="report_milestone")
async def report(
    session: WriteSession, actor: SignedIn, ref: str, seq: int, body: MilestoneReport
) -> MilestoneView:
    """The supplier brings evidence for a milestone."""
    contract = await service.get(session, actor, ref)
    return MilestoneView.model_validate(await delivery.report_milestone(session, actor, contract, seq, body))


@router.post("/contracts/{ref}/milestones/{seq}/judgement", operation_id="judge_milestone")
async def judge(
    session: WriteSession, actor: SignedIn, ref: str, seq: int, body: MilestoneJudgement
) -> MilestoneView:
    """The buyer, or the community that manages delivery, judges a milestone."""
    contract = await service.get(session, actor, ref)
    return MilestoneView.model_validate(await delivery.judge_milestone(session, actor, contract, seq, body))


@router.get("/contracts/{ref}/services", operation_id="list_services")
async def services(session: ReadSession, actor: SignedIn, ref: str, listing: Listing) -> Page[ServiceLogView]:
    """The service log, in the order it was written."""
    contract = await service.get(session, actor, ref)
    permissions.require_file(actor, contract)
    return await listing.answer(
        session, repository.logs(contract.id), [Order(ServiceLog.id)], delivery.log_views
    )


@router.post("/contracts/{ref}/services", status_code=201, operation_id="log_services")
async def log_services(
    session: WriteSession,
    actor: SignedIn,
    ref: str,
    body: Annotated[list[ServiceLogDraft], Field(min_length=1, max_length=500)],
) -> list[ServiceLogView]:
    """Enter delivered services: persons served for the first time, and contacts."""
    contract = await service.get(session, actor, ref)
    entries = await delivery.log_services(session, actor, contract, body)
    return await delivery.log_views(session, entries)


@router.post("/contracts/{ref}/services/{log_id}/confirmation", operation_id="confirm_service")
async def confirm(session: WriteSession, actor: SignedIn, ref: str, log_id: UUID) -> ServiceLogView:
    """The community or the buyer confirms that the service took place."""
    contract = await service.get(session, actor, ref)
    return ServiceLogView.model_validate(await delivery.confirm_service(session, actor, contract, log_id))


@router.post("/contracts/{ref}/services/{log_id}/voiding", operation_id="void_service")
async def void(
    session: WriteSession, actor: SignedIn, ref: str, log_id: UUID, body: ServiceVoidingDraft
) -> ServiceLogView:
    """Void a wrong entry with the reason: it stays in the log and counts no more."""
    contract = await service.get(session, actor, ref, to_move=True)
    entry = await delivery.void_service(session, actor, contract, log_id, body)
    return (await delivery.log_views(session, [entry]))[0]


@router.get("/contracts/{ref}/services/totals", operation_id="get_service_totals")
async def totals(session: ReadSession, actor: Anyone, ref: str) -> ServiceTotals:
    """Sums of the log: persons and contacts are two measures."""
    return await delivery.shown_totals(session, actor, await service.get(session, actor, ref))


@router.get("/contracts/{ref}/documents", operation_id="list_documents")
async def documents(session: ReadSession, actor: SignedIn, ref: str) -> list[DocumentView]:
    """The files kept with the contract."""
    contract = await service.get(session, actor, ref)
    permissions.require_file(actor, contract)
    return [DocumentView.model_validate(d) for d in await repository.documents(session, contract.id)]


@router.post("/contracts/{ref}/documents", status_code=201, operation_id="attach_document")
async def attach(
    request: Request,
    session: WriteSession,
    actor: SignedIn,
    ref: str,
    file: Annotated[UploadFile, File(description="The file")],
    kind: Annotated[
        str, Form(max_length=50, description="contract, report, evidence, minutes …")
    ] = "evidence",
) -> DocumentView:
    """Keep a file with the contract; it is known by its SHA-256."""
    contract = await service.get(session, actor, ref)
    document = await delivery.attach(
        session,
        actor,
        contract,
        _storage(request),
        kind=kind,
        name=(file.filename or "file")[:200],
        media_type=file.content_type or "application/octet-stream",
        content=await file.read(),
    )
    return DocumentView.model_validate(document)


@router.get("/contracts/{ref}/documents/{sha256}", operation_id="get_document", response_class=Response)
async def document(
    request: Request,
    session: ReadSession,
    actor: SignedIn,
    ref: str,
    sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")],
) -> Response:
    """The content of one file, always as a download."""
    contract = await service.get(session, actor, ref)
    found, content = await delivery.content(session, actor, contract, _storage(request), sha256)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(found.name)}",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=found.media_type, headers=headers)
