"""A long table is parsed by two processes: the one that reads it, and a helper that takes a piece whenever it is free.

The rows come out in the order of the table all the same.
"""

import contextlib
import marshal
import os
import signal
import traceback
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain, islice
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import NoReturn

from app.imports.packing import pack
from app.imports.parsing import Prepared, RowParser
from app.imports.preview import Table
from app.imports.reconciliation import Outline, Piece

PIECE = 500
ALONE = 10_000
"""Rows of a table that are parsed before a helper is asked for: a small list is done by then."""
_OWN = 100
"""Rows parsed here before looking whether the helper is free again."""
_AHEAD = 20
"""Own pieces parsed, at most, while the helper has one: what stands behind it must wait in memory."""

Numbered = tuple[int, Prepared]
Rows = Iterator[Numbered]


class HelperLost(Exception):
    """The helper has ended before its work: killed, or out of memory."""


def shared(table: Table, alone: int, outside: Connection) -> Iterator[Piece[bytes]]:
    """The pieces of a table in its order. `outside` is what the reading process speaks through: not for the helper.

    Raises `HelperLost`.
    """
    rows, parse = table.rows, partial(pack, table.parser)
    yield from map(parse, _pieces(islice(rows, alone)))
    if (more := next(rows, None)) is None:
        return
    rows = chain((more,), rows)
    try:
        helper = _Helper(table.parser, outside)
    except (AttributeError, OSError):  # the system cannot fork (Windows), or has no process left
        yield from map(parse, _pieces(rows))
        return
    with contextlib.closing(helper):
        yield from _together(table.parser, rows, helper)


def _together(parser: RowParser, rows: Rows, helper: "_Helper") -> Iterator[Piece[bytes]]:
    given, following = _piece(rows), _piece(rows)  # what follows is prepared before the helper is free for it
    helper.give(given)
    before: list[Piece[bytes]] = []
    while given:
        own: list[Piece[bytes]] = []
        while len(own) < _AHEAD and not helper.ready() and (some := _piece(rows, _OWN)):
            own.append(pack(parser, some))
        taken = helper.take()
        if following:
            helper.give(following)
        given, following = following, _piece(rows)
        # Our own rows stand after what followed when they were parsed: they wait for one more of the helper's.
        yield taken
        yield from before
        before = own


def _pieces(rows: Rows) -> Iterator[list[Numbered]]:
    while piece := _piece(rows):
        yield piece


def _piece(rows: Rows, size: int = PIECE) -> list[Numbered]:
    return list(islice(rows, size))


class _Helper:
    """A process forked from this one: it has the parser as it stands, and its bound of memory.

    It has one piece at a time: neither then ever waits to send while the other does. It ends with the pipe, and so with
    this process, however that ends.
    """

    def __init__(self, parser: RowParser, outside: Connection) -> None:
        self._pipe, theirs = Pipe()
        with theirs:
            self._process = os.fork()
            if not self._process:
                _help(theirs, parser, not_ours=(self._pipe, outside))

    def give(self, rows: list[Numbered]) -> None:
        try:
            self._pipe.send(rows)
        except OSError:
            raise HelperLost from None

    def ready(self) -> bool:
        """Whether `take` need not wait."""
        return self._pipe.poll()

    def take(self) -> Piece[bytes]:
        try:
            outlines, rows = self._pipe.recv()
        except (EOFError, OSError):
            raise HelperLost from None
        return Piece([Outline._make(row) for row in marshal.loads(outlines)], rows)

    def close(self) -> None:
        self._pipe.close()
        os.kill(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)


def _help(pipe: Connection, parser: RowParser, not_ours: Iterable[Connection]) -> NoReturn:
    """Parse what comes until nothing comes any more; then leave without what the other process has still to do."""
    try:
        for other in not_ours:  # whoever listens there must hear when the other process ends
            other.close()
        while True:
            outlines, rows = pack(parser, pipe.recv())
            pipe.send((marshal.dumps([tuple(row) for row in outlines]), rows))
    except (EOFError, OSError, MemoryError):  # the other has ended, or will tell of it
        pass
    except Exception:
        traceback.print_exc()
    finally:
        os._exit(1)
