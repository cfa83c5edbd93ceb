"""Who may see rankings, start runs and decide otherwise. An organization sees its own matches and never its rivals'."""

from typing import Any

from sqlalchemy import ColumnElement, or_, select, true

from app.areas.permissions import within
from app.identity.roles import BUREAUS, BUYERS, OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.matches.models import MatchPlanPair
from app.projects.models import Project

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


def may_see_plans(actor: Actor) -> bool:
    """A plan as a whole, with what was wished and what stood in its way, is for bureaus and auditors."""
    return actor.is_system or actor.holds(*BUREAUS, Role.AUDITOR, Role.ADMINISTRATOR)


def planned_for(actor: Actor) -> ColumnElement[bool]:
    """The places of plans that concern the reader: all for who sees plans, a street's own projects, an organization's own places."""
    if may_see_plans(actor):
        return true()
    own = [grant.party_id for grant in actor.grants if grant.role in SUPPLIERS]
    projects = select(Project.id).where(within(Project.area_path, actor, *OFFICIALS))
    return or_(MatchPlanPair.organization_id.in_(own), MatchPlanPair.project_id.in_(projects))


def may_reorder(actor: Actor, project: Any) -> bool:
    return actor.holds(*BUYERS, area=project.area_path)


def may_set_weights(actor: Actor) -> bool:
    return actor.is_system or actor.holds(*SCOPE_OF_WEIGHTS)
