"""Texts to vectors: what a project asks and what an organization offers, as whole numbers.

Three views of a text are kept in one int16 row: its service profile and its place among all meanings (dense),
and its most telling words (sparse). Two texts are alike by the weighted sum of the three products. The place
among meanings is taken from the centre of a fixed background, so that long profiles that are near to everything
gain nothing by it. Whole numbers of bounded length make every product exact in float32: a likeness has the same
bits in a block of thousands, alone, in both directions and on every machine.
"""

from __future__ import annotations

import hashlib
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from matching.encoder import BundledEncoder, MemoryStore, TextEncoder, VectorStore
from matching.lexicon import boiler
from matching.model import Organization, Project, Record
from matching.services import ServiceReader, Suggestion, text_counts, whole_text
from matching.taxonomy import digest
from matching.threads import one_thread

MODEL_VERSION = "2026.2"
DENSE_SCALE = 2600.0
WORD_SCALE = 4000.0
EXACT = 2.0**24
WORDS = 128
BUCKETS = 65_536
WORD_SHARE = 1.25
"""Weight of shared words against a service profile's 1; the encoder's is 1 too."""
BOILER_WEIGHT, UNKNOWN_WEIGHT = 0.2, 2.0
LIKE_FROM, LIKE_KNEE, LIKE_TO = 0.4, 1.6, 2.8
LIKE_AT_KNEE = 0.8
"""Unrelated texts lie below the first, specialists between knee and end, where likeness still tells them apart."""
_BETWEEN = "\x1f"


_READERS: dict[str, ServiceReader] = {}


def project_text(project: Project) -> str:
    """What a project says: body and title, told apart because the title is often a figure of speech."""
    body = "\n".join(t for t in (project.description, project.need_analysis) if t.strip())
    return f"{body}{_BETWEEN}{project.title}"


def organization_text(org: Organization) -> str:
    """What an organization says of itself and what it has done; its name is told apart like a title."""
    records = (record.title for record in org.track_record)
    body = "\n".join(t for t in (org.business_scope, org.capability, *records) if t.strip())
    return f"{body}{_BETWEEN}{org.name}"


def record_text(record: Record) -> str:
    """What a past engagement was about."""
    return f"{record.title}{_BETWEEN}"


def required_texts(organizations: Iterable[Organization], projects: Iterable[Project] = ()) -> list[str]:
    """Every text a ranker will want vectors of, each once: for those who compute and store them beforehand."""
    orgs = list(organizations)
    texts = [organization_text(org) for org in orgs]
    texts += [record_text(record) for org in orgs for record in org.track_record]
    texts += [project_text(project) for project in projects]
    return list(dict.fromkeys(texts))


def has_body(text: str) -> bool:
    """Whether there is more to a text than its title or name."""
    return bool(text.partition(_BETWEEN)[0].strip())


def likeness_share(like: NDArray[Any]) -> NDArray[np.float32]:
    """A raw likeness as a share of the points, 0–1: rising fast to the knee, slowly beyond."""
    early = (like - np.float32(LIKE_FROM)) * np.float32(LIKE_AT_KNEE / (LIKE_KNEE - LIKE_FROM))
    late = (like - np.float32(LIKE_TO)) * np.float32((1 - LIKE_AT_KNEE) / (LIKE_TO - LIKE_KNEE)) + np.float32(
        1.0
    )
    return np.clip(np.minimum(early, late), np.float32(0.0), np.float32(1.0)).astype(np.float32, copy=False)


