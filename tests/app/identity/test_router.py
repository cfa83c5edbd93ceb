"""Signing in, and what an account may do."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import service
from app.identity.roles import Role
from app.identity.schemas import AccountDraft
from app.kernel.actor import machine
from tests.conftest import Http
from tests.factories import actors

CLERK = {
    "name": "suojincun.clerk",
    "label": "锁金村街道社工科",
    "password": "correct horse battery",
    "grants": [{"role": "street", "area_path": actors.SUOJINCUN}],
}


async def test_an_administrator_opens_an_account_that_can_then_sign_in_and_out(http: Http) -> None:
    administrator, visitor = await http(Role.ADMINISTRATOR), await http()
    opened = await administrator.post("/api/v1/accounts", json=CLERK)
    assert opened.status_code == 201, opened.text
    assert "password" not in opened.text
    signed_in = await visitor.post(
        "/api/v1/sessions", json={"name": CLERK["name"], "password": CLERK["password"]}
    )
    assert signed_in.status_code == 201
    headers = {"Authorization": f"Bearer {signed_in.json()['token']}"}
    me = await visitor.get("/api/v1/me", headers=headers)
    assert me.json()["grants"] == [{"role": "street", "area_path": actors.SUOJINCUN, "party_id": None}]
    assert (await visitor.delete("/api/v1/sessions/current", headers=headers)).status_code == 204
    gone = await visitor.get("/api/v1/me", headers=headers)
    assert gone.status_code == 401
    assert gone.headers["www-authenticate"] == "Bearer"


async def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(
    http: Http, session: AsyncSession
) -> None:
    await service.create(session, machine("test"), AccountDraft.model_validate(CLERK))
    visitor = await http()
    answers = [
        await visitor.post("/api/v1/sessions", json={"name": name, "password": "wrong password"})
        for name in (CLERK["name"], "nobody.here")
    ]
    assert [a.status_code for a in answers] == [401, 401]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["code"] == "wrong_credentials"


async def test_only_administrators_open_accounts_and_a_visitor_is_asked_to_sign_in(http: Http) -> None:
    street, visitor = await http(Role.STREET, area=actors.SUOJINCUN), await http()
    assert (await street.post("/api/v1/accounts", json=CLERK)).status_code == 403
    assert (await street.get("/api/v1/accounts")).status_code == 403
    assert (await visitor.get("/api/v1/accounts")).status_code == 401


async def test_a_role_is_bound_to_what_it_needs_and_every_wrong_one_is_named(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    wrong = {**CLERK, "grants": [{"role": "street"}, {"role": "organization", "area_path": "3201"}]}
    refused = await administrator.post("/api/v1/accounts", json=wrong)
    assert refused.status_code == 422
    found = {(p["code"], p["pointer"]) for p in refused.json()["problems"]}
    assert found == {("grant_needs_area", "/grants/0/area_path"), ("grant_needs_party", "/grants/1/party_id")}


async def test_a_closed_account_is_out_at_once(http: Http) -> None:
    administrator, visitor = await http(Role.ADMINISTRATOR), await http()
    opened = await administrator.post("/api/v1/accounts", json=CLERK)
    sign_in = {"name": CLERK["name"], "password": CLERK["password"]}
    token = (await visitor.post("/api/v1/sessions", json=sign_in)).json()["token"]
    address = f"/api/v1/accounts/{opened.json()['id']}"
    etag = (await administrator.get(address)).headers["etag"]
    closed = await administrator.patch(address, json={"disabled": True}, headers={"If-Match": etag})
    assert closed.status_code == 200, closed.text
    assert (await visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 401
    assert (await visitor.post("/api/v1/sessions", json=sign_in)).status_code == 401


async def test_the_list_pages_without_loss_or_double(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    for number in range(5):
        await administrator.post("/api/v1/accounts", json={**CLERK, "name": f"clerk-{number}"})
    seen, address = [], "/api/v1/accounts?limit=2"
    while address:
        page = (await administrator.get(address)).json()
        seen += [account["name"] for account in page["items"]]
        address = page["links"]["next"]
    assert len(seen) == len(set(seen)) >= 6
    last = (await administrator.get("/api/v1/accounts?limit=2")).json()["links"]["next"]
    second = (await administrator.get(last)).json()
    first = (await administrator.get(second["links"]["prev"])).json()
    assert [a["name"] for a in first["items"]] == seen[:2]
