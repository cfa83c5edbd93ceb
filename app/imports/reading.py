"""Reads a file in a process of its own, within bounds of memory, and hands the rows over as they become ready.

A file that exhausts its memory or breaks the reader ends that process and nothing else. The process is forked from a
warm server (`forkserver`), so that a small list does not wait for imports.
"""

import asyncio
import contextlib
import gc
import marshal
import multiprocessing
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from datetime import date
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, SpawnContext
from pathlib import Path
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.catalogue.codes import RegistrationType
from app.imports import shown
from app.imports.columns.column import Kind
from app.imports.drafts import checker
from app.imports.files.sheet import Limits
from app.imports.parsing import PreviewRow, key_of
from app.imports.places import path_of
from app.imports.preview import Reading, Request
from app.kernel.errors import Malformed, Problem, SheqiaError, TooLarge, Unsupported

BATCH = 500
AHEAD = 12
"""Batches kept in memory while the last step is being stored: a little more than a step."""

_REFUSALS: dict[str, type[SheqiaError]] = {kind.__name__: kind for kind in (Malformed, TooLarge, Unsupported)}


class ReadRow(NamedTuple):
    """A preview row ready to be stored: JSON as text; `key`, `other_key` and `lookups` find what is stored already.

    `path` is the place the record belongs to, `filed` whether it is a group that its street files: who may enter it.
    """

    place: int
    sheet: str
    row: int
    status: str
    record: str | None
    problems: str
    choices: str
    filled: list[str]
    raw: str
    key: str | None
    other_key: str | None
    lookups: list[str]
    path: str
    filed: bool


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known when the last row has been read: the summary, and problems of earlier rows by their place."""

    summary: dict[str, Any]
    afterwards: list[tuple[int, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Job:
    """What the reading process is told."""

    path: Path
    request: Request
    as_of: date
    limits: Limits
    memory_bytes: int


def context() -> ForkServerContext | SpawnContext:
    """How processes beside the worker are started: from a warm server that has what they import."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    warm = multiprocessing.get_context("forkserver")
    # Every child runs the main module's imports again: the server has them ready.
    main = getattr(sys.modules["__main__"].__spec__, "name", None)
    needed = ["app.imports.reading", "app.projects.schemas", "app.organizations.schemas"]
    warm.set_forkserver_preload([*needed, main] if main and "__main__" not in main else needed)
    return warm


async def read(job: Job) -> AsyncGenerator[list[ReadRow] | Finished]:
    """Batches of rows in the order of the file, then `Finished`. Raises what `open_source` raises."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = context().Process(target=_work, args=(theirs, job), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    ahead: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue(AHEAD)
    receiving = asyncio.create_task(_receive(ours, ahead))
    try:
        while True:
            word, *said = await ahead.get()
            if word == "rows":
                yield [ReadRow._make(row) for row in marshal.loads(said[0])]
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
        ours.close()


async def _receive(ours: Connection, ahead: asyncio.Queue[tuple[Any, ...]]) -> None:
    """Take what the process says before it is asked for: it reads on while its rows are compared and stored."""
    said: tuple[Any, ...] = ("rows",)
    while said[0] == "rows":
        try:
            said = await asyncio.to_thread(ours.recv)
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
        except MemoryError:
            pipe.send(("refused", TooLarge.__name__, (_BROKE,)))


def _read(pipe: Connection, job: Job) -> None:
    reading = Reading.open(
        job.path, job.request, check=checker(job.request.kind, job.as_of), limits=job.limits
    )
    batch: list[ReadRow] = []
    for place, row in enumerate(reading.rows()):
        batch.append(packed(place, row, reading.kind))
        if len(batch) == BATCH:
            _send(pipe, batch)
            batch = []
    if batch:
        _send(pipe, batch)
    afterwards = [(place, shown.problem(found)) for place, found in reading.reconciliation.afterwards]
    pipe.send(("finished", shown.summary(reading.finish()), afterwards))


def _send(pipe: Connection, batch: Sequence[ReadRow]) -> None:
    # Rows are texts, numbers and lists of them: this takes a third of the time of the general way.
    pipe.send(("rows", marshal.dumps([tuple(row) for row in batch])))


def packed(place: int, row: PreviewRow, kind: Kind) -> ReadRow:
    """A preview row as it is stored."""
    said, problems = row.said, row.problems
    return ReadRow(
        place,
        row.sheet,
        row.row,
        row.status.value,
        _record(row),
        to_json([shown.problem(found) for found in problems]).decode() if problems else "[]",
        to_json(row.choices).decode() if problems else "[]",
        list(row.filled),
        to_json(row.raw).decode(),
        row.key,
        key_of(kind.other_key(said)) if said else None,
        kind.lookups(said) if said and row.key else [],
        path_of(said) if said else "",
        said is not None and said.get("registration_type") == RegistrationType.FILED_GROUP,
    )


def _record(row: PreviewRow) -> str | None:
    """The record as JSON; the sender's row number stands first."""
    if row.written is None or row.said is None:
        return None
    written, own = row.written.decode(), row.said.get("source_row_no")
    if own is None:
        return written
    return f'{{"source_row_no":{own},{written[1:]}' if len(written) > 2 else f'{{"source_row_no":{own}}}'


def _bound_memory(limit: int) -> None:
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
