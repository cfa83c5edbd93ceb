"""The open door of organizations: find and show them, keep the profile. Acts by the bureau and on capacity live beside it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import CreditStatus
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import reference
from app.kernel.lifecycle import Choice, lock, move
from app.kernel.tasks import Task
from app.organizations import permissions, repository, rules
from app.organizations.capacity import activate, release, report, reserve
from app.organizations.entering import (
    certified,
    create_many,
    outside_work,
    record_row,
    scope_paths,
    search_grams,
)
from app.organizations.lifecycle import ENGAGEMENTS, REGISTRATION, audience
from app.organizations.models import Engagement, Organization, TrackRecord
from app.organizations.schemas import (
    EngagementDraft,
    OrganizationDraft,
    ProfileChange,
    TrackRecordDraft,
)
from app.organizations.showing import engagement_views, summaries, views
from app.organizations.standing import (
    change_standing,
    credit_event,
    credit_events,
    list_credit_event,
    remove_credit_event,
    transition,
)
from app.organizations.supply import for_matching
from app.organizations.taking_back import take_back, touched

__all__ = [
    "activate",
    "change_profile",
    "change_standing",
    "choices",
    "create",
    "create_many",
    "credit_event",
    "credit_events",
    "credit_status",
    "declare_record",
    "declare_work",
    "end_work",
    "engagement_views",
    "engagements",
    "for_matching",
    "get",
    "list_credit_event",
    "locked",
    "release",
    "remove_credit_event",
    "report",
    "reserve",
    "signer",
    "summaries",
    "take_back",
    "tasks",
    "tick",
    "touched",
    "transition",
    "views",
]

RATING_WARNING = timedelta(days=60)


async def create(session: AsyncSession, actor: Actor, draft: OrganizationDraft) -> Organization:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, ref: str | UUID) -> Organization:
    """The organization with this id, number or credit code. Raises `NotFound`."""
    found = await repository.one(session, reference(ref))
    if found is None:
        raise NotFound()
    return found


async def locked(session: AsyncSession, organization_id: UUID) -> Organization:
    """The organization with its row locked: last in the order of locks (DESIGN §8.11). Raises `NotFound`."""
    found = await repository.locked(session, organization_id)
    if found is None:
        raise NotFound()
    return found


async def signer(session: AsyncSession, organization_id: UUID) -> Organization:
    """Who signs for an organization: itself, or the fiscal sponsor of a filed group, which is liable.

    Raises `NotNow` H_LEGAL when nobody can (DOMAIN §5, invariant 5).
    """
    organization = await get(session, _SYSTEM, organization_id)
    if organization.is_legal_person is not False:
        return organization
    sponsor = (
        await session.get(Organization, organization.fiscal_sponsor_id)
        if organization.fiscal_sponsor_id
        else None
    )
    if sponsor is None or rules.sponsor_fits(sponsor):
        raise NotNow(
            Problem(
                "H_LEGAL",
                f"“{organization.name}”不具备法人资格，且没有可签约的法人代其签约。",
                f"'{organization.name}' is no legal person, and no registered sponsor signs for it.",
            )
        )
    return sponsor


_SYSTEM = Actor(None, "system:organizations", kind="system")


async def credit_status(session: AsyncSession, organization_id: UUID) -> CreditStatus:
    """The credit status of today, derived from the lists."""
    events = await repository.credit_events(session, [organization_id])
    return rules.credit_status(events.get(organization_id, []), clock.today())


async def change_profile(
    session: AsyncSession, actor: Actor, organization: Organization, wanted: ProfileChange
) -> Organization:
    """Change what the organization says about itself. Only the fields sent change."""
    if not permissions.may_edit_profile(actor, organization):
        raise NotYou()
    await lock(session, organization)
    sent = wanted.model_dump(exclude_unset=True)
    if "service_areas" in sent:
        paths, problems = scope_paths(wanted.service_areas)
        raise_all(problems, Malformed)
        sent["service_areas"] = paths
    if "qualifications" in sent:
        sent["qualifications"] = [held.model_dump(mode="json") for held in wanted.qualifications]
    changed = [name for name, value in sent.items() if getattr(organization, name) != value]
    for name in changed:
        setattr(organization, name, sent[name])
    if {"sw_assistant", "sw_middle", "sw_senior"} & set(changed) and "certified_total" not in sent:
        organization.certified_total = None
        organization.certified_total = certified(organization)
    raise_all(rules.heads_add_up(organization), NotNow)
    organization.search_grams = search_grams(organization)
    await session.flush()
    # Contacts are personal data: the journal names the fields that changed, not what they hold.
    event = _event(organization, "profile_changed", {"fields": sorted(changed)})
    await journal.record(session, actor, event)
    return organization


async def declare_work(
    session: AsyncSession, actor: Actor, organization: Organization, draft: EngagementDraft
) -> Engagement:
    """Declare work under way elsewhere: it takes a place, whether or not one is free."""
    if not permissions.may_edit_profile(actor, organization):
        raise NotYou()
    await lock(session, organization)
    facts = draft.model_dump(exclude={"buyer"})
    work = outside_work(organization, buyer_name=draft.buyer, **facts)
    session.add(work)
    await session.flush()
    change = {"engagement_id": str(work.id), "title": work.title}
    await journal.record(session, actor, _event(organization, "outside_work_declared", change))
    return work


async def end_work(
    session: AsyncSession, actor: Actor, organization: Organization, engagement_id: UUID, note: str | None
) -> Engagement:
    """End declared work. Raises `NotNow` for work of this marketplace, which ends with its contract."""
    if not permissions.may_edit_profile(actor, organization):
        raise NotYou()
    work = await repository.engagement(session, organization.id, engagement_id)
    if work is None:
        raise NotFound()
    await move(session, ENGAGEMENTS, work, "end", actor, note)
    return work


async def declare_record(
    session: AsyncSession, actor: Actor, organization: Organization, draft: TrackRecordDraft
) -> TrackRecord:
    """Declare past work with its evidence."""
    if not permissions.may_edit_profile(actor, organization):
        raise NotYou()
    record = record_row(draft, organization)
    session.add(record)
    await session.flush()
    change = {"title": record.title, "year": record.year}
    await journal.record(session, actor, _event(organization, "record_declared", change))
    return record


async def engagements(
    session: AsyncSession, actor: Actor, organization: Organization
) -> Sequence[Engagement]:
    """What the capacity is used for. Raises `NotYou` for who may not see inside."""
    if not permissions.sees_inside(actor, organization):
        raise NotYou()
    return (await repository.engagements(session, [organization.id])).get(organization.id, [])


async def choices(session: AsyncSession, actor: Actor, organization: Organization) -> list[Choice]:
    """The moves of the registration in this actor's hands."""
    return await REGISTRATION.choices(session, organization, actor)


