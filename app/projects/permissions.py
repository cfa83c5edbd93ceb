"""Who may see and do what with projects."""

from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.areas.permissions import within
from app.identity.roles import BUREAUS, BUYERS, OFFICIALS, Role
from app.kernel.actor import Actor
from app.projects.models import Project

FREE_STATES = frozenset({"draft", "returned"})
"""States in which the poster writes freely."""


def nobody(actor: Actor, thing: Any) -> bool:
    """A move that belongs to a later domain: it comes with that domain's own act."""
    return False


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Published projects are everybody's; what is not yet published is for the officials of its area.

    A community also sees what is to be delivered on its ground, whoever posts it: it may refuse it.
    """
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [Project.published_at.is_not(None), within(Project.area_path, actor, *OFFICIALS)]
    grounds = sorted(actor.area_paths(Role.COMMUNITY, Role.STREET))
    if grounds:
        seen.append(Project.delivery_paths.overlap(grounds))
    parties = list(actor.party_ids)
    if parties:
        seen.append(or_(Project.buyer_id.in_(parties), Project.procuring_entity_id.in_(parties)))
    return or_(*seen)


def sees_inside(actor: Actor, project: Project) -> bool:
    """Contacts in full, minutes, remarks and provenance: officials of the area, the paying side, auditors."""
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or actor.holds(*OFFICIALS, area=project.area_path)
        or bool({project.buyer_id, project.procuring_entity_id} & actor.party_ids)
    )


def may_post(actor: Actor, area_path: str) -> bool:
    """Streets, bureaus and communities draft projects of their own area."""
    return actor.is_system or actor.holds(*BUYERS, Role.COMMUNITY, area=area_path)


def may_edit(actor: Actor, project: Project) -> bool:
    """A draft is its poster's; what has left the draft is the buyer's, and a community only drafts."""
    if project.state in FREE_STATES:
        return may_post(actor, project.area_path)
    return may_submit(actor, project)


def may_submit(actor: Actor, project: Project) -> bool:
    """A buyer of public money answers for the project: a community submits through its street."""
    return actor.is_system or actor.holds(*BUYERS, area=project.area_path)


def may_review(actor: Actor, project: Project) -> bool:
    """The civil affairs bureau of the district, or the city's."""
    return actor.is_system or actor.holds(*BUREAUS, area=project.area_path)


def may_withdraw(actor: Actor, project: Project) -> bool:
    """The poster until publication; from then on the bureau, because others rely on the notice."""
    if project.published_at is None:
        return may_submit(actor, project) or (
            project.state in FREE_STATES and may_post(actor, project.area_path)
        )
    return may_review(actor, project)


def may_refuse(actor: Actor, project: Project) -> bool:
    """Only the community on whose ground the task would be done."""
    grounds = {project.community_path, *project.delivery_paths} - {None}
    return any(actor.holds(Role.COMMUNITY, area=path) for path in grounds)


def may_declare_unsuccessful(actor: Actor, project: Project) -> bool:
    """The buyer, or the bureau."""
    return may_submit(actor, project)
