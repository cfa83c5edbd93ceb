"""What a careful clerk reads in the cells of a list of organizations."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.imports.cells.identity import check_character
from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, table, workbook

DIGITS = "甲乙丙丁戊己庚辛壬癸"


async def read_as(
    door: Door, header: str, fields: Sequence[str] | str, expected: Mapping[Any, tuple[Any, set[str]]]
) -> None:
    """Send one row per cell and compare: cell → (value or values, codes of the problems)."""
    names = [fields] if isinstance(fields, str) else list(fields)
    rows = []
    for at, cell in enumerate(expected):
        first = f"52320102XX99{at:04d}0"
        rows.append(
            organization(
                f"南京市鼓楼区暮云{DIGITS[at // 10]}{DIGITS[at % 10]}社会工作服务中心",
                统一社会信用代码=first + check_character(first),
            )
            | {header: cell}
        )
    preview = await door.preview(workbook(table(*rows)), "organizations")
    read = {}
    for cell, row in zip(expected, preview.rows, strict=True):
        values = tuple((row["record"] or {}).get(name) for name in names)
        read[cell] = (values[0] if isinstance(fields, str) else values, preview.codes(row))
    assert read == dict(expected)


def done(title: str, year: int | None = None, **more: Any) -> dict[str, Any]:
    return {"title": title, **({"year": year} if year else {}), **more}


async def test_titles_of_past_projects_keep_what_stands_in_brackets(door: Door) -> None:
    clear: set[str] = set()
    await read_as(door, "近三年业绩", "track_record", {
        "2024年关爱（银发）行动(12万元,良好)": ([done("关爱（银发）行动", 2024, amount_fen=12_000_000, grade="good")], clear),
        "2024年助老（二期）、2025年助残": ([done("助老(二期)", 2024), done("助残", 2025)], clear),
        "2024年社区助餐（鼓楼区民政局，12万元，优秀）": (
            [done("社区助餐(鼓楼区民政局)", 2024, amount_fen=12_000_000, grade="excellent")], clear),
        "(2024)社区助餐": ([done("社区助餐", 2024)], clear),
        "社区助餐（2024年，12万元）": ([done("社区助餐", 2024, amount_fen=12_000_000)], clear),
        "2024.03社区助餐 12万元": ([done("社区助餐", 2024, amount_fen=12_000_000)], clear),
        "2024年度社区为老服务项目": ([done("社区为老服务项目", 2024)], clear),
        "2023-2024年社区营造项目": ([done("社区营造项目(2023-2024年)", 2024)], clear),
        "1.2023年社区助餐；2.2024年社区养老（10万元）": (
            [done("社区助餐", 2023), done("社区养老", 2024, amount_fen=10_000_000)], clear),
        "承接鼓楼区2024年养老项目": ([done("承接鼓楼区2024年养老项目", 2024)], clear),
        "2024年“银龄、暖心”行动": ([done("“银龄、暖心”行动", 2024)], clear),
        "社区助餐": ([done("社区助餐")], {"past_project_undated"}),
    })  # fmt: skip


async def test_prizes_are_no_projects(door: Door) -> None:
    row = organization() | {
        "获奖情况": "2024年省级优秀社工项目、2023年区公益之星",
        "近三年业绩": "2024年社区助餐(12万元)",
    }
    record = (await door.preview(workbook(table(row)), "organizations")).only["record"]
    assert record["honours"] == ["2024年省级优秀社工项目", "2023年区公益之星"]
    assert record["track_record"] == [done("社区助餐", 2024, amount_fen=12_000_000)]


async def test_a_grade_holds_until_the_day_it_names(door: Door) -> None:
    await read_as(door, "评估等级", ("rating", "rating_valid_until"), {
        "4A，有效期至2028年6月": (("4A", "2028-06-30"), set()),
        "4A（2023-2028）": (("4A", "2028-12-31"), set()),
        "2023年4A": (("4A", "2028-12-31"), set()),
        "4A(2023年)": (("4A", "2028-12-31"), set()),
        "4A已过期": ((None, None), {"rating_expired"}),
        "3A申报中": ((None, None), {"rating_unknown"}),
        "不适用": ((None, None), set()),
    })  # fmt: skip


async def test_inspections_of_several_years_in_one_word(door: Door) -> None:
    three = {"2023": "passed", "2024": "passed", "2025": "passed"}
    await read_as(door, "年检情况", "annual_inspection", {
        "2023-2025连续合格": (three, set()),
        "近三年均合格": (three, set()),
        "2023、2024、2025合格": (three, set()),
        "2024合格、2025基本合格": ({"2024": "passed", "2025": "basically_passed"}, set()),
        "当年成立": ({"2025": "exempt"}, set()),
        "正在整改": (None, {"inspection_result_unknown"}),
    })  # fmt: skip


async def test_where_an_organization_works(door: Door) -> None:
    inner = ["玄武区", "秦淮区", "建邺区", "鼓楼区", "栖霞区", "雨花台区"]
    three = ["鼓楼区", "玄武区", "建邺区"]
    await read_as(door, "服务区域", "service_areas", {
        "主城六区": (inner, set()),
        "鼓楼 玄武 建邺": (three, set()),
        "鼓楼区、玄武区和建邺区": (three, set()),
        "鼓楼区(宁海路街道)": (["鼓楼区"], set()),
        "鼓楼区及周边": (["鼓楼区"], {"service_area_unknown"}),
    })  # fmt: skip
    whole = await door.preview(workbook(table(organization() | {"服务区域": "江苏省"})), "organizations")
    assert len(whole.only["record"]["service_areas"]) == 12


async def test_staff_and_marks_that_tell_more_than_their_column(door: Door) -> None:
    await read_as(door, "专职人数", "fulltime_staff", {
        "12名（其中社工5名）": (12, set()),
        "专职12人，兼职5人": (None, {"count_unreadable"}),
    })  # fmt: skip
    await read_as(door, "公开募捐资格", "public_fundraising", {
        "□是 ☑否": (False, set()),
        "☑是 □否": (True, set()),
        "□是 □否": (None, set()),
        "已取得": (True, set()),
        "已过期": (None, {"flag_unreadable"}),
        "办理中": (None, {"flag_unreadable"}),
    })  # fmt: skip


async def test_an_unlikely_capital_is_taken_as_written_and_said(door: Door) -> None:
    await read_as(door, "开办资金(万元)", "start_up_capital_fen", {
        3: (3_000_000, set()),
        30_000: (30_000_000_000, {"amount_unusual"}),
        "30000元": (3_000_000, set()),
    })  # fmt: skip


async def test_further_facts_have_their_columns(door: Door) -> None:
    row = organization() | {"兼职人数": 4, "督导人数": 1, "邮箱": "office@example.org", "网址": "example.org"}
    preview = await door.preview(workbook(table(row)), "organizations")
    record = preview.only["record"]
    assert (record["parttime_staff"], record["supervisors"]) == (4, 1)
    assert (record["email"], record["website"]) == ("office@example.org", "example.org")
    assert (await door.commit(preview.id))["state"] == "committed"


async def test_a_clean_record_in_the_words_of_the_bureaus(door: Door) -> None:
    clean = ("正常", "未被列入异常名录", "未列入活动异常名录", "无不良记录", "无失信记录")
    await read_as(
        door,
        "信用情况",
        "credit_status",
        {
            **{word: ("normal", set()) for word in clean},
            "列入异常名录": ("abnormal_list", set()),
            "失信被执行人": ("serious_illegality_list", set()),
        },
    )
    await read_as(
        door,
        "登记状态",
        "registration_status",
        {word: ("registered", set()) for word in ("在业", "存续", "正常")},
    )
