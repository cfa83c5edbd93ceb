"""Codes, catalogue and lists over HTTP."""

from app.identity.roles import Role
from tests.app.catalogue.test_service import item_draft, revision_draft
from tests.conftest import Http
from tests.factories.actors import CITY


async def test_codes_are_public_and_sent_once(http: Http) -> None:
    public = await http()
    read = await public.get("/api/v1/codes")
    names = {each["name"] for each in read.json()["lists"]}
    assert {"category", "rating", "procurement_method", "role"} <= names
    again = await public.get("/api/v1/codes", headers={"If-None-Match": read.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    one = (await public.get("/api/v1/codes/urgency")).json()
    assert [code["code"] for code in one["codes"]] == ["low", "normal", "high"]
    assert (await public.get("/api/v1/codes/nothing")).status_code == 404


async def test_the_catalogue_is_searched_and_kept_by_the_city(http: Http) -> None:
    public, bureau = await http(), await http(Role.CITY_BUREAU, area=CITY)
    found = (await public.get("/api/v1/catalogue/items", params={"q": "助餐"})).json()
    assert [item["code"] for item in found["items"]] == ["A0102"]
    made = await bureau.post("/api/v1/catalogue/items", json=item_draft().model_dump(mode="json"))
    assert made.status_code == 201
    url, fresh = "/api/v1/catalogue/items/A0199", {"If-Match": made.headers["ETag"]}
    assert (await bureau.patch(url, json={"retired": True})).status_code == 428
    assert (await bureau.patch(url, json={"retired": True}, headers=fresh)).json()["retired_on"]
    assert (await public.get("/api/v1/catalogue/items", params={"q": "筛查服务"})).json()["items"] == []
    assert (await public.get(url)).status_code == 200


async def test_lists_in_force_show_the_route_of_their_items(http: Http) -> None:
    public, bureau = await http(), await http(Role.CITY_BUREAU, area=CITY)
    found = (await public.get("/api/v1/responsibility-lists", params={"scheme": "three_lists"})).json()
    routes = {each["list_type"]: each["route"] for each in found["items"]}
    assert routes == {
        "party_duty": "self_governed",
        "committee_duty": "self_governed",
        "government_assistance": "outsourced",
    }
    draft = revision_draft(days=5).model_dump(mode="json")
    made = await bureau.post("/api/v1/responsibility-lists", json=draft)
    assert (made.status_code, made.json()["revision"]) == (201, 2)
    assert (await public.get(f"/api/v1/responsibility-lists/{made.json()['id']}")).status_code == 200
    both = {"list_type": "negative", "scheme": "negative_variant", "all_revisions": True}
    assert len((await public.get("/api/v1/responsibility-lists", params=both)).json()["items"]) == 2


async def test_a_text_is_held_against_the_negative_lists(http: Http) -> None:
    public = await http()
    answer = await public.post("/api/v1/negative-list/check", json={"text": "社区协助招商引资"})
    assert [(p["code"], p["values"]["item"]) for p in answer.json()] == [("on_negative_list", "N05")]
