"""What a careful clerk reads in the cells of a project list: nothing guessed, nothing lost, no false error.

Each test sends one workbook whose rows differ in one cell, and names for each cell what it means and what is said about it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.app.imports.conftest import Door
from tests.app.imports.files import project, table, workbook

Expected = Mapping[Any, tuple[Any, set[str]]]
DIGITS = "甲乙丙丁戊己庚辛壬癸"


async def read_as(
    door: Door, header: str, fields: Sequence[str] | str, expected: Expected, **always: Any
) -> None:
    """Send one row per cell and compare: cell → (value or values, codes of the problems)."""
    names = [fields] if isinstance(fields, str) else list(fields)
    rows = [
        project(f"独居老人助餐探访之{DIGITS[at // 10]}{DIGITS[at % 10]}") | always | {header: cell}
        for at, cell in enumerate(expected)
    ]
    preview = await door.preview(workbook(table(*rows)))
    read = {}
    for cell, row in zip(expected, preview.rows, strict=True):
        values = tuple((row["record"] or {}).get(name) for name in names)
        read[cell] = (values[0] if isinstance(fields, str) else values, preview.codes(row))
    assert read == dict(expected)


def output(indicator: str, target: int | float, unit: str | None = None) -> tuple[str, Any, str | None]:
    return indicator, target, unit


async def outputs_of(door: Door, *cells: str) -> list[list[tuple[str, Any, str | None]]]:
    rows = [
        project(f"独居老人助餐探访之{DIGITS[at // 10]}{DIGITS[at % 10]}") | {"绩效目标": cell}
        for at, cell in enumerate(cells)
    ]
    preview = await door.preview(workbook(table(*rows)))
    assert all(row["status"] in ("ready", "warned") for row in preview.rows), preview.rows
    return [
        [(o["indicator"], o["target"], o["unit"]) for o in record["outputs"] or ()]
        for record in preview.records
    ]


async def test_a_word_with_yue_inside_is_no_estimate(door: Door) -> None:
    assert await outputs_of(
        door, "签约51家", "预约51次", "节约用水宣传10次", "约谈20人次", "走访约200户"
    ) == [
        [output("签约", 51, "place")],
        [output("预约", 51, "time")],
        [output("节约用水宣传", 10, "time")],
        [output("约谈", 20, "contact")],
        [output("走访", 200, "household")],
    ]


async def test_the_number_stands_before_or_behind_and_is_never_cut(door: Door) -> None:
    cells = ("组织3场活动", "提供4000人次助餐服务", "探访10,000人次", "探访1.2万人次", "探访１２０人次", "举办三场讲座", "助餐:4000人次")  # fmt: skip
    assert await outputs_of(door, *cells) == [
        [output("活动", 3, "event")],
        [output("助餐服务", 4000, "contact")],
        [output("探访", 10_000, "contact")],
        [output("探访", 12_000, "contact")],
        [output("探访", 120, "contact")],
        [output("讲座", 3, "event")],
        [output("助餐", 4000, "contact")],
    ]


async def test_several_promises_in_one_cell_are_each_read(door: Door) -> None:
    cells = (
        "1.个案10个；2.小组5个；3.活动20场",
        "开展活动12场，服务300人次",
        "12场活动、300人次",
        "培训3期，每期30人",
        "活动12场服务300人次",
        "小组活动8节（每节15人），共4组",
    )
    assert await outputs_of(door, *cells) == [
        [output("个案", 10, "piece"), output("小组", 5, "piece"), output("活动", 20, "event")],
        [output("活动", 12, "event"), output("服务", 300, "contact")],
        [output("活动", 12, "event"), output("活动", 300, "contact")],
        [output("培训", 3, "copy"), output("培训每期", 30, "person")],
        [output("活动", 12, "event"), output("服务", 300, "contact")],
        [output("小组活动（每节15人）", 8, "meeting"), output("小组活动", 4, "piece")],
    ]


async def test_shares_and_counts_without_a_measure(door: Door) -> None:
    cells = (
        "满意度不低于0.95",
        "满意度达95%以上",
        "服务人次≥3000",
        "建立档案1套",
        "发放手册500张",
        "扶持资金5万元",
    )
    assert await outputs_of(door, *cells) == [
        [output("满意度", 95, "percent")],
        [output("满意度", 95, "percent")],
        [output("服务人次", 3000, "contact")],
        [output("建立档案", 1, "copy")],
        [output("发放手册(张)", 500)],
        [output("扶持资金(元)", 50_000)],
    ]


async def test_a_range_is_promised_by_its_lower_end_and_said(door: Door) -> None:
    preview = await door.preview(workbook(table(project() | {"绩效目标": "讲座约8-10场；走访200余户"})))
    assert [(o["indicator"], o["target"]) for o in preview.only["record"]["outputs"]] == [
        ("讲座", 8),
        ("走访", 200),
    ]
    assert preview.codes(preview.only) == {"output_estimated"}


async def test_a_number_of_months_is_one_and_a_month_of_the_year_is_none(door: Door) -> None:
    assert await outputs_of(door, "场地管理7月；助餐400人次", "安全管理10个月", "场地管理至7月") == [
        [output("场地管理", 7, "month"), output("助餐", 400, "contact")],
        [output("安全管理", 10, "month")],
        [],
    ]


async def test_dates_and_frequencies_are_no_amounts(door: Door) -> None:
    preview = await door.preview(
        workbook(
            table(project() | {"绩效目标": "完成2026年3月前入户走访；每周3次；60岁以上老人建档；第2期启动"})
        )
    )
    assert preview.only["record"]["outputs"] is None
    assert [hope["indicator"] for hope in preview.only["record"]["outcomes"]] == [
        "完成2026年3月前入户走访", "每周3次", "60岁以上老人建档", "第2期启动",
    ]  # fmt: skip


async def test_long_hopes_are_cut_into_lines_and_nothing_is_lost(door: Door) -> None:
    hope = "通过持续陪伴，让独居老人愿意下楼参加活动，" * 20
    preview = await door.preview(workbook(table(project() | {"预期成效": hope, "资质要求": hope})))
    told = [item["indicator"] for item in preview.only["record"]["outcomes"]]
    assert preview.only["status"] == "ready" and all(len(line) <= 200 for line in told)
    assert "，".join(told).replace("，", "") == hope.replace("，", "")
    asked = preview.only["record"]["required_qualifications"]
    assert len(asked) <= 20 and all(len(line) <= 200 for line in asked)


async def test_communities_whose_name_holds_he_stay_whole(door: Door) -> None:
    whole: set[str] = set()
    await read_as(door, "社区", "communities", {
        "和平里社区": (["和平里社区"], whole),
        "和平里、和燕路社区": (["和平里社区", "和燕路社区"], whole),
        "燕和社区": (["燕和社区"], whole),
        "仁和村、太和村": (["仁和村", "太和村"], whole),
        "永和新村社区": (["永和新村社区"], whole),
        "幸福和谐家园社区": (["幸福和谐家园社区"], whole),
        "银杏里社区和桂花巷社区": (["银杏里社区", "桂花巷社区"], whole),
        "银杏里社区及桂花巷社区": (["银杏里社区", "桂花巷社区"], whole),
    })  # fmt: skip


async def test_one_community_or_two_is_for_a_person_to_say(door: Door) -> None:
    preview = await door.preview(
        workbook(
            table(project(社区="银杏里和桂花巷"), project("二号楼加装电梯协商项目", 社区="银杏里 桂花巷"))
        )
    )
    assert [preview.codes(row) for row in preview.data] == [{"communities_joined"}] * 2
    two, one = (option["value"] for option in preview.data[0]["choices"][0]["options"])
    said = await door.say(
        preview.id, choices={"Sheet1!2": {"community": one}, "Sheet1!3": {"community": two}}
    )
    assert [record["communities"] for record in said.records] == [
        ["银杏里和桂花巷社区"],
        ["银杏里社区", "桂花巷社区"],
    ]
    assert {row["status"] for row in said.data} == {"ready"}


async def test_several_communities_however_they_are_listed(door: Door) -> None:
    both = (["银杏里社区", "桂花巷社区"], set())
    await read_as(door, "社区", "communities", {
        "银杏里社区\n桂花巷社区": both,
        "银杏里社区 桂花巷社区": both,
        "银杏里/桂花巷社区": both,
        "1.银杏里社区 2.桂花巷社区": both,
        "银杏里、桂花巷等2个社区": both,
        "银杏里\n社区": (["银杏里社区"], set()),
        "银杏里社区居委会": (["银杏里社区"], set()),
        "各社区": (None, set()),
        "宁海路街道下辖各社区": (None, set()),
        "辖区5个社区": (None, {"communities_unlisted"}),
        "2个社区（含桂花巷）": (["桂花巷社区"], {"communities_unlisted"}),
        "银杏里社区等": (["银杏里社区"], {"communities_unlisted"}),
    })  # fmt: skip


async def test_a_community_with_its_street_a_note_or_an_address(door: Door) -> None:
    fields = ("communities", "street", "delivery_address")
    here = "宁海路街道"
    await read_as(door, "社区", fields, {
        "宁海路街道银杏里社区": ((["银杏里社区"], here, None), set()),
        "南京市鼓楼区宁海路街道银杏里社区": ((["银杏里社区"], here, None), set()),
        "鼓楼区银杏里社区": ((["银杏里社区"], here, None), set()),
        "银杏里社区1号楼": ((["银杏里社区"], here, "1号楼"), set()),
        "银杏里社区（一期）": ((["银杏里社区"], here, None), {"community_note"}),
        "湖南路街道桂花巷社区": ((["桂花巷社区"], here, None), {"area_conflict"}),
    })  # fmt: skip


async def test_one_cell_that_names_district_street_and_community(door: Door) -> None:
    found = (("雨花台区", "雨花街道", ["翠竹社区"]), set())
    rows = [
        {"所属区": "雨花台区", "街道": "雨花街道翠竹社区", "社区": None},
        {"所属区": None, "街道": "雨花街道翠竹社区", "社区": None},
        {"所属区": "雨花台区雨花街道", "街道": None, "社区": "翠竹社区"},
        {"所属区": "雨花台区/雨花街道/翠竹社区", "街道": None, "社区": None},
        {"所属区": "雨花台", "街道": None, "社区": "雨花街道翠竹社区"},
        {"所属区": None, "街道": "雨花台区-雨花街道-翠竹社区", "社区": None},
        {"所属区": "雨花台区", "街道": "雨花街道办", "社区": "翠竹社区"},
        {"所属区": "雨花台区", "街道": "雨花街道（试点）", "社区": "翠竹"},
    ]
    given = [project(f"独居老人助餐探访之{DIGITS[at]}") | row for at, row in enumerate(rows)]
    preview = await door.preview(workbook(table(*given)))
    read = [
        ((r["record"]["district"], r["record"]["street"], r["record"]["communities"]), preview.codes(r))
        for r in preview.data
    ]
    assert read == [found] * len(rows)


async def test_a_length_a_span_or_both(door: Door) -> None:
    fields = ("start_on", "end_on", "period_months")
    march_to_december = ("2026-03-01", "2026-12-01", 10)
    clear: set[str] = set()
    await read_as(door, "项目周期", fields, {
        "2026.3-2026.12": (march_to_december, clear),
        "2026.3-12": (march_to_december, clear),
        "2026年3月-12月底前完成": (march_to_december, clear),
        "10个月（3月-12月）": (march_to_december, clear),
        "2026年3月-2026年12月（共12个月）": (march_to_december, {"period_mismatch"}),
        "1年（2026.3-2027.2）": (("2026-03-01", "2027-02-01", 12), clear),
        "2026年3月起一年": (("2026-03-01", None, 12), clear),
        "上半年": (("2026-01-01", "2026-06-01", 6), clear),
        "2026年下半年": (("2026-07-01", "2026-12-01", 6), clear),
        "2026年第三季度": (("2026-07-01", "2026-09-01", 3), clear),
        "全年": ((None, None, 12), clear),
        "签订合同后一年内": ((None, None, 12), {"start_relative"}),
        "合同签订之日起12个月": ((None, None, 12), {"start_relative"}),
        "1.5年": ((None, None, 18), {"period_over_a_year"}),
        "180天": ((None, None, 6), clear),
        "6-8个月": ((None, None, 8), {"period_estimated"}),
        "12月": ((None, None, 12), {"period_as_months"}),
        "10.0": ((None, None, 10), clear),
        "长期": ((None, None, None), {"start_relative"}),
        "7、8月": ((None, None, None), {"period_unreadable"}),
    })  # fmt: skip


async def test_a_beginning_that_is_no_date_yet(door: Door) -> None:
    await read_as(door, "开始时间", "start_on", {
        "2026年3月（暂定）": ("2026-03-01", set()),
        "预计2026年3月": ("2026-03-01", set()),
        "2026年3月1日起": ("2026-03-01", set()),
        "2026年一季度": ("2026-01-01", set()),
        "2026年底": ("2026-12-01", set()),
        "签约后": (None, {"start_relative"}),
        "即日起": (None, {"start_relative"}),
        "2026年春": (None, {"date_unreadable"}),
    })  # fmt: skip
    await read_as(door, "结束时间", "end_on", {
        "2026年一季度": ("2026-03-01", set()),
        "2026年底前": ("2026-12-01", set()),
        "2026年12月31日前完成": ("2026-12-31", set()),
    })  # fmt: skip


async def test_amounts_that_are_open_and_amounts_said_twice(door: Door) -> None:
    estimated = {"amount_estimated"}
    await read_as(door, "预算金额(万元)", "budget_fen", {
        "按实际结算": (None, {"amount_open"}),
        "以合同为准": (None, {"amount_open"}),
        "待批复": (None, {"amount_open"}),
        "见附件": (None, {"amount_open"}),
        "5万元（暂定）": (5_000_000, estimated),
        "≤10": (10_000_000, estimated),
        "65000元（大写：陆万伍仟元整）": (6_500_000, set()),
        "65000元（大写：陆万元整）": (None, {"amounts_disagree"}),
        "6元": (None, {"implausible_amount"}),
        "3万+3万": (None, {"amount_unreadable"}),
    })  # fmt: skip


async def test_who_pays_how_much(door: Door) -> None:
    city = {"source": "city_fiscal", "amount_fen": 3_000_000}
    await read_as(door, "资金来源", "funding_lines", {
        "区级财政": ([{"source": "district_fiscal", "amount_fen": 6_000_000}], set()),
        "市级福彩公益金": ([{"source": "lottery_fund", "amount_fen": 6_000_000}], set()),
        "市级3万元、区级3万元": ([city, {"source": "district_fiscal", "amount_fen": 3_000_000}], set()),
        "福彩公益金、街道配套": (None, {"funding_sources_several"}),
    })  # fmt: skip


async def test_groups_of_people_in_free_words(door: Door) -> None:
    await read_as(door, "服务对象", "target_groups", {
        "残疾人（肢体、智力）": (["disabled_persons"], set()),
        "3-6岁儿童": (["children"], set()),
        "辖区内65岁以上老人和残疾人": (["elderly", "disabled_persons"], set()),
        "困境儿童及留守儿童": (["children_in_difficulty", "left_behind_children"], set()),
        "老人、儿童等弱势群体": (["elderly", "children"], set()),
        "☑老人 □儿童 ☑残疾人": (["elderly", "disabled_persons"], set()),
        "①老人②儿童": (["elderly", "children"], set()),
        "妇女和外星人": (["women", "other"], {"target_group_unknown"}),
        "和谐家庭": (["other"], {"target_group_unknown"}),
    })  # fmt: skip


async def test_all_categories_of_a_project_are_kept(door: Door) -> None:
    await read_as(door, "服务类别", ("category", "categories"), {
        "养老服务、助残服务": (("elderly_care", ["disability_support"]), set()),
        "1.养老服务": (("elderly_care", None), set()),
        "养老服务（居家）": (("elderly_care", None), set()),
        "□助残服务 ☑养老服务": (("elderly_care", None), set()),
        "养老服务、星际探索": (("elderly_care", None), {"category_unknown"}),
    })  # fmt: skip


async def test_counts_in_words(door: Door) -> None:
    await read_as(door, "受益人数", ("beneficiaries_planned", "contacts_planned"), {
        "独居老人35名": ((35, None), set()),
        "35名独居老人": ((35, None), set()),
        "100户300人": ((300, None), set()),
        "直接受益200人，间接受益1000人": ((200, None), {"indirect_left_out"}),
        "老人35名、儿童20名": ((55, None), {"count_summed"}),
        "每年200人": ((200, None), {"count_estimated"}),
        "每月100人次": ((None, None), {"count_unreadable"}),
    })  # fmt: skip


async def test_a_telephone_in_brackets_and_in_the_contacts_cell(door: Door) -> None:
    await read_as(door, "联系电话", "contact_phone", {"（025）83456789": ("025-83456789", set())})
    await read_as(door, "联系人", ("contact_name", "contact_phone"), {
        "王主任 13800000000": (("王主任", "13800000000"), {"name_with_phone"}),
        "王主任(13800000000)": (("王主任", "13800000000"), {"name_with_phone"}),
        "王主任": (("王主任", None), set()),
    })  # fmt: skip


async def test_what_is_asked_of_a_supplier_and_why(door: Door) -> None:
    row = project() | {
        "资质要求": "1.评估等级3A（含）以上；2.至少3名持证社工；3.良好信誉和专业团队",
        "资质要求理由": "服务对象需要专业照护。",
    }
    record = (await door.preview(workbook(table(row)))).only["record"]
    assert (record["min_rating"], record["min_certified_social_workers"]) == ("3A", 3)
    assert record["required_qualifications"] == ["良好信誉和专业团队"]
    assert record["requirements_reason"] == "服务对象需要专业照护。"
