"""What goes into a run comes out of its dossier unchanged; no database needed."""

from datetime import date

import pytest

from matching import Organization, Project
from tests.matching.samples import load_samples

AS_OF = date(2026, 1, 1)


@pytest.fixture(scope="module")
def samples() -> tuple[list[Project], list[Organization]]:
    found = load_samples()
    return found[0], found[1]
