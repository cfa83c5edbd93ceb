"""Places over HTTP."""

from app.identity.roles import Role
from tests.conftest import Http
from tests.factories.actors import SUOJINCUN, XUANWU


async def test_everyone_may_walk_the_tree(http: Http) -> None:
    public = await http()
    first = (await public.get("/api/v1/areas", params={"level": "district", "limit": 10})).json()
    rest = (await public.get(first["links"]["next"])).json()
    assert len(first["items"]) + len(rest["items"]) == 12
    assert {area["parent_code"] for area in first["items"]} == {"3201"}
    found = (await public.get("/api/v1/areas", params={"under": XUANWU, "q": "锁金"})).json()
    assert [area["path"] for area in found["items"]] == [SUOJINCUN]


async def test_a_name_is_resolved_or_answered_with_candidates(http: Http) -> None:
    public = await http()
    found = await public.get("/api/v1/areas/resolved", params={"district": "玄武", "street": "锁金村"})
    assert found.json()["path"] == SUOJINCUN
    refused = await public.get("/api/v1/areas/resolved", params={"district": "玄武", "street": "锁金"})
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["values"]["candidates"] == ["锁金村街道"]


async def test_a_street_enters_its_communities_and_no_others(http: Http) -> None:
    ours = await http(Role.STREET, area=SUOJINCUN)
    made = await ours.post("/api/v1/areas", json={"street_path": SUOJINCUN, "name": "银杏里社区"})
    assert made.status_code == 201 and made.json()["name"] == "银杏里社区"
    theirs = await ours.post("/api/v1/areas", json={"street_path": "3201/320106/320106001", "name": "某社区"})
    assert theirs.status_code == 403
    public = await (await http()).post("/api/v1/areas", json={"street_path": SUOJINCUN, "name": "某社区"})
    assert public.status_code == 401


async def test_a_change_needs_the_version_it_was_read_at(http: Http) -> None:
    bureau = await http(Role.DISTRICT_BUREAU, area=XUANWU)
    read = await bureau.get("/api/v1/areas/320102007")
    change = {"population": 30_500}
    assert (await bureau.patch("/api/v1/areas/320102007", json=change)).status_code == 428
    fresh = {"If-Match": read.headers["ETag"]}
    assert (await bureau.patch("/api/v1/areas/320102007", json=change, headers=fresh)).status_code == 200
    assert (await bureau.patch("/api/v1/areas/320102007", json=change, headers=fresh)).status_code == 412
