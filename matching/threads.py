"""One BLAS thread per process: on shared cores several threads mostly wait for each other.

Parallel work is shared out by processes instead (blocks of a ranking, chunks of texts).
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache

from threadpoolctl import ThreadpoolController


@cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def one_thread() -> AbstractContextManager[object]:
    """Inside, matrix products use one thread."""
    return _controller().limit(limits=1, user_api="blas")
