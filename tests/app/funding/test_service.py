"""Money from the year's source to the paid tranche: committed under a lock, posted once, proven from the entries."""

from typing import Any, cast

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Category, FundingSource
from app.funding import service
from app.funding.models import FundingLine
from app.funding.schemas import LineChange, SourceChange
from app.funding.service import Measure, Part, Posting
from app.kernel.errors import Malformed, NotNow, NotYou, SheqiaError
from app.kernel.ids import uuid7
from app.kernel.money import FEN
from tests.factories.actors import CITY, GULOU, SUOJINCUN, XUANWU, city, district, speaking_for, street
from tests.factories.editions import make_edition
from tests.factories.funding import (
    CLERK,
    line_draft,
    lottery_draft,
    make_line,
    make_source,
    source_draft,
    yuan,
)
from tests.factories.statements import counting

ELDERLY, YOUTH = Category.ELDERLY_CARE, Category.YOUTH_DEVELOPMENT


@pytest.fixture(autouse=True)
async def _edition(session: AsyncSession) -> None:
    await make_edition(session)


def part(line: FundingLine, amount: float, category: Category = YOUTH) -> Part:
    return Part(line.id, yuan(amount), category, SUOJINCUN)


def codes(refused: pytest.ExceptionInfo[SheqiaError]) -> list[str]:
    return [problem.code for problem in refused.value.problems]


async def test_a_line_is_committed_to_the_last_fen_and_freed_again(session: AsyncSession) -> None:
    line = await make_line(session, 50_000)
    first, second = uuid7(), uuid7()
    await service.allocate(session, CLERK, first, [part(line, 30_000)])
    with pytest.raises(NotNow) as refused:
        await service.allocate(session, CLERK, second, [part(line, 20_000.01)])
    assert codes(refused) == ["line_overdrawn"]
    assert await service.release_allocation(session, CLERK, first) == yuan(30_000)
    assert await service.release_allocation(session, CLERK, first) == 0
    await service.allocate(session, CLERK, second, [part(line, 50_000)])
    (view,) = await service.line_views(session, [line])
    assert (view.committed_fen, view.free_fen) == (yuan(50_000), 0)


async def test_a_project_holds_a_line_once_until_it_lets_go(session: AsyncSession) -> None:
    line, project = await make_line(session), uuid7()
    await service.allocate(session, CLERK, project, [part(line, 10)])
    with pytest.raises(NotNow) as refused:
        await service.allocate(session, CLERK, project, [part(line, 10)])
    assert codes(refused) == ["already_allocated"]
    with pytest.raises(NotNow):
        await service.allocate(session, CLERK, uuid7(), [part(line, 1), part(line, 2)])
    await service.release_allocation(session, CLERK, project)
    await service.allocate(session, CLERK, project, [part(line, 10)])


async def test_two_lottery_lines_share_one_earmark(session: AsyncSession) -> None:
    source = await make_source(session, lottery_draft(100_000))
    one = await make_line(session, 50_000, source=source)
    two = await make_line(session, 50_000, source=source)
    await service.allocate(session, CLERK, uuid7(), [part(one, 50_000)])
    with pytest.raises(NotNow) as refused:
        await service.allocate(session, CLERK, uuid7(), [part(two, 0.01)])
    assert codes(refused) == ["earmark_broken"]
    await service.allocate(session, CLERK, uuid7(), [part(two, 50_000, ELDERLY)])
    (view,) = await service.source_views(session, [source])
    assert (view.committed_fen, view.unearmarked_fen) == (yuan(100_000), view.unearmarked_max_fen)


async def test_relief_money_buys_services_up_to_two_percent(session: AsyncSession) -> None:
    with pytest.raises(Malformed) as refused:
        await make_source(session, source_draft(1_000_000, is_relief=True))
    assert codes(refused) == ["relief_purchase_is_capped"]
    source = await make_source(session, source_draft(1_000_000, is_relief=True, commit_percent=2))
    await make_line(session, 20_000, source=source)
    with pytest.raises(NotNow) as refused_line:
        await make_line(session, 0.01, source=source)
    assert codes(refused_line) == ["source_overdrawn"]


async def test_a_source_and_a_line_never_shrink_below_what_they_carry(session: AsyncSession) -> None:
    source = await make_source(session, lottery_draft(100_000))
    line = await make_line(session, 80_000, source=source)
    await service.allocate(
        session,
        CLERK,
        uuid7(),
        [
            part(line, 45_000),
        ],
    )
    change = SourceChange.model_validate(
        {"amount_fen": yuan(70_000)}, by_name=True, by_alias=False, context=FEN
    )
    with pytest.raises(NotNow) as refused:
        await service.change_source(session, city(), source, change)
    assert codes(refused) == ["source_overdrawn", "earmark_broken"]
    await session.refresh(source)
    for amount, code in ((44_999, "line_overdrawn"), (100_001, "source_overdrawn")):
        resize = LineChange.model_validate(
            {"amount_fen": yuan(amount)}, by_name=True, by_alias=False, context=FEN
        )
        with pytest.raises(NotNow) as refused_line:
            await service.change_line(session, city(), line, resize)
        assert codes(refused_line) == [code]
        await session.refresh(line)
    await service.change_line(session, city(), line, LineChange(closed=True))
    with pytest.raises(NotNow) as closed:
        await service.allocate(session, CLERK, uuid7(), [part(line, 1)])
    assert codes(closed) == ["line_closed"]


