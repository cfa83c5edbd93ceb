"""The worker as it is, but that it takes a list in small steps: `python -m tests.app.imports.worker_in_small_steps`.

A list of some hundred rows then is written in as many transactions as one of a hundred thousand, and can be killed
between any two of them.
"""

from app import worker
from app.imports import committing, previewing

STEP = 120

if __name__ == "__main__":
    committing.ONE_TRANSACTION = STEP
    previewing._STEP = STEP
    worker.main()
