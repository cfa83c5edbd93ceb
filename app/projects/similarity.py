"""The scan for projects posted twice: five-character grams of title and description, names and numbers taken out."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol
from uuid import UUID

DUPLICATE = 0.6
"""Jaccard similarity from which two texts count as the same (the measure the demo fair is checked by, too)."""

_SIZE = 5
_NUMBERS = re.compile(r"[0-9零一二三四五六七八九十百千万亿两]+")
_NAMES = re.compile(r"[\u4e00-\u9fff]{2,6}?(区|县|街道|镇|社区|村|小区|居委会)")
_NOISE = re.compile(r"\W+")


class Written(Protocol):
    """A project as the scan reads it."""

    @property
    def id(self) -> UUID: ...
    @property
    def title(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def area_path(self) -> str: ...
    @property
    def parent_id(self) -> UUID | None: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """Another project of the edition, as the scan reads it."""

    id: UUID
    number: str
    title: str
    description: str
    state: str
    area_path: str
    parent_id: UUID | None


@dataclass(frozen=True, slots=True)
class Twin:
    """Another project of the edition with the same content at the same place."""

    number: str
    title: str
    state: str
    similarity: float


@lru_cache(maxsize=20_000)
def shingles(title: str, description: str) -> frozenset[str]:
    """The five-character grams that say what a text is about."""
    text = unicodedata.normalize("NFKC", f"{title}。{description}").casefold()
    text = _NOISE.sub("", _NUMBERS.sub("", _NAMES.sub("", text)))
    if len(text) < _SIZE:
        return frozenset({text})
    return frozenset(text[start : start + _SIZE] for start in range(len(text) - _SIZE + 1))


def similarity(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared grams as a share of all grams of both (Jaccard), 0–1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


class Neighbourhood:
    """The projects of an edition by place, so that each is compared with those at, above and below its own place only."""

    def __init__(self, projects: Iterable[Posted]) -> None:
        self._at: dict[str, list[Posted]] = defaultdict(list)
        self._within: dict[str, list[Posted]] = defaultdict(list)
        for project in projects:
            self._at[project.area_path].append(project)
            for path in _chain(project.area_path):
                self._within[path].append(project)

    def twins(self, project: Written) -> list[Twin]:
        """Other projects that would buy the same work for the same place, most similar first.

        The same work in another community is another project; lots of one project share its words.
        """
        *above, here = _chain(project.area_path)
        own = shingles(project.title, project.description)
        found = []
        for path, pool in ((here, self._within), *((path, self._at) for path in above)):
            for other in pool.get(path, ()):
                if other.id == project.id or _lots_of_one(project, other):
                    continue
                score = similarity(own, shingles(other.title, other.description))
                if score >= DUPLICATE:
                    found.append(Twin(other.number, other.title, other.state, round(score, 2)))
        return sorted(found, key=lambda twin: (-twin.similarity, twin.number))


def _chain(path: str) -> list[str]:
    """A path and all above it, from the city down."""
    codes = path.split("/")
    return ["/".join(codes[:depth]) for depth in range(1, len(codes) + 1)]


def _lots_of_one(one: Written, other: Written) -> bool:
    return (one.parent_id or one.id) == (other.parent_id or other.id)
