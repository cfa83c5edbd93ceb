"""Interest in a pair: express it, answer it, meet."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Initiator
from app.editions import service as editions
from app.identity.roles import BUREAUS, SUPPLIERS
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotYou, Problem, SheqiaError, raise_all
from app.kernel.ids import take_numbers
from app.kernel.lifecycle import data_as, lock_many, move, move_many
from app.kernel.money import FEN
from app.matches import service as matches
from app.negotiations import repository, rules
from app.negotiations.lifecycle import INTENTS
from app.negotiations.models import Channel, Intent
from app.negotiations.permissions import speaks_for_buyer, speaks_for_organization, visible_to
from app.negotiations.schemas import IntentDraft, IntentView, Scheduling
from app.organizations import service as organizations
from app.projects import service as projects
from app.projects.models import Project, ProjectState

WHOSE = Problem(
    "organization_required", "请指明机构（organization）。", "Name the organization.", "/organization"
)
PROJECT_GONE = "项目已离开市场 the project has left the market"


async def get(session: AsyncSession, actor: Actor, ref: str | UUID) -> Intent:
    """One intent by UUID or number. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.intent(session, ref, visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def create_many(session: AsyncSession, actor: Actor, drafts: Sequence[IntentDraft]) -> list[Intent]:
    """Express interest in pairs. Raises `NotNow` with every broken gate and rule at once, `NotYou`, `NotFound`."""
    return [await _express(session, actor, draft) for draft in drafts]


async def express(session: AsyncSession, actor: Actor, draft: IntentDraft) -> Intent:
    return (await create_many(session, actor, [draft]))[0]


async def _express(session: AsyncSession, actor: Actor, draft: IntentDraft) -> Intent:
    project = await projects.get(session, actor, draft.project, to_move=True)
    organization_id = await _organization(session, actor, draft.organization)
    project = await projects.locked(session, project.id)
    begun_by = _initiator(actor, project, organization_id, draft.initiated_by)
    edition = await editions.get(session, project.edition_code)
    await repository.hold_organization(session, organization_id)
    settings, today, now = edition.settings, clock.today(), clock.now()
    problems: list[Problem] = []
    if project.state not in rules.OPEN_PROJECTS:
        problems.append(rules.project_not_open(project.state))
    problems += rules.before_deadline(project.intents_until, today)
    if await repository.open_intent(session, project.id, organization_id, project.round):
        problems.append(rules.ALREADY_OPEN)
    if begun_by == Initiator.ORGANIZATION:
        midnight = datetime.combine(today, time(), clock.CHINA)
        pending = await repository.pending_since(session, organization_id, midnight)
        problems += rules.pending_within_limit(pending, settings.intents_pending_max)
    if draft.channel == Channel.CLAIM and settings.claim_needs_good_credit:
        facts = await organizations.for_matching(session, [organization_id])
        problems += rules.claim_in_good_credit(facts[0], today)
    problems += (await matches.gates(session, [(project.id, organization_id)], today, edition))[0]
    raise_all(problems)
    number = (await take_numbers(session, f"intent:{project.id}"))[0]
    intent = Intent(
        number=f"{project.number}-Y{number:02d}",
        edition_code=project.edition_code,
        project_id=project.id,
        organization_id=organization_id,
        area_path=project.area_path,
        round=project.round,
        channel=draft.channel,
        initiated_by=begun_by,
        quoted_fen=draft.quoted_fen,
        message=draft.message,
        fair_id=draft.fair_id,
        answer_due_at=now + timedelta(days=min(settings.answer_days, settings.intent_days)),
        expires_at=now + timedelta(days=settings.intent_days),
        state=INTENTS.initial,
    )
    session.add(intent)
    await session.flush()
    await journal.record(session, actor, event(intent, "expressed", {"initiated_by": begun_by}))
    if project.state == ProjectState.PUBLISHED:
        await projects.mark_negotiating(session, actor, project.id, intent.number)
    return intent


async def _organization(session: AsyncSession, actor: Actor, ref: str | None) -> UUID:
    if ref is not None:
        return (await organizations.get(session, actor, ref)).id
    own = [grant.party_id for grant in actor.grants if grant.role in SUPPLIERS and grant.party_id]
    if len(own) != 1:
        raise Malformed(WHOSE)
    return own[0]


def _initiator(actor: Actor, project: Project, organization_id: UUID, wanted: Initiator | None) -> Initiator:
    """Each side begins for itself; a bureau may also bring two together for the fair or on a recommendation."""
    pair = _Pair(project.area_path, organization_id)
    if speaks_for_organization(actor, pair) and wanted in (None, Initiator.ORGANIZATION):
        return Initiator.ORGANIZATION
    if speaks_for_buyer(actor, pair) and wanted in (None, Initiator.BUYER):
        return Initiator.BUYER
    brings_together = actor.is_system or actor.holds(*BUREAUS, area=project.area_path)
    if brings_together and wanted in (Initiator.FAIR, Initiator.RECOMMENDER):
        return wanted
    raise NotYou()


class _Pair:
    def __init__(self, area_path: str, organization_id: UUID) -> None:
        self.area_path, self.organization_id = area_path, organization_id


async def transition(
    session: AsyncSession,
    actor: Actor,
    intent: Intent,
    event_name: str,
    note: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Intent:
    """Move an intent; `schedule` also takes when and where the two meet."""
    if event_name == "schedule":
        wanted = data_as(Scheduling, data or {})
        await mark_scheduled(session, actor, intent, wanted, note)
    else:
        await move(session, INTENTS, intent, event_name, actor, note, data=data)
    return intent


async def mark_scheduled(
    session: AsyncSession, actor: Actor, intent: Intent, wanted: Scheduling, note: str | None = None
) -> Intent:
    """Settle when and where the two sides meet; also the door for a timetable, signing as a machine."""
    data = wanted.model_dump()
    change = {"meets_at": str(wanted.meets_at), "place": wanted.place}
    await move(session, INTENTS, intent, "schedule", actor, note, data=data, values=data, change=change)
    return intent


async def mark_scheduled_many(
    session: AsyncSession, actor: Actor, wanted: Mapping[UUID, Scheduling]
) -> dict[UUID, SheqiaError | None]:
    """Settle when and where many pairs meet, as `mark_scheduled` does; what stood in the way of each, by intent."""
    intents = await lock_many(session, Intent, wanted)
    states = await repository.project_states(session, {intent.project_id for intent in intents})
    now = clock.now()
    return await move_many(
        session,
        INTENTS,
        intents,
        "schedule",
        actor,
        facts={i.id: rules.IntentFacts(states[i.project_id], now) for i in intents},
        each={id_: one.model_dump() for id_, one in wanted.items()},
        changes={id_: {"meets_at": str(one.meets_at), "place": one.place} for id_, one in wanted.items()},
    )


async def talked(session: AsyncSession, actor: Actor, intent: Intent, at: datetime) -> None:
    """A talk of this pair has been confirmed by both sides."""
    if INTENTS.line(intent.state, "talk") is not None:
        await move(session, INTENTS, intent, "talk", actor, values={"talked_at": at}, owned=True)


async def views(session: AsyncSession, intents: Sequence[Intent]) -> list[IntentView]:
    """Intents with the names of the two sides, in two statements however many there are."""
    known, names = await repository.names(
        session, (i.project_id for i in intents), (i.organization_id for i in intents)
    )
    return [
        IntentView.model_validate(
            {
                **{name: getattr(i, name) for name in _PLAIN},
                "edition": i.edition_code,
                "project_number": known[i.project_id].number,
                "project_title": known[i.project_id].title,
                "organization_name": names[i.organization_id],
                **{name: _shown(getattr(i, name)) for name in _MOMENTS},
            },
            by_name=True,
            context=FEN,
        )
        for i in intents
    ]


_MOMENTS = (
    "state_since",
    "answer_due_at",
    "expires_at",
    "meets_at",
    "talked_at",
    "created_at",
)
_PLAIN = tuple(
    name
    for name in IntentView.model_fields
    if name not in (*_MOMENTS, "edition", "project_number", "project_title", "organization_name")
)


def _shown(moment: datetime | None) -> datetime | None:
    return None if moment is None else clock.local(moment)


def event(intent: Intent, name: str, change: dict[str, Any] | None = None) -> journal.Event:
    """An entry about an intent: its two sides and the officials of the area may know, rivals may not."""
    return journal.Event(
        "intent", intent.id, name, INTENTS.audience(intent), number=intent.number, change=change or {}
    )
