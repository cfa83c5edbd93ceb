"""The preview job: read the file in its own process, compare with what is stored, keep every row."""

import json
import tempfile
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.gazetteer import Gazetteer
from app.editions import service as editions
from app.identity import service as identity
from app.imports import repository
from app.imports.columns.kinds import KINDS
from app.imports.files.sheet import Limits
from app.imports.lifecycle import IMPORTS
from app.imports.models import Import, ImportState
from app.imports.packing import ReadRow
from app.imports.parsing import Status
from app.imports.preview import Request
from app.imports.reading import Finished, Job, read
from app.imports.targets import Stored, Target, Titled, by_key, difference, near_key, target
from app.kernel import clock
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotFound, SheqiaError
from app.kernel.ids import uuid7
from app.kernel.jobs import Attempt
from app.kernel.lifecycle import move
from app.settings import settings

IMPORTER = machine("import")
_STEP = 5_000
_NEAR = 50_000
"""Among how many stored things near duplicates are looked for: many years of a city; more do not fit in memory by the way."""

Kept = tuple[ReadRow, str | None, UUID | None]


async def preview_import(attempt: Attempt) -> None:
    """Preview one import. What cannot be read ends it as failed, with the reasons; a crash begins it again."""
    import_id = UUID(attempt.payload["import_id"])
    with tempfile.TemporaryDirectory(prefix="sheqia-import-") as folder:
        path = Path(folder) / "file"
        async with attempt.database.writing() as session:
            thing = await session.get_one(Import, import_id)
            if thing.state not in (ImportState.UPLOADED, ImportState.PREVIEWING):
                return
            if thing.state == ImportState.UPLOADED:
                await move(session, IMPORTS, thing, "read", IMPORTER)
            await repository.drop_rows(session, import_id)
            sender = await sender_of(session, attempt)
            year = await edition_year(session, thing.edition_code)
            taught = await repository.taught(session, thing.sender_id, thing.kind) if thing.sender_id else {}
            if not await repository.fetch(session, import_id, path):
                raise NotFound()
        try:
            await _Previewing(attempt, thing, sender).run(path, _request(thing, year, taught, sender))
        except SheqiaError as refused:
            await _refuse(attempt, import_id, refused)


async def edition_year(session: AsyncSession, code: str) -> int:
    """The year an edition is of: what dates and titles without a year mean."""
    edition = await editions.get(session, code)
    return int(edition.code[:4])


async def sender_of(session: AsyncSession, attempt: Attempt) -> Actor:
    """Who asked for the job, with the rights of now; the machine itself for the operator's command line."""
    if attempt.created_by is None:
        return Actor(None, attempt.created_by_label, kind="system")
    return await identity.actor_of_account(session, attempt.created_by)


def _request(thing: Import, year: int, taught: dict[str, str | None], sender: Actor) -> Request:
    said = thing.said
    return Request(
        thing.kind,
        year,
        {**taught, **said.get("mapping", {})},
        said.get("units", {}),
        said.get("choices", {}),
        said.get("sheets"),
        _home(sender),
    )


def _home(sender: Actor) -> tuple[str | None, str | None]:
    """The district and street of a sender who holds office in one place only."""
    paths = {path for path in sender.area_paths() if path}
    if len(paths) != 1:
        return None, None
    codes = paths.pop().split("/")
    names = [area.name for code in codes[1:3] if (area := Gazetteer.default().areas.get(code))]
    return (names[0] if names else None), (names[1] if len(names) > 1 else None)


