"""Reads a file in a process of its own, within bounds of memory, and hands the rows over as they become ready.

A file that exhausts its memory or breaks the reader ends that process and nothing else. The process is forked from a
warm server (`forkserver`), so that a small list does not wait for imports; for a long one it forks a helper (`sharing`).
"""

import asyncio
import contextlib
import gc
import multiprocessing
import sys
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any

from app.imports import shown
from app.imports.columns.kinds import KINDS
from app.imports.drafts import checker
from app.imports.files.sheet import Limits
from app.imports.packing import ReadRow, unpack
from app.imports.preview import Reading, Request
from app.imports.reconciliation import Verdict
from app.imports.sharing import ALONE, HelperLost, shared
from app.kernel.errors import Malformed, Problem, SheqiaError, TooLarge, Unsupported

BATCH = 500
AHEAD = 12
"""Batches kept in memory while the last step is being stored: a little more than a step."""

_REFUSALS: dict[str, type[SheqiaError]] = {kind.__name__: kind for kind in (Malformed, TooLarge, Unsupported)}


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known when the last row has been read: the summary, and problems of earlier rows by their place."""

    summary: dict[str, Any]
    afterwards: list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Job:
    """What the reading process is told; `alone` is how many rows of a table it reads without a helper."""

    path: Path
    request: Request
    as_of: date
    limits: Limits
    memory_bytes: int
    alone: int = ALONE


def context() -> ForkServerContext | SpawnContext:
    """How processes beside the worker are started: from a warm server that has what they import."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    warm = multiprocessing.get_context("forkserver")
    # Every child runs the main module's imports again: the server has them ready.
    main = getattr(sys.modules["__main__"].__spec__, "name", None)
    needed = [
        "app.imports.reading",
        "app.imports.drafting",
        *(f"app.imports.target_{kind}" for kind in KINDS),
    ]
    warm.set_forkserver_preload([*needed, main] if main and "__main__" not in main else needed)
    return warm


def warm() -> None:
    """Start the server that the processes are forked from: the first list then need not wait for it (1.4 s)."""
    if isinstance(context(), ForkServerContext):
        forkserver.ensure_running()


async def read(job: Job) -> AsyncGenerator[list[ReadRow] | Finished]:
    """Batches of rows in the order of the file, then `Finished`. Raises what `open_source` raises."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = context().Process(target=_work, args=(theirs, job), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    ahead: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue(AHEAD)
    thread = ThreadPoolExecutor(1)
    receiving = asyncio.create_task(_receive(ours, thread, ahead))
    try:
        while True:
            word, *said = await ahead.get()
            if word == "rows":
                yield [row for packed, verdicts in said[0] for row in unpack(packed, verdicts)]
            elif word == "refused":
                kind, problems = said
                raise _REFUSALS.get(kind, Malformed)(*problems)
            else:
                yield Finished(*said)
                return
    finally:
        process.kill()
        await asyncio.to_thread(process.join)
        receiving.cancel()
        # Whoever still listens hears the end of the pipe before it is closed.
        await asyncio.to_thread(thread.shutdown)
        ours.close()


async def _receive(
    ours: Connection, thread: ThreadPoolExecutor, ahead: asyncio.Queue[tuple[Any, ...]]
) -> None:
    """Take what the process says before it is asked for: it reads on while its rows are compared and stored."""
    said: tuple[Any, ...] = ("rows",)
    while said[0] == "rows":
        try:
            said = await asyncio.get_running_loop().run_in_executor(thread, ours.recv)
        except EOFError:
            said = ("refused", TooLarge.__name__, (_BROKE,))
        await ahead.put(said)


_BROKE = Problem(
    "file_too_heavy",
    "读取此文件所需内存超过限额，已停止。请删去空白行列或分成多个文件。",
    "Reading the file needs more memory than is allowed. Remove blank rows and columns, or split it.",
)


def _work(pipe: Connection, job: Job) -> None:
    """The reading process. It ends with its file: the collector of circular garbage has nothing to do for it."""
    gc.disable()
    _bound_memory(job.memory_bytes)
    with contextlib.suppress(BrokenPipeError):  # nobody is listening any more
        try:
            _read(pipe, job)
        except SheqiaError as refused:
            pipe.send(("refused", type(refused).__name__, refused.problems))
        except (MemoryError, HelperLost):
            pipe.send(("refused", TooLarge.__name__, (_BROKE,)))


def _read(pipe: Connection, job: Job) -> None:
    reading = Reading.open(
        job.path, job.request, check=checker(job.request.kind, job.as_of), limits=job.limits
    )
    batch: list[tuple[bytes, list[Verdict]]] = []
    sent = 0
    for piece in reading.pieces(lambda table: shared(table, job.alone, pipe)):
        batch.append(piece)
        if reading.reconciliation.count - sent >= BATCH:
            pipe.send(("rows", batch))
            batch, sent = [], reading.reconciliation.count
    if batch:
        pipe.send(("rows", batch))
    afterwards = [(place, shown.problem(found)) for place, found in reading.reconciliation.afterwards]
    pipe.send(("finished", shown.summary(reading.finish()), afterwards))


def _bound_memory(limit: int) -> None:
    """A bound for this process; a helper forked from it has the same."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit += _address_space()
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _address_space() -> int:
    """Bytes mapped so far, libraries included; 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except OSError:
        return 0
    return pages * 4096
