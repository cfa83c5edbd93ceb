"""Workbooks, read by calamine after the packed XML has been looked through within bounds of time and memory.

calamine lays a sheet out as a dense table and reports failed formulas as blanks. So the XML is scanned first: for cells
beyond the limits (a single cell in XFD1048576 would ask for hundreds of gigabytes), for error cells, and for formulas
whose result was never stored (DOMAIN.md §4.4, 19, 22, 35, 46).
"""

import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, cast
from xml.etree import ElementTree

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetVisibleEnum,
    load_workbook,
)

from app.imports.cells.parsed import Cell
from app.imports.cells.text import CellError
from app.imports.files import biff
from app.imports.files.sheet import Limits, NumberedRow, Place, Sheet, Source, column_index
from app.kernel.errors import Malformed, Problem, TooLarge, Unsupported

_CHUNK = 1 << 20
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_ROW = re.compile(rb"<row\b[^>]*?\br=\"(\d+)\"")
_FAR_ROW = re.compile(rb"<c\b[^>]*?\br=\"[A-Z]+(\d{6,})\"")
_FAR_COLUMN = re.compile(rb"\br=\"([A-Z]{3,})\d+\"|<c\b[^>]*?\br=\"([S-Z][A-Z])\d+\"")
_ERROR = re.compile(
    rb"<c\b(?=[^>]*\bt=\"e\")[^>]*?\br=\"([A-Z]+)(\d+)\"[^>]*>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)?(?:<v>([^<]*)</v>)?"
)
_HIDDEN = re.compile(rb"<(?:row|col)\b[^>]*\bhidden=\"(?:1|true)\"")
_UNCACHED = re.compile(
    rb"<c\b[^>]*?\br=\"([A-Z]+)(\d+)\"[^>]*>(?:<f\b[^>]*/>|<f\b[^>]*>[^<]*</f>)(?:<v\s*/>|<v></v>)?</c>"
)


@dataclass(slots=True)
class _Marks:
    """What the reader leaves out of one sheet: its failed cells, and how many rows and columns it hides."""

    failed: dict[Place, CellError] = field(default_factory=dict)
    hidden_lines: int = 0


def read_xlsx(file: BinaryIO, limits: Limits) -> Source:
    """The sheets of an .xlsx workbook (also .et files saved in that form)."""
    try:
        with zipfile.ZipFile(file) as packed:
            _check_sizes(packed, limits)
            epoch_1904, paths = _outline(packed)
            marks = {name: _scan(packed, path, name, limits) for name, path in paths.items()}
    except (
        zipfile.BadZipFile,
        ElementTree.ParseError,
        KeyError,
        EOFError,
        OSError,
        RuntimeError,  # zipfile's word for a password, and for a compression it cannot undo
        ValueError,
        zlib.error,
    ) as broken:
        raise _damaged(broken) from None
    file.seek(0)
    return _source(_load(file), "xlsx", marks, epoch_1904, limits)


def read_xls(file: BinaryIO, limits: Limits) -> Source:
    """The sheets of an old .xls (or .et) workbook; its form bounds it to 65,536 rows of 256 columns."""
    about = biff.marks(file.read())
    if about.encrypted:
        raise locked()
    if about.beyond:
        raise _damaged(ValueError("beyond"))
    file.seek(0)
    book = _load(file)
    marks = (
        {name: _Marks(failed) for name, failed in zip(book.sheet_names, about.failed, strict=True)}
        if len(book.sheet_names) == len(about.failed)
        else {}
    )
    return _source(book, "xls", marks, about.epoch_1904, limits)


def _load(file: BinaryIO) -> CalamineWorkbook:
    try:
        with _panics_are_damage():
            return load_workbook(file)
    except PasswordError:
        raise locked() from None
    except (CalamineError, ValueError, OSError) as broken:
        raise _damaged(broken) from None


@contextmanager
def _panics_are_damage() -> Iterator[None]:
    """The library's own assertions, which damaged bytes can break, arrive as a BaseException that no one may import."""
    try:
        yield
    except BaseException as broken:
        if type(broken).__name__ == "PanicException":
            raise _damaged(broken) from None
        raise


