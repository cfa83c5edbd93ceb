"""The rows of a list against one another, in the order of the file: duplicates, near duplicates, totals (24, 27-29, 49).

Of each row only its outline is needed, so that the rows themselves may be anywhere, and in whatever form.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from app.imports.cells.parsed import Choice, RowProblem, choice, error, warning
from app.imports.parsing import PreviewRow, Status

T = TypeVar("T")


class Outline(NamedTuple):
    """What must be known of a row to compare it with others: plain numbers, cheap to send and to keep.

    `content` is equal for records of equal content, `unread` when an amount stands in the row that could not be read.
    """

    row: int
    skipped: bool
    key: int | None
    near: int | None
    content: int
    amount_fen: int | None
    unread: bool
    total: str | None


class Piece(NamedTuple, Generic[T]):
    """Some rows of a sheet, one after the other: their outlines, and the rows themselves in some form."""

    outlines: list[Outline]
    rows: T


class Verdict(NamedTuple):
    """What the rows before say about a row, the `at`-th of its piece: skipped or rejected, and why."""

    at: int
    status: Status
    problem: RowProblem


@dataclass(frozen=True, slots=True)
class Total:
    """A total the sender wrote, beside the sum of the rows it stands for (fen)."""

    sheet: str
    row: int
    label: str
    stated_fen: int | None
    computed_fen: int
    unreadable: int

    @property
    def difference_fen(self) -> int | None:
        return None if self.stated_fen is None else self.stated_fen - self.computed_fen


def outline(row: PreviewRow) -> Outline:
    """The outline of a parsed row. The same in this process and those forked from it, whose `hash` is the same."""
    return Outline(
        row.row,
        row.status is Status.SKIPPED,
        None if row.key is None else _short(row.key),
        None if row.near is None else _short(row.near),
        hash(row.written) & _64_BITS,
        row.amount_fen,
        row.amount_fen is None and any(problem.field == "budget_fen" for problem in row.problems),
        row.total,
    )


@dataclass(slots=True)
class Reconciliation:
    """Told the pieces of a list in order, says what is to become of rows. `afterwards` are earlier rows, by place."""

    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    totals: list[Total] = field(default_factory=list)
    afterwards: list[tuple[int, RowProblem]] = field(default_factory=list)
    # A million rows must fit: keys and contents are kept as 64 bit numbers, places in arrays.
    _seen: dict[int, int] = field(default_factory=dict)
    _near: dict[int, int] = field(default_factory=dict)
    _prints: "array[int]" = field(default_factory=lambda: array("Q"))
    _numbers: "array[int]" = field(default_factory=lambda: array("L"))
    _sheets: dict[str, int] = field(default_factory=dict)
    _sheet_at: "array[int]" = field(default_factory=lambda: array("H"))
    _doubted: set[int] = field(default_factory=set)

    @property
    def count(self) -> int:
        """How many rows have been told: the place of the next one."""
        return len(self._prints)

    def reconcile(self, sheet: str, pieces: Iterable[Piece[T]]) -> Iterator[tuple[T, list[Verdict]]]:
        """The rows of one sheet as they came, with what the rows before say about them."""
        whole = part = 0
        whole_bad = part_bad = 0
        sheet_at = self._sheets.setdefault(sheet, len(self._sheets))
        for outlines, rows in pieces:
            verdicts = []
            for at, row in enumerate(outlines):
                if row.total is not None:
                    final = "小" not in row.total
                    sums = (
                        (whole, whole_bad)
                        if final and not (row.amount_fen == part != whole)
                        else (part, part_bad)
                    )
                    self.totals.append(Total(sheet, row.row, row.total, row.amount_fen, *sums))
                    part = part_bad = 0
                elif not row.skipped:
                    if row.amount_fen is not None:
                        whole, part = whole + row.amount_fen, part + row.amount_fen
                    elif row.unread:
                        whole_bad, part_bad = whole_bad + 1, part_bad + 1
                    if row.key is not None and (found := self._compared(sheet, row, row.key)):
                        verdicts.append(Verdict(at, *found))
                self._prints.append(row.content)
                self._numbers.append(row.row)
                self._sheet_at.append(sheet_at)
            yield rows, verdicts

    def _compared(self, sheet: str, row: Outline, key: int) -> tuple[Status, RowProblem] | None:
        here = self.count
        earlier = self._seen.setdefault(key, here)
        if earlier == here:
            return self._compared_nearly(sheet, row)
        place = self._place(earlier)
        if self._prints[earlier] == row.content:
            return Status.SKIPPED, warning(
                "duplicate_row",
                f"与{_zh(*place)}完全相同，只导入一次。",
                f"The same as {_en(*place)}; imported once.",
            )
        if key not in self._doubted:
            self._doubted.add(key)
            self.afterwards.append((earlier, _conflict(sheet, row.row)))
        return Status.REJECTED, _conflict(*place)

    def _compared_nearly(self, sheet: str, row: Outline) -> tuple[Status, RowProblem] | None:
        if row.near is None:
            return None
        here = self.count
        earlier = self._near.setdefault(row.near, here)
        said = self.choices.get(f"{sheet}!{row.row}") or {}
        if earlier == here or said.get("row") == "keep":
            return None
        place = self._place(earlier)
        both, skip = Choice("keep", "分别导入", "Import both"), Choice("skip", "跳过本行", "Skip this row")
        return Status.REJECTED, choice(
            "near_duplicate",
            f"与{_zh(*place)}高度相似（去除空格、引号、期次后相同），请选择是否分别导入。",
            f"Nearly the same as {_en(*place)} (equal without blanks, quotes and phases); choose.",
            (both, skip),
        ).at("row", None)

    def _place(self, index: int) -> tuple[str, int]:
        """Sheet and row of an earlier row."""
        names = list(self._sheets)
        return names[self._sheet_at[index]], self._numbers[index]

    def repeats(self, rows: Iterable[Outline]) -> bool:
        """Whether at least half of the rows are known by key: a summary of the other sheets."""
        keys = [row.key for row in rows if row.key is not None]
        return not keys or 2 * sum(key in self._seen for key in keys) >= len(keys)


_64_BITS = (1 << 64) - 1


def _short(digest: str) -> int:
    """The first 64 bits of a digest."""
    return int(digest[:16], 16)


def _conflict(sheet: str, row: int) -> RowProblem:
    return error("key_conflict", f"与{_zh(sheet, row)}是同一条（名称、单位、社区相同）但内容不同，两行都不导入，请改正。",
                 f"The same thing as {_en(sheet, row)} with other content; neither is imported, please correct.")  # fmt: skip


def _zh(sheet: str, row: int) -> str:
    return f"“{sheet}”第 {row} 行" if sheet else f"第 {row} 行"


def _en(sheet: str, row: int) -> str:
    return f"row {row} of '{sheet}'" if sheet else f"row {row}"
