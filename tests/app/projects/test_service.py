"""A project from the draft to the archive, on a real database."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions.models import Edition
from app.funding import service as funding
from app.funding.models import FundingLine
from app.identity.roles import Role
from app.kernel import clock, journal
from app.kernel.actor import PUBLIC, Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou
from app.kernel.journal import JournalEntry
from app.kernel.money import FEN
from app.needs import service as needs
from app.projects import service
from app.projects.models import Project
from app.projects.schemas import LotDraft, ProjectChange, Provenance
from matching import Project as Ranked
from tests.factories import actors
from tests.factories.needs import make_need
from tests.factories.projects import BUDGET_FEN, bare_draft, make_project, part, project_draft
from tests.factories.statements import counting

CLERK = machine("test")
STREET, DISTRICT = actors.street(), actors.district()


async def entries(session: AsyncSession, subject_id: UUID) -> list[JournalEntry]:
    mine = (JournalEntry.subject_id == subject_id, JournalEntry.subject_kind == "project")
    return list(await session.scalars(select(JournalEntry).where(*mine).order_by(JournalEntry.entry_id)))


async def published(session: AsyncSession, **changes: object) -> Project:
    project = await service.create(session, STREET, project_draft(**changes))
    for actor, event in (
        (STREET, "submit"),
        (DISTRICT, "start_review"),
        (DISTRICT, "approve"),
        (DISTRICT, "publish"),
    ):
        await service.transition(session, actor, project, event)
    return project


def change(**fields: object) -> ProjectChange:
    return ProjectChange.model_validate(fields, by_name=True, context=FEN)


async def test_a_title_and_a_buyer_make_a_draft_in_the_buyers_place(
    session: AsyncSession, edition: Edition
) -> None:
    project = await service.create(session, STREET, bare_draft())
    assert (project.state, project.number) == ("draft", "NJ2026-XW-0001")
    assert project.area_path == actors.SUOJINCUN, "the buyer is the street's office"
    with pytest.raises(NotNow) as refused:
        await service.transition(session, STREET, project, "submit")
    codes = {problem.code for problem in refused.value.problems}
    assert {"description_length", "required_to_submit"} <= codes, "everything missing is named at once"
    assert project.state == "draft"


async def test_numbers_run_in_one_series_for_each_district(session: AsyncSession, edition: Edition) -> None:
    drafts = [
        bare_draft(),
        bare_draft(buyer="南京市鼓楼区宁海路街道办事处"),
        bare_draft(title="夜间巡访"),
        bare_draft(buyer="南京市民政局", title="全市社工督导"),
        bare_draft(number="玄武-007", title="带自己的编号"),
    ]
    projects = await service.create_many(session, CLERK, drafts)
    assert [project.number for project in projects] == [
        "NJ2026-XW-0001",
        "NJ2026-GL-0001",
        "NJ2026-XW-0002",
        "NJ2026-SJ-0001",
        "玄武-007",
    ]
    with pytest.raises(NotNow) as refused:
        await service.create(session, CLERK, bare_draft(number="玄武-007"))
    assert refused.value.code == "number_taken"


async def test_a_project_covers_several_communities(session: AsyncSession, edition: Edition) -> None:
    project = await make_project(
        session, community=None, communities=["银杏里社区", "北苑里"], procuring_entity=None
    )
    [view] = await service.views(session, STREET, [project])
    assert (view.district, view.street, view.community) == ("玄武区", "锁金村街道", None)
    assert view.communities == ["银杏里社区", "北苑里社区"]


async def test_a_place_that_does_not_exist_is_named_with_candidates(
    session: AsyncSession, edition: Edition
) -> None:
    drafts = [project_draft(), project_draft(street="锁金街"), project_draft(district="蓬莱区")]
    with pytest.raises(Malformed) as refused:
        await service.create_many(session, CLERK, drafts)
    pointers = [problem.pointer for problem in refused.value.problems]
    assert pointers == ["/1/street", "/2/district"]


async def test_nobody_drafts_outside_the_own_area(session: AsyncSession, edition: Edition) -> None:
    with pytest.raises(NotYou):
        await service.create(session, actors.street(actors.GULOU), project_draft())
    community = actors.official(Role.COMMUNITY, actors.SUOJINCUN)
    assert (await service.create(session, community, project_draft())).state == "draft"


async def test_one_by_one_or_all_at_once_gives_equal_rows_and_journal_entries(
    session: AsyncSession, edition: Edition
) -> None:
    one, other = project_draft(community="银杏里社区"), project_draft(community="北苑里社区")
    together = await service.create_many(session, STREET, [one, other])
    singly = [await service.create(session, STREET, draft) for draft in (one, other)]
    own = {"id", "number", "created_at", "updated_at", "state_since"}
    columns = {column.key for column in Project.__table__.columns} - own
    for left, right in zip(together, singly, strict=True):
        assert {name: getattr(left, name) for name in columns} == {
            name: getattr(right, name) for name in columns
        }
        [entry], [twin] = await entries(session, left.id), await entries(session, right.id)
        assert (entry.event, entry.level, entry.area_path, entry.change, entry.party_ids) == (
            twin.event,
            twin.level,
            twin.area_path,
            twin.change,
            twin.party_ids,
        )


async def test_thousands_are_entered_and_published_in_as_many_statements_as_few(
    session: AsyncSession, line: FundingLine
) -> None:
    async def story(count: int) -> int:
        drafts = [project_draft(budget_fen=100, funding_parts=[part(100).model_dump()]) for _ in range(count)]
        with counting() as counted:
            projects = await service.create_many(session, CLERK, drafts)
            for act in (service.submit_many, service.admit_many, service.publish_many):
                outcome = await act(session, CLERK, projects)
                assert set(outcome.values()) == {None}
        return len(counted)

    await story(1)  # names the buyer
    assert await story(3) == await story(60)


async def test_provenance_is_kept_for_officials_only(session: AsyncSession, line: FundingLine) -> None:
    origin = Provenance(import_id=UUID(int=7), sheet="玄武区", row=12)
    [project] = await service.create_many(session, STREET, [project_draft()], [origin])
    assert project.provenance == {"import_id": str(UUID(int=7)), "sheet": "玄武区", "row": 12}
    for act in (service.submit_many, service.admit_many, service.publish_many):
        await act(session, CLERK, [project])
    [seen], [public] = [await service.views(session, actor, [project]) for actor in (STREET, PUBLIC)]
    assert seen.provenance and public.provenance is None


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


async def test_an_unsuccessful_round_names_its_reason_as_a_code(
    session: AsyncSession, line: FundingLine
) -> None:
    project = await published(session)
    with pytest.raises(Malformed) as refused:
        await service.transition(session, STREET, project, "declare_unsuccessful", "没有人来", {})
    assert refused.value.problems[0].pointer == "/data/reason"


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


async def test_needs_become_a_project(session: AsyncSession, edition: Edition) -> None:
    need = await make_need(session)
    project = await service.create(session, STREET, project_draft(need_ids=[need.id]))
    assert (await needs.get(session, STREET, need.id)).state == "converted"
    assert (await needs.projects_of(session, [need.id]))[need.id] == [project.id]


async def test_contacts_are_masked_for_who_is_not_entitled(session: AsyncSession, line: FundingLine) -> None:
    project = await published(session, remarks="内部备注")
    for actor, phone, remarks in (
        (STREET, "13800000001", "内部备注"),
        (DISTRICT, "13800000001", "内部备注"),
        (actors.official(Role.AUDITOR, ""), "13800000001", "内部备注"),
        (PUBLIC, "138****0001", None),
        (actors.street(actors.GULOU), "138****0001", None),
        (actors.official(Role.FAIR_OPERATOR, actors.CITY), "138****0001", None),
    ):
        [view] = await service.views(session, actor, [project])
        assert (view.contact_phone, view.remarks) == (phone, remarks)


async def test_the_ranker_reads_projects_as_they_are(session: AsyncSession, line: FundingLine) -> None:
    project = await published(session, min_rating="3A", preferred_qualifications=["护理员持证"])
    [row] = await service.for_matching(session)
    assert {name for name in row if name not in Ranked.__slots__} == {
        "number",
        "edition",
        "state",
        "buyer_id",
    }
    assert (row["id"], row["district"], row["street"]) == (str(project.id), "玄武区", "锁金村街道")
    assert row["target_groups"][1] == "家庭照护者"
    assert row["buyer"] == "南京市玄武区锁金村街道办事处"
    assert (row["budget_fen"], row["min_rating"]) == (BUDGET_FEN, "3A")


async def test_untouched_drafts_are_taken_back_and_touched_ones_are_not(
    session: AsyncSession, edition: Edition
) -> None:
    projects = await service.create_many(session, STREET, [project_draft(), project_draft()])
    ids = [project.id for project in projects]
    assert await service.touched(session, ids) == 0
    await service.take_back(session, STREET, ids, "导错文件")
    with pytest.raises(NotFound):
        await service.get(session, STREET, ids[0])
    assert [entry.event for entry in await entries(session, ids[0])] == ["entered", "undone"]


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
