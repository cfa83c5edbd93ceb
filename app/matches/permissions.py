"""Who may see rankings, start runs and decide otherwise. An organization sees its own matches and never its rivals'."""

from typing import Any

from app.identity.roles import BUREAUS, BUYERS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor

SCOPE_OF_WEIGHTS = (Role.CITY_BUREAU,)


def may_run(actor: Actor, city_path: str) -> bool:
    """Bureaus start runs; a district's bureau does so for the whole edition, because the run is one."""
    return actor.is_system or any(grant.role in BUREAUS for grant in actor.grants) or _administers(actor)


def _administers(actor: Actor) -> bool:
    return actor.holds(Role.ADMINISTRATOR)


def may_see_runs(actor: Actor) -> bool:
    return actor.is_system or actor.holds(*OFFICIALS, Role.AUDITOR, Role.ADMINISTRATOR)


def may_see_ranking(actor: Actor, project: Any) -> bool:
    """The officials of the project's area and auditors see who would fit, and who is excluded."""
    return actor.is_system or actor.holds(Role.AUDITOR) or actor.holds(*OFFICIALS, area=project.area_path)


def may_see_pair(actor: Actor, project: Any, organization_id: Any) -> bool:
    """An organization may ask about itself: an automated judgement is explained to whom it concerns."""
    return may_see_ranking(actor, project) or actor.holds(*SUPPLIERS, party=organization_id)


def may_see_opportunities(actor: Actor, organization: Any) -> bool:
    """The organization itself, the bureaus of its area, and auditors."""
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or actor.holds(*SUPPLIERS, party=organization.id)
        or actor.holds(*BUREAUS, area=organization.area_path)
    )


def may_reorder(actor: Actor, project: Any) -> bool:
    return actor.holds(*BUYERS, area=project.area_path)


def may_set_weights(actor: Actor) -> bool:
    return actor.is_system or actor.holds(*SCOPE_OF_WEIGHTS)
