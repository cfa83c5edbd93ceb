"""Who may import what, and see whose imports."""

from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.identity.roles import BUREAUS, OFFICIALS, Role
from app.imports.models import Import
from app.kernel.actor import Actor

SENDERS: dict[str, tuple[str, ...]] = {
    "projects": OFFICIALS,
    "needs": OFFICIALS,
    "organizations": (*BUREAUS, Role.STREET),
}
"""Who may send a list of a kind. Whether a row is theirs to write, the services decide row by row."""


def may_import(actor: Actor, kind: str) -> bool:
    return actor.is_system or actor.holds(*SENDERS[kind])


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """An import belongs to who sent it; auditors and the city bureau see all."""
    if actor.is_system or actor.holds(Role.AUDITOR, Role.CITY_BUREAU):
        return true()
    return or_(Import.sender_id == actor.account_id)


def is_sender(actor: Actor, thing: Import) -> bool:
    """Only the sender commits, cancels, undoes, or gets the file's own content back."""
    return actor.is_system or (actor.account_id is not None and thing.sender_id == actor.account_id)


def machine_only(actor: Actor, thing: Any) -> bool:
    """A move the service makes itself."""
    return False
