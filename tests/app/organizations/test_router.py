"""Organizations over HTTP: public profiles, the organization's own page, and the bureau's acts."""

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import machine
from app.organizations import service
from app.organizations.models import Organization
from tests.factories import actors
from tests.factories.organizations import make_organization, organization_draft
from tests.factories.statements import counting

Http = Callable[..., Awaitable[httpx.AsyncClient]]
ORGANIZATIONS = "/api/v1/organizations"

DRAFT: dict[str, Any] = {
    "name": "南京市玄武区暮云居家养老服务中心",
    "uscc": "52320102XX9900013H",
    "registration_type": "social_service_agency",
    "district": "玄武区",
    "rating": "4A",
    "rating_valid_until": "2028-12-31",
    "annual_inspection": {"2025": "passed"},
    "sw_assistant": 5,
    "sw_middle": 3,
    "business_scope": "居家养老服务；日间照料；失能失智老人照护者培训。",
    "categories": ["elderly_care"],
    "service_areas": ["玄武区", "栖霞区"],
    "contact_name": "程岚",
    "contact_phone": "13800000001",
    "preferred_budget_min_yuan": "50000",
    "preferred_budget_max_yuan": "300000",
    "capacity_max": 6,
}


@pytest.fixture
async def organization(session: AsyncSession) -> Organization:
    return await make_organization(session, name="玄武区暮云养老服务中心")


@pytest.fixture
async def bureau(http: Http) -> httpx.AsyncClient:
    return await http(Role.DISTRICT_BUREAU, area=actors.XUANWU)


async def test_a_bureau_enters_an_organization_and_the_public_reads_its_profile(
    bureau: httpx.AsyncClient, http: Http
) -> None:
    made = await bureau.post(ORGANIZATIONS, json=DRAFT)
    assert made.status_code == 201, made.text
    assert (made.json()["certified_total"], made.json()["preferred_budget_max_yuan"]) == (8, "300000.00")
    public = await http()
    for ref in (made.json()["id"], made.json()["number"], DRAFT["uscc"]):
        seen = (await public.get(f"{ORGANIZATIONS}/{ref}")).json()
        assert seen["name"] == DRAFT["name"]
    assert (seen["contact_phone"], seen["contact_name"], seen["contacts_shown"]) == (
        "138****0001",
        "程**",
        False,
    )
    assert seen["preferred_budget_max_yuan"] is None, "its own terms are its own"
    history = (await public.get(f"{ORGANIZATIONS}/{seen['number']}/history")).json()["items"]
    assert {entry["actor"] for entry in history} == {"person"}
    assert (await public.get(f"{ORGANIZATIONS}/ORG-99999")).status_code == 404


async def test_contacts_are_in_full_for_the_organization_its_officials_and_auditors(
    http: Http, organization: Organization
) -> None:
    entitled = [
        await http(Role.ORGANIZATION, party=organization.id),
        await http(Role.STREET, area=actors.SUOJINCUN),
        await http(Role.CITY_BUREAU, area=actors.CITY),
        await http(Role.AUDITOR),
    ]
    strangers = [
        await http(Role.STREET, area=actors.GULOU),
        await http(Role.FAIR_OPERATOR, area=actors.CITY),
        await http(Role.ADMINISTRATOR),
    ]
    for clients, phone in ((entitled, "13800000001"), (strangers, "138****0001")):
        for client in clients:
            seen = (await client.get(f"{ORGANIZATIONS}/{organization.number}")).json()
            listed = (await client.get(ORGANIZATIONS)).json()["items"][0]
            assert seen["contact_phone"] == listed["contact_phone"] == phone
            engagements = await client.get(f"{ORGANIZATIONS}/{organization.number}/engagements")
            assert engagements.status_code == (200 if phone == "13800000001" else 403)


