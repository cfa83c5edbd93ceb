"""Waiting for another process: it answers when it comes to it, and how soon is no promise of ours."""

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""Far more than anything needs on a machine that others use too; only a story that never comes true waits so long."""


def eventually(condition: Callable[[], object], *, pause: float = 0.05) -> bool:
    """Whether `condition` comes true, asked again and again until patience ends."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
