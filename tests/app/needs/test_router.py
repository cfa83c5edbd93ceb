"""Needs and surveys over HTTP."""

from app.identity.roles import Role
from app.kernel.ids import uuid7
from tests.conftest import Http
from tests.factories.actors import GULOU, SUOJINCUN
from tests.factories.needs import need_draft, survey_draft

DRAFT = need_draft().model_dump(mode="json")


async def test_from_the_resident_to_the_answer(http: Http) -> None:
    resident = await http(Role.RESIDENT, area=SUOJINCUN)
    community = await http(Role.COMMUNITY, area=SUOJINCUN)
    supplier = await http(Role.ORGANIZATION, party=uuid7())
    made = await resident.post("/api/v1/needs", json=DRAFT)
    assert made.status_code == 201 and made.json()["is_mine"] is True
    url = f"/api/v1/needs/{made.json()['number']}"
    offered = (await community.get(f"{url}/transitions")).json()
    assert {choice["event"] for choice in offered["items"]} == {"merge", "convert", "answer", "reject"}
    assert (await supplier.get(f"{url}/transitions")).json()["items"] == []
    wordless = await community.post(f"{url}/transitions", json={"event": "answer"})
    assert (wordless.status_code, wordless.json()["code"]) == (409, "note_required")
    not_theirs = await supplier.post(f"{url}/transitions", json={"event": "answer", "note": "我们来做"})
    assert not_theirs.status_code == 403
    answered = await community.post(
        f"{url}/transitions", json={"event": "answer", "note": "本周起由网格员每日问候"}
    )
    assert answered.json()["state"] == "answered"
    assert (await resident.get(url)).json()["answer"] == "本周起由网格员每日问候"
    again = await community.post(f"{url}/transitions", json={"event": "reject", "note": "重复"})
    assert (again.status_code, again.json()["code"]) == (409, "transition_not_possible")


async def test_what_is_not_yours_to_see_is_not_there(http: Http) -> None:
    community, other = await http(Role.COMMUNITY, area=SUOJINCUN), await http(Role.COMMUNITY, area=GULOU)
    public = await http()
    url = f"/api/v1/needs/{(await community.post('/api/v1/needs', json=DRAFT)).json()['id']}"
    assert (await other.get(url)).status_code == 404
    assert (await public.get(url)).status_code == 401
    assert (await other.get("/api/v1/needs")).json()["items"] == []


async def test_a_list_is_searched_filtered_and_paged(http: Http) -> None:
    community = await http(Role.COMMUNITY, area=SUOJINCUN)
    for title in ("老人夜间无人照看", "楼道照明不足", "老人想学用手机"):
        await community.post("/api/v1/needs", json=DRAFT | {"title": title, "description": "居民反映的情况"})
    first = (await community.get("/api/v1/needs", params={"q": "老人", "limit": 1})).json()
    assert [need["title"] for need in first["items"]] == ["老人想学用手机"]
    second = (await community.get(first["links"]["next"])).json()
    assert [need["title"] for need in second["items"]] == ["老人夜间无人照看"] and not second["links"]["next"]
    exported = await community.get("/api/v1/needs", params={"format": "csv"})
    assert exported.text.count("\r\n") == 4


async def test_a_resident_seconds_a_need_of_his_place(http: Http) -> None:
    community = await http(Role.COMMUNITY, area=SUOJINCUN)
    resident = await http(Role.RESIDENT, area=SUOJINCUN)
    url = f"/api/v1/needs/{(await community.post('/api/v1/needs', json=DRAFT)).json()['id']}"
    assert (await resident.put(f"{url}/support")).json()["supporters"] == 1
    assert (await resident.put(f"{url}/support")).json()["supporters"] == 1
    assert (await community.put(f"{url}/support")).status_code == 403
    assert (await resident.delete(f"{url}/support")).json()["supporters"] == 0


async def test_a_change_needs_the_version_it_was_read_at(http: Http) -> None:
    community = await http(Role.COMMUNITY, area=SUOJINCUN)
    made = await community.post("/api/v1/needs", json=DRAFT)
    url, change = f"/api/v1/needs/{made.json()['id']}", {"persons": 12}
    assert (await community.patch(url, json=change)).status_code == 428
    fresh = {"If-Match": made.headers["ETag"]}
    assert (await community.patch(url, json=change, headers=fresh)).json()["persons"] == 12
    assert (await community.patch(url, json=change, headers=fresh)).status_code == 412
    stale = await community.post(f"{url}/transitions", json={"event": "answer", "note": "好"}, headers=fresh)
    assert stale.status_code == 412


async def test_a_survey_is_entered_and_becomes_needs(http: Http) -> None:
    ours, supplier = await http(Role.STREET, area=SUOJINCUN), await http(Role.ORGANIZATION, party=uuid7())
    made = await ours.post("/api/v1/surveys", json=survey_draft().model_dump(mode="json"))
    assert made.status_code == 201
    url = f"/api/v1/surveys/{made.json()['id']}"
    assert [cell["wanting"] for cell in (await supplier.get(url)).json()["cells"]] == [66, None]
    chosen = {"cells": [{"target_group": "elderly_living_alone", "dimension": "daily_care"}]}
    assert (await supplier.post(f"{url}/needs", json=chosen)).status_code == 403
    raised = await ours.post(f"{url}/needs", json=chosen)
    assert raised.status_code == 201 and raised.json()[0]["origin"] == "survey"
    assert len((await ours.get("/api/v1/surveys")).json()["items"]) == 1
    found = (await ours.get("/api/v1/needs", params={"survey_id": made.json()["id"]})).json()
    assert len(found["items"]) == 1


async def test_tasks_name_what_waits_for_the_community(http: Http) -> None:
    community = await http(Role.COMMUNITY, area=SUOJINCUN)
    made = await community.post("/api/v1/needs", json=DRAFT)
    tasks = (await community.get("/api/v1/tasks")).json()["items"]
    assert [(task["kind"], task["number"]) for task in tasks] == [("need_waits", made.json()["number"])]
