"""Rules of volunteers' time. Pure: each returns all broken ones. Half hours everywhere."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.catalogue.codes import TimeKind, VolunteerKind
from app.kernel.clock import CHINA
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.volunteers.models import LONG_DAY, MOST_HALF_HOURS, Activity, Volunteer

HALF_HOUR = timedelta(minutes=30)
Span = tuple[datetime, datetime]

OWN_HOURS = Problem(
    "own_hours",
    "志愿者不得登记或核实本人的时数。",
    "Nobody enters or verifies hours of their own.",
)
LEFT = Problem("volunteer_left", "该志愿者已注销。", "This volunteer has left the register.", "/volunteer")


def hours(half_hours: int) -> Decimal:
    """Half hours as they are shown: 5 → 2.5."""
    return Decimal(half_hours) / 2


def by_day(spans: Iterable[Span]) -> dict[date, float]:
    """How many half hours of the spans fall on each day in China."""
    found: dict[date, float] = {}
    for starts_at, ends_at in spans:
        at, end = starts_at.astimezone(CHINA), ends_at.astimezone(CHINA)
        while at < end:
            midnight = datetime.combine(at.date() + timedelta(days=1), time(), CHINA)
            until = min(end, midnight)
            found[at.date()] = found.get(at.date(), 0) + (until - at) / HALF_HOUR
            at = until
    return found


def overlaps(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def is_long_day(span: Span, others: Sequence[Span]) -> bool:
    """Whether with this span some day of it holds more than eight hours."""
    total = by_day([span, *others])
    return any(total[day] > LONG_DAY for day in by_day([span]))


def may_be_recorded(
    volunteer: Volunteer,
    activity: Activity,
    span: Span,
    others: Sequence[Span],
    now: datetime,
    pointer: str = "",
) -> list[Problem]:
    """Hours that are over, within the activity's days, of somebody still there who was nowhere else; a day has 24."""
    problems = [LEFT.at(f"{pointer}/volunteer")] if volunteer.erased_at is not None else []
    if span[1] > now:
        problems.append(
            Problem(
                "hours_not_over",
                "服务尚未结束，不能登记时数。",
                "Hours are entered once they are over.",
                f"{pointer}/ends_at",
            )
        )
    day = span[0].astimezone(CHINA).date()
    if not activity.starts_on <= day <= activity.ends_on:
        problems.append(
            Problem(
                "hours_outside_activity",
                f"服务日期须在活动期间（{activity.starts_on} 至 {activity.ends_on}）内。",
                f"The day must lie within the activity ({activity.starts_on} to {activity.ends_on}).",
                f"{pointer}/starts_at",
                {"starts_on": str(activity.starts_on), "ends_on": str(activity.ends_on)},
            )
        )
    taken = next((other for other in others if overlaps(span, other)), None)
    if taken is not None:
        at = [moment.astimezone(CHINA).isoformat() for moment in taken]
        problems.append(
            Problem(
                "hours_overlap",
                f"志愿者 {volunteer.number} 在 {at[0]} 至 {at[1]} 已有服务记录，时间不得重叠。",
                f"Volunteer {volunteer.number} was serving from {at[0]} to {at[1]}; hours may not overlap.",
                f"{pointer}/starts_at",
                {"volunteer": volunteer.number, "starts_at": at[0], "ends_at": at[1]},
            )
        )
    elif any(held > MOST_HALF_HOURS for held in by_day([span, *others]).values()):
        problems.append(
            Problem("hours_above_a_day", "一天不超过 24 小时。", "A day has 24 hours.", f"{pointer}/ends_at")
        )
    return problems


def verified_by_another(case: Case[Any]) -> Iterable[Problem]:
    """Neither the person who entered the hours nor the volunteer says that they are true."""
    if case.actor.account_id is None or case.actor.account_id == case.thing.recorded_by:
        yield Problem(
            "verified_by_another",
            "时数须由登记人以外的人核实。",
            "Hours are verified by another person than the one who entered them.",
        )
    if case.facts is not None and case.actor.account_id == case.facts.account_id:
        yield OWN_HOURS


def overflow(balance: int, half_hours: int, cap: int | None) -> int:
    """How much of what comes in goes on to all, because the account may hold no more than `cap`."""
    return 0 if cap is None else max(0, balance + half_hours - cap)


def may_be_posted(
    volunteer: Volunteer, kind: TimeKind, half_hours: int, balance: int, cap: int | None
) -> list[Problem]:
    """Nothing is spent twice, nothing is held above the cap, and a team's hours are only given on."""
    problems = []
    if volunteer.kind == VolunteerKind.GROUP and kind in (TimeKind.DEBIT, TimeKind.TRANSFER):
        problems.append(
            Problem(
                "a_team_only_donates",
                "团体的时数只能捐赠，不能兑换或转赠个人。",
                "Hours of a team are donated, never spent or given to a person.",
                "/kind",
            )
        )
    after = balance + half_hours
    if after < 0:
        problems.append(
            Problem(
                "time_account_short",
                f"时间账户余额 {hours(balance)} 小时，不足 {hours(-half_hours)} 小时。",
                f"The account holds {hours(balance)} hours; {hours(-half_hours)} are asked.",
                "/hours",
                {"balance_hours": str(hours(balance)), "hours": str(hours(-half_hours))},
            )
        )
    if cap is not None and half_hours > 0 and after > cap:
        problems.append(
            Problem(
                "time_account_full",
                f"时间账户上限 {hours(cap)} 小时。",
                f"The account may hold {hours(cap)} hours.",
                "/hours",
                {"cap_hours": str(hours(cap))},
            )
        )
    return problems
