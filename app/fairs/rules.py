"""Rules of fairs. Pure: each returns all broken ones."""

from datetime import date

from app.fairs.models import Fair, FairState
from app.kernel.errors import Problem


def days_in_order(opens_on: date, closes_on: date) -> list[Problem]:
    if opens_on <= closes_on:
        return []
    return [
        Problem(
            "fair_days",
            "闭幕日不得早于开幕日。",
            "The fair cannot close before it opens.",
            "/closes_on",
            {"opens_on": opens_on, "closes_on": closes_on},
        )
    ]


def is_held_today(fair: Fair, today: date) -> list[Problem]:
    """People check in while the fair is open, on one of its days."""
    if fair.state == FairState.OPEN and fair.opens_on <= today <= fair.closes_on:
        return []
    return [
        Problem(
            "fair_not_held",
            f"会场今日未开放（{fair.opens_on} 至 {fair.closes_on}，当前状态：{fair.state}）。",
            f"The fair is not held today ({fair.opens_on} to {fair.closes_on}, state {fair.state}).",
            values={"opens_on": fair.opens_on, "closes_on": fair.closes_on, "state": fair.state},
        )
    ]


def is_not_over(fair: Fair) -> list[Problem]:
    """Nothing is set up at a fair that is over."""
    if fair.state in (FairState.PLANNED, FairState.OPEN):
        return []
    return [
        Problem(
            "fair_over", "会场已结束或取消。", "The fair is over or cancelled.", values={"state": fair.state}
        )
    ]
