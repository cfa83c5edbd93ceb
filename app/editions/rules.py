"""Rules of editions. Pure: each returns all broken ones."""

from datetime import date

from app.editions.settings import EditionSettings
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


def usable(settings: EditionSettings) -> list[Problem]:
    """Amount bands rise and end without a limit; the shares of the tranches add up to the whole."""
    problems = []
    *limits, last = [band.up_to_fen for band in settings.amount_bands]
    bounded = [limit for limit in limits if limit is not None]
    if last is not None or len(bounded) != len(limits) or sorted(set(bounded)) != bounded:
        problems.append(
            Problem(
                "amount_bands",
                "金额档次须逐档递增，且最后一档不设上限。",
                "Amount bands rise strictly, and the last one has no limit.",
                "/settings/amount_bands",
            )
        )
    if sum(settings.tranche_shares) != 100:
        problems.append(
            Problem(
                "tranche_shares",
                f"各期付款比例之和须为 100%，现为 {sum(settings.tranche_shares)}%。",
                f"The shares of the tranches add up to 100 %, not {sum(settings.tranche_shares)} %.",
                "/settings/tranche_shares",
            )
        )
    return problems
