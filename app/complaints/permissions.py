"""Who may complain, who handles it, and who sees what. The target never learns who complained from here."""

from sqlalchemy import ColumnElement, and_, or_, true

from app.areas.permissions import within
from app.complaints.models import Complaint, ComplaintState
from app.contracts.permissions import buyer_role
from app.identity.roles import BUREAUS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor

NOT_YET_TAKEN = (ComplaintState.RECEIVED, ComplaintState.REFUSED, ComplaintState.WITHDRAWN)


def is_complainant(actor: Actor, complaint: Complaint) -> bool:
    if actor.account_id is not None and actor.account_id == complaint.filed_by:
        return True
    return complaint.filed_party_id is not None and actor.holds(*SUPPLIERS, party=complaint.filed_party_id)


def is_target(actor: Actor, complaint: Complaint) -> bool:
    """Whether the actor speaks for whom it is about, or took the decision it is about."""
    if complaint.target_party_id is not None and complaint.target_party_id in actor.party_ids:
        return True
    if actor.account_id is not None and actor.account_id in complaint.involved_ids:
        return True
    path = complaint.target_path
    return path is not None and actor.holds(buyer_role(path), area=path)


def may_handle(actor: Actor, complaint: Complaint) -> bool:
    """A bureau of the place that is neither the target nor the complainant."""
    return (
        actor.holds(*BUREAUS, area=complaint.area_path)
        and not is_target(actor, complaint)
        and not is_complainant(actor, complaint)
    )


def is_handler(actor: Actor, complaint: Complaint) -> bool:
    return may_handle(actor, complaint) and actor.account_id == complaint.handler_id


def may_hear_appeal(actor: Actor, complaint: Complaint) -> bool:
    return may_handle(actor, complaint) and actor.account_id != complaint.handler_id


def may_appeal(actor: Actor, complaint: Complaint) -> bool:
    return is_complainant(actor, complaint) or is_target(actor, complaint)


def reads_file(actor: Actor, complaint: Complaint) -> bool:
    """Facts, evidence and minutes: both sides, the bureaus of the place, auditors."""
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or may_handle(actor, complaint)
        or is_complainant(actor, complaint)
        or is_target(actor, complaint)
    )


def reads_complainant(actor: Actor, complaint: Complaint) -> bool:
    """The name of who complained: whoever handles it, and the complainant itself."""
    return actor.is_system or may_handle(actor, complaint) or is_complainant(actor, complaint)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Published results are public; a case is seen by its two sides and the bureaus, by the target once it is taken on."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    taken = Complaint.state.not_in(NOT_YET_TAKEN)
    seen = [
        Complaint.published_at.is_not(None),
        within(Complaint.area_path, actor, *BUREAUS),
        and_(taken, within(Complaint.target_path, actor, *OFFICIALS)),
    ]
    if actor.account_id is not None:
        seen.append(Complaint.filed_by == actor.account_id)
        seen.append(and_(taken, Complaint.involved_ids.contains([actor.account_id])))
    parties = list(actor.party_ids)
    if parties:
        seen.append(Complaint.filed_party_id.in_(parties))
        seen.append(and_(taken, Complaint.target_party_id.in_(parties)))
    return or_(*seen)
