"""Who may fit rankers, activate them and read their reports."""

from app.identity.roles import OFFICIALS, Role
from app.kernel.actor import Actor


def may_decide(actor: Actor) -> bool:
    """The city bureau answers for how the fair ranks: it fits, activates and rolls back."""
    return actor.is_system or actor.holds(Role.CITY_BUREAU)


def may_see_models(actor: Actor) -> bool:
    return actor.is_system or actor.holds(*OFFICIALS, Role.AUDITOR, Role.ADMINISTRATOR)
