"""Responsibility lists, negative lists and the purchasing catalogue as package data, and the route each list leads to. Pure."""

import csv
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from app.catalogue.process_codes import ResponsibilityList
from app.catalogue.trade_codes import Category, DeliveryRoute
from app.kernel.errors import Problem


class ListScheme(StrEnum):
    """Which set of lists: Wuhou's three, Kaizhou's variant with a negative list, or what the purchasing rules exclude."""

    THREE_LISTS = "three_lists"
    NEGATIVE_VARIANT = "negative_variant"
    PROCUREMENT = "procurement"


SCHEMES = MappingProxyType(
    {
        ListScheme.THREE_LISTS: (
            ResponsibilityList.PARTY_DUTY,
            ResponsibilityList.COMMITTEE_DUTY,
            ResponsibilityList.GOVERNMENT_ASSISTANCE,
        ),
        ListScheme.NEGATIVE_VARIANT: (
            ResponsibilityList.COMMITTEE_DUTY,
            ResponsibilityList.GOVERNMENT_ASSISTANCE,
            ResponsibilityList.NEGATIVE,
        ),
        ListScheme.PROCUREMENT: (ResponsibilityList.NEGATIVE,),
    }
)

ROUTES = MappingProxyType(
    {
        ResponsibilityList.PARTY_DUTY: DeliveryRoute.SELF_GOVERNED,
        ResponsibilityList.COMMITTEE_DUTY: DeliveryRoute.SELF_GOVERNED,
        ResponsibilityList.GOVERNMENT_ASSISTANCE: DeliveryRoute.OUTSOURCED,
        ResponsibilityList.OFF_LIST: DeliveryRoute.OUTSOURCED,
        ResponsibilityList.NEGATIVE: DeliveryRoute.GOVERNMENT_DIRECT,
    }
)
MARKET = frozenset({DeliveryRoute.OUTSOURCED, DeliveryRoute.CO_FUNDED})
"""Routes that enter the market; the other two never do (DOMAIN.md §1 S1-7)."""

CLASSES = MappingProxyType(
    {
        "livelihood": ("基本民生服务", "Basic livelihood"),
        "social_affairs": ("社会事务服务", "Social affairs"),
        "governance": ("社区治理与平安服务", "Governance and safety"),
        "support": ("组织与专业支持服务", "Organizations and professional support"),
    }
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a list. `words` betray it in a text; `exceptions` are phrases in which such a word means something else."""

    scheme: ListScheme
    list_type: ResponsibilityList
    code: str
    zh: str
    en: str
    words: tuple[str, ...]
    exceptions: tuple[str, ...]
    basis: str


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the purchasing catalogue."""

    code: str
    item_class: str
    zh: str
    en: str
    category: Category
    basis: str


def _rows(name: str) -> list[dict[str, str]]:
    return list(
        csv.DictReader((files("app.catalogue") / "data" / name).read_text(encoding="utf-8").splitlines())
    )


@cache
def entries() -> tuple[Entry, ...]:
    """Every item of every shipped list."""
    return tuple(
        Entry(
            ListScheme(row["scheme"]),
            ResponsibilityList(row["list_type"]),
            row["code"],
            row["zh"],
            row["en"],
            tuple(word for word in row["words"].split("|") if word),
            tuple(phrase for phrase in row["exceptions"].split("|") if phrase),
            row["basis"],
        )
        for row in _rows("responsibility_lists.csv")
    )


@cache
def items() -> tuple[Item, ...]:
    """The shipped purchasing catalogue."""
    return tuple(
        Item(row["code"], row["class"], row["zh"], row["en"], Category(row["category"]), row["basis"])
        for row in _rows("items.csv")
    )


@cache
def negative_entries() -> tuple[Entry, ...]:
    """The shipped items that are never bought or never put on a community."""
    return tuple(entry for entry in entries() if entry.list_type is ResponsibilityList.NEGATIVE)


def hits(text: str, against: Sequence[Entry], pointer: str = "/description") -> list[Problem]:
    """One problem for each negative item whose words stand in the text outside their exceptions."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    found = []
    for entry in against:
        seen = plain
        for phrase in entry.exceptions:
            seen = seen.replace(phrase, "□")
        word = next((word for word in entry.words if word in seen), None)
        if word is not None:
            found.append(_problem(entry, word, pointer))
    return found


def _problem(entry: Entry, word: str, pointer: str) -> Problem:
    return Problem(
        "on_negative_list",
        f"文中“{word}”属于负面清单事项“{entry.zh}”（{entry.basis}），不得购买，也不得交由社区承担。",
        f"'{word}' belongs to the negative list: {entry.en} ({entry.code}); it is neither bought nor put on a community.",
        pointer,
        {"item": entry.code, "scheme": str(entry.scheme), "word": word},
    )
