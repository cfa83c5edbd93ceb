"""Every state of a meeting with every event. No database."""

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest

from app.identity.roles import Role
from app.kernel.actor import Actor
from app.kernel.ids import uuid7
from app.timetables.lifecycle import LIFECYCLE
from app.timetables.models import LIVE, Meeting, MeetingState
from tests.factories import actors

LINES = {
    ("planned", "move"): "planned",
    ("planned", "hold"): "held",
    ("planned", "miss"): "missed",
    ("planned", "cancel"): "cancelled",
}
SUPPLIER = uuid7()


def test_the_table_is_the_trades_own() -> None:
    grid = product(LIFECYCLE.states, LIFECYCLE.events)
    found = {(s, e): line.target for s, e in grid if (line := LIFECYCLE.line(s, e)) is not None}
    assert found == LINES
    assert LIFECYCLE.final == {"held", "missed", "cancelled"}
    assert set(LIFECYCLE.states) == set(MeetingState)
    assert LIVE == ("planned", "held")


def meeting(fair_area: str = actors.CITY) -> Meeting:
    facts: dict[str, Any] = {"fair_area_path": fair_area, "area_path": actors.SUOJINCUN}
    return Meeting(id=uuid7(), organization_id=SUPPLIER, buyer_id=uuid7(), state="planned", **facts)


def may(actor: Actor, thing: Meeting) -> set[str]:
    return {line.event for line in LIFECYCLE.from_state("planned") if line.who(actor, thing)}


ALL = {"move", "hold", "miss", "cancel"}


@pytest.mark.parametrize(
    ("actor", "events"),
    [
        (actors.official(Role.FAIR_OPERATOR, actors.CITY), ALL),
        (actors.city(), ALL),
        (actors.official(Role.FAIR_OPERATOR, actors.GULOU), set()),
        (actors.speaking_for(SUPPLIER), {"cancel"}),
        (actors.speaking_for(UUID(int=7)), set()),
        (actors.street(), {"cancel"}),
        (actors.street(actors.GULOU), set()),
        (actors.official(Role.VOLUNTEER, actors.SUOJINCUN), set()),
        (actors.official(Role.AUDITOR, ""), set()),
    ],
)
def test_the_hall_is_the_operators_and_each_side_may_call_off(actor: Actor, events: set[str]) -> None:
    assert may(actor, meeting()) == events


def test_a_districts_operator_runs_the_districts_fair_only() -> None:
    operator = actors.official(Role.FAIR_OPERATOR, actors.XUANWU)
    assert may(operator, meeting(actors.XUANWU)) == ALL
    assert may(operator, meeting(actors.CITY)) == set()


def test_a_meeting_is_told_to_its_two_sides() -> None:
    thing = meeting()
    audience = LIFECYCLE.audience(thing)
    assert audience == replace(audience, level="parties", party_ids=(SUPPLIER, thing.buyer_id))
