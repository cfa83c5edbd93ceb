"""Who keeps the catalogue and the lists; everyone may read them."""

from app.identity.roles import Role
from app.kernel.actor import Actor


def may_keep(actor: Actor) -> bool:
    """The city bureau keeps the catalogue and the lists."""
    return actor.is_system or actor.holds(Role.CITY_BUREAU)
