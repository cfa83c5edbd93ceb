"""Money over HTTP: strings of yuan, the area's own books, and a proof for who may read them all."""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category
from app.funding import service
from app.funding.service import Part
from app.identity.roles import Role
from app.kernel.database import BorrowedDatabase
from app.kernel.ids import uuid7
from tests.conftest import Http
from tests.factories.actors import CITY, GULOU, SUOJINCUN, XUANWU
from tests.factories.editions import make_edition
from tests.factories.funding import CLERK, yuan

SOURCE = {
    "year": 2026,
    "source": "lottery_fund",
    "name": "2026年市级福彩公益金",
    "area_path": CITY,
    "amount_yuan": "1000000.00",
    "earmark_categories": ["elderly_care"],
    "earmark_percent": 50,
}


async def _source_and_line(http: Http, session: AsyncSession) -> tuple[str, dict[str, object]]:
    await make_edition(session)
    bureau = await http(Role.CITY_BUREAU, area=CITY)
    source = (await bureau.post("/api/v1/funding/sources", json=SOURCE)).json()["id"]
    draft = {
        "source_id": source,
        "edition_code": "2026",
        "area_path": XUANWU,
        "name": "玄武区社洽会专项",
        "amount_yuan": "200000.00",
    }
    made = await bureau.post("/api/v1/funding/lines", json=draft)
    assert made.status_code == 201, made.text
    return source, made.json()


async def test_money_is_a_string_of_yuan_and_nothing_else(http: Http, session: AsyncSession) -> None:
    bureau = await http(Role.CITY_BUREAU, area=CITY)
    for wrong in (1000000, "一百万", "-5.00", "0.001"):
        refused = await bureau.post("/api/v1/funding/sources", json=SOURCE | {"amount_yuan": wrong})
        assert (refused.status_code, refused.json()["problems"][0]["pointer"]) == (422, "/amount_yuan")
    unlawful = await bureau.post("/api/v1/funding/sources", json=SOURCE | {"earmark_percent": 40})
    assert (unlawful.status_code, unlawful.json()["code"]) == (422, "lottery_serves_the_elderly")


async def test_a_line_shows_what_is_free_and_who_may_see_it(http: Http, session: AsyncSession) -> None:
    source, line = await _source_and_line(http, session)
    assert (line["number"], line["free_yuan"]) == ("NJ2026-ZJ-0001", "200000.00")
    for amount, area in ((50_000, SUOJINCUN), (30_000, f"{XUANWU}/320102002")):
        part = Part(UUID(str(line["id"])), yuan(amount), Category.ELDERLY_CARE, area)
        await service.allocate(session, CLERK, uuid7(), [part])
    ours, theirs = await http(Role.STREET, area=SUOJINCUN), await http(Role.STREET, area=GULOU)
    url = "/api/v1/funding/lines/NJ2026-ZJ-0001"
    assert (await ours.get(url)).json()["committed_yuan"] == "80000.00"
    allocated = (await ours.get(f"{url}/allocations")).json()["items"]
    assert [each["amount_yuan"] for each in allocated] == ["50000.00"]
    assert (await theirs.get(url)).status_code == 404
    assert (await theirs.get("/api/v1/funding/lines")).json()["items"] == []
    supplier = await http(Role.ORGANIZATION, party=uuid7())
    assert (await supplier.get("/api/v1/funding/lines")).json()["items"] == []
    seen = (await (await http(Role.AUDITOR)).get(f"/api/v1/funding/sources/{source}")).json()
    assert (seen["lines_yuan"], seen["committed_yuan"]) == ("200000.00", "80000.00")


async def test_a_line_is_resized_with_the_version_it_was_read_at(http: Http, session: AsyncSession) -> None:
    await _source_and_line(http, session)
    bureau, district = await http(Role.CITY_BUREAU, area=CITY), await http(Role.DISTRICT_BUREAU, area=GULOU)
    url = "/api/v1/funding/lines/NJ2026-ZJ-0001"
    fresh = {"If-Match": (await bureau.get(url)).headers["ETag"]}
    assert (await district.patch(url, json={"closed": True}, headers=fresh)).status_code == 404
    assert (await bureau.patch(url, json={"closed": True})).status_code == 428
    too_much = await bureau.patch(url, json={"amount_yuan": "1000000.01"}, headers=fresh)
    assert (too_much.status_code, too_much.json()["code"]) == (409, "source_overdrawn")
    resized = await bureau.patch(url, json={"amount_yuan": "999999.99"}, headers=fresh)
    assert resized.json()["amount_yuan"] == "999999.99"
    assert (await bureau.patch(url, json={"closed": True}, headers=fresh)).status_code == 412
    assert (await bureau.get("/api/v1/funding/lines", params={"open_only": True})).json()["items"]


async def test_the_books_of_an_area_and_their_proof(
    http: Http, session: AsyncSession, database: BorrowedDatabase
) -> None:
    project = uuid7()
    for measure, amount in (("offered", 500), ("contracted", 480), ("paid", 240)):
        await service.post(
            session,
            CLERK,
            measure,
            project_id=project,
            amount_fen=yuan(amount),
            reference=measure,
            area_path=SUOJINCUN,
        )
    ours, theirs = await http(Role.STREET, area=SUOJINCUN), await http(Role.STREET, area=GULOU)
    entries = (await ours.get("/api/v1/funding/ledger", params={"project_id": str(project)})).json()["items"]
    assert [(each["measure"], each["balance_yuan"]) for each in entries] == [
        ("offered", "500.00"),
        ("contracted", "480.00"),
        ("paid", "240.00"),
    ]
    totals = (await ours.get("/api/v1/funding/totals")).json()
    assert (totals["contracted_yuan"], totals["paid_yuan"], totals["refunded_yuan"]) == (
        "480.00",
        "240.00",
        "0.00",
    )
    assert (await theirs.get("/api/v1/funding/totals")).json()["paid_yuan"] == "0.00"
    assert (await theirs.get("/api/v1/funding/ledger")).json()["items"] == []
    assert (await ours.get("/api/v1/funding/proof")).status_code == 403
    proof = (await (await http(Role.AUDITOR)).get("/api/v1/funding/proof")).json()
    assert (proof["holds"], proof["entries"], proof["problems"]) == (True, 3, [])
