"""What the matching stories share: one store, so that no text is encoded twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from matching import MemoryStore, Organization, Project, Ranker
from tests.matching.samples import AS_OF, load


@pytest.fixture(scope="session")
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture(scope="session")
def ranker_of(store: MemoryStore) -> Callable[..., Ranker]:
    """Rankers as of the samples' day, with further parameters as wanted."""

    def build(
        organizations: list[Organization], projects: list[Project] | None = None, **params: Any
    ) -> Ranker:
        return Ranker(AS_OF, store=store, **params).fit(organizations, projects or [])

    return build


@pytest.fixture(scope="session")
def projects() -> list[Project]:
    return load()[0]


@pytest.fixture(scope="session")
def organizations() -> list[Organization]:
    return load()[1]