async def test_who_sets_which_money(session: AsyncSession) -> None:
    funder = uuid7()
    cases = [
        (city(), source_draft(), True),
        (district(), source_draft(area_path=XUANWU, source=FundingSource.DISTRICT_FISCAL), True),
        (district(), source_draft(area_path=GULOU, source=FundingSource.DISTRICT_FISCAL), False),
        (street(), source_draft(area_path=SUOJINCUN, source=FundingSource.STREET_FISCAL), True),
        (street(), source_draft(area_path=SUOJINCUN, source=FundingSource.CITY_FISCAL), False),
        (speaking_for(funder), source_draft(source=FundingSource.CHARITY), False),
    ]
    for actor, draft, allowed in cases:
        if allowed:
            await service.open_source(session, actor, draft)
        else:
            with pytest.raises(NotYou):
                await service.open_source(session, actor, draft)


async def test_a_line_lies_inside_the_area_of_its_source(session: AsyncSession) -> None:
    source = await make_source(session, source_draft(area_path=XUANWU))
    with pytest.raises(Malformed):
        await service.open_line(session, CLERK, line_draft(source, area_path=GULOU))
    with pytest.raises(Malformed):
        await service.open_line(session, CLERK, line_draft(source, area_path=f"{XUANWU}/nowhere"))
    line = await service.open_line(session, CLERK, line_draft(source, area_path=SUOJINCUN))
    assert line.number == "NJ2026-ZJ-0001"


async def test_the_story_of_one_project_in_five_measures(session: AsyncSession) -> None:
    line, project, contract = await make_line(session, 60_000), uuid7(), uuid7()
    await service.allocate(session, CLERK, project, [part(line, 50_000)])

    async def post(measure: Measure, amount: float, reference: str) -> None:
        await service.post(
            session,
            CLERK,
            measure,
            project_id=project,
            contract_id=contract if measure in (Measure.CONTRACTED, Measure.PAID, Measure.REFUNDED) else None,
            amount_fen=yuan(amount),
            reference=reference,
        )

    await post(Measure.OFFERED, 50_000, "发布")
    await post(Measure.NEGOTIATED, 48_000, "洽谈一")
    await post(Measure.NEGOTIATED, -1_000, "洽谈二")
    await post(Measure.CONTRACTED, 47_000, "合同")
    await post(Measure.PAID, 23_500, "首款")
    with pytest.raises(NotNow) as twice:
        await post(Measure.PAID, 23_500, "首款")
    assert codes(twice) == ["already_posted"]
    await post(Measure.PAID, 23_500, "尾款")
    with pytest.raises(NotNow) as too_much:
        await post(Measure.PAID, 0.01, "多付")
    assert codes(too_much) == ["paid_above_contract"]
    await post(Measure.REFUNDED, 2_000, "结余")
    found = await service.standing(session, project)
    assert (
        found.offered_fen,
        found.negotiated_fen,
        found.contracted_fen,
        found.paid_fen,
        found.refunded_fen,
    ) == (
        yuan(50_000),
        yuan(47_000),
        yuan(47_000),
        yuan(47_000),
        yuan(2_000),
    )
    assert found == (await service.standings(session, [project, uuid7()]))[project]
    by_contract = await service.totals(session, contract_id=contract)
    assert (by_contract.offered_fen, by_contract.paid_fen) == (0, yuan(47_000))
    assert await service.release_allocation(session, CLERK, project) == yuan(5_000)
    assert (await service.standing(session, project)).committed_fen == yuan(45_000)
    assert (await service.prove(session)).problems == ()


