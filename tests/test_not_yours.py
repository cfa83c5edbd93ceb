"""What is not yours to see does not exist for you: every route of the service, asked by everyone it does not concern.

The routes come from the API description, so that a new one is asked as soon as it is there. The world holds secrets of every
kind, each with a marker of its own; the last test makes sure that those who may see them do.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.drawn import openapi
from app.evaluations.models import Scheme, ScoreSheet
from app.identity.roles import Role
from app.kernel.ids import uuid7
from app.negotiations import intents, talks
from app.timetables import service as timetables
from app.timetables.schemas import SeatDraft
from tests.conftest import Http
from tests.factories import actors
from tests.factories import donations as giving
from tests.factories import evaluations as judging
from tests.factories import negotiations as table
from tests.factories import volunteers as volunteering
from tests.factories.needs import make_need
from tests.factories.organizations import make_organization
from tests.factories.projects import make_project
from tests.factories.timetables import list_all, make_hall

DRAFT, NEED, MESSAGE, MINUTES, FINDINGS, DONOR, VOLUNTEER = (
    "未公开草案暗号",
    "未公开需求暗号",
    "意向留言暗号",
    "洽谈纪要暗号",
    "评分依据暗号",
    "匿名捐赠人暗号",
    "志愿者称呼暗号",
)
QUOTE, PHONE = "27431.17", "13812349876"
SEAT = "-M0001"
"""The end of a meeting's number: who reads it knows that the two sides meet."""
SECRETS = (DRAFT, NEED, MESSAGE, MINUTES, FINDINGS, DONOR, VOLUNTEER, QUOTE, PHONE, SEAT)

STRANGERS: dict[str, tuple[Role | None, str]] = {
    "the public": (None, ""),
    "a resident elsewhere": (Role.RESIDENT, actors.GULOU),
    "a volunteer": (Role.VOLUNTEER, actors.GULOU),
    "a street elsewhere": (Role.STREET, "3201/320106/320106001"),
    "a district elsewhere": (Role.DISTRICT_BUREAU, actors.GULOU),
    "a community elsewhere": (Role.COMMUNITY, "3201/320106/320106001/320106001-00000000"),
    "a fair operator": (Role.FAIR_OPERATOR, actors.CITY),
    "a fair operator elsewhere": (Role.FAIR_OPERATOR, actors.GULOU),
    "a rival organization": (Role.ORGANIZATION, ""),
    "another evaluator": (Role.EVALUATOR, ""),
}


@dataclass
class World:
    """Things by the first word of their address, and the people they belong to."""

    names: dict[str, list[str]] = field(default_factory=dict)
    supplier: Any = None
    keeper: Any = None
    evaluator: Any = None
    meeting: str = ""
    area: str = actors.SUOJINCUN


@pytest.fixture
async def world(session: AsyncSession) -> World:
    """A draft, a need, an intent with quote and talk, a contract under blind evaluation."""
    need = await make_need(session, f"{NEED}：夜间没人照看")
    pair = await table.make_pair(session)
    draft = await make_project(session, title=f"{DRAFT}项目", contact_phone=PHONE)
    quoted = {"quoted_fen": 2_743_117}
    intent = await intents.express(
        session, pair.supplier, table.intent_draft(pair, message=MESSAGE, **quoted)
    )
    await intents.transition(session, pair.street, intent, "accept")
    talk = await talks.record(
        session, pair.supplier, intent, table.talk_draft(minutes=MINUTES, offered_fen=2_743_117)
    )
    hall = await make_hall(session)
    await list_all(session, hall.fair)
    seat = SeatDraft(intent=intent.number, slot_id=hall.slots[0].id)
    meeting = await timetables.seat(session, pair.supplier, hall.fair, seat)
    judged = await judging.make_scoring(session)
    criteria = [c for c in (await _scheme(session, judged)) if c["basis"] == "scorers"]
    points = {c["code"]: str(c["weight"]) for c in criteria}
    await judging.score(session, judged, judged.evaluator, points, findings=FINDINGS)
    contract, award = judged.deal.contract, judged.deal.award
    team = await volunteering.make_team(session, display_name=VOLUNTEER)
    hours = await volunteering.record(session, team)
    donation = await giving.make_donation(session, donor_name=DONOR, anonymous=True)
    return World(
        names={
            "projects": [draft.number, str(pair.project.id), str(contract.project_id)],
            "needs": [str(need.id)],
            "organizations": [pair.organization.number, str(judged.deal.pair.organization.id)],
            "intents": [intent.number],
            "talks": [str(talk.id)],
            "awards": [award.number],
            "contracts": [contract.number],
            "evaluations": [judged.evaluation.number],
            "volunteers": [team.volunteer.number],
            "volunteer-hours": [str(hours.id)],
            "donations": [donation.number],
            "editions": ["2026"],
            "areas": ["320102"],
            "fairs": [hall.fair.number],
            f"fairs/{hall.fair.number}/meetings": [str(meeting.id)],
        },
        meeting=str(meeting.id),
        supplier=pair.organization.id,
        keeper=team.organization.id,
        evaluator=judged.party.id,
    )


async def _scheme(session: AsyncSession, judged: Any) -> list[dict[str, Any]]:
    return (await session.get_one(Scheme, judged.evaluation.scheme_id)).criteria


