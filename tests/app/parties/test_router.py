"""Parties over HTTP."""

from app.identity.roles import Role
from app.parties.models import PartyKind
from tests.conftest import Http
from tests.factories.actors import SUOJINCUN, XUANWU
from tests.factories.parties import party_draft


async def test_a_street_names_its_committee_and_the_public_finds_it(http: Http) -> None:
    ours, public = await http(Role.STREET, area=SUOJINCUN), await http()
    draft = party_draft("银杏里社区居民委员会", PartyKind.COMMITTEE, area_path=SUOJINCUN)
    made = await ours.post("/api/v1/parties", json=draft.model_dump(mode="json"))
    assert made.status_code == 201
    same = await ours.post("/api/v1/parties", json=draft.model_dump(mode="json"))
    assert same.json()["id"] == made.json()["id"]
    found = (
        await public.get("/api/v1/parties", params={"q": "银杏", "kind": "committee", "under": XUANWU})
    ).json()
    assert [party["id"] for party in found["items"]] == [made.json()["id"]]
    assert (await public.get("/api/v1/parties", params={"q": "梧桐"})).json()["items"] == []


async def test_what_cannot_be_a_credit_code_is_named(http: Http) -> None:
    bureau = await http(Role.DISTRICT_BUREAU, area=XUANWU)
    draft = party_draft().model_dump(mode="json") | {"uscc": "52320100IO99000010"}
    refused = await bureau.post("/api/v1/parties", json=draft)
    assert refused.status_code == 422
    assert refused.json()["problems"][0]["pointer"] == "/uscc"


async def test_the_bureau_renames_with_the_version_it_read(http: Http) -> None:
    bureau, ours = await http(Role.DISTRICT_BUREAU, area=XUANWU), await http(Role.STREET, area=SUOJINCUN)
    made = await bureau.post("/api/v1/parties", json=party_draft().model_dump(mode="json"))
    url, fresh = f"/api/v1/parties/{made.json()['id']}", {"If-Match": made.headers["ETag"]}
    change = {"name": "玄武区锁金村街道"}
    assert (await ours.patch(url, json=change, headers=fresh)).status_code == 403
    assert (await bureau.patch(url, json=change)).status_code == 428
    changed = await bureau.patch(url, json=change, headers=fresh)
    assert changed.json()["former_names"] == ["南京市玄武区锁金村街道办事处"]
