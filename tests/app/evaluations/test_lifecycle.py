"""The table of moves of an evaluation: every state × every event, who may, and who reads what."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.evaluations import permissions
from app.evaluations.lifecycle import LIFECYCLE
from app.evaluations.models import BLIND, EvaluationState, ScoringSide
from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Lifecycle
from tests.factories.lifecycles import CASE, grid, leads_to

STREET, DISTRICT = "3201/320102/320102007", "3201/320102"
SUPPLIER, EVALUATOR = uuid4(), uuid4()

MOVES = {
    "assigned": {"take_on": "scoring", "decline": "cancelled", "cancel": "cancelled"},
    "scoring": {"close": "closed", "cancel": "cancelled"},
    "closed": {"accept_result": "closed", "appeal": "appealed", "confirm": "confirmed"},
    "appealed": {"uphold": "closed", "dismiss": "closed"},
}


@pytest.mark.parametrize(CASE, grid((LIFECYCLE, MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_table_and_the_constraint_speak_of_the_same_states() -> None:
    assert set(LIFECYCLE.states) == {state.value for state in EvaluationState}
    assert LIFECYCLE.final == {"confirmed", "cancelled"}


def holder(role: Role, area: str | None = None, party: Any = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "street": holder(Role.STREET, STREET),
    "community": holder(Role.COMMUNITY, STREET),
    "district": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "city": holder(Role.CITY_BUREAU, "3201"),
    "supplier": holder(Role.ORGANIZATION, party=SUPPLIER),
    "evaluator": holder(Role.EVALUATOR, party=EVALUATOR),
    "other_evaluator": holder(Role.EVALUATOR, party=uuid4()),
    "rival": holder(Role.ORGANIZATION, party=uuid4()),
    "resident": holder(Role.RESIDENT, STREET),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}


def thing(state: str = "closed", **changes: Any) -> Any:
    facts: dict[str, Any] = {
        "state": state,
        "area_path": STREET,
        "buyer_path": STREET,
        "supplier_id": SUPPLIER,
        "evaluator_id": EVALUATOR,
    }
    return SimpleNamespace(**facts | changes)


WHO = {
    ("assigned", "take_on"): {"evaluator"},
    ("assigned", "cancel"): {"street", "district", "city"},
    ("scoring", "close"): {"evaluator", "street", "district", "city"},
    ("closed", "accept_result"): {"supplier"},
    ("closed", "appeal"): {"supplier", "street"},
    ("closed", "confirm"): {"street"},
    ("appealed", "uphold"): {"district", "city"},
    ("appealed", "dismiss"): {"district", "city"},
}


@pytest.mark.parametrize(("state", "event"), list(WHO), ids=[f"{s}-{e}" for s, e in WHO])
def test_who_may_make_a_move(state: str, event: str) -> None:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    assert {name for name, actor in PEOPLE.items() if line.who(actor, thing())} == WHO[state, event]


@pytest.mark.parametrize("state", list(BLIND))
def test_before_closing_nobody_reads_a_result_or_another_sheet(state: str) -> None:
    blind = thing(state)
    assert not any(permissions.reads_result(actor, blind) for actor in PEOPLE.values())
    assert not any(permissions.reads_sheets(actor, blind) for actor in PEOPLE.values())


def test_after_closing_the_sides_read_it_and_after_confirming_everybody() -> None:
    inside = {"street", "community", "district", "city", "supplier", "evaluator", "auditor"}
    for state in ("closed", "appealed"):
        assert {n for n, a in PEOPLE.items() if permissions.reads_result(a, thing(state))} == inside
    assert all(permissions.reads_result(actor, thing("confirmed")) for actor in PEOPLE.values())
    assert {n for n, a in PEOPLE.items() if permissions.reads_sheets(a, thing("confirmed"))} == inside


def test_three_sides_score_and_a_buying_bureau_does_not_supervise_itself() -> None:
    sides = {name: permissions.scoring_sides(actor, thing()) for name, actor in PEOPLE.items()}
    assert {name: found for name, found in sides.items() if found} == {
        "street": [ScoringSide.BUYER],
        "district": [ScoringSide.SUPERVISOR],
        "evaluator": [ScoringSide.EVALUATOR],
    }
    bought_by_district = thing(buyer_path=DISTRICT)
    assert permissions.scoring_sides(PEOPLE["district"], bought_by_district) == [ScoringSide.BUYER]
    assert permissions.scoring_sides(PEOPLE["city"], bought_by_district) == [ScoringSide.SUPERVISOR]
    assert not permissions.may_hear_appeal(PEOPLE["district"], bought_by_district)
