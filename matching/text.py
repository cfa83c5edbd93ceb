"""Texts to vectors: what a project asks and what an organization offers, as whole numbers.

Vectors are kept as int16 of length SCALE: products of whole numbers up to 2²⁴ are exact in float32, so a
likeness has the same bits in a block of thousands, alone, and in both directions.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matching.encoder import BundledEncoder, TextEncoder, VectorStore
from matching.model import Organization, Project

SCALE = 4000.0
LIKE_FROM = np.float32(0.15)
LIKE_GAIN = np.float32(1.0 / 0.55)
_BREAK = re.compile(r"[。！？!?；;\n]+|(?<=[a-z)])\.\s+")
MODEL_VERSION = "1"


def normalized(text: str) -> str:
    """NFKC, no control characters, single spaces."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def segments(text: str) -> list[str]:
    """The sentences of a text."""
    return [part for raw in _BREAK.split(normalized(text)) if (part := raw.strip(" ,，、"))]


def project_text(project: Project) -> str:
    """What a project says, its figurative title last."""
    return "\n".join(t for t in (project.description, project.need_analysis, project.title) if t)


def organization_text(org: Organization) -> str:
    """What an organization says of itself and what it has done."""
    records = "\n".join(record.title for record in org.track_record)
    return "\n".join(t for t in (org.business_scope, org.capability, records, org.name) if t)


class TextModel:
    """Encodes texts, asking the store first; `version` names everything that shapes a vector."""

    def __init__(self, encoder: TextEncoder | None = None) -> None:
        self.encoder = encoder or BundledEncoder()

    @property
    def version(self) -> str:
        return f"{self.encoder.name}/{MODEL_VERSION}"

    def key(self, text: str) -> str:
        """The content key of a text under this model."""
        return hashlib.sha256(f"{self.version}\n{text}".encode()).hexdigest()

    def vectors(self, texts: Sequence[str], store: VectorStore | None = None) -> NDArray[np.float32]:
        """One row of whole numbers per text: n×d float32."""
        keys = [self.key(text) for text in texts]
        known = dict(store.get(list(dict.fromkeys(keys)))) if store is not None else {}
        fresh = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if fresh:
            made = dict(zip(fresh, self.embed(list(fresh.values())), strict=True))
            known |= made
            if store is not None:
                store.put(made)
        if not texts:
            return np.zeros((0, self.embed([""]).shape[1]), dtype=np.float32)
        return np.stack([known[key] for key in keys]).astype(np.float32)

    def embed(self, texts: Sequence[str]) -> NDArray[np.int16]:
        """Encode without a store: n×d int16. Pure, so that a pool of processes can share the texts out."""
        return np.round(self.encoder.encode(texts) * SCALE).astype(np.int16)
