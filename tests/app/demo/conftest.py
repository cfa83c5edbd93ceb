import pytest

from app.demo.generate import DemoFair, build


@pytest.fixture(scope="session")
def fair() -> DemoFair:
    """The fair everybody starts with."""
    return build(seed=2026)
