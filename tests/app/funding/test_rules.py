"""Rules of money, and the purse that finds lines: no database."""

from uuid import UUID

import pytest

from app.catalogue.codes import Category, FundingSource
from app.funding import rules
from app.funding.models import FundingLine, Measure, YearSource
from app.funding.purse import Purse
from app.funding.rules import Committed, Part, Standing
from app.kernel import clock
from app.kernel.ids import uuid7
from tests.factories.actors import CITY, GULOU, SUOJINCUN, XUANWU

ELDERLY, YOUTH = Category.ELDERLY_CARE, Category.YOUTH_DEVELOPMENT


def a_source(amount_fen: int = 1_000, code: FundingSource = FundingSource.CITY_FISCAL) -> YearSource:
    lottery = code == FundingSource.LOTTERY_FUND
    return YearSource(
        id=uuid7(),
        year=2026,
        source=code,
        name="某资金",
        area_path=CITY,
        amount_fen=amount_fen,
        earmark_categories=[ELDERLY] if lottery else [],
        earmark_percent=50 if lottery else 0,
        commit_percent=100,
    )


def a_line(
    source: YearSource, amount_fen: int = 1_000, area_path: str = CITY, number: str = "L1"
) -> FundingLine:
    return FundingLine(
        id=uuid7(),
        number=number,
        name="某线",
        source_id=source.id,
        edition_code="2026",
        area_path=area_path,
        amount_fen=amount_fen,
    )


def judged(
    source: YearSource,
    line: FundingLine,
    *parts: tuple[int, Category],
    carried: int = 0,
    outside: int = 0,
) -> list[str]:
    before = Committed({line.id: carried}, {source.id: outside})
    asked = [Part(line.id, fen, category) for fen, category in parts]
    return [p.code for p in rules.may_be_allocated(asked, {line.id: (line, source)}, before)]


def test_a_line_carries_as_much_as_it_holds_and_not_a_fen_more() -> None:
    source = a_source()
    line = a_line(source)
    assert judged(source, line, (400, YOUTH), (100, YOUTH), carried=500) == []
    assert judged(source, line, (400, YOUTH), (101, YOUTH), carried=500) == ["line_overdrawn"]


def test_half_of_the_lottery_money_stays_for_the_elderly_on_whichever_line() -> None:
    source = a_source(1_000, FundingSource.LOTTERY_FUND)
    line = a_line(source)
    assert judged(source, line, (200, YOUTH), outside=300) == []
    assert judged(source, line, (201, YOUTH), outside=300) == ["earmark_broken"]
    assert judged(source, line, (700, ELDERLY), outside=300, carried=300) == []


def test_every_reason_is_given_at_once() -> None:
    source = a_source(1_000, FundingSource.LOTTERY_FUND)
    line = a_line(source, 500)
    line.closed_at = clock.now()
    assert judged(source, line, (600, YOUTH)) == ["line_closed", "line_overdrawn", "earmark_broken"]
    nowhere = rules.may_be_allocated([Part(uuid7(), 0, YOUTH)], {}, Committed({}, {}))
    assert [p.code for p in nowhere] == ["line_unknown", "amount_not_positive"]


@pytest.mark.parametrize(
    ("source", "relief", "categories", "earmark", "commit", "codes"),
    [
        (FundingSource.LOTTERY_FUND, False, [ELDERLY], 50, 100, []),
        (FundingSource.LOTTERY_FUND, False, [ELDERLY], 49, 100, ["lottery_serves_the_elderly"]),
        (FundingSource.LOTTERY_FUND, False, [ELDERLY, YOUTH], 60, 100, ["lottery_serves_the_elderly"]),
        (FundingSource.CITY_FISCAL, True, [], 0, 2, []),
        (FundingSource.CITY_FISCAL, True, [], 0, 3, ["relief_purchase_is_capped"]),
        (FundingSource.CITY_FISCAL, False, [], 10, 100, ["earmark_names_its_purpose"]),
    ],
)
def test_the_law_binds_some_sources(
    source: FundingSource,
    relief: bool,
    categories: list[Category],
    earmark: int,
    commit: int,
    codes: list[str],
) -> None:
    found = rules.source_is_lawful(source, relief, categories, earmark, commit)
    assert [problem.code for problem in found] == codes


SIGNED = Standing(offered_fen=1_000, contracted_fen=900, paid_fen=450, committed_fen=1_000)


@pytest.mark.parametrize(
    ("measure", "amount", "codes"),
    [
        (Measure.PAID, 450, []),
        (Measure.PAID, 451, ["paid_above_contract"]),
        (Measure.PAID, -1, ["amount_not_positive"]),
        (Measure.PAID, 0, ["amount_not_positive"]),
        (Measure.REFUNDED, 450, []),
        (Measure.REFUNDED, 451, ["refund_above_paid"]),
        (Measure.CONTRACTED, 100, []),
        (Measure.CONTRACTED, 101, ["contract_above_committed"]),
        (Measure.CONTRACTED, -451, ["paid_above_contract"]),
        (Measure.OFFERED, -1_001, ["measure_below_zero"]),
        (Measure.NEGOTIATED, 10_000, []),
    ],
)
def test_each_measure_stays_in_its_bounds(measure: Measure, amount: int, codes: list[str]) -> None:
    assert [problem.code for problem in rules.may_be_posted(measure, amount, SIGNED)] == codes


def test_a_purse_draws_from_the_nearest_line_first() -> None:
    city, street = a_source(), a_source()
    near, far = a_line(street, 300, SUOJINCUN, "near"), a_line(city, 1_000, CITY, "far")
    purse = Purse([(near, street, 0), (far, city, 100)])
    parts, problems = purse.take(SUOJINCUN, YOUTH, [(FundingSource.CITY_FISCAL, 500)])
    assert problems == []
    assert [(part.line_id, part.amount_fen, part.area_path) for part in parts] == [
        (near.id, 300, SUOJINCUN),
        (far.id, 200, SUOJINCUN),
    ]
    parts, _ = purse.take(XUANWU, YOUTH, [(FundingSource.CITY_FISCAL, 700)])
    assert [(part.line_id, part.amount_fen) for part in parts] == [(far.id, 700)]


def test_a_purse_says_what_is_missing_and_then_takes_nothing() -> None:
    source = a_source()
    line = a_line(source, 1_000, GULOU)
    purse = Purse([(line, source, 0)])
    wanted = [(FundingSource.CITY_FISCAL, 800), (FundingSource.CHARITY, 50)]
    parts, problems = purse.take(f"{GULOU}/320106001", YOUTH, wanted)
    assert parts == [] and [(p.code, p.pointer) for p in problems] == [
        ("funding_not_proven", "/funding_parts/1")
    ]
    assert purse.take(XUANWU, YOUTH, wanted[:1])[1][0].values["missing_yuan"] == "8.00"
    parts, problems = purse.take(
        GULOU, YOUTH, [(FundingSource.CITY_FISCAL, 600), (FundingSource.CITY_FISCAL, 400)]
    )
    assert problems == [] and [part.amount_fen for part in parts] == [1_000]


def test_a_standing_adds_no_measure_to_another() -> None:
    after = SIGNED.plus(Measure.PAID, 100).plus(Measure.REFUNDED, 50)
    assert (after.paid_fen, after.refunded_fen, after.spent_fen, after.contracted_fen) == (550, 50, 500, 900)
    assert isinstance(uuid7(), UUID) and after.turns == 2
