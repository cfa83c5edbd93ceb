"""Full-text search that finds two-character Chinese words with no extension and in any locale.

A searchable row keeps the one- and two-character grams of its text in an array under a GIN index. A query becomes the
grams of its words; a row matches when it holds them all. (pg_trgm cannot narrow a two-character search at all.)
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, pairwise
from operator import add

from sqlalchemy import ColumnElement, Text, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

MOST_GRAMS = 4_000


_BETWEEN_WORDS = re.compile(r"[\W_]+")


def _words(text: str) -> list[str]:
    """Letters and digits of any script; marks and blanks part them."""
    return [word for word in _BETWEEN_WORDS.split(unicodedata.normalize("NFKC", text).casefold()) if word]


def grams(*texts: str | None) -> list[str]:
    """The distinct grams of some texts: every character and every two neighbours within a word."""
    words = _words(" ".join(text for text in texts if text))
    each = chain.from_iterable(chain(word, map(add, word, word[1:])) for word in words)
    return list(dict.fromkeys(each))[:MOST_GRAMS]


def query_grams(query: str) -> list[str]:
    """The grams a row must hold to match: pairs of each word, or the character itself when it stands alone."""
    return list(dict.fromkeys(gram for word in _words(query) for gram in _needed(word)))


def _needed(word: str) -> Iterable[str]:
    return (a + b for a, b in pairwise(word)) if len(word) > 1 else (word,)


class Searchable:
    """A row found by `q=`. The service writes `search_grams = grams(title, description, …)`; the table indexes it by GIN."""

    search_grams: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, sort_order=95, deferred=True)

    @classmethod
    def found_by(cls, query: str) -> ColumnElement[bool]:
        needed = query_grams(query)
        return cls.search_grams.contains(needed) if needed else true()
