"""Words and character runs of a text, in Chinese and English alike.

Chinese is cut into runs of one to three characters (the default tokenizers of the field take a whole
clause as one word); English into stemmed words, the starts of long words, and pairs.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import cache
from importlib.resources import files
from itertools import pairwise

_HAN = re.compile(r"[\u3400-\u9fff]+")
_LATIN = re.compile(r"[a-z][a-z'\-]*[a-z]|[a-z]")
_CLAUSE = re.compile(r"[，。！？；、：,!?;:\n]+|\.(?=\s|$)")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ers", "er"), ("ed", ""), ("es", "e"), ("s", ""))
_RUNS = (1, 2, 3)
_STEM = 3
_PREFIX = 5

_STOP = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "been",
        "but",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "has",
        "have",
        "he",
        "her",
        "him",
        "his",
        "how",
        "i",
        "in",
        "is",
        "it",
        "its",
        "me",
        "my",
        "no",
        "nobody",
        "not",
        "of",
        "on",
        "one",
        "or",
        "our",
        "she",
        "so",
        "some",
        "someone",
        "that",
        "the",
        "their",
        "them",
        "they",
        "this",
        "to",
        "us",
        "was",
        "we",
        "were",
        "what",
        "when",
        "which",
        "who",
        "whom",
        "will",
        "with",
        "would",
        "you",
        "your",
        "every",
        "each",
        "all",
        "any",
        "after",
        "again",
        "than",
        "then",
        "there",
        "very",
    ]
)


def normalized(text: str) -> str:
    """NFKC, no control characters, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def clauses(text: str) -> list[str]:
    """The clauses of a text that say something: at least four characters each."""
    parts = (part.strip() for part in _CLAUSE.split(unicodedata.normalize("NFKC", text)))
    return [part for part in parts if len(part) > 3]


def _stem(word: str) -> str:
    word = word.strip("'-").replace("'s", "")
    for ending, rest in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _STEM:
            return word[: len(word) - len(ending)] + rest
    return word


def grams(text: str) -> Counter[str]:
    """How often each word and character run occurs; width and case do not matter."""
    folded = unicodedata.normalize("NFKC", text).lower()
    found: Counter[str] = Counter()
    for match in _HAN.finditer(folded):
        run = match.group()
        for n in _RUNS:
            found.update(run[i : i + n] for i in range(len(run) - n + 1))
    words = [_stem(word) for word in _LATIN.findall(folded) if word not in _STOP]
    found.update(words)
    found.update(word[:_PREFIX] + "~" for word in words if len(word) > _PREFIX)
    found.update(f"{left} {right}" for left, right in pairwise(words))
    return found


@cache
def boiler() -> frozenset[str]:
    """Grams of the words that every project and profile contains and that tell nothing apart."""
    lines = (files("matching") / "data" / "boiler.txt").read_text("utf-8").splitlines()
    return frozenset(
        gram for line in lines if not line.startswith("#") for word in line.split() for gram in grams(word)
    )
