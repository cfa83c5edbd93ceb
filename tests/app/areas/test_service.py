"""Places: whatever a bureau writes leads to one row, and a community is entered once."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service
from app.areas.models import Area
from app.areas.schemas import AreaChange, CommunityDraft
from app.kernel.errors import Malformed, NotYou
from tests.factories.actors import GULOU, SUOJINCUN, city, district, street

STREETS, DISTRICTS = 140, 12


async def test_an_installation_knows_the_whole_city(session: AsyncSession) -> None:
    counted = dict((await session.execute(select(Area.level, func.count()).group_by(Area.level))).all())
    assert counted == {"city": 1, "district": DISTRICTS, "street": STREETS}
    await service.seed(session)
    assert await session.scalar(select(func.count()).select_from(Area)) == 1 + DISTRICTS + STREETS


async def test_seeding_again_mends_a_name_and_keeps_what_people_entered(session: AsyncSession) -> None:
    area = await service.get(session, "320102")
    await service.change(session, city(), area, AreaChange(population=537_000))
    area.name = "玄武县"
    await session.flush()
    await service.seed(session)
    await session.refresh(area)
    assert (area.name, area.population) == ("玄武区", 537_000)


@pytest.mark.parametrize(
    ("district_text", "street_text", "path"),
    [
        ("建邺", None, "3201/320105"),
        ("南京市建邺区", None, "3201/320105"),
        ("白下区", None, "3201/320104"),
        ("玄武区民政局", "锁金村街道办事处", SUOJINCUN),
        ("浦口区", "泰山街道", "3201/3201JB/320111001"),
    ],
)
async def test_names_as_bureaus_write_them(
    session: AsyncSession, district_text: str, street_text: str | None, path: str
) -> None:
    assert (await service.resolve(session, district_text, street_text)).path == path


async def test_a_street_of_another_district_is_refused_with_its_reason(session: AsyncSession) -> None:
    with pytest.raises(Malformed) as refused:
        await service.resolve(session, "鼓楼区", "锁金村街道")
    problem = refused.value.problems[0]
    assert (problem.code, problem.pointer) == ("street_conflict", "/street")
    assert "锁金村街道" in problem.zh


async def test_an_unknown_community_offers_its_likes_until_somebody_enters_it(session: AsyncSession) -> None:
    await service.ensure_communities(session, [(SUOJINCUN, "银杏里社区")])
    with pytest.raises(Malformed) as refused:
        await service.resolve(session, "玄武", "锁金村", "银杏里一村")
    assert refused.value.problems[0].values["candidates"] == ["银杏里社区"]
    await service.enter_community(session, street(), CommunityDraft(street_path=SUOJINCUN, name="银杏里一村"))
    found = await service.resolve(session, "玄武", "锁金村", "银杏里一村")
    assert found.parent_code == "320102007" and found.path.startswith(SUOJINCUN + "/")


async def test_two_spellings_of_a_community_are_one_place(session: AsyncSession) -> None:
    spellings = [(SUOJINCUN, "银杏里社区"), (SUOJINCUN, "银杏里居委会"), (SUOJINCUN, " 银杏里 ")]
    found = await service.ensure_communities(session, spellings)
    assert len({area.code for area in found.values()}) == 1
    assert await service.ensure_communities(session, spellings) == found


async def test_a_community_under_no_street_is_refused(session: AsyncSession) -> None:
    with pytest.raises(Malformed):
        await service.ensure_communities(session, [("3201/320102", "银杏里社区")])


async def test_only_the_bureau_above_keeps_the_population(session: AsyncSession) -> None:
    area = await service.get(session, SUOJINCUN)
    for stranger in (street(), district(GULOU)):
        with pytest.raises(NotYou):
            await service.change(session, stranger, area, AreaChange(population=1))
    await service.change(session, district(), area, AreaChange(population=30_500))
    assert area.population == 30_500
    with pytest.raises(Malformed):
        await service.change(session, district(), area, AreaChange(community_type="urban"))
