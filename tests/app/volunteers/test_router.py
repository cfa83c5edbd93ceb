"""Volunteers over HTTP: entered, called, hours recorded and verified, time given on, forgotten; and who reads what."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock
from app.kernel.ids import uuid7
from tests.conftest import Http
from tests.factories import actors
from tests.factories import volunteers as make
from tests.factories.organizations import make_organization
from tests.factories.statements import counting

NAME = "桂花阿姨"


async def test_from_the_register_to_the_account(session: AsyncSession, http: Http) -> None:
    organization = await make_organization(session)
    await session.commit()
    recorder = await http(Role.ORGANIZATION, party=organization.id)
    colleague = await http(Role.SOCIAL_WORKER, party=organization.id)
    volunteer = await http(Role.VOLUNTEER, area=actors.XUANWU)
    account_id = (await volunteer.get("/api/v1/me")).json()["account_id"]
    today = clock.today()

    entry = {
        "organization_id": str(organization.id),
        "display_name": NAME,
        "account_id": account_id,
        "consented_on": str(today),
    }
    entered = await volunteer.post("/api/v1/volunteers", json=entry)
    assert entered.status_code == 201, entered.text
    number = entered.json()["number"]
    activity = {
        "organization_id": str(organization.id),
        "title": "独居老人探访",
        "content": "陪聊、代购",
        "place": "锁金村",
        "starts_on": str(today - timedelta(days=30)),
        "ends_on": str(today),
    }
    assert (await volunteer.post("/api/v1/volunteer-activities", json=activity)).status_code == 403
    called = (await recorder.post("/api/v1/volunteer-activities", json=activity)).json()

    given = {
        "volunteer": number,
        "activity_id": called["id"],
        "starts_at": make.at(9).isoformat(),
        "ends_at": make.at(11.5).isoformat(),
        "content": "探访三户",
    }
    assert (await volunteer.post("/api/v1/volunteer-hours", json=[given])).status_code == 403
    recorded = await recorder.post("/api/v1/volunteer-hours", json=[given])
    assert (recorded.status_code, recorded.json()[0]["hours"]) == (201, "2.5")
    again = await recorder.post("/api/v1/volunteer-hours", json=[given])
    assert (again.status_code, again.json()["code"]) == (409, "hours_overlap")
    odd = given | {"ends_at": make.at(9.7).isoformat()}
    assert (await recorder.post("/api/v1/volunteer-hours", json=[odd])).status_code == 422

    url = f"/api/v1/volunteer-hours/{recorded.json()[0]['id']}/transitions"
    (verify, _) = (await recorder.get(url)).json()["items"]
    assert (verify["allowed"], verify["problems"][0]["code"]) == (False, "verified_by_another")
    assert (await volunteer.post(url, json={"event": "verify"})).status_code == 403
    waiting = [t["href"] for t in (await colleague.get("/api/v1/tasks")).json()["items"]]
    assert url.removesuffix("/transitions") in waiting
    assert (await colleague.post(url, json={"event": "verify"})).json()["state"] == "verified"

    account = f"/api/v1/volunteers/{number}/time"
    spent = await volunteer.post(account, json={"kind": "donate", "hours": "1"})
    assert (spent.status_code, spent.json()["balance_hours"]) == (201, "1.5")
    short = await volunteer.post(account, json={"kind": "debit", "hours": "2"})
    assert (short.status_code, short.json()["code"]) == (409, "time_account_short")
    entries = (await volunteer.get(account)).json()["items"]
    assert [(e["kind"], e["hours"]) for e in entries] == [("credit", "2.5"), ("donate", "-1")]

    one = await volunteer.get(f"/api/v1/volunteers/{number}")
    changed = await volunteer.patch(
        f"/api/v1/volunteers/{number}",
        json={"display_name": "腊梅"},
        headers={"If-Match": one.headers["etag"]},
    )
    assert changed.json()["display_name"] == "腊梅"
    gone = (await volunteer.post(f"/api/v1/volunteers/{number}/erasure")).json()
    assert (gone["display_name"], gone["balance_hours"], gone["donated_hours"]) == (None, "0", "2.5")
    assert (await volunteer.get(f"/api/v1/volunteers/{number}")).status_code == 404


async def test_who_volunteers_is_told_to_few_and_the_name_to_fewer(session: AsyncSession, http: Http) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team)
    await session.commit()
    number, name = team.volunteer.number, f"/api/v1/volunteers/{team.volunteer.number}"
    own = await http(Role.ORGANIZATION, party=team.organization.id)
    assert NAME in (await own.get("/api/v1/volunteers")).text
    street = await http(Role.STREET, area=actors.SUOJINCUN)
    assert "桂**" in (await street.get("/api/v1/volunteers")).text
    for reader in (street, await http(Role.AUDITOR)):
        for address in ("/api/v1/volunteers", "/api/v1/volunteers?format=csv", name, "/api/v1/changes"):
            answer = await reader.get(address)
            assert answer.status_code == 200
            assert NAME not in answer.text
    strangers = (
        await http(Role.ORGANIZATION, party=uuid7()),
        await http(Role.STREET, area="3201/320106/320106001"),
        await http(Role.VOLUNTEER, area=actors.XUANWU),
        await http(Role.FAIR_OPERATOR, area=actors.CITY),
    )
    for stranger in strangers:
        assert (await stranger.get(name)).status_code == 404
        assert (await stranger.get(f"/api/v1/volunteer-hours/{row.id}")).status_code == 404
        for address in ("/api/v1/volunteers", "/api/v1/volunteer-hours", "/api/v1/changes"):
            assert number not in (await stranger.get(address)).text
    for address in ("/api/v1/volunteers", name, "/api/v1/volunteer-hours"):
        assert (await (await http()).get(address)).status_code == 401


async def test_lists_filter_and_cost_the_same_for_one_and_for_many(session: AsyncSession, http: Http) -> None:
    team = await make.make_team(session)
    for start in (6, 9, 12):
        await make.make_volunteer(session, team)
        await make.record(session, team, start, start + 1)
    await session.commit()
    reader = await http(Role.ORGANIZATION, party=team.organization.id)
    filters = {"under": actors.XUANWU, "organization_id": str(team.organization.id)}
    assert len((await reader.get("/api/v1/volunteers", params=filters)).json()["items"]) == 4
    for open_on, found in ((clock.today(), 1), (clock.today() + timedelta(days=900), 0)):
        activities = await reader.get(
            "/api/v1/volunteer-activities", params=filters | {"open_on": str(open_on)}
        )
        assert len(activities.json()["items"]) == found
    verified = await reader.get("/api/v1/volunteer-hours", params={"state": "verified"})
    assert verified.json()["items"] == []
    for path in ("volunteers", "volunteer-hours"):
        costs = []
        for limit in (1, 3):
            with counting() as sent:
                assert len((await reader.get(f"/api/v1/{path}?limit={limit}")).json()["items"]) == limit
            costs.append(len(sent))
        assert costs[0] == costs[1], path


async def test_what_verifying_costs_in_statements(session: AsyncSession, http: Http) -> None:
    team = await make.make_team(session)
    row = await make.record(session, team)
    await session.commit()
    colleague = await http(Role.ORGANIZATION, party=team.organization.id)
    with counting() as sent:
        answer = await colleague.post(
            f"/api/v1/volunteer-hours/{row.id}/transitions", json={"event": "verify"}
        )
    assert answer.is_success, answer.text
    assert len(sent) == 11, "\n".join(sent.texts)