async def test_the_organization_edits_its_profile_and_the_bureau_its_standing(
    http: Http, bureau: httpx.AsyncClient, organization: Organization
) -> None:
    itself = await http(Role.ORGANIZATION, party=organization.id)
    where = f"{ORGANIZATIONS}/{organization.number}"
    etag = (await itself.get(where)).headers["etag"]
    assert (await itself.patch(where, json={"capability": "新"})).status_code == 428
    changed = await itself.patch(where, json={"capability": "新增夜间巡访"}, headers={"If-Match": etag})
    assert (changed.status_code, changed.json()["capability"]) == (200, "新增夜间巡访")
    assert (await itself.patch(where, json={}, headers={"If-Match": etag})).status_code == 412
    refused = await itself.patch(where, json={"rating": "5A"}, headers={"If-Match": "*"})
    assert (refused.status_code, refused.json()["problems"][0]["pointer"]) == (422, "/rating")
    standing = {"rating": "5A", "rating_valid_until": "2031-12-31", "note": "2026 年等级评估公告"}
    assert (
        await itself.patch(f"{where}/standing", json=standing, headers={"If-Match": "*"})
    ).status_code == 403
    rated = await bureau.patch(f"{where}/standing", json=standing, headers={"If-Match": "*"})
    assert (rated.status_code, rated.json()["rating_in_force"]) == (200, "5A")
    outside = await http(Role.DISTRICT_BUREAU, area=actors.GULOU)
    assert (
        await outside.patch(f"{where}/standing", json=standing, headers={"If-Match": "*"})
    ).status_code == 403


async def test_a_listing_is_public_and_filters_the_list(
    http: Http, bureau: httpx.AsyncClient, organization: Organization, session: AsyncSession
) -> None:
    clean = await make_organization(session)
    where = f"{ORGANIZATIONS}/{organization.number}/credit-events"
    listing = {"listed": "abnormal_list", "reason": "未按时年报", "listed_on": str(clock.today())}
    outside = await http(Role.DISTRICT_BUREAU, area=actors.GULOU)
    assert (await outside.post(where, json=listing)).status_code == 403
    made = await bureau.post(where, json=listing)
    assert made.status_code == 201, made.text
    assert (await bureau.post(where, json=listing)).json()["code"] == "already_listed"
    public = await http()
    assert [event["reason"] for event in (await public.get(where)).json()] == ["未按时年报"]

    async def numbers(credit: str) -> list[str]:
        answer = await public.get(ORGANIZATIONS, params={"credit": credit})
        return [row["number"] for row in answer.json()["items"]]

    assert await numbers("abnormal_list") == [organization.number]
    assert await numbers("normal") == [clean.number]
    removal = {"removed_on": str(clock.today()), "reason": "已补报，信用修复"}
    assert (await bureau.post(f"{where}/{made.json()['id']}/removal", json=removal)).status_code == 200
    assert len(await numbers("normal")) == 2


async def test_registration_moves_by_the_bureau_with_a_reason(
    http: Http, bureau: httpx.AsyncClient, organization: Organization
) -> None:
    where = f"{ORGANIZATIONS}/{organization.number}/transitions"
    possible = (await bureau.get(where)).json()["items"]
    assert {item["event"] for item in possible} == {"cancel", "revoke"}
    itself = await http(Role.ORGANIZATION, party=organization.id)
    assert (await itself.get(where)).json()["items"] == []
    assert (await itself.post(where, json={"event": "cancel", "note": "x"})).status_code == 403
    assert (await bureau.post(where, json={"event": "cancel"})).json()["code"] == "note_required"
    gone = await bureau.post(where, json={"event": "cancel", "note": "自行申请注销"})
    assert gone.json()["registration_status"] == "cancelled"
    history = (await (await http()).get(f"{ORGANIZATIONS}/{organization.number}/history")).json()["items"]
    assert history[-1]["to_state"] == "cancelled"


