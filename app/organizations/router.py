"""Organizations over HTTP: public profiles, the organization's own page, and the bureau's acts."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.finding import find, find_scope
from app.areas.gazetteer import Gazetteer
from app.catalogue.codes import (
    Category,
    CreditStatus,
    MarketplaceRole,
    Rating,
    RegistrationStatus,
    TargetGroup,
)
from app.identity.authentication import Anyone, SignedIn
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, raise_all
from app.kernel.paging import Order
from app.organizations import repository, service
from app.organizations.models import Organization
from app.organizations.schemas import (
    CreditEventView,
    CreditListing,
    CreditRemoval,
    EngagementDraft,
    EngagementEnd,
    EngagementView,
    OrganizationDraft,
    OrganizationSummary,
    OrganizationView,
    ProfileChange,
    RegisteredChange,
    TrackRecordDraft,
)
from app.web.conditional import Conditional, tag
from app.web.history import History, history
from app.web.listing import Listing, Page
from app.web.session import ReadSession, UnitOfWork, WriteSession
from app.web.transitions import Possibilities, Transition, possibilities

router = APIRouter(prefix="/api/v1/organizations", tags=["organizations"], route_class=UnitOfWork)


@router.get("", operation_id="list_organizations")
async def organizations(
    session: ReadSession,
    actor: Anyone,
    listing: Listing,
    q: Annotated[str | None, Query(max_length=100, description="Words of name, scope or capability")] = None,
    district: Annotated[str | None, Query(max_length=100, description="Seat: name or code")] = None,
    street: Annotated[str | None, Query(max_length=100, description="Seat: name or code")] = None,
    serves: Annotated[str | None, Query(max_length=100, description="A district it works in")] = None,
    category: Category | None = None,
    target_group: TargetGroup | None = None,
    state: Annotated[RegistrationStatus | None, Query(description="Registration status")] = None,
    credit: CreditStatus | None = None,
    role: MarketplaceRole | None = None,
    rating: Annotated[Rating | None, Query(description="At least this rating, in force")] = None,
    free: Annotated[bool | None, Query(description="Has a free place")] = None,
) -> Page[OrganizationSummary]:
    """Organizations, newest first. Contacts are masked unless they are yours to see."""
    query = repository.organizations(
        clock.today(),
        q=q,
        under=_seat(district, street),
        serves=_serving(serves),
        category=category,
        target_group=target_group,
        state=state,
        credit=credit,
        role=role,
        rating=rating,
        free=free,
    )
    order = [Order(Organization.created_at, descending=True), Order(Organization.id, descending=True)]
    return await listing.answer(session, query, order, partial(_summaries, actor))


@router.post("", status_code=201, operation_id="create_organization")
async def create(
    session: WriteSession, actor: SignedIn, response: Response, body: OrganizationDraft
) -> OrganizationView:
    """Enter an organization."""
    return await _one(session, actor, response, await service.create(session, actor, body))


@router.get("/{ref}", operation_id="get_organization")
async def read(session: ReadSession, actor: Anyone, response: Response, ref: str) -> OrganizationView:
    """One organization, by id, number or credit code."""
    return await _one(session, actor, response, await service.get(session, actor, ref))


@router.patch("/{ref}", operation_id="change_organization_profile")
async def change(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: ProfileChange,
    match: Conditional,
) -> OrganizationView:
    """Change the profile: the organization itself, or its bureau."""
    organization = await service.get(session, actor, ref)
    match.require(organization.version)
    return await _one(
        session, actor, response, await service.change_profile(session, actor, organization, body)
    )


@router.patch("/{ref}/standing", operation_id="change_organization_standing")
async def change_standing(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: RegisteredChange,
    match: Conditional,
) -> OrganizationView:
    """Change registration data, rating, yearly inspection or capacity: the bureau, with a reason."""
    organization = await service.get(session, actor, ref)
    match.require(organization.version)
    return await _one(
        session, actor, response, await service.change_standing(session, actor, organization, body)
    )


@router.get("/{ref}/transitions", operation_id="list_organization_transitions")
async def transitions(session: ReadSession, actor: SignedIn, ref: str) -> Possibilities:
    """What you may do with the registration now."""
    organization = await service.get(session, actor, ref)
    return possibilities(organization.state, await service.choices(session, actor, organization))


@router.post("/{ref}/transitions", operation_id="move_organization")
async def move(
    session: WriteSession,
    actor: SignedIn,
    response: Response,
    ref: str,
    body: Transition,
    match: Conditional,
) -> OrganizationView:
    """Move the registration: register, cancel, revoke, or correct."""
    organization = await service.get(session, actor, ref)
    match.allow(organization.version)
    moved = await service.transition(session, actor, organization, body.event, body.note, body.data)
    return await _one(session, actor, response, moved)


@router.get("/{ref}/history", operation_id="get_organization_history")
async def read_history(session: ReadSession, actor: Anyone, ref: str) -> History:
    """What happened to the organization, as far as you may know."""
    return await history(session, actor, (await service.get(session, actor, ref)).id)


@router.get("/{ref}/credit-events", operation_id="list_credit_events")
async def credit_events(session: ReadSession, actor: Anyone, ref: str) -> list[CreditEventView]:
    """Every listing, past and present."""
    events = await service.credit_events(session, await service.get(session, actor, ref))
    return [CreditEventView.model_validate(event) for event in events]


@router.post("/{ref}/credit-events", status_code=201, operation_id="list_on_credit_list")
async def list_credit_event(
    session: WriteSession, actor: SignedIn, ref: str, body: CreditListing
) -> CreditEventView:
    """Put the organization on a credit list: the bureau."""
    organization = await service.get(session, actor, ref)
    return CreditEventView.model_validate(await service.list_credit_event(session, actor, organization, body))


@router.post("/{ref}/credit-events/{event_id}/removal", operation_id="remove_from_credit_list")
async def remove_credit_event(
    session: WriteSession, actor: SignedIn, ref: str, event_id: UUID, body: CreditRemoval
) -> CreditEventView:
    """End a listing: the bureau. The listing stays on record."""
    organization = await service.get(session, actor, ref)
    event = await service.credit_event(session, organization, event_id)
    return CreditEventView.model_validate(
        await service.remove_credit_event(session, actor, organization, event, body)
    )


@router.get("/{ref}/engagements", operation_id="list_engagements")
async def engagements(session: ReadSession, actor: SignedIn, ref: str) -> list[EngagementView]:
    """What the capacity is used for: the organization itself and the officials of its seat."""
    organization = await service.get(session, actor, ref)
    return await service.engagement_views(session, await service.engagements(session, actor, organization))


@router.post("/{ref}/engagements", status_code=201, operation_id="declare_outside_work")
async def declare_work(
    session: WriteSession, actor: SignedIn, ref: str, body: EngagementDraft
) -> EngagementView:
    """Declare work under way elsewhere."""
    organization = await service.get(session, actor, ref)
    work = await service.declare_work(session, actor, organization, body)
    return (await service.engagement_views(session, [work]))[0]


@router.post("/{ref}/engagements/{engagement_id}/end", operation_id="end_outside_work")
async def end_work(
    session: WriteSession, actor: SignedIn, ref: str, engagement_id: UUID, body: EngagementEnd
) -> EngagementView:
    """End declared work; its place is free again."""
    organization = await service.get(session, actor, ref)
    work = await service.end_work(session, actor, organization, engagement_id, body.note)
    return (await service.engagement_views(session, [work]))[0]


@router.post("/{ref}/track-record", status_code=201, operation_id="declare_track_record")
async def declare_record(
    session: WriteSession, actor: SignedIn, response: Response, ref: str, body: TrackRecordDraft
) -> OrganizationView:
    """Declare past work with its evidence."""
    organization = await service.get(session, actor, ref)
    await service.declare_record(session, actor, organization, body)
    return await _one(session, actor, response, organization)


def _seat(district: str | None, street: str | None) -> str | None:
    place, problems = find(district, street)
    raise_all(problems, Malformed)
    return place.path if place else None


def _serving(text: str | None) -> list[str] | None:
    """Every scope that reaches the asked place: itself and what lies above it."""
    if text is None:
        return None
    place, problems = find_scope(text)
    raise_all((problem.at("/serves") for problem in problems), Malformed)
    codes = place.path.split("/") if place else [Gazetteer.default().city.code]
    return ["/".join(codes[:depth]) for depth in range(1, len(codes) + 1)]


async def _summaries(
    actor: Actor, session: AsyncSession, found: Sequence[Organization]
) -> list[OrganizationSummary]:
    return await service.summaries(session, actor, found)


async def _one(
    session: AsyncSession, actor: Actor, response: Response, organization: Organization
) -> OrganizationView:
    tag(response, organization.version)
    return (await service.views(session, actor, [organization]))[0]
