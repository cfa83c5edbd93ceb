"""Who runs the hall, who takes a seat, and who may see who meets whom.

That two sides meet tells of their intent, so it is no more public than that. Who runs the hall sees every seat in it, and
nothing of what is offered or said.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, true

from app.areas.permissions import within
from app.identity.roles import BUREAUS, BUYERS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.negotiations.permissions import side_of
from app.parties.models import Party, PartyKind
from app.timetables.models import Meeting

RUN_HALLS = (*BUREAUS, Role.FAIR_OPERATOR)


def runs_hall(actor: Actor, fair: Any) -> bool:
    """The operator and the bureaus of the fair's area lay out the hall and plan its day."""
    return actor.is_system or actor.holds(*RUN_HALLS, area=fair.area_path)


def in_charge(actor: Actor, meeting: Meeting) -> bool:
    """The operator and the bureaus of the fair move, pin and account for its meetings."""
    return actor.is_system or actor.holds(*RUN_HALLS, area=meeting.fair_area_path)


def keeps_the_hall(actor: Actor, meeting: Meeting) -> bool:
    """Whether accounting for the meeting is the actor's own work: the operator's, which a bureau may do but is not asked to."""
    return actor.holds(Role.FAIR_OPERATOR, area=meeting.fair_area_path)


def may_seat(actor: Actor, fair: Any, intent: Any) -> bool:
    """Either side takes a seat for its own talk; who runs the hall seats anybody."""
    return runs_hall(actor, fair) or side_of(actor, intent) is not None


def may_call_off(actor: Actor, meeting: Meeting) -> bool:
    return in_charge(actor, meeting) or side_of(actor, meeting) is not None


def sits_at(actor: Actor, meeting: Meeting) -> bool:
    """Whether the actor is expected at the table: the organization, the street or the community, not the bureaus above them."""
    at_street = actor.holds(Role.STREET, Role.COMMUNITY, area=meeting.area_path)
    return at_street or actor.holds(*SUPPLIERS, party=meeting.organization_id)


def may_excuse(actor: Actor, fair: Any, party: Any) -> bool:
    """A party says itself when it cannot come, or the operator notes it."""
    of_buyer = party.kind == PartyKind.BUYER and actor.holds(*BUYERS, area=party.area_path)
    return runs_hall(actor, fair) or actor.holds(*SUPPLIERS, party=party.id) or of_buyer


def own_parties(actor: Actor) -> ColumnElement[bool]:
    """The parties an actor answers for at the fair: its organization, the buyers of its area."""
    own = [grant.party_id for grant in actor.grants if grant.role in SUPPLIERS and grant.party_id]
    of_area = and_(Party.kind == PartyKind.BUYER, within(Party.area_path, actor, *BUYERS))
    return or_(of_area, Party.id.in_(own)) if own else of_area


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The meetings an actor may see: of its own side, of its own area, of its own hall."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [within(Meeting.area_path, actor, *OFFICIALS), within(Meeting.fair_area_path, actor, *RUN_HALLS)]
    parties = [grant.party_id for grant in actor.grants if grant.role in SUPPLIERS and grant.party_id]
    if parties:
        seen.append(Meeting.organization_id.in_(parties))
    return or_(*seen)