class TextModel:
    """Encodes texts, asking the store first; `version` names everything that shapes a vector."""

    def __init__(self, encoder: TextEncoder | None = None, store: VectorStore | None = None) -> None:
        self.encoder = encoder or BundledEncoder()
        self.store = store if store is not None else MemoryStore()

    @property
    def version(self) -> str:
        return f"{self.encoder.name}/{MODEL_VERSION}/{digest()}"

    @property
    def reader(self) -> ServiceReader:
        """The reader of this encoder, shared in the process because its expressions take a second to encode."""
        if self.encoder.name not in _READERS:
            _READERS[self.encoder.name] = ServiceReader(self.encoder.encode)
        return _READERS[self.encoder.name]

    @property
    def dense(self) -> int:
        """How many of a row's numbers are dense; WORDS bucket numbers and WORDS weights follow."""
        return self.reader.size + self.reader.background.shape[0]

    def key(self, text: str) -> str:
        """The content key of a text under this model."""
        return hashlib.sha256(f"{self.version}\n{text}".encode()).hexdigest()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """One row per text, from the store where it is known there: n×d int16."""
        keys = [self.key(text) for text in texts]
        known = dict(self.store.get(list(dict.fromkeys(keys))))
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            made = dict(zip(fresh, self.embed(list(fresh.values())), strict=True))
            known |= made
            self.store.put(made)
        if not keys:
            return np.zeros((0, self.dense + 2 * WORDS), dtype=np.int16)
        return np.stack([known[key] for key in keys])

    def parts(self, vectors: NDArray[np.int16]) -> tuple[NDArray[np.float32], csr_matrix]:
        """Rows as whole numbers ready for products: the dense part n×d, the words n×BUCKETS sparse."""
        n, dense = len(vectors), self.dense
        buckets = np.ascontiguousarray(vectors[:, dense : dense + WORDS]).view(np.uint16).astype(np.int32)
        weights = vectors[:, dense + WORDS :].astype(np.float32)
        used = weights > 0
        ends = np.concatenate([[0], np.cumsum(used.sum(axis=1))])
        words = csr_matrix((weights[used], buckets[used], ends), shape=(n, BUCKETS))
        return vectors[:, :dense].astype(np.float32), words

    def profiles(self, vectors: NDArray[np.int16]) -> NDArray[np.float32]:
        """The service profiles kept in rows: n×s."""
        return vectors[:, : self.reader.size].astype(np.float32) / np.float32(DENSE_SCALE)

    def embed(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """Encode without a store: n×d int16. Pure, so that a pool of processes can share the texts out."""
        with one_thread():
            return self._embedded(texts)

    def _embedded(self, texts: Sequence[str]) -> NDArray[np.int16]:
        bodies, titles = zip(*(text.partition(_BETWEEN)[::2] for text in texts), strict=True)
        counts = [text_counts(title, body) for title, body in zip(titles, bodies, strict=True)]
        texts_read = [whole_text(title, body) for title, body in zip(titles, bodies, strict=True)]
        wholes = self.encoder.encode(texts_read)
        profiles = self.reader.profiles(counts, bodies, wholes)
        dense = np.round(np.hstack([profiles, wholes - self.reader.background]) * DENSE_SCALE)
        if (np.square(dense).sum(axis=1) > EXACT).any():
            raise ValueError("the encoder's vectors are longer than one: products would not be exact")
        words = np.stack([self._words(count) for count in counts])
        return np.hstack([dense.astype(np.int16), words])

    def _words(self, counts: Mapping[str, float]) -> NDArray[np.int16]:
        """The most telling words as bucket numbers and weights, side by side."""
        weights: dict[int, float] = {}
        telling = sorted(
            ((self._weight(g, n), g) for g, n in counts.items()), key=lambda pair: (-pair[0], pair[1])
        )
        for weight, gram in telling[:WORDS]:
            bucket = zlib.crc32(gram.encode()) % BUCKETS
            weights[bucket] = weights.get(bucket, 0.0) + weight
        buckets = np.zeros(WORDS, dtype=np.uint16)
        values = np.zeros(WORDS, dtype=np.float64)
        buckets[: len(weights)] = sorted(weights)
        values[: len(weights)] = [weights[bucket] for bucket in sorted(weights)]
        length = math.sqrt(float(np.square(values).sum())) or 1.0
        return np.concatenate(
            [buckets.view(np.int16), np.floor(values / length * WORD_SCALE).astype(np.int16)]
        )

    def _weight(self, gram: str, n: float) -> float:
        lexicon = self.reader.lexicon
        at = lexicon.number.get(gram)
        rarity = BOILER_WEIGHT if gram in boiler() else UNKNOWN_WEIGHT if at is None else lexicon.rarity[at]
        return float(math.log2(1 + n) * rarity)

    def suggest_categories(self, project: Project, limit: int = 3) -> tuple[Suggestion, ...]:
        """Categories for a posted project, with the words that caused them."""
        body, _, title = project_text(project).partition(_BETWEEN)
        return self.reader.suggest(title, body, limit)
