"""Evaluation over HTTP: scores nobody can read before closing, whatever door is tried; residents without an account."""

import json
import re
from datetime import timedelta
from typing import Any

from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.evaluations import service
from app.identity.roles import Role
from app.kernel import sandbox
from tests.conftest import Http
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import evaluations as judge
from tests.factories.statements import counting

SECRET_POINTS = {"completion": "21.37", "outcome": "17.91", "management": "13.13", "finance": "12.89"}
SECRETS = ("21.37", "17.91", "13.13", "12.89", "不可外传的评语")


async def settled(session: AsyncSession) -> None:
    await sandbox.advance(session, timedelta(days=20))
    await session.commit()


async def everybody(http: Http, judged: judge.Judged) -> dict[str, AsyncClient]:
    """One client for each kind of reader that is not the scorer itself. (What the feed holds is told in the service's stories.)"""
    area = judged.deal.pair.project.area_path
    return {
        "public": await http(),
        "supplier": await http(Role.ORGANIZATION, party=judged.deal.pair.organization.id),
        "evaluator's colleague": await http(Role.EVALUATOR, party=judged.party.id),
        "street": await http(Role.STREET, area=area),
        "community": await http(Role.COMMUNITY, area=area),
        "district": await http(Role.DISTRICT_BUREAU, area=actors.XUANWU),
        "city": await http(Role.CITY_BUREAU, area=actors.CITY),
        "auditor": await http(Role.AUDITOR, area=""),
        "administrator": await http(Role.ADMINISTRATOR, area=""),
    }


async def test_no_door_shows_a_score_before_scoring_is_closed(session: AsyncSession, http: Http) -> None:
    judged = await judge.make_scoring(session)
    await settled(session)
    scorer = await http(Role.EVALUATOR, party=judged.party.id)
    url = f"/api/v1/evaluations/{judged.evaluation.number}"
    body = {"points": SECRET_POINTS, "findings": SECRETS[-1], "misuse_of_funds": True}
    answer = await scorer.put(f"{url}/sheets/mine", json=body)
    assert answer.status_code == 200, answer.text
    # what could leak is there, for its writer alone
    own = (await scorer.get(f"{url}/sheets")).text
    assert [secret for secret in SECRETS if secret not in own] == []
    contract = judged.deal.contract
    doors = [
        url,
        f"{url}/sheets",
        f"{url}/transitions",
        f"{url}/history",
        f"{url}/appeal",
        "/api/v1/evaluations",
        "/api/v1/evaluations?format=csv",
        "/api/v1/evaluations?phase=final&state=scoring",
        f"/api/v1/contracts/{contract.number}",
        f"/api/v1/contracts/{contract.number}/history",
        f"/api/v1/contracts/{contract.number}/satisfaction",
        f"/api/v1/projects/{judged.deal.pair.project.id}",
        f"/api/v1/projects/{judged.deal.pair.project.id}/history",
        f"/api/v1/organizations/{judged.deal.pair.organization.id}",
        "/api/v1/tasks",
        "/api/v1/dashboards",
    ]
    for name, client in (await everybody(http, judged)).items():
        for door in doors:
            read = await client.get(door)
            assert read.status_code < 500, (name, door, read.text)
            told = re.sub(r"\d\d:\d\d:\d\d\.\d+", "", read.text)  # a clock may show the very digits
            leaked = [secret for secret in SECRETS if secret in told]
            assert leaked == [], (name, door)
            for item in _evaluations(read.text):
                assert (item["total"], item["grade"], item["misuse_of_funds"]) == (None, None, None), (
                    name,
                    door,
                )


def _evaluations(text: str) -> list[dict[str, Any]]:
    """The evaluations of an answer, if it holds any."""
    try:
        body = json.loads(text)
    except ValueError:
        return []
    items = body.get("items", [body]) if isinstance(body, dict) else body
    return [item for item in items if isinstance(item, dict) and "sides_in" in item]


async def test_a_resident_replies_with_a_token_and_no_account(session: AsyncSession, http: Http) -> None:
    deal = await make.make_in_delivery(session)
    await settled(session)
    street = await http(Role.STREET, area=deal.pair.project.area_path)
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    resident = await http()
    wanted = {"contract_id": str(deal.contract.id), "count": 2, "channel": "paper"}
    assert (await supplier.post("/api/v1/satisfaction-tokens", json=wanted)).status_code == 403
    assert (await resident.post("/api/v1/satisfaction-tokens", json=wanted)).status_code == 401
    tokens = (await street.post("/api/v1/satisfaction-tokens", json=wanted)).json()["tokens"]
    answers = [
        await resident.post(
            "/api/v1/satisfaction", json={"token": token, "overall": 5, "answers": {"态度": 5}}
        )
        for token in (tokens[0], tokens[0], "AAAA-BBBB-CCCC-DDDD")
    ]
    assert [answer.status_code for answer in answers] == [201, 409, 404]
    above = await resident.post("/api/v1/satisfaction", json={"token": tokens[1], "overall": 6})
    assert above.status_code == 422
    assert (
        await resident.post(f"/api/v1/satisfaction?token={tokens[1]}", json={"overall": 5})
    ).status_code == 422
    seen = (await resident.get(f"/api/v1/contracts/{deal.contract.number}/satisfaction")).json()
    assert (seen["n"], seen["index"], seen["published"], seen["suppressed"]) == (None, None, False, ["n"])


