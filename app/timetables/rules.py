"""Rules of the hall and its seats. Pure: each takes facts and returns every broken one."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from app.fairs.models import Fair, FairState
from app.kernel import clock
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.negotiations.models import IntentState
from app.projects.models import ProjectState
from app.timetables.schemas import SlotPattern, TablePattern

READY = (IntentState.ACCEPTED, IntentState.SCHEDULED)
"""Intents whose two sides may be given a seat."""
STANDING = (*READY, IntentState.TALKED, IntentState.SHORTLISTED)
"""Intents whose meeting keeps its seat."""
ON_OFFER = (ProjectState.PUBLISHED, ProjectState.NEGOTIATING)

GOING_ON = (FairState.PLANNED, FairState.OPEN)
"""Fairs whose timetable may change."""

Span = tuple[datetime, datetime]

NO_TIME = Problem(
    "slot_pattern_empty", "按此规则排不出任何时段。", "The pattern gives no slot.", "/slots/count"
)
PAST_MIDNIGHT = Problem(
    "slot_past_midnight", "时段不能跨过午夜。", "A slot cannot run past midnight.", "/slots/count"
)
NOT_LISTED = Problem(
    "project_not_listed", "该项目未在本会场展出。", "The project is not listed at this fair.", "/intent"
)


@dataclass(frozen=True, slots=True)
class FreeSeat:
    """A slot in which both sides and at least one table are free, with the first such table."""

    slot_id: UUID
    starts_at: datetime
    table_id: UUID
    table: str


@dataclass(frozen=True, slots=True)
class SeatFacts:
    """Who and what stands in the way of one seat, and which seats both sides could take instead."""

    now: datetime
    starts_at: datetime
    table: str | None
    taken: bool = False
    busy: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    away: tuple[str, ...] = ()
    instead: tuple[FreeSeat, ...] = ()


_SIDES = {"buyer": ("购买方", "the buyer"), "organization": ("社会组织", "the organization")}


def seat_problems(facts: SeatFacts) -> list[Problem]:
    """Everything that stands in the way of a seat; each names the next seats that both sides could take."""
    found: list[Problem] = []
    if facts.starts_at <= facts.now:
        found.append(Problem("slot_over", "该时段已开始或已过。", "The slot has begun already.", "/slot_id"))
    if facts.table is None:
        found.append(Problem("hall_full", "该时段没有空桌。", "No table is free in this slot.", "/slot_id"))
    elif facts.taken:
        zh, en = f"{facts.table} 桌该时段已被占用。", f"Table {facts.table} is taken in this slot."
        found.append(Problem("table_taken", zh, en, "/table_id", {"table": facts.table}))
    for side in facts.busy:
        zh, en = _SIDES[side]
        found.append(
            Problem(f"{side}_busy", f"{zh}该时段已有洽谈。", f"At this time {en} sits elsewhere.", "/slot_id")
        )
    for side in facts.away:
        zh, en = _SIDES[side]
        found.append(
            Problem(f"{side}_away", f"{zh}该时段不能到场。", f"At this time {en} cannot come.", "/slot_id")
        )
    found += person_is_free(facts.people)
    return [_with_advice(problem, facts.instead) for problem in found]


def advised(facts: SeatFacts, seats: Sequence[FreeSeat]) -> SeatFacts:
    """The same facts, with the seats both sides could take instead."""
    return replace(facts, instead=tuple(seats))


def person_is_free(elsewhere: Iterable[str]) -> list[Problem]:
    """No person in two places."""
    return [_person_busy(label) for label in elsewhere]


def _person_busy(label: str) -> Problem:
    zh, en = f"{label} 该时段已在另一桌。", f"{label} sits at another table at this time."
    return Problem("person_busy", zh, en, "/slot_id", {"person": label})


def _with_advice(problem: Problem, seats: Sequence[FreeSeat]) -> Problem:
    """The refusal, with the next seats that both sides could take."""
    offered = [
        {
            "slot_id": str(seat.slot_id),
            "starts_at": clock.local(seat.starts_at).isoformat(),
            "table_id": str(seat.table_id),
            "table": seat.table,
        }
        for seat in seats
    ]
    named = [(f"{clock.local(seat.starts_at):%m-%d %H:%M}", seat.table) for seat in seats]
    zh = "、".join(f"{at}（{table} 桌）" for at, table in named) or "无"
    en = ", ".join(f"{at} at table {table}" for at, table in named) or "none"
    return replace(
        problem,
        zh=f"{problem.zh}双方都有空的时段：{zh}。",
        en=f"{problem.en} Free for both: {en}.",
        values={**problem.values, "next_free": offered},
    )


def seat_is_free(case: Case[Any]) -> Iterable[Problem]:
    if case.facts is not None:
        yield from seat_problems(case.facts)


def has_begun(case: Case[Any]) -> Iterable[Problem]:
    """Whether a meeting was held or missed is not known before its time."""
    if case.thing.starts_at > clock.now():
        at = f"{clock.local(case.thing.starts_at):%m-%d %H:%M}"
        yield Problem(
            "meeting_not_begun", f"洽谈尚未开始（{at}）。", f"The meeting has not begun yet ({at})."
        )


def may_meet(intent_state: str, project_state: str, *, listed: bool, seated: str | None) -> list[Problem]:
    """A pair is seated once, after its interest has been accepted, for a project shown at the fair."""
    found: list[Problem] = []
    if intent_state not in READY:
        found.append(
            Problem(
                "intent_not_accepted",
                "意向须已被接受，且尚未洽谈。",
                "The interest must have been accepted, and not have led to a talk yet.",
                "/intent",
                {"state": intent_state},
            )
        )
    if project_state not in ON_OFFER:
        found.append(
            Problem(
                "project_not_open",
                "项目当前不接受洽谈。",
                "The project does not take part in negotiations now.",
                "/intent",
                {"state": project_state},
            )
        )
    if not listed:
        found.append(NOT_LISTED)
    if seated is not None:
        zh, en = f"双方已有席位（{seated}）。", f"The pair has a seat already ({seated})."
        found.append(Problem("already_seated", zh, en, "/intent", {"meeting": seated}))
    return found


def goes_on(fair: Fair) -> list[Problem]:
    """A fair that is over or cancelled has no timetable to change."""
    if fair.state in GOING_ON:
        return []
    return [
        Problem(
            "fair_over", "会场已结束或取消。", "The fair is over or cancelled.", values={"state": fair.state}
        )
    ]


def stays_where_it_is(intent_number: str) -> Problem:
    """Nobody is away from a meeting that no plan may move: it is moved or called off first."""
    return Problem(
        "meeting_settled",
        f"该时段的洽谈已锁定（{intent_number}），请先换位或取消。",
        f"The meeting of {intent_number} in this slot is settled; move it or call it off first.",
        "/slot_ids",
        {"intent": intent_number},
    )


def labels(pattern: TablePattern) -> list[str]:
    """What stands on the tables: the prefix and a running number of at least two digits."""
    return [f"{pattern.prefix}{no:02d}" for no in range(pattern.first, pattern.first + pattern.count)]


def slots(pattern: SlotPattern, day: date) -> list[Span]:
    """The slots of one day: one after the other with a pause, none of them in a gap. What would pass midnight is left out."""
    length, pause = timedelta(minutes=pattern.minutes), timedelta(minutes=pattern.pause_minutes)
    gaps = sorted((_on(day, gap.starts), _on(day, gap.ends)) for gap in pattern.gaps)
    found: list[Span] = []
    starts = _on(day, pattern.first_start)
    midnight = _on(day, time()) + timedelta(days=1)
    while len(found) < pattern.count and starts + length <= midnight:
        gap = next((gap for gap in gaps if starts < gap[1] and starts + length > gap[0]), None)
        if gap is not None:
            starts = gap[1]
            continue
        found.append((starts, starts + length))
        starts += length + pause
    return found


def _on(day: date, at: time) -> datetime:
    return datetime.combine(day, at, clock.CHINA)


def pattern_makes_sense(
    pattern: SlotPattern, fair: Fair, days: Mapping[date, Sequence[Span]]
) -> list[Problem]:
    """Slots on days of the fair, as many as were asked for."""
    found: list[Problem] = []
    for day, spans in days.items():
        if not fair.opens_on <= day <= fair.closes_on:
            found.append(
                Problem(
                    "day_outside_fair",
                    f"{day} 不在会期内（{fair.opens_on} 至 {fair.closes_on}）。",
                    f"{day} is no day of the fair ({fair.opens_on} to {fair.closes_on}).",
                    "/slots/days",
                )
            )
        if not spans:
            found.append(NO_TIME)
        elif len(spans) < pattern.count:
            found.append(PAST_MIDNIGHT)
    return found


def slots_apart(wanted: Sequence[Span], standing: Sequence[Span]) -> list[Problem]:
    """No two slots of a hall overlap."""
    spans = sorted([*wanted, *standing])
    clash = next((b for a, b in itertools.pairwise(spans) if b[0] < a[1]), None)
    if clash is None:
        return []
    at = f"{clock.local(clash[0]):%m-%d %H:%M}"
    return [
        Problem(
            "slots_overlap",
            f"时段与已有时段重叠（{at}）。",
            f"A slot overlaps another one ({at}).",
            "/slots",
            {"starts_at": clock.local(clash[0]).isoformat()},
        )
    ]


def labels_new(wanted: Sequence[str], standing: Iterable[str]) -> list[Problem]:
    """A label stands on one table only."""
    twice = sorted(set(wanted) & set(standing))
    if not twice:
        return []
    zh, en = f"桌号已存在：{'、'.join(twice[:5])}。", f"These tables stand already: {', '.join(twice[:5])}."
    return [Problem("table_exists", zh, en, "/tables", {"labels": twice})]
