"""Who keeps volunteers and their hours, and who sees what. A name is for the organization that keeps it and for its bearer."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select, true

from app.areas.permissions import within
from app.identity.roles import BUREAUS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.volunteers.models import HourRecord, Volunteer

STAFF = (*SUPPLIERS, Role.SOCIAL_WORKER)
"""Who speaks for an organization about its volunteers."""


def works_for(actor: Actor, organization_id: Any) -> bool:
    return actor.holds(*STAFF, party=organization_id)


def is_self(actor: Actor, volunteer: Volunteer) -> bool:
    return actor.account_id is not None and actor.account_id == volunteer.account_id


def may_register(actor: Actor, organization_id: Any, account_id: Any) -> bool:
    """An organization enters its volunteers; somebody with the role enters themselves, under their own account."""
    if works_for(actor, organization_id):
        return True
    return actor.holds(Role.VOLUNTEER) and actor.account_id is not None and account_id == actor.account_id


def may_change(actor: Actor, volunteer: Volunteer) -> bool:
    return is_self(actor, volunteer) or works_for(actor, volunteer.organization_id)


def may_erase(actor: Actor, volunteer: Volunteer) -> bool:
    """The person, the organization that keeps the entry, or the bureau that is asked to see to it."""
    return may_change(actor, volunteer) or actor.holds(*BUREAUS, area=volunteer.area_path)


def may_spend(actor: Actor, volunteer: Volunteer) -> bool:
    """One's own time; the organization on behalf of a team, or of somebody who has no account to sign in with."""
    if volunteer.account_id is not None:
        return is_self(actor, volunteer)
    return works_for(actor, volunteer.organization_id)


def may_adjust(actor: Actor, volunteer: Volunteer) -> bool:
    """Corrections are the bureau's, and never of one's own account."""
    return actor.holds(*BUREAUS, area=volunteer.area_path) and not is_self(actor, volunteer)


def may_verify(actor: Actor, record: HourRecord) -> bool:
    """The organization that called, and the officials of the place. That it is another person is a rule."""
    return works_for(actor, record.organization_id) or actor.holds(*OFFICIALS, area=record.area_path)


def may_void(actor: Actor, record: HourRecord) -> bool:
    return actor.holds(*BUREAUS, area=record.area_path)


def sees_name(actor: Actor, volunteer: Volunteer) -> bool:
    return actor.is_system or may_change(actor, volunteer)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Oneself, the volunteers of one's organization, those of one's area; nobody else learns who volunteers."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [within(Volunteer.area_path, actor, *OFFICIALS)]
    if actor.account_id is not None:
        seen.append(Volunteer.account_id == actor.account_id)
    parties = list(actor.party_ids)
    if parties:
        seen.append(Volunteer.organization_id.in_(parties))
    return or_(*seen)


def hours_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Hours given to one's own activities, in one's area, or by a volunteer one may see."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [within(HourRecord.area_path, actor, *OFFICIALS)]
    own = select(Volunteer.id)
    parties = list(actor.party_ids)
    if parties:
        seen.append(HourRecord.organization_id.in_(parties))
        seen.append(HourRecord.volunteer_id.in_(own.where(Volunteer.organization_id.in_(parties))))
    if actor.account_id is not None:
        seen.append(HourRecord.volunteer_id.in_(own.where(Volunteer.account_id == actor.account_id)))
    return or_(*seen)
