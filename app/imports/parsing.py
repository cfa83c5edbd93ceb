"""One prepared row to one record: every cell through its column's parser, then the row as a whole."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from pydantic_core import to_json

from app.imports.cells.parsed import Cell, Context, Parsed, RowProblem, error, warning
from app.imports.cells.personal import redact
from app.imports.cells.text import text_of
from app.imports.columns.column import Column, Kind, Row
from app.imports.layout import Layout, Mapped
from app.imports.preparation import Candidate, Skipped

Check = Callable[[Mapping[str, Any]], list[RowProblem]]
"""The draft schema's own view of a record: what it would refuse."""

_MEMORY = 20_000
Meaning = TypeVar("Meaning")
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

    `said` is the record without the fields it leaves open.
    """

    sheet: str
    row: int
    status: Status
    record: dict[str, Any] | None
    problems: list[RowProblem]
    raw: dict[str, str]
    filled: tuple[str, ...] = ()
    key: str | None = None
    near: str | None = None
    fingerprint: str | None = None
    said: dict[str, Any] | None = None
    total: str | None = None
    amount_fen: int | None = None

    @property
    def choices(self) -> list[dict[str, Any]]:
        """What a person must choose before this row can be committed."""
        return [
            {
                "field": problem.field,
                "options": [{"value": c.value, "zh": c.zh, "en": c.en} for c in problem.choices],
            }
            for problem in self.problems
            if problem.choices
        ]

    def settle(self) -> None:
        """Give the row the status its problems call for."""
        if self.status is not Status.SKIPPED:
            rejected = any(problem.rejects for problem in self.problems)
            self.status = Status.REJECTED if rejected else Status.WARNED if self.problems else Status.READY


@dataclass(slots=True)
class RowParser:
    """Turns the prepared rows of one sheet into preview rows. Pure per row, so that rows may be parsed in any process."""

    kind: Kind
    sheet: str
    layout: Layout
    context: Context
    choices: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    check: Check | None = None
    _contexts: dict[int, Context] = field(init=False)
    _texts: list[tuple[Mapped, str, str | None, dict[str, str] | None]] = field(init=False)
    _fields: list[tuple[Mapped, Column, dict[str, Parsed] | None]] = field(init=False)
    _letters: dict[str, str] = field(init=False)
    _present: frozenset[str] = field(init=False)
    _required: list[Any] = field(init=False)
    _blank: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self._contexts = {
            mapped.index: Context(
                self.context.year, mapped.unit, self.context.district, self.context.epoch_1904
            )
            for mapped in self.layout.columns
        }
        # A list repeats most of its cells: what a text meant in its column is remembered, except for free text.
        self._texts = [
            (mapped, header, name, None if mapped.column is None or mapped.column.free_text else {})
            for mapped, header, name in _named(self.layout.columns)
        ]
        self._fields = [
            (mapped, mapped.column, None if mapped.column.free_text else {})
            for mapped in self.layout.columns
            if mapped.column
        ]
        self._letters = {column.field: mapped.letters for mapped, column, _ in self._fields}
        self._present = self.layout.fields
        self._required = [
            column for column in self.kind.columns if column.required and column.field in self._present
        ]
        self._blank = dict.fromkeys(self.kind.fields)

    def skipped(self, row: Skipped) -> PreviewRow:
        """A row that is no data, kept with its reason; a total with the amount it states."""
        raw, _ = self._raw(row.cells)
        shown = PreviewRow(self.sheet, row.number, Status.SKIPPED, None, [row.problem], raw, total=row.total)
        if row.total:
            shown.amount_fen = self._amount(row.cells)
        return shown

    def parse(self, candidate: Candidate) -> PreviewRow:
        """The record of a row with every problem of its cells and of the row as a whole."""
        number, problems = candidate.number, list(candidate.problems)
        row = Row(self.context, self._present, problems, list(candidate.filled), self._letters, number)
        said = self.choices.get(f"{self.sheet}!{number}") or {}
        raw, cells = self._raw(candidate.cells, row)
        record = dict(self._blank)
        for mapped, column, memory in self._fields:
            cell = cells.get(mapped.index)
            if column.field in said:
                parsed = self._as_said(mapped, column, said[column.field])
            elif cell is None:
                continue
            elif memory is None or type(cell) is not str:
                parsed = column.parse(cell, self._contexts[mapped.index])
            elif (known := memory.get(cell)) is not None:
                parsed = known
            else:
                parsed = column.parse(cell, self._contexts[mapped.index])
                _remember(memory, cell, parsed)
            if parsed.value is not None:
                record[column.field] = parsed.value
            if parsed.more:
                for name, value in parsed.more.items():
                    if record.get(name) is None:
                        record[name] = value
            for problem in parsed.problems:
                problems.append(problem.at(column.field, f"{mapped.letters}{number}"))
        self._say(record, said)
        self.kind.finish(record, row)
        self._require(record, row)
        if record.keys() != self._blank.keys():
            record = {name: record.get(name) for name in self._blank}
        shown = PreviewRow(
            self.sheet,
            number,
            Status.READY,
            record,
            problems,
            raw,
            tuple(dict.fromkeys(row.filled)),
            key_of(self.kind.row_key(record)),
            key_of(self.kind.near_key(record)),
            amount_fen=record.get("budget_fen"),
            said={name: value for name, value in record.items() if value is not None},
        )
        assert shown.said is not None
        shown.fingerprint = fingerprint(shown.said)
        if self.check is not None and not any(problem.rejects for problem in problems):
            problems.extend(self.check(shown.said))
        if said.get("row") == "skip":
            shown.status, shown.problems = (
                Status.SKIPPED,
                [warning("chosen_skip", "按选择跳过。", "Skipped as chosen.")],
            )
        shown.settle()
        return shown

    def _as_said(self, mapped: Mapped, column: Column, value: Any) -> Parsed:
        """A person's word on one cell, in yuan and fen whatever the unit of its column."""
        if column.money and isinstance(value, int) and not isinstance(value, bool):
            return Parsed(value)
        context = self._contexts[mapped.index]
        return column.parse(value, Context(context.year, "元", context.district, context.epoch_1904))

    def _say(self, record: dict[str, Any], said: Mapping[str, Any]) -> None:
        """A person's word on a field whose column the sheet does not have."""
        for name, value in said.items():
            if name in self._blank and name not in self._present:
                record[name] = value

    def _raw(self, cells: Any, row: Row | None = None) -> tuple[dict[str, str], dict[int, Cell]]:
        """The texts by header without personal data, and the cells by column without blanks."""
        raw: dict[str, str] = {}
        kept: dict[int, Cell] = {}
        width = len(cells)
        for mapped, header, name, memory in self._texts:
            index = mapped.index
            if index >= width:
                continue
            cell = cells[index]
            if cell is None or cell == "":
                continue
            if name == "bank_account":
                raw[header] = "[已删除:银行账号]"
                continue
            text = memory.get(cell) if memory is not None and type(cell) is str else None
            if text is None:
                text = text_of(cell)
                found: tuple[RowProblem, ...] = ()
                if len(text) > 5 and name not in _NOT_PERSONAL:
                    clean, found = redact(text)
                    if found:
                        text = cell = clean
                        if row is not None:
                            for problem in found:
                                row.problems.append(problem.at(name, f"{mapped.letters}{row.number}"))
                if memory is not None and not found and type(cell) is str:
                    _remember(memory, cell, text)
            kept[index] = text if type(cell) is str else cell
            if text:
                raw[header] = text
        return raw, kept

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
        for mapped, column, _ in self._fields:
            if column.field == "budget_fen" and mapped.index < len(cells):
                parsed = column.parse(cells[mapped.index], self._contexts[mapped.index])
                if parsed.value is None and parsed.problems and parsed.problems[0].choices:
                    return int(parsed.problems[0].choices[0].value)
                return parsed.value
        return None


def _remember(memory: dict[str, Meaning], cell: str, meaning: Meaning) -> None:
    if len(memory) > _MEMORY:
        memory.clear()
    memory[cell] = meaning


def _named(columns: Sequence[Mapped]) -> list[tuple[Mapped, str, str | None]]:
    """Each column with the name its raw text has, its header (the first of that name) or also its letters, and its field."""
    seen: set[str] = set()
    named = []
    for mapped in columns:
        name = f"{mapped.header} ({mapped.letters})" if mapped.header in seen else mapped.header
        seen.add(mapped.header)
        named.append((mapped, name, mapped.column.field if mapped.column else None))
    return named


def key_of(key: tuple[Any, ...] | None) -> str | None:
    """A short name of a key, the same in every process and import."""
    if key is None:
        return None
    return hashlib.blake2b("\x1f".join(map(str, key)).encode("utf-8", "replace"), digest_size=12).hexdigest()


def fingerprint(record: Mapping[str, Any]) -> str:
    """Equal for records of equal content; the sender's row number does not count."""
    content = to_json({name: value for name, value in record.items() if name != "source_row_no"})
    return hashlib.blake2b(content, digest_size=12).hexdigest()
