"""What every cell parser takes and gives back: a value, the problems found, other fields learned on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple

Cell = str | int | float | bool | date | datetime | time | timedelta | None

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Severity(StrEnum):
    """A warning may be committed; an error rejects its row; a choice rejects it until a person has chosen."""

    WARNING = "warning"
    ERROR = "error"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Choice:
    """One reading a person may choose; `value` is what is sent back in `choices`."""

    value: Any
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing about one cell (or row): a stable code, both messages, and what would be right."""

    code: str
    zh: str
    en: str
    severity: Severity = Severity.WARNING
    field: str | None = None
    cell: str | None = None
    suggestion: str | None = None
    choices: tuple[Choice, ...] = ()

    def at(self, field: str | None, cell: str | None) -> "RowProblem":
        """The same problem at a place, where it has none yet."""
        return replace(self, field=self.field or field, cell=self.cell or cell)

    @property
    def rejects(self) -> bool:
        return self.severity is not Severity.WARNING


def warning(code: str, zh: str, en: str, suggestion: str | None = None) -> RowProblem:
    return RowProblem(code, zh, en, suggestion=suggestion)


def error(code: str, zh: str, en: str, suggestion: str | None = None) -> RowProblem:
    return RowProblem(code, zh, en, Severity.ERROR, suggestion=suggestion)


def choice(
    code: str, zh: str, en: str, choices: tuple[Choice, ...], suggestion: str | None = None
) -> RowProblem:
    return RowProblem(code, zh, en, Severity.CHOICE, suggestion=suggestion, choices=choices)


class Parsed(NamedTuple):
    """The value of a cell, its problems, and values of other fields that the same cell tells."""

    value: Any = None
    problems: tuple[RowProblem, ...] = ()
    more: Mapping[str, Any] = NOTHING


BLANK = Parsed()


@dataclass(frozen=True, slots=True)
class Context:
    """What a cell cannot know by itself: the edition's year, the column's unit, the sheet's place, the calendar."""

    year: int
    unit: str | None = None
    district: str | None = None
    epoch_1904: bool = False
    street: str | None = None
