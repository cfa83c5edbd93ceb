"""DOMAIN.md §4.4, cases 1-6, 22-26 and 30-32: where the table is, what its columns mean, which rows are data."""

from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, project, table, text, workbook


async def test_case_01_merged_title_rows_stand_above_the_header(door: Door) -> None:
    rows = [["2026年鼓楼区社洽会项目汇总表"], [], *table(project(), project("社区议事厅协商项目"))]
    preview = await door.preview(workbook(rows, merge=["A1:I1"]))
    assert preview.sheets[0]["header_row"] == 3
    assert preview.sheets[0]["title"] == "2026年鼓楼区社洽会项目汇总表"
    assert [record["title"] for record in preview.records] == ["独居老人助餐探访项目", "社区议事厅协商项目"]
    assert preview.counts == {"rows": 2, "ready": 2, "warned": 0, "rejected": 0, "skipped": 0}


async def test_case_02_a_line_of_sender_date_and_unit_is_no_data_but_counts(door: Door) -> None:
    row = project()
    row["预算金额"] = row.pop("预算金额(万元)")
    del row["所属区"]
    rows = [["项目汇总表"], ["填报单位：鼓楼区民政局  填报日期：2026年1月5日  单位：万元"], *table(row)]
    preview = await door.preview(workbook(rows))
    assert preview.sheets[0]["unit"] == "万元"
    assert preview.sheets[0]["sender"] == "鼓楼区民政局"
    assert preview.sheets[0]["reported_on"] == "2026-01-05"
    assert preview.only["record"]["budget_fen"] == 6_000_000
    assert preview.only["record"]["district"] == "鼓楼区"
    assert preview.only["filled"] == ["district"]


async def test_case_03_a_header_of_two_rows_is_joined(door: Door) -> None:
    rows = [
        ["项目名称", "所属区", "街道", "资金(万元)", None, None, "购买方"],
        [None, None, None, "市级", "区级", "街道", None],
        ["独居老人助餐探访项目", "鼓楼区", "宁海路街道", 3, 2, 1, "宁海路街道办事处"],
    ]
    merge = ["A1:A2", "B1:B2", "C1:C2", "D1:F1", "G1:G2"]
    preview = await door.preview(workbook(rows, merge=merge))
    assert preview.sheets[0]["header_height"] == 2
    assert preview.only["record"]["funding_lines"] == [
        {"source": "city_fiscal", "amount_fen": 3_000_000},
        {"source": "district_fiscal", "amount_fen": 2_000_000},
        {"source": "street_fiscal", "amount_fen": 1_000_000},
    ]
    assert preview.only["record"]["budget_fen"] == 6_000_000
    as_text = await door.preview(text(rows, "gb18030"))
    assert as_text.only["record"] == preview.only["record"]


async def test_case_04_headers_with_stars_breaks_and_notes(door: Door) -> None:
    rows = table(project())
    rows[0] = [
        "序 号",
        "*项目名称（必填）",
        "项目\n简介",
        " 服务类别 ",
        "所属区：",
        "街 道",
        "社区（村）",
        "购买方＊",
        "预算金额（万元）",
    ]
    preview = await door.preview(workbook(rows))
    assert preview.only["status"] == "ready"
    assert preview.only["record"]["budget_fen"] == 6_000_000
    assert preview.only["record"]["community"] == "银杏里社区"


async def test_case_05_other_words_another_order_and_extra_columns(door: Door) -> None:
    rows = [
        ["是否网红", "经费预算(元)", "镇街", "采购项目名称", "采购需求概况", "区县", "服务领域", "甲方"],
        [
            "否",
            50000,
            "宁海路街道",
            "独居老人助餐探访项目",
            "每日送餐并上门探访独居高龄老人，异常当日上报。",
            "鼓楼区",
            "养老",
            "宁海路街道办事处",
        ],
    ]
    preview = await door.preview(workbook(rows))
    record = preview.only["record"]
    assert (record["title"], record["budget_fen"], record["street"]) == (
        "独居老人助餐探访项目",
        5_000_000,
        "宁海路街道",
    )
    assert preview.only["raw"]["是否网红"] == "否"
    assert "columns_unknown" in preview.codes()


async def test_case_06_of_two_contacts_the_buyers_is_taken(door: Door) -> None:
    rows = [
        ["项目名称", "街道", "所属区", "购买方", "联系人", "承接机构", "联系人", "预算金额(万元)"],
        [
            "独居老人助餐探访项目",
            "宁海路街道",
            "鼓楼区",
            "宁海路街道办事处",
            "王主任",
            "暮云社工",
            "李社工",
            5,
        ],
    ]
    preview = await door.preview(workbook(rows))
    assert preview.only["record"]["contact_name"] == "王主任"
    assert "header_repeated" not in preview.codes()
    unsure = await door.preview(
        workbook([["联系人", *rows[0][:3], "联系人", "预算金额(万元)"], ["张", *rows[1][:3], "李", 5]])
    )
    assert "header_repeated" in unsure.codes()


