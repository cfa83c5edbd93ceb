"""Who gives, who keeps, who sees what. An anonymous donor is known to those who keep the donation, and to nobody else."""

from sqlalchemy import ColumnElement, or_, true

from app.areas.permissions import within
from app.donations.models import Donation, DonationState
from app.identity.roles import OFFICIALS, Role
from app.kernel.actor import Actor

PUBLIC_STATES = (DonationState.RECEIVED, DonationState.CLOSED)


def keeps(actor: Actor, donation: Donation) -> bool:
    """The officials of the area it was given to."""
    return actor.holds(*OFFICIALS, area=donation.area_path)


def is_donor(actor: Actor, donation: Donation) -> bool:
    return donation.donor_id is not None and actor.holds(Role.CHARITY_FUNDER, party=donation.donor_id)


def may_enter(actor: Actor, donation: Donation) -> bool:
    """Officials enter what is given to their area; a funder offers what it gives itself."""
    return keeps(actor, donation) or is_donor(actor, donation)


def may_withdraw(actor: Actor, donation: Donation) -> bool:
    return keeps(actor, donation) or is_donor(actor, donation)


def sees_donor(actor: Actor, donation: Donation) -> bool:
    """A donor who wished to be named is named to all; one who did not, to the keepers, auditors and itself."""
    return (
        not donation.anonymous
        or actor.is_system
        or actor.holds(Role.AUDITOR)
        or keeps(actor, donation)
        or is_donor(actor, donation)
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """What was received is public, and so is what became of it; offers are seen by their keepers and their donor."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [Donation.state.in_(PUBLIC_STATES), within(Donation.area_path, actor, *OFFICIALS)]
    parties = list(actor.party_ids)
    if parties:
        seen.append(Donation.donor_id.in_(parties))
    return or_(*seen)
