"""Who may open and change an edition; everyone may read it."""

from app.identity.roles import Role
from app.kernel.actor import Actor


def may_manage(actor: Actor, city_path: str) -> bool:
    """Editions belong to the city bureau."""
    return actor.is_system or actor.holds(Role.CITY_BUREAU, area=city_path)
