"""One prepared row to one record: every cell through its column's parser, then the row as a whole."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.imports.cells.parsed import BLANK, Cell, Context, Parsed, RowProblem, error, warning
from app.imports.cells.personal import redact
from app.imports.cells.text import text_of
from app.imports.columns.column import Column, Kind, Row
from app.imports.layout import Layout, Mapped
from app.imports.preparation import Candidate, Skipped

Check = Callable[[Mapping[str, Any]], list[RowProblem]]
"""The draft schema's own view of a record: what it would refuse."""
Prepared = Candidate | Skipped

_MEMORY = 20_000
_NEVER_TWICE = frozenset(("source_row_no", "project_no", "uscc", "contact_phone"))
_NOTHING: Mapping[str, Any] = MappingProxyType({})
# Codes that may look like numbers of persons.
_NOT_PERSONAL = frozenset(
    ("uscc", "project_no", "catalogue_item", "source_row_no", "contact_phone", "budget_fen")
)


class Status(StrEnum):
    """What happens to a row at commit: ready and warned rows are written, rejected and skipped ones are not."""

    READY = "ready"
    WARNED = "warned"
    REJECTED = "rejected"
    SKIPPED = "skipped"


@dataclass(slots=True)
class PreviewRow:
    """One row of the file as it would be imported. `raw` is the sender's text by header, personal data removed.

    `said` is the record without the fields it leaves open, `written` the same as JSON, without the sender's row number:
    equal for records of equal content.
    """

    sheet: str
    row: int
    status: Status
    problems: list[RowProblem]
    raw: dict[str, str]
    blank: Mapping[str, Any]
    filled: tuple[str, ...] = ()
    key: str | None = None
    near: str | None = None
    said: dict[str, Any] | None = None
    written: bytes | None = None
    total: str | None = None
    amount_fen: int | None = None

    @property
    def record(self) -> dict[str, Any] | None:
        """Every field of the kind, in its order; None for a row that is no data."""
        return None if self.said is None else {**self.blank, **self.said}

    @property
    def choices(self) -> list[dict[str, Any]]:
        """What a person must choose before this row can be committed."""
        return choices_of(self.problems)

    def settle(self) -> None:
        """Give the row the status its problems call for."""
        if self.status is not Status.SKIPPED:
            rejected = any(problem.rejects for problem in self.problems)
            self.status = Status.REJECTED if rejected else Status.WARNED if self.problems else Status.READY

    def heed(self, status: Status, problem: RowProblem) -> None:
        """Take what another row says about this one; once it is skipped, nothing else about it matters."""
        self.problems = [problem] if status is Status.SKIPPED else [*self.problems, problem]
        self.status = status


class _Read(NamedTuple):
    """A cell as read: its text, what it means, and what personal data was removed from it.

    `plain` is the value where the cell says that and nothing else: most cells raise no question.
    """

    text: str
    parsed: Parsed
    removed: tuple[RowProblem, ...] = ()
    plain: Any = None


class _Reader:
    """Reads the cells of one column. A list repeats most of them: what a text meant is in `memory`."""

    __slots__ = ("_letters", "_remembers", "column", "context", "field", "header", "index", "memory")

    def __init__(self, mapped: Mapped, header: str, context: Context) -> None:
        self.index, self._letters = mapped.index, mapped.letters
        self.column, self.context, self.header = mapped.column, context, header
        self.field = mapped.column.field if mapped.column else None
        self._remembers = not (self.column is None or self.column.free_text or self.field in _NEVER_TWICE)
        self.memory: dict[str, _Read] = {}

    def place(self, row: Row) -> str:
        return f"{self._letters}{row.number}"

    def read(self, cell: Cell) -> _Read:
        """What a cell that is not blank says."""
        read = self._read(cell)
        if self._remembers and type(cell) is str:
            if len(self.memory) > _MEMORY:
                self.memory.clear()
            self.memory[cell] = read
        return read

    def _read(self, cell: Cell) -> _Read:
        if self.field == "bank_account":
            return _Read("[已删除:银行账号]", BLANK)
        text = text_of(cell)
        removed: tuple[RowProblem, ...] = ()
        if len(text) > 5 and self.field not in _NOT_PERSONAL:
            text, removed = redact(text)
        if self.column is None:
            return _Read(text, BLANK, removed)
        # A text goes on without what surrounds it; a number or a date as it is.
        parsed = self.column.parse(text if removed or type(cell) is str else cell, self.context)
        plain = parsed.value if text and not (parsed.problems or parsed.more or removed) else None
        return _Read(text, parsed, removed, plain)