async def test_case_22_vertically_merged_areas_are_filled_from_their_range_only(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"), project("新市民子女课后陪伴项目"))
    rows[2][4] = rows[2][5] = rows[3][4] = rows[3][5] = None
    preview = await door.preview(workbook(rows, merge=["E2:E3", "F2:F3"]))
    _, second, third = preview.data
    assert second["record"]["district"] == "鼓楼区" and second["record"]["street"] == "宁海路街道"
    assert set(second["filled"]) == {"district", "street"} and second["status"] == "ready"
    assert third["record"]["street"] is None and "missing" in preview.codes(third)


async def test_case_22_an_amount_merged_over_rows_is_nobodys(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"))
    rows[2][8] = None
    preview = await door.preview(workbook(rows, merge=["I2:I3"]))
    assert [row["status"] for row in preview.data] == ["rejected", "rejected"]
    assert "amount_merged" in preview.codes(preview.data[1])


async def test_case_23_blank_areas_of_a_text_file_repeat_the_row_above_until_a_gap(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"), project("新市民子女课后陪伴项目"))
    for row in rows[2:]:
        row[4] = row[5] = None
    preview = await door.preview(text([*rows[:3], [""] * 9, rows[3]]))
    _, second, third = preview.data
    assert second["record"]["street"] == "宁海路街道"
    assert second["status"] == "warned" and set(second["filled"]) >= {"district", "street"}
    assert preview.codes(second) == {"filled_down"}
    assert third["record"]["street"] is None


async def test_case_24_totals_are_no_data_and_are_compared_with_the_rows(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目", **{"预算金额(万元)": 4}))
    rows.append(["小 计", None, None, None, None, None, None, None, 10])
    rows.append(["合计", None, None, None, None, None, None, None, 12])
    preview = await door.preview(workbook(rows))
    assert preview.skipped() == [(4, "total_row"), (5, "total_row")]
    small, whole = preview.about["preview"]["totals"]
    assert small["difference_yuan"] == "0.00"
    assert (whole["stated_yuan"], whole["computed_yuan"], whole["difference_yuan"]) == (
        "120000.00",
        "100000.00",
        "20000.00",
    )
    assert "total_differs" in preview.codes()


async def test_case_25_blank_rows_do_not_end_the_reading(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"))
    preview = await door.preview(workbook([rows[0], rows[1], [], [2], [], rows[2]]))
    assert len(preview.data) == 2
    assert preview.skipped() == [(4, "only_number")]


async def test_case_26_notes_at_the_end_are_no_data(door: Door) -> None:
    rows = [
        *table(project()),
        ["填表人：王某", None, "审核人：李某"],
        ["注：1.金额以万元计", None],
        ["2026年1月5日"],
    ]
    preview = await door.preview(workbook(rows))
    assert len(preview.data) == 1
    assert {code for _, code in preview.skipped()} == {"note_row"}


async def test_case_30_one_project_for_many_communities(door: Door) -> None:
    five = project("五社区联动助老项目", 社区="银杏里等5个社区")
    two = project("两社区助老项目", 社区="银杏里社区、桂花巷社区")
    preview = await door.preview(workbook(table(five, two)))
    first, second = preview.data
    assert first["record"]["communities"] == ["银杏里社区"] and "communities_unlisted" in preview.codes(first)
    assert second["record"]["communities"] == ["银杏里社区", "桂花巷社区"] and second["status"] == "ready"


async def test_case_31_a_sheet_named_after_a_district_gives_it(door: Door) -> None:
    row = project()
    del row["所属区"]
    other = project("滨江夜跑安全项目", 所属区="建邺区", 街道="莫愁湖街道", 购买方="莫愁湖街道办事处")
    preview = await door.preview(workbook(("鼓楼区", table(row)), ("玄武区", table(other))))
    first, second = preview.data
    assert first["record"]["district"] == "鼓楼区" and first["sheet"] == "鼓楼区"
    assert second["status"] == "rejected" and "district_conflict" in preview.codes(second)


async def test_case_32_summaries_instructions_and_hidden_sheets_are_left_out(door: Door) -> None:
    one, two = (
        table(project()),
        table(
            project(
                "二号楼加装电梯协商项目", 所属区="玄武区", 街道="梅园新村街道", 购买方="梅园新村街道办事处"
            )
        ),
    )
    both = [one[0], one[1], two[1]]
    content = workbook(
        ("汇总", both),
        ("鼓楼区", one),
        ("玄武区", two),
        ("填表说明", [["说明", "请勿改动表头"]]),
        ("旧数据", one),
        hidden=["旧数据"],
    )
    preview = await door.preview(content)
    assert preview.counts["rows"] == 2
    reasons = {sheet["name"]: sheet["reason"] for sheet in preview.sheets}
    assert reasons == {
        "汇总": "repeats_others",
        "鼓楼区": None,
        "玄武区": None,
        "填表说明": "no_header",
        "旧数据": "hidden",
    }
    chosen = await door.say(preview.id, sheets=["汇总"])
    assert [row["sheet"] for row in chosen.rows] == ["汇总", "汇总"]


async def test_a_column_a_person_has_mapped_is_remembered_for_the_next_file(door: Door) -> None:
    rows = table(project())
    rows[0][2] = "干什么"
    preview = await door.preview(workbook(rows))
    assert preview.only["record"]["description"] is None
    again = await door.say(preview.id, mapping={"干什么": "description"})
    assert again.only["record"]["description"].startswith("为辖区")
    rows[1][1] = "下一份名单的项目"
    following = await door.preview(workbook(rows))
    assert following.only["record"]["description"].startswith("为辖区")


async def test_a_list_of_organizations_knows_its_own_columns(door: Door) -> None:
    preview = await door.preview(workbook(table(organization())), "organizations")
    assert preview.only["status"] == "ready"
    assert preview.only["record"]["district"] == "鼓楼区"  # the registrar's


async def test_without_a_header_nothing_is_read_and_the_sender_is_told(door: Door) -> None:
    preview = await door.preview(workbook([["随便", "写写"], [1, 2]]))
    assert preview.rows == [] and "header_not_found" in preview.codes()
