"""Whole workbooks as bureaus make them: headers in tiers, rows that are no data in odd places, two tables on one sheet."""

import io
from typing import Any

import openpyxl

from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, project, table, text, workbook

PLACE = ["独居老人助餐探访项目", "鼓楼区", "宁海路街道", "银杏里社区"]
PLAIN = ["项目名称", "所属区", "街道", "社区", "预算金额(万元)", "受益人数"]


async def test_a_header_of_three_tiers_with_merges_across_and_down(door: Door) -> None:
    rows = [
        ["项目名称", "实施地点", None, None, "资金（万元）", None, None, None, "起止时间", None],
        [None, "区", "街道", "社区", "合计", "其中", None, None, "开始", "结束"],
        [None, None, None, None, None, "市级", "区级", "街道", None, None],
        [*PLACE, 6, 3, 2, 1, "2026.3", "2026.12"],
    ]
    merge = [
        "A1:A3",
        "B1:D1",
        "E1:H1",
        "I1:J1",
        "B2:B3",
        "C2:C3",
        "D2:D3",
        "E2:E3",
        "F2:H2",
        "I2:I3",
        "J2:J3",
    ]
    preview = await door.preview(workbook(rows, merge=merge))
    assert (preview.sheets[0]["header_row"], preview.sheets[0]["header_height"]) == (1, 3)
    record = preview.only["record"]
    assert preview.only["status"] == "ready" and record["budget_fen"] == 6_000_000
    assert [line["amount_fen"] for line in record["funding_lines"]] == [3_000_000, 2_000_000, 1_000_000]
    assert (record["street"], record["start_on"], record["end_on"]) == (
        "宁海路街道",
        "2026-03-01",
        "2026-12-01",
    )


async def test_two_tiers_without_a_single_merged_cell(door: Door) -> None:
    rows = [
        ["项目名称", "实施地点", "", "", "资金（万元）", "", "", "联系人"],
        ["", "区", "街道", "社区", "市级", "街道", "合计", ""],
        [*PLACE, 4, 2, 6, "王主任"],
    ]
    for content in (workbook(rows), text(rows, "gb18030")):
        record = (await door.preview(content)).only["record"]
        assert (record["title"], record["budget_fen"], record["contact_name"]) == (
            PLACE[0],
            6_000_000,
            "王主任",
        )
        assert [line["source"] for line in record["funding_lines"]] == ["city_fiscal", "street_fiscal"]


async def test_units_in_a_row_of_their_own(door: Door) -> None:
    header = ["项目名称", "所属区", "街道", "社区", "预算金额", "受益人数"]
    preview = await door.preview(workbook([header, [None, None, None, None, "万元", "人"], [*PLACE, 6, 200]]))
    assert preview.only["record"]["budget_fen"] == 6_000_000
    assert preview.only["record"]["beneficiaries_planned"] == 200 and preview.only["status"] == "ready"


async def test_marks_and_english_in_headers_do_not_hide_them(door: Door) -> None:
    header = [
        "Project 项目名称▲",
        "所属区※",
        "街\n道",
        "社区（村）★",
        "项目预算\n（单位：万元）",
        "受益人数\n（人）",
    ]
    preview = await door.preview(workbook([header, [*PLACE, 6, 200]]))
    assert "columns_unknown" not in preview.codes()
    assert (
        preview.only["record"]["community"] == "银杏里社区"
        and preview.only["record"]["budget_fen"] == 6_000_000
    )


async def test_columns_of_two_parties_are_told_apart_by_their_group(door: Door) -> None:
    rows = [
        ["项目名称", "所属区", "街道", "预算金额(万元)", "购买方", None, None, "承接方", None, None],
        [None, None, None, None, "单位名称", "联系人", "电话", "单位名称", "联系人", "电话"],
        [
            PLACE[0],
            "鼓楼区",
            "宁海路街道",
            6,
            "宁海路街道办事处",
            "王主任",
            "13800000000",
            "暮云社工",
            "李社工",
            "13900000000",
        ],
    ]
    record = (await door.preview(workbook(rows, merge=["E1:G1", "H1:J1"]))).only["record"]
    assert (record["buyer"], record["contact_name"], record["contact_phone"]) == (
        "宁海路街道办事处", "王主任", "13800000000",
    )  # fmt: skip
    only_theirs = [["项目名称", "所属区", "街道", "预算金额(万元)", "承接机构", "联系人", "联系电话"],
                   [PLACE[0], "鼓楼区", "宁海路街道", 6, "暮云社工", "李社工", "13900000000"]]  # fmt: skip
    preview = await door.preview(workbook(only_theirs))
    assert preview.only["record"]["contact_name"] is None and preview.only["record"]["contact_phone"] is None
    assert "columns_unknown" in preview.codes()


def _with(*odd: list[Any]) -> list[list[Any]]:
    """A good table with odd rows between and below its rows."""
    first, second = [1, *PLACE, 6], [2, "二号楼加装电梯协商项目", *PLACE[1:], 4]
    header = ["序号", "项目名称", "所属区", "街道", "社区", "预算金额(万元)"]
    return [header, first, *odd, second, *odd]


