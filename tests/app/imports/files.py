"""Real files for the stories of imports: workbooks with merged cells and hidden sheets, text in the encodings of the trade."""

import csv
import io
import struct
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


def biff(rows: Rows, more: bytes = b"", before: bytes = b"") -> bytes:
    """A small .xls: one BIFF8 stream in a compound file; `more` are further records of cells, `before` of the workbook."""
    cells = b""
    for row, line in enumerate(rows):
        for column, cell in enumerate(line):
            if isinstance(cell, int | float):
                cells += record(0x0203, struct.pack("<HHHd", row, column, 15, float(cell)))
            elif cell:
                letters = str(cell).encode("utf-16-le")
                cells += record(0x0204, struct.pack("<HHHHB", row, column, 15, len(str(cell)), 1) + letters)
    width = max(map(len, rows))
    sheet = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0))
    sheet += (
        record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0)) + cells + more + record(0x000A, b"")
    )
    begin = (
        record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
        + record(0x0042, struct.pack("<H", 1200))
        + before
    )
    name = "项目".encode("utf-16-le")
    bound = 4 + 8 + len(name)
    offset = len(begin) + bound + 4
    bound_sheet = record(0x0085, struct.pack("<IBBBB", offset, 0, 0, 2, 1) + name)
    assert len(bound_sheet) == bound
    return compound(begin + bound_sheet + record(0x000A, b"") + sheet)


def boolerr(row: int, column: int, code: int) -> bytes:
    """A cell of an .xls that holds an error (0x2A is #N/A)."""
    return record(0x0205, struct.pack("<HHHBB", row, column, 15, code, 1))


def record(kind: int, content: bytes) -> bytes:
    """One record of a BIFF stream."""
    return struct.pack("<HH", kind, len(content)) + content


def compound(stream: bytes, name: str = "Workbook") -> bytes:
    """A compound file with one stream, large enough to live in plain sectors."""
    stream = stream.ljust(max(4096, -(-len(stream) // 512) * 512), b"\x00")
    sectors = len(stream) // 512
    table_ = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    fat = b"".join(struct.pack("<I", link) for link in table_).ljust(512, b"\xff")
    header = (
        bytes.fromhex("d0cf11e0a1b11ae1")
        + b"\x00" * 16
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + b"\x00" * 6
    )
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0) + struct.pack("<I", 0)
    header = header.ljust(512, b"\xff")
    root = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1)
    book = _entry(name, 2, 2, len(stream), child=0xFFFFFFFF)
    return header + fat + (root + book).ljust(512, b"\x00") + stream


def _entry(name: str, kind: int, start: int, size: int, child: int) -> bytes:
    letters = name.encode("utf-16-le")
    entry = letters.ljust(64, b"\x00") + struct.pack("<HBB", len(letters) + 2, kind, 1)
    entry += struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child) + b"\x00" * 36
    return entry + struct.pack("<IQ", start, size)
