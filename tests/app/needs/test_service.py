"""Needs from the resident's words to a project, an answer or a reason."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, NeedDimension, NeedOrigin, TargetGroup
from app.identity.models import Account
from app.identity.roles import Role
from app.kernel import journal
from app.kernel.actor import PUBLIC, Actor, Grant
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou
from app.kernel.ids import uuid7
from app.kernel.journal import JournalEntry
from app.needs import permissions, repository, service, surveys
from app.needs.models import Need, NeedState
from app.needs.schemas import CellChoice, NeedChange
from tests.factories.actors import GULOU, SUOJINCUN, XUANWU, city, district, official, speaking_for, street
from tests.factories.needs import make_need, need_draft, survey_draft
from tests.factories.statements import counting

COMMUNITY = official(Role.COMMUNITY, SUOJINCUN)


async def a_resident(session: AsyncSession, area: str = SUOJINCUN) -> Actor:
    account = Account(name=f"resident-{uuid7().hex}", label="居民")
    session.add(account)
    await session.flush()
    return Actor(account.id, account.label, (Grant(Role.RESIDENT, area_path=area),))


async def test_needs_are_numbered_and_each_is_written_down(session: AsyncSession) -> None:
    needs = await service.create_many(session, COMMUNITY, [need_draft(), need_draft("楼道照明不足")])
    assert [need.number[-5:] for need in needs] == ["00001", "00002"]
    events = await session.scalars(select(JournalEntry.event).where(JournalEntry.subject_id == needs[0].id))
    assert list(events) == ["collected"]


async def test_what_officials_do_with_a_need_is_not_told_to_its_neighbours(session: AsyncSession) -> None:
    need = await make_need(session)
    assert len(await journal.history(session, COMMUNITY, need.id)) == 1
    for outsider in (await a_resident(session), official(Role.FAIR_OPERATOR, SUOJINCUN), street(GULOU)):
        assert await journal.history(session, outsider, need.id) == []


async def test_nobody_collects_for_another_place_and_no_place_is_invented(session: AsyncSession) -> None:
    with pytest.raises(NotYou):
        await service.create(session, street(GULOU), need_draft())
    with pytest.raises(NotYou):
        await service.create(session, PUBLIC, need_draft())
    with pytest.raises(Malformed):
        await service.create_many(session, street(), [need_draft(), need_draft(area_path=f"{SUOJINCUN}/x")])
    assert await session.scalar(select(func.count()).select_from(Need)) == 0


async def test_who_sees_which_need(session: AsyncSession) -> None:
    resident, neighbour = await a_resident(session), await a_resident(session)
    mine = await service.create(session, resident, need_draft("我家楼道没有灯"))
    refused = await make_need(session, "想要免费停车位")
    await service.transition(session, COMMUNITY, refused, "reject", "停车位由物业统一管理", {})
    away = await make_need(session, "村里缺健身器材", area_path=GULOU)

    async def seen(actor: Actor) -> set[str]:
        return set(await session.scalars(select(Need.title).where(permissions.visible_to(actor))))

    everything = {mine.title, refused.title, away.title}
    assert await seen(COMMUNITY) == {mine.title, refused.title}
    assert await seen(district()) == {mine.title, refused.title}
    assert await seen(city()) == everything
    assert await seen(official(Role.AUDITOR, "")) == everything
    assert await seen(speaking_for(uuid7())) == {mine.title, away.title}
    assert await seen(neighbour) == {mine.title}
    assert await seen(await a_resident(session, GULOU)) == {away.title}
    assert await seen(speaking_for(uuid7(), Role.EVALUATOR)) == set()
    assert await seen(PUBLIC) == set()
    await service.transition(session, COMMUNITY, mine, "reject", "已列入今年改造", {})
    assert await seen(resident) == {mine.title}
    with pytest.raises(NotFound):
        await service.get(session, neighbour, mine.number)
    assert (await service.views(session, [mine], resident))[0].answer == "已列入今年改造"


async def test_a_project_serves_needs_and_a_need_serves_projects(session: AsyncSession) -> None:
    needs = [await make_need(session), await make_need(session, "老人想学用手机")]
    first, second = uuid7(), uuid7()
    await service.convert(session, street(), [need.id for need in needs], first)
    await service.convert(session, street(), [needs[0].id, needs[0].id], second)
    await service.convert(session, street(), [needs[0].id], second)
    assert [need.state for need in needs] == [NeedState.CONVERTED] * 2
    assert await service.projects_of(session, [need.id for need in needs]) == {
        needs[0].id: [first, second],
        needs[1].id: [first],
    }
    events = list(
        await session.scalars(
            select(JournalEntry.event)
            .where(JournalEntry.subject_id == needs[0].id)
            .order_by(JournalEntry.entry_id)
        )
    )
    assert events == ["collected", "convert", "linked"]


async def test_a_closed_need_becomes_no_project(session: AsyncSession) -> None:
    open_need, closed = await make_need(session), await make_need(session, "想要免费停车位")
    await service.transition(session, COMMUNITY, closed, "answer", "可向物业申请", {})
    with pytest.raises(NotNow) as refused:
        await service.convert(session, street(), [open_need.id, closed.id], uuid7())
    assert refused.value.code == "need_not_convertible" and closed.number in refused.value.problems[0].zh
    with pytest.raises(NotYou):
        await service.convert(session, street(GULOU), [open_need.id], uuid7())
    with pytest.raises(NotFound):
        await service.convert(session, street(), [uuid7()], uuid7())
    assert open_need.state == NeedState.COLLECTED
    assert await service.projects_of(session, [open_need.id]) == {}


async def test_by_hand_a_need_is_not_called_a_project(session: AsyncSession) -> None:
    need = await make_need(session)
    with pytest.raises(NotNow) as refused:
        await service.transition(session, COMMUNITY, need, "convert", None, {"project_id": str(uuid7())})
    assert refused.value.code == "convert_by_project"


async def test_like_needs_are_merged_and_keep_their_supporters(session: AsyncSession) -> None:
    one, other = await make_need(session), await make_need(session, "独居老人夜里没人管")
    residents = [await a_resident(session) for _ in range(3)]
    await service.support(session, residents[0], one)
    for resident in residents:
        await service.support(session, resident, other)
        await service.support(session, resident, other)
    await service.withdraw_support(session, residents[2], other)
    merged = await service.transition(session, COMMUNITY, other, "merge", None, {"into": one.number})
    assert (merged.state, merged.merged_into_id) == ("merged", one.id)
    assert (await service.views(session, [one], COMMUNITY))[0].supporters == 2
    with pytest.raises(NotNow):
        await service.support(session, residents[0], other)
    with pytest.raises(NotNow) as refused:
        await service.transition(session, COMMUNITY, one, "merge", None, {"into": other.number})
    assert refused.value.code == "merge_target_closed"


async def test_only_residents_of_the_place_second_a_need(session: AsyncSession) -> None:
    need = await make_need(session)
    for stranger in (COMMUNITY, await a_resident(session, GULOU), speaking_for(uuid7())):
        with pytest.raises(NotYou):
            await service.support(session, stranger, need)


async def test_words_change_while_a_need_is_collected_and_are_found(session: AsyncSession) -> None:
    resident = await a_resident(session)
    need = await service.create(session, resident, need_draft("我家楼道没有灯"))
    await service.change(session, resident, need, NeedChange(title="三号楼楼道照明损坏", category=None))
    assert need.category is None
    for word, found in (("照明", {need.id}), ("没有灯", set())):
        assert set(await session.scalars(select(Need.id).where(Need.found_by(word)))) == found
    with pytest.raises(NotYou):
        await service.change(session, await a_resident(session), need, NeedChange(title="别人的需求"))
    await service.transition(session, COMMUNITY, need, "answer", "已报修", {})
    with pytest.raises(NotNow):
        await service.change(session, resident, need, NeedChange(title="又坏了"))


async def test_thirty_needs_are_shown_in_as_many_statements_as_one(session: AsyncSession) -> None:
    needs = await service.create_many(session, COMMUNITY, [need_draft(f"需求第{n}条") for n in range(30)])
    counts = []
    for some in (needs[:1], needs):
        with counting() as counted:
            await service.views(session, some, COMMUNITY)
        counts.append(len(counted))
    assert counts == [2, 2]


async def test_the_database_keeps_state_and_words_together(session: AsyncSession) -> None:
    need = await make_need(session)
    need.answer = "没有状态的答复"
    with pytest.raises(IntegrityError, match="answered_with_words"):
        await session.flush()


async def test_a_survey_becomes_needs_once(session: AsyncSession) -> None:
    survey = await surveys.create(session, street(), survey_draft())
    choice = CellChoice(target_group=TargetGroup.ELDERLY_LIVING_ALONE, dimension=NeedDimension.DAILY_CARE)
    (need,) = await surveys.raise_needs(session, street(), survey, [choice, choice])
    assert (need.origin, need.persons, need.survey_id) == (NeedOrigin.SURVEY, 66, survey.id)
    assert "120人" in need.description and "55%" in need.description
    with pytest.raises(NotNow):
        await surveys.raise_needs(session, street(), survey, [choice])
    nowhere = CellChoice(target_group=TargetGroup.YOUTH, dimension=NeedDimension.OTHER)
    with pytest.raises(Malformed):
        await surveys.raise_needs(session, street(), survey, [nowhere])
    with pytest.raises(NotYou):
        await surveys.raise_needs(session, street(GULOU), survey, [choice])


async def test_small_counts_are_for_the_officials_of_the_area(session: AsyncSession) -> None:
    survey = await surveys.create(session, street(), survey_draft())
    supplier = speaking_for(uuid7())
    (ours,) = await surveys.views(session, [survey], street())
    assert [cell.wanting for cell in ours.cells] == [66, 3]
    (theirs,) = await surveys.views(session, [await surveys.get(session, supplier, survey.id)], supplier)
    assert [(cell.asked, cell.wanting) for cell in theirs.cells] == [(120, 66), (None, None)]
    with pytest.raises(NotFound):
        await surveys.get(session, street(GULOU), survey.id)
    with pytest.raises(NotFound):
        await surveys.get(session, PUBLIC, survey.id)


async def test_what_waits_for_a_community(session: AsyncSession) -> None:
    need, done = await make_need(session), await make_need(session, "想要免费停车位")
    await service.transition(session, COMMUNITY, done, "answer", "可向物业申请", {})
    await make_need(session, "别处的需求", area_path=GULOU)
    assert [task.number for task in await service.tasks(session, COMMUNITY)] == [need.number]
    assert await service.tasks(session, city()) == []


async def test_needs_of_one_category_and_group_under_a_district(session: AsyncSession) -> None:
    need = await make_need(session)
    await make_need(session, "村里缺健身器材", area_path=GULOU)
    await make_need(session, "孩子放学没人管", category=Category.MINOR_PROTECTION)
    query = repository.needs(
        permissions.visible_to(city()),
        category=Category.ELDERLY_CARE,
        target_group=TargetGroup.ELDERLY_LIVING_ALONE,
        under=XUANWU,
        query="老人",
    )
    assert [row.id for row in await session.scalars(query)] == [need.id]
