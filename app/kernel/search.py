"""Full-text search that finds words of one, two or more Chinese characters with no extension and in any locale.

A searchable row keeps the keys of its text in a `tsvector` under a GIN index: every character of a word together with its
right neighbour, the last one alone. A query becomes the pairs of its words; a row matches when it holds them all. A
character asked for alone is the beginning of a key. (pg_trgm cannot narrow a two-character search at all.)

A pair says its first character too, so the index holds one key for each character and no more: with single characters
beside the pairs it cost twice as much (decision 0012).
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, literal, true
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

MOST_CHARACTERS = 20_000
"""Of a text that is searched: a row of keys has its limit (1 MB)."""

_TOGETHER = 16_000
"""Characters: some hundred texts of a list, whatever their length."""
_CHARACTERS = 0x110000
_END = "\0"
_WORD = re.compile(r"[^\W_]+")
# Full-width marks part words in their plain form too; but for them, most texts are in the normal form already.
_MARKS = "，；：！？（）"


def _plain(text: str) -> str:
    for mark in _MARKS:
        text = text.replace(mark, " ")
    return unicodedata.normalize("NFKC", text).casefold()


def _words(text: str) -> list[str]:
    """Letters and digits of any script; marks and blanks part them."""
    return _WORD.findall(_plain(text))


def grams(*texts: str | None) -> str:
    """The keys of some texts, as a `tsvector` is written; no sign in them needs a quote."""
    keys: set[str] = set()
    for word in _words(" ".join([text for text in texts if text])[:MOST_CHARACTERS]):
        keys.update(map(add, word, word[1:]))
        keys.add(word[-1])
    return " ".join(sorted(keys))  # as the server sorts them, which then has less to do


def grams_of_each(texts: Iterable[str]) -> Iterator[str]:
    """`grams` of each text. For lists: a fifth of the cost, as the characters of many texts are looked at together."""
    some: list[str] = []
    length = 0
    for text in texts:
        some.append(text)
        length += len(text)
        if length > _TOGETHER:
            yield from _grams_of_all(some)
            some, length = [], 0
    yield from _grams_of_all(some)


def _grams_of_all(texts: Sequence[str]) -> list[str]:
    """A key is one number, made of the place of its text and its two characters; sorted, they stand as they are written."""
    told = [text[:MOST_CHARACTERS].replace(_END, " ") + _END for text in texts]
    signs = np.frombuffer(_plain("".join(told)).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    of_word = _of_words()[signs]
    places = np.cumsum(signs == ord(_END), dtype=np.uint64)
    signs = np.where(of_word, signs, 0).astype(np.uint64)
    pairs = places << np.uint64(42) | signs << np.uint64(21)
    pairs[:-1] |= signs[1:]
    keys = np.sort(pairs[of_word])
    keys = keys[np.append(True, keys[1:] != keys[:-1])] if len(keys) else keys
    written = np.empty((len(keys), 3), dtype="<u4")
    written[:, 0] = keys >> np.uint64(21) & np.uint64((1 << 21) - 1)
    written[:, 1] = keys & np.uint64((1 << 21) - 1)  # 0 for the last character of a word
    written[:, 2] = ord(" ")
    sizes = np.bincount(
        (keys >> np.uint64(42)).astype(np.int64), 3 - (written[:, 1] == 0), minlength=len(texts)
    )
    line = written[written != 0].tobytes().decode("utf-32-le")
    ends = np.cumsum(sizes).astype(int).tolist()
    return [line[begin:end].rstrip() for begin, end in zip([0, *ends], ends, strict=False)]


@cache
def _of_words() -> NDArray[Any]:
    """For every character whether it is part of words."""
    return np.fromiter((chr(sign).isalnum() for sign in range(_CHARACTERS)), dtype=bool, count=_CHARACTERS)


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
