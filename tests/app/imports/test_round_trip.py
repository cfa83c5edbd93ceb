"""What has been imported, exported and sent back is what it was, however nasty its words: nothing changes, nothing is lost."""

import os
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.imports.columns.kinds import KINDS
from app.imports.drafts import checker
from app.imports.parsing import PreviewRow, Status
from app.imports.preview import Request, preview
from app.imports.reports import export
from app.imports.targets import difference, plain
from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, project, table, text
from tests.app.imports.test_any_table import TEXTS, encodable

NASTY = (
    "和平里社区、和燕路社区", "银杏里社区和桂花巷社区", '他说"好"', "甲、乙;丙\n丁", "“银龄、暖心”行动", "（一）助老；（二）助残", "1.甲 2.乙", "□甲 ☑乙",
    "2024年关爱（银发）行动(12万元,良好)", "2024年银龄(优秀)", '"2024年"', "签约51家;走访约8-10户", "第1期:20人", "60岁以上老人探访:200人次", "满意度95%",
    "=1+1", "+甲", "-乙", "@丙", "'=丁", "''", "5万元（暂定）", "3-5万", "上半年", "全市", "鼓楼区(宁海路街道)", "等", "甲等", "甲等3类", "/", "a/b", "1/2",
    "妇女和外星人", "残疾人（肢体、智力）", "养老服务、助残服务", "4A，有效期至2028年6月", "2023-2025连续合格", "13800000000/025-83456789", "王主任13800000000", "0.5",
    "小组2个(8节)", "探访:10000人次(个案)", "“", '"', "(", "]", ":", "甲:", ":20人", "甲：乙：3人", "１２", "\u3000甲\u00a0乙\u200b", "甲 乙", "500张手册",
)  # fmt: skip
# Said in the export by other columns or words, or kept by the sender alone.
NOT_SENT_BACK = frozenset(
    ("source_row_no", "start_precision", "end_precision", "budget_max_fen", "budget_min_fen", "budget_is_estimate",
     "credit_status", "budget_fen")
)  # fmt: skip
CHECK = {kind: checker(kind, date(2026, 1, 5)) for kind in KINDS}


def read(kind: str, content: bytes) -> PreviewRow:
    """The one row of a file that holds a record."""
    rows = [row for row in preview(content, Request(kind, 2026), check=CHECK[kind]).rows if row.record]
    return rows[0]


@st.composite
def rows_of(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """A good row of which some cells hold anything."""
    good = {column.header: column.example for column in KINDS[kind].columns if column.in_template}
    told = draw(st.sets(st.sampled_from(sorted(good)), max_size=6))
    for header in sorted(told):
        good[header] = draw(
            st.one_of(
                st.sampled_from(NASTY),
                st.lists(st.sampled_from(NASTY), min_size=2, max_size=3).map("；".join),
                TEXTS,
            )
        )
    return good


SETTINGS = settings(
    max_examples=int(os.environ.get("SHEQIA_EXAMPLES", "60")) * 2, deadline=None, suppress_health_check=list(HealthCheck)
)  # fmt: skip


@pytest.mark.parametrize("kind", sorted(KINDS))
@SETTINGS
@given(data=st.data())
def test_whatever_was_read_is_written_so_that_it_is_read_again(kind: str, data: st.DataObject) -> None:
    good = data.draw(rows_of(kind))
    content = text(table({name: encodable(cell) for name, cell in good.items()}), "utf-16", "\t")
    rows = preview(content, Request(kind, 2026), check=CHECK[kind]).rows
    if len(rows) != 1 or rows[0].record is None or rows[0].status is Status.REJECTED:
        return
    first = plain(rows[0].record)
    again = read(kind, export(kind, [first]))
    assert again.status is not Status.REJECTED, again.problems
    assert difference(plain(again.record or {}), first) == {}
    lost = difference(first, plain(again.record or {}))
    assert lost.keys() <= NOT_SENT_BACK, lost


@pytest.mark.parametrize("kind", ["projects", "organizations", "needs"])
async def test_a_whole_store_of_nasty_words_comes_back_without_a_change(door: Door, kind: str) -> None:
    rows = []
    for at, nasty in enumerate(NASTY):
        if kind == "organizations":
            row = organization(
                f"南京市鼓楼区暮云{at}号社工中心", 统一社会信用代码=None, 登记类型="备案社区社会组织"
            )
            row |= {
                "街道": "宁海路街道",
                "曾用名": nasty,
                "承接项目情况": f"2024年{nasty}",
                "获奖情况": nasty,
                "资质证照": nasty,
                "备注": nasty,
            }
        elif kind == "projects":
            row = project(f"独居老人助餐第{at}号项目") | {
                "绩效目标": nasty,
                "预期成效": nasty,
                "资质要求": nasty,
                "优先条件": nasty,
                "备注": nasty,
            }
        else:
            row = {"需求名称": f"独居老人午餐{at}", "需求描述": f"多名独居老人午餐无人照应，希望有人送餐。{nasty}", "所属区": "鼓楼区",
                   "街道": "宁海路街道", "社区": "银杏里社区", "需求人群": nasty, "涉及人数": nasty}  # fmt: skip
        rows.append(row)
    first = await door.preview(text(table(*rows)), kind)
    assert first.counts["rejected"] == 0, [
        row["problems"] for row in first.rows if row["status"] == "rejected"
    ]
    assert (await door.commit(first.id))["result"]["created"] == len(rows)
    exported = await door.client.get("/api/v1/imports/export.xlsx", params={"kind": kind, "edition": "2026"})
    back = await door.preview(exported.content, kind)
    assert [row["change"] for row in back.rows if row["change"]] == []
    assert back.counts["skipped"] == len(rows) and {code for _, code in back.skipped()} == {"unchanged"}


def test_blanks_that_no_cell_keeps_are_no_change() -> None:
    assert difference({"title": "助餐 探访"}, {"title": " 助餐  探访\u200b"}) == {}
    assert difference({"description": "一\n二"}, {"description": "一 \r\n二"}) == {}
    assert difference({"title": "助餐 探访"}, {"title": "助餐探访"}) == {"title": ["助餐探访", "助餐 探访"]}
    assert difference({"description": "一\n二"}, {"description": "一二"}) != {}
