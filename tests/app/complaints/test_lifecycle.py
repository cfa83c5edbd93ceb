"""The table of moves of a case: every state × every event, who handles it, and who never does."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.complaints import permissions
from app.complaints.lifecycle import LIFECYCLE
from app.complaints.models import OPEN, ComplaintState
from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Lifecycle
from tests.factories.lifecycles import CASE, grid, leads_to

STREET, DISTRICT = "3201/320102/320102007", "3201/320102"
RIVAL, SUPPLIER = uuid4(), uuid4()

MOVES = {
    "received": {"accept": "under_review", "refuse": "refused", "withdraw": "withdrawn"},
    "under_review": {"mediate": "in_mediation", "decide": "decided", "withdraw": "withdrawn"},
    "in_mediation": {"agree": "decided", "give_up": "under_review"},
    "decided": {"appeal": "appealed", "close": "closed"},
    "appealed": {"decide_appeal": "closed"},
}


@pytest.mark.parametrize(CASE, grid((LIFECYCLE, MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_table_and_the_constraint_speak_of_the_same_states() -> None:
    assert set(LIFECYCLE.states) == {state.value for state in ComplaintState}
    assert set(OPEN) == set(LIFECYCLE.states) - LIFECYCLE.final - {"decided"}


def holder(role: Role, area: str | None = None, party: Any = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "street": holder(Role.STREET, STREET),
    "district": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "colleague": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "other_district": holder(Role.DISTRICT_BUREAU, "3201/320106"),
    "city": holder(Role.CITY_BUREAU, "3201"),
    "rival": holder(Role.ORGANIZATION, party=RIVAL),
    "supplier": holder(Role.ORGANIZATION, party=SUPPLIER),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}


def case(**changes: Any) -> Any:
    facts: dict[str, Any] = {
        "state": "received",
        "area_path": STREET,
        "target_party_id": None,
        "target_path": STREET,
        "involved_ids": [],
        "filed_by": PEOPLE["rival"].account_id,
        "filed_party_id": RIVAL,
        "handler_id": None,
    }
    return SimpleNamespace(**facts | changes)


def who(event: str, state: str, thing: Any) -> set[str]:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    return {name for name, actor in PEOPLE.items() if line.who(actor, thing)}


def test_the_bureaus_of_the_place_take_a_case_on() -> None:
    assert who("accept", "received", case()) == {"district", "colleague", "city"}
    assert who("withdraw", "received", case()) == {"rival"}


def test_whoever_took_the_decision_or_filed_the_case_does_not_handle_it() -> None:
    decided_it = case(involved_ids=[PEOPLE["district"].account_id])
    assert who("accept", "received", decided_it) == {"colleague", "city"}
    filed_it = case(filed_by=PEOPLE["colleague"].account_id, filed_party_id=None)
    assert who("accept", "received", filed_it) == {"district", "city"}
    about_the_district = case(target_path=DISTRICT)
    assert who("accept", "received", about_the_district) == {"city"}


def test_only_the_handler_decides_and_another_hears_the_appeal() -> None:
    taken = case(state="under_review", handler_id=PEOPLE["district"].account_id)
    assert who("decide", "under_review", taken) == {"district"}
    assert who("decide_appeal", "appealed", taken) == {"colleague", "city"}
    assert who("appeal", "decided", taken) == {"rival", "street"}


def test_the_target_reads_the_facts_but_not_who_complained() -> None:
    about_supplier = case(target_path=None, target_party_id=SUPPLIER)
    assert permissions.reads_file(PEOPLE["supplier"], about_supplier)
    assert not permissions.reads_complainant(PEOPLE["supplier"], about_supplier)
    assert not permissions.reads_file(PEOPLE["street"], about_supplier)
    assert permissions.reads_complainant(PEOPLE["rival"], about_supplier)
    assert not permissions.reads_complainant(PEOPLE["auditor"], about_supplier)
    unnamed = case(filed_by=None, filed_party_id=None)
    assert not permissions.is_complainant(PUBLIC, unnamed)
