"""The fair's day over HTTP: hall, seats, promises, plan, the order that is printed."""

import io
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from tests.conftest import Http
from tests.factories import actors
from tests.factories.statements import counting
from tests.factories.timetables import Market, make_waiting, plan, seated


@pytest.fixture
async def market(session: AsyncSession) -> Market:
    return await make_waiting(session)


def fair_url(market: Market) -> str:
    return f"/api/v1/fairs/{market.hall.fair.number}"


def seat_of(market: Market, which: int = 0, slot: int = 0, table: int | None = 0) -> dict[str, Any]:
    hall = market.hall
    named = {} if table is None else {"table_id": str(hall.tables[table].id)}
    return {"intent": market.intents[which].number, "slot_id": str(hall.slots[slot].id), **named}


async def people(http: Http, market: Market) -> dict[str, httpx.AsyncClient]:
    first, second = (pair.organization.id for pair in market.pairs[:2])
    return {
        "operator": await http(Role.FAIR_OPERATOR, area=actors.CITY),
        "supplier": await http(Role.ORGANIZATION, party=first),
        "rival": await http(Role.ORGANIZATION, party=second),
        "street": await http(Role.STREET, area=actors.SUOJINCUN),
        "public": await http(),
    }


async def test_from_the_empty_hall_to_the_meeting_that_was_missed(
    http: Http, market: Market, session: AsyncSession
) -> None:
    who, url = await people(http, market), fair_url(market)
    day = market.hall.fair.closes_on.isoformat()
    pattern = {
        "tables": {"prefix": "B-", "count": 3, "seats": 6},
        "slots": {
            "days": [day],
            "first_start": "11:30",
            "count": 4,
            "gaps": [{"starts": "11:45", "ends": "13:30"}],
        },
    }
    laid = await who["operator"].post(f"{url}/hall", json=pattern)
    assert (laid.status_code, laid.json()["tables"], laid.json()["slots"]) == (201, 5, 7)
    assert (await who["street"].post(f"{url}/hall", json=pattern)).status_code == 403
    tables = (await who["public"].get(f"{url}/tables")).json()["items"]
    assert [table["label"] for table in tables] == ["T-01", "T-02", "B-01", "B-02", "B-03"]
    slots = (await who["public"].get(f"{url}/slots")).json()["items"]
    assert [slot["starts_at"][11:16] for slot in slots if slot["starts_at"].startswith(day)] == [
        "11:30", "13:30", "13:40", "13:50",
    ]  # fmt: skip

    free = (
        await who["supplier"].get(f"{url}/free-seats", params={"intent": market.intents[0].number})
    ).json()
    assert [seat["slot_id"] for seat in free] == [slot["id"] for slot in slots]
    waiting = (await who["operator"].get(f"{url}/waiting")).json()["items"]
    assert [pair["intent_number"] for pair in waiting] == [intent.number for intent in market.intents]
    assert (await who["supplier"].get(f"{url}/waiting")).status_code == 403

    taken = await who["supplier"].post(f"{url}/meetings", json=seat_of(market, slot=1, table=None))
    assert taken.status_code == 201, taken.text
    meeting = taken.json()
    assert (meeting["state"], meeting["table"], meeting["pinned"]) == ("planned", "T-01", True)
    one = f"{url}/meetings/{meeting['number']}"
    refused = await who["rival"].post(f"{url}/meetings", json=seat_of(market, 1, slot=1))
    assert (refused.status_code, refused.json()["code"]) == (409, "table_taken")
    assert refused.json()["problems"][0]["values"]["next_free"][0]["table"] == "T-01"
    assert (await who["rival"].get(one)).status_code == 404

    promised = await who["supplier"].put(f"{one}/delegates/me")
    assert len(promised.json()["delegates"]) == 1
    assert (await who["operator"].put(f"{one}/delegates/me")).status_code == 403
    taken_back = await who["supplier"].request("DELETE", f"{one}/delegates/me")
    assert taken_back.json()["delegates"] == []

    change = {"pinned": False}
    assert (await who["operator"].patch(one, json=change)).status_code == 428
    assert (await who["supplier"].patch(one, json=change, headers={"If-Match": "*"})).status_code == 403
    tag = (await who["operator"].get(one)).headers["etag"]
    assert (await who["operator"].patch(one, json=change, headers={"If-Match": tag})).json()[
        "pinned"
    ] is False
    assert (await who["operator"].patch(one, json=change, headers={"If-Match": tag})).status_code == 412

    offered = (await who["operator"].get(f"{one}/transitions")).json()
    assert {c["event"]: c["allowed"] for c in offered["items"]} == {
        "move": True, "hold": False, "miss": False, "cancel": True,
    }  # fmt: skip
    to = {"event": "move", "data": {"slot_id": str(market.hall.slots[0].id)}}
    assert (await who["operator"].post(f"{one}/transitions", json=to)).json()["starts_at"][11:16] == "09:00"
    early = await who["operator"].post(f"{one}/transitions", json={"event": "miss", "data": {"by": "buyer"}})
    assert (early.status_code, early.json()["code"]) == (409, "meeting_not_begun")
    off = await who["street"].post(f"{one}/transitions", json={"event": "cancel", "note": "临时防汛值守"})
    assert off.json()["state"] == "cancelled"
    told = (await who["supplier"].get(f"{one}/history")).json()["items"]
    assert [entry["event"] for entry in told] == [
        "planned", "delegate_named", "delegate_gone", "unpinned", "move", "cancel",
    ]  # fmt: skip


