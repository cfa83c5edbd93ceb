"""Organizations as the ranker reads them: plain data named as DOMAIN §4.2, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.gazetteer import CITY
from app.catalogue.codes import RegistrationStatus, label
from app.kernel import clock
from app.kernel.lifecycle import held
from app.organizations import repository, rules
from app.organizations.models import HOLDING, Engagement, Organization, TrackRecord
from app.parties import service as parties

CITY_WIDE = "全市"


async def for_matching(
    session: AsyncSession, ids: Iterable[UUID] | None = None, *, history: bool = True
) -> list[dict[str, Any]]:
    """Every organization (or those with `ids`) as the arguments of `matching.Organization`, in the order of ids.

    Besides those: `number`, `uscc`, `fiscal_sponsor_id`. Money in fen; districts by canonical name, target groups, grades
    and inspection results in Chinese, as the ranker's word lists expect. Without `history` the track record and the
    buyers' shares are left out: gates do not read them.
    """
    organizations = await _named(session, None if ids is None else list(ids))
    found = [organization.id for organization in organizations]
    events = await repository.credit_events(session, found)
    engagements = await repository.engagements(session, found)
    records = await repository.track_records(session, found) if history else {}
    buyers = await parties.names(session, {e.buyer_id for many in engagements.values() for e in many})
    names = await areas.names(
        session, [path for o in organizations for path in (o.area_path, *o.service_areas)]
    )
    today = clock.today()
    money = await repository.money_of_buyers(session, today - timedelta(days=365)) if history else []
    shares = _shares(money)
    return [
        _plain(
            organization,
            credit=_credit(organization, events.get(organization.id, []), today),
            engagements=engagements.get(organization.id, []),
            records=records.get(organization.id, []),
            buyers=buyers,
            names=names,
            shares=shares.get(organization.id, {}),
            today=today,
        )
        for organization in organizations
    ]


async def _named(session: AsyncSession, ids: Sequence[UUID] | None) -> Sequence[Organization]:
    """The rows with these ids, or all; what the transaction holds is not read again."""
    known = [held(session, Organization, organization_id) for organization_id in ids or ()]
    if ids is None or any(organization is None for organization in known):
        return await repository.with_ids(session, ids)
    return sorted((organization for organization in known if organization), key=lambda one: one.id)


def _plain(
    organization: Organization,
    *,
    credit: str,
    engagements: Sequence[Engagement],
    records: Sequence[TrackRecord],
    buyers: Mapping[UUID, str],
    names: Mapping[str, str],
    shares: dict[str, float],
    today: date,
) -> dict[str, Any]:
    district, street = _district_and_street(organization.area_path, names)
    holding = [engagement for engagement in engagements if engagement.state in HOLDING]
    return {
        "id": str(organization.id),
        "number": organization.number,
        "uscc": organization.uscc,
        "name": organization.name,
        "business_scope": organization.business_scope,
        "capability": organization.capability,
        "categories": list(organization.categories),
        "target_groups": [label("target_group", code) for code in organization.target_groups],
        "district": district,
        "street": street,
        "service_areas": list(dict.fromkeys(_district(path, names) for path in organization.service_areas)),
        "legal_person": organization.is_legal_person,
        "fiscal_sponsor_id": organization.fiscal_sponsor_id,
        "role": organization.marketplace_role,
        "credit_status": credit,
        "annual_inspection": {
            int(year): label("inspection_result", code)
            for year, code in organization.annual_inspection.items()
        },
        "rating": organization.rating,
        "rating_valid_until": organization.rating_valid_until,
        "honours": len(organization.honours),
        "certified_total": organization.certified_total,
        "supervisors": organization.supervisors,
        "qualifications": [held["name"] for held in organization.qualifications if _valid(held, today)],
        "capacity_max": organization.capacity_max,
        "active_engagements": len(holding),
        "engagements": [
            {
                "title": engagement.title,
                "buyer": buyers.get(engagement.buyer_id) if engagement.buyer_id else engagement.buyer_name,
                "project_id": str(engagement.project_id) if engagement.project_id else None,
            }
            for engagement in holding
        ],
        "preferred_budget_min": organization.preferred_budget_min_fen,
        "preferred_budget_max": organization.preferred_budget_max_fen,
        "last_year_income_fen": organization.last_year_income_fen,
        "established_on": organization.established_on,
        "track_record": [*_done_here(engagements, buyers, today), *_declared(records, names)],
        "conflicts": list(organization.conflicts),
        "buyer_shares": shares,
    }


def _credit(organization: Organization, events: Sequence[Any], today: date) -> str:
    if organization.state in (RegistrationStatus.CANCELLED, RegistrationStatus.REVOKED):
        return organization.state
    return rules.credit_status(events, today).value


def _valid(held: Mapping[str, Any], today: date) -> bool:
    until = held.get("valid_until")
    return until is None or date.fromisoformat(until) >= today


def _district(path: str, names: Mapping[str, str]) -> str:
    codes = path.split("/")
    return CITY_WIDE if codes == [CITY] else names.get(codes[1], codes[1])


def _district_and_street(path: str | None, names: Mapping[str, str]) -> tuple[str | None, str | None]:
    codes = (path or "").split("/")
    return (
        names.get(codes[1]) if len(codes) > 1 else None,
        names.get(codes[2]) if len(codes) > 2 else None,
    )


def _done_here(
    engagements: Sequence[Engagement], buyers: Mapping[UUID, str], today: date
) -> list[dict[str, Any]]:
    return [
        {
            "title": done.title,
            "year": (done.ends_on or done.starts_on or today).year,
            "amount_fen": done.amount_fen,
            "grade": label("grade", done.grade),
            "category": done.category,
            "buyer": buyers.get(done.buyer_id) if done.buyer_id else done.buyer_name,
            "district": None,
            "street": None,
        }
        for done in engagements
        if done.grade is not None
    ]


def _declared(records: Sequence[TrackRecord], names: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for record in records:
        district, street = _district_and_street(record.area_path, names)
        rows.append(
            {
                "title": record.title,
                "year": record.year,
                "amount_fen": record.amount_fen,
                "grade": label("grade", record.grade) if record.grade else None,
                "category": record.category,
                "buyer": record.buyer_name,
                "district": district,
                "street": street,
            }
        )
    return rows


def _shares(money: Sequence[tuple[str, UUID, int]]) -> dict[UUID, dict[str, float]]:
    """What share of each buyer's money of the last year went to each organization."""
    totals: dict[str, int] = defaultdict(int)
    for buyer, _, amount in money:
        totals[buyer] += amount
    shares: dict[UUID, dict[str, float]] = defaultdict(dict)
    for buyer, organization_id, amount in money:
        if totals[buyer]:
            shares[organization_id][buyer] = amount / totals[buyer]
    return shares
