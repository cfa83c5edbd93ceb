"""Acts of money: commit lines to projects, release them, post to the ledger, read totals. Sources and lines: `setup`.

Lock order: sources and lines (by id) come after the project and what hangs on it, before the organization: they are shared by the
most, and held the shortest.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlalchemy.ext.asyncio import AsyncSession

from app.funding import repository, rules
from app.funding.models import Allocation, LedgerEntry, Measure
from app.funding.proof import Proof, prove
from app.funding.purse import Purse
from app.funding.rules import Part, Standing
from app.funding.schemas import AllocationView, LedgerView, TotalsView
from app.funding.setup import (
    change_line,
    change_source,
    line_views,
    open_line,
    open_lines,
    open_source,
    open_sources,
    source_views,
)
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotNow, Problem, raise_all
from app.kernel.money import FEN, yuan

__all__ = [
    "Measure",
    "Part",
    "Posting",
    "Proof",
    "Purse",
    "Standing",
    "allocate",
    "allocate_many",
    "allocation_views",
    "change_line",
    "change_source",
    "ledger_views",
    "line_views",
    "open_line",
    "open_lines",
    "open_source",
    "open_sources",
    "post",
    "post_many",
    "prove",
    "purse",
    "release_allocation",
    "release_many",
    "source_views",
    "standing",
    "standings",
    "totals",
    "totals_view",
]

POSTED = Problem(
    "already_posted",
    "该凭证号已入账，不得重复付款或退款。",
    "This reference is in the ledger already: nothing is paid or refunded twice.",
    "/reference",
)


@dataclass(frozen=True, slots=True)
class Posting:
    """One act to write into the ledger. `reference` names its voucher, offer, contract or tranche."""

    measure: Measure
    project_id: UUID
    amount_fen: int
    reference: str
    contract_id: UUID | None = None
    area_path: str = ""


async def purse(session: AsyncSession, edition_code: str) -> Purse:
    """The open lines of an edition as a purse that finds lines for the sources a project names."""
    return Purse(await repository.open_lines(session, edition_code))


async def allocate_many(
    session: AsyncSession, actor: Actor, wanted: Mapping[UUID, Sequence[Part]]
) -> list[Allocation]:
    """Commit money of lines to projects (`wanted`: parts by project). Four statements, however many; the caller holds the projects.

    Nothing is written when it raises `NotNow` with every reason: a line overdrawn, closed or unknown; an earmark broken; a project that holds money of
    the line already (release it first).
    """
    parts = [part for some in wanted.values() for part in some]
    if not parts:
        return []
    lines = await repository.locked_lines(session, {part.line_id for part in parts})
    before = await repository.committed(session, {source.id for _, source in lines.values()}, wanted)
    counted = Counter((project_id, part.line_id) for project_id, some in wanted.items() for part in some)
    twice = [pair for pair, times in counted.items() if pair in before.held or times > 1]
    raise_all(
        [
            *rules.may_be_allocated(parts, lines, before),
            *(_held(lines[line_id][0].number) for _, line_id in twice if line_id in lines),
        ]
    )
    allocations = [
        Allocation(
            line_id=part.line_id,
            project_id=project_id,
            category=part.category,
            area_path=part.area_path or lines[part.line_id][0].area_path,
            amount_fen=part.amount_fen,
        )
        for project_id, some in wanted.items()
        for part in some
    ]
    session.add_all(allocations)
    await session.flush()
    await journal.record(
        session,
        actor,
        *(
            _event(
                project_id,
                "funded",
                some[0].area_path or lines[some[0].line_id][0].area_path,
                _listed(some, lines),
            )
            for project_id, some in wanted.items()
            if some
        ),
    )
    return allocations


async def allocate(
    session: AsyncSession, actor: Actor, project_id: UUID, parts: Sequence[Part]
) -> list[Allocation]:
    """Commit money of lines to one project; see `allocate_many`."""
    return await allocate_many(session, actor, {project_id: parts})


async def release_allocation(session: AsyncSession, actor: Actor, project_id: UUID) -> int:
    """Free what one project has not spent; see `release_many`. The fen that became free."""
    return (await release_many(session, actor, [project_id])).get(project_id, 0)


async def release_many(
    session: AsyncSession,
    actor: Actor,
    project_ids: Iterable[UUID],
    known: Mapping[UUID, Standing] | None = None,
) -> dict[UUID, int]:
    """Free what projects have not spent (paid and not come back) on all their lines; the fen that became free, by project.

    Money paid stays committed on the lines named first; the project may then be given new money of any line. Harmless when
    nothing is left to free. The caller holds the projects' rows, and may have read their standings (`known`) under these locks.
    """
    held: dict[UUID, list[Allocation]] = {}
    for row in await repository.locked_allocations(session, project_ids):
        held.setdefault(row.project_id, []).append(row)
    if not held:
        return {}
    before = known or await repository.standings(session, held)
    freed = {}
    for project_id, rows in held.items():
        spent, freed[project_id] = before[project_id].spent_fen, 0
        for row in rows:
            kept = min(spent, row.committed_fen)
            spent -= kept
            freed[project_id] += row.committed_fen - kept
            row.released_fen = row.amount_fen - kept
            row.released_at = row.released_at or clock.now()
    await session.flush()
    told = [
        _event(project_id, "funding_released", held[project_id][0].area_path, {"freed_yuan": yuan(fen)})
        for project_id, fen in freed.items()
        if fen
    ]
    await journal.record(session, actor, *told)
    return freed


async def post_many(
    session: AsyncSession,
    actor: Actor,
    postings: Sequence[Posting],
    known: Mapping[UUID, Standing] | None = None,
) -> list[LedgerEntry]:
    """Write acts of money into the ledger, in order. Four statements, however many.

    The caller holds the projects' rows, and may have read their standings (`known`) under these locks. Raises `NotNow` with every reason: more paid than contracted, more refunded than
    paid, more contracted than committed, a total below zero, a payment or refund whose reference is there already.
    """
    if not postings:
        return []
    ids = {posting.project_id for posting in postings}
    before = dict(known) if known else await repository.standings(session, ids)
    unplaced = {p.project_id for p in postings if not p.area_path}
    areas = await repository.areas_of(session, unplaced) if unplaced else {}
    moving = {p.project_id for p in postings if p.measure in (Measure.PAID, Measure.REFUNDED)}
    done = await repository.vouchers(session, moving) if moving else set()
    problems: list[Problem] = []
    entries = []
    for posting in postings:
        then = before[posting.project_id]
        problems += rules.may_be_posted(posting.measure, posting.amount_fen, then)
        voucher = (posting.project_id, str(posting.measure), posting.reference)
        if posting.measure in (Measure.PAID, Measure.REFUNDED):
            problems += [POSTED] if voucher in done else []
            done.add(voucher)
        after = then.plus(posting.measure, posting.amount_fen)
        before[posting.project_id] = after
        entries.append(
            LedgerEntry(
                measure=posting.measure,
                project_id=posting.project_id,
                contract_id=posting.contract_id,
                amount_fen=posting.amount_fen,
                balance_fen=after.of(posting.measure),
                turn=after.turns,
                reference=posting.reference,
                area_path=posting.area_path or areas.get(posting.project_id, ""),
                actor_id=actor.account_id,
                actor_label=actor.label,
            )
        )
    raise_all(problems, NotNow)
    session.add_all(entries)
    await session.flush()
    await journal.record(session, actor, *(_posted(entry) for entry in entries))
    return entries


async def post(
    session: AsyncSession,
    actor: Actor,
    measure: Measure | str,
    *,
    project_id: UUID,
    contract_id: UUID | None = None,
    amount_fen: int,
    reference: str,
    area_path: str = "",
) -> LedgerEntry:
    """Write one act of money into the ledger; see `post_many`.

    Offered, negotiated and contracted are plans: a plan that falls is posted with a negative amount. Paid and refunded are
    money that moved: always positive, and once for each reference (give the tranche's or the voucher's number).
    """
    posting = Posting(Measure(measure), project_id, amount_fen, reference, contract_id, area_path)
    return (await post_many(session, actor, [posting]))[0]


async def standing(session: AsyncSession, project_id: UUID) -> Standing:
    """The totals of one project."""
    return (await repository.standings(session, [project_id]))[project_id]


async def standings(session: AsyncSession, project_ids: Iterable[UUID]) -> dict[UUID, Standing]:
    """The totals of some projects in one statement; a project without money has zeros."""
    return await repository.standings(session, project_ids)


async def totals(
    session: AsyncSession,
    *,
    project_ids: Iterable[UUID] | None = None,
    contract_id: UUID | None = None,
    visible: ColumnElement[bool] | None = None,
) -> Standing:
    """The five measures summed from the ledger over projects, one contract, or everything (`visible` narrows it)."""
    conditions = [] if visible is None else [visible]
    if project_ids is not None:
        conditions.append(LedgerEntry.project_id.in_(set(project_ids)))
    if contract_id is not None:
        conditions.append(LedgerEntry.contract_id == contract_id)
    return await repository.totals(session, *conditions)


def totals_view(found: Standing) -> TotalsView:
    facts = {f"{measure}_fen": found.of(measure) for measure in Measure}
    return TotalsView.model_validate(
        {"as_of": clock.local(clock.now()), "entries": found.turns, **facts}, context=FEN
    )


async def allocation_views(session: AsyncSession, rows: Sequence[Allocation]) -> list[AllocationView]:
    return [AllocationView.model_validate(row, context=FEN) for row in rows]


async def ledger_views(session: AsyncSession, entries: Sequence[LedgerEntry]) -> list[LedgerView]:
    return [
        LedgerView(
            entry_id=entry.entry_id,
            at=clock.local(entry.domain_at),
            measure=Measure(entry.measure),
            project_id=entry.project_id,
            contract_id=entry.contract_id,
            amount_yuan=yuan(entry.amount_fen),
            balance_yuan=yuan(entry.balance_fen),
            reference=entry.reference,
            actor=entry.actor_label,
        )
        for entry in entries
    ]


def _held(number: str) -> Problem:
    return Problem(
        "already_allocated",
        f"该项目已占用资金线 {number} 的资金，须先释放。",
        f"The project holds money of line {number} already: release it first.",
        "/funding_parts",
        {"line": number},
    )


def _listed(parts: Sequence[Part], lines: Mapping[UUID, Any]) -> dict[str, Any]:
    return {
        "parts": [
            {"line": lines[part.line_id][0].number, "amount_yuan": yuan(part.amount_fen)} for part in parts
        ]
    }


def _posted(entry: LedgerEntry) -> journal.Event:
    change = {
        "amount_yuan": yuan(entry.amount_fen),
        "balance_yuan": yuan(entry.balance_fen),
        "reference": entry.reference,
    }
    return _event(entry.project_id, f"money_{entry.measure}", entry.area_path, change)


def _event(project_id: UUID, event: str, area_path: str, change: dict[str, Any]) -> journal.Event:
    return journal.Event("funding", project_id, event, journal.Audience(area_path), change=change)
