"""What a donation may be used for, and how much of it; every state × every event. No database."""

from datetime import date
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from app.donations import rules
from app.donations.lifecycle import LIFECYCLE
from app.donations.models import DonationState
from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Lifecycle
from tests.factories.donations import donation_draft
from tests.factories.lifecycles import CASE, grid, leads_to

TODAY = date(2026, 6, 1)
DISTRICT = "3201/320102"
PROJECT: Any = SimpleNamespace(
    id=uuid4(), category="elderly_care", area_path="3201/320102/320102007", state="in_delivery"
)


def donation(**facts: Any) -> Any:
    given: dict[str, Any] = {
        "state": "received",
        "unit": "元",
        "received": 10_000,
        "used": 4_000,
        "free": 6_000,
        "area_path": DISTRICT,
        "purpose_project_id": None,
        "purpose_categories": [],
        "valid_to": None,
        "donor_id": None,
    }
    return SimpleNamespace(**given | facts)


def codes(given: Any, amount: int = 6_000, project: Any = PROJECT, used_on: date = TODAY) -> list[str]:
    return [problem.code for problem in rules.may_be_used(given, project, amount, used_on, TODAY)]


def test_the_last_fen_is_used_and_not_one_more() -> None:
    assert codes(donation(), 6_000) == []
    assert codes(donation(), 6_001) == ["donation_used_up"]


@pytest.mark.parametrize(
    ("purpose", "code"),
    [
        ({"purpose_categories": ["elderly_care", "disability_support"]}, None),
        ({"purpose_categories": ["youth_development"]}, "not_its_purpose"),
        ({"purpose_project_id": PROJECT.id}, None),
        ({"purpose_project_id": uuid4()}, "not_its_project"),
        ({"area_path": "3201/320106"}, "outside_its_area"),
        ({"area_path": "3201/32010"}, "outside_its_area"),
        ({"area_path": "3201"}, None),
    ],
)
def test_a_donation_goes_where_its_donor_wanted_it_to_go(purpose: dict[str, Any], code: str | None) -> None:
    assert codes(donation(**purpose)) == ([code] if code else [])


def test_goods_are_used_until_their_day_and_not_after() -> None:
    rice = donation(unit="袋", valid_to=TODAY)
    assert codes(rice) == []
    assert codes(donation(valid_to=date(2026, 5, 31))) == ["donation_expired"]
    assert codes(donation(), used_on=date(2026, 6, 2)) == ["used_ahead"]


def test_everything_that_is_wrong_is_told_at_once() -> None:
    offered = donation(state="offered", free=0, purpose_categories=["emergency_environment"])
    ended = SimpleNamespace(**vars(PROJECT) | {"state": "closed"})
    assert codes(offered, 1, ended) == [
        "not_its_purpose",
        "donation_not_in_hand",
        "donation_used_up",
        "project_not_under_way",
    ]


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"unit": "箱"}, "money_in_yuan"),
        ({"kind": "goods"}, "money_in_yuan"),
        ({"kind": "goods", "unit": "箱"}, "value_missing"),
        ({"value_fen": 5}, "money_is_its_value"),
        ({"donor_name": None}, "donor_missing"),
        ({"amount": "0"}, "amount"),
        ({"amount": "1.005"}, "amount"),
        ({"amount": 5}, "amount"),
    ],
)
def test_an_offer_says_what_it_is_worth_and_who_gives(facts: dict[str, Any], code: str) -> None:
    with pytest.raises(ValidationError) as caught:
        donation_draft(**facts)
    assert [fault["type"] for fault in caught.value.errors()] == [code]


MOVES = {"offered": {"receive": "received", "withdraw": "withdrawn"}, "received": {"close": "closed"}}


@pytest.mark.parametrize(CASE, grid((LIFECYCLE, MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_table_and_the_constraint_speak_of_the_same_states() -> None:
    assert set(LIFECYCLE.states) == {state.value for state in DonationState}


DONOR = uuid4()


def holder(role: Role, area: str | None = None, party: UUID | None = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "street": holder(Role.STREET, "3201/320102/320102007"),
    "district": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "other_district": holder(Role.DISTRICT_BUREAU, "3201/320106"),
    "donor": holder(Role.CHARITY_FUNDER, party=DONOR),
    "another_funder": holder(Role.CHARITY_FUNDER, party=uuid4()),
    "supplier": holder(Role.ORGANIZATION, party=uuid4()),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}


@pytest.mark.parametrize(
    ("state", "event", "who"),
    [
        ("offered", "receive", {"district"}),
        ("offered", "withdraw", {"district", "donor"}),
        ("received", "close", {"district"}),
    ],
)
def test_who_may_make_a_move(state: str, event: str, who: set[str]) -> None:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    given = donation(donor_id=DONOR)
    assert {name for name, actor in PEOPLE.items() if line.who(actor, given)} == who
