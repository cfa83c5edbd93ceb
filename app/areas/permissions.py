"""Who may change areas, and the filter of a path column by an area subtree that every domain uses."""

from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from app.identity.roles import BUREAUS, OFFICIALS
from app.kernel.actor import Actor


def may_change(actor: Actor, path: str) -> bool:
    """Population and kind of an area are kept by the bureau it lies under."""
    return actor.is_system or actor.holds(*BUREAUS, area=path)


def may_enter_community(actor: Actor, street_path: str) -> bool:
    """Any official of the street or above may enter a community that the lists did not know."""
    return actor.is_system or actor.holds(*OFFICIALS, area=street_path)


def inside(column: Any, path: str) -> ColumnElement[bool]:
    """Whether a path column lies in the subtree of `path`; '' is everywhere."""
    return true() if path == "" else or_(column == path, column.startswith(path + "/", autoescape=True))


def within(column: Any, actor: Actor, *roles: str) -> ColumnElement[bool]:
    """Whether a path column lies in a subtree in which `actor` holds one of `roles` (any role when none is named)."""
    paths = actor.area_paths(*roles)
    return or_(*(inside(column, path) for path in sorted(paths))) if paths else false()
