"""DOMAIN.md §4.4, cases 18-21: dates and periods, each with its precision."""

from datetime import date
from typing import Any

import openpyxl

from tests.app.imports.conftest import Door, Preview
from tests.app.imports.files import project, table, workbook


async def dated(door: Door, *cells: dict[str, Any], title: str | None = None) -> Preview:
    """The preview of one project per set of date cells."""
    rows = [
        project(f"独居老人助餐探访项目之{'甲乙丙丁戊己庚辛壬癸子丑'[at]}") | given
        for at, given in enumerate(cells)
    ]
    lines = table(*rows)
    return await door.preview(workbook([[title], *lines] if title else lines))


def starts(preview: Preview) -> list[tuple[str, str]]:
    return [(record["start_on"], record["start_precision"]) for record in preview.records]


async def test_case_18_ten_forms_of_a_date(door: Door) -> None:
    months = ["2026年3月", "2026.3", "2026-03", "26年3月", "202603", "2026/3", "2026年3月份"]
    days = ["2026/3/1", "2026年3月1日", "20260301", "2026.03.01", date(2026, 3, 1)]
    preview = await dated(door, *({"开始时间": cell} for cell in (*months, *days)))
    assert starts(preview) == [("2026-03-01", "month")] * 7 + [("2026-03-01", "day")] * 5
    assert {row["status"] for row in preview.data} == {"ready"}


async def test_case_18_a_number_that_may_be_january_or_october_waits_for_a_person(door: Door) -> None:
    preview = await dated(door, {"开始时间": 2026.1})
    assert preview.only["status"] == "rejected" and preview.codes(preview.only) == {"month_ambiguous"}
    chosen = await door.say(preview.id, choices={"Sheet1!2": {"start_on": "2026-10-01"}})
    assert chosen.only["record"]["start_on"] == "2026-10-01"


async def test_case_19_serial_numbers_are_dates_only_in_date_columns(door: Door) -> None:
    preview = await dated(door, {"开始时间": 46082}, {"开始时间": "46082", "受益人数": 46082})
    assert starts(preview) == [("2026-03-01", "day")] * 2
    assert preview.records[1]["beneficiaries_planned"] == 46082


async def test_case_19_the_calendar_of_1904_is_honoured(door: Door) -> None:
    content = workbook(table(project() | {"开始时间": 46082 - 1462}))
    import io

    book = openpyxl.load_workbook(io.BytesIO(content))
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    buffer = io.BytesIO()
    book.save(buffer)
    preview = await door.preview(buffer.getvalue())
    assert preview.only["record"]["start_on"] == "2026-03-01"


async def test_case_20_periods_by_months_by_length_and_from_signing(door: Door) -> None:
    cells = [
        "3月—12月",
        "2026.3—2027.2",
        "一年",
        "12个月",
        "签约后一年",
        "2026年3月1日至2026年12月31日",
        "半年",
    ]
    preview = await dated(door, *({"项目周期": cell} for cell in cells), title="2026年项目汇总表")
    spans = [(r["start_on"], r["end_on"], r["period_months"]) for r in preview.records]
    assert spans == [
        ("2026-03-01", "2026-12-01", 10),
        ("2026-03-01", "2027-02-01", 12),
        (None, None, 12),
        (None, None, 12),
        (None, None, 12),
        ("2026-03-01", "2026-12-31", 10),
        (None, None, 6),
    ]
    assert preview.codes(preview.data[4]) == {"start_relative"}


async def test_case_21_dates_that_cannot_be(door: Door) -> None:
    preview = await dated(
        door,
        {"开始时间": "2026-02-30"},
        {"开始时间": "2026年9月", "结束时间": "2026年3月"},
        {"开始时间": "2026年3月", "结束时间": "2026年12月", "项目周期": "6个月"},
    )
    impossible, reversed_, mismatch = preview.data
    assert impossible["status"] == "rejected" and preview.codes(impossible) == {"date_impossible"}
    assert reversed_["status"] == "rejected" and preview.codes(reversed_) == {"period_reversed"}
    assert mismatch["status"] == "warned" and preview.codes(mismatch) == {"period_mismatch"}
    assert "6" in mismatch["problems"][0]["message"] and "10" in mismatch["problems"][0]["message"]
