"""What the reader library leaves out of old workbooks (.xls, .et): failed cells, the calendar of 1904, encryption.

The record stream of the file is walked once; nothing is decoded but these marks ([MS-XLS] 2.4, [MS-CFB] 2.2-2.6). A
stream that does not hold together tells nothing here: the reader that follows refuses it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.imports.cells.text import CellError
from app.imports.files.sheet import Place

_END = 0xFFFFFFFE
_FORMULA, _EOF, _DATEMODE, _FILEPASS, _BOUNDSHEET, _BOOLERR = 0x06, 0x0A, 0x22, 0x2F, 0x85, 0x205
_DIMENSIONS = 0x200
_CELLS = frozenset((0x06, 0xBD, 0xBE, 0xD6, 0xFD, 0x201, 0x203, 0x204, 0x205, 0x27E))
ROWS, COLUMNS = 65_536, 256
_ERRORS = {
    0x00: "#NULL!",
    0x07: "#DIV/0!",
    0x0F: "#VALUE!",
    0x17: "#REF!",
    0x1D: "#NAME?",
    0x24: "#NUM!",
    0x2A: "#N/A",
}


@dataclass(slots=True)
class Marks:
    """The failed cells of each sheet, in the order of the sheets, and facts of the workbook.

    `beyond`: a cell lies outside the 65,536 rows of 256 columns that the format has, for which a reader would make room.
    """

    failed: list[dict[Place, CellError]] = field(default_factory=list)
    epoch_1904: bool = False
    encrypted: bool = False
    beyond: bool = False


def marks(content: bytes) -> Marks:
    """The marks of a workbook given as the bytes of its compound file."""
    found = Marks()
    try:
        stream = _stream(content, ("workbook", "book"))
        if stream is not None:
            _walk(stream, found)
    except (struct.error, IndexError, ValueError, OverflowError):
        pass
    return found


def _walk(stream: bytes, found: Marks) -> None:
    sheets = []
    for kind, at, size in _records(stream, 0):
        if kind == _FILEPASS:
            found.encrypted = True
            return
        if kind == _DATEMODE:
            found.epoch_1904 = stream[at] == 1
        elif kind == _BOUNDSHEET and size >= 8:
            sheets.append(struct.unpack_from("<I", stream, at)[0])
    for begin in sheets:
        found.failed.append(dict(_failed(stream, begin, found)))


def _failed(stream: bytes, begin: int, found: Marks) -> Iterator[tuple[Place, CellError]]:
    for kind, at, size in _records(stream, begin):
        code = None
        if kind in _CELLS and struct.unpack_from("<H", stream, at + 2)[0] >= COLUMNS:
            found.beyond = True
        elif kind == _DIMENSIONS and size >= 12:
            top, rows, left, columns = struct.unpack_from("<IIHH", stream, at)
            found.beyond |= not top <= rows <= ROWS or not left <= columns <= COLUMNS
        if kind == _BOOLERR and size >= 8 and stream[at + 7] == 1:
            code = stream[at + 6]
        elif (
            kind == _FORMULA
            and size >= 14
            and stream[at + 6] == 2
            and stream[at + 12 : at + 14] == b"\xff\xff"
        ):
            code = stream[at + 8]
        if code is not None:
            row, column = struct.unpack_from("<HH", stream, at)
            yield (row + 1, column), CellError(_ERRORS.get(code, "#ERROR"))


def _records(stream: bytes, at: int) -> Iterator[tuple[int, int, int]]:
    """Kind, begin and size of each record of one substream, to its end; charts inside a sheet are passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        depth += kind in (0x0809, 0x0409, 0x0209, 0x0009)
        if kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        if depth <= 1:
            yield kind, at + 4, size
        at += 4 + size


def _stream(content: bytes, names: tuple[str, ...]) -> bytes | None:
    """One stream of a compound file by its lower-case name."""
    sector = 1 << struct.unpack_from("<H", content, 30)[0]
    small = 1 << struct.unpack_from("<H", content, 32)[0]
    directory, cutoff, first_small = struct.unpack_from("<I4xII", content, 48)
    links = _links(content, sector)
    entries = _chain(content, links, directory, sector)
    root, wanted = None, None
    for at in range(0, len(entries) - 127, 128):
        length, kind = struct.unpack_from("<HB", entries, at + 64)
        name = entries[at : at + max(0, min(length, 64) - 2)].decode("utf-16-le", "replace").lower()
        place = struct.unpack_from("<II", entries, at + 116)
        if kind == 5:
            root = place
        elif kind == 2 and name in names and wanted is None:
            wanted = place
    if wanted is None:
        return None
    start, size = wanted
    if size >= cutoff or root is None:
        return _chain(content, links, start, sector)[:size]
    inner = _chain(content, links, root[0], sector)
    small_links = _integers(_chain(content, links, first_small, sector))
    return _chain(inner, small_links, start, small, begin=0)[:size]


def _links(content: bytes, sector: int) -> list[int]:
    """The table that says which sector follows which."""
    tables = [at for at in struct.unpack_from("<109I", content, 76) if at < _END]
    following = struct.unpack_from("<I", content, 68)[0]
    seen: set[int] = set()
    while following < _END and following not in seen:
        seen.add(following)
        block = _integers(content[(following + 1) * sector : (following + 2) * sector])
        tables += [at for at in block[:-1] if at < _END]
        following = block[-1]
    return [
        link
        for at in dict.fromkeys(tables)
        for link in _integers(content[(at + 1) * sector : (at + 2) * sector])
    ]


def _integers(block: bytes) -> list[int]:
    return list(struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4]))


def _chain(content: bytes, links: list[int], start: int, sector: int, *, begin: int = 1) -> bytes:
    """The sectors from `start` on, joined; a chain longer than its table goes in a circle and raises ValueError."""
    parts: list[bytes] = []
    while start < _END:
        if len(parts) > len(links):
            raise ValueError("a chain of sectors without an end")
        parts.append(content[(start + begin) * sector : (start + begin + 1) * sector])
        start = links[start]
    return b"".join(parts)