async def test_rows_that_are_no_data_are_left_out_wherever_they_stand(door: Door) -> None:
    odd: dict[str, list[Any]] = {
        "total_row": ["合计项目2个", None, None, None, None, 10],
        "part_of_total": ["其中：养老类", None, None, None, None, 6],
        "note_row": ["备注", "以上金额均为暂定"],
        "example_row": ["例", "某某助餐项目", "鼓楼区", "宁海路街道", "某某社区", 5],
        "hint_row": ["自动编号", "不超过30字", "下拉选择", "规范全称", "选填", "保留两位小数"],
        "column_numbers": ["A", "B", "C", "D", "E", "F"],
        "header_again": ["序号", "项目名称", "所属区", "街道", "社区", "预算金额(万元)"],
        "stray_text": ["（盖章）"],
    }
    for code, row in odd.items():
        preview = await door.preview(workbook(_with(row)))
        assert [record["title"] for record in preview.records] == [PLACE[0], "二号楼加装电梯协商项目"], code
        assert [name for _, name in preview.skipped()] == [code, code]
        assert {row["status"] for row in preview.data} == {"ready"}


async def test_projects_about_examples_and_totals_are_projects(door: Door) -> None:
    titles = [
        "示范社区创建项目",
        "例行探访服务项目",
        "其他老人服务项目",
        "合计画助老绘画项目",
        "共同缔造议事项目",
        "平均年龄八十岁的合唱团",
    ]
    preview = await door.preview(workbook(table(*(project(title) for title in titles))))
    assert [record["title"] for record in preview.records] == titles


async def test_a_second_table_under_the_same_header_is_read_on(door: Door) -> None:
    first, second = table(project()), table(project("二号楼加装电梯协商项目"))
    preview = await door.preview(workbook([*first, [], ["2026年第二批项目"], *second]))
    assert len(preview.data) == 2 and preview.counts["ready"] == 2
    assert preview.skipped() == [(4, "stray_text"), (5, "header_again")]


async def test_a_second_table_with_other_columns_is_never_read_by_the_first_ones(door: Door) -> None:
    rows = [PLAIN, [*PLACE, 6, 200], [], ["所属区", "项目名称", "街道", "社区", "受益人数", "预算金额(万元)"],
            ["鼓楼区", "二号楼加装电梯协商项目", *PLACE[2:], 30, 4]]  # fmt: skip
    preview = await door.preview(workbook(rows))
    assert [row["status"] for row in preview.data] == ["ready", "rejected"]
    assert preview.codes(preview.data[1]) >= {"another_header"}
    others = [
        *rows[:3],
        ["序号", "机构名称", "统一社会信用代码", "评估等级"],
        [1, "暮云社工中心", "52320102XX9900013H", "4A"],
    ]
    preview = await door.preview(workbook(others))
    assert len(preview.data) == 1 and preview.skipped() == [(4, "another_table"), (5, "another_table")]


async def test_the_example_left_in_a_template_is_no_project(door: Door) -> None:
    given = await door.client.get("/api/v1/imports/template.xlsx", params={"kind": "organizations"})
    book = openpyxl.load_workbook(io.BytesIO(given.content))
    sheet = book.worksheets[0]
    header = [str(cell.value).rstrip("*") for cell in sheet[1]]
    for column, name in enumerate(header, 1):
        sheet.cell(3, column, organization().get(name))
    buffer = io.BytesIO()
    book.save(buffer)
    preview = await door.preview(buffer.getvalue(), "organizations")
    assert [record["name"] for record in preview.records] == [organization()["机构名称"]]
    assert preview.skipped() == [(2, "example_row")]


async def test_hidden_rows_and_columns_are_read_and_said(door: Door) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook([PLAIN, [*PLACE, 6, 200], ["二号楼加装电梯协商项目", *PLACE[1:], 4, 30]]))
    )
    book.worksheets[0].row_dimensions[2].hidden = True
    book.worksheets[0].column_dimensions["F"].hidden = True
    buffer = io.BytesIO()
    book.save(buffer)
    preview = await door.preview(buffer.getvalue())
    assert len(preview.data) == 2 and preview.records[0]["beneficiaries_planned"] == 200
    assert "lines_hidden" in preview.codes()


async def test_a_sheet_that_is_a_copy_changes_nothing(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"))
    preview = await door.preview(workbook(("鼓楼区", rows), ("鼓楼区 (2)", rows)))
    assert preview.counts == {"rows": 4, "ready": 2, "warned": 0, "rejected": 0, "skipped": 2}
    assert {code for _, code in preview.skipped()} == {"duplicate_row"}


async def test_breaks_tabs_and_signs_inside_cells(door: Door) -> None:
    rows = table(
        project(
            "独居\u000b老人\u200b助餐\t探访项目",
            项目简介="每日送餐。\u000b上门探访。\r\n异常上报，每季度测评一次。",
        ),
        project("二号楼加装电梯协商项目", **{"预算金额(万元)": "￥６．５万元"}, 社区="银杏里\u3000社区"),
    )
    preview = await door.preview(text(rows))
    first, second = preview.records
    assert first["title"] == "独居老人助餐探访项目"
    assert first["description"] == "每日送餐。\n上门探访。\n异常上报，每季度测评一次。"
    assert (second["budget_fen"], second["communities"]) == (6_500_000, ["银杏里社区"])
