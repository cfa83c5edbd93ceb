"""The proof of the books: every total recomputed from the entries, and every bound checked again, by SQL of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.errors import Problem

CHECKS: Sequence[tuple[str, str, str, str]] = (
    (
        "ledger_row_broken",
        "台账分录 {0} 的顺序或余额与此前各分录之和不符。",
        "Ledger entry {0}: its place or balance is not what the entries before it add up to.",
        """
        SELECT entry_id FROM (
            SELECT entry_id, balance_fen, turn,
                   sum(amount_fen) OVER (PARTITION BY project_id, measure ORDER BY turn) AS sum_fen,
                   row_number() OVER (PARTITION BY project_id ORDER BY turn) AS place
            FROM funding_ledger) AS entries
        WHERE balance_fen <> sum_fen OR turn <> place
        """,
    ),
    (
        "paid_above_contract",
        "项目 {0}：实付减退款超出合同金额或为负。",
        "Project {0}: paid minus refunded is above the contract, or below zero.",
        """
        SELECT project_id FROM (
            SELECT project_id,
                   coalesce(sum(amount_fen) FILTER (WHERE measure = 'paid'), 0)
                   - coalesce(sum(amount_fen) FILTER (WHERE measure = 'refunded'), 0) AS spent,
                   coalesce(sum(amount_fen) FILTER (WHERE measure = 'contracted'), 0) AS contracted
            FROM funding_ledger GROUP BY project_id) AS projects
        WHERE spent < 0 OR spent > contracted
        """,
    ),
    (
        "line_overdrawn",
        "资金线 {0} 的安排超出其金额。",
        "Line {0} carries more than it holds.",
        """
        SELECT l.number FROM funding_lines l JOIN funding_allocations a ON a.line_id = l.id
        GROUP BY l.id HAVING sum(a.amount_fen - a.released_fen) > l.amount_fen
        """,
    ),
    (
        "source_overdrawn",
        "资金来源“{0}”的各条线合计超出可安排金额。",
        "Source '{0}': its lines add up to more than may be committed.",
        """
        SELECT s.name FROM funding_sources s JOIN funding_lines l ON l.source_id = s.id
        GROUP BY s.id HAVING sum(l.amount_fen) > s.amount_fen * s.commit_percent / 100
        """,
    ),
    (
        "earmark_broken",
        "资金来源“{0}”用于专款以外用途的金额超出上限。",
        "Source '{0}': more goes to other purposes than its earmark leaves free.",
        """
        SELECT s.name FROM funding_sources s
        JOIN funding_lines l ON l.source_id = s.id JOIN funding_allocations a ON a.line_id = l.id
        WHERE a.category <> ALL (s.earmark_categories)
        GROUP BY s.id
        HAVING sum(a.amount_fen - a.released_fen) > s.amount_fen * (100 - s.earmark_percent) / 100
        """,
    ),
)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proven and when: no problem means that every total equals the sum of its entries."""

    as_of: datetime
    entries: int
    problems: tuple[Problem, ...]


async def prove(session: AsyncSession) -> Proof:
    """Recompute the books from the entries and name everything that does not add up."""
    problems = [
        Problem(code, zh.format(row[0]), en.format(row[0]), values={"subject": str(row[0])})
        for code, zh, en, query in CHECKS
        for row in await session.execute(text(query))
    ]
    entries = await session.scalar(text("SELECT count(*) FROM funding_ledger")) or 0
    return Proof(clock.now(), entries, tuple(problems))
