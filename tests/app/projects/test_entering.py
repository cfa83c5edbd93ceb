"""Entering projects and what each reader sees of them, on a real database."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions.models import Edition
from app.funding.models import FundingLine
from app.identity.roles import Role
from app.kernel.actor import PUBLIC
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou
from app.kernel.ids import uuid7
from app.needs import service as needs
from app.projects import service
from app.projects.lists import search_keys
from app.projects.models import Project, ProjectText
from matching import Project as Ranked
from tests.app.projects.stories import CLERK, DISTRICT, STREET, entries, published
from tests.factories import actors
from tests.factories.needs import make_need
from tests.factories.projects import BUDGET_FEN, bare_draft, make_project, part, project_draft
from tests.factories.statements import counting


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
    origin, number = {"import_id": str(UUID(int=7)), "sheet": "玄武区", "row": 12}, uuid7()
    await service.enter_many(session, STREET, "2026", service.listed([project_draft()]), [origin], [number])
    project = await service.get(session, STREET, number)
    assert project.provenance == origin
    for act in (service.submit_many, service.admit_many, service.publish_many):
        await act(session, CLERK, [project])
    [seen], [public] = [await service.views(session, actor, [project]) for actor in (STREET, PUBLIC)]
    assert seen.provenance and public.provenance is None


async def test_words_are_found_with_their_project_and_gone_with_it(
    session: AsyncSession, line: FundingLine
) -> None:
    ids = [uuid7(), uuid7()]
    for project_id, title in zip(ids, ("祠堂修缮", "楼道协商"), strict=True):
        entry = service.listed([project_draft(title=title)])
        await service.enter_many(session, STREET, "2026", entry, [None], [project_id])

    async def found(words: str) -> set[UUID]:
        return set(await session.scalars(select(ProjectText.project_id).where(ProjectText.found_by(words))))

    number = (await service.get(session, STREET, ids[0])).number
    assert await found("祠堂") == await found("缮") == await found(f"修缮 {number}") == {ids[0]}
    await service.take_back(session, STREET, ids[:1], "误导入")
    assert await found("祠堂") == set() and await found("协商") == {ids[1]}


@given(
    st.text("养老aZ1 9，-Ａ", max_size=20),
    st.text("助残号bY2 8。-", max_size=20),
    st.text("NJ2026-XWあ号", min_size=1, max_size=12),
)
def test_a_list_keeps_the_words_that_one_project_keeps(title: str, description: str, number: str) -> None:
    facts = {"title": title, "number": number, "description": description, "need_analysis": ""}
    one = ProjectText.of(Project(id=uuid7(), **facts))
    draft = bare_draft().model_copy(update={"title": title, "description": description})
    assert list(search_keys(service.listed([draft] * 3), [number] * 3)) == [one.search_grams] * 3


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
