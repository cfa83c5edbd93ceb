"""What a column is, and how headers are compared."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from datetime import date
from decimal import Decimal
from typing import Any

from app.catalogue.codes import label
from app.imports.cells.parsed import Cell, Context, Parsed, RowProblem
from app.imports.cells.parts import split, written

Parser = Callable[[Cell, Context], Parsed]
Finish = Callable[[dict[str, Any], "Row"], None]

_UNIT = re.compile(r"(?:单位[:：]?)?(?:人民币)?(亿元|百万元|千元|万元|元|万)(?:/年|整)?")
_BRACKETS = re.compile(r"[(\[【<]([^)\]】>]*)[)\]】>]")
_DECORATION = re.compile(r"[\s*★☆▲△※●○■□◆◇↓→√!#:、.。_\"'“”?]+")
_LATIN = re.compile(r"[a-z&]+")
_NUMBERING = re.compile(r"^(?:\d{1,2}|[一二三四五六七八九十]{1,2})[.、)]")


@dataclass(frozen=True, slots=True)
class Header:
    """A header as it is compared: the bare name, the name with its bracket notes, and the unit it states."""

    name: str
    full: str
    unit: str | None = None


def header_of(text: str) -> Header:
    """A header text without marks, blanks and notes; '预算金额（万元）*' is '预算金额' in 万元."""
    plain = unicodedata.normalize("NFKC", text)
    plain = _NUMBERING.sub("", plain.strip())
    unit = None
    for note in _BRACKETS.findall(plain):
        if found := _UNIT.fullmatch(re.sub(r"\s+", "", note)):
            unit = "万元" if found[1] == "万" else found[1]
    full = _DECORATION.sub("", plain).lower()
    name = _DECORATION.sub("", _BRACKETS.sub("", plain)).lower()
    if unit is None and (tail := re.fullmatch(r"(.{2,}?)[/,-]?(万元|元)", name)):
        name, unit = tail[1], tail[2]
    return Header(name or full, full, unit)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a kind of list.

    `field` is the record's key; 'funding_lines.city_fiscal' puts the value into a part of a composed field.
    `fills` lets a value run down merged cells ('merge') or also blanks of a CSV ('area'). A `passing` column only helps to
    settle others and is no field of the record.
    """

    field: str
    header: str
    names: tuple[str, ...]
    parse: Parser
    example: Any = None
    export: Callable[[Any], Any] = default(default=lambda value: value)
    money: bool = False
    date: bool = False
    fills: str = ""
    free_text: bool = False
    required: bool = False
    group: str = ""
    in_template: bool = True
    passing: bool = False
    help: str = ""


def renamed(parse: Parser, **names: str) -> Parser:
    """The parser with its further values under the record's own names; those not named here are dropped."""

    def wrapped(cell: Cell, context: Context) -> Parsed:
        parsed = parse(cell, context)
        if not parsed.more:
            return parsed
        return parsed._replace(more={names[key]: value for key, value in parsed.more.items() if key in names})

    return wrapped


@dataclass(slots=True)
class Row:
    """A row on its way from cells to a record: what the finishing step of a kind may read and add to."""

    context: Context
    present: frozenset[str]
    problems: list[RowProblem] = default(default_factory=list)
    filled: list[str] = default(default_factory=list)
    letters: Mapping[str, str] = default(default_factory=dict)
    number: int = 0

    def add(self, problem: RowProblem, field_name: str) -> None:
        """Note a problem of a field, at its cell where the sheet has that column."""
        letters = self.letters.get(field_name)
        self.problems.append(problem.at(field_name, f"{letters}{self.number}" if letters else None))


@dataclass(frozen=True)
class Kind:
    """One kind of list: its columns, the step that settles a row as a whole, and the keys that tell rows apart.

    `other_key` is a second name by which a stored thing may be the same; `lookups` are the words that find what may be stored.
    """

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    finish: Finish
    row_key: Callable[[Mapping[str, Any]], tuple[Any, ...] | None]
    near_key: Callable[[Mapping[str, Any]], tuple[Any, ...] | None]
    title_field: str
    extra_fields: tuple[str, ...] = ()
    dynamic: Callable[[Header], Column | None] = default(default=lambda header: None)
    other_key: Callable[[Mapping[str, Any]], tuple[Any, ...] | None] = default(default=lambda record: None)
    lookups: Callable[[Mapping[str, Any]], list[str]] = default(default=lambda record: [record["title"]])

    by_field: Mapping[str, Column] = default(init=False, repr=False, default_factory=dict)
    _names: Mapping[str, Column] = default(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        names: dict[str, Column] = {}
        for column in self.columns:
            for name in (column.header, *column.names):
                names.setdefault(header_of(name).full, column)
        for column in self.columns:
            for name in (column.header, *column.names):
                names.setdefault(header_of(name).name, column)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "by_field", {column.field: column for column in self.columns})

    def find(self, text: str) -> tuple[Column | None, Header]:
        """The column a header text names, by its full form first, and the header as read."""
        header = header_of(text)
        column = self._names.get(header.full) or self._names.get(header.name) or self.dynamic(header)
        if column is None and (chinese := _LATIN.sub("", header.name)) != header.name and len(chinese) > 1:
            column = self._names.get(chinese)  # '项目名称 Project'
        return column, header

    @property
    def fields(self) -> tuple[str, ...]:
        """Keys of every record of this kind, in the order of the columns."""
        own = (column.field for column in self.columns if "." not in column.field and not column.passing)
        return tuple(dict.fromkeys((*own, *self.extra_fields)))


# How values are written back, so that what is exported can be imported again without a change.


def joined(values: Iterable[str] | None) -> str:
    """A list in one cell."""
    return "、".join(values or ())


def listed(values: Iterable[str] | None) -> str:
    """Free words in one cell; what would be cut when read again stands in quotes."""
    return written(values or (), split, "、")


def labels(list_name: str) -> Callable[[Any], str]:
    """The exporter of one code or several as their Chinese labels."""

    def export(value: Any) -> str:
        if not value:
            return ""
        return joined(label(list_name, code) for code in ([value] if isinstance(value, str) else value))

    return export


def yes_no(value: bool | None) -> str:
    return "" if value is None else "是" if value else "否"


def wan(fen: int | None) -> Decimal | None:
    """Fen as 万元, exactly."""
    return None if fen is None else Decimal(fen) / 1_000_000


def iso(value: date | str | None) -> str:
    return "" if value is None else value if isinstance(value, str) else value.isoformat()
