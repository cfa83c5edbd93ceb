"""Who may see and do what with organizations."""

from typing import Any

from sqlalchemy import ColumnElement, true

from app.identity.roles import BUREAUS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.organizations.models import Engagement, Organization


def nobody(actor: Actor, thing: Any) -> bool:
    """An event that another domain's act brings about, never a request of its own."""
    return False


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Every organization has a public profile; what is on it depends on the reader (`sees_inside`)."""
    return true()


def speaks_for(actor: Actor, organization: Organization) -> bool:
    return organization.id in actor.party_ids


def sees_inside(actor: Actor, organization: Organization) -> bool:
    """Contacts in full, conflicts, own terms, engagements: the organization, the officials of its seat, auditors."""
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or speaks_for(actor, organization)
        or actor.holds(*OFFICIALS, area=organization.area_path)
    )


def may_create(actor: Actor, area_path: str, *, filed: bool) -> bool:
    """Bureaus enter organizations of their area; a street the groups it files itself."""
    if actor.is_system or actor.holds(*BUREAUS, area=area_path):
        return True
    return filed and actor.holds(Role.STREET, area=area_path)


def may_edit_profile(actor: Actor, organization: Organization) -> bool:
    """An organization keeps its own profile; the bureau may help."""
    return may_keep_standing(actor, organization) or (
        speaks_for(actor, organization) and actor.holds(*SUPPLIERS, party=organization.id)
    )


def may_keep_standing(actor: Actor, organization: Organization) -> bool:
    """Registration, rating, inspection, credit and capacity are the bureau's, never the organization's own."""
    return actor.is_system or actor.holds(*BUREAUS, area=organization.area_path)


def may_end_outside_work(actor: Actor, engagement: Engagement) -> bool:
    """Whoever may declare it; the service has asked which organization it is."""
    return actor.holds(*SUPPLIERS, party=engagement.organization_id) or actor.holds(*BUREAUS)
