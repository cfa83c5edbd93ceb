"""Who may manage accounts."""

from app.identity.roles import Role
from app.kernel.actor import Actor


def may_manage_accounts(actor: Actor) -> bool:
    """Administrators manage accounts, and nothing else."""
    return actor.is_system or actor.holds(Role.ADMINISTRATOR)


def may_see_accounts(actor: Actor) -> bool:
    return may_manage_accounts(actor) or actor.holds(Role.AUDITOR)
