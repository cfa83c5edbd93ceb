"""The tables of moves of contracts and amendments: every state × every event, and who may."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.contracts import permissions
from app.contracts.lifecycle import AMENDMENTS, LIFECYCLE
from app.contracts.models import AmendmentState, ContractState, SigningSide
from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Lifecycle
from tests.factories.lifecycles import CASE, grid, leads_to

STREET, DISTRICT, CITY = "3201/320102/320102007", "3201/320102", "3201"
COMMUNITY = STREET + "/001"
SUPPLIER, RIVAL = uuid4(), uuid4()

CONTRACT_MOVES = {
    "draft": {"sign": "partly_signed", "discard": "void"},
    "partly_signed": {"sign": "partly_signed", "conclude": "active", "reopen": "draft", "discard": "void"},
    "active": {"start": "in_delivery", "suspend": "suspended", "terminate": "terminated"},
    "in_delivery": {"close_out": "final_evaluation", "suspend": "suspended", "terminate": "terminated"},
    "suspended": {"resume": "in_delivery", "resume_before_start": "active", "terminate": "terminated"},
    "final_evaluation": {"accept": "accepted", "fail": "failed"},
    "accepted": {"settle": "settled"},
    "failed": {"settle": "settled"},
    "settled": {"close": "closed"},
}
AMENDMENT_MOVES = {
    "proposed": {"agree": "in_force", "refuse": "refused", "withdraw": "withdrawn", "note": "in_force"}
}


@pytest.mark.parametrize(CASE, grid((LIFECYCLE, CONTRACT_MOVES), (AMENDMENTS, AMENDMENT_MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_tables_and_the_constraints_speak_of_the_same_states() -> None:
    assert set(LIFECYCLE.states) == {state.value for state in ContractState}
    assert set(AMENDMENTS.states) == {state.value for state in AmendmentState}
    assert LIFECYCLE.final == {"closed", "terminated", "void"}


def holder(role: Role, area: str | None = None, party: Any = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "street": holder(Role.STREET, STREET),
    "other_street": holder(Role.STREET, "3201/320102/320102008"),
    "community": holder(Role.COMMUNITY, COMMUNITY),
    "district": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "other_district": holder(Role.DISTRICT_BUREAU, "3201/320106"),
    "city": holder(Role.CITY_BUREAU, CITY),
    "supplier": holder(Role.ORGANIZATION, party=SUPPLIER),
    "rival": holder(Role.ORGANIZATION, party=RIVAL),
    "evaluator": holder(Role.EVALUATOR, party=uuid4()),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}


def paper(**changes: Any) -> Any:
    facts: dict[str, Any] = {
        "area_path": COMMUNITY,
        "buyer_path": STREET,
        "procuring_path": COMMUNITY,
        "supplier_id": SUPPLIER,
        "needed_sides": ["buyer", "supplier"],
        "signed_sides": [],
        "started_at": None,
        "proposed_by": SigningSide.BUYER,
    }
    return SimpleNamespace(**facts | changes)


WHO = {
    ("draft", "sign"): {"street", "supplier"},
    ("draft", "discard"): {"street", "supplier"},
    ("partly_signed", "reopen"): {"street", "supplier"},
    ("active", "start"): {"street"},
    ("active", "suspend"): {"district", "city"},
    ("active", "terminate"): {"street", "district", "city"},
    ("in_delivery", "close_out"): {"supplier"},
    ("suspended", "resume_before_start"): {"district", "city"},
    ("suspended", "resume"): set(),
    ("final_evaluation", "accept"): set(),
    ("final_evaluation", "fail"): set(),
    ("accepted", "settle"): {"street"},
    ("failed", "settle"): {"street"},
    ("settled", "close"): {"district", "city"},
}


@pytest.mark.parametrize(("state", "event"), list(WHO), ids=[f"{s}-{e}" for s, e in WHO])
def test_who_may_make_a_move(state: str, event: str) -> None:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    assert {name for name, actor in PEOPLE.items() if line.who(actor, paper())} == WHO[state, event]


def test_the_last_missing_signature_concludes() -> None:
    sign, conclude = (LIFECYCLE.line("partly_signed", event) for event in ("sign", "conclude"))
    assert sign is not None and conclude is not None
    half = paper(signed_sides=["buyer"])
    assert {name for name, actor in PEOPLE.items() if conclude.who(actor, half)} == {"supplier"}
    assert not any(sign.who(actor, half) for actor in PEOPLE.values())
    four = paper(needed_sides=list(SigningSide), signed_sides=["supplier"])
    assert {name for name, actor in PEOPLE.items() if sign.who(actor, four)} == {
        "street",
        "community",
        "district",
    }


def test_only_the_other_side_agrees_to_an_amendment() -> None:
    agree, withdraw = (AMENDMENTS.line("proposed", event) for event in ("agree", "withdraw"))
    assert agree is not None and withdraw is not None
    for side, other in (("buyer", "supplier"), ("supplier", "buyer")):
        asked = paper(proposed_by=side)
        names = {"buyer": "street", "supplier": "supplier"}
        assert {n for n, actor in PEOPLE.items() if agree.who(actor, asked)} == {names[other]}
        assert {n for n, actor in PEOPLE.items() if withdraw.who(actor, asked)} == {names[side]}


def test_a_bureau_that_buys_does_not_supervise_itself() -> None:
    bought_by_district = paper(buyer_path=DISTRICT)
    assert permissions.is_buyer(PEOPLE["district"], bought_by_district)
    assert not permissions.is_supervisor(PEOPLE["district"], bought_by_district)
    assert permissions.is_supervisor(PEOPLE["city"], bought_by_district)
    assert not permissions.is_buyer(PEOPLE["street"], bought_by_district)
    bought_by_city = paper(buyer_path=CITY)
    assert permissions.is_supervisor(PEOPLE["district"], bought_by_city)


def test_a_community_never_signs_as_buyer_of_public_money() -> None:
    assert not permissions.is_buyer(PEOPLE["community"], paper(buyer_path=COMMUNITY))
    assert permissions.is_buyer(PEOPLE["street"], paper(buyer_path=COMMUNITY))


def test_a_supplier_does_not_judge_its_own_delivery() -> None:
    may = {name for name, actor in PEOPLE.items() if permissions.may_judge_delivery(actor, paper())}
    assert may == {"street", "community"}
