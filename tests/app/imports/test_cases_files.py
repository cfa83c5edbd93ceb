"""DOMAIN.md §4.4, cases 32-35 and 46-48: bytes, encodings, other kinds of files, and cells that bite."""

import io
import zipfile

import openpyxl
import pytest

from tests.app.imports.conftest import Door
from tests.app.imports.files import biff, project, table, text, workbook

ENCODINGS = [
    ("gbk", "GB18030"),
    ("gb18030", "GB18030"),
    ("utf-8", "UTF-8"),
    ("utf-8-sig", "UTF-8 BOM"),
    ("utf-16", "UTF-16"),
    ("utf-16-le", "UTF-16"),
]


@pytest.mark.parametrize(("encoding", "named"), ENCODINGS)
async def test_case_33_every_encoding_of_the_trade_reads_the_same(
    door: Door, encoding: str, named: str
) -> None:
    preview = await door.preview(text(table(project()), encoding, "\t" if "16" in encoding else ","))
    assert preview.about["preview"]["encoding"] == named
    assert preview.only["record"]["title"] == "独居老人助餐探访项目" and preview.only["status"] == "ready"


async def test_case_33_a_byte_no_encoding_knows_is_named_and_nothing_is_dropped(door: Door) -> None:
    content = text(table(project())) + b"\xff\xff\xff"
    answer = await door.send(content, name="名单.csv")
    assert answer.status_code == 422
    (problem,) = answer.json()["problems"]
    assert problem["code"] == "encoding_unknown" and problem["values"]["byte"] > len(content) - 4


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "，", "|"])
async def test_case_34_delimiters_and_line_breaks_inside_quotes(door: Door, delimiter: str) -> None:
    row = project(项目简介="每日送餐，上门探访；\n异常情况当日上报, 每季度测评。")
    preview = await door.preview(text(table(row), "utf-8", delimiter))
    assert preview.about["preview"]["delimiter"] == delimiter
    assert preview.only["record"]["description"] == "每日送餐，上门探访；\n异常情况当日上报, 每季度测评。"


async def test_case_34_an_open_quote_does_not_swallow_the_rows_below(door: Door) -> None:
    lines = text(table(project(), project("二号楼加装电梯协商项目"))).decode().split("\r\n")
    lines[1] = lines[1].replace("为辖区", '"为辖区', 1)
    preview = await door.preview("\r\n".join(lines).encode())
    assert preview.about["state"] == "failed"
    assert preview.about["problems"][0]["code"] == "quote_unclosed"
    assert preview.about["problems"][0]["values"]["line"] == 2


