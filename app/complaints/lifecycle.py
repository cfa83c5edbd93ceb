"""The moves of a challenge, complaint or mediation."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import permissions as may
from app.complaints import repository, rules
from app.complaints.models import Complaint, ComplaintState
from app.complaints.rules import Facts
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.lifecycle import Lifecycle, Line


def audience(complaint: Complaint) -> journal.Audience:
    """The bureaus of the place; the sides once it is taken on; everyone when the result is published."""
    parties = tuple(p for p in (complaint.filed_party_id, complaint.target_party_id) if p is not None)
    settled = complaint.state in (ComplaintState.DECIDED, ComplaintState.CLOSED)
    if complaint.published_at is not None and settled:
        return journal.Audience(complaint.area_path, parties, journal.PUBLIC)
    if complaint.state in may.NOT_YET_TAKEN:
        return journal.Audience(_bureau_of(complaint.area_path), (), journal.OFFICIALS)
    return journal.Audience(_bureau_of(complaint.area_path), parties, journal.PARTIES)


def _bureau_of(area_path: str) -> str:
    """The district: a street never reads in the feed what was filed against it."""
    return "/".join(area_path.split("/")[:2])


async def facts(session: AsyncSession, complaint: Complaint) -> Facts:
    mediating = complaint.state == ComplaintState.IN_MEDIATION
    meetings = await repository.meetings(session, complaint.id) if mediating else ()
    return Facts(clock.today(), len(meetings))


def nobody(actor: Actor, thing: Any) -> bool:
    return False


_WITHDRAW: dict[str, Any] = {"who": may.is_complainant, "note_required": True, "zh": "撤回", "en": "withdraw"}

LIFECYCLE: Lifecycle[Complaint] = Lifecycle(
    "complaint",
    {
        "received": ("已收到", "received"),
        "refused": ("不予受理", "not taken on"),
        "under_review": ("处理中", "under review"),
        "in_mediation": ("调解中", "in mediation"),
        "decided": ("已答复", "decided"),
        "appealed": ("申诉中", "appealed"),
        "closed": ("已办结", "closed"),
        "withdrawn": ("已撤回", "withdrawn"),
    },
    "received",
    (
        Line("received", "accept", "under_review", may.may_handle, zh="受理", en="take on"),
        Line("received", "refuse", "refused", may.may_handle, note_required=True, zh="不予受理", en="do not take on"),
        Line("received", "withdraw", "withdrawn", **_WITHDRAW),
        Line("under_review", "withdraw", "withdrawn", **_WITHDRAW),
        Line("under_review", "mediate", "in_mediation", may.is_handler, (rules.can_be_mediated,), zh="转调解", en="mediate"),
        Line(
            "under_review", "decide", "decided", may.is_handler, (rules.outcome_named,), note_required=True,
            zh="作出处理", en="decide",
        ),
        Line(
            "in_mediation", "agree", "decided", may.is_handler, (rules.they_met, rules.agreement_written),
            zh="达成调解协议", en="record the agreement",
        ),
        Line("in_mediation", "give_up", "under_review", may.is_handler, note_required=True, zh="调解不成", en="mediation failed"),
        Line(
            "decided", "appeal", "appealed", may.may_appeal, (rules.appeal_in_time, rules.not_appealed_before),
            note_required=True, zh="申诉", en="appeal",
        ),
        Line("decided", "close", "closed", nobody, zh="期满办结", en="close"),
        Line(
            "appealed", "decide_appeal", "closed", may.may_hear_appeal, (rules.outcome_named,), note_required=True,
            zh="申诉处理", en="decide the appeal",
        ),
    ),
    audience=audience,
    facts=facts,
)  # fmt: skip
