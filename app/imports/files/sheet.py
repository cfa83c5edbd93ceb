"""What a reader gives: sheets of rows of cells, numbered as the sender sees them, and the limits it keeps."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from app.imports.cells.parsed import Cell

NumberedRow = tuple[int, list[Cell]]
Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a file may hold; beyond it the file is refused before its content is in memory."""

    workbook_rows: int = 200_000
    columns: int = 512
    sheets: int = 200
    unpacked_bytes: int = 800 * 1024 * 1024
    csv_rows: int = 5_000_000
    cell_characters: int = 100_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet. `rows()` may be called more than once and yields (row number from 1, cells from column A).

    `merged` maps every cell covered by a merged range, itself not the first, to that range's first cell (row from 1,
    column from 0). `hidden_lines` counts rows and columns the sender does not see; they are read all the same.
    """

    name: str
    rows: Callable[[], Iterator[NumberedRow]]
    hidden: bool = False
    merged: Mapping[Place, Place] = field(default_factory=lambda: MappingProxyType({}))
    hidden_lines: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A file that has been opened: its type, how it was read, and its sheets in order."""

    format: str
    sheets: tuple[Sheet, ...]
    encoding: str | None = None
    delimiter: str | None = None
    epoch_1904: bool = False

    @property
    def fills_blanks(self) -> bool:
        """A text file has no merged cells: blanks below an area name stand for it."""
        return self.format == "csv"


def column_letters(index: int) -> str:
    """0 → 'A', 27 → 'AB'."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def column_index(letters: str) -> int:
    """'A' → 0, 'AB' → 27."""
    index = 0
    for letter in letters:
        index = index * 26 + ord(letter) - 64
    return index - 1
