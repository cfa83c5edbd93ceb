"""Hours: entered by somebody who was there, verified by somebody else, and only then paid into the account."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import HourScheme
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, raise_all
from app.kernel.ids import reference
from app.kernel.lifecycle import Choice, move
from app.volunteers import accounts, permissions, repository, rules
from app.volunteers.lifecycle import LIFECYCLE, audience
from app.volunteers.models import Activity, HourRecord, HoursState, Volunteer
from app.volunteers.schemas import HoursDraft, HoursView

NO_SUCH_VOLUNTEER = Problem(
    "volunteer_unknown", "没有这位志愿者。", "There is no such volunteer.", "/volunteer"
)
NO_SUCH_ACTIVITY = Problem("activity_unknown", "没有这项活动。", "There is no such activity.", "/activity_id")


async def record_many(session: AsyncSession, actor: Actor, drafts: Sequence[HoursDraft]) -> list[HourRecord]:
    """Enter hours of volunteers; they wait to be verified. Five statements, however many.

    The rows of the volunteers are locked first, so that two people cannot enter one half hour twice. Raises `Malformed` (nobody or
    nothing of that name), `NotYou` (not the organization's own activity, or one's own hours) and `NotNow` with every reason.
    """
    activities = await repository.activities_with(session, {draft.activity_id for draft in drafts})
    raise_all(_missing(NO_SUCH_ACTIVITY, [draft.activity_id in activities for draft in drafts]), Malformed)
    recorder = actor.account_id
    if recorder is None or not all(
        permissions.works_for(actor, found.organization_id) for found in activities.values()
    ):
        raise NotYou()
    refs = [reference(draft.volunteer) for draft in drafts]
    held = await repository.locked(session, set(refs))
    by_ref: dict[UUID | str, Volunteer] = {**{v.id: v for v in held}, **{v.number: v for v in held}}
    raise_all(_missing(NO_SUCH_VOLUNTEER, [ref in by_ref for ref in refs]), Malformed)
    if any(permissions.is_self(actor, volunteer) for volunteer in held):
        raise NotYou(rules.OWN_HOURS)
    pairs = [(by_ref[ref], activities[draft.activity_id]) for ref, draft in zip(refs, drafts, strict=True)]
    records = await _entered(session, recorder, drafts, pairs)
    session.add_all(records)
    await session.flush()
    await journal.record(
        session,
        actor,
        *(_event(row, volunteer, "recorded") for row, (volunteer, _) in zip(records, pairs, strict=True)),
    )
    return records


def _missing(problem: Problem, known: Sequence[bool]) -> list[Problem]:
    """The problem at the place of every draft whose reference is not known."""
    return [problem.at(f"/{place}{problem.pointer}") for place, found in enumerate(known) if not found]


async def _entered(
    session: AsyncSession,
    recorder: UUID,
    drafts: Sequence[HoursDraft],
    pairs: Sequence[tuple[Volunteer, Activity]],
) -> list[HourRecord]:
    """The rows of hours that may be entered beside what is there already and beside each other."""
    day, now = timedelta(days=1), clock.now()
    since, until = min(d.starts_at for d in drafts) - day, max(d.ends_at for d in drafts) + day
    spans = await repository.spans(session, [volunteer.id for volunteer, _ in pairs], since, until)
    problems: list[Problem] = []
    records = []
    for place, (draft, (volunteer, activity)) in enumerate(zip(drafts, pairs, strict=True)):
        taken, span = spans.setdefault(volunteer.id, []), (draft.starts_at, draft.ends_at)
        problems += rules.may_be_recorded(volunteer, activity, span, taken, now, f"/{place}")
        records.append(
            HourRecord(
                **draft.model_dump(exclude={"volunteer"}),
                volunteer_id=volunteer.id,
                organization_id=activity.organization_id,
                area_path=activity.area_path,
                half_hours=draft.half_hours,
                long_day=rules.is_long_day(span, taken),
                recorded_by=recorder,
                state=LIFECYCLE.initial,
            )
        )
        taken.append(span)
    raise_all(problems)
    return records


async def get(session: AsyncSession, actor: Actor, record_id: UUID) -> HourRecord:
    """One record. Raises `NotFound` when it is not there or not visible."""
    found = await repository.record(session, actor, record_id)
    if found is None:
        raise NotFound()
    return found


async def choices(session: AsyncSession, actor: Actor, record: HourRecord) -> list[Choice]:
    return await LIFECYCLE.choices(session, record, actor)


async def transition(
    session: AsyncSession, actor: Actor, record: HourRecord, event: str, note: str | None
) -> HourRecord:
    """Verify, refuse or void hours; what is verified is paid in, what is voided is taken out again."""
    (volunteer,) = await repository.locked(session, [record.volunteer_id])
    verified = record.state == HoursState.VERIFIED
    judged = {"verified_by": actor.account_id, "verified_at": clock.now()} if event == "verify" else {}
    await move(session, LIFECYCLE, record, event, actor, note, values=judged)
    if record.scheme == HourScheme.TIME_BANK and event == "verify":
        await accounts.credit(session, actor, volunteer, record)
    elif verified and record.state == HoursState.VOIDED:
        await accounts.take_back(session, actor, volunteer, record, note)
    return record


async def views(session: AsyncSession, records: Sequence[HourRecord]) -> list[HoursView]:
    """Records as they are shown, in two statements. A volunteer is a number here, never a name."""
    numbers = await repository.numbers(session, [row.volunteer_id for row in records])
    activities = await repository.activities_with(session, [row.activity_id for row in records])
    same = [name for name in HoursView.model_fields if name in HourRecord.__mapper__.columns]
    return [
        HoursView.model_validate(
            {name: getattr(row, name) for name in same}
            | {
                "volunteer_number": numbers[row.volunteer_id],
                "activity": activities[row.activity_id].title,
                "contract_id": activities[row.activity_id].contract_id,
                "hours": rules.hours(row.half_hours),
            }
        )
        for row in records
    ]


def _event(record: HourRecord, volunteer: Volunteer, event: str) -> journal.Event:
    change = {"volunteer": volunteer.number, "hours": str(rules.hours(record.half_hours))}
    return journal.Event("volunteer_hours", record.id, event, audience(record), change=change)
