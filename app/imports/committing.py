"""The commit job: the ready and warned rows through the same services as HTTP, with their provenance.

A list of the usual size is written in one short transaction. A larger one is written in steps that are remembered
(`applied_rows`), so that a killed worker's successor goes on where it stopped; the count is exact at any moment.
"""

import asyncio
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.imports import repository
from app.imports.columns.kinds import KINDS
from app.imports.drafting import Drafted, beside, here
from app.imports.lifecycle import IMPORTS
from app.imports.models import Import, ImportState
from app.imports.parsing import key_of
from app.imports.previewing import IMPORTER, sender_of
from app.imports.targets import New, Target, by_key, target
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import NotNow, Problem, SheqiaError
from app.kernel.jobs import Attempt
from app.kernel.lifecycle import move
from app.kernel.search_index import Leave, sorted_beside

ONE_TRANSACTION = 10_000
"""Rows of a list that is written in one transaction, and of each step of a longer one: a second, during which nobody reads
the journal on."""
OVERLAP = timedelta(minutes=10)
"""Longer than any transaction: what was being written when the preview looked bears an earlier time."""

_NONE = range(0)

Rows = Sequence[repository.ToWrite]


async def commit_import(attempt: Attempt) -> None:
    """Write one import. What the services refuse gives it back to its sender, with nothing of it written."""
    import_id = UUID(attempt.payload["import_id"])
    async with attempt.database.reading() as session:
        thing = await session.get_one(Import, import_id)
        if thing.state != ImportState.COMMITTING:
            return
        sender = await sender_of(session, attempt)
    writing = _Writing(attempt, thing, sender)
    try:
        await writing.run()
    except SheqiaError as refused:
        await writing.give_back(refused)
    except IntegrityError as refused:
        await writing.give_back(NotNow(_refused_by_database(refused)))


def _refused_by_database(error: IntegrityError) -> Problem:
    return Problem(
        "refused_by_database",
        "与现有数据冲突，未写入任何行；请重新预览后再试。",
        "It conflicts with what is stored; nothing was written. Preview again.",
        values={"detail": str(error.orig)[:300]},
    )


class Step(NamedTuple):
    """Rows to write together, those of them that are new with their drafts, and what these name where it was looked up."""

    rows: Rows
    new: Sequence[New]
    names: Any = None