@dataclass(slots=True)
class RowParser:
    """Turns the prepared rows of one sheet into preview rows. Pure per row, so that rows may be parsed in any process."""

    kind: Kind
    sheet: str
    layout: Layout
    context: Context
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check: Check | None = None
    _columns: list[_Reader] = field(init=False)
    _letters: dict[str, str] = field(init=False)
    _present: frozenset[str] = field(init=False)
    _required: list[Column] = field(init=False)
    _blank: dict[str, Any] = field(init=False)
    _orders: dict[tuple[str, ...], tuple[str, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = [
            _Reader(mapped, header, replace(self.context, unit=mapped.unit))
            for mapped, header in _named(self.layout.columns)
        ]
        self._letters = {
            mapped.column.field: mapped.letters for mapped in self.layout.columns if mapped.column
        }
        self._present = self.layout.fields
        self._required = [
            column for column in self.kind.columns if column.required and column.field in self._present
        ]
        self._blank = dict.fromkeys(self.kind.fields)

    def read(self, rows: Iterable[Prepared]) -> list[PreviewRow]:
        """Whatever prepared rows are, some of them at a time: first all are parsed, then all checked.

        (Turn by turn, parser and schema put each other out of the processor's memory: a tenth slower.)
        """
        read = [self.parse(row) if isinstance(row, Candidate) else self.skipped(row) for row in rows]
        if self.check is not None:
            for row in read:
                self._check(row, self.check)
        return read

    def _check(self, row: PreviewRow, check: Check) -> None:
        if row.said is None or row.status in (Status.SKIPPED, Status.REJECTED):
            return
        if found := check(row.said):
            row.problems = [*row.problems, *found]
            row.settle()

    def skipped(self, row: Skipped) -> PreviewRow:
        """A row that is no data, kept with its reason; a total with the amount it states."""
        raw = {}
        for reader in self._columns:
            if (cell := _cell(row.cells, reader.index)) is not None and (text := reader.read(cell).text):
                raw[reader.header] = text
        shown = PreviewRow(
            self.sheet, row.number, Status.SKIPPED, [row.problem], raw, self._blank, total=row.total
        )
        if row.total:
            shown.amount_fen = self._amount(row.cells)
        return shown

    def parse(self, candidate: Candidate) -> PreviewRow:
        """The record of a row with every problem of its cells and of the row as a whole, but those of the draft schema."""
        number, problems = candidate.number, list(candidate.problems)
        row = Row(self.context, self._present, problems, list(candidate.filled), self._letters, number)
        chosen = (self.choices.get(f"{self.sheet}!{number}") if self.choices else None) or _NOTHING
        record, raw = self._cells(candidate.cells, row, chosen)
        for name, value in chosen.items():
            if name in self._blank and name not in self._present:
                record[name] = value  # a person's word on a field whose column the sheet does not have
        self.kind.finish(record, row)
        self._require(record, row)
        said = self._said(record)
        own = said.pop("source_row_no", None)
        written = to_json(said)
        key, near = self.kind.row_key(record), self.kind.near_key(record)
        short = key_of(key)
        shown = PreviewRow(
            self.sheet,
            number,
            Status.READY,
            problems,
            raw,
            self._blank,
            tuple(dict.fromkeys(row.filled)) if row.filled else (),
            short,
            short if near == key else key_of(near),
            said if own is None else {"source_row_no": own, **said},
            written,
            amount_fen=said.get("budget_fen"),
        )
        if chosen.get("row") == "skip":
            shown.status, shown.problems = (
                Status.SKIPPED,
                [warning("chosen_skip", "按选择跳过。", "Skipped as chosen.")],
            )
        elif problems:
            shown.settle()
        return shown

    def _cells(
        self, cells: Sequence[Cell], row: Row, chosen: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, str]]:
        """What the cells say by field, and the texts by header; the problems go to the row."""
        record: dict[str, Any] = {}
        raw: dict[str, str] = {}
        doubts: list[RowProblem] = []
        width = len(cells)
        for reader in self._columns:
            cell = cells[reader.index] if reader.index < width else None
            parsed = BLANK
            if cell is not None and cell != "":
                # A failed formula is a text too, and may read like one.
                read = (reader.memory.get(cell) if type(cell) is str else None) or reader.read(cell)
                text, parsed, removed, plain = read
                if plain is not None and reader.field and not chosen:
                    raw[reader.header], record[reader.field] = text, plain
                    continue
                if text:
                    raw[reader.header] = text
                if removed:
                    row.problems += [problem.at(reader.field, reader.place(row)) for problem in removed]
            if (column := reader.column) is None:
                continue
            if chosen and column.field in chosen:
                parsed = self._as_said(reader, column, chosen[column.field])
            if parsed.value is not None:
                record[column.field] = parsed.value
            if parsed.more:
                for name, value in parsed.more.items():
                    if record.get(name) is None:
                        record[name] = value
            if parsed.problems:
                doubts += [problem.at(column.field, reader.place(row)) for problem in parsed.problems]
        row.problems += doubts
        return record, raw

    def _said(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """The fields a record fills in, in the order of its kind. Rows of a list mostly name the same."""
        given = tuple(record)
        if (names := self._orders.get(given)) is None:
            if len(self._orders) > _MEMORY:
                self._orders.clear()
            names = self._orders[given] = tuple(name for name in self._blank if name in record)
        return {name: value for name in names if (value := record[name]) is not None}

    def _as_said(self, reader: _Reader, column: Column, value: Any) -> Parsed:
        """A person's word on one cell, in yuan and fen whatever the unit of its column."""
        if column.money and isinstance(value, int) and not isinstance(value, bool):
            return Parsed(value)
        return column.parse(value, replace(reader.context, unit="元"))

    def _require(self, record: Mapping[str, Any], row: Row) -> None:
        """What a draft lacks for submitting is a warning; a row without its name is no record."""
        if not record.get(self.kind.title_field):
            title = self.kind.by_field[self.kind.title_field].header
            row.add(
                error("missing", f"缺少{title}。", f"The {self.kind.title_field} is missing."),
                self.kind.title_field,
            )
        named = {problem.field for problem in row.problems}
        for column in self._required:
            if record.get(column.field) is not None or column.field in named:
                continue
            if column.field == "uscc" and (
                record.get("registration_type") == "filed_group" or record.get("old_reg_no")
            ):
                continue
            row.add(
                warning("missing", f"{column.header}未填，提交前须补全。", f"{column.field} is blank; needed before submitting."),
                column.field,
            )  # fmt: skip

    def _amount(self, cells: Any) -> int | None:
        """The amount a total row states, in the unit of the amount column and without doubting it."""
        for reader in self._columns:
            if reader.field == "budget_fen" and (cell := _cell(cells, reader.index)) is not None:
                parsed = reader.read(cell).parsed
                if parsed.value is None and parsed.problems and parsed.problems[0].choices:
                    return int(parsed.problems[0].choices[0].value)
                return parsed.value
        return None


def _cell(cells: Sequence[Cell], index: int) -> Cell:
    """The cell of a column; None where it is blank."""
    cell = cells[index] if index < len(cells) else None
    return None if cell == "" else cell


def _named(columns: Sequence[Mapped]) -> list[tuple[Mapped, str]]:
    """Each column with the name its raw text has: its header (the first of that name) or also its letters."""
    seen: set[str] = set()
    named = []
    for mapped in columns:
        named.append(
            (mapped, f"{mapped.header} ({mapped.letters})" if mapped.header in seen else mapped.header)
        )
        seen.add(mapped.header)
    return named


def choices_of(problems: Iterable[RowProblem]) -> list[dict[str, Any]]:
    """What these problems leave to a person, as plain values."""
    return [
        {
            "field": problem.field,
            "options": [{"value": c.value, "zh": c.zh, "en": c.en} for c in problem.choices],
        }
        for problem in problems
        if problem.choices
    ]


def key_of(key: tuple[Any, ...] | None) -> str | None:
    """A short name of a key, the same in every process and import."""
    if key is None:
        return None
    return hashlib.blake2b("\x1f".join(map(str, key)).encode("utf-8", "replace"), digest_size=12).hexdigest()