class _Previewing:
    """One run of one preview: rows are compared and stored as they come."""

    def __init__(self, attempt: Attempt, thing: Import, sender: Actor) -> None:
        self._attempt, self._thing, self._sender = attempt, thing, sender
        self._target: Target = target(thing.kind)
        self._kept: list[Kept] = []
        self._done = 0
        self._choices = thing.said.get("choices", {})
        self._near: dict[str | None, Titled] = {}
        self._words: set[str | None] | None = None

    async def run(self, path: Path, request: Request) -> None:
        limits = settings()
        job = Job(
            path,
            request,
            clock.today(),
            replace(Limits(), workbook_rows=limits.import_row_limit),
            limits.import_memory_limit_bytes,
        )
        async with self._attempt.database.reading() as session:
            titles = await self._target.titles(session, self._thing.edition_code, _NEAR)
        self._near = {near_key(self._thing.kind, each.title, each.path): each for each in titles}
        if len(titles) < _NEAR:
            # Then these are all words that can be looked up; what others enter meanwhile is found at the commit.
            self._words = {word for each in titles for word in (each.title, each.code)}
        finished: Finished | None = None
        async with aclosing(read(job)) as parts:
            async for said in parts:
                if isinstance(said, Finished):
                    finished = said
                    break
                self._kept += await self._compare(said)
                self._done += len(said)
                if len(self._kept) >= _STEP:
                    await self._attempt.stepping(self._store)
                    await self._attempt.progress(self._done, 0, "读取 reading")
        assert finished is not None
        async with self._attempt.finishing() as session:
            await self._store(session)
            await self._finish(session, finished)

    async def _compare(self, rows: Sequence[ReadRow]) -> list[Kept]:
        """The rows with what they would change of stored things; rows that change nothing are skipped."""
        near = [self._nearly(row) for row in rows]
        lookups = {word for row in rows for word in row.lookups}
        lookups |= {like.title for like in near if like}
        found = await self._stored(lookups if self._words is None else lookups & self._words)
        known, by_id = by_key(self._thing.kind, found), {stored.id: stored for stored in found}
        return [
            self._compared(
                row, known.get(row.key or ""), known.get(row.other_key or ""), by_id.get(like.id) if like else None
            )
            for row, like in zip(rows, near, strict=True)
        ]  # fmt: skip

    async def _stored(self, lookups: AbstractSet[str]) -> list[Stored]:
        if not lookups:
            return []
        async with self._attempt.database.reading() as session:
            return await self._target.stored(session, self._sender, self._thing.edition_code, sorted(lookups))

    def _nearly(self, row: ReadRow) -> Titled | None:
        """The stored thing a row nearly repeats, unless a person has said that it is another."""
        if not self._near or row.record is None or row.status == Status.SKIPPED or self._said(row) == "keep":
            return None
        record = json.loads(row.record)
        title = record.get(KINDS[self._thing.kind].title_field)
        return self._near.get(near_key(self._thing.kind, title, row.path)) if title else None

    def _said(self, row: ReadRow) -> str | None:
        said: str | None = self._choices.get(f"{row.sheet}!{row.row}", {}).get("row")
        return said

    def _compared(
        self, row: ReadRow, stored: Stored | None, namesake: Stored | None, like: Stored | None
    ) -> Kept:
        if row.record is None or row.status == Status.SKIPPED:
            return row, None, None
        record = json.loads(row.record) if stored or namesake or like else {}
        if stored is None and namesake is not None:
            if record.get("uscc") and namesake.record.get("uscc"):
                return _noted(row, Status.REJECTED, _NAMESAKE, "error"), None, None
            stored = namesake
        yours = stored is not None or self._target.may_write(self._sender, row.path, filed=row.filed)
        if stored is None and like is not None and yours:
            if self._said(row) != "same":
                return self._asked(row, like), None, None
            stored = like
        if stored is None:
            # The id a new thing will have: the commit then has nothing to write back here, row by row.
            return (row if yours else _noted(row, Status.REJECTED, _NOT_YOURS, "error")), None, uuid7()
        change = difference(record, stored.record)
        if not change:
            return _noted(row, Status.SKIPPED, _UNCHANGED, "warning"), None, stored.id
        if not stored.editable:
            return _noted(row, Status.REJECTED, _NOT_EDITABLE, "error"), _text(change), stored.id
        return row, _text(change), stored.id

    def _asked(self, row: ReadRow, like: Stored) -> ReadRow:
        """The row back to its sender: is it the stored thing, or another?"""
        title = like.record.get(KINDS[self._thing.kind].title_field)
        code, zh, en = _NEAR_STORED
        asked = _noted(row, Status.REJECTED, (code, zh.format(title=title), en.format(title=title)), "choice")
        return asked._replace(
            choices=_text([*json.loads(row.choices), {"field": "row", "options": _ANSWERS}])
        )

    async def _store(self, session: AsyncSession) -> None:
        await repository.add_rows(session, self._thing.id, self._kept)
        self._kept = []

    async def _finish(self, session: AsyncSession, finished: Finished) -> None:
        await repository.amend(session, self._thing.id, finished.afterwards)
        thing = await session.get_one(Import, self._thing.id, populate_existing=True)
        counts = await repository.counts(session, thing.id)
        thing.summary = {**finished.summary, "counts": counts, "compared": True}
        thing.result = None
        thing.problems = []
        await move(session, IMPORTS, thing, "show", IMPORTER, change={"counts": counts})


async def _refuse(attempt: Attempt, import_id: UUID, refused: SheqiaError) -> None:
    async with attempt.finishing() as session:
        await repository.drop_rows(session, import_id)
        thing = await session.get_one(Import, import_id)
        thing.problems = [
            {"code": p.code, "message_zh": p.zh, "message_en": p.en, "values": dict(p.values)}
            for p in refused.problems
        ]
        await move(session, IMPORTS, thing, "refuse", IMPORTER, refused.problems[0].zh)


_UNCHANGED = (
    "unchanged",
    "与已存记录相同，无需导入。",
    "The same as the stored record; nothing to import.",
)
_NAMESAKE = (
    "namesake",
    "已有同名机构，但统一社会信用代码不同；请核对代码，不自动关联。",
    "An organization of this name is stored under another credit code; check the code.",
)
_NEAR_STORED = (
    "near_stored",
    "与已存的“{title}”高度相似（去除空格、引号、期次后相同），请选择是否同一条。",
    "Nearly the same as the stored '{title}' (equal without blanks, quotes and phases); choose.",
)
_ANSWERS = [
    {"value": "same", "zh": "就是已存的这一条，更新它", "en": "It is the stored one; update it"},
    {"value": "keep", "zh": "另一条，分别导入", "en": "Another one; import it"},
    {"value": "skip", "zh": "跳过本行", "en": "Skip this row"},
]
_NOT_YOURS = (
    "not_yours",
    "该行所在区域（或类型）不在您的权限范围内，不导入。",
    "The place (or kind) of this row is outside your rights; it is not imported.",
)
_NOT_EDITABLE = (
    "not_editable",
    "已存在且当前状态（或您的权限）不允许修改，本行不导入。",
    "It exists already, and its state or your rights do not allow a change.",
)


def _noted(row: ReadRow, status: Status, words: tuple[str, str, str], severity: str) -> ReadRow:
    code, zh, en = words
    problem = {
        "code": code,
        "severity": severity,
        "field": None,
        "cell": None,
        "message": zh,
        "message_en": en,
        "suggestion": None,
    }
    problems = [*json.loads(row.problems), problem]
    return row._replace(status=status.value, problems=_text(problems))


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
