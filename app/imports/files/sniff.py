"""The type of a file by its first bytes, whatever its name says, and the way into it (DOMAIN.md §4.4, 35)."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from app.imports.files.delimited import detect_encoding, read_delimited
from app.imports.files.sheet import Limits, Source
from app.imports.files.workbook import locked, not_a_table, read_xls, read_xlsx
from app.kernel.errors import Malformed, Problem

_COMPOUND = bytes.fromhex("d0cf11e0a1b11ae1")
_ADVICE = "请用 Excel 或 WPS 打开，另存为 .xlsx（Excel 工作簿）后上传。"
_ADVICE_EN = "Open it in a spreadsheet program and save it as .xlsx."
_KNOWN_OTHERS = (
    (b"%PDF", "PDF 文件", "a PDF"), (b"\x89PNG", "图片", "an image"), (b"\xff\xd8\xff", "图片", "an image"), (b"GIF8", "图片", "an image"),
    (b"Rar!", "RAR 压缩包", "a RAR archive"), (b"7z\xbc\xaf", "7z 压缩包", "a 7z archive"), (b"\x1f\x8b", "GZIP 压缩包", "a gzip archive"),
    (b"{\\rtf", "RTF 文档", "an RTF document"), (b"\x7fELF", "程序", "a program"), (b"MZ", "程序", "a program"), (b"SQLite format", "数据库", "a database"),
)  # fmt: skip


Read = Callable[[Limits], Source]


def open_source(content: bytes | Path, limits: Limits | None = None) -> Source:
    """The sheets of a file given as bytes or path.

    Raises `Unsupported` (another kind of file, with advice), `Malformed` (password, damage, unknown encoding) and
    `TooLarge` (beyond the limits).
    """
    return identify(content)(limits or Limits())


def identify(content: bytes | Path) -> Read:
    """The reader of a file by its first bytes, with nothing of its table read yet. Raises `Unsupported`, `Malformed`."""
    opener: Callable[[], BinaryIO] = (
        (lambda: io.BytesIO(content)) if isinstance(content, bytes) else (lambda: content.open("rb"))
    )
    with opener() as file:
        head = file.read(4096)
    if not head.strip():
        raise Malformed(Problem("file_empty", "文件是空的。", "The file is empty."))
    if head.startswith(b"PK"):
        return _archive(opener)
    if head.startswith(_COMPOUND):
        return _compound(opener)
    for magic, zh, en in _KNOWN_OTHERS:
        if head.startswith(magic) and not (magic == b"MZ" and b"\x00" not in head):
            raise not_a_table(
                f"这是{zh}，不是表格文件。请上传 .xlsx、.xls 或 CSV 文件。",
                f"This is {en}, not a spreadsheet. Send .xlsx, .xls or CSV.",
            )
    if _is_markup(head):
        raise not_a_table(
            f"这是网页或 XML 内容，只是名字像表格。{_ADVICE}",
            f"This is a web page or XML under a spreadsheet's name. {_ADVICE_EN}",
        )
    encoding = detect_encoding(opener)
    return lambda limits: read_delimited(opener, encoding, limits)


def _is_markup(head: bytes) -> bool:
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \r\n\t").replace(b"\x00", b"")[:300].lower()
    return start.startswith(
        (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<head", b"<style", b"<div", b"mime-version")
    )


def _archive(opener: Callable[[], BinaryIO]) -> Read:
    try:
        with opener() as file, zipfile.ZipFile(file) as packed:
            names = set(packed.namelist())
    except (
        zipfile.BadZipFile,
        OSError,
        EOFError,
        RuntimeError,  # zipfile's word for a version it does not know
        ValueError,
    ):
        raise Malformed(
            Problem("file_damaged", f"文件已损坏。{_ADVICE}", f"The file is damaged. {_ADVICE_EN}")
        ) from None
    if "xl/workbook.xml" in names:
        return lambda limits: read_xlsx(_kept(opener), limits)
    if "xl/workbook.bin" in names:
        raise not_a_table(
            f"这是 .xlsb 二进制工作簿。{_ADVICE}", f"This is a binary workbook (.xlsb). {_ADVICE_EN}"
        )
    if "content.xml" in names:
        raise not_a_table(
            f"这是 OpenDocument 文件（.ods）。{_ADVICE}", f"This is an OpenDocument file. {_ADVICE_EN}"
        )
    if "word/document.xml" in names:
        raise not_a_table(
            "这是 Word 文档，请把表格粘贴到 Excel 后另存为 .xlsx 上传。",
            "This is a Word document; paste its table into a spreadsheet.",
        )
    raise not_a_table(
        "这是 ZIP 压缩包，请解压后上传其中的表格文件。",
        "This is a ZIP archive; unpack it and send the spreadsheet inside.",
    )


def _compound(opener: Callable[[], BinaryIO]) -> Read:
    with opener() as file:
        content = file.read()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise locked()
    streams = [name.encode("utf-16-le") for name in ("Workbook", "Book")]
    if not any(name in content for name in streams):
        raise not_a_table(
            f"这是旧版 Office 文件，但不是表格。{_ADVICE}",
            f"This is an old Office file, but no spreadsheet. {_ADVICE_EN}",
        )
    return lambda limits: read_xls(io.BytesIO(content), limits)


def _kept(opener: Callable[[], BinaryIO]) -> BinaryIO:
    """calamine reads rows lazily from what it was given, so the content is kept for as long as it lives."""
    with opener() as file:
        return io.BytesIO(file.read())