async def test_outside_work_is_declared_and_ended(http: Http, organization: Organization) -> None:
    itself = await http(Role.SOCIAL_WORK_AGENCY, party=organization.id)
    where = f"{ORGANIZATIONS}/{organization.number}/engagements"
    made = await itself.post(where, json={"title": "外市助老项目", "amount_yuan": "80000"})
    assert (made.status_code, made.json()["amount_yuan"]) == (201, "80000.00")
    assert (await itself.get(f"{ORGANIZATIONS}/{organization.number}")).json()["active_engagements"] == 1
    ended = await itself.post(f"{where}/{made.json()['id']}/end", json={})
    assert ended.json()["state"] == "released"
    past = {"title": "助浴入户服务", "year": 2025, "grade": "good"}
    seen = await itself.post(f"{ORGANIZATIONS}/{organization.number}/track-record", json=past)
    assert [(record["title"], record["source"]) for record in seen.json()["track_record"]] == [
        ("助浴入户服务", "declared")
    ]


async def test_two_characters_find_an_organization_and_filters_narrow(
    http: Http, session: AsyncSession
) -> None:
    found = await make_organization(session, capability="擅长认知症照护", service_areas=["全市"])
    other = await make_organization(
        session,
        capability="青少年成长陪伴",
        business_scope="青少年事务",
        categories=["youth_development"],
        service_areas=["鼓楼区"],
        rating_valid_until="2020-01-01",
        capacity_max=0,
        district="鼓楼区",
        street=None,
    )
    client = await http()

    async def numbers(**params: Any) -> set[str]:
        answer = await client.get(ORGANIZATIONS, params=params)
        assert answer.status_code == 200, answer.text
        return {row["number"] for row in answer.json()["items"]}

    assert await numbers(q="认知") == {found.number}
    assert await numbers(q="成长") == {other.number}
    assert await numbers(q="知认") == set()
    assert await numbers(district="鼓楼") == {other.number}
    assert await numbers(serves="玄武区") == {found.number}, "a city-wide organization serves every district"
    assert await numbers(serves="鼓楼区") == {found.number, other.number}
    assert await numbers(rating="3A") == {found.number}, "an expired rating is none"
    assert await numbers(free=True) == {found.number}
    assert await numbers(category="youth_development", state="registered") == {other.number}


async def test_the_same_list_leaves_as_a_file(http: Http, organization: Organization) -> None:
    sheet = (await (await http()).get(ORGANIZATIONS, params={"format": "csv"})).content.decode("utf-8-sig")
    assert organization.number in sheet and "138****0001" in sheet and "13800000001" not in sheet
    book = await (await http()).get(ORGANIZATIONS, params={"format": "xlsx"})
    assert book.content[:2] == b"PK"


@pytest.mark.parametrize("rows", [1, 30])
async def test_a_list_takes_as_many_statements_for_thirty_rows_as_for_one(
    http: Http, session: AsyncSession, rows: int
) -> None:
    drafts = [organization_draft(active_engagements=1) for _ in range(rows)]
    await service.create_many(session, machine("test"), drafts)
    client = await http(Role.CITY_BUREAU, area=actors.CITY)
    with counting() as counted:
        listed = (await client.get(ORGANIZATIONS)).json()["items"]
    assert len(listed) == rows
    assert len(counted) == 4, counted.texts


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"uscc": "52320102XX990001OH"}, "/uscc"),
        ({"rating": "6A"}, "/rating"),
        ({"district": "蓬莱区"}, "/district"),
        ({"service_areas": ["玄武区", "蓬莱"]}, "/service_areas/1"),
        ({"registration_status": "filed"}, "/registration_status"),
        ({"last_year_income_yuan": 5}, "/last_year_income_yuan"),
    ],
)
async def test_a_wrong_field_is_named(bureau: httpx.AsyncClient, wrong: dict[str, Any], pointer: str) -> None:
    answer = await bureau.post(ORGANIZATIONS, json=DRAFT | wrong)
    assert answer.status_code == 422, answer.text
    assert answer.json()["problems"][0]["pointer"] == pointer
