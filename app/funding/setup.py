"""Acts on what money there is: year sources and the lines cut from them."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.editions import service as editions
from app.funding import permissions, repository, rules
from app.funding.models import FundingLine, YearSource
from app.funding.schemas import LineChange, LineDraft, LineView, SourceChange, SourceDraft, SourceView
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, Stale, raise_all
from app.kernel.ids import take_numbers
from app.kernel.money import FEN, yuan

AREA_OUTSIDE = Problem(
    "line_outside_source",
    "资金线的区域须在其资金来源的区域之内。",
    "A line serves an area inside the area of its source.",
    "/area_path",
)
SOURCE_UNKNOWN = Problem(
    "source_unknown", "没有这项资金来源。", "There is no such year source.", "/source_id"
)
AREA_UNKNOWN = Problem("area_unknown", "没有这个区域。", "There is no such area.", "/area_path")


async def open_sources(
    session: AsyncSession, actor: Actor, drafts: Sequence[SourceDraft]
) -> list[YearSource]:
    """Enter the money of sources for a year. Raises `NotYou`, or `Malformed` with every broken earmark or cap."""
    if not all(permissions.may_set(actor, d.source, d.area_path, d.funder_id) for d in drafts):
        raise NotYou()
    raise_all(
        (
            problem
            for d in drafts
            for problem in rules.source_is_lawful(
                d.source, d.is_relief, d.earmark_categories, d.earmark_percent, d.commit_percent
            )
        ),
        Malformed,
    )
    await _areas_exist(session, {draft.area_path for draft in drafts})
    sources = [YearSource(**draft.model_dump()) for draft in drafts]
    session.add_all(sources)
    await session.flush()
    await journal.record(session, actor, *(_source_event(row, "opened") for row in sources))
    return sources


async def open_source(session: AsyncSession, actor: Actor, draft: SourceDraft) -> YearSource:
    return (await open_sources(session, actor, [draft]))[0]


async def source(session: AsyncSession, actor: Actor, source_id: UUID) -> YearSource:
    """One year source. Raises `NotFound` when it is not there or not the actor's to see."""
    found = await repository.source(session, source_id, permissions.sources_visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def change_source(
    session: AsyncSession, actor: Actor, row: YearSource, wanted: SourceChange
) -> YearSource:
    """Rename a source or change its amount. Raises `NotNow` when its lines or its earmark no longer fit."""
    if not permissions.may_set(actor, row.source, row.area_path, row.funder_id):
        raise NotYou()
    seen = row.version
    await repository.locked_sources(session, [row.id])
    if row.version != seen:
        raise Stale()
    change = _apply(row, wanted.name, wanted.amount_fen)
    with session.no_autoflush:
        cut = await repository.cut_from(session, [row.id])
        carried = await repository.committed(session, [row.id])
    raise_all(rules.source_holds(row, cut.get(row.id, 0), carried.unearmarked.get(row.id, 0)))
    await session.flush()
    await journal.record(session, actor, _source_event(row, "changed", change))
    return row


async def open_lines(session: AsyncSession, actor: Actor, drafts: Sequence[LineDraft]) -> list[FundingLine]:
    """Cut lines from year sources. Raises `NotYou`, `Malformed`, or `NotNow` when a source does not hold so much."""
    for code in {draft.edition_code for draft in drafts}:
        await editions.get(session, code)
    locked = await repository.locked_sources(session, {draft.source_id for draft in drafts})
    if any(draft.source_id not in locked for draft in drafts):
        raise Malformed(SOURCE_UNKNOWN)
    for draft in drafts:
        parent = locked[draft.source_id]
        if not permissions.may_set(actor, parent.source, draft.area_path, parent.funder_id):
            raise NotYou()
        if not (draft.area_path == parent.area_path or draft.area_path.startswith(parent.area_path + "/")):
            raise Malformed(AREA_OUTSIDE)
    await _areas_exist(session, {draft.area_path for draft in drafts})
    cut = await repository.cut_from(session, locked)
    for draft in drafts:
        cut[draft.source_id] = cut.get(draft.source_id, 0) + draft.amount_fen
    raise_all(
        problem for key, parent in locked.items() for problem in rules.source_holds(parent, cut[key], 0)
    )
    lines = []
    for code in sorted({draft.edition_code for draft in drafts}):
        cuts = [draft for draft in drafts if draft.edition_code == code]
        numbers = await take_numbers(session, f"line:{code}", len(cuts))
        lines += [
            FundingLine(number=f"NJ{code}-ZJ-{number:04d}", **draft.model_dump())
            for number, draft in zip(numbers, cuts, strict=True)
        ]
    session.add_all(lines)
    await session.flush()
    await journal.record(session, actor, *(_line_event(row, "opened") for row in lines))
    return lines


async def open_line(session: AsyncSession, actor: Actor, draft: LineDraft) -> FundingLine:
    return (await open_lines(session, actor, [draft]))[0]


async def line(session: AsyncSession, actor: Actor, ref: str) -> FundingLine:
    """One line by its UUID or number. Raises `NotFound` when it is not there or not the actor's to see."""
    visible = permissions.lines_visible_to(actor)
    try:
        found = await repository.line(session, visible, line_id=UUID(ref))
    except ValueError:
        found = await repository.line(session, visible, number=ref)
    if found is None:
        raise NotFound()
    return found


async def change_line(
    session: AsyncSession, actor: Actor, row: FundingLine, wanted: LineChange
) -> FundingLine:
    """Rename, resize, close or reopen a line. Raises `NotNow` when line or source would be overdrawn."""
    parent = (await repository.sources_of(session, [row.source_id]))[row.source_id]
    if not permissions.may_set(actor, parent.source, row.area_path, parent.funder_id):
        raise NotYou()
    seen = row.version
    await repository.locked_lines(session, [row.id])
    if row.version != seen:
        raise Stale()
    before_fen = row.amount_fen
    change = _apply(row, wanted.name, wanted.amount_fen)
    if wanted.closed is not None and wanted.closed != (row.closed_at is not None):
        row.closed_at = clock.now() if wanted.closed else None
        change["closed"] = [not wanted.closed, wanted.closed]
    with session.no_autoflush:
        cut = await repository.cut_from(session, [parent.id])
        carried = await repository.committed(session, [parent.id])
    lines_fen = cut[parent.id] + row.amount_fen - before_fen
    raise_all(
        [
            *rules.line_holds(row, carried.by_line.get(row.id, 0)),
            *rules.source_holds(parent, lines_fen, 0),
        ]
    )
    await session.flush()
    await journal.record(session, actor, _line_event(row, "changed", change))
    return row


async def source_views(session: AsyncSession, rows: Sequence[YearSource]) -> list[SourceView]:
    """Sources with what is cut and committed, in two statements."""
    ids = [row.id for row in rows]
    cut = await repository.cut_from(session, ids)
    by_source = await repository.committed_by_source(session, ids)
    views = []
    for row in rows:
        committed, outside = by_source.get(row.id, (0, 0))
        facts = {name: getattr(row, name) for name in SourceView.model_fields if hasattr(row, name)}
        facts |= {
            "lines_fen": cut.get(row.id, 0),
            "committed_fen": committed,
            "unearmarked_fen": outside,
            "unearmarked_max_fen": row.unearmarked_fen,
        }
        views.append(SourceView.model_validate(facts, context=FEN))
    return views


async def line_views(session: AsyncSession, rows: Sequence[FundingLine]) -> list[LineView]:
    """Lines with their sources and what is committed, in two statements."""
    sources = await repository.sources_of(session, [row.source_id for row in rows])
    carried = await repository.committed_by_line(session, [row.id for row in rows])
    views = []
    for row in rows:
        parent, committed = sources[row.source_id], carried.get(row.id, 0)
        facts = {name: getattr(row, name) for name in LineView.model_fields if hasattr(row, name)}
        facts |= {
            "source": parent.source,
            "year": parent.year,
            "funder_id": parent.funder_id,
            "committed_fen": committed,
            "free_fen": row.amount_fen - committed,
        }
        views.append(LineView.model_validate(facts, context=FEN))
    return views


async def _areas_exist(session: AsyncSession, paths: Iterable[str]) -> None:
    wanted = set(paths)
    if await areas.known_paths(session, wanted) != wanted:
        raise Malformed(AREA_UNKNOWN)


def _apply(row: YearSource | FundingLine, name: str | None, amount_fen: int | None) -> dict[str, Any]:
    change: dict[str, Any] = {}
    if name is not None and name != row.name:
        change["name"], row.name = [row.name, name], name
    if amount_fen is not None and amount_fen != row.amount_fen:
        change["amount_yuan"] = [yuan(row.amount_fen), yuan(amount_fen)]
        row.amount_fen = amount_fen
    return change


def _source_event(row: YearSource, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    parties = (row.funder_id,) if row.funder_id else ()
    level = journal.PARTIES if parties else journal.OFFICIALS
    facts = {"name": row.name, "amount_yuan": yuan(row.amount_fen)} if change is None else change
    return journal.Event(
        "funding_source", row.id, event, journal.Audience(row.area_path, parties, level), change=facts
    )


def _line_event(row: FundingLine, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    facts = {"name": row.name, "amount_yuan": yuan(row.amount_fen)} if change is None else change
    audience = journal.Audience(row.area_path)
    return journal.Event("funding_line", row.id, event, audience, number=row.number, change=facts)
