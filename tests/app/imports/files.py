"""Real files for the stories of imports: workbooks with merged cells and hidden sheets, text in the encodings of the trade."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import openpyxl

Rows = Sequence[Sequence[Any]]


def project(title: str = "独居老人助餐探访项目", **cells: Any) -> dict[str, Any]:
    """One good row of a project list, by header; `cells` stand instead."""
    row = {
        "序号": 1,
        "项目名称": title,
        "项目简介": "为辖区独居高龄老人每日送餐并探访，异常情况当日上报，每季度测评一次。",
        "服务类别": "养老服务",
        "所属区": "鼓楼区",
        "街道": "宁海路街道",
        "社区": "银杏里社区",
        "购买方": "南京市鼓楼区宁海路街道办事处",
        "预算金额(万元)": 6,
    }
    return row | cells


def organization(name: str = "南京市鼓楼区暮云社会工作服务中心", **cells: Any) -> dict[str, Any]:
    """One good row of a list of organizations; the code is of the made-up range."""
    row = {
        "序号": 1,
        "机构名称": name,
        "统一社会信用代码": "52320102XX9900013H",
        "登记类型": "社会服务机构",
        "登记管理机关": "南京市鼓楼区民政局",
        "评估等级": "4A",
        "专职人数": 12,
        "持证社工数": 5,
        "业务范围": "居家养老服务；社会工作服务。",
        "服务能力": "长期开展独居老人助餐与探访。",
        "服务领域": "养老服务",
        "服务区域": "鼓楼区",
        "承接上限": 4,
    }
    return row | cells


def table(*rows: dict[str, Any]) -> list[list[Any]]:
    """A header and its rows, for rows given by header."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    return [header, *([row.get(name) for name in header] for row in rows)]


def workbook(
    *sheets: Rows | tuple[str, Rows], merge: Sequence[str] = (), hidden: Sequence[str] = ()
) -> bytes:
    """An .xlsx of sheets, each rows or (name, rows); `merge` are ranges of the first."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for at, given in enumerate(sheets):
        name, rows = (
            given if isinstance(given, tuple) and isinstance(given[0], str) else (f"Sheet{at + 1}", given)
        )
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if at == 0:
            for cells in merge:
                sheet.merge_cells(cells)
        if name in hidden:
            sheet.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def text(rows: Rows, encoding: str = "utf-8", delimiter: str = ",") -> bytes:
    """The rows as a text file."""
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, lineterminator="\r\n").writerows(
        ["" if cell is None else cell for cell in row] for row in rows
    )
    return buffer.getvalue().encode(encoding)