async def test_one_batch_is_worth_its_single_acts(session: AsyncSession) -> None:
    line, project = await make_line(session), uuid7()
    await service.allocate(session, CLERK, project, [part(line, 500)])
    postings = [
        Posting(Measure.CONTRACTED, project, yuan(500), "合同"),
        Posting(Measure.PAID, project, yuan(300), "首款"),
        Posting(Measure.PAID, project, yuan(200), "尾款"),
    ]
    entries = await service.post_many(session, CLERK, postings)
    assert [(entry.turn, entry.balance_fen) for entry in entries] == [
        (1, yuan(500)),
        (2, yuan(300)),
        (3, yuan(500)),
    ]
    assert {entry.area_path for entry in entries} == {SUOJINCUN}
    for wrong in (
        [Posting(Measure.PAID, project, 1, "多付")],
        [Posting(Measure.REFUNDED, project, 1, "结余"), Posting(Measure.REFUNDED, project, 1, "结余")],
    ):
        with pytest.raises(NotNow):
            await service.post_many(session, CLERK, wrong)
    assert (await service.standing(session, project)).turns == 3


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE funding_ledger SET amount_fen = 1",
        "DELETE FROM funding_ledger",
        "TRUNCATE funding_ledger",
    ],
)
async def test_the_database_refuses_to_change_the_ledger(session: AsyncSession, statement: str) -> None:
    await service.post(session, CLERK, Measure.OFFERED, project_id=uuid7(), amount_fen=100, reference="发布")
    with pytest.raises(DBAPIError, match="append-only"):
        await session.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "constraint"),
    [
        ("UPDATE funding_allocations SET amount_fen = amount_fen + 1", "line_not_overdrawn"),
        ("UPDATE funding_lines SET amount_fen = amount_fen - 1", "line_not_overdrawn"),
        ("UPDATE funding_sources SET amount_fen = amount_fen - 1", "source_not_overdrawn"),
        ("UPDATE funding_allocations SET category = 'other'", "earmark_holds"),
        ("UPDATE funding_sources SET earmark_percent = 49", "lottery_serves_the_elderly"),
        ("UPDATE funding_sources SET is_relief = true", "relief_purchase_is_capped"),
    ],
)
async def test_the_database_refuses_what_the_rules_refuse(
    session: AsyncSession, statement: str, constraint: str
) -> None:
    source = await make_source(session, lottery_draft(1_000))
    line = await make_line(session, 1_000, source=source)
    await service.allocate(session, CLERK, uuid7(), [part(line, 1_000, ELDERLY)])
    with pytest.raises(DBAPIError) as refused:
        await session.execute(text(statement))
    assert constraint in str(cast(Any, refused.value.orig).__cause__.constraint_name)


@pytest.mark.parametrize(
    ("corruption", "code"),
    [
        ("UPDATE funding_ledger SET amount_fen = amount_fen - 1 WHERE turn = 2", "ledger_row_broken"),
        ("DELETE FROM funding_ledger WHERE turn = 1", "ledger_row_broken"),
        (
            "UPDATE funding_ledger SET amount_fen = 70000, balance_fen = 70000 WHERE turn = 2",
            "paid_above_contract",
        ),
        ("UPDATE funding_allocations SET amount_fen = 200000", "line_overdrawn"),
        ("UPDATE funding_sources SET amount_fen = 99999", "source_overdrawn"),
        ("UPDATE funding_allocations SET category = 'other', amount_fen = 60000", "earmark_broken"),
    ],
)
async def test_the_proof_finds_every_kind_of_corruption(
    session: AsyncSession, corruption: str, code: str
) -> None:
    source = await make_source(session, lottery_draft(1_000))
    line, project = await make_line(session, 1_000, source=source), uuid7()
    await service.allocate(session, CLERK, project, [part(line, 600, ELDERLY)])
    await service.post(session, CLERK, "contracted", project_id=project, amount_fen=60_000, reference="合同")
    await service.post(session, CLERK, "paid", project_id=project, amount_fen=30_000, reference="首款")
    assert (await service.prove(session)).problems == ()
    await session.execute(text("SET LOCAL session_replication_role = replica"))
    await session.execute(text(corruption))
    await session.execute(text("SET LOCAL session_replication_role = origin"))
    assert code in {problem.code for problem in (await service.prove(session)).problems}


async def test_a_purse_reads_the_open_lines_of_its_edition(session: AsyncSession) -> None:
    await make_edition(session, "2027")
    source = await make_source(session, source_draft(1_000_000))
    line = await make_line(session, 1_000, source=source)
    await make_line(session, 1_000, source=source, edition_code="2027")
    closed = await make_line(session, 1_000, source=source)
    await service.change_line(session, city(), closed, LineChange(closed=True))
    await service.allocate(session, CLERK, uuid7(), [part(line, 300)])
    purse = await service.purse(session, "2026")
    parts, problems = purse.take(SUOJINCUN, YOUTH, [(FundingSource.CITY_FISCAL, yuan(700))])
    assert problems == [] and [p.line_id for p in parts] == [line.id]
    await service.allocate(session, CLERK, uuid7(), parts)
    assert CITY in line.area_path


async def test_thirty_rows_cost_as_many_statements_as_one(session: AsyncSession) -> None:
    source = await make_source(session)
    lines = [await make_line(session, 100, source=source) for _ in range(30)]
    projects = {uuid7(): [part(line, 10)] for line in lines}
    with counting() as allocated:
        await service.allocate_many(session, CLERK, projects)
    with counting() as posted:
        await service.post_many(
            session, CLERK, [Posting(Measure.CONTRACTED, project, 100, "合同") for project in projects]
        )
    assert (len(allocated), len(posted)) == (4, 4)
    single = uuid7()
    with counting() as allocated:
        await service.allocate(session, CLERK, single, [part(lines[0], 10)])
    with counting() as posted:
        await service.post(
            session, CLERK, Measure.CONTRACTED, project_id=single, amount_fen=1, reference="合同"
        )
    assert (len(allocated), len(posted)) == (4, 4)
    counts = []
    for some in (lines[:1], lines):
        with counting() as counted:
            await service.line_views(session, some)
        counts.append(len(counted))
    assert counts == [2, 2]
