"""The table over HTTP: who is let in, what each sees, and that no rival finds an offer anywhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.identity.roles import Role
from app.kernel import clock
from app.kernel.database import BorrowedDatabase
from tests.factories import negotiations as table
from tests.factories.negotiations import Pair, join, make_pair
from tests.factories.statements import counting

Http = Callable[..., Awaitable[httpx.AsyncClient]]
SECRET_OFFER = "18765.43"


@dataclass(slots=True)
class Fair:
    """One project, two organizations, and a client for everybody."""

    pair: Pair
    rival: Pair
    street: httpx.AsyncClient
    district: httpx.AsyncClient
    supplier: httpx.AsyncClient
    competitor: httpx.AsyncClient


@pytest.fixture
async def fair(database: BorrowedDatabase, http: Http) -> AsyncIterator[Fair]:
    async with database.writing() as session:
        pair = await make_pair(session)
        rival = await join(session, pair.project)
    area = pair.project.area_path
    yield Fair(
        pair,
        rival,
        await http(Role.STREET, area=area),
        await http(Role.DISTRICT_BUREAU, area="/".join(area.split("/")[:2])),
        await http(Role.ORGANIZATION, party=pair.organization.id),
        await http(Role.ORGANIZATION, party=rival.organization.id),
    )


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def moved(client: httpx.AsyncClient, path: str, event: str, status: int = 200, **more: Any) -> Any:
    return await posted(client, f"{path}/transitions", {"event": event, **more}, status)


async def at_table(fair: Fair) -> dict[str, Any]:
    """The organization has expressed, talked and proposed terms at its secret price."""
    project = fair.pair.project.number
    intent = await posted(
        fair.supplier,
        "/api/v1/intents",
        {"project": project, "quoted_yuan": SECRET_OFFER, "message": "保密报价"},
    )
    path = f"/api/v1/intents/{intent['id']}"
    await moved(fair.street, path, "accept")
    meets_at = clock.local(clock.now() + timedelta(days=1)).isoformat()
    await moved(fair.street, path, "schedule", data={"meets_at": meets_at, "place": "12 号桌"})
    talk = await posted(
        fair.street,
        f"{path}/talks",
        {
            "held_at": clock.local(clock.now()).isoformat(),
            "minutes": "价格保密",
            "offered_yuan": SECRET_OFFER,
            "result": "agreed",
        },
    )
    await moved(fair.supplier, f"/api/v1/talks/{talk['id']}", "confirm")
    sheet = await posted(fair.supplier, f"{path}/term-sheets", {"amount_yuan": SECRET_OFFER})
    await posted(fair.street, f"/api/v1/term-sheets/{sheet['id']}/acceptance", {}, 200)
    await moved(fair.street, path, "shortlist")
    return {"intent": intent, "talk": talk, "sheet": sheet}


async def test_the_whole_way_to_an_award(fair: Fair) -> None:
    await at_table(fair)
    project = f"/api/v1/projects/{fair.pair.project.number}"
    shortlist = (await fair.street.get(f"{project}/shortlist")).json()
    assert [(item["agreed"], item["agreed_yuan"]) for item in shortlist] == [(True, SECRET_OFFER)]
    for client in (fair.street, fair.district):
        await posted(client, f"{project}/conflict-statements", {"conflict": False})
    body = {
        "organization": str(fair.pair.organization.id),
        "amount_yuan": SECRET_OFFER,
        "method": "request_for_quotation",
        "reason": "方案完整",
    }
    award = await posted(fair.street, f"{project}/awards", body)
    path = f"/api/v1/awards/{award['number']}"
    assert (await fair.supplier.get(path)).json()["state"] == "proposed"
    assert (await fair.competitor.get(path)).status_code == 404
    noticed = await moved(fair.street, path, "publish_notice")
    assert noticed["notice_to"] > noticed["notice_from"]
    seen = (await fair.competitor.get(path)).json()
    assert (seen["amount_yuan"], seen["proposed_by_label"], seen["recommendation"]) == (
        SECRET_OFFER,
        None,
        None,
    )
    early = await moved(fair.district, path, "confirm", 409)
    assert [problem["code"] for problem in early["problems"]] == ["notice_running"]
    assert (await fair.street.get(f"{path}/transitions")).json()["items"] == []
    choices = (await fair.district.get(f"{path}/transitions")).json()["items"]
    assert {choice["event"]: choice["allowed"] for choice in choices} == {"confirm": False, "cancel": True}


async def test_a_rival_finds_the_offer_in_no_list_no_export_and_no_feed(fair: Fair, http: Http) -> None:
    made = await at_table(fair)
    inside = await fair.supplier.get(f"/api/v1/intents?project={fair.pair.project.number}")
    assert SECRET_OFFER in inside.text, "the offer exists, and its own side reads it"
    assert SECRET_OFFER in (await fair.street.get("/api/v1/intents?format=csv")).content.decode()
    outsiders = [
        fair.competitor,
        await http(),
        await http(Role.EVALUATOR, party=fair.rival.organization.id),
        await http(Role.FAIR_OPERATOR, area="3201"),
        await http(Role.RESIDENT, area=fair.pair.project.area_path),
        await http(Role.STREET, area="3201/320106/320106001"),
    ]
    project, organization = fair.pair.project, fair.pair.organization
    intent = f"/api/v1/intents/{made['intent']['id']}"
    paths = [
        *(
            f"/api/v1/{name}{kind}"
            for name in ("intents", "awards")
            for kind in ("", "?format=csv", "?format=xlsx")
        ),
        f"/api/v1/intents?project={project.number}",
        f"/api/v1/intents?organization={organization.id}&state=shortlisted",
        *(f"{intent}{rest}" for rest in ("", "/talks", "/term-sheets", "/transitions")),
        f"/api/v1/intents/{made['intent']['number']}",
        f"/api/v1/talks/{made['talk']['id']}",
        f"/api/v1/talks/{made['talk']['id']}/transitions",
        f"/api/v1/projects/{project.id}/shortlist",
        f"/api/v1/projects/{project.id}/awards",
        f"/api/v1/projects/{project.id}",
        f"/api/v1/projects/{project.id}/history",
        f"/api/v1/organizations/{organization.id}",
        f"/api/v1/organizations/{organization.id}/engagements",
        f"/api/v1/projects/{project.id}/matches",
        "/api/v1/changes?cursor=0",
        "/api/v1/tasks",
        "/api/v1/funding-ledger",
    ]
    for client in outsiders:
        for path in paths:
            answer = await client.get(path)
            for secret in (SECRET_OFFER, "1876543", "保密"):
                assert secret not in answer.text, f"{path} tells the offer"
        for path in paths[8:14]:
            assert (await client.get(path)).status_code in (401, 404), path


async def test_every_broken_gate_comes_with_its_code(
    fair: Fair, database: BorrowedDatabase, http: Http
) -> None:
    async with database.writing() as session:
        weak = await join(session, fair.pair.project, capacity_max=0, service_areas=["高淳区"])
    client = await http(Role.ORGANIZATION, party=weak.organization.id)
    answer = await posted(client, "/api/v1/intents", {"project": str(fair.pair.project.id)}, 409)
    assert {"H_CAPACITY", "H_AREA"} <= {problem["code"] for problem in answer["problems"]}


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.COMMUNITY, 403),
        (Role.ORGANIZATION, 403),
        (Role.FAIR_OPERATOR, 403),
        (Role.AUDITOR, 403),
        (None, 401),
    ],
)
async def test_who_does_not_pay_proposes_no_award(
    fair: Fair, http: Http, role: Role | None, status: int
) -> None:
    party = fair.pair.organization.id if role == Role.ORGANIZATION else None
    client = await (http(role, area=fair.pair.project.area_path, party=party) if role else http())
    body = {"organization": str(fair.pair.organization.id), "amount_yuan": "100.00"}
    await posted(client, f"/api/v1/projects/{fair.pair.project.id}/awards", body, status)


async def test_a_list_costs_the_same_statements_for_one_and_for_many(
    fair: Fair, database: BorrowedDatabase
) -> None:
    async with database.writing() as session:
        await table.expressed(session, fair.pair)
    with counting() as for_one:
        await fair.street.get("/api/v1/intents")
    async with database.writing() as session:
        for _ in range(3):
            await table.expressed(session, await join(session, fair.pair.project))
    with counting() as for_many:
        assert len((await fair.street.get("/api/v1/intents")).json()["items"]) == 4
    assert (len(for_one), len(for_many)) == (4, 4)


async def test_money_as_a_number_is_refused_with_its_pointer(fair: Fair) -> None:
    body = {"project": fair.pair.project.number, "quoted_yuan": 18765.43}
    answer = await posted(fair.supplier, "/api/v1/intents", body, 422)
    assert answer["problems"][0]["pointer"] == "/quoted_yuan"


async def test_an_amended_talk_needs_the_version_that_was_read(fair: Fair) -> None:
    made = await at_table(fair)
    path = f"/api/v1/talks/{made['talk']['id']}"
    body = {"held_at": clock.local(clock.now()).isoformat(), "minutes": "更正", "result": "agreed"}
    assert (await fair.street.patch(path, json=body)).status_code == 428
    stale = await fair.street.patch(path, json=body, headers={"If-Match": '"99-0"'})
    assert stale.status_code == 412
