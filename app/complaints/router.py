"""Challenges, complaints and mediation over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import ComplaintKind
from app.complaints import filing, repository, service
from app.complaints.models import Complaint, ComplaintState
from app.complaints.schemas import ComplaintDraft, ComplaintView, Filed, MeetingDraft, MeetingView, Receipt
from app.identity.authentication import Anyone, SignedIn
from app.kernel.actor import Actor
from app.kernel.paging import Order
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.idempotency import hands_out_a_secret
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1", tags=["complaints"], route_class=UnitOfWork)


@router.get("/complaints", operation_id="list_complaints")
async def complaints(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    kind: ComplaintKind | None = None,
    state: ComplaintState | None = None,
    subject_id: UUID | None = None,
    edition: str | None = None,
) -> Page[ComplaintView]:
    """Cases the caller may see; for the public the published results."""

    async def views(session: AsyncSession, found: list[Complaint]) -> list[ComplaintView]:
        return await service.views(session, actor, found)

    query = repository.complaints(actor, kind=kind, state=state, subject_id=subject_id, edition=edition)
    return await listing.answer(session, query, [Order(Complaint.id, descending=True)], views)


@router.post("/complaints", status_code=201, operation_id="file_complaint")
@hands_out_a_secret
async def file(session: WriteSession, actor: Anyone, response: Response, body: ComplaintDraft) -> Filed:
    """File a challenge, a complaint (also without an account) or ask for mediation."""
    complaint, receipt = await filing.file(session, actor, body)
    return Filed(complaint=await _one(session, actor, response, complaint), receipt=receipt)


@router.post("/complaints/receipt", operation_id="ask_by_receipt")
async def by_receipt(session: WriteSession, body: Receipt) -> ComplaintView:
    """How a case stands, for whoever holds its receipt."""
    return await service.by_receipt(session, body.receipt)


@router.get("/complaints/{ref}", operation_id="get_complaint")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> ComplaintView:
    """One case."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.get("/complaints/{ref}/transitions", operation_id="list_complaint_transitions")
async def possible(session: ReadSession, actor: Anyone, ref: str) -> Possibilities:
    """What the caller may do with the case now, and what stands in the way."""
    complaint = await service.get(session, actor, ref)
    return possibilities(complaint.state, await service.choices(session, actor, complaint))


@router.post("/complaints/{ref}/transitions", operation_id="move_complaint")
async def transition(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: Transition, match: Conditional
) -> ComplaintView:
    """Take on, mediate, decide, appeal, withdraw."""
    complaint = await service.get(session, actor, ref)
    match.allow(complaint.version)
    await service.transition(session, actor, complaint, body.event, body.note, body.data)
    return await _one(session, actor, response, complaint)


@router.get("/complaints/{ref}/history", operation_id="get_complaint_history")
async def complaint_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """Everything the caller may know of what happened to the case."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


@router.get("/complaints/{ref}/meetings", operation_id="list_mediation_meetings")
async def meetings(session: ReadSession, actor: SignedIn, ref: str) -> list[MeetingView]:
    """The meetings of a mediation."""
    return await service.meetings(session, actor, await service.get(session, actor, ref))


@router.post("/complaints/{ref}/meetings", status_code=201, operation_id="record_mediation_meeting")
async def add_meeting(session: WriteSession, actor: SignedIn, ref: str, body: MeetingDraft) -> MeetingView:
    """Record a meeting of the mediation."""
    complaint = await service.get(session, actor, ref)
    return MeetingView.model_validate(await service.add_meeting(session, actor, complaint, body))


async def _one(
    session: AsyncSession, actor: Actor, response: Response, complaint: Complaint
) -> ComplaintView:
    tag(response, complaint.version)
    return (await service.views(session, actor, [complaint]))[0]
