"""Contracts over HTTP: from the award to the payment, the service log, documents, lists."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock, sandbox
from tests.conftest import Http
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories.statements import counting


async def after_the_notice(session: AsyncSession) -> None:
    """Let the installation's clock stand where the story stands: twenty days on, after the notice of the award."""
    await sandbox.advance(session, timedelta(days=20))
    await session.commit()


async def test_the_whole_paper_over_http(session: AsyncSession, http: Http) -> None:
    pair, award = await make.make_awarded(session)
    await session.commit()
    street = await http(Role.STREET, area=pair.project.area_path)
    supplier = await http(Role.ORGANIZATION, party=pair.organization.id)
    public = await http()

    answer = await street.post(
        "/api/v1/contracts", json={"award_id": str(award.id), "amount_yuan": "19999.99"}
    )
    assert answer.status_code == 201, answer.text
    contract = answer.json()
    url = f"/api/v1/contracts/{contract['number']}"
    assert [t["amount_yuan"] for t in contract["tranches"]] == ["9999.99", "5999.99", "4000.01"]
    assert (await public.get(url)).status_code == 404

    etag = (await street.get(url)).headers["etag"]
    assert (await street.patch(url, json={"penalty": "按日万分之五"})).status_code == 428
    changed = await street.patch(url, json={"penalty": "按日万分之五"}, headers={"If-Match": etag})
    assert changed.json()["penalty"] == "按日万分之五"
    assert (await street.patch(url, json={}, headers={"If-Match": etag})).status_code == 412

    possible = (await supplier.get(f"{url}/transitions")).json()
    assert [(p["event"], p["allowed"]) for p in possible["items"]] == [("sign", True), ("discard", True)]
    for client in (supplier, street):
        signed = await client.post(f"{url}/transitions", json={"event": "sign"})
        assert signed.status_code == 200, signed.text
    assert signed.json()["state"] == "active"
    assert (await public.get(url)).json()["state"] == "active"

    assert (
        await supplier.post(f"{url}/payments", json={"tranche_seq": 1, "voucher": "ZF-1"})
    ).status_code == 403
    early = await street.post(f"{url}/payments", json={"tranche_seq": 2, "voucher": "ZF-2"})
    assert (early.status_code, early.json()["code"]) == (409, "trigger_not_reached")
    paid = await street.post(f"{url}/payments", json={"tranche_seq": 1, "voucher": "ZF-1"})
    assert (paid.status_code, paid.json()["amount_yuan"]) == (201, "9999.99")
    started = await street.post(f"{url}/transitions", json={"event": "start"})
    assert (started.json()["state"], started.json()["paid_yuan"]) == ("in_delivery", "9999.99")

    amended = await supplier.post(f"{url}/amendments", json={"amount_yuan": "18000.00", "reason": "户数减少"})
    assert (amended.status_code, amended.json()["state"]) == (201, "proposed")
    agreed = await street.post(f"{url}/amendments/1/transitions", json={"event": "agree"})
    assert (agreed.status_code, agreed.json()["state"]) == (200, "in_force")

    terms: dict[str, Any] = {"event": "terminate", "note": "机构注销", "data": {"settlement_yuan": 9000}}
    wrong = await street.post(f"{url}/transitions", json=terms)
    assert (wrong.status_code, wrong.json()["problems"][0]["pointer"]) == (422, "/data/settlement_yuan")
    events = [entry["event"] for entry in (await public.get(f"{url}/history")).json()["items"]]
    assert events == ["conclude", "paid", "start"]


async def test_a_file_is_kept_by_its_fingerprint_and_read_by_the_sides_alone(
    session: AsyncSession, http: Http
) -> None:
    deal = await make.make_in_delivery(session)
    await session.commit()
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    stranger = await http(Role.ORGANIZATION, party=deal.contract.buyer_id)
    url = f"/api/v1/contracts/{deal.contract.number}/documents"
    content = "<script>签到表</script>".encode()
    sha256 = hashlib.sha256(content).hexdigest()
    for _ in range(2):
        answer = await supplier.post(
            url, files={"file": ("签到表.html", content, "text/html")}, data={"kind": "evidence"}
        )
        assert (answer.status_code, answer.json()["sha256"]) == (201, sha256)
    assert len((await supplier.get(url)).json()) == 1
    read = await supplier.get(f"{url}/{sha256}")
    assert read.content == content
    assert read.headers["content-disposition"].startswith("attachment")
    assert read.headers["x-content-type-options"] == "nosniff"
    assert (await stranger.get(f"{url}/{sha256}")).status_code == 403
    assert (await supplier.get(f"{url}/{'0' * 64}")).status_code == 404
    assert (await supplier.get(f"{url}/..%2Fsecret")).status_code in (404, 422)


