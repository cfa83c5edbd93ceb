"""Who sets sources and lines, and who sees them. Allocating and posting belong to the acts on projects and contracts."""

from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true

from app.areas.permissions import within
from app.catalogue.codes import FundingSource
from app.funding.models import Allocation, FundingLine, LedgerEntry, YearSource
from app.identity.roles import BUREAUS, OFFICIALS, Role
from app.kernel.actor import Actor

_STREET_OWNS = frozenset({FundingSource.STREET_FISCAL, FundingSource.SELF, FundingSource.CHARITY})
_FUNDER_OWNS = frozenset({FundingSource.CHARITY, FundingSource.ENTERPRISE})


def may_set(actor: Actor, source: str, area_path: str, funder_id: UUID | None) -> bool:
    """Bureaus set the money of their area, streets their own, funders what they give themselves."""
    if actor.is_system or actor.holds(*BUREAUS, area=area_path):
        return True
    if source in _STREET_OWNS and actor.holds(Role.STREET, area=area_path):
        return True
    return (
        source in _FUNDER_OWNS and funder_id is not None and actor.holds(Role.CHARITY_FUNDER, party=funder_id)
    )


def may_prove(actor: Actor) -> bool:
    """The proof reads the books of everyone."""
    return actor.is_system or actor.holds(Role.AUDITOR) or actor.holds(Role.CITY_BUREAU)


def sources_visible_to(actor: Actor) -> ColumnElement[bool]:
    if _reads_all(actor):
        return true()
    seen = [_area(YearSource.area_path, actor)]
    if actor.party_ids:
        seen.append(YearSource.funder_id.in_(actor.party_ids))
    return or_(*seen)


def lines_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Officials see the lines of their area and of the areas above it, which may fund them; funders see their own."""
    if _reads_all(actor):
        return true()
    above = {
        "/".join(steps[:depth])
        for steps in (path.split("/") for path in actor.area_paths(*OFFICIALS))
        for depth in range(1, len(steps))
    }
    seen = [_area(FundingLine.area_path, actor)]
    if above:
        seen.append(FundingLine.area_path.in_(above))
    if actor.party_ids:
        seen.append(YearSource.funder_id.in_(actor.party_ids))
    return or_(*seen)


def allocations_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Officials see what went to projects of their area, funders what their money went to."""
    if _reads_all(actor):
        return true()
    seen = [_area(Allocation.area_path, actor)]
    if actor.party_ids:
        seen.append(YearSource.funder_id.in_(actor.party_ids))
    return or_(*seen)


def ledger_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Officials see the entries of their area."""
    return true() if _reads_all(actor) else _area(LedgerEntry.area_path, actor)


def _reads_all(actor: Actor) -> bool:
    return actor.is_system or actor.holds(Role.AUDITOR)


def _area(column: object, actor: Actor) -> ColumnElement[bool]:
    return within(column, actor, *OFFICIALS) if actor.area_paths(*OFFICIALS) else false()
