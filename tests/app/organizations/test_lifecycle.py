"""The full grids of registration and engagement, and whose each line is. No database."""

import pytest

from app.identity.roles import Role
from app.kernel.ids import uuid7
from app.kernel.lifecycle import Line
from app.organizations.lifecycle import ENGAGEMENTS, REGISTRATION
from app.organizations.models import Engagement, Organization
from tests.factories import actors

REGISTRATION_GRID = {
    "filed": {"register": "registered", "cancel": "cancelled"},
    "registered": {"cancel": "cancelled", "revoke": "revoked"},
    "cancelled": {"restore": "registered", "refile": "filed"},
    "revoked": {"restore": "registered"},
}
ENGAGEMENT_GRID = {
    "reserved": {"activate": "active", "release": "released"},
    "active": {"release": "released", "end": "released"},
    "released": {},
}


@pytest.mark.parametrize("state", REGISTRATION_GRID)
@pytest.mark.parametrize("event", REGISTRATION.events)
def test_a_registration_moves_as_registrars_say(state: str, event: str) -> None:
    line = REGISTRATION.line(state, event)
    assert (line.target if line else None) == REGISTRATION_GRID[state].get(event)


@pytest.mark.parametrize("state", ENGAGEMENT_GRID)
@pytest.mark.parametrize("event", ENGAGEMENTS.events)
def test_a_place_is_reserved_used_and_given_back(state: str, event: str) -> None:
    line = ENGAGEMENTS.line(state, event)
    assert (line.target if line else None) == ENGAGEMENT_GRID[state].get(event)


@pytest.mark.parametrize("line", REGISTRATION.lines, ids=lambda line: f"{line.source}-{line.event}")
def test_only_the_bureau_of_the_seat_moves_a_registration_and_gives_a_reason(
    line: Line,
) -> None:
    organization = Organization(id=uuid7(), area_path=actors.SUOJINCUN)
    entitled = (actors.district(), actors.city())
    strangers = (
        actors.street(),
        actors.district(actors.GULOU),
        actors.speaking_for(organization.id),
        actors.official(Role.ADMINISTRATOR, ""),
    )
    assert all(line.who(actor, organization) for actor in entitled)
    assert not any(line.who(actor, organization) for actor in strangers)
    assert line.note_required


def test_nobody_takes_or_gives_a_place_by_hand_but_for_declared_work() -> None:
    work = Engagement(organization_id=uuid7(), kind="award")
    everyone = (actors.city(), actors.speaking_for(work.organization_id))
    for event in ("activate", "release"):
        lines = [line for line in ENGAGEMENTS.lines if line.event == event]
        assert lines and not any(line.who(actor, work) for line in lines for actor in everyone)
    ending = ENGAGEMENTS.line("active", "end")
    assert ending is not None and ending.who(actors.speaking_for(work.organization_id), work)
    assert not ending.who(actors.speaking_for(uuid7()), work)