def routes(method: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in json.loads(openapi())["paths"].items():
        if method in methods and not path.endswith(("/live", "/openapi.json")):
            yield path, methods[method]


def addresses(path: str, world: World) -> list[str]:
    """The addresses of a route for every thing of the world it may name; a made-up name where there is none."""
    first = path.removeprefix("/api/v1/").split("/")[0]
    names = world.names.get(first, [str(uuid7())])
    found = []
    for name in names:
        filled = re.sub(r"\{[^}]+\}", name, path, count=1).replace("{meeting}", world.meeting)
        found.append(re.sub(r"\{[^}]+\}", lambda _: str(world.supplier), filled))
    return found


def queries(operation: dict[str, Any]) -> list[dict[str, str]]:
    """Each list is read as JSON and taken away as a file; what a query requires is filled in."""
    parameters = {p["name"]: p for p in operation.get("parameters", ()) if p["in"] == "query"}
    known = {"edition": "2026", "by": "district", "kind": "projects", "district": "玄武区", "year": "2026"}
    needed = {name: known.get(name, "x") for name, p in parameters.items() if p.get("required")}
    if "edition" in parameters:
        needed["edition"] = "2026"
    return [needed, needed | {"format": "csv"}] if "format" in parameters else [needed]


async def person(http: Http, session: AsyncSession, who: str) -> httpx.AsyncClient:
    role, area = STRANGERS[who]
    if role == Role.ORGANIZATION:
        rival = await make_organization(session)
        return await http(role, party=rival.id)
    if role == Role.EVALUATOR:
        return await http(role, party=uuid7())
    return await http(role, area=area)


@pytest.mark.parametrize("who", STRANGERS)
async def test_no_route_tells_a_stranger_a_secret(
    session: AsyncSession, http: Http, world: World, who: str
) -> None:
    stranger = await person(http, session, who)
    # What residents ask for is shown to every organization: nobody can offer to help with what nobody is told.
    # And who runs the hall knows who sits in it.
    known = {"a rival organization": NEED, "a fair operator": SEAT}.get(who)
    secrets = [secret for secret in SECRETS if secret != known]
    asked = 0
    for path, operation in routes("get"):
        for address in addresses(path, world):
            for query in queries(operation):
                answer = await stranger.get(address, params=query)
                assert answer.status_code < 500, (address, query, answer.text)
                told = [secret for secret in secrets if secret in answer.text]
                assert not told, f"{who} reads {told} at {address} {query}"
                asked += 1
    assert asked > 80


@pytest.mark.parametrize("who", STRANGERS)
async def test_no_transition_listens_to_a_stranger(
    session: AsyncSession, http: Http, world: World, who: str
) -> None:
    stranger = await person(http, session, who)
    events = {
        "projects": (
            "submit",
            "approve",
            "publish",
            "withdraw",
            "declare_unsuccessful",
            "award",
            "contract",
            "close",
        ),
        "intents": ("accept", "withdraw", "decline", "schedule", "talk", "shortlist", "win"),
        "talks": ("confirm", "dispute", "amend"),
        "awards": ("publish_notice", "confirm", "cancel", "renounce"),
        "contracts": ("sign", "start", "suspend", "terminate", "close_out", "accept", "settle", "close"),
        "evaluations": ("take_on", "close", "confirm", "cancel", "accept_result"),
        "needs": ("answer", "reject", "convert"),
        "organizations": ("cancel", "revoke"),
        "volunteer-hours": ("verify", "refuse", "void"),
        "donations": ("receive", "withdraw", "close"),
        "meetings": ("move", "hold", "miss", "cancel"),
    }
    for kind, names in world.names.items():
        for name in names:
            if kind.endswith("/meetings") and who == "a fair operator":
                continue  # they are theirs to move
            for event in events.get(kind.rsplit("/", 1)[-1], ()):
                data = {"reason": "no_interest"} if event == "declare_unsuccessful" else {}
                body = {"event": event, "note": "试一试", "data": data}
                answer = await stranger.post(f"/api/v1/{kind}/{name}/transitions", json=body)
                assert answer.status_code in (401, 403, 404, 409), (who, kind, event, answer.text)


async def test_those_who_may_know_are_told(session: AsyncSession, http: Http, world: World) -> None:
    """Otherwise the silence above would prove nothing."""
    street = await http(Role.STREET, area=world.area)
    supplier = await http(Role.ORGANIZATION, party=world.supplier)
    intent, evaluation = world.names["intents"][0], world.names["evaluations"][0]
    assert DRAFT in (await street.get("/api/v1/projects", params={"edition": "2026"})).text
    assert PHONE in (await street.get(f"/api/v1/projects/{world.names['projects'][0]}")).text
    assert NEED in (await street.get("/api/v1/needs")).text
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    assert DONOR in (await district.get("/api/v1/donations")).text
    keeper = await http(Role.ORGANIZATION, party=world.keeper)
    assert VOLUNTEER in (await keeper.get("/api/v1/volunteers")).text
    for side in (street, supplier):
        read = (await side.get(f"/api/v1/intents/{intent}")).text
        assert MESSAGE in read
        assert QUOTE in read
        assert MINUTES in (await side.get(f"/api/v1/intents/{intent}/talks")).text
    hall = f"/api/v1/fairs/{world.names['fairs'][0]}/meetings"
    operator = await http(Role.FAIR_OPERATOR, area=actors.CITY)
    for one in (street, supplier, operator):
        assert SEAT in (await one.get(hall)).text
    assert FINDINGS in (await session.scalars(select(ScoreSheet.findings))).all()
    assert FINDINGS not in (await street.get(f"/api/v1/evaluations/{evaluation}/sheets")).text, (
        "scores are blind"
    )
