"""Rules of editions. Pure: each returns all broken ones."""

from datetime import date

from app.kernel.errors import Problem


def windows(
    call_opens_on: date, call_closes_on: date, fair_opens_on: date, fair_closes_on: date
) -> list[Problem]:
    """The call and the fair each end after they begin, and the fair is not over before the call opens."""
    problems = []
    if call_closes_on < call_opens_on:
        problems.append(
            Problem(
                "call_window",
                "征集截止日不得早于开始日。",
                "The call closes on or after the day it opens.",
                "/call_closes_on",
            )
        )
    if fair_closes_on < fair_opens_on:
        problems.append(
            Problem(
                "fair_window",
                "社洽会结束日不得早于开始日。",
                "The fair closes on or after the day it opens.",
                "/fair_closes_on",
            )
        )
    if fair_closes_on < call_opens_on:
        problems.append(
            Problem(
                "fair_before_call",
                "社洽会不得在项目征集开始之前结束。",
                "The fair cannot be over before the call for projects opens.",
                "/fair_closes_on",
            )
        )
    return problems
