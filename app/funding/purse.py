"""Which lines pay for a project that names only its sources ('区级资金 3 万元'), as lists from bureaus do. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.catalogue.codes import CODES
from app.funding.models import FundingLine, YearSource
from app.funding.rules import Part
from app.kernel.errors import Problem
from app.kernel.money import yuan


@dataclass(slots=True)
class Purse:
    """The open lines of an edition, deepest area first, with what is free on each; taking from it lowers what is free.

    Lines are not locked when it is read: `allocate` has the last word.
    """

    lines: Sequence[tuple[FundingLine, YearSource, int]]
    _taken: dict[UUID, int] = field(default_factory=dict)

    def take(
        self, area_path: str, category: str, wanted: Sequence[tuple[str, int]], funder_id: UUID | None = None
    ) -> tuple[list[Part], list[Problem]]:
        """Parts that cover `wanted` (source code, fen) for a project of an area, and a problem for each source that is short.

        A line serves its own area and everything below. The nearest line is drawn from first; what it cannot carry comes from
        the next. Nothing is taken when a problem is found.
        """
        parts: list[Part] = []
        problems: list[Problem] = []
        taken = dict(self._taken)
        for place, (source_code, amount_fen) in enumerate(wanted):
            missing = amount_fen
            for line, source, committed in self.lines:
                if source.source != source_code or not _serves(line.area_path, area_path):
                    continue
                if funder_id is not None and source.funder_id not in (None, funder_id):
                    continue
                share = min(missing, line.amount_fen - committed - taken.get(line.id, 0))
                if share > 0:
                    taken[line.id] = taken.get(line.id, 0) + share
                    parts.append(Part(line.id, share, category, area_path))
                    missing -= share
                if not missing:
                    break
            if missing:
                problems.append(_short(source_code, amount_fen, missing, place))
        if problems:
            return [], problems
        self._taken = taken
        return _joined(parts), []


def _joined(parts: Sequence[Part]) -> list[Part]:
    """One part for each line: a source named twice takes once."""
    by_line: dict[UUID, Part] = {}
    for part in parts:
        before = by_line.get(part.line_id)
        amount = part.amount_fen + (before.amount_fen if before else 0)
        by_line[part.line_id] = Part(part.line_id, amount, part.category, part.area_path)
    return list(by_line.values())


def _serves(line_path: str, area_path: str) -> bool:
    return area_path == line_path or area_path.startswith(line_path + "/")


def _short(source: str, amount_fen: int, missing_fen: int, place: int) -> Problem:
    label = CODES["funding_source"].label(source)
    return Problem(
        "funding_not_proven",
        f"{label} {yuan(amount_fen)} 元未落实：可用资金线还差 {yuan(missing_fen)} 元（费随事转，先有预算）。",
        f"{yuan(amount_fen)} yuan of {source} are not proven: the open lines lack {yuan(missing_fen)} yuan.",
        f"/funding_parts/{place}",
        {"source": source, "amount_yuan": yuan(amount_fen), "missing_yuan": yuan(missing_fen)},
    )
