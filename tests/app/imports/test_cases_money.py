"""DOMAIN.md §4.4, cases 7-17: what an amount is. Nothing about money is guessed."""

from typing import Any

import pytest

from tests.app.imports.conftest import Door, Preview
from tests.app.imports.files import project, table, text, workbook


async def amounts(door: Door, header: str, *cells: Any) -> Preview:
    """The preview of one project per amount."""
    rows = []
    for at, cell in enumerate(cells):
        row = project(f"独居老人助餐探访项目之{'甲乙丙丁戊己庚辛壬癸'[at]}")
        row.pop("预算金额(万元)")
        rows.append(row | {header: cell})
    return await door.preview(workbook(table(*rows)))


def fens(preview: Preview) -> list[int | None]:
    return [record["budget_fen"] for record in preview.records]


async def test_case_07_the_header_says_the_unit(door: Door) -> None:
    assert fens(await amounts(door, "预算金额(万元)", 5, 5.5, "12.345678")) == [
        5_000_000,
        5_500_000,
        12_345_678,
    ]
    assert fens(await amounts(door, "预算金额(元)", 50000, "85000.50")) == [5_000_000, 8_500_050]


async def test_case_08_a_unit_in_the_cell_beats_the_header(door: Door) -> None:
    assert fens(await amounts(door, "预算金额(万元)", "5万", "50000元", "7.5万元")) == [
        5_000_000,
        5_000_000,
        7_500_000,
    ]


async def test_case_09_without_any_unit_a_person_must_choose(door: Door) -> None:
    preview = await amounts(door, "预算金额", 5, 50000)
    assert [row["status"] for row in preview.data] == ["rejected", "rejected"]
    assert fens(preview) == [None, None]
    assert preview.codes(preview.data[0]) == {"unit_unknown"}
    options = [option["value"] for option in preview.data[0]["choices"][0]["options"]]
    assert options == [5_000_000, 500]  # the likelier reading first
    said = await door.say(
        preview.id, units={"budget_fen": "万元"}, choices={"Sheet1!3": {"budget_fen": 5_000_000}}
    )
    assert fens(said) == [5_000_000, 5_000_000]
    assert {row["status"] for row in said.data} == {"ready"}


async def test_case_10_an_implausible_amount_waits_with_both_readings(door: Door) -> None:
    preview = await amounts(door, "预算金额(万元)", 7_524_000)
    row = preview.only
    assert row["status"] == "rejected" and preview.codes(row) == {"implausible_amount"}
    assert [option["value"] for option in row["choices"][0]["options"]] == [7_524_000_000_000, 752_400_000]
    chosen = await door.say(preview.id, choices={"Sheet1!2": {"budget_fen": 752_400_000}})
    assert chosen.only["record"]["budget_fen"] == 752_400_000 and chosen.only["status"] == "ready"
    small = await amounts(door, "预算金额(元)", 3.5)
    assert [option["value"] for option in small.only["choices"][0]["options"]] == [350, 3_500_000]


async def test_case_11_signs_commas_and_words_of_currency(door: Door) -> None:
    cells = ("¥50,000", "￥50000", "RMB 50000", "人民币50000元", "50，000元整")
    assert fens(await amounts(door, "预算金额(元)", *cells)) == [5_000_000] * 5


async def test_case_12_full_width_digits(door: Door) -> None:
    assert fens(await amounts(door, "预算金额(元)", "５．５万", "５００００")) == [5_500_000, 5_000_000]


async def test_case_13_chinese_numerals(door: Door) -> None:
    cells = ("伍万元整", "壹佰零伍万元整", "五万", "三万五千元", "贰拾万圆整")
    assert fens(await amounts(door, "预算金额(元)", *cells)) == [
        5_000_000,
        105_000_000,
        5_000_000,
        3_500_000,
        20_000_000,
    ]


async def test_case_14_ranges_and_estimates_give_a_ceiling_to_be_fixed(door: Door) -> None:
    preview = await amounts(door, "预算金额(元)", "3-5万", "约3-5万元", "不超过8万", "5万左右")
    assert fens(preview) == [5_000_000, 5_000_000, 8_000_000, 5_000_000]
    assert [record["budget_min_fen"] for record in preview.records] == [3_000_000, 3_000_000, None, 5_000_000]
    assert all(record["budget_is_estimate"] for record in preview.records)
    assert all(
        row["status"] == "warned" and preview.codes(row) == {"amount_estimated"} for row in preview.data
    )


@pytest.mark.parametrize("word", ["待定", "面议", "/", "—", "无", None])
async def test_case_15_an_amount_not_yet_known_is_a_draft(door: Door, word: str | None) -> None:
    preview = await amounts(door, "预算金额(万元)", word)
    assert fens(preview) == [None]
    assert preview.only["status"] == "warned" and preview.codes(preview.only) == {"missing"}


async def test_case_16_zero_and_less_are_errors(door: Door) -> None:
    preview = await amounts(door, "预算金额(元)", 0, -5, "-5000", "(500)", "0元")
    assert [row["status"] for row in preview.data] == ["rejected"] * 5
    assert all(preview.codes(row) == {"amount_not_positive"} for row in preview.data)
    assert [row["problems"][0]["cell"] for row in preview.data][:2] == ["I2", "I3"]


async def test_case_17_float_dust_is_rounded_to_the_fen(door: Door) -> None:
    preview = await amounts(door, "预算金额(万元)", 4.9999999, 0.1 + 0.2, 33333.33 / 10000)
    assert fens(preview) == [5_000_000, 300_000, 3_333_333]
    assert {row["status"] for row in preview.data} == {"ready"}


async def test_an_amount_nobody_can_read_is_an_error_with_its_cell(door: Door) -> None:
    preview = await amounts(door, "预算金额(万元)", "若干")
    assert preview.only["status"] == "rejected"
    (problem,) = preview.only["problems"]
    assert (problem["code"], problem["field"], problem["cell"]) == ("amount_unreadable", "budget_fen", "I2")
    assert problem["message"] and problem["message_en"] and problem["suggestion"]


async def test_lines_that_do_not_add_up_to_the_budget_are_an_error(door: Door) -> None:
    row = project() | {"市级资金(万元)": 3, "区级资金(万元)": 2}
    preview = await door.preview(text(table(row)))
    assert "funding_sum" in preview.codes(preview.only) and preview.only["status"] == "rejected"


async def test_a_source_that_gives_nothing_is_no_error(door: Door) -> None:
    row = project() | {"市级资金(万元)": 6, "区级资金(万元)": 0, "街道资金(万元)": None}
    preview = await door.preview(text(table(row)))
    assert preview.only["status"] == "ready"
    assert preview.only["record"]["funding_lines"] == [{"source": "city_fiscal", "amount_fen": 6_000_000}]
