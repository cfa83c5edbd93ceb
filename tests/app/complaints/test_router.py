"""Cases over HTTP: filed without an account, followed by receipt, heard by another, published without names."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import sandbox
from tests.conftest import Http
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories.statements import counting

FACTS = "五月以来每周的照护课堂只开了两次，签到表却写了四次。"


async def test_an_unnamed_complaint_from_filing_to_the_published_result(
    session: AsyncSession, http: Http
) -> None:
    deal = await make.make_in_delivery(session)
    await sandbox.advance(session, timedelta(days=20))
    await session.commit()
    public = await http()
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    other = await http(Role.DISTRICT_BUREAU, area=actors.GULOU)
    draft = {
        "kind": "complaint",
        "subject_kind": "contract",
        "subject_id": str(deal.contract.id),
        "target": "supplier",
        "facts": FACTS,
    }
    filed = await public.post("/api/v1/complaints", json=draft)
    assert filed.status_code == 201, filed.text
    number, receipt = filed.json()["complaint"]["number"], filed.json()["receipt"]
    url = f"/api/v1/complaints/{number}"
    assert (await public.post("/api/v1/complaints", json=draft | {"kind": "mediation"})).status_code == 401
    for stranger in (public, supplier, other):
        assert (await stranger.get(url)).status_code == 404
    assert (await public.post("/api/v1/complaints/receipt", json={"receipt": receipt})).json()[
        "state"
    ] == "received"
    assert (await district.get(url)).json()["facts"] == FACTS
    assert [task["kind"] for task in (await district.get("/api/v1/tasks")).json()["items"]] == [
        "take_on_complaint"
    ]

    assert (await district.post(f"{url}/transitions", json={"event": "accept"})).status_code == 200
    bare = await district.post(f"{url}/transitions", json={"event": "decide"})
    assert [p["code"] for p in bare.json()["problems"]] == ["note_required", "outcome_missing"]
    wrong = await district.post(
        f"{url}/transitions", json={"event": "decide", "note": "属实", "data": {"outcome": "yes"}}
    )
    assert (wrong.status_code, wrong.json()["problems"][0]["pointer"]) == (422, "/data/outcome")
    decided = await district.post(
        f"{url}/transitions",
        json={"event": "decide", "note": "属实，限期补课", "data": {"outcome": "upheld"}},
    )
    assert (decided.status_code, decided.json()["outcome"]) == (200, "upheld")
    read = (await public.get(url)).json()
    assert (read["result"], read["facts"], read["handler"]) == ("属实，限期补课", None, None)
    assert FACTS not in (await public.get("/api/v1/complaints")).text
    assert FACTS not in (await public.get(f"{url}/history")).text


async def test_lists_cost_the_same_for_one_and_for_many(session: AsyncSession, http: Http) -> None:
    await make.make_in_delivery(session)
    await session.commit()
    district = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    draft = {
        "kind": "complaint",
        "subject_kind": "other",
        "area_path": actors.SUOJINCUN,
        "target": "buyer",
        "facts": FACTS,
    }
    costs = []
    for known in (1, 2, 3):
        assert (await district.post("/api/v1/complaints", json=draft)).status_code == 201
        with counting() as sent:
            assert len((await district.get("/api/v1/complaints")).json()["items"]) == known
        costs.append(len(sent))
    assert costs == [2, 2, 2]
