"""Who speaks for which side, who decides on awards, and who may see what of a negotiation.

A rival sees nothing of another's intent, quote, talk or terms; the public sees an award from its notice on.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, true

from app.areas.permissions import within
from app.identity.roles import BUREAUS, BUYERS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.negotiations.models import Award, Intent, TableSide

READS_ALL = (Role.AUDITOR,)


def speaks_for_organization(actor: Actor, thing: Any) -> bool:
    """Whether the actor sits on the organization's side of the table."""
    return actor.holds(*SUPPLIERS, party=thing.organization_id)


def speaks_for_buyer(actor: Actor, thing: Any) -> bool:
    """Whether the actor sits on the buyer's side: the buyer, or the community that carries the project."""
    return actor.holds(*BUYERS, Role.COMMUNITY, area=thing.area_path)


def side_of(actor: Actor, thing: Any) -> TableSide | None:
    """The side the actor speaks for, None for everybody else."""
    if speaks_for_organization(actor, thing):
        return TableSide.ORGANIZATION
    return TableSide.BUYER if speaks_for_buyer(actor, thing) else None


def may_decide(actor: Actor, thing: Any) -> bool:
    """The buyer decides whom to shortlist and to propose; a community never decides over government money."""
    return actor.holds(*BUYERS, area=thing.area_path)


def may_confirm(actor: Actor, thing: Any) -> bool:
    """A bureau confirms awards of its area."""
    return actor.holds(*BUREAUS, area=thing.area_path)


def may_answer(actor: Actor, intent: Intent) -> bool:
    """The side that did not begin answers."""
    if intent.initiated_by == "organization":
        return speaks_for_buyer(actor, intent)
    return speaks_for_organization(actor, intent)


def may_take_back(actor: Actor, intent: Intent) -> bool:
    """The side that began may take its interest back."""
    if intent.initiated_by == "organization":
        return speaks_for_organization(actor, intent)
    return speaks_for_buyer(actor, intent)


def nobody(actor: Actor, thing: Any) -> bool:
    """Moves that only follow from another act, signed by the machine."""
    return False


def reads_talks(actor: Actor, intent: Any) -> bool:
    """Quotes, talks and terms: the two sides, the bureaus of the area, and auditors."""
    return actor.is_system or actor.holds(*READS_ALL) or side_of(actor, intent) is not None


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The intents an actor may see, with everything that hangs on them."""
    return _inside(actor, Intent)


def awards_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Awards: both sides from the proposal, everyone from the notice on."""
    return or_(Award.notice_from.is_not(None), _inside(actor, Award))


def _inside(actor: Actor, model: Any) -> ColumnElement[bool]:
    if actor.is_system or actor.holds(*READS_ALL):
        return true()
    seen: list[ColumnElement[bool]] = []
    parties: list[UUID] = [g.party_id for g in actor.grants if g.role in SUPPLIERS and g.party_id]
    if parties:
        seen.append(model.organization_id.in_(parties))
    return or_(*seen, within(model.area_path, actor, *OFFICIALS))
