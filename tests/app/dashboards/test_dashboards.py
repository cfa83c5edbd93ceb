"""What the director sees: every figure answers, within what the reader may see, and from one moment."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from app.dashboards.outcomes import ALL
from app.editions import service as editions
from app.editions.schemas import EditionDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import machine
from app.projects import service as projects
from app.projects.schemas import ProjectDraft
from tests.conftest import Http

FAIR = "/api/v1/dashboards/fair"


async def posted(
    session: AsyncSession, count: int = 1, district: str = "玄武区", street: str = "锁金村街道"
) -> None:
    today = clock.today()
    draft = EditionDraft(
        code="2098",
        name="测试届",
        ordinal=98,
        call_opens_on=today,
        call_closes_on=today + timedelta(days=30),
        fair_opens_on=today,
        fair_closes_on=today,
    )
    if not await _known(session):
        await editions.create(session, machine("test"), draft)
    drafts = [
        ProjectDraft.model_validate(
            {
                "edition": "2098",
                "title": f"独居老人助餐 {n}",
                "buyer": f"南京市{district}{street}办事处",
                "district": district,
                "street": street,
                "category": "elderly_care",
                "budget_yuan": "30000.00",
            }
        )
        for n in range(count)
    ]
    await projects.create_many(session, machine("test"), drafts)


async def _known(session: AsyncSession) -> bool:
    from app.kernel.errors import NotFound

    try:
        await editions.get(session, "2098")
    except NotFound:
        return False
    return True


async def test_every_figure_answers_on_an_empty_fair(http: Http) -> None:
    bureau = await http(Role.CITY_BUREAU, area="3201")
    answer = await bureau.get(FAIR, params={"edition": "1999"})
    assert answer.status_code == 200, answer.text
    figures = {figure["slug"]: figure for figure in answer.json()["figures"]}
    assert set(figures) == {figure.slug for figure in ALL}
    assert figures["projects"]["value"] == "0"
    assert figures["signing_rate"]["value"] is None, "a rate of nothing is no number"
    assert answer.json()["as_of"].endswith("+08:00")


async def test_each_reader_counts_what_it_may_see(session: AsyncSession, http: Http) -> None:
    await posted(session, 3)
    await posted(session, 2, "鼓楼区", "湖南路街道")

    async def count(role: Role | None, area: str = "") -> str:
        client = await http(role, area=area)
        figures = (await client.get(FAIR, params={"edition": "2098"})).json()["figures"]
        return str(next(figure["value"] for figure in figures if figure["slug"] == "projects"))

    assert await count(Role.CITY_BUREAU, "3201") == "5"
    assert await count(Role.DISTRICT_BUREAU, "3201/320102") == "3"
    assert await count(Role.DISTRICT_BUREAU, "3201/320115") == "0"
    assert await count(None) == "0", "drafts are nobody else's business"


async def test_a_breakdown_adds_up_to_the_whole(session: AsyncSession, http: Http) -> None:
    await posted(session, 3)
    await posted(session, 2, "鼓楼区", "湖南路街道")
    bureau = await http(Role.CITY_BUREAU, area="3201")
    for by in ("district", "street", "category"):
        query = {"edition": "2098", "by": by, "figure": ["projects"]}
        bars = (await bureau.get("/api/v1/dashboards/breakdown", params=query)).json()["bars"]
        assert sum(int(bar["figures"][0]["value"]) for bar in bars) == 5
        assert all(bar["label_zh"] for bar in bars)


async def test_filters_narrow_and_every_number_leads_to_its_list(session: AsyncSession, http: Http) -> None:
    await posted(session, 3)
    bureau = await http(Role.CITY_BUREAU, area="3201")
    wide = {"edition": "2098", "area": "3201/320102", "category": "elderly_care"}
    found = (await bureau.get(FAIR, params=wide)).json()
    assert found["states"] == {"draft": 3}
    assert found["figures"][0]["href"].startswith("/api/v1/projects?edition=2098")
    none = (await bureau.get(FAIR, params=wide | {"category": "other"})).json()
    assert none["figures"][0]["value"] == "0"
