"""Projects over HTTP: who sees and does what, conditions, search, files, and how many statements it takes."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.funding.models import FundingLine
from app.identity.roles import Role
from app.kernel.actor import machine
from app.projects import service
from app.projects.models import Project
from tests.factories import actors
from tests.factories.projects import make_project, project_draft
from tests.factories.statements import counting

Http = Callable[..., Awaitable[httpx.AsyncClient]]
PROJECTS = "/api/v1/projects"
CLERK = machine("test")

DRAFT: dict[str, Any] = {
    "title": "失智老人家庭照护者喘息支持项目",
    "description": "摸排疑似失智老人家庭，提供每周一次日间喘息照料、照护技能培训和照护者互助小组。",
    "category": "elderly_care",
    "target_groups": ["disabled_elderly"],
    "district": "玄武",
    "street": "锁金村街道办事处",
    "community": "银杏里社区",
    "buyer": "南京市玄武区锁金村街道办事处",
    "procuring_entity": "银杏里社区居民委员会",
    "contact_name": "程岚",
    "contact_phone": "13800000001",
    "budget_yuan": "30000.00",
    "funding_parts": [{"source": "street_fiscal", "amount_yuan": "30000"}],
    "period_months": 10,
    "outputs": [{"indicator": "喘息照料", "target": "400", "unit": "contact"}],
}


async def publish(session: AsyncSession, *projects: Project) -> None:
    for act in (service.submit_many, service.admit_many, service.publish_many):
        assert set((await act(session, CLERK, projects)).values()) == {None}


async def move(client: httpx.AsyncClient, number: str, event: str, **more: Any) -> httpx.Response:
    return await client.post(f"{PROJECTS}/{number}/transitions", json={"event": event, **more})


@pytest.fixture
async def street(http: Http) -> httpx.AsyncClient:
    return await http(Role.STREET, area=actors.SUOJINCUN)


@pytest.fixture
async def district(http: Http) -> httpx.AsyncClient:
    return await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)


async def test_a_street_posts_a_project_and_its_district_publishes_it(
    street: httpx.AsyncClient, district: httpx.AsyncClient, http: Http, line: FundingLine
) -> None:
    made = await street.post(PROJECTS, json=DRAFT)
    assert made.status_code == 201, made.text
    body = made.json()
    number = body["number"]
    assert (body["budget_yuan"], body["street"], body["community"]) == (
        "30000.00",
        "锁金村街道",
        "银杏里社区",
    )
    assert body["procuring_entity"]["name"] == "银杏里社区居民委员会"
    public = await http()
    assert (await public.get(f"{PROJECTS}/{number}")).status_code == 404
    for client, event in (
        (street, "submit"),
        (district, "start_review"),
        (district, "approve"),
        (district, "publish"),
    ):
        answer = await move(client, number, event)
        assert answer.status_code == 200, answer.text
    seen = (await public.get(f"{PROJECTS}/{number}")).json()
    assert (seen["state"], seen["contact_phone"], seen["contacts_shown"]) == (
        "published",
        "138****0001",
        False,
    )
    history = (await public.get(f"{PROJECTS}/{number}/history")).json()["items"]
    assert [entry["event"] for entry in history if entry["to_state"]] == ["publish"]
    assert history[0]["actor"] == "person", "the public is not told names"


async def test_everybody_is_answered_by_what_it_may_see_and_do(
    street: httpx.AsyncClient, http: Http, session: AsyncSession, line: FundingLine
) -> None:
    draft, public = await make_project(session), await make_project(session)
    await publish(session, public)
    outside = [
        await http(Role.STREET, area=actors.GULOU),
        await http(Role.DISTRICT_BUREAU, area=actors.GULOU),
        await http(Role.ORGANIZATION, party=draft.id),
        await http(Role.FAIR_OPERATOR, area=actors.CITY),
        await http(Role.ADMINISTRATOR),
        await http(),
    ]
    for client in outside:
        assert (await client.get(f"{PROJECTS}/{draft.number}")).status_code == 404
        assert (await client.get(f"{PROJECTS}/{public.number}")).status_code == 200
        listed = [row["number"] for row in (await client.get(PROJECTS)).json()["items"]]
        assert listed == [public.number]
    for client in outside[:-1]:
        assert (await move(client, draft.number, "submit")).status_code == 404
        assert (await move(client, public.number, "withdraw", note="不办了")).status_code == 403
    inside = (await http(Role.AUDITOR), street, await http(Role.COMMUNITY, area=actors.SUOJINCUN))
    for client in inside:
        assert (await client.get(f"{PROJECTS}/{draft.number}")).status_code == 200
    assert (await move(inside[0], draft.number, "submit")).status_code == 403, "an auditor only reads"
    assert (await outside[-1].post(PROJECTS, json=DRAFT)).status_code == 401
    assert (await outside[0].post(PROJECTS, json=DRAFT)).status_code == 403


async def test_a_changed_draft_needs_the_version_that_was_read(
    street: httpx.AsyncClient, line: FundingLine
) -> None:
    made = await street.post(PROJECTS, json=DRAFT)
    where, etag = f"{PROJECTS}/{made.json()['number']}", made.headers["etag"]
    assert (await street.patch(where, json={"title": "夜间巡访项目"})).status_code == 428
    changed = await street.patch(where, json={"title": "夜间巡访项目"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["title"]) == (200, "夜间巡访项目")
    assert changed.json()["description"] == DRAFT["description"], "what is not sent stays"
    stale = await street.patch(where, json={"title": "另一个名称"}, headers={"If-Match": etag})
    assert stale.status_code == 412
    again = await street.get(where)
    unchanged = await street.get(where, headers={"If-None-Match": again.headers["etag"]})
    assert unchanged.status_code == 304
    late = await street.post(f"{where}/transitions", json={"event": "submit"}, headers={"If-Match": etag})
    assert late.status_code == 412


async def test_the_same_key_makes_one_project(street: httpx.AsyncClient, line: FundingLine) -> None:
    key = {"Idempotency-Key": "a-key-of-the-sender"}
    first, second = [await street.post(PROJECTS, json=DRAFT, headers=key) for _ in range(2)]
    assert (first.json()["id"], second.status_code) == (second.json()["id"], 201)
    other = await street.post(PROJECTS, json=DRAFT | {"title": "另一个项目"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"buyer": None}, "/"),
        ({"budget_yuan": 30000}, "/budget_yuan"),
        ({"budget_fen": 3000000}, "/budget_fen"),
        ({"category": "gardening"}, "/category"),
        ({"district": "蓬莱区"}, "/district"),
        ({"period_months": 0}, "/period_months"),
        ({"number": "a b"}, "/number"),
    ],
)
async def test_a_wrong_field_is_named(
    street: httpx.AsyncClient, line: FundingLine, wrong: dict[str, Any], pointer: str
) -> None:
    answer = await street.post(PROJECTS, json=DRAFT | wrong)
    assert answer.status_code == 422
    found = answer.json()["problems"][0]
    assert found["pointer"].rstrip("/") == pointer.rstrip("/") and found["message_zh"]


async def test_two_characters_find_a_project(http: Http, session: AsyncSession, line: FundingLine) -> None:
    found = await make_project(
        session, title="认知症照护者支持小组", description="每周一次互助小组，缓解照护压力。"
    )
    await make_project(session, title="青少年篮球训练营", description="暑期组织篮球训练与社区联赛活动。")
    client = await http(Role.STREET, area=actors.SUOJINCUN)
    for words in ("照护", "互助", "认知症 小组", found.number):
        listed = (await client.get(PROJECTS, params={"q": words})).json()["items"]
        assert [row["number"] for row in listed] == [found.number], words
    assert (await client.get(PROJECTS, params={"q": "护照"})).json()["items"] == []


async def test_a_renamed_project_is_found_by_its_new_words(
    street: httpx.AsyncClient, session: AsyncSession, line: FundingLine
) -> None:
    project = await make_project(session)
    etag = (await street.get(f"{PROJECTS}/{project.number}")).headers["etag"]
    await street.patch(
        f"{PROJECTS}/{project.number}", json={"title": "楼道议事会项目"}, headers={"If-Match": etag}
    )
    listed = (await street.get(PROJECTS, params={"q": "议事"})).json()["items"]
    assert [row["number"] for row in listed] == [project.number]


async def test_lists_are_narrowed_and_paged(http: Http, session: AsyncSession, line: FundingLine) -> None:
    cheap = await make_project(session, budget_fen=1_000_000, category="youth_development")
    dear = await make_project(session, budget_fen=9_000_000)
    elsewhere = await make_project(session, district="鼓楼区", street="宁海路街道", edition="2026")
    client = await http(Role.CITY_BUREAU, area=actors.CITY)

    async def numbers(**params: Any) -> set[str]:
        answer = await client.get(PROJECTS, params=params)
        assert answer.status_code == 200, answer.text
        return {row["number"] for row in answer.json()["items"]}

    assert await numbers(district="玄武区") == {cheap.number, dear.number}
    assert await numbers(district="鼓楼", street="宁海路") == {elsewhere.number}
    assert await numbers(category="youth_development") == {cheap.number}
    assert await numbers(budget_min="50000", budget_max="90000.00") == {dear.number}
    assert await numbers(buyer=str(cheap.buyer_id), state=["draft", "submitted"], edition="2026") == {
        cheap.number,
        dear.number,
        elsewhere.number,
    }
    assert await numbers(state="published") == set()
    first = (await client.get(PROJECTS, params={"limit": 2})).json()
    rest = (await client.get(first["links"]["next"])).json()
    assert [len(first["items"]), len(rest["items"])] == [2, 1]
    assert (await client.get(PROJECTS, params={"district": "蓬莱区"})).status_code == 422


async def test_the_same_list_leaves_as_a_file(http: Http, session: AsyncSession, line: FundingLine) -> None:
    project = await make_project(session, title="=喘息支持项目")
    client = await http(Role.STREET, area=actors.SUOJINCUN)
    sheet = await client.get(PROJECTS, params={"format": "csv"})
    text = sheet.content.decode("utf-8-sig")
    assert project.number in text and "30000.00" in text
    assert "'=喘息支持项目" in text, "no spreadsheet runs a title"
    book = await client.get(PROJECTS, params={"format": "xlsx"})
    assert book.content[:2] == b"PK"


@pytest.mark.parametrize("rows", [1, 30])
async def test_a_list_takes_as_many_statements_for_thirty_rows_as_for_one(
    http: Http, session: AsyncSession, line: FundingLine, rows: int
) -> None:
    await service.create_many(session, CLERK, [project_draft() for _ in range(rows)])
    client = await http(Role.STREET, area=actors.SUOJINCUN)
    with counting() as counted:
        listed = (await client.get(PROJECTS, params={"q": "照护"})).json()["items"]
    assert len(listed) == rows
    assert len(counted) == 4, counted.texts


async def test_what_you_may_do_is_listed_with_what_stands_in_the_way(
    street: httpx.AsyncClient, district: httpx.AsyncClient, session: AsyncSession, line: FundingLine
) -> None:
    project = await make_project(session, description="太短")
    found = (await street.get(f"{PROJECTS}/{project.number}/transitions")).json()
    choices = {item["event"]: item for item in found["items"]}
    assert set(choices) == {"submit", "withdraw"}
    assert not choices["submit"]["allowed"] and choices["withdraw"]["allowed"]
    assert choices["submit"]["problems"][0]["pointer"] == "/description"
    ready = await make_project(session)
    await publish(session, ready)
    found = (await district.get(f"{PROJECTS}/{ready.number}/transitions")).json()
    assert found["links"] == {"intents": f"/api/v1/intents?project={ready.number}"}
    refused = await move(district, ready.number, "award")
    assert (refused.status_code, refused.json()["code"]) == (409, "moved_by_its_owner")
    unknown = await move(district, ready.number, "fly")
    possible = {"open_talks", "declare_unsuccessful", "withdraw"}
    assert set(unknown.json()["problems"][0]["values"]["possible"]) == possible


async def test_a_bureau_moves_many_at_once_and_reads_what_became_of_each(
    street: httpx.AsyncClient, district: httpx.AsyncClient, session: AsyncSession, line: FundingLine
) -> None:
    good = [await make_project(session, budget_fen=2_000_000, funding_parts=[{"source": "street_fiscal", "amount_fen": 2_000_000}]) for _ in range(3)]  # fmt: skip
    bad = await make_project(session, description="太短")
    everything = {"filter": {"edition": "2026", "district": "玄武区"}}
    bulk = f"{PROJECTS}/bulk-transitions"
    answer = (await street.post(bulk, json={"event": "submit", **everything})).json()
    assert (len(answer["moved"]), list(answer["refused"])) == (3, [bad.number])
    assert answer["refused"][bad.number][0]["code"] == "description_length"
    ids = [str(project.id) for project in good]
    for event in ("admit", "publish"):
        answer = (await district.post(bulk, json={"event": event, "ids": ids})).json()
        assert len(answer["moved"]) == 3, answer
    stranger = "00000000-0000-7000-8000-000000000000"
    answer = (
        await street.post(bulk, json={"event": "withdraw", "note": "x", "ids": [*ids, stranger]})
    ).json()
    assert {items[0]["code"] for items in answer["refused"].values()} == {"not_you"}
    assert answer["not_found"] == [stranger]
    assert (await street.post(bulk, json={"event": "submit"})).status_code == 422


async def test_a_project_is_split_into_lots(street: httpx.AsyncClient, line: FundingLine) -> None:
    number = (await street.post(PROJECTS, json=DRAFT)).json()["number"]
    lots = [{"title": "日间喘息包", "budget_yuan": "10000"}, {"title": "夜间巡访包", "budget_yuan": "20000"}]
    answer = await street.post(f"{PROJECTS}/{number}/lots", json=lots)
    assert answer.status_code == 201, answer.text
    assert [lot["name"] for lot in answer.json()["lots"]] == [f"{number}-L1", f"{number}-L2"]
    listed = (await street.get(PROJECTS, params={"parent": answer.json()["id"]})).json()["items"]
    assert {row["budget_yuan"] for row in listed} == {"10000.00", "20000.00"}
