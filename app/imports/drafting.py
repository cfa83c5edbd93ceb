"""Rows made ready to be entered: here, or in a process beside the worker, which then has the server to look after.

A draft is made of its record, checked once more and written out before anything is asked of the database.
"""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import date
from multiprocessing.connection import Connection
from typing import Any

from pydantic_core import from_json

from app.imports.reading import context
from app.imports.targets import target

Drafted = Callable[[Sequence[str]], Awaitable[list[Any]]]
"""From records (JSON) to what the target's `create` takes of each."""

_BATCH = 250


def here(kind: str, as_of: date) -> Drafted:
    """Made in this process, some hundred at a time, so that others get their turn."""

    async def drafted(records: Sequence[str]) -> list[Any]:
        made: list[Any] = []
        for begin in range(0, len(records), _BATCH):
            made += _made(kind, as_of, records[begin : begin + _BATCH])
            await asyncio.sleep(0)
        return made

    return drafted


@asynccontextmanager
async def beside(kind: str, as_of: date) -> AsyncIterator[Drafted]:
    """Made in a process of its own, which ends with the block."""
    ours, theirs = context().Pipe()
    process = context().Process(target=_work, args=(theirs, kind, as_of), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    thread = ThreadPoolExecutor(1)

    def exchanged(records: Sequence[str]) -> list[Any]:
        made: list[Any] = []
        for begin in range(0, len(records), _BATCH):
            ours.send(records[begin : begin + _BATCH])
            made += ours.recv()
        return made

    async def drafted(records: Sequence[str]) -> list[Any]:
        return await asyncio.get_running_loop().run_in_executor(thread, exchanged, records)

    try:
        yield drafted
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        # Whoever still waits for an answer sees the end of the pipe before it is closed.
        await asyncio.to_thread(thread.shutdown)
        ours.close()


def _work(pipe: Connection, kind: str, as_of: date) -> None:
    """Answers batch by batch until nobody asks any more. It ends with its list: the collector of circular garbage, which
    would take half the time, has nothing to do for it."""
    gc.disable()
    with contextlib.suppress(EOFError, OSError):  # nobody asks, or listens, any more
        while True:
            pipe.send(_made(kind, as_of, pipe.recv()))


def _made(kind: str, as_of: date, records: Sequence[str]) -> Sequence[Any]:
    return target(kind).drafted([from_json(record) for record in records], as_of)
