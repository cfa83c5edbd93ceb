"""Changes of a project, before and after publication, and the rounds of its listing, on a real database."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from app.funding import service as funding
from app.funding.models import FundingLine
from app.kernel import clock, journal
from app.kernel.actor import PUBLIC
from app.kernel.errors import Malformed, NotNow
from app.projects import service
from app.projects.schemas import LotDraft
from tests.app.projects.stories import DISTRICT, STREET, change, entries, published
from tests.factories.projects import BUDGET_FEN, make_project, part


async def test_a_change_after_publication_is_an_amendment_that_everybody_reads(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    project.intents_until = clock.today()
    with pytest.raises(Malformed):
        await service.change(session, STREET, project, change(remarks="补充说明"))
    await service.change(session, STREET, project, change(contact_phone="13800000002", reason="换联系人"))
    assert project.intents_until == clock.today(), "a contact is not material"
    wanted = change(budget_fen=4_000_000, funding_parts=[part(4_000_000).model_dump()], reason="增加夜间服务")
    await service.change(session, STREET, project, wanted)
    assert project.intents_until == clock.today() + timedelta(days=7), "a material change gives more time"
    standing = await funding.standing(session, project.id)
    assert (standing.committed_fen, standing.offered_fen) == (4_000_000, 4_000_000)
    [view] = await service.views(session, PUBLIC, [project])
    assert [(a.material, a.reason) for a in view.amendments] == [(False, "换联系人"), (True, "增加夜间服务")]
    assert view.amendments[1].change["budget_fen"] == [3_000_000, 4_000_000]
    public = [entry for entry in await entries(session, project.id) if entry.level == journal.PUBLIC]
    assert not any("13800000002" in str(entry.change) for entry in public), "contacts stay out of the journal"


async def test_an_amendment_that_breaks_a_rule_changes_nothing(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    with pytest.raises(NotNow) as refused:
        await service.change(session, STREET, project, change(budget_fen=20_000_000, reason="扩大规模"))
    assert "funding_does_not_add_up" in {problem.code for problem in refused.value.problems}
    with pytest.raises(NotNow) as refused:
        await service.change(session, STREET, project, change(district="鼓楼区", reason="换地方"))
    assert refused.value.code == "place_is_fixed"


async def test_under_review_a_project_is_not_edited(session: AsyncSession, line: FundingLine) -> None:
    project = await make_project(session)
    await service.transition(session, STREET, project, "submit")
    with pytest.raises(NotNow) as refused:
        await service.change(session, STREET, project, change(title="换一个项目名称"))
    assert refused.value.code == "not_editable"
    await service.transition(session, DISTRICT, project, "start_review")
    await service.transition(session, DISTRICT, project, "return", "指标不清")
    await service.change(session, STREET, project, change(title="换一个项目名称"))
    await service.transition(session, STREET, project, "submit")
    assert project.state == "submitted"


async def test_a_round_without_interest_ends_by_the_clock_and_is_listed_twice_more(
    session: AsyncSession, line: FundingLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await published(session)
    assert project.intents_until is not None
    assert await service.tick(session) == 0
    for played in (2, 3):
        clock.settle(timedelta(days=(project.intents_until - clock.today()).days + 1) + clock._offset.get())
        assert await service.tick(session) == 1
        assert await service.tick(session) == 0, "the tick is idempotent"
        assert (project.state, project.unsuccessful_reason) == ("unsuccessful", "no_interest")
        await service.transition(session, DISTRICT, project, "relist", "缩小服务范围后重新发布")
        assert (project.state, project.round, project.unsuccessful_reason) == ("published", played, None)
        assert project.intents_until >= clock.today()
    data = {"reason": "money"}
    await service.transition(session, STREET, project, "declare_unsuccessful", "报价均超预算", data)
    with pytest.raises(NotNow) as refused:
        await service.transition(session, DISTRICT, project, "relist", "再试一次")
    assert refused.value.code == "relisted_enough"
    assert (await funding.standing(session, project.id)).offered_fen == BUDGET_FEN, (
        "offered once, not three times"
    )


async def test_an_unsuccessful_project_is_mended_and_listed_again(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    await service.transition(
        session, STREET, project, "declare_unsuccessful", "报价过高", {"reason": "money"}
    )
    wanted = change(budget_fen=5_000_000, funding_parts=[part(5_000_000).model_dump()], reason="提高预算")
    await service.change(session, STREET, project, wanted)
    await service.transition(session, DISTRICT, project, "relist", "预算已提高")
    standing = await funding.standing(session, project.id)
    assert (project.round, standing.committed_fen, standing.offered_fen) == (2, 5_000_000, 5_000_000)


async def test_an_unsuccessful_round_names_its_reason_as_a_code(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    with pytest.raises(Malformed) as refused:
        await service.transition(session, STREET, project, "declare_unsuccessful", "没有人来", {})
    assert refused.value.problems[0].pointer == "/data/reason"


async def test_the_budget_of_a_project_with_lots_is_always_their_sum(
    session: AsyncSession, line: FundingLine
) -> None:
    parent = await make_project(session, STREET)
    wanted = [LotDraft(title=title, budget_yuan="15000") for title in ("日间喘息包", "夜间巡访包")]
    lot, _ = await service.split(session, STREET, parent, wanted)
    sums = {"budget_fen": 1_000_000, "funding_parts": [part(1_000_000).model_dump()]}
    await service.change(session, STREET, lot, change(**sums))
    assert parent.budget_fen == 2_500_000
    assert (await entries(session, parent.id))[-1].change == {"budget_fen": [3_000_000, 2_500_000]}
    with pytest.raises(NotNow) as refused:
        await service.change(session, STREET, parent, change(budget_fen=9_000_000))
    assert refused.value.code == "budget_is_the_sum_of_lots"
    ways = ((STREET, "submit"), (DISTRICT, "start_review"), (DISTRICT, "approve"), (DISTRICT, "publish"))
    for actor, event in ways:
        await service.transition(session, actor, lot, event)
    sums = {"budget_fen": 1_200_000, "funding_parts": [part(1_200_000).model_dump()]}
    await service.change(session, STREET, lot, change(**sums, reason="增加夜间服务"))
    assert parent.budget_fen == 2_700_000