async def tick(session: AsyncSession) -> int:
    """Nothing of an organization moves with time: ratings and listings are judged on the day they are read."""
    return 0


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Ratings about to expire and credit codes that do not check, for the organization and for its bureau."""
    today = clock.today()
    found = []
    for organization in await repository.to_attend(session, actor, today + RATING_WARNING):
        href = f"/api/v1/organizations/{organization.number}"
        if organization.uscc and not organization.uscc_verified:
            zh, en = "核对统一社会信用代码", "check the credit code"
            found.append(_task(organization, "verify_uscc", zh, en, href))
        until = organization.rating_valid_until
        if until is not None and today <= until <= today + RATING_WARNING:
            zh, en = f"评估等级将于 {until} 到期", f"the rating expires on {until}"
            found.append(_task(organization, "renew_rating", zh, en, href))
    return found


def _task(organization: Organization, kind: str, zh: str, en: str, href: str) -> Task:
    return Task(
        kind, "organization", organization.id, organization.number, organization.name, zh, en, href, None
    )


def _event(organization: Organization, event: str, change: Mapping[str, Any]) -> journal.Event:
    return journal.Event(
        "organization",
        organization.id,
        event,
        audience(organization, journal.PARTIES),
        number=organization.number,
        change=dict(change),
    )
