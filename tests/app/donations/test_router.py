"""Donations over HTTP: the whole way, and what strangers, feeds and files are not told."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel.ids import uuid7
from tests.conftest import Http
from tests.factories import actors
from tests.factories import donations as make
from tests.factories.contracts import make_in_delivery
from tests.factories.statements import counting

OFFER = {
    "kind": "goods",
    "title": "助浴椅",
    "area_path": actors.XUANWU,
    "amount": "3.00",
    "unit": "把",
    "value_yuan": "900.00",
    "purpose_categories": ["elderly_care"],
}


async def test_a_chair_is_given_used_and_reported_on(session: AsyncSession, http: Http) -> None:
    project = (await make_in_delivery(session)).pair.project
    party, _ = await make.make_funder(session)
    await session.commit()
    funder = await http(Role.CHARITY_FUNDER, party=party.id)
    keeper = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    public = await http()

    answer = await funder.post("/api/v1/donations", json=OFFER | {"donor_id": str(party.id)})
    assert answer.status_code == 201, answer.text
    url = f"/api/v1/donations/{answer.json()['number']}"
    assert (await public.get(url)).status_code == 404
    assert (await funder.post(f"{url}/transitions", json={"event": "receive"})).status_code == 403
    possible = (await keeper.get(f"{url}/transitions")).json()["items"]
    assert [p["event"] for p in possible] == ["receive", "withdraw"]
    received = await keeper.post(f"{url}/transitions", json={"event": "receive"})
    assert (received.status_code, received.json()["received"]) == (200, "3.00")
    assert (await public.get(url)).json()["donor"] == party.name

    body = {"project": project.number, "amount": "2", "note": "装于照护角"}
    used = await keeper.post(f"{url}/uses", json=body)
    assert (used.status_code, used.json()["amount"]) == (201, "2.00")
    more = await keeper.post(f"{url}/uses", json=body)
    assert (more.status_code, more.json()["code"]) == (409, "donation_used_up")
    undone = await keeper.post(f"{url}/uses/{used.json()['id']}/reversal", json={"note": "记错项目"})
    assert (undone.status_code, undone.json()["amount"]) == (201, "-2.00")
    assert (await keeper.post(f"{url}/uses", json=body | {"amount": "3"})).status_code == 201
    note = {"event": "close", "note": "三把均已安装"}
    assert (await keeper.post(f"{url}/transitions", json=note)).json()["state"] == "closed"
    uses = (await public.get(f"{url}/uses")).json()["items"]
    assert [u["amount"] for u in uses] == ["2.00", "-2.00", "3.00"]
    events = [e["event"] for e in (await public.get(f"{url}/history")).json()["items"]]
    assert events == ["receive", "used", "use_taken_back", "used", "close"]


async def test_no_list_file_feed_or_history_names_an_anonymous_donor(
    session: AsyncSession, http: Http
) -> None:
    party, _ = await make.make_funder(session)
    await session.commit()
    funder = await http(Role.CHARITY_FUNDER, party=party.id)
    keeper = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    named = {"donor_id": str(party.id), "anonymous": True}
    offered = (await funder.post("/api/v1/donations", json=OFFER | named)).json()
    url = f"/api/v1/donations/{offered['number']}"
    await keeper.post(f"{url}/transitions", json={"event": "receive"})
    assert (await keeper.get(url)).json()["donor"] == party.name, "otherwise the silence below proves nothing"
    readers = {
        "public": await http(),
        "rival": await http(Role.CHARITY_FUNDER, party=uuid7()),
        "other_district": await http(Role.DISTRICT_BUREAU, area=actors.GULOU),
        "street": await http(Role.STREET, area=actors.SUOJINCUN),
    }
    asked = ("/api/v1/donations", "/api/v1/donations?format=csv", url, f"{url}/history", f"{url}/uses")
    for who, reader in (readers | {"keeper": keeper}).items():
        for address in (
            (*asked, "/api/v1/changes") if who != "keeper" else (f"{url}/history", "/api/v1/changes")
        ):
            answer = await reader.get(address)
            assert answer.status_code < 500, address
            for word in (party.name, str(party.id), "charity_funder"):
                assert word not in answer.text, f"{who} reads {word} at {address}"
    assert offered["number"] in (await readers["public"].get("/api/v1/donations")).text


async def test_lists_filter_and_cost_the_same_for_one_and_for_many(session: AsyncSession, http: Http) -> None:
    for _ in range(3):
        await make.make_donation(session)
    await session.commit()
    await make.make_donation(session, "5.00", purpose_categories=[])
    await session.commit()
    public = await http()
    for category, found in (("elderly_care", 4), ("youth_development", 1)):
        for_it = await public.get("/api/v1/donations", params={"category": category, "under": "3201"})
        assert len(for_it.json()["items"]) == found
    assert (await public.get("/api/v1/donations?state=offered")).json()["items"] == []
    costs = []
    for limit in (1, 3):
        with counting() as sent:
            assert len((await public.get(f"/api/v1/donations?limit={limit}")).json()["items"]) == limit
        costs.append(len(sent))
    assert costs[0] == costs[1]


async def test_what_acts_on_a_donation_cost_in_statements(session: AsyncSession, http: Http) -> None:
    """The literal counts, BEGIN and COMMIT aside."""
    project = (await make_in_delivery(session)).pair.project
    await session.commit()
    keeper = await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)
    number, costs = "", []
    for path, body in (
        ("", OFFER | {"donor_name": "梧桐巷口小店"}),
        ("transitions", {"event": "receive"}),
        ("uses", {"project": project.number, "amount": "3", "note": "装于照护角"}),
        ("transitions", {"event": "close", "note": "三把均已安装"}),
    ):
        with counting() as sent:
            answer = await keeper.post(f"/api/v1/donations/{number}/{path}".rstrip("/"), json=body)
        assert answer.is_success, answer.text
        number = number or answer.json()["number"]
        costs.append(len(sent))
    assert costs == [5, 5, 8, 5]
