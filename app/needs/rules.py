"""Rules of needs and surveys. Pure: each returns all broken ones."""

from collections.abc import Sequence

from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.needs.models import Need, NeedState
from app.needs.schemas import CellDraft

SMALL = 5
"""Counts below this are not shown to whoever has no duty in the area."""


def merges_into_a_live_need(case: Case[Need]) -> list[Problem]:
    """A need is merged into another that is still collected or already served by a project. `facts` is that other need."""
    into = case.facts
    if into is None:
        return [
            Problem(
                "merge_target_missing",
                "须指明并入哪一条需求（data.into：编号或 UUID）。",
                "Say which need it is merged into (data.into: number or UUID).",
                "/data/into",
            )
        ]
    if into.id == case.thing.id:
        return [
            Problem(
                "merge_into_itself", "需求不能并入自身。", "A need is not merged into itself.", "/data/into"
            )
        ]
    if into.state not in (NeedState.COLLECTED, NeedState.CONVERTED):
        return [
            Problem(
                "merge_target_closed",
                f"需求 {into.number} 已办结或已并入其他需求，不能再并入。",
                f"Need {into.number} is closed or merged itself.",
                "/data/into",
                {"state": into.state},
            )
        ]
    return []


def matrix(cells: Sequence[CellDraft], respondents: int) -> list[Problem]:
    """Each cell stands once, nobody wants who was not asked, and no group is larger than all who answered."""
    problems = []
    seen = set()
    for place, cell in enumerate(cells):
        if (cell.target_group, cell.dimension) in seen:
            problems.append(
                Problem(
                    "cell_twice",
                    "同一人群和维度只能填写一次。",
                    "A group and dimension stand once.",
                    f"/cells/{place}",
                )
            )
        seen.add((cell.target_group, cell.dimension))
        if cell.wanting > cell.asked:
            problems.append(
                Problem(
                    "more_wanting_than_asked",
                    "有需求人数不得超过受访人数。",
                    "No more want it than were asked.",
                    f"/cells/{place}/wanting",
                    {"asked": cell.asked, "wanting": cell.wanting},
                )
            )
        if cell.asked > respondents:
            problems.append(
                Problem(
                    "more_asked_than_answered",
                    "单个人群的受访人数不得超过总受访人数。",
                    "No group is larger than all who answered.",
                    f"/cells/{place}/asked",
                    {"asked": cell.asked, "respondents": respondents},
                )
            )
    return problems
