"""The tables of moves: every state × every event, and who may do what."""

from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.lifecycle import Lifecycle
from app.negotiations.lifecycle import AWARDS, INTENTS, TALKS
from app.negotiations.models import (
    LIVE_AWARDS,
    OPEN_INTENTS,
    AwardState,
    IntentState,
    TalkState,
)
from tests.factories.lifecycles import CASE, grid, leads_to

STREET, OTHER = "3201/320102/320102007", "3201/320106/320106001"
ORGANIZATION, RIVAL = uuid4(), uuid4()

INTENT_MOVES = {
    "expressed": {"accept": "accepted", "decline": "declined", "withdraw": "withdrawn", "expire": "expired"},
    "accepted": {"schedule": "scheduled", "talk": "talked", "withdraw": "withdrawn", "decline": "declined"},
    "scheduled": {"schedule": "scheduled", "talk": "talked", "withdraw": "withdrawn", "decline": "declined"},
    "talked": {"shortlist": "shortlisted", "withdraw": "withdrawn", "decline": "declined"},
    "shortlisted": {"withdraw": "withdrawn", "decline": "declined"},
    "won": {"annul": "lost"},
    "lost": {"reinstate": "talked"},
}
for state in OPEN_INTENTS:
    INTENT_MOVES[state] |= {"win": "won", "lose": "lost"}
TALK_MOVES = {
    "recorded": {"confirm": "confirmed", "dispute": "disputed"},
    "disputed": {"amend": "recorded"},
}
AWARD_MOVES = {
    "proposed": {"publish_notice": "notice", "cancel": "cancelled", "renounce": "cancelled"},
    "notice": {"confirm": "active", "cancel": "cancelled", "renounce": "cancelled"},
    "active": {"contract": "contracted", "cancel": "cancelled", "renounce": "cancelled"},
}


@pytest.mark.parametrize(CASE, grid((INTENTS, INTENT_MOVES), (TALKS, TALK_MOVES), (AWARDS, AWARD_MOVES)))
def test_only_the_moves_of_the_trade_exist(
    lifecycle: Lifecycle[Any], state: str, event: str, target: str | None
) -> None:
    assert leads_to(lifecycle, state, event) == target


def test_the_tables_and_the_constraints_speak_of_the_same_states() -> None:
    assert set(INTENTS.states) == {state.value for state in IntentState}
    assert set(TALKS.states) == {state.value for state in TalkState}
    assert set(AWARDS.states) == {state.value for state in AwardState}
    assert set(IntentState) - set(OPEN_INTENTS) == INTENTS.final | {IntentState.WON, IntentState.LOST}
    assert AWARDS.final == {AwardState.CONTRACTED, AwardState.CANCELLED}
    assert set(AwardState) - set(LIVE_AWARDS) == {AwardState.CANCELLED}


def holder(role: Role, area: str | None = None, party: Any = None) -> Actor:
    return Actor(uuid4(), role, (Grant(role, area, party),))


PEOPLE = {
    "street": holder(Role.STREET, STREET),
    "district": holder(Role.DISTRICT_BUREAU, "3201/320102"),
    "city": holder(Role.CITY_BUREAU, "3201"),
    "community": holder(Role.COMMUNITY, STREET),
    "organization": holder(Role.ORGANIZATION, party=ORGANIZATION),
    "rival": holder(Role.ORGANIZATION, party=RIVAL),
    "other street": holder(Role.STREET, OTHER),
    "fair operator": holder(Role.FAIR_OPERATOR, "3201"),
    "evaluator": holder(Role.EVALUATOR, party=ORGANIZATION),
    "auditor": holder(Role.AUDITOR, ""),
    "public": PUBLIC,
}


def who(lifecycle: Lifecycle[Any], state: str, event: str, **thing: Any) -> set[str]:
    line = lifecycle.line(state, event)
    assert line is not None
    subject = SimpleNamespace(area_path=STREET, organization_id=ORGANIZATION, **thing)
    return {name for name, actor in PEOPLE.items() if line.who(actor, subject)}


OFFICIALS = {"street", "district", "city"}


@pytest.mark.parametrize(
    ("event", "begun_by", "may"),
    [
        ("accept", "organization", {*OFFICIALS, "community"}),
        ("accept", "buyer", {"organization"}),
        ("accept", "fair", {"organization"}),
        ("decline", "organization", {*OFFICIALS, "community"}),
        ("withdraw", "organization", {"organization"}),
        ("withdraw", "buyer", {*OFFICIALS, "community"}),
        ("expire", "organization", set()),
    ],
)
def test_the_side_that_did_not_begin_answers(event: str, begun_by: str, may: set[str]) -> None:
    assert who(INTENTS, "expressed", event, initiated_by=begun_by) == may


def test_only_who_pays_shortlists_and_proposes_and_only_a_bureau_confirms() -> None:
    assert who(INTENTS, "talked", "shortlist") == OFFICIALS
    assert who(AWARDS, "proposed", "publish_notice") == OFFICIALS
    assert who(AWARDS, "notice", "confirm") == {"district", "city"}
    assert who(AWARDS, "active", "cancel") == {"district", "city"}
    assert who(AWARDS, "notice", "renounce") == {"organization"}


def test_nobody_wins_or_loses_by_asking_for_it() -> None:
    for state, event in (
        ("talked", "win"),
        ("talked", "lose"),
        ("won", "annul"),
        ("lost", "reinstate"),
        ("accepted", "talk"),
    ):
        assert who(INTENTS, state, event) == set()
    assert who(AWARDS, "active", "contract") == set()


def test_leaving_the_table_needs_a_reason() -> None:
    reasoned = {
        (line.source, line.event)
        for lifecycle in (INTENTS, AWARDS, TALKS)
        for line in lifecycle.lines
        if line.note_required
    }
    leaving = {("expressed", "withdraw"), ("expressed", "decline"), ("recorded", "dispute")}
    leaving |= {
        (s, e) for s in ("accepted", "scheduled", "talked", "shortlisted") for e in ("withdraw", "decline")
    }
    leaving |= {(s, e) for s in ("proposed", "notice", "active") for e in ("cancel", "renounce")}
    assert reasoned == leaving