async def test_services_are_logged_confirmed_and_counted_apart(session: AsyncSession, http: Http) -> None:
    deal = await make.make_in_delivery(session)
    await after_the_notice(session)
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    street = await http(Role.STREET, area=deal.pair.project.area_path)
    public = await http()
    url = f"/api/v1/contracts/{deal.contract.id}/services"
    entry = {
        "method": "visit",
        "served_on": clock.today().isoformat(),
        "hours": "1.5",
        "persons": 3,
        "contacts": 9,
        "place": "照护角",
    }
    answer = await supplier.post(url, json=[entry, entry | {"persons": 0}])
    assert answer.status_code == 201, answer.text
    first = answer.json()[0]["id"]
    assert (await supplier.post(f"{url}/{first}/confirmation")).status_code == 403
    assert (await street.post(f"{url}/{first}/confirmation")).json()["confirmed_at"] is not None
    totals = (await street.get(f"{url}/totals")).json()
    assert (totals["entries"], totals["persons"], totals["contacts"]) == (2, 3, 18)
    told = (await public.get(f"{url}/totals")).json()
    assert (told["persons"], told["contacts"], told["suppressed"]) == (None, 18, ["persons"])
    assert (await public.get(url)).status_code == 401
    exported = await supplier.get(f"{url}?format=csv")
    assert exported.text.count("照护角") == 2


async def test_a_wrong_entry_is_voided_with_its_reason_and_counts_no_more(
    session: AsyncSession, http: Http
) -> None:
    deal = await make.make_in_delivery(session)
    await after_the_notice(session)
    supplier = await http(Role.ORGANIZATION, party=deal.pair.organization.id)
    street = await http(Role.STREET, area=deal.pair.project.area_path)
    rival = await http(Role.ORGANIZATION, party=deal.contract.buyer_id)
    url = f"/api/v1/contracts/{deal.contract.id}/services"
    entry = {"method": "visit", "served_on": clock.today().isoformat(), "hours": "1.5", "place": "照护角"}
    counts = ({"persons": 30, "contacts": 90}, {"persons": 2, "contacts": 6}, {"persons": 1, "contacts": 1})
    logged = await supplier.post(url, json=[entry | count for count in counts])
    wrong, proven, _ = [item["id"] for item in logged.json()]
    because = {"reason": "人数误填，另行补记"}
    assert (await rival.post(f"{url}/{wrong}/voiding", json=because)).status_code == 403
    assert (await supplier.post(f"{url}/{wrong}/voiding", json={})).status_code == 422
    voided = (await supplier.post(f"{url}/{wrong}/voiding", json=because)).json()
    assert (voided["persons"], voided["voided_because"]) == (30, because["reason"])
    totals = (await street.get(f"{url}/totals")).json()
    assert (totals["entries"], totals["persons"], totals["contacts"]) == (2, 3, 7)
    shown = [item["voided_because"] for item in (await supplier.get(url)).json()["items"]]
    assert shown == [because["reason"], None, None], "nothing leaves the log"
    for act, body in (("voiding", because), ("confirmation", None)):
        again = await street.post(f"{url}/{wrong}/{act}", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "service_voided")
    # What the buyer has confirmed the supplier alone takes back no more.
    await street.post(f"{url}/{proven}/confirmation")
    assert (await supplier.post(f"{url}/{proven}/voiding", json=because)).status_code == 403
    assert (await street.post(f"{url}/{proven}/voiding", json=because)).status_code == 200
    assert (await street.get(f"{url}/totals")).json()["persons"] == 1
    with pytest.raises(DBAPIError, match="append-only"):
        async with session.begin_nested():
            await session.execute(text("DELETE FROM service_log_voidings"))


async def test_lists_filter_and_cost_the_same_for_one_and_for_many(session: AsyncSession, http: Http) -> None:
    deals = []
    for _ in range(3):
        clock.settle(timedelta())
        deals.append(await make.make_signed(session))
    clock.settle(timedelta())
    drafted = await make.make_drafted(session)
    await session.commit()
    public = await http()
    costs = []
    for limit in (1, 3):
        with counting() as sent:
            page = (await public.get(f"/api/v1/contracts?limit={limit}")).json()
        assert len(page["items"]) == limit
        costs.append(len(sent))
    assert costs == [4, 4]
    assert drafted.contract.number not in str(page)
    found = (await public.get("/api/v1/contracts", params={"q": deals[0].pair.organization.name})).json()[
        "items"
    ]
    assert [item["number"] for item in found] == [deals[0].contract.number]
    none = await public.get("/api/v1/contracts", params={"state": "closed", "area": actors.SUOJINCUN})
    assert none.json()["items"] == []
