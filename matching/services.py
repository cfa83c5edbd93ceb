"""Which services a text speaks of.

Two witnesses are heard. The lexicon compares the text's words and character runs with all that the taxonomy
says of each service, language by language. The encoder compares each clause with each expression, so that
'老人出门找不到家' is found near dementia care though no word is shared. Constants were chosen as
docs/benchmarks.md tells; they depend on the taxonomy alone, never on the projects or organizations of the day.
"""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from matching.lexicon import clauses, grams, normalized
from matching.taxonomy import Service, services

TERM_WEIGHT = 2.0
SHARPNESS = 3
"""A power: the likeliest services stand out, the faint ones vanish."""
CERTAIN = 0.09
"""From this lexical likeness on, the lexicon is heard in full."""
TEMPERATURE = 0.05
ENCODER_SHARE = 0.3
WHOLE_SHARE = 0.5
"""Weight of a text read as a whole against the average of its clauses: what no clause says alone."""
CAUSES = 6

Floats = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Floats]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category proposed for a text, how likely (0–1 among all), and the words that caused it."""

    category: str
    service: str
    share: float
    words: tuple[str, ...]


def _counts(weighted: Sequence[tuple[str, float]]) -> dict[str, float]:
    found: dict[str, float] = defaultdict(float)
    for text, weight in weighted:
        for gram, n in grams(text).items():
            found[gram] += weight * n
    return found


def _chinese(service: Service) -> Mapping[str, float]:
    terms = [(term, TERM_WEIGHT) for term in (service.zh, *service.terms)]
    return _counts([*terms, *((text, 1.0) for text in (*service.says, *service.words))])


def _english(service: Service) -> Mapping[str, float]:
    terms = [(term, TERM_WEIGHT) for term in (service.en, *service.terms_en)]
    return _counts([*terms, *((text, 1.0) for text in (*service.says_en, *service.words_en))])


class ServiceLexicon:
    """The taxonomy as vectors of words and character runs, with their rarity among services."""

    def __init__(self) -> None:
        self.services = services()
        chinese = [_chinese(service) for service in self.services]
        english = [_english(service) for service in self.services]
        spread = Counter(gram for pair in zip(chinese, english, strict=True) for gram in set().union(*pair))
        self.number = {gram: i for i, gram in enumerate(spread)}
        total = len(self.services) + 1
        self.rarity = np.array([math.log(total / (1 + n)) + 1 for n in spread.values()])
        self._described = (self.vectors(chinese), self.vectors(english))

    def vectors(self, counts: Sequence[Mapping[str, float]]) -> csr_matrix:
        """Unit vectors over the known grams: n×v sparse."""
        data: list[float] = []
        cols: list[int] = []
        ends = [0]
        for count in counts:
            for gram, n in count.items():
                if (j := self.number.get(gram)) is not None:
                    cols.append(j)
                    data.append(math.log2(1 + n) * self.rarity[j])
            ends.append(len(cols))
        values = np.array(data)
        for start, end in pairwise(ends):
            length = math.sqrt(float(np.square(values[start:end]).sum()))
            values[start:end] /= length or 1.0
        return csr_matrix((values, cols, ends), shape=(len(counts), len(self.number)))

    def likeness(self, counts: Sequence[Mapping[str, float]]) -> NDArray[np.float64]:
        """How near each text is to each service, in whichever language: n×s."""
        texts = self.vectors(counts)
        chinese, english = self._described
        return np.asarray((texts @ chinese.T).toarray() + (texts @ english.T).toarray())

    def causes(self, text: str, service: int) -> tuple[str, ...]:
        """What in a text speaks most for a service: whole entries of the taxonomy first, then shared runs."""
        texts = self.vectors([grams(text)])
        shared = texts.multiply(self._described[0][service] + self._described[1][service]).tocoo()
        weight = {self._names[j]: float(w) for w, j in zip(shared.data, shared.col, strict=True)}
        folded = unicodedata.normalize("NFKC", text).lower()
        entries = [entry for entry in self.services[service].entries if entry.lower() in folded]
        ranked = sorted(entries, key=lambda entry: (-sum(weight.get(g, 0) for g in grams(entry)), entry))
        if not ranked:
            ranked = sorted(
                (g for g in weight if not g.endswith("~")), key=lambda g: (-weight[g] * len(g), g)
            )
        chosen: list[str] = []
        for word in ranked:
            if len(word) > 1 and not any(word in other or other in word for other in chosen):
                chosen.append(word)
        return tuple(chosen[:CAUSES])

    @cached_property
    def _names(self) -> list[str]:
        return list(self.number)


class ServiceReader:
    """Reads from a text the services it speaks of."""

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self.lexicon = ServiceLexicon()

    @property
    def size(self) -> int:
        return len(self.lexicon.services)

    def number_of(self, code: str) -> int:
        """The place of a service in every profile. Raises KeyError for an unknown code."""
        return self._numbers[code]

    @cached_property
    def _numbers(self) -> dict[str, int]:
        return {service.code: number for number, service in enumerate(self.lexicon.services)}

    @cached_property
    def _spoken(self) -> Floats:
        """Vectors of all expressions, service by service: terms of the trade, then what residents say."""
        return self._encode([normalized(text) for s in self.lexicon.services for text in s.expressions])

    @cached_property
    def _expressions(self) -> tuple[Floats, NDArray[np.intp], Floats]:
        """Vectors of all expressions, where each service's begin, and how near each is to the others."""
        vectors = self._spoken
        starts = np.cumsum([0, *(len(s.expressions) for s in self.lexicon.services)])[:-1]
        return vectors, starts, (vectors @ vectors.mean(axis=0)).astype(np.float32)

    @cached_property
    def background(self) -> Floats:
        """The mean of what residents say, whatever they need: what every text has in common."""
        said = np.array(
            [text in s.says or text in s.says_en for s in self.lexicon.services for text in s.expressions]
        )
        return np.asarray(self._spoken[said].mean(axis=0), dtype=np.float32)

    def profiles(
        self, counts: Sequence[Mapping[str, float]], bodies: Sequence[str], wholes: Floats
    ) -> Floats:
        """Service profiles of texts, each of length at most one: n×s float32. `wholes` are the texts' own vectors."""
        lexical = self.lexicon.likeness(counts)
        certainty = np.minimum(1.0, lexical.max(axis=1, keepdims=True) / CERTAIN)
        sharp = _unit(lexical**SHARPNESS) * certainty
        read = self._read(bodies, wholes)
        return np.asarray((sharp + ENCODER_SHARE * read) / (1 + ENCODER_SHARE), dtype=np.float32)

    def _read(self, bodies: Sequence[str], wholes: Floats) -> NDArray[np.float64]:
        """What the clauses of each text say on average, and the text as a whole: n×s, rows of length one or nothing."""
        parts = [clauses(body) for body in bodies]
        every = list(dict.fromkeys(clause for part in parts for clause in part))
        out = np.zeros((len(bodies), self.size))
        if not every:
            return out
        number = {clause: i for i, clause in enumerate(every)}
        shares, together = self._shares(self._encode(every)), self._shares(wholes)
        for row, part in enumerate(parts):
            if part:
                average = shares[[number[clause] for clause in part]].mean(axis=0)
                out[row] = np.sqrt((average + WHOLE_SHARE * together[row]) / (1 + WHOLE_SHARE))
        return out

    def _shares(self, vectors: Floats) -> NDArray[np.float64]:
        """How each text divides its attention among the services."""
        expressions, starts, common = self._expressions
        near = vectors @ expressions.T - common
        best = np.maximum.reduceat(near, starts, axis=1).astype(np.float64)
        odds = np.exp((best - best.max(axis=1, keepdims=True)) / TEMPERATURE)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def suggest(self, title: str, body: str, limit: int = 3) -> tuple[Suggestion, ...]:
        """The likeliest categories of a text, best first, each with its service and the words that caused it."""
        count = text_counts(title, body)
        whole = self._encode([whole_text(title, body)])
        profile = self.profiles([count], [body], whole)[0].astype(np.float64) ** 2
        found: list[Suggestion] = []
        for number in np.argsort(-profile, kind="stable"):
            service = self.lexicon.services[number]
            if profile[number] <= 0 or len(found) == limit:
                break
            if service.category not in {s.category for s in found}:
                share = float(profile[number] / profile.sum())
                words = self.lexicon.causes(f"{body}\n{title}", int(number))
                found.append(Suggestion(service.category, service.code, share, words))
        return tuple(found)


def whole_text(title: str, body: str) -> str:
    """A text as the encoder reads it in one piece."""
    return normalized(f"{body}\n{title}")


def text_counts(title: str, body: str) -> dict[str, float]:
    """Grams of a text; its figurative title counts half."""
    counts: dict[str, float] = defaultdict(float, grams(body))
    for gram, n in grams(title).items():
        counts[gram] += n / 2
    return counts


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0))
