"""A project from the draft to the archive, on a real database."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import FundingSource
from app.editions.models import Edition
from app.funding import service as funding
from app.funding.models import FundingLine
from app.identity.roles import Role
from app.kernel import journal
from app.kernel.actor import PUBLIC, Actor
from app.kernel.errors import NotFound, NotNow, NotYou
from app.kernel.money import FEN
from app.projects import service
from app.projects.schemas import LotDraft
from tests.app.projects.stories import CLERK, DISTRICT, STREET, entries, published
from tests.factories import actors
from tests.factories.funding import lottery_draft, make_line, make_source
from tests.factories.projects import BUDGET_FEN, make_project, part, project_draft


async def test_from_draft_to_publication_each_step_is_played_by_its_own_role(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await service.create(session, STREET, project_draft())
    with pytest.raises(NotFound):
        await service.get(session, PUBLIC, project.number)
    with pytest.raises(NotYou):
        community = actors.official(Role.COMMUNITY, actors.SUOJINCUN)
        await service.transition(session, community, project, "submit")
    await service.transition(session, STREET, project, "submit")
    with pytest.raises(NotYou):
        await service.transition(session, STREET, project, "start_review")
    await service.transition(session, DISTRICT, project, "start_review")
    await service.transition(session, DISTRICT, project, "approve")
    standing = await funding.standing(session, project.id)
    assert (standing.committed_fen, standing.offered_fen) == (BUDGET_FEN, 0)
    await service.transition(session, DISTRICT, project, "publish")
    standing = await funding.standing(session, project.id)
    assert (standing.committed_fen, standing.offered_fen) == (BUDGET_FEN, BUDGET_FEN)
    assert (await service.get(session, PUBLIC, project.number)).id == project.id
    moves = [(entry.event, entry.to_state, entry.level) for entry in await entries(session, project.id)]
    assert [move for move in moves if move[0] not in ("funded", "posted", "offered")] == [
        ("entered", "draft", journal.OFFICIALS),
        ("submit", "submitted", journal.OFFICIALS),
        ("start_review", "under_review", journal.OFFICIALS),
        ("approve", "approved", journal.OFFICIALS),
        ("publish", "published", journal.PUBLIC),
    ]


async def test_the_reviewer_reads_every_reason_at_once(session: AsyncSession, edition: Edition) -> None:
    first = await make_project(session, community="银杏里社区")
    for act in (service.submit_many, service.start_review_many):
        await act(session, CLERK, [first])
    project = await service.create(
        session,
        DISTRICT,
        project_draft(
            community="银杏里社区",
            description=first.description + "承接方仅限本区注册的机构。",
            major_matter=True,
            period_months=18,
            catalogue_item_code="Z9999",
            delivery_route="self_governed",
        ),
    )
    await service.transition(session, DISTRICT, project, "submit")
    await service.transition(session, DISTRICT, project, "start_review")
    with pytest.raises(NotNow) as refused:
        await service.transition(session, DISTRICT, project, "approve")
    assert {problem.code for problem in refused.value.problems} == {
        "not_in_catalogue",
        "not_for_the_market",
        "funding_not_proven",
        "duplicate",
        "minutes_missing",
        "multi_year_proof_missing",
        "discriminatory_term",
        "reviewer_is_submitter",
    }
    [approve] = [c for c in await service.choices(session, DISTRICT, project) if c.event == "approve"]
    assert not approve.allowed and len(approve.problems) == 8


async def test_a_shipped_catalogue_item_may_be_cited(session: AsyncSession, line: FundingLine) -> None:
    project = await published(session, catalogue_item_code="A0104")
    assert project.state == "published"


async def test_money_that_one_project_took_does_not_prove_the_next(
    session: AsyncSession, line: FundingLine
) -> None:
    sums = (6_000_000, 4_000_000, 1_000_000)
    projects = [
        await make_project(session, budget_fen=fen, funding_parts=[part(fen).model_dump()]) for fen in sums
    ]
    await service.submit_many(session, STREET, projects)
    outcome = await service.admit_many(session, DISTRICT, projects)
    refused = [error.code if error else None for error in (outcome[p.id] for p in projects)]
    assert refused == [None, None, "funding_not_proven"]
    await service.transition(session, DISTRICT, projects[0], "return", "预算过高")
    await service.transition(session, DISTRICT, projects[2], "approve")
    assert projects[2].state == "approved", "what the returned project held is free again"


async def test_one_project_that_breaks_an_earmark_does_not_stop_the_others(
    session: AsyncSession, edition: Edition
) -> None:
    source = await make_source(session, lottery_draft(100_000))
    await make_line(session, 100_000, source=source)
    lottery = [part(source=FundingSource.LOTTERY_FUND).model_dump()]
    projects = [
        await make_project(session, category=category, funding_parts=lottery)
        for category in ("youth_development", "youth_development", "elderly_care")
    ]
    await service.submit_many(session, STREET, projects)
    outcome = await service.admit_many(session, DISTRICT, projects)
    refused = [error.code if error else None for error in (outcome[p.id] for p in projects)]
    assert refused == [None, "earmark_broken", None], "half of the lottery's money is for the elderly"
    standings = await funding.standings(session, [project.id for project in projects])
    assert [standings[p.id].committed_fen for p in projects] == [BUDGET_FEN, 0, BUDGET_FEN]


async def test_a_rejected_or_withdrawn_project_gives_its_money_back(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    with pytest.raises(NotYou):
        await service.transition(session, STREET, project, "withdraw", "街道改变计划")
    await service.transition(session, DISTRICT, project, "withdraw", "街道改变计划")
    standing = await funding.standing(session, project.id)
    assert (standing.committed_fen, standing.offered_fen) == (0, 0)
    assert (await service.get(session, PUBLIC, project.number)).state == "withdrawn", (
        "the public sees what became of it"
    )


async def test_a_community_refuses_an_off_list_task_and_nobody_overrides_it(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await make_project(session, responsibility_list_type="off_list")
    assert project.community_path
    community = actors.official(Role.COMMUNITY, project.community_path)
    await service.transition(session, STREET, project, "submit")
    for actor in (STREET, actors.official(Role.COMMUNITY, actors.SUOJINCUN + "/320102007-other")):
        with pytest.raises(NotYou):
            await service.transition(session, actor, project, "refuse", "社区无力承担")
    await service.transition(session, community, project, "refuse", "社区无力承担")
    assert project.state == "rejected"
    for actor in (STREET, DISTRICT, actors.city(), CLERK):
        for event in ("submit", "start_review", "approve", "publish"):
            with pytest.raises(NotNow):
                await service.transition(session, actor, project, event)
    again = await make_project(
        session, community=project.area_path, description=project.description, title=project.title
    )
    for act in (service.submit_many, service.start_review_many):
        await act(session, CLERK, [again])
    outcome = await service.approve_many(session, DISTRICT, [again])
    error = outcome[again.id]
    assert error is not None and error.code == "refused_before", "posting it again does not help"


async def test_a_listed_duty_is_not_refused(session: AsyncSession, edition: Edition) -> None:
    project = await make_project(session, responsibility_list_type="government_assistance")
    assert project.community_path
    with pytest.raises(NotNow) as refused:
        community = actors.official(Role.COMMUNITY, project.community_path)
        await service.transition(session, community, project, "refuse", "不愿承担")
    assert refused.value.code == "task_is_on_a_list"


@pytest.mark.parametrize(
    "wrong",
    [
        "state = 'published'",
        "published_at = now(), budget_fen = NULL",
        "published_at = now(), is_estimate = true",
        "state = 'flying'",
        "budget_fen = -1",
        "period_months = 37",
        "starts_on = '2026-05-01', ends_on = '2026-04-01'",
        "parent_id = id",
    ],
)
async def test_the_database_refuses_what_the_rules_refuse(
    session: AsyncSession, line: FundingLine, wrong: str
) -> None:
    project = await make_project(session)
    with pytest.raises(IntegrityError):
        await session.execute(text(f"UPDATE projects SET {wrong} WHERE id = :id"), {"id": project.id})


async def test_later_moves_come_only_from_the_domains_that_own_them(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    for actor in (STREET, DISTRICT, actors.city(), CLERK):
        with pytest.raises(NotNow) as refused:
            await service.transition(session, actor, project, "award")
        assert refused.value.code == "moved_by_its_owner"
    offered = {choice.event for choice in await service.choices(session, DISTRICT, project)}
    assert offered == {"declare_unsuccessful", "withdraw"}
    assert service.links(project) == {"intents": f"/api/v1/intents?project={project.number}"}


async def test_the_whole_way_to_the_archive_by_the_marks_of_later_domains(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    buyer: Actor = STREET
    await service.mark_negotiating(session, buyer, project.id)
    await service.mark_negotiating(session, buyer, project.id)
    await service.mark_award_proposed(session, buyer, project.id)
    await service.mark_award_cancelled(session, buyer, project.id, "报价方退出", to="negotiating")
    await service.mark_award_proposed(session, buyer, project.id)
    await service.mark_award_notice(session, buyer, project.id)
    await service.mark_award_cancelled(session, buyer, project.id, "质疑成立", to="published")
    await service.mark_negotiating(session, buyer, project.id)
    await service.mark_award_proposed(session, buyer, project.id)
    await service.mark_award_notice(session, buyer, project.id)
    await service.mark_awarded(session, buyer, project.id)
    await service.mark_contracted(session, buyer, project.id)
    await service.mark_suspended(session, buyer, project.id, "承接方被列入异常名录")
    await service.mark_resumed(session, buyer, project.id, "信用已修复")
    assert project.state == "contracted", "it goes on where it stopped"
    await service.mark_in_delivery(session, buyer, project.id)
    await service.mark_suspended(session, buyer, project.id, "投诉调查")
    await service.mark_resumed(session, buyer, project.id, "调查结束")
    assert project.state == "in_delivery"
    await service.mark_final_evaluation(session, buyer, project.id)
    await service.mark_failed(session, buyer, project.id)
    await service.mark_evaluated_again(session, buyer, project.id)
    await service.mark_accepted(session, buyer, project.id)
    await service.mark_settled(session, buyer, project.id)
    assert (await funding.standing(session, project.id)).committed_fen == 0, "what was not spent is free"
    await service.mark_closed(session, buyer, project.id)
    assert project.state == "closed"
    with pytest.raises(NotNow):
        await service.mark_terminated(session, buyer, project.id, "太晚了")


async def test_lots_have_lives_of_their_own_and_the_parent_follows(
    session: AsyncSession, line: FundingLine
) -> None:
    parent = await service.create(session, STREET, project_draft())
    drafts = [
        LotDraft.model_validate({"title": f"喘息支持第{n}包", "budget_fen": fen}, by_name=True, context=FEN)
        for n, fen in ((1, 2_000_001), (2, 999_999))
    ]
    lots = await service.split(session, STREET, parent, drafts)
    assert [lot.number for lot in lots] == [f"{parent.number}-L1", f"{parent.number}-L2"]
    assert parent.budget_fen == 3_000_000
    assert [sum(part["amount_fen"] for part in lot.funding_parts) for lot in lots] == [2_000_001, 999_999]
    await service.transition(session, STREET, parent, "submit")
    assert [thing.state for thing in (parent, *lots)] == ["submitted"] * 3
    for event in ("start_review", "approve", "publish"):
        await service.transition(session, DISTRICT, parent, event)
    await session.refresh(parent)
    assert parent.state == "published" and parent.published_at is not None
    await service.mark_negotiating(session, STREET, lots[0].id)
    assert parent.state == "published", "the other lot is still there"
    await service.transition(session, DISTRICT, lots[1], "withdraw", "第二包取消")
    assert parent.state == "negotiating"
    with pytest.raises(NotNow):
        await service.mark_negotiating(session, CLERK, parent.id)
    offered = {row["number"] for row in await service.for_matching(session)}
    assert offered == {lots[0].number}, "only lots are matched"


async def test_each_is_told_what_waits_for_it(session: AsyncSession, line: FundingLine) -> None:
    project = await make_project(session)
    await service.transition(session, STREET, project, "submit")
    [task] = await service.tasks(session, DISTRICT)
    assert (task.kind, task.number) == ("project_submitted", project.number)
    assert await service.tasks(session, STREET) == []
    await service.transition(session, DISTRICT, project, "start_review")
    await service.transition(session, DISTRICT, project, "return", "指标不清")
    assert [task.kind for task in await service.tasks(session, STREET)] == ["project_returned"]
    assert await service.tasks(session, actors.district(actors.GULOU)) == []
