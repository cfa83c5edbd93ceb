"""Who may name parties and change them; that they exist is public."""

from app.identity.roles import BUREAUS, OFFICIALS
from app.kernel.actor import Actor
from app.parties.models import Party, PartyKind

_STREET_KEEPS = frozenset({PartyKind.BUYER, PartyKind.COMMITTEE})


def may_create(actor: Actor, kind: PartyKind, area_path: str) -> bool:
    """Bureaus name any party of their area; streets and communities the buyers and committees of theirs."""
    if actor.is_system or actor.holds(*BUREAUS, area=area_path):
        return True
    return kind in _STREET_KEEPS and area_path != "" and actor.holds(*OFFICIALS, area=area_path)


def may_change(actor: Actor, party: Party) -> bool:
    """Bureaus change the parties of their area."""
    return actor.is_system or actor.holds(*BUREAUS, area=party.area_path)
