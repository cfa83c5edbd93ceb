"""What bureaus decide about an organization: registration, rating, inspection, capacity, and the credit lists."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.finding import find
from app.catalogue.codes import RegistrationType
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import lock, lock_many, move_many
from app.organizations import permissions, repository, rules
from app.organizations.entering import search_grams
from app.organizations.lifecycle import REGISTRATION, audience
from app.organizations.models import CreditEvent, Organization
from app.organizations.schemas import CreditListing, CreditRemoval, RegisteredChange
from app.parties import service as parties
from app.parties.schemas import PartyChange

NEW_TYPE_NEEDED = Problem(
    "registration_type_needed",
    "办理法人登记须在 data 中写明登记类型（registration_type，非备案组织）和统一社会信用代码（uscc）。",
    "To register, say in data which legal person it became (registration_type) and its credit code (uscc).",
    "/data/registration_type",
)


async def change_standing(
    session: AsyncSession, actor: Actor, organization: Organization, wanted: RegisteredChange
) -> Organization:
    """Change what registrars and bureaus decide, with a reason. Only the fields sent change; yearly inspections add up.

    Lowering `capacity_max` below what is in use is allowed; new reservations are then refused.
    """
    if not permissions.may_keep_standing(actor, organization):
        raise NotYou()
    await lock(session, organization)
    sent = wanted.model_dump(exclude_unset=True, exclude={"note", "district", "street"})
    if "annual_inspection" in sent:
        given = {str(year): result.value for year, result in wanted.annual_inspection.items()}
        sent["annual_inspection"] = {**organization.annual_inspection, **given}
    if wanted.model_fields_set & {"district", "street"}:
        seat, problems = find(wanted.district, wanted.street)
        raise_all(problems, Malformed)
        if seat is not None:
            sent["area_path"] = seat.path
    if not permissions.may_create(actor, sent.get("area_path", organization.area_path), filed=False):
        raise NotYou()
    if "uscc" in sent:
        sent["uscc_verified"] = wanted.uscc is not None and rules.check_digit_fits(wanted.uscc)
    before = {name: getattr(organization, name) for name in sent}
    for name, value in sent.items():
        setattr(organization, name, value)
    await _check(session, organization)
    if {"name", "uscc", "area_path"} & sent.keys():
        await _rename(session, actor, organization, before)
    organization.search_grams = search_grams(organization)
    await session.flush()
    change = {name: [before[name], getattr(organization, name)] for name in sorted(sent)}
    await journal.record(session, actor, _event(organization, "standing_changed", wanted.note, change))
    return organization


async def _check(session: AsyncSession, organization: Organization) -> None:
    kind = RegistrationType(organization.registration_type) if organization.registration_type else None
    problems = rules.registration(organization.state, kind, organization.fiscal_sponsor_id)
    if organization.fiscal_sponsor_id and not problems:
        with session.no_autoflush:
            sponsor = await session.get(Organization, organization.fiscal_sponsor_id)
        problems += rules.sponsor_fits(sponsor)
    raise_all(problems, NotNow)


async def _rename(
    session: AsyncSession, actor: Actor, organization: Organization, before: Mapping[str, Any]
) -> None:
    # The party is the same body: its name, code and place follow, under its own rules.
    wanted = {name: getattr(organization, name) for name in ("name", "uscc", "area_path") if name in before}
    if "name" in before and before["name"] != organization.name:
        organization.former_names = [*organization.former_names, before["name"]]
    with session.no_autoflush:
        party = await parties.get(session, actor, organization.id)
        await parties.change(session, actor, party, PartyChange(**wanted))
    organization.normal_name = party.normal_name


async def transition(
    session: AsyncSession,
    actor: Actor,
    organization: Organization,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Organization:
    """Move the registration. `register` takes the new type and credit code in `data`."""
    values: dict[str, Any] = {}
    if event == "register":
        values = _as_legal_person(data)
    [organization] = await lock_many(session, Organization, [organization.id])
    facts = await repository.held(session, [organization.id])
    outcome = await move_many(
        session, REGISTRATION, [organization], event, actor, note, facts=facts, values=values, change=values
    )
    if error := outcome[organization.id]:
        raise error
    return organization


def _as_legal_person(data: Mapping[str, Any]) -> dict[str, Any]:
    try:
        kind, uscc = RegistrationType(data.get("registration_type", "")), str(data.get("uscc", ""))
        if kind is RegistrationType.FILED_GROUP or len(uscc) != 18:
            raise ValueError
        return {
            "registration_type": kind.value,
            "uscc": uscc,
            "uscc_verified": rules.check_digit_fits(uscc),
            "fiscal_sponsor_id": None,
        }
    except ValueError:
        raise Malformed(NEW_TYPE_NEEDED) from None


async def list_credit_event(
    session: AsyncSession, actor: Actor, organization: Organization, draft: CreditListing
) -> CreditEvent:
    """Put the organization on a list. Its status is derived from the lists, so it changes at once."""
    if not permissions.may_keep_standing(actor, organization):
        raise NotYou()
    await lock(session, organization)
    events = (await repository.credit_events(session, [organization.id])).get(organization.id, [])
    raise_all(rules.not_listed_yet(events, draft.listed))
    event = CreditEvent(organization_id=organization.id, decided_by=actor.label, **draft.model_dump())
    session.add(event)
    await session.flush()
    change = {"listed": event.listed, "listed_on": str(event.listed_on)}
    await journal.record(session, actor, _event(organization, "credit_listed", event.reason, change))
    return event


async def remove_credit_event(
    session: AsyncSession, actor: Actor, organization: Organization, event: CreditEvent, draft: CreditRemoval
) -> CreditEvent:
    """End a listing: repaired, corrected, or its term over. The listing itself stays on record."""
    if not permissions.may_keep_standing(actor, organization):
        raise NotYou()
    await session.refresh(event, with_for_update=True)
    raise_all(rules.can_be_removed(event, draft.removed_on))
    event.removed_on, event.removal_reason = draft.removed_on, draft.reason
    await session.flush()
    change = {"listed": event.listed, "removed_on": str(event.removed_on)}
    await journal.record(session, actor, _event(organization, "credit_repaired", draft.reason, change))
    return event


async def credit_events(session: AsyncSession, organization: Organization) -> Sequence[CreditEvent]:
    """Every listing of an organization, past and present: the lists are public."""
    return (await repository.credit_events(session, [organization.id])).get(organization.id, [])


async def credit_event(session: AsyncSession, organization: Organization, event_id: Any) -> CreditEvent:
    found = await repository.credit_event(session, organization.id, event_id)
    if found is None:
        raise NotFound()
    return found


def _event(
    organization: Organization, event: str, note: str | None, change: Mapping[str, Any]
) -> journal.Event:
    plain = {name: _plain(value) for name, value in change.items()}
    return journal.Event(
        "organization",
        organization.id,
        event,
        audience(organization),
        number=organization.number,
        note=note,
        change={**plain, "as_of": str(clock.today())},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | int | bool | float | dict | None) else str(value)