async def test_absences_are_noted_by_who_they_concern(http: Http, market: Market) -> None:
    who, url = await people(http, market), fair_url(market)
    slots = [str(slot.id) for slot in market.hall.slots[:2]]
    own = {"party_id": str(market.pairs[0].organization.id), "slot_ids": slots}
    noted = await who["supplier"].post(f"{url}/absences", json=own)
    assert (noted.status_code, len(noted.json())) == (201, 2)
    assert (await who["rival"].post(f"{url}/absences", json=own)).status_code == 403
    refused = await who["supplier"].post(f"{url}/meetings", json=seat_of(market))
    assert [p["code"] for p in refused.json()["problems"]] == ["organization_away"]
    street = {"party_id": str(market.pairs[0].project.buyer_id), "slot_ids": slots[:1]}
    assert (await who["street"].post(f"{url}/absences", json=street)).status_code == 201
    seen = {
        name: len((await who[name].get(f"{url}/absences")).json())
        for name in ("operator", "supplier", "rival", "street")
    }
    assert seen == {"operator": 3, "supplier": 2, "rival": 0, "street": 1}
    gone = f"{url}/absences/{noted.json()[0]['id']}"
    assert (await who["rival"].delete(gone)).status_code == 404
    assert (await who["supplier"].delete(gone)).status_code == 204
    assert (await who["supplier"].post(f"{url}/meetings", json=seat_of(market, table=1))).status_code == 409
    assert len((await who["operator"].get(f"{url}/absences")).json()) == 2


async def test_a_plan_is_asked_for_and_followed_by_who_runs_the_hall(http: Http, market: Market) -> None:
    who, url = await people(http, market), fair_url(market)
    asked = await who["operator"].post(f"{url}/timetable-plans", json={"time_limit": 5})
    assert (asked.status_code, asked.json()["job"]["state"]) == (202, "queued")
    assert (await who["operator"].get(asked.headers["Location"])).json()["stored_at"] is None
    assert len((await who["operator"].get(f"{url}/timetable-plans")).json()["items"]) == 1
    for name in ("supplier", "street"):
        assert (await who[name].post(f"{url}/timetable-plans", json={})).status_code == 403
        assert (await who[name].get(asked.headers["Location"])).status_code == 404
        assert (await who[name].get(f"{url}/timetable-plans")).status_code == 403


async def test_each_side_prints_its_own_order_and_the_hall_everybodys(
    http: Http, market: Market, session: AsyncSession
) -> None:
    await plan(session, market.hall)
    await session.flush()
    who, url = await people(http, market), fair_url(market)
    own = (await who["supplier"].get(f"{url}/meetings")).json()["items"]
    assert [m["organization_id"] for m in own] == [str(market.pairs[0].organization.id)]
    assert len((await who["street"].get(f"{url}/meetings")).json()["items"]) == 2
    assert (await who["public"].get(f"{url}/meetings")).status_code == 401
    everything = (await who["operator"].get(f"{url}/running-order")).json()
    assert everything["code"] == "table_or_party_required"
    rival = {"party": str(market.pairs[1].organization.id)}
    assert (await who["supplier"].get(f"{url}/running-order", params=rival)).json()["items"] == []
    at_table = (await who["operator"].get(f"{url}/running-order", params={"table": "T-01"})).json()["items"]
    assert [line["time"] for line in at_table] == ["09:00–09:08", "09:10–09:18"]
    sheet = await who["operator"].get(
        f"{url}/running-order", params={"party": str(market.pairs[0].project.buyer_id), "format": "xlsx"}
    )
    rows = list(load_workbook(io.BytesIO(sheet.content)).active.values)
    assert rows[0] == ("day", "time", "table", "buyer", "organization", "project", "number", "state")
    assert [row[4] for row in rows[1:]] == [line["organization"] for line in at_table]
    tomorrow = {"day": market.hall.fair.closes_on.isoformat()}
    assert (await who["operator"].get(f"{url}/meetings", params=tomorrow)).json()["items"] == []


@pytest.mark.parametrize("organizations", [1, 6])
async def test_a_list_of_meetings_costs_the_same_whatever_its_length(
    http: Http, session: AsyncSession, organizations: int
) -> None:
    market = await make_waiting(session, organizations=organizations, slots=6)
    await plan(session, market.hall)
    await session.flush()
    operator = await http(Role.FAIR_OPERATOR, area=actors.CITY)
    with counting() as sent:
        found = await operator.get(f"{fair_url(market)}/meetings")
    assert len(found.json()["items"]) == organizations
    assert len(sent) == 5, sent.texts


async def test_what_a_seat_costs(http: Http, market: Market) -> None:
    """Measured, so that nobody makes it dearer unawares."""
    who, url = await people(http, market), fair_url(market)
    with counting() as sent:
        taken = await who["supplier"].post(f"{url}/meetings", json=seat_of(market))
    assert taken.status_code == 201
    assert len(sent) == 18, sent.texts


async def test_the_operator_reads_no_offer_with_a_seat(
    http: Http, market: Market, session: AsyncSession
) -> None:
    await seated(session, market)
    operator = (await people(http, market))["operator"]
    found = (await operator.get(f"{fair_url(market)}/meetings")).text
    assert market.intents[0].number in found
    assert market.intents[0].message not in found
    assert "20000" not in found
    assert (await operator.get(f"/api/v1/intents/{market.intents[0].number}")).status_code == 404
