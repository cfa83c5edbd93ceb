"""Full-text search that finds words of one, two or more Chinese characters with no extension and in any locale.

A searchable row keeps the keys of its text in a `tsvector` under a GIN index: every character of a word together with its
right neighbour, the last one alone. A query becomes the pairs of its words; a row matches when it holds them all. A
character asked for alone is the beginning of a key. (pg_trgm cannot narrow a two-character search at all.)

A pair says its first character too, so the index holds one key for each character and no more: with single characters
beside the pairs it cost twice as much (decision 0012).
"""

import re
import unicodedata
from operator import add

from sqlalchemy import ColumnElement, literal, true
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

MOST_CHARACTERS = 20_000
"""Of a text that is searched: a row of keys has its limit (1 MB)."""

_WORD = re.compile(r"[^\W_]+")
# Full-width marks part words in their plain form too; but for them, most texts are in the normal form already.
_MARKS = "，；：！？（）"


def plain(text: str) -> str:
    """A text as it is compared: full width or not, capitals or not."""
    for mark in _MARKS:
        text = text.replace(mark, " ")
    return unicodedata.normalize("NFKC", text).casefold()


def _words(text: str) -> list[str]:
    """Letters and digits of any script; marks and blanks part them."""
    return _WORD.findall(plain(text))


def grams(*texts: str | None) -> str:
    """The keys of some texts, as a `tsvector` is written; no sign in them needs a quote."""
    keys: set[str] = set()
    for word in _words(" ".join([text for text in texts if text])[:MOST_CHARACTERS]):
        keys.update(map(add, word, word[1:]))
        keys.add(word[-1])
    return " ".join(sorted(keys))  # as the server sorts them, which then has less to do


def search_query(query: str) -> str:
    """What a row must hold to match, as a `tsquery` is written; empty when nothing can be looked for."""
    asked = (" & ".join(map(add, word, word[1:])) if len(word) > 1 else f"{word}:*" for word in _words(query))
    return " & ".join(dict.fromkeys(asked))


class Searchable:
    """A row found by `q=`. The service writes `search_grams = grams(title, description, …)`; the table indexes it by GIN."""

    search_grams: Mapped[str] = mapped_column(TSVECTOR, default="", sort_order=95, deferred=True)

    @classmethod
    def found_by(cls, query: str) -> ColumnElement[bool]:
        asked = search_query(query)
        return cls.search_grams.bool_op("@@")(literal(asked).cast(TSQUERY)) if asked else true()
