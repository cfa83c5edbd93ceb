"""Entering organizations, one or thousands, in a fixed number of statements."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.finding import find, find_scope
from app.areas.gazetteer import Gazetteer
from app.catalogue.codes import RegistrationType
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers
from app.kernel.search import grams
from app.organizations import permissions, repository, rules
from app.organizations.lifecycle import audience
from app.organizations.models import (
    CreditEvent,
    Engagement,
    EngagementKind,
    EngagementState,
    Organization,
    TrackRecord,
)
from app.organizations.schemas import OrganizationDraft, TrackRecordDraft
from app.parties import service as parties
from app.parties.models import Party, PartyKind
from app.parties.schemas import PartyDraft

SERIES = "ORG"
PLAIN = frozenset(
    {
        "name",
        "district",
        "street",
        "service_areas",
        "annual_inspection",
        "registration_status",
        "credit_events",
        "engagements",
        "active_engagements",
        "track_record",
        "qualifications",
        "certified_total",
    }
)
"""Fields of a draft that do not go into their column as they are."""

At = Callable[[int, str], str]


async def create_many(
    session: AsyncSession,
    actor: Actor,
    drafts: Sequence[OrganizationDraft],
    provenance: Sequence[dict[str, Any] | None] | None = None,
) -> list[Organization]:
    """Enter organizations with their standing, outside work and record.

    Raises `NotYou`, `Malformed` (every area that means nothing, every misfit of type and status) or `NotNow`
    (`organization_exists`: the name or the credit code is known). With more than one draft, pointers begin with its place.
    """

    def at(place: int, pointer: str) -> str:
        return pointer if len(drafts) == 1 else f"/{place}{pointer}"

    seats, scopes = _placed(drafts, at)
    for draft, seat in zip(drafts, seats, strict=True):
        filed = draft.registration_type is RegistrationType.FILED_GROUP
        if not permissions.may_create(actor, seat, filed=filed):
            raise NotYou()
    await _sponsored(session, drafts, at)
    named = await parties.ensure_many(
        session,
        actor,
        [
            PartyDraft(kind=PartyKind.ORGANIZATION, name=draft.name, uscc=draft.uscc, area_path=seat)
            for draft, seat in zip(drafts, seats, strict=True)
        ],
    )
    await _all_new(session, drafts, named, at)
    numbers = await take_numbers(session, SERIES, len(drafts)) if drafts else range(0)
    organizations = [
        _organization(draft, party, f"{SERIES}-{number:05d}", seat, scope, origin)
        for draft, party, number, seat, scope, origin in zip(
            drafts, named, numbers, seats, scopes, provenance or [None] * len(drafts), strict=True
        )
    ]
    session.add_all(organizations)
    await session.flush()
    for draft, organization in zip(drafts, organizations, strict=True):
        session.add_all(_standing(draft, organization, actor))
        session.add_all(record_row(entry, organization) for entry in draft.track_record)
    await session.flush()
    await journal.record(session, actor, *(_entered(organization) for organization in organizations))
    return organizations


def _placed(drafts: Sequence[OrganizationDraft], at: At) -> tuple[list[str], list[list[str]]]:
    """Seat and service areas of every draft as paths; a seat nobody names is the city."""
    city = Gazetteer.default().city.path
    seats, scopes, problems = [], [], []
    for place, draft in enumerate(drafts):
        seat, found = find(draft.district, draft.street)
        problems += [problem.at(at(place, problem.pointer or "")) for problem in found]
        seats.append(seat.path if seat else city)
        paths, found = scope_paths(draft.service_areas)
        problems += [problem.at(at(place, problem.pointer or "")) for problem in found]
        scopes.append(paths)
    raise_all(problems, Malformed)
    return seats, scopes


def scope_paths(texts: Sequence[str]) -> tuple[list[str], list[Problem]]:
    """Service areas as paths, each once, and every text that means no area."""
    paths: dict[str, None] = {}
    problems: list[Problem] = []
    for place, text in enumerate(texts):
        area, found = find_scope(text)
        problems += [problem.at(f"/service_areas/{place}") for problem in found]
        if area is not None:
            paths[area.path] = None
    return list(paths), problems


async def _sponsored(session: AsyncSession, drafts: Sequence[OrganizationDraft], at: At) -> None:
    problems: list[Problem] = []
    sponsors = {d.fiscal_sponsor_id for d in drafts if d.fiscal_sponsor_id}
    known = {o.id: o for o in await repository.with_ids(session, sponsors)} if sponsors else {}
    for place, draft in enumerate(drafts):
        status = rules.first_status(draft)
        problems += rules.registration(
            status, draft.registration_type, draft.fiscal_sponsor_id, at(place, "")
        )
        if draft.fiscal_sponsor_id:
            sponsor = known.get(draft.fiscal_sponsor_id)
            problems += rules.sponsor_fits(sponsor, at(place, "/fiscal_sponsor_id"))
    raise_all(problems, Malformed)


async def _all_new(
    session: AsyncSession, drafts: Sequence[OrganizationDraft], named: Sequence[Party], at: At
) -> None:
    ids = [party.id for party in named]
    taken = await repository.known(session, ids, [d.uscc for d in drafts if d.uscc])
    by_id = {organization.id: organization for organization in taken}
    by_code = {organization.uscc: organization for organization in taken if organization.uscc}
    seen: set[UUID] = set()
    problems = []
    for place, (draft, party) in enumerate(zip(drafts, named, strict=True)):
        other = by_id.get(party.id) or by_code.get(draft.uscc or "")
        if other is not None or party.id in seen:
            problems.append(_exists(draft, other, at(place, "/name")))
        seen.add(party.id)
    raise_all(problems, NotNow)


def _exists(draft: OrganizationDraft, other: Organization | None, pointer: str) -> Problem:
    values = {"number": other.number, "name": other.name} if other else {}
    return Problem(
        "organization_exists",
        f"“{draft.name}”已存在（名称或统一社会信用代码相同）。",
        f"'{draft.name}' exists already (same name or credit code).",
        pointer,
        values,
    )


def _organization(
    draft: OrganizationDraft,
    party: Party,
    number: str,
    seat: str,
    scope: list[str],
    provenance: dict[str, Any] | None,
) -> Organization:
    organization = Organization(
        id=party.id,
        number=number,
        name=draft.name.strip(),
        normal_name=party.normal_name,
        state=rules.first_status(draft).value,
        area_path=seat,
        service_areas=scope,
        uscc_verified=draft.uscc is not None and rules.check_digit_fits(draft.uscc),
        annual_inspection={str(year): result.value for year, result in draft.annual_inspection.items()},
        qualifications=[held.model_dump(mode="json") for held in draft.qualifications],
        certified_total=certified(draft),
        provenance=provenance,
        **draft.model_dump(exclude=set(PLAIN)),
    )
    organization.search_grams = search_grams(organization)
    return organization


def certified(draft: Any) -> int | None:
    """Certified workers: as stated, else the sum of their grades (one person counts once, at the highest)."""
    if draft.certified_total is not None:
        return int(draft.certified_total)
    graded = [n for n in (draft.sw_assistant, draft.sw_middle, draft.sw_senior) if n is not None]
    return sum(graded) if graded else None


def search_grams(organization: Organization) -> str:
    """What `q=` finds an organization by."""
    return grams(
        organization.name,
        *organization.former_names,
        organization.number,
        organization.uscc,
        organization.business_scope,
        organization.capability,
    )


def _standing(
    draft: OrganizationDraft, organization: Organization, actor: Actor
) -> list[CreditEvent | Engagement]:
    listed = [
        CreditEvent(organization_id=organization.id, decided_by=actor.label, **event.model_dump())
        for event in draft.credit_events
    ]
    outside = [
        outside_work(organization, **entry.model_dump(exclude={"buyer"}), buyer_name=entry.buyer)
        for entry in draft.engagements
    ]
    unnamed = (draft.active_engagements or 0) - len(outside)
    outside += [outside_work(organization, title="已申报的在执行项目") for _ in range(unnamed)]
    return [*listed, *outside]


def outside_work(organization: Organization, **facts: Any) -> Engagement:
    """Work that the organization does elsewhere: it takes a place from the start."""
    return Engagement(
        organization_id=organization.id,
        kind=EngagementKind.OUTSIDE.value,
        state=EngagementState.ACTIVE.value,
        **facts,
    )


def record_row(entry: TrackRecordDraft, organization: Organization) -> TrackRecord:
    """One declared past work as a row."""
    facts = entry.model_dump(exclude={"buyer"})
    return TrackRecord(organization_id=organization.id, buyer_name=entry.buyer, **facts)


def _entered(organization: Organization) -> journal.Event:
    return journal.Event(
        "organization",
        organization.id,
        "entered",
        audience(organization),
        number=organization.number,
        to_state=organization.state,
        change={"name": organization.name},
    )
