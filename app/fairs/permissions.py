"""Who runs a fair. Everyone may see that it is held."""

from app.fairs.models import Fair
from app.identity.roles import BUREAUS, Role
from app.kernel.actor import Actor


def may_plan(actor: Actor, area_path: str) -> bool:
    """The bureaus of the place plan its fair."""
    return actor.is_system or actor.holds(*BUREAUS, area=area_path)


def may_run(actor: Actor, fair: Fair) -> bool:
    """The operator sets up booths and checks people in; the bureau may too."""
    return may_plan(actor, fair.area_path) or actor.holds(Role.FAIR_OPERATOR, area=fair.area_path)


def may_decide(actor: Actor, fair: Fair) -> bool:
    return may_plan(actor, fair.area_path)