def _check_sizes(packed: zipfile.ZipFile, limits: Limits) -> None:
    """Refuse bombs by what the archive itself declares; `_scan` counts again what really comes out."""
    infos = packed.infolist()
    unpacked = sum(info.file_size for info in infos)
    if (
        len(infos) > 10_000
        or unpacked > limits.unpacked_bytes
        or any(
            info.file_size > 50_000_000 and info.file_size > 300 * max(1, info.compress_size)
            for info in infos
        )
    ):
        raise TooLarge(Problem(
            "unpacks_too_large", "文件解压后过大，已拒绝读取。", "The file unpacks to more than is allowed and was not read.",
            values={"unpacked_bytes": unpacked, "limit": limits.unpacked_bytes}))  # fmt: skip


def _outline(packed: zipfile.ZipFile) -> tuple[bool, dict[str, str]]:
    """The 1904 flag, and the path of each sheet's XML by its name."""
    book = ElementTree.fromstring(_small(packed, "xl/workbook.xml"))
    links = ElementTree.fromstring(_small(packed, "xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    epoch, paths = False, {}
    for element in book.iter():
        tag = element.tag.rsplit("}", 1)[-1]
        if tag == "workbookPr":
            epoch = element.get("date1904") in ("1", "true")
        elif tag == "sheet":
            target = targets.get(element.get(_REL) or element.get("id"), "")
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            if path in packed.NameToInfo:
                paths[element.get("name", "")] = path
    return epoch, paths


def _small(packed: zipfile.ZipFile, name: str) -> bytes:
    with packed.open(name) as part:
        content = part.read(8_000_001)
    if len(content) > 8_000_000 or b"<!ENTITY" in content:
        raise TooLarge()
    return content


def _scan(packed: zipfile.ZipFile, path: str, name: str, limits: Limits) -> _Marks:
    """What the reader leaves out of a sheet; refuses a sheet beyond the limits."""
    marks = _Marks()
    unpacked, carry = 0, b""
    with packed.open(path) as part:
        while chunk := part.read(_CHUNK):
            unpacked += len(chunk)
            if unpacked > limits.unpacked_bytes:
                raise TooLarge(
                    Problem(
                        "unpacks_too_large",
                        "文件解压后过大，已拒绝读取。",
                        "The file unpacks to more than is allowed.",
                    )
                )
            text = carry + chunk
            cut = max(text.rfind(b"<c "), text.rfind(b"<row"), 0)
            carry = text[cut:] if len(text) - cut < _CHUNK else b""
            _check_extent(text, name, limits)
            _mark(text[:cut] if carry else text, marks)
    _check_extent(carry, name, limits)
    _mark(carry, marks)
    return marks


def _check_extent(text: bytes, name: str, limits: Limits) -> None:
    rows = [int(found) for found in _ROW.findall(text)] + [int(found) for found in _FAR_ROW.findall(text)]
    if rows and max(rows) > limits.workbook_rows + 1_000:
        raise TooLarge(Problem(
            "too_many_rows", f"工作表“{name}”超过 {limits.workbook_rows} 行，请分成多个文件或改用 CSV。",
            f"Sheet '{name}' has more than {limits.workbook_rows} rows; split it or send CSV.", values={"limit": limits.workbook_rows}))  # fmt: skip
    wide = any(
        column_index((far or near).decode()) >= limits.columns for far, near in _FAR_COLUMN.findall(text)
    )
    if wide or any(piece.count(b"<c") > 2 * limits.columns for piece in text.split(b"<row")):
        raise TooLarge(Problem(
            "too_many_columns", f"工作表“{name}”超过 {limits.columns} 列。", f"Sheet '{name}' has more than {limits.columns} columns.",
            values={"limit": limits.columns}))  # fmt: skip


def _mark(text: bytes, marks: _Marks) -> None:
    if b't="e"' in text:
        for letters, row, shown in _ERROR.findall(text):
            marks.failed[int(row), column_index(letters.decode())] = CellError(
                shown.decode("utf-8", "replace") or "#ERROR"
            )
    if b"<f" in text:
        for letters, row in _UNCACHED.findall(text):
            marks.failed.setdefault((int(row), column_index(letters.decode())), CellError("公式无计算结果"))
    if b"hidden=" in text:
        marks.hidden_lines += len(_HIDDEN.findall(text))


def _source(
    book: CalamineWorkbook,
    form: str,
    marks: Mapping[str, _Marks],
    epoch_1904: bool,
    limits: Limits,
) -> Source:
    if len(book.sheet_names) > limits.sheets:
        raise TooLarge(
            Problem(
                "too_many_sheets", f"工作表超过 {limits.sheets} 个。", f"More than {limits.sheets} sheets."
            )
        )
    sheets = []
    for at, about in enumerate(book.sheets_metadata):
        try:
            with _panics_are_damage():
                sheet = book.get_sheet_by_index(at)
        except (CalamineError, ValueError) as broken:
            if "sheet" in str(about.typ).lower() and "work" not in str(about.typ).lower():
                continue  # a chart or dialog sheet holds no table
            raise _damaged(broken) from None
        if sheet.total_height > limits.workbook_rows + 1_000:
            raise TooLarge(
                Problem(
                    "too_many_rows",
                    f"超过 {limits.workbook_rows} 行。",
                    f"More than {limits.workbook_rows} rows.",
                )
            )
        marked = marks.get(about.name) or _Marks()
        hidden = about.visible is not SheetVisibleEnum.Visible
        rows = _Rows(sheet, marked.failed)
        sheets.append(Sheet(about.name, rows, hidden, _merged(sheet), marked.hidden_lines))
    return Source(form, tuple(sheets), epoch_1904=epoch_1904)


class _Rows:
    """Rows of a calamine sheet from column A on, with the error cells put back."""

    def __init__(self, sheet: CalamineSheet, marks: Mapping[Place, CellError]) -> None:
        self._sheet, self._marks = sheet, marks
        self._rows_marked = {row for row, _ in marks}

    def __call__(self) -> Iterator[NumberedRow]:
        pad: list[Cell] = [""] * (self._sheet.start[1] if self._sheet.start else 0)
        last = 0
        for number, cells in enumerate(self._sheet.iter_rows(), 1):
            row = cast(list[Cell], [*pad, *cells] if pad else cells)
            last = number
            yield number, (self._with_errors(number, row) if number in self._rows_marked else row)
        for number in sorted(row for row in self._rows_marked if row > last):
            yield number, self._with_errors(number, [])

    def _with_errors(self, number: int, row: list[Cell]) -> list[Cell]:
        row = list(row)
        for (marked, column), shown in self._marks.items():
            if marked == number:
                row.extend([""] * (column + 1 - len(row)))
                if row[column] in ("", None):
                    row[column] = shown
        return row


def _merged(sheet: CalamineSheet) -> dict[Place, Place]:
    covered: dict[Place, Place] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        if (bottom - top + 1) * (right - left + 1) > 20_000:
            continue
        for row in range(top, bottom + 1):
            for column in range(left, right + 1):
                if (row, column) != (top, left):
                    covered[row + 1, column] = (top + 1, left)
    return covered


def locked() -> Malformed:
    return Malformed(Problem(
        "password_protected", "文件有密码保护，无法读取。请在表格软件中取消“用密码加密”后重新上传。",
        "The file is protected by a password. Remove it (File, Info, Protect) and send the file again."))  # fmt: skip


def _damaged(broken: BaseException) -> Malformed:
    return Malformed(Problem(
        "file_damaged", "文件已损坏或不是完整的表格文件。请用表格软件打开后另存为 .xlsx 再上传。",
        f"The file is damaged or incomplete ({type(broken).__name__}). Open it and save it as .xlsx."))  # fmt: skip


def not_a_table(zh: str, en: str) -> Unsupported:
    return Unsupported(Problem("unsupported_file", zh, en))
