"""Whatever cells a table holds, there is a preview and never an exception; and rows are never lost."""

import io
import os
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.imports import shown
from app.imports.columns.kinds import KINDS
from app.imports.drafts import checker
from app.imports.parsing import Status
from app.imports.preview import Preview, Request, preview
from tests.app.imports.files import biff, text

FRAGMENTS = (
    "5万", "3-5万元", "约", "元整", "２０２６年３月", "2026-02-30", "待定", "/", "#REF!", "合计", "小计", "注：", "√", "4A(2023年)", "鼓楼区", "泰山街道",
    "银杏里等5个社区", "320106199001011234", "1.38E+10", "=1+1", "'", '"', "\n", "\t", "\u200b", "\ud83d", "壹佰零伍万元整", "亿", "-", "签约后一年",
    "五", "。。", "52320102XX9900013H", "单位：万元", "项目名称", "预算金额(万元)", "序号", "1e400", "9" * 400, "十" * 30, "、", "和", "０",
    "□甲☑乙", "①②", "(" * 40, "“" * 9 + "”", "[（【", '""""', "等3个社区", "银杏里和桂花巷", "雨花台区/雨花街道/翠竹社区", "街道", "镇", "区", "辖区5个社区", "1.", "（一）",
    "2026年3月起", "第九季度", "2026.3-13", "13月", "0天", "9999个月", "半", "近五年均", "2026-2020年", "每月每周", "约约约", "至少至多", "10,000,00人次", "1-", "-1-2-",
    "9" * 30 + "场", "0.005%", "万", "个", "20场20场20场", "第第1", "2024年2025年", "(2024年)(2025年)()", "4A至2099年99月99日", "必填", "示例：", "其中：", "机构名称",
    "\u202e倒\u202c", "\u2028", "\x0b", "_x000D_", "𠮷", "\ue000", "é", "١٢", "Ⅳ", "㊀", "½", "\ufffd", "#SPILL!", "'=", "''", "=", "%", "ʼ",
)  # fmt: skip
TIERS = (
    "资金(万元)",
    "其中",
    "市级",
    "街道",
    "万元",
    "人",
    "购买方",
    "承接方",
    "联系人",
    "合计",
    "单位：元",
    "开始",
    "结束",
    "区",
)
EARLIEST, LATEST = datetime.fromisoformat("1900-01-01"), datetime.fromisoformat("2199-01-01")
TEXTS = st.one_of(
    st.sampled_from(FRAGMENTS),
    st.text(max_size=30),
    st.lists(st.sampled_from(FRAGMENTS), min_size=2, max_size=4).map("".join),
)
NUMBERS = st.one_of(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False))
CELLS = st.one_of(
    st.none(), TEXTS, NUMBERS, st.booleans(), st.dates(date(1900, 1, 1), date(2199, 1, 1)),
    st.datetimes(EARLIEST, LATEST), st.times(), st.timedeltas(timedelta(0), timedelta(days=90)),
)  # fmt: skip


def headers(kind: str) -> st.SearchStrategy[list[str]]:
    """Mostly known names, so that most tables are read; some are anything."""
    names = st.sampled_from(
        [name for column in KINDS[kind].columns for name in (column.header, *column.names)]
    )
    known = st.lists(names, min_size=4, max_size=12, unique=True)
    return st.one_of(known, known, st.lists(st.one_of(names, TEXTS), min_size=1, max_size=12))


@st.composite
def tables(draw: st.DrawFn, kind: str, cells: st.SearchStrategy[Any]) -> list[list[Any]]:
    above = draw(st.lists(st.lists(cells, max_size=4), max_size=3))
    header = draw(headers(kind))
    tiers = draw(st.lists(st.lists(st.one_of(st.none(), st.sampled_from(TIERS)), max_size=12), max_size=2))
    rows = draw(st.lists(st.lists(cells, max_size=14), max_size=8))
    again = [draw(headers(kind))] if draw(st.booleans()) else []
    return [*above, *draw(st.permutations([header, *tiers])), *rows, *again, *rows[:2]]


def check(kind: str, content: bytes) -> Preview:
    """A preview whose parts agree and that can be shown."""
    found = preview(content, Request(kind, 2026), check=checker(kind, date(2026, 1, 5)))
    counts = found.counts
    assert counts["rows"] == sum(counts[status.value] for status in Status)
    for row in found.rows:
        told = shown.row(row)
        assert (row.status is Status.REJECTED) == any(
            p["severity"] != "warning" for p in told["problems"]
        ) or (row.status is Status.SKIPPED)
        assert all(problem["message"] and problem["message_en"] for problem in told["problems"])
        assert row.status is not Status.READY or not row.problems
    shown.summary(found)
    return found


SETTINGS = settings(
    max_examples=int(os.environ.get("SHEQIA_EXAMPLES", "60")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.parametrize("kind", sorted(KINDS))
@SETTINGS
@given(data=st.data())
def test_any_text_file_has_a_preview(kind: str, data: st.DataObject) -> None:
    rows = data.draw(tables(kind, st.one_of(st.none(), TEXTS, NUMBERS.map(str))))
    plain = [[encodable(cell) for cell in row] for row in rows]
    content = text(plain, data.draw(st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"])))
    if content.strip() and content not in (b"\xff\xfe", b"\xef\xbb\xbf"):
        try:
            check(kind, content)
        except Exception as refused:
            # A file may be refused as a whole, with a reason and an advice; nothing else may happen.
            assert getattr(refused, "problems", None), refused


@pytest.mark.parametrize("kind", sorted(KINDS))
@SETTINGS
@given(data=st.data())
def test_any_workbook_has_a_preview(kind: str, data: st.DataObject) -> None:
    rows = data.draw(tables(kind, CELLS))
    merges = data.draw(st.lists(st.tuples(*[st.integers(0, 8)] * 4), max_size=3))
    check(kind, _workbook(rows, merges))


@pytest.mark.parametrize("kind", sorted(KINDS))
@SETTINGS
@given(data=st.data())
def test_any_old_workbook_has_a_preview(kind: str, data: st.DataObject) -> None:
    rows = data.draw(tables(kind, st.one_of(st.none(), TEXTS, st.floats(-1e12, 1e12))))
    check(kind, biff([[encodable(cell) for cell in row] for row in rows if row] or [["x"]]))


def encodable(cell: Any) -> Any:
    return cell.encode("utf-16", "ignore").decode("utf-16", "ignore") if isinstance(cell, str) else cell


def _workbook(rows: list[list[Any]], merges: list[tuple[int, int, int, int]]) -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        taken: set[tuple[int, int]] = set()
        for top, left, height, width in merges:
            cells = {(top + y, left + x) for y in range(height + 1) for x in range(width + 1)}
            if len(cells) > 1 and not cells & taken:
                taken |= cells
                sheet.merge_range(top, left, top + height, left + width, "")
        for y, row in enumerate(rows):
            for x, cell in enumerate(row):
                if isinstance(cell, date | time | timedelta):
                    sheet.write_datetime(y, x, cell, day)
                elif isinstance(cell, str):
                    sheet.write_string(y, x, encodable(cell))
                elif cell is not None:
                    sheet.write(y, x, cell)
    return buffer.getvalue()