class _Writing:
    """One run of one commit."""

    def __init__(self, attempt: Attempt, thing: Import, sender: Actor) -> None:
        self._attempt, self._sender = attempt, sender
        self._id, self._kind, self._edition = thing.id, thing.kind, thing.edition_code
        self._name = thing.file_name
        self._sent_at = thing.created_at
        self._target: Target = target(thing.kind)
        counts = (thing.summary or {}).get("counts") or {}
        self._expected = counts.get("ready", 0) + counts.get("warned", 0)
        self._end = counts.get("rows", 0)
        self._begin = thing.applied_rows
        self._names: Any = None

    async def run(self) -> None:
        """Write all rows; the last transaction ends the import and its job."""
        if self._expected > ONE_TRANSACTION:
            await self._run_in_steps()
            return
        made_ready = here(self._kind, clock.today())
        step = await self._next(range(self._begin, self._end), made_ready)
        async with self._attempt.finishing() as session:
            await repository.lock_edition(session, self._kind, self._edition)
            await self._still_new(session, step.rows)
            await self._write(session, step)
            await self._finish(session)

    async def _run_in_steps(self) -> None:
        """A large list: nobody else writes this kind and edition until the last step.

        While the server takes one step in, the next is fetched, made ready, and what it names looked up: communities and
        parties that are new to the service are entered a step ahead of the rows that name them.
        """
        engine = self._attempt.database.engine
        async with (
            repository.holding_edition(engine, self._kind, self._edition),
            beside(self._kind, clock.today()) as made_ready,
            sorted_beside(engine) as leave,
        ):
            if self._begin == 0:
                await self._none_stored_since()
            later = self._steps()
            upcoming = asyncio.create_task(self._ahead(next(later, _NONE), made_ready))
            try:
                for places in self._steps():
                    step = await upcoming
                    upcoming = asyncio.create_task(self._ahead(next(later, _NONE), made_ready))
                    await self._step(places, step, leave)
            finally:
                upcoming.cancel()
                await asyncio.gather(upcoming, return_exceptions=True)
            async with self._attempt.finishing() as session:
                await self._finish(session)

    def _steps(self) -> Iterator[range]:
        """The places of the rows of each step that is still to be written."""
        for begin in range(self._begin, self._end, ONE_TRANSACTION):
            yield range(begin, min(begin + ONE_TRANSACTION, self._end))

    async def _ahead(self, places: range, made_ready: Drafted) -> Step:
        """A step, with what its rows name looked up in a transaction of its own."""
        step = await self._next(places, made_ready)
        if not step.new:
            return step
        async with self._attempt.database.writing() as session:
            drafts = [row.draft for row in step.new]
            self._names = await self._target.look_up(session, self._sender, drafts, self._names)
        return step._replace(names=self._names)

    async def _next(self, places: range, made_ready: Drafted) -> Step:
        """The rows to write at these places, and the drafts of those that are new."""
        async with self._attempt.database.reading() as session:
            rows = await repository.to_write(session, self._id, places)
        fresh = [row for row in rows if row.change is None]
        drafts = await made_ready([row.record for row in fresh])
        import_id = str(self._id)
        new = [
            New(row.thing_id, draft, {"import_id": import_id, "sheet": row.sheet, "row": row.row})
            for row, draft in zip(fresh, drafts, strict=True)
        ]
        return Step(rows, new)

    async def _step(self, places: range, step: Step, leave: Leave) -> None:
        """One resumable step of a large list."""

        async def write(session: AsyncSession) -> None:
            await leave(session)
            await self._write(session, step)
            await repository.set_applied(session, self._id, places.stop)

        await self._attempt.stepping(write)
        await self._attempt.progress(places.stop, self._end, "写入 writing")

    async def _write(self, session: AsyncSession, step: Step) -> None:
        """Create what is new and update what has changed."""
        rows, new, names = step
        made = await self._target.create(session, self._sender, self._edition, new, names)
        places = [row.place for row in rows if row.change is None]
        others = [
            (place, thing) for place, row, thing in zip(places, new, made, strict=True) if thing != row.id
        ]
        await repository.link(session, self._id, others)
        note = f"导入更新：{self._name}"
        for row in rows:
            if row.change is not None:
                fields = {name: pair[1] for name, pair in row.change.items()}
                await self._target.update(session, self._sender, row.thing_id, fields, note, clock.today())

    async def _none_stored_since(self) -> None:
        """Compare every row anew when anything of the kind has come or changed since the file was sent."""
        since = self._sent_at - OVERLAP
        async with self._attempt.database.reading() as session:
            if not await self._target.changed_since(session, self._edition, since):
                return
            for places in self._steps():
                found = await repository.to_write(session, self._id, places)
                await self._still_new(session, found)

    async def _still_new(self, session: AsyncSession, rows: Rows) -> None:
        """Refuse to write what has come into being since the preview."""
        kind = KINDS[self._kind]
        new = [(row, from_json(row.record)) for row in rows if row.change is None]
        lookups = sorted({word for _, record in new for word in kind.lookups(record)})
        found = await self._target.stored(session, self._sender, self._edition, lookups) if lookups else []
        known = by_key(self._kind, found)
        clash = [
            row
            for row, record in new
            if {key_of(kind.row_key(record)), key_of(kind.other_key(record))} & known.keys()
        ]
        if clash:
            where = "、".join(f"{row.sheet}!{row.row}" for row in clash[:5])
            raise NotNow(
                Problem(
                    "stored_since",
                    f"预览之后已有 {len(clash)} 条相同记录入库（{where}），请重新预览。",
                    f"{len(clash)} of the rows have been stored by others since the preview ({where}); preview again.",
                )
            )

    async def _finish(self, session: AsyncSession) -> None:
        thing = await session.get_one(Import, self._id)
        counts = (thing.summary or {}).get("counts") or {}
        thing.applied_rows = counts.get("rows", 0)
        await session.flush()
        result = {
            "created": await repository.made_count(session, self._id),
            "updated": await repository.changed(session, self._id),
            "unchanged": await repository.unchanged(session, self._id),
            "rejected": counts.get("rejected", 0),
        }
        thing.result = result
        await move(session, IMPORTS, thing, "apply", IMPORTER, change=result)

    async def give_back(self, refused: SheqiaError) -> None:
        """Return the import to its sender with the reasons; what steps have written is taken back first."""
        async with self._attempt.finishing() as session:
            thing = await session.get_one(Import, self._id)
            if made := await repository.made(session, self._id):
                await self._target.remove(session, self._sender, made, f"导入未完成：{self._name}")
            thing.applied_rows = 0
            thing.problems = [_shown(problem) for problem in refused.problems[:200]]
            await move(session, IMPORTS, thing, "give_back", IMPORTER, refused.problems[0].zh)


def _shown(problem: Problem) -> dict[str, Any]:
    return {
        "code": problem.code,
        "message_zh": problem.zh,
        "message_en": problem.en,
        "pointer": problem.pointer,
    }
