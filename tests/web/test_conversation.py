"""How the service answers whatever is asked: conditions, repeats, mistakes, lists."""

import asyncio
from pathlib import Path

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import Message, Receive, Scope, Send

from app.identity import service as identity
from app.identity.roles import Role
from app.identity.schemas import AccountDraft, GrantDraft
from app.kernel.actor import machine
from app.kernel.database import Database
from app.main import ROUTERS, create_app
from app.settings import Settings
from app.web.idempotency import is_secret
from app.web.session import UnitOfWork
from tests.conftest import Http

DRAFT = {"name": "some.clerk", "label": "某街道", "grants": [{"role": "street", "area_path": "3201/320102"}]}


async def test_an_unchanged_thing_is_not_sent_again(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    address = f"/api/v1/accounts/{(await administrator.post('/api/v1/accounts', json=DRAFT)).json()['id']}"
    first = await administrator.get(address)
    again = await administrator.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_an_update_needs_the_version_it_was_made_from(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    address = f"/api/v1/accounts/{(await administrator.post('/api/v1/accounts', json=DRAFT)).json()['id']}"
    etag = (await administrator.get(address)).headers["etag"]
    assert (await administrator.patch(address, json={"label": "甲"})).status_code == 428
    changed = await administrator.patch(address, json={"label": "甲"}, headers={"If-Match": etag})
    assert changed.status_code == 200
    stale = await administrator.patch(address, json={"label": "乙"}, headers={"If-Match": etag})
    assert (stale.status_code, stale.json()["code"]) == (412, "stale")
    fresh = await administrator.patch(
        address, json={"label": "乙"}, headers={"If-Match": changed.headers["etag"]}
    )
    assert fresh.json()["label"] == "乙"


async def test_a_repeated_request_is_done_once_and_answered_alike(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    key = {"Idempotency-Key": "one-and-the-same"}
    first = await administrator.post("/api/v1/accounts", json=DRAFT, headers=key)
    again = await administrator.post("/api/v1/accounts", json=DRAFT, headers=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert again.headers["idempotency-replayed"] == "true"
    other = await administrator.post("/api/v1/accounts", json={**DRAFT, "name": "other.clerk"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_refused_request_is_not_remembered(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    key = {"Idempotency-Key": "mend-and-repeat"}
    wrong = {**DRAFT, "grants": [{"role": "street"}]}
    assert (await administrator.post("/api/v1/accounts", json=wrong, headers=key)).status_code == 422
    assert (await administrator.post("/api/v1/accounts", json=DRAFT, headers=key)).status_code == 201


async def test_the_answer_that_shows_a_secret_is_kept_nowhere(http: Http, session: AsyncSession) -> None:
    administrator, visitor = await http(Role.ADMINISTRATOR), await http()
    await administrator.post("/api/v1/accounts", json={**DRAFT, "password": "a long password"})
    asked = {
        "json": {"name": DRAFT["name"], "password": "a long password"},
        "headers": {"Idempotency-Key": "in"},
    }
    token = (await visitor.post("/api/v1/sessions", **asked)).json()["token"]
    again = await visitor.post("/api/v1/sessions", **asked)
    assert (again.status_code, again.json()["code"]) == (409, "answer_not_kept")
    kept = (await session.execute(text("SELECT body, headers::text FROM idempotent_answers"))).all()
    assert [row.body for row in kept] == [None] and token not in str(kept)
    # Said once, it opens the door; and another body under the same key is another request.
    assert (await visitor.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})).status_code == 200
    other = {"name": DRAFT["name"], "password": "another password"}
    answer = await visitor.post("/api/v1/sessions", json=other, headers=asked["headers"])
    assert answer.json()["code"] == "idempotency_key_reused"


def test_every_answer_with_a_secret_is_marked() -> None:
    """By their schemas: a token or a receipt in an answer is a secret."""
    shown = {"token", "tokens", "receipt"}
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, UnitOfWork)]
    assert len(routes) > 100
    for route in routes:
        fields = set(getattr(route.response_model, "model_fields", {}))
        assert bool(fields & shown) == is_secret(route.endpoint), route.path


async def test_every_wrong_field_is_named_in_two_languages(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    answer = await administrator.post(
        "/api/v1/accounts", json={"name": "Ä", "grants": [{"role": "king"}], "x": 1}
    )
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problems = {p["pointer"]: p for p in answer.json()["problems"]}
    assert set(problems) == {"/name", "/label", "/grants/0/role", "/x"}
    assert all(p["message_zh"] and p["message_en"] and p["code"] for p in problems.values())


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [("GET", "/api/v1/nothing", 404), ("PUT", "/api/v1/me", 405), ("GET", "/api/v1/jobs/not-a-uuid", 422)],
)
async def test_the_frameworks_own_refusals_speak_the_same_language(
    http: Http, method: str, address: str, status: int
) -> None:
    answer = await (await http(Role.AUDITOR)).request(method, address)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"code", "title", "detail", "problems"} <= answer.json().keys()


async def test_what_is_no_json_gets_a_clear_answer(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    for content, kind in ((b"{", "application/json"), (b"a=b", "text/plain"), (b"\xff", "application/json")):
        answer = await administrator.post("/api/v1/accounts", content=content, headers={"Content-Type": kind})
        assert answer.status_code in (400, 422), (content, answer.text)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_text_the_database_cannot_store_is_the_senders_mistake(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    answer = await administrator.post("/api/v1/accounts", json={**DRAFT, "label": "a\x00b"})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_text")


@pytest.mark.parametrize("cursor", ["x", "AAAA", "é", "a" * 5000])
async def test_a_made_up_cursor_is_refused(http: Http, cursor: str) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    answer = await administrator.get("/api/v1/accounts", params={"cursor": cursor})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor")


async def test_a_cursor_of_one_list_does_not_open_another(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    await administrator.post("/api/v1/accounts", json=DRAFT)
    first = (await administrator.get("/api/v1/accounts?limit=1")).json()
    other = first["links"]["next"].replace("limit=1", "limit=1&format=json")
    assert (await administrator.get(other)).status_code == 422


async def test_a_list_leaves_as_a_spreadsheet_that_runs_nothing(http: Http) -> None:
    administrator = await http(Role.ADMINISTRATOR)
    await administrator.post("/api/v1/accounts", json={**DRAFT, "label": '=HYPERLINK("http://x")'})
    answer = await administrator.get("/api/v1/accounts?format=csv")
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "'=HYPERLINK" in answer.text
    book = await administrator.get("/api/v1/accounts?format=xlsx")
    assert book.content[:2] == b"PK"


async def test_a_caller_who_rushes_is_told_when_to_come_back(tmp_path: Path, database: Database) -> None:
    application = create_app(
        Settings(data=tmp_path, given_secret="only for the tests", rate_limit_per_minute=3), database
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://x") as client:
        answers = [await client.get("/api/v1/me") for _ in range(4)]
        assert [a.status_code for a in answers] == [200, 200, 200, 429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert (await client.get("/healthz")).status_code == 200


async def test_ready_means_the_schema_is_current(http: Http) -> None:
    visitor = await http()
    assert (await visitor.get("/readyz")).json() == {"status": "ok", "database": True, "schema_current": True}
    assert (await visitor.get("/healthz")).json()["status"] == "ok"
    assert "sheqia_journal_seal_lag_seconds" in (await visitor.get("/metrics")).text


async def test_the_change_is_committed_before_the_answer_arrives(
    committed: Database, settings: Settings
) -> None:
    """Whoever has its 201 in hand can rely on it, whatever happens to the server next."""
    application = create_app(settings, committed)
    async with committed.writing() as session:
        draft = AccountDraft(
            name="root.admin", label="x", grants=[GrantDraft(role=Role.ADMINISTRATOR, area_path="")]
        )
        account = await identity.create(session, machine("test"), draft)
        token, _ = await identity.issue_token(session, account.id, "test", days=1)
    seen_at_answer: list[bool] = []

    async def spy(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_spied(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 201:
                async with committed.reading() as session:
                    from app.identity.repository import account_named

                    seen_at_answer.append(await account_named(session, "some.clerk") is not None)
            await send(message)

        await application(scope, receive, send_spied)

    transport = httpx.ASGITransport(spy)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        answer = await client.post(
            "/api/v1/accounts", json=DRAFT, headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 201
    assert seen_at_answer == [True]


async def test_one_key_sent_twice_at_once_is_done_once(committed: Database, settings: Settings) -> None:
    application = create_app(settings, committed)
    async with committed.writing() as session:
        draft = AccountDraft(
            name="root.admin", label="x", grants=[GrantDraft(role=Role.ADMINISTRATOR, area_path="")]
        )
        account = await identity.create(session, machine("test"), draft)
        token, _ = await identity.issue_token(session, account.id, "test", days=1)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "twice"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://x") as client:
        answers = await asyncio.gather(
            *(client.post("/api/v1/accounts", json=DRAFT, headers=headers) for _ in range(10))
        )
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.json()["id"] for a in answers if a.status_code == 201}) == 1
    assert all(a.json()["code"] == "idempotency_in_flight" for a in answers if a.status_code == 409)