async def test_the_public_reads_no_count_of_fewer_than_five_persons(
    session: AsyncSession, http: Http
) -> None:
    judged = await judge.make_scoring(session, persons=1)
    await judge.hear_residents(session, judged.deal, 5)
    for scorer in judged.scorers:
        await judge.score(session, judged, scorer, judge.FINAL_POINTS)
    for actor, event in (
        (judged.evaluator, "close"),
        (judged.deal.supplier, "accept_result"),
        (judged.deal.street, "confirm"),
    ):
        await service.transition(session, actor, judged.evaluation, event, None, {})
    await settled(session)
    public, street = await http(), await http(Role.STREET, area=judged.deal.pair.project.area_path)
    url = f"/api/v1/evaluations/{judged.evaluation.number}"
    hidden = ["satisfaction_n", "satisfaction_index", "satisfaction_low", "satisfaction_high", "persons"]
    told = (await public.get(url)).json()
    assert told["suppressed"] == hidden and [told[name] for name in hidden] == [None] * 5
    assert (told["grade"], told["contacts"]) == ("excellent", 96)
    inside = (await street.get(url)).json()
    assert (inside["satisfaction_n"], inside["persons"], inside["suppressed"]) == (1, 4, [])
    answer = f"/api/v1/contracts/{judged.deal.contract.number}/satisfaction"
    told = (await public.get(answer)).json()
    assert (told["n"], told["persons"], told["needed"], told["index"]) == (None, None, None, None)
    assert told["suppressed"] == ["n", "persons", "needed"]
    assert (await street.get(answer)).json()["persons"] == 4


async def test_from_the_sheet_to_the_public_grade(session: AsyncSession, http: Http) -> None:
    judged = await judge.make_scoring(session)
    await judge.hear_residents(session, judged.deal, *[5, 4] * 4)
    await settled(session)
    clients = await everybody(http, judged)
    url = f"/api/v1/evaluations/{judged.evaluation.id}"
    for name in ("evaluator's colleague", "street", "district"):
        answer = await clients[name].put(f"{url}/sheets/mine", json={"points": judge.FINAL_POINTS})
        assert answer.status_code == 200, answer.text
    closed = await clients["evaluator's colleague"].post(f"{url}/transitions", json={"event": "close"})
    assert (closed.status_code, closed.json()["total"]) == (200, "90.50")
    assert (await clients["public"].get(url)).status_code == 404
    early = await clients["street"].post(f"{url}/transitions", json={"event": "confirm"})
    assert (early.status_code, early.json()["code"]) == (409, "appeal_window_open")
    await clients["supplier"].post(f"{url}/transitions", json={"event": "accept_result"})
    confirmed = await clients["street"].post(f"{url}/transitions", json={"event": "confirm"})
    assert confirmed.json()["state"] == "confirmed"
    assert (await clients["public"].get(url)).json()["grade"] == "excellent"
    assert (await clients["public"].get(f"{url}/sheets")).status_code == 401
    contract = (await clients["public"].get(f"/api/v1/contracts/{judged.deal.contract.number}")).json()
    assert contract["state"] == "accepted"


async def test_lists_cost_the_same_for_one_and_for_many(session: AsyncSession, http: Http) -> None:
    judged = await judge.make_closed(session, "midterm")
    await service.transition(session, judged.deal.supplier, judged.evaluation, "accept_result", None, {})
    await service.transition(session, judged.deal.street, judged.evaluation, "confirm", None, {})
    costs = []
    await settled(session)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    with counting() as sent:
        assert len((await district.get("/api/v1/evaluations")).json()["items"]) == 1
    costs.append(len(sent))
    deal = judged.deal
    await make.pay(session, deal, 2)
    await contracts.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    await judge.assign(session, deal, "final")
    await session.commit()
    with counting() as sent:
        assert len((await district.get("/api/v1/evaluations")).json()["items"]) == 2
    costs.append(len(sent))
    assert costs == [5, 5]