OTHERS = [
    (b"<html><table><tr><td>x</td></tr></table></html>", 415, "另存为"),
    (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook/>", 415, "另存为"),
    (b"%PDF-1.7 ...", 415, "PDF"),
    (b"\x89PNG\r\n\x1a\n" + b"\x00" * 40, 415, "图片"),
    (b"", 422, "空"),
    (b"PK\x03\x04 broken", 422, "损坏"),
]


@pytest.mark.parametrize(("content", "status", "word"), OTHERS)
async def test_case_35_what_only_looks_like_a_sheet_is_refused_with_advice(
    door: Door, content: bytes, status: int, word: str
) -> None:
    answer = await door.send(content, name="名单.xls")
    assert answer.status_code == status
    assert word in answer.json()["problems"][0]["message_zh"] and answer.json()["problems"][0]["message_en"]


async def test_case_35_an_archive_and_a_locked_workbook_are_refused_with_advice(door: Door) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("名单.csv", "x")
    answer = await door.send(buffer.getvalue())
    assert answer.status_code == 415 and "解压" in answer.json()["problems"][0]["message_zh"]
    compound = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504 + "EncryptedPackage".encode("utf-16-le")
    locked = await door.send(compound)
    assert locked.status_code == 422 and locked.json()["code"] == "password_protected"
    word = await door.send(
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504 + "WordDocument".encode("utf-16-le")
    )
    assert word.status_code == 415


async def test_case_35_the_name_of_a_file_does_not_matter(door: Door) -> None:
    assert (await door.preview(text(table(project())), name="名单.xlsx")).counts["ready"] == 1
    assert (await door.preview(workbook(table(project())), name="名单.csv")).about["preview"][
        "format"
    ] == "xlsx"


async def test_case_35_bombs_and_endless_sheets_are_refused_in_bounds(door: Door) -> None:
    book = openpyxl.Workbook()
    book.active["XFD1048576"] = 1
    buffer = io.BytesIO()
    book.save(buffer)
    far = await door.preview(buffer.getvalue())
    assert far.about["state"] == "failed"
    assert far.about["problems"][0]["code"] in ("too_many_rows", "too_many_columns")
    wide = _packed_sheet(b"<row>" + b"<c/>" * 10_000_000 + b"</row>")
    refused = await door.preview(wide)
    assert refused.about["problems"][0]["code"] in ("too_many_columns", "unpacks_too_large")
    bomb = await door.preview(_packed_sheet(b" " * 200_000_000))
    assert bomb.about["problems"][0]["code"] == "unpacks_too_large"


def _packed_sheet(rows: bytes) -> bytes:
    """A workbook whose one sheet is this XML, packed well."""
    content = workbook([["x"]])
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            if name == "xl/worksheets/sheet1.xml":
                head = b'<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
                new.writestr(name, head + rows + b"</sheetData></worksheet>")
            else:
                new.writestr(name, old.read(name))
    return buffer.getvalue()


async def test_case_46_stored_results_are_read_and_error_cells_reject_their_row(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"), project("新市民子女课后陪伴项目"))
    rows[1][8], rows[2][8], rows[3][8] = "#REF!", "=SUM(I2:I3)", 7
    preview = await door.preview(_with_result(workbook(rows), "I4", "7"))
    broken, uncached, good = preview.data
    assert broken["status"] == "rejected" and preview.codes(broken) == {"error_cell"}
    assert uncached["status"] == "rejected" and preview.codes(uncached) == {"error_cell"}
    assert uncached["problems"][0]["cell"] == "I3"
    assert good["record"]["budget_fen"] == 7_000_000


def _with_result(content: bytes, cell: str, value: str) -> bytes:
    """The workbook with a cell made a formula that has a stored result."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            part = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                plain = f'<c r="{cell}" t="n"><v>{value}</v></c>'.encode()
                assert plain in part
                part = part.replace(plain, f'<c r="{cell}"><f>3+4</f><v>{value}</v></c>'.encode())
            new.writestr(name, part)
    return buffer.getvalue()


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
async def test_case_47_text_that_looks_like_a_formula_stays_text_and_leaves_harmless(
    door: Door, sign: str
) -> None:
    title = f"{sign}cmd|' /C calc'!A0 项目"
    preview = await door.preview(text(table(project(title))))
    assert preview.only["record"]["title"] == title
    assert (await door.commit(preview.id))["state"] == "committed"
    answer = await door.client.get(
        "/api/v1/imports/export.xlsx", params={"kind": "projects", "edition": "2026"}
    )
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    titles = [cell.value for cell in book.worksheets[0]["C"]]
    assert "'" + title in titles
    assert (await door.preview(answer.content)).counts["ready"] == 0  # and reads back as what it was


async def test_case_48_blanks_of_every_kind_do_not_make_another_title(door: Door) -> None:
    strange = project("独居\u00a0老人\u3000助餐\u200b探访\t项目 ", 街道=" 宁海路\u3000街道\u200b")
    preview = await door.preview(workbook(table(project(), strange)))
    assert preview.rows[0]["record"]["title"] == "独居老人助餐探访项目"
    assert preview.skipped() == [(3, "duplicate_row")]


async def test_old_workbooks_are_read_as_well(door: Door) -> None:
    answer = await door.send(
        bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 504 + "Workbook".encode("utf-16-le")
    )
    await door.work()
    preview = await door.read(answer.json()["id"])
    assert preview.about["state"] == "failed"  # damaged, and said so
    assert preview.about["problems"][0]["code"] == "file_damaged"
    good = await door.preview(biff(table(project())))
    assert good.only["record"]["title"] == "独居老人助餐探访项目" and good.about["preview"]["format"] == "xls"
