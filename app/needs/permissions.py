"""Who collects, handles, seconds and sees needs.

Officials see what lies in their area; suppliers and funders see every need that was not rejected, so that they know what
residents want; residents see their own and what was collected where they live. The public sees none.
"""

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.areas.permissions import within
from app.identity.roles import OFFICIALS, SUPPLIERS, Role
from app.kernel.actor import Actor
from app.needs.models import Need, NeedState, Survey

_LOOKING_FOR_WORK = (*SUPPLIERS, Role.SOCIAL_WORKER, Role.CHARITY_FUNDER)


def may_collect(actor: Actor, area_path: str) -> bool:
    """Officials register needs of their area; a resident raises one where he lives."""
    return actor.is_system or actor.holds(*OFFICIALS, Role.RESIDENT, area=area_path)


def may_handle(actor: Actor, need: Need) -> bool:
    """Merging, answering, rejecting and turning into projects belongs to the community and those above it."""
    return actor.is_system or actor.holds(*OFFICIALS, area=need.area_path)


def may_survey(actor: Actor, area_path: str) -> bool:
    return actor.is_system or actor.holds(*OFFICIALS, area=area_path)


def may_change(actor: Actor, need: Need) -> bool:
    """Who handles it, and the resident who raised it."""
    return may_handle(actor, need) or (actor.account_id is not None and actor.account_id == need.raised_by)


def may_support(actor: Actor, need: Need) -> bool:
    """Residents second the needs of the place they live in."""
    return actor.holds(Role.RESIDENT, area=need.area_path)


def sees_projects_of(actor: Actor, need: Need) -> bool:
    """Which projects a need became may name drafts: officials of the area and auditors see it."""
    return may_handle(actor, need) or actor.holds(Role.AUDITOR)


def sees_small_counts(actor: Actor, survey: Survey) -> bool:
    return may_survey(actor, survey.area_path) or actor.holds(Role.AUDITOR)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The filter of the needs `actor` may see."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    open_to_others = Need.state != NeedState.REJECTED
    seen: list[ColumnElement[bool]] = [within(Need.area_path, actor, *OFFICIALS)]
    if actor.holds(*_LOOKING_FOR_WORK):
        seen.append(open_to_others)
    if actor.holds(Role.RESIDENT):
        seen.append(and_(open_to_others, within(Need.area_path, actor, Role.RESIDENT)))
    if actor.account_id is not None:
        seen.append(Need.raised_by == actor.account_id)
    return or_(*seen)


def surveys_visible_to(actor: Actor) -> ColumnElement[bool]:
    """The filter of the surveys `actor` may see: their results are for everyone who looks for work, small counts hidden."""
    if actor.is_system or actor.holds(Role.AUDITOR, *_LOOKING_FOR_WORK):
        return true()
    return or_(within(Survey.area_path, actor, *OFFICIALS, Role.RESIDENT), false())
