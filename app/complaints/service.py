"""The open door of complaints: file, read, handle, mediate, decide, appeal; clocks and tasks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import ComplaintKind
from app.complaints import filing, permissions, repository
from app.complaints.lifecycle import LIFECYCLE, audience
from app.complaints.models import Complaint, ComplaintOutcome, ComplaintState, MediationMeeting
from app.complaints.schemas import (
    Agreement,
    ComplaintDraft,
    ComplaintView,
    Decision,
    MeetingDraft,
    MeetingView,
)
from app.editions import service as editions
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotFound, NotNow, NotYou, Problem
from app.kernel.ids import reference
from app.kernel.lifecycle import Choice, data_as, move
from app.kernel.tasks import Task
from app.negotiations import service as negotiations

INSIDE = ("facts", "evidence", "agreement", "follow_up_on", "appeal_grounds")
"""What only both sides and the bureaus read."""
NOT_MEDIATING = Problem("not_in_mediation", "案件不在调解中。", "The case is not in mediation.")


async def create_many(
    session: AsyncSession, actor: Actor, drafts: Sequence[ComplaintDraft]
) -> list[tuple[Complaint, str]]:
    """File cases, each with its receipt."""
    return [await filing.file(session, actor, draft) for draft in drafts]


async def get(session: AsyncSession, actor: Actor, ref: UUID | str) -> Complaint:
    """One case by id or number. Raises `NotFound` when it is not there or not visible."""
    found = await repository.visible(session, actor, reference(ref))
    if found is None:
        raise NotFound()
    return found


async def by_receipt(session: AsyncSession, receipt: str) -> ComplaintView:
    """How a case stands, for whoever holds its receipt: state and result, no names."""
    found = await repository.by_receipt(session, filing.digest_of(receipt))
    if found is None:
        raise NotFound()
    return _view(found, inside=False, named=False)


async def views(session: AsyncSession, actor: Actor, complaints: Sequence[Complaint]) -> list[ComplaintView]:
    """Cases as this actor may read them; no statement at all."""
    return [
        _view(c, inside=permissions.reads_file(actor, c), named=permissions.reads_complainant(actor, c))
        for c in complaints
    ]


def _view(complaint: Complaint, *, inside: bool, named: bool) -> ComplaintView:
    hidden = () if inside else (*INSIDE, "handler")
    shown = {
        name: getattr(complaint, name)
        for name in ComplaintView.model_fields
        if name not in hidden and (named or name != "complainant")
    }
    return ComplaintView(**shown)


async def choices(session: AsyncSession, actor: Actor, complaint: Complaint) -> list[Choice]:
    return await LIFECYCLE.choices(session, complaint, actor)


async def transition(
    session: AsyncSession,
    actor: Actor,
    complaint: Complaint,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Complaint:
    """Move a case by an event, with what that means for the award it blocks."""
    if event in ("decide", "decide_appeal"):
        return await _decide(session, actor, complaint, event, note, data_as(Decision, data))
    if event == "agree":
        return await _agree(session, actor, complaint, note, data_as(Agreement, data))
    values: dict[str, Any] = {}
    if event == "accept":
        values = {"handler_id": actor.account_id, "handler": actor.label}
    blocked = complaint.blocks_award
    if event in ("refuse", "withdraw"):
        values = {"result": note, "blocks_award": False}
    await move(session, LIFECYCLE, complaint, event, actor, note, values=values)
    if event == "appeal":
        await _appealed(session, actor, complaint, note)
    await _unblocked(session, actor, complaint, blocked)
    await session.flush()
    return complaint


async def _decide(
    session: AsyncSession, actor: Actor, complaint: Complaint, event: str, note: str | None, wanted: Decision
) -> Complaint:
    values: dict[str, Any] = {"appeal_result": note, "appeal_handler_id": actor.account_id}
    if event == "decide":
        values = {"result": note, **await _appeal_clock(session, complaint)}
    elif wanted.publish:
        # With the move: what has ended does not change any more.
        values["published_at"] = complaint.published_at or clock.now()
    values["outcome"] = wanted.outcome
    blocked = complaint.blocks_award
    if wanted.outcome == ComplaintOutcome.DISMISSED:
        values["blocks_award"] = False
    data = {"outcome": wanted.outcome}
    await move(session, LIFECYCLE, complaint, event, actor, note, data=data, values=values)
    await _unblocked(session, actor, complaint, blocked)
    await _publish(session, actor, complaint, wanted.publish, note)
    return complaint


async def _agree(
    session: AsyncSession, actor: Actor, complaint: Complaint, note: str | None, wanted: Agreement
) -> Complaint:
    values = {
        "agreement": wanted.agreement,
        "follow_up_on": wanted.follow_up_on,
        "outcome": ComplaintOutcome.AGREED,
        "result": note or "双方达成调解协议",
        **await _appeal_clock(session, complaint),
    }
    data = wanted.model_dump()
    await move(session, LIFECYCLE, complaint, "agree", actor, note, data=data, values=values)
    await _publish(session, actor, complaint, wanted.publish, complaint.result)
    return complaint


async def _appeal_clock(session: AsyncSession, complaint: Complaint) -> dict[str, Any]:
    settings = await editions.settings_of(session, complaint.edition_code)
    until = editions.working_days_after(clock.today(), settings.complaint_working_days)
    return {"decided_at": clock.now(), "appeal_until": until}


async def _appealed(session: AsyncSession, actor: Actor, complaint: Complaint, note: str | None) -> None:
    settings = await editions.settings_of(session, complaint.edition_code)
    complaint.appeal_grounds = note
    complaint.appeal_due_on = complaint.due_on = editions.working_days_after(
        clock.today(), settings.complaint_decision_working_days
    )
    complaint.overdue_told_at = None
    if complaint.kind == ComplaintKind.CHALLENGE and not complaint.blocks_award and complaint.subject_id:
        complaint.blocks_award = True
        await negotiations.challenge_opened(session, actor, complaint.subject_id, complaint.number)


async def _unblocked(session: AsyncSession, actor: Actor, complaint: Complaint, blocked: bool) -> None:
    """The award may be confirmed again. An upheld challenge goes on blocking it until the award is cancelled."""
    if blocked and not complaint.blocks_award and complaint.subject_id is not None:
        await negotiations.challenge_closed(session, actor, complaint.subject_id, complaint.number)


async def _publish(
    session: AsyncSession, actor: Actor, complaint: Complaint, publish: bool, result: str | None
) -> None:
    if publish and complaint.published_at is None:
        complaint.published_at = clock.now()
        await session.flush()
    if publish:
        change = {"outcome": complaint.outcome, "result": result, "subject": complaint.subject_number}
        await _record(session, actor, complaint, "result_published", change)


async def add_meeting(
    session: AsyncSession, actor: Actor, complaint: Complaint, draft: MeetingDraft
) -> MediationMeeting:
    """The handler records a meeting of the mediation."""
    if not permissions.is_handler(actor, complaint):
        raise NotYou()
    if complaint.state != ComplaintState.IN_MEDIATION:
        raise NotNow(NOT_MEDIATING)
    meeting = MediationMeeting(complaint_id=complaint.id, recorded_by=actor.label, **draft.model_dump())
    session.add(meeting)
    await session.flush()
    await _record(session, actor, complaint, "mediation_met", {"held_at": draft.held_at.isoformat()})
    return meeting


async def meetings(session: AsyncSession, actor: Actor, complaint: Complaint) -> list[MeetingView]:
    """The meetings of a mediation, for both sides and the bureaus. Raises `NotYou`."""
    if not permissions.reads_file(actor, complaint):
        raise NotYou()
    return [MeetingView.model_validate(m) for m in await repository.meetings(session, complaint.id)]


async def tick(session: AsyncSession) -> int:
    """Close what nobody appealed in time, and say once when an answer is overdue."""
    today, hand = clock.today(), machine("clock")
    over = await repository.window_over(session, today)
    for complaint in over:
        await move(session, LIFECYCLE, complaint, "close", hand)
    late = await repository.overdue(session, today)
    for complaint in late:
        complaint.overdue_told_at = clock.now()
        await session.flush()
        await _record(session, hand, complaint, "answer_overdue", {"due_on": complaint.due_on.isoformat()})
    return len(over) + len(late)


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Cases that wait for this actor's answer."""
    words = {
        ComplaintState.RECEIVED: ("take_on_complaint", "受理或不予受理", "take the case on or refuse it"),
        ComplaintState.UNDER_REVIEW: ("decide_complaint", "作出处理", "decide the case"),
        ComplaintState.IN_MEDIATION: ("mediate", "主持调解", "mediate"),
        ComplaintState.APPEALED: ("decide_complaint_appeal", "处理申诉", "decide the appeal"),
    }
    found = []
    for c in await repository.open_for(session, actor):
        mine = {
            ComplaintState.RECEIVED: permissions.may_handle,
            ComplaintState.APPEALED: permissions.may_hear_appeal,
        }.get(ComplaintState(c.state), permissions.is_handler)
        if mine(actor, c):
            kind, zh, en = words[ComplaintState(c.state)]
            due = datetime.combine(c.due_on, time(23, 59, 59), clock.CHINA)
            href = f"/api/v1/complaints/{c.number}"
            found.append(
                Task(kind, "complaint", c.id, c.number, c.subject_number or c.number, zh, en, href, due)
            )
    return found


async def _record(
    session: AsyncSession, actor: Actor, complaint: Complaint, event: str, change: dict[str, Any]
) -> None:
    await journal.record(
        session,
        actor,
        journal.Event(
            "complaint", complaint.id, event, audience(complaint), number=complaint.number, change=change
        ),
    )
