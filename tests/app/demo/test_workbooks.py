"""The workbooks look like a bureau's and say to the fen what the fair says."""

from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from openpyxl import load_workbook

from app.demo.generate import DemoFair
from app.demo.texts import blocks
from app.demo.workbooks import write


@pytest.fixture(scope="module")
def folder(fair: DemoFair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("社洽会 表格")
    write(fair, target)
    return target


@cache
def _rows(path: Path) -> list[tuple[object, ...]]:
    return [tuple(row) for row in load_workbook(path, data_only=True).active.iter_rows(values_only=True)]


def _fen(cell: object) -> int:
    return int((Decimal(str(cell)) * 1_000_000).to_integral_value()) if cell is not None else 0


def _column(district: str, key: str) -> int:
    pairs = blocks("layouts")["projects"]["districts"][district]["columns"].split()
    return [pair.split("=")[0] for pair in pairs].index(key)


def test_there_is_one_list_per_district_and_one_of_the_organizations(fair: DemoFair, folder: Path) -> None:
    districts = {street.district for street in fair.streets}
    assert {path.name for path in folder.iterdir()} == {
        "社会组织信息表.xlsx",
        *(f"2026年{district}社洽会项目汇总表.xlsx" for district in districts),
    }


@pytest.mark.parametrize("district", list(blocks("places")))
def test_the_grand_total_of_a_district_is_the_sum_of_its_postings(
    district: str, fair: DemoFair, folder: Path
) -> None:
    rows = _rows(folder / f"2026年{district}社洽会项目汇总表.xlsx")
    budget = _column(district, "budget")
    shares = [_column(district, key) for key in ("city", "district_money", "street_money", "lottery")]
    data = [row for row in rows if isinstance(row[0], int)]
    (total,) = [row for row in rows if row[0] == "合计"]
    expected = [project.budget_fen for project in fair.projects if project.district == district]
    assert [_fen(row[budget]) for row in data] == expected
    assert _fen(total[budget]) == sum(expected)
    for row in (*data, total):
        assert sum(_fen(row[column]) for column in shares) == _fen(row[budget])


@pytest.mark.parametrize("district", list(blocks("places")))
def test_a_list_has_a_title_a_note_with_its_unit_and_signatures_below(district: str, folder: Path) -> None:
    rows = _rows(folder / f"2026年{district}社洽会项目汇总表.xlsx")
    assert rows[0][0] == f"2026年{district}社洽会项目汇总表"
    assert "填报单位" in str(rows[1][0]) and "单位：万元" in str(rows[1][0])
    assert "填表人" in str(rows[-2][0])


def test_subtotals_of_the_streets_add_up_to_the_total(folder: Path) -> None:
    rows = _rows(folder / "2026年秦淮区社洽会项目汇总表.xlsx")
    budget = _column("秦淮区", "budget")
    subtotals = [row for row in rows if row[0] == "小计"]
    (total,) = [row for row in rows if row[0] == "合计"]
    assert len(subtotals) == 16
    assert sum(_fen(row[budget]) for row in subtotals) == _fen(total[budget])


def test_the_money_columns_of_some_lists_stand_under_one_parent_and_streets_are_merged(folder: Path) -> None:
    sheet = load_workbook(folder / "2026年玄武区社洽会项目汇总表.xlsx").active
    assert sheet["J3"].value == "资金（万元）"
    assert [sheet.cell(4, column).value for column in range(10, 14)] == ["市级", "区级", "街道", "福彩公益金"]
    street = _column("玄武区", "street") + 1
    merged = [
        span
        for span in sheet.merged_cells.ranges
        if span.min_col == street == span.max_col and span.min_row > 4
    ]
    assert len(merged) == 8


def test_the_organizations_are_listed_with_their_codes(fair: DemoFair, folder: Path) -> None:
    rows = _rows(folder / "社会组织信息表.xlsx")
    data = [row for row in rows if isinstance(row[0], int)]
    assert [row[2] for row in data] == [organization.uscc for organization in fair.organizations]
