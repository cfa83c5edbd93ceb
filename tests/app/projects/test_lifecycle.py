"""The full grid of a project's states and events: where each line leads, and whose it is. No database."""

import pytest

from app.identity.roles import Role
from app.kernel.actor import PUBLIC, Actor
from app.kernel.ids import uuid7
from app.projects.lifecycle import LIFECYCLE, is_owned
from app.projects.models import Project
from app.projects.models import ProjectState as State
from tests.factories import actors

GRID: dict[str, dict[str, str]] = {
    "draft": {"submit": "submitted", "refuse": "rejected", "withdraw": "withdrawn"},
    "returned": {"submit": "submitted", "refuse": "rejected", "withdraw": "withdrawn"},
    "submitted": {"start_review": "under_review", "refuse": "rejected", "withdraw": "withdrawn"},
    "under_review": {
        "return": "returned",
        "reject": "rejected",
        "approve": "approved",
        "refuse": "rejected",
        "withdraw": "withdrawn",
    },
    "approved": {
        "publish": "published",
        "return": "returned",
        "refuse": "rejected",
        "withdraw": "withdrawn",
    },
    "published": {
        "open_talks": "negotiating",
        "declare_unsuccessful": "unsuccessful",
        "withdraw": "withdrawn",
    },
    "negotiating": {
        "propose_award": "award_proposed",
        "declare_unsuccessful": "unsuccessful",
        "withdraw": "withdrawn",
    },
    "award_proposed": {
        "give_notice": "award_notice",
        "reopen_talks": "negotiating",
        "offer_again": "published",
        "withdraw": "withdrawn",
    },
    "award_notice": {
        "award": "awarded",
        "reopen_talks": "negotiating",
        "offer_again": "published",
        "withdraw": "withdrawn",
    },
    "awarded": {"contract": "contracted", "reopen_talks": "negotiating", "offer_again": "published"},
    "contracted": {"start_delivery": "in_delivery", "suspend": "suspended", "terminate": "terminated"},
    "in_delivery": {"close_out": "final_evaluation", "suspend": "suspended", "terminate": "terminated"},
    "suspended": {"resume": "in_delivery", "resume_before_start": "contracted", "terminate": "terminated"},
    "final_evaluation": {"accept": "accepted", "fail": "failed"},
    "failed": {"settle": "settled", "evaluate_again": "final_evaluation"},
    "accepted": {"settle": "settled"},
    "settled": {"close": "closed"},
    "unsuccessful": {"relist": "published", "withdraw": "withdrawn"},
    "closed": {},
    "rejected": {},
    "withdrawn": {},
    "terminated": {},
}
"""State → event → state, written from the specification and not from the table."""

STREET = actors.street()
DISTRICT = actors.district()
COMMUNITY = actors.official(Role.COMMUNITY, actors.SUOJINCUN + "/320102007-0badcafe")
OTHER_STREET = actors.street(actors.GULOU + "/320106001")
OTHER_DISTRICT = actors.district(actors.GULOU)
STRANGERS = [
    PUBLIC,
    OTHER_STREET,
    OTHER_DISTRICT,
    actors.speaking_for(uuid7()),
    actors.official(Role.AUDITOR, actors.CITY),
    actors.official(Role.FAIR_OPERATOR, actors.CITY),
    actors.official(Role.RESIDENT, actors.SUOJINCUN),
    actors.official(Role.ADMINISTRATOR, ""),
]

BUYER_EVENTS = {"submit", "declare_unsuccessful"}
BUREAU_EVENTS = {"start_review", "return", "reject", "approve", "publish", "relist"}


def project(state: str) -> Project:
    public = state not in ("draft", "returned", "submitted", "under_review", "approved", "rejected")
    return Project(
        id=uuid7(),
        state=state,
        area_path=COMMUNITY.grants[0].area_path,
        community_path=COMMUNITY.grants[0].area_path,
        delivery_paths=[],
        published_at="2026-03-01" if public else None,
    )


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", LIFECYCLE.events)
def test_every_state_and_event_lead_where_the_specification_says_or_nowhere(state: str, event: str) -> None:
    line = LIFECYCLE.line(state, event)
    assert (line.target if line else None) == GRID[state].get(event)


def test_the_grid_knows_every_state_and_nothing_else() -> None:
    assert set(GRID) == set(State) == set(LIFECYCLE.states)
    assert LIFECYCLE.final == {"closed", "rejected", "withdrawn", "terminated"}


def may(actor: Actor, state: str, event: str) -> bool:
    line = LIFECYCLE.line(state, event)
    assert line is not None
    return line.who(actor, project(state))


@pytest.mark.parametrize(("state", "event"), [(line.source, line.event) for line in LIFECYCLE.lines])
def test_each_line_belongs_to_whom_the_specification_names(state: str, event: str) -> None:
    assert not any(may(stranger, state, event) for stranger in STRANGERS)
    if is_owned(state, event):
        assert not any(may(actor, state, event) for actor in (STREET, DISTRICT, COMMUNITY, actors.city()))
    elif event in BUYER_EVENTS:
        assert (may(STREET, state, event), may(DISTRICT, state, event)) == (True, True)
        assert not may(COMMUNITY, state, event), "a community acts through its street"
    elif event in BUREAU_EVENTS:
        assert (may(STREET, state, event), may(DISTRICT, state, event)) == (False, True)
    elif event == "refuse":
        assert [may(actor, state, event) for actor in (COMMUNITY, STREET, DISTRICT)] == [True, False, False]
    else:
        assert event == "withdraw"
        before = state in ("draft", "returned", "submitted", "under_review", "approved")
        assert may(STREET, state, event) is before, "after publication the bureau withdraws"
        assert may(DISTRICT, state, event)


def test_whatever_ends_or_undoes_a_project_needs_a_written_reason() -> None:
    without = {line.event for line in LIFECYCLE.lines if not line.note_required}
    assert not without & {
        "return",
        "reject",
        "refuse",
        "withdraw",
        "declare_unsuccessful",
        "relist",
        "suspend",
        "resume",
        "terminate",
        "reopen_talks",
        "offer_again",
    }
