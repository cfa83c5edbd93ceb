"""Organizations as their reader may see them, in a fixed number of statements however many there are."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.catalogue.codes import CreditStatus
from app.identity.masking import masked_name, masked_phone
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.money import FEN
from app.organizations import permissions, repository, rules
from app.organizations.models import Engagement, Organization, TrackRecord
from app.organizations.schemas import (
    AreaName,
    EngagementView,
    OrganizationSummary,
    OrganizationView,
    TrackRecordView,
)
from app.parties import service as parties

INSIDE = ("conflicts", "preferred_budget_min_fen", "preferred_budget_max_fen", "last_year_income_fen")
"""An organization's own terms: for itself and the officials of its seat."""


async def summaries(
    session: AsyncSession, actor: Actor, organizations: Sequence[Organization]
) -> list[OrganizationSummary]:
    """Rows of a list: three statements."""
    return [
        OrganizationSummary.model_validate(facts, context=FEN)
        for facts in await _facts(session, actor, organizations)
    ]


async def views(
    session: AsyncSession, actor: Actor, organizations: Sequence[Organization]
) -> list[OrganizationView]:
    """Whole organizations with their record of work: six statements."""
    facts = await _facts(session, actor, organizations)
    ids = [organization.id for organization in organizations]
    declared = await repository.track_records(session, ids)
    done = await repository.engagements(session, ids)
    buyers = await parties.names(session, {e.buyer_id for many in done.values() for e in many})
    return [
        OrganizationView.model_validate(
            known | _whole(actor, o, declared.get(o.id, []), done.get(o.id, []), buyers), context=FEN
        )
        for known, o in zip(facts, organizations, strict=True)
    ]


async def engagement_views(session: AsyncSession, engagements: Sequence[Engagement]) -> list[EngagementView]:
    """Engagements with the names of their buyers: one statement."""
    buyers = await parties.names(session, {engagement.buyer_id for engagement in engagements})
    return [
        EngagementView.model_validate(
            _columns(engagement, EngagementView)
            | {"buyer": buyers.get(engagement.buyer_id) if engagement.buyer_id else engagement.buyer_name},
            context=FEN,
        )
        for engagement in engagements
    ]


async def _facts(
    session: AsyncSession, actor: Actor, organizations: Sequence[Organization]
) -> list[dict[str, Any]]:
    ids = [organization.id for organization in organizations]
    events = await repository.credit_events(session, ids)
    held = await repository.held(session, ids)
    names = await areas.names(
        session, [path for o in organizations for path in (o.area_path, *o.service_areas)]
    )
    today = clock.today()
    return [
        _summary(actor, o, rules.credit_status(events.get(o.id, []), today), held.get(o.id, 0), names, today)
        for o in organizations
    ]


def _summary(
    actor: Actor,
    organization: Organization,
    credit: CreditStatus,
    held: int,
    names: dict[str, str],
    today: date,
) -> dict[str, Any]:
    shown = permissions.sees_inside(actor, organization)
    codes = organization.area_path.split("/")
    return _columns(organization, OrganizationSummary) | {
        "registration_status": organization.state,
        "area": _area(organization.area_path, names),
        "district": names.get(codes[1]) if len(codes) > 1 else None,
        "service_areas": [_area(path, names) for path in organization.service_areas],
        "rating_in_force": rules.rating_in_force(organization, today),
        "credit_status": credit,
        "active_engagements": held,
        "contact_name": organization.contact_name if shown else masked_name(organization.contact_name),
        "contact_phone": organization.contact_phone if shown else masked_phone(organization.contact_phone),
        "contacts_shown": shown,
        "updated_at": clock.local(organization.updated_at),
    }


def _whole(
    actor: Actor,
    organization: Organization,
    declared: Sequence[TrackRecord],
    engagements: Sequence[Engagement],
    buyers: dict[UUID, str],
) -> dict[str, Any]:
    inside = permissions.sees_inside(actor, organization)
    own = {name for name in OrganizationView.model_fields if name not in OrganizationSummary.model_fields}
    facts = {name: getattr(organization, name) for name in own if hasattr(organization, name)}
    if not inside:
        hidden = (*INSIDE, "email", "remarks", "provenance", "legal_representative")
        facts |= dict.fromkeys(hidden)
    facts["annual_inspection"] = {int(year): code for year, code in organization.annual_inspection.items()}
    facts["created_at"] = clock.local(organization.created_at)
    facts["track_record"] = [*_done(engagements, buyers), *map(_record, declared)]
    return facts


def _done(engagements: Sequence[Engagement], buyers: dict[UUID, str]) -> list[dict[str, Any]]:
    return [
        _columns(work, TrackRecordView)
        | {
            "year": (work.ends_on or work.starts_on or work.created_at.date()).year,
            "buyer": buyers.get(work.buyer_id) if work.buyer_id else work.buyer_name,
            "evidence": None,
            "source": "contract",
        }
        for work in reversed(engagements)
        if work.grade is not None
    ]


def _record(record: TrackRecord) -> dict[str, Any]:
    return _columns(record, TrackRecordView) | {"buyer": record.buyer_name, "source": "declared"}


def _area(path: str, names: dict[str, str]) -> AreaName:
    code = path.rsplit("/", 1)[-1]
    return AreaName(path=path, name=names.get(code, code))


def _columns(thing: Any, view: type[Any]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in view.model_fields if hasattr(thing, name)}
