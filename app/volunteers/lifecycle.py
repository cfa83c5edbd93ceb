"""The moves of hours a volunteer gave."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal
from app.kernel.lifecycle import Lifecycle, Line
from app.volunteers import permissions as may
from app.volunteers import repository, rules
from app.volunteers.models import HourRecord, Volunteer


def audience(record: HourRecord) -> journal.Audience:
    """The organization that called, and the officials of the place; volunteers read their own at their account."""
    return journal.Audience(record.area_path, (record.organization_id,), journal.PARTIES)


async def _volunteer(session: AsyncSession, record: HourRecord) -> Volunteer | None:
    return await repository.volunteer(session, record.volunteer_id)


LIFECYCLE: Lifecycle[HourRecord] = Lifecycle(
    "volunteer_hours",
    {
        "recorded": ("待核实", "recorded"),
        "verified": ("已核实", "verified"),
        "refused": ("未通过", "refused"),
        "voided": ("已作废", "voided"),
    },
    "recorded",
    (
        Line("recorded", "verify", "verified", may.may_verify, (rules.verified_by_another,), zh="核实", en="verify"),
        Line("recorded", "refuse", "refused", may.may_verify, note_required=True, zh="不予认定", en="refuse"),
        Line("verified", "void", "voided", may.may_void, note_required=True, zh="作废", en="void"),
    ),
    audience=audience,
    facts=_volunteer,
)  # fmt: skip
