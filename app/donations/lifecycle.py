"""The moves of a donation."""

from datetime import date

from sqlalchemy.ext.asyncio import AsyncSession

from app.donations import permissions as may
from app.donations import rules
from app.donations.models import Donation
from app.kernel import clock, journal
from app.kernel.lifecycle import Lifecycle, Line


def audience(donation: Donation) -> journal.Audience:
    """What came is told to all, offers to the officials and a named donor. An anonymous donor is not even named to itself."""
    parties = (donation.donor_id,) if donation.donor_id is not None and not donation.anonymous else ()
    if donation.state in may.PUBLIC_STATES:
        return journal.Audience(donation.area_path, parties, journal.PUBLIC)
    return journal.Audience(donation.area_path, parties, journal.PARTIES if parties else journal.OFFICIALS)


async def _today(session: AsyncSession, donation: Donation) -> date:
    return clock.today()


LIFECYCLE: Lifecycle[Donation] = Lifecycle(
    "donation",
    {
        "offered": ("意向", "offered"),
        "received": ("已接收", "received"),
        "closed": ("已公示使用结果", "closed"),
        "withdrawn": ("已撤回", "withdrawn"),
    },
    "offered",
    (
        Line("offered", "receive", "received", may.keeps, zh="接收", en="receive"),
        Line("offered", "withdraw", "withdrawn", may.may_withdraw, note_required=True, zh="撤回", en="withdraw"),
        Line("received", "close", "closed", may.keeps, (rules.nothing_left,), note_required=True, zh="公示使用结果", en="report and close"),
    ),
    audience=audience,
    facts=_today,
)  # fmt: skip
