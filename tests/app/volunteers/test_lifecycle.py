"""The table of moves of hours: every state × every event, who may, and who never does."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Case, Lifecycle
from app.volunteers.lifecycle import LIFECYCLE
from app.volunteers.models import LIVE, HoursState
from tests.factories.lifecycles import CASE, grid, leads_to

MOVES = {"recorded": {"verify": "verified", "refuse": "refused"}, "verified": {"void": "voided"}}
STREET, DISTRICT = "3201/320102/320102007", "3201/320102"
ORGANIZATION, RIVAL = uuid4(), uuid4()
RECORD: Any = SimpleNamespace(organization_id=ORGANIZATION, area_path=STREET, recorded_by=uuid4())


def holder(role: Role, area: str | None = None, party: UUID | None = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "staff": holder(Role.ORGANIZATION, party=ORGANIZATION),
    "social_worker": holder(Role.SOCIAL_WORKER, party=ORGANIZATION),
    "rival": holder(Role.ORGANIZATION, party=RIVAL),
    "street": holder(Role.STREET, STREET),
    "other_street": holder(Role.STREET, "3201/320106/320106001"),
    "district": holder(Role.DISTRICT_BUREAU, DISTRICT),
    "volunteer": holder(Role.VOLUNTEER, DISTRICT),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}
WHO = {
    ("recorded", "verify"): {"staff", "social_worker", "street", "district"},
    ("recorded", "refuse"): {"staff", "social_worker", "street", "district"},
    ("verified", "void"): {"district"},
}


@pytest.mark.parametrize(CASE, grid((LIFECYCLE, MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_table_and_the_constraint_speak_of_the_same_states() -> None:
    assert set(LIFECYCLE.states) == {state.value for state in HoursState}
    assert set(LIVE) == {"recorded", "verified"}


@pytest.mark.parametrize(("state", "event"), list(WHO), ids=[f"{s}-{e}" for s, e in WHO])
def test_who_may_make_a_move(state: str, event: str) -> None:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    assert {name for name, actor in PEOPLE.items() if line.who(actor, RECORD)} == WHO[state, event]


def test_neither_the_recorder_nor_the_volunteer_verifies() -> None:
    line = LIFECYCLE.line("recorded", "verify")
    assert line is not None

    def told(account_id: UUID, own: UUID | None = None) -> list[str]:
        case: Case[Any] = Case(RECORD, Actor(account_id, "x"), facts=SimpleNamespace(account_id=own))
        return [problem.code for problem in LIFECYCLE.judge(line, case)]

    somebody = uuid4()
    assert told(RECORD.recorded_by) == ["verified_by_another"]
    assert told(somebody, own=somebody) == ["own_hours"]
    assert told(somebody) == []
