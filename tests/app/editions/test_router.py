"""Editions over HTTP."""

from app.identity.roles import Role
from tests.conftest import Http
from tests.factories.actors import CITY, XUANWU
from tests.factories.editions import edition_draft


async def test_the_city_bureau_opens_an_edition_that_everyone_can_read(http: Http) -> None:
    bureau, public = await http(Role.CITY_BUREAU, area=CITY), await http()
    assert (await public.get("/api/v1/editions/current")).status_code == 404
    draft = edition_draft().model_dump(mode="json")
    made = await bureau.post("/api/v1/editions", json=draft)
    assert made.status_code == 201
    read = await public.get("/api/v1/editions/current")
    settings = read.json()["settings"]
    assert settings["notice_working_days"] == 5
    assert [band["up_to_yuan"] for band in settings["amount_bands"]] == ["50000.00", "500000.00", None]
    unchanged = await public.get("/api/v1/editions/2026", headers={"If-None-Match": read.headers["ETag"]})
    assert unchanged.status_code == 304
    assert [e["code"] for e in (await public.get("/api/v1/editions")).json()["items"]] == ["2026"]


async def test_a_district_opens_none_and_an_update_needs_the_version(http: Http) -> None:
    bureau, district = await http(Role.CITY_BUREAU, area=CITY), await http(Role.DISTRICT_BUREAU, area=XUANWU)
    draft = edition_draft().model_dump(mode="json")
    assert (await district.post("/api/v1/editions", json=draft)).status_code == 403
    made = await bureau.post("/api/v1/editions", json=draft)
    change = {"name": "南京市第十三届社洽会"}
    assert (await bureau.patch("/api/v1/editions/2026", json=change)).status_code == 428
    fresh = {"If-Match": made.headers["ETag"]}
    changed = await bureau.patch("/api/v1/editions/2026", json=change, headers=fresh)
    assert changed.json()["name"] == change["name"]
    assert (await bureau.patch("/api/v1/editions/2026", json=change, headers=fresh)).status_code == 412


async def test_a_deadline_in_working_days_says_whether_the_holidays_are_known(http: Http) -> None:
    public = await http()
    known = await public.get("/api/v1/working-days", params={"after": "2026-09-30", "count": 1})
    assert known.json() == {
        "after": "2026-09-30",
        "count": 1,
        "day": "2026-10-08",
        "calendar_announced": True,
    }
    guessed = await public.get("/api/v1/working-days", params={"after": "2031-09-30", "count": 1})
    assert guessed.json()["calendar_announced"] is False
