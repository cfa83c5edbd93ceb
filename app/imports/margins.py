"""Rows that stand where data stands and are none: examples left in, hints, parts of totals, another table (DOMAIN.md §4.4, 24-26)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from app.imports.cells.parsed import Cell, RowProblem, error, warning
from app.imports.cells.text import text_of
from app.imports.columns.column import header_of
from app.imports.columns.kinds import KINDS
from app.imports.layout import Layout

_FEWEST_HEADERS = 3
_LONGEST_HEADER = 30
_EXAMPLE = re.compile(r"^[(（【\[]?(?:填写|填报)?(?:示例|样例|范例|例|例如|举例)(?:[)）】\]:：]|\d*$)")
_HINT = re.compile(
    r"^[(（]?(?:必填|选填|非必填|必选|可选|可不填)(?:项)?[)）]?$|^(?:下拉|点击|请)?(?:选择|勾选)(?:填写)?$|^(?:单|多)选$|^(?:文本|数字|数值|日期|整数)(?:格式)?$|"
    r"^自动(?:编号|生成|计算)$|^(?:不超过|不少于|不多于|限)?\d+字?(?:以内|以上)?字?$|^(?:规范|填写)?(?:全称|简称)$|^保留.{1,4}小数$|^(?:格式|如|例如|单位)[:：].*$|^填写.{1,20}$"
)
_PART_OF_TOTAL = re.compile(r"^(?:其中|平均|均值|占比|比例|差额|剩余|结余)")
_WHOLE_TOTAL = re.compile(r"^(?:本页|以上)?(?:合|总|共|小|累)\s*计")
_NOTE_WORD = re.compile(r"^(?:备注|说明|注|附注|附|注意)[:：]?$")
_SEQUENCES = ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "甲乙丙丁戊己庚辛壬癸", "①②③④⑤⑥⑦⑧⑨⑩⑪⑫⑬⑭⑮⑯⑰⑱⑲⑳")
_SUSPECT = re.compile(r"^[(（【\[]?(?:填|例|示|样|范|举|必|选|非|可|下|点|请|单|多|文|数|日|整|自|不|限|规|保|格|如|其|平|均|占|比|差|剩|结|本|以|合|总|共|小|累|备|说|注|附|A|甲|①)")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Aside:
    """Why a row is no data; for a total its label; `rejects` when it may be data that cannot be read here."""

    problem: RowProblem
    total: str | None = None


@dataclass(slots=True)
class Margins:
    """Told the rows of a sheet in order, says which are no data. Remembers when another table has begun."""

    layout: Layout
    _number_at: int | None = field(init=False)
    _below: RowProblem | None = None

    def __post_init__(self) -> None:
        at = {mapped.column.field: mapped.index for mapped in self.layout.columns if mapped.column}
        self._number_at = at.get("source_row_no")

    def aside(self, cells: Sequence[Cell], first: int, lead: str, title: str) -> Aside | None:
        """Why this row is no data of this table; None when it is. `lead` is its first text, of column `first`."""
        if lead in _headers() and (begins := self._another_table(cells)):
            return begins
        if self._below is not None:
            return Aside(self._below)
        if not (_SUSPECT.match(lead) or _SUSPECT.match(title)):
            return None
        if _EXAMPLE.match(title) or (first == self._number_at and _EXAMPLE.match(lead)):
            return Aside(warning("example_row", "填写示例，不作为数据。", "An example left in; no data."))
        if not title and _WHOLE_TOTAL.match(lead):
            return Aside(
                warning("total_row", f"{lead[:20]}行，不作为数据。", f"A total row ({lead[:20]}); no data."),
                lead[:20],
            )
        if not title and _PART_OF_TOTAL.match(lead):
            return Aside(
                warning(
                    "part_of_total",
                    f"{lead[:20]}行，不作为数据。",
                    f"A part of a total ({lead[:20]}); no data.",
                )
            )
        texts = [text_of(cell) for cell in cells if text_of(cell)]
        if first == self._number_at and _NOTE_WORD.match(lead) and len(texts) <= 2:
            return Aside(
                warning(
                    "note_row",
                    f"表尾说明，不作为数据：{' '.join(texts)[:40]}",
                    f"A note, no data: {' '.join(texts)[:40]}",
                )
            )
        if len(texts) >= _FEWEST_HEADERS:
            if 10 * sum(1 for text in texts if _HINT.match(text)) >= 7 * len(texts):
                return Aside(
                    warning("hint_row", "填写提示行，不作为数据。", "A row of hints for filling in; no data.")
                )
            if any(texts == list(letters[: len(texts)]) for letters in _SEQUENCES):
                return Aside(
                    warning("column_numbers", "列号行，已跳过。", "A row of column numbers; skipped.")
                )
        return None

    def _another_table(self, cells: Sequence[Cell]) -> Aside | None:
        """Whether these are the headers of another table below; its rows cannot be read by this table's columns."""
        texts = {at: text_of(cell) for at, cell in enumerate(cells) if text_of(cell)}
        if len(texts) < _FEWEST_HEADERS or any(len(text) > _LONGEST_HEADER for text in texts.values()):
            return None
        own = {mapped.index: mapped.header.split("/") for mapped in self.layout.columns}
        if all(text in own.get(at, ()) for at, text in texts.items()):
            self._below = None  # the same header again
            return Aside(warning("header_again", "重复的表头行，已跳过。", "The header again; skipped."))
        known = {
            name: sum(1 for text in texts.values() if kind.find(text)[0] is not None)
            for name, kind in KINDS.items()
        }
        if max(known.values()) < max(_FEWEST_HEADERS, len(texts) * 6 // 10):
            return None
        ours = {mapped.column for mapped in self.layout.columns if mapped.column}
        of_ours = next(name for name, kind in KINDS.items() if ours & set(kind.columns))
        if known[of_ours] >= max(known.values()):
            self._below = error(
                "another_header", "此行在本表的另一个表头之下（列不同），未读取；请将该表放到单独的工作表或文件。",
                "This row stands below another header with other columns and was not read; put that table into a sheet of its own.")  # fmt: skip
        else:
            self._below = warning(
                "another_table",
                "此行属于下方的另一张表，未读取。",
                "This row belongs to another table below; not read.",
            )
        return Aside(warning("another_table", "下方另一张表的表头。", "The header of another table below."))


def is_template_example(layout: Layout, cells: Sequence[Cell]) -> bool:
    """Whether a row is the example of our own template, left standing above the sender's rows."""
    told = [
        text_of(cells[mapped.index]) == mapped.column.example
        for mapped in layout.columns
        if mapped.column and mapped.column.free_text and mapped.column.required and mapped.index < len(cells)
    ]
    return len(told) > 1 and all(told)


EXAMPLE = warning("example_row", "模板自带的示例行，不作为数据。", "The example of the template; no data.")


@cache
def _headers() -> frozenset[str]:
    """Every name of every column of every kind, as written: a cheap first question."""
    names = {
        name for kind in KINDS.values() for column in kind.columns for name in (column.header, *column.names)
    }
    return frozenset(names | {header_of(name).name for name in names})
