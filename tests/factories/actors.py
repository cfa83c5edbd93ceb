"""Actors for tests that call services."""

from uuid import UUID

from app.identity.roles import Role
from app.kernel.actor import Actor, Grant
from app.kernel.ids import uuid7

CITY = "3201"
XUANWU = "3201/320102"
SUOJINCUN = "3201/320102/320102007"
GULOU = "3201/320106"


def official(role: Role, area: str, label: str | None = None) -> Actor:
    """An account of its own with one role in an area subtree."""
    return Actor(uuid7(), label or f"{role} {area}", (Grant(role, area_path=area),))


def street(area: str = SUOJINCUN) -> Actor:
    return official(Role.STREET, area)


def district(area: str = XUANWU) -> Actor:
    return official(Role.DISTRICT_BUREAU, area)


def city() -> Actor:
    return official(Role.CITY_BUREAU, CITY)


def speaking_for(party_id: UUID, role: Role = Role.ORGANIZATION) -> Actor:
    """Somebody who speaks for one party."""
    return Actor(uuid7(), f"{role} {party_id}", (Grant(role, party_id=party_id),))
