"""Bytes of every kind at the door: read as what they are, or refused in two languages with advice, in bounds."""

import io
import random
import struct
import zipfile

import pytest

from app.imports.files.sniff import open_source
from app.kernel.errors import SheqiaError
from tests.app.imports.conftest import Door
from tests.app.imports.files import biff, boolerr, compound, project, record, table, text, workbook

RARE = "𠮷祥里㐀氏助餐探访项目"  # in GB18030 two of these take four bytes each


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-8"])
async def test_rare_characters_survive_every_encoding(door: Door, encoding: str) -> None:
    preview = await door.preview(text(table(project(RARE)), encoding, "\t"))
    assert preview.only["record"]["title"] == RARE and preview.only["status"] == "ready"


async def test_mixed_line_ends_and_nul_bytes_are_no_rows_of_their_own(door: Door) -> None:
    lines = (
        text(table(project(), project("二号楼加装电梯协商项目"), project("新市民子女课后陪伴项目")))
        .decode()
        .split("\r\n")
    )
    mixed = f"{lines[0]}\r\n{lines[1]}\r{lines[2]}\n\n{lines[3]}\n\x00\x00"
    for content in (mixed.encode(), mixed.encode("gb18030")):
        preview = await door.preview(content)
        assert [row["status"] for row in preview.data] == ["ready"] * 3
        assert preview.records[2]["title"] == "新市民子女课后陪伴项目"


async def test_an_et_file_is_a_workbook_whatever_it_is_called(door: Door) -> None:
    preview = await door.preview(biff(table(project())), name="名单.et")
    assert preview.about["preview"]["format"] == "xls" and preview.only["status"] == "ready"


async def test_failed_cells_of_an_old_workbook_reject_their_row(door: Door) -> None:
    rows = table(project(), project("二号楼加装电梯协商项目"))
    budget = rows[0].index("预算金额(万元)")
    rows[1][budget] = None
    preview = await door.preview(biff(rows, boolerr(1, budget, 0x2A)))
    broken, good = preview.data
    assert broken["status"] == "rejected" and preview.codes(broken) == {"error_cell"}
    assert "#N/A" in broken["problems"][0]["message"] and good["status"] == "ready"


async def test_an_old_workbook_with_a_password_says_so(door: Door) -> None:
    preview = await door.preview(biff(table(project()), before=record(0x2F, b"\x01\x00" + b"\x00" * 52)))
    assert preview.about["state"] == "failed"
    (problem,) = preview.about["problems"]
    assert (
        problem["code"] == "password_protected" and "密码" in problem["message_zh"] and problem["message_en"]
    )


async def test_an_old_workbook_cannot_ask_for_endless_room(door: Door) -> None:
    far = record(0x0203, struct.pack("<HHHd", 65_535, 65_535, 15, 1.0))
    preview = await door.preview(biff(table(project()), far))
    assert preview.about["state"] == "failed" and preview.about["problems"][0]["code"] == "file_damaged"


async def test_damage_is_said_with_advice(door: Door) -> None:
    good = workbook(table(project()))
    later = bytearray(good)
    later[good.index(b"PK\x01\x02") + 6] = 128  # a version of the archive that nobody knows
    damaged = [bytes(later), good[: len(good) // 2], _replaced(good, "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"),
               _replaced(good, "xl/workbook.xml", b"<workbook"), _without(good, "xl/worksheets/sheet1.xml")]  # fmt: skip
    for content in damaged:
        answer = await door.send(content)
        if answer.status_code == 202:
            await door.work()
            problems = (await door.read(answer.json()["id"])).about["problems"]
        else:
            assert answer.status_code == 422
            problems = answer.json()["problems"]
        assert problems[0]["code"] == "file_damaged"
        assert "另存为" in problems[0]["message_zh"] and problems[0]["message_en"]


def test_no_flipped_bit_brings_the_reader_down() -> None:
    """Whatever happens to the bytes of a workbook, it is read or refused by its own family of errors."""
    chance = random.Random(5)
    for good in (workbook(table(project())), biff(table(project()))):
        for _ in range(300):
            bytes_ = bytearray(good)
            for _ in range(chance.randrange(1, 5)):
                bytes_[chance.randrange(len(bytes_))] = chance.randrange(256)
            try:
                for sheet in open_source(bytes(bytes_)).sheets:
                    list(sheet.rows())
            except SheqiaError as refused:
                assert refused.problems[0].zh and refused.problems[0].en


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "网页"),
        ("<table><tr><td>项目名称</td></tr></table>".encode("gb18030"), "网页"),
        ("\ufeff<html>项目</html>".encode("utf-16"), "网页"),
        (b"Rar!\x1a\x07\x00" + b"\x00" * 60, "RAR"),
        (b"\x1f\x8b\x08\x00" + b"\x00" * 60, "GZIP"),
        (compound(b"\x00" * 4096, "WordDocument"), "不是表格"),
    ],
)
async def test_what_only_bears_the_name_of_a_table_is_refused_by_what_it_is(
    door: Door, content: bytes, word: str
) -> None:
    answer = await door.send(content, name="名单.xls")
    assert answer.status_code == 415
    (problem,) = answer.json()["problems"]
    assert word in problem["message_zh"] and problem["message_en"]


def _replaced(content: bytes, part: str, by: bytes | None) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            if name != part:
                new.writestr(name, old.read(name))
            elif by is not None:
                new.writestr(name, by)
    return buffer.getvalue()


def _without(content: bytes, part: str) -> bytes:
    return _replaced(content, part, None)
