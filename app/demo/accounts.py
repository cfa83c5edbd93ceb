"""One account for each role of the fair, so that anyone can play the whole story."""

import secrets
from dataclasses import dataclass
from uuid import UUID

from pydantic import SecretStr
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.areas.models import Area
from app.identity import repository, service
from app.identity.roles import LABELS, Role
from app.identity.schemas import AccountDraft, GrantDraft
from app.installation.accounts import Credentials, keep, kept
from app.kernel.actor import machine
from app.kernel.database import Database
from app.organizations.models import Organization
from app.parties import service as parties
from app.parties.models import PartyKind
from app.parties.schemas import PartyDraft
from app.settings import Settings

DEMO = machine("demo")
CITY, DISTRICT, STREET = "3201", "3201/320102", "3201/320102/320102007"
PLACES = {
    Role.CITY_BUREAU: CITY,
    Role.DISTRICT_BUREAU: DISTRICT,
    Role.STREET: STREET,
    Role.VOLUNTEER: STREET,
    Role.RESIDENT: STREET,
    Role.FAIR_OPERATOR: CITY,
    Role.AUDITOR: "",
}
"""The area each area-bound role of the demonstration holds; the community is found among those the lists name."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One account to open."""

    name: str
    role: Role
    area: str | None = None
    party: UUID | None = None
    label: str | None = None


def name_of(role: Role) -> str:
    return f"demo.{role.replace('_', '-')}"


async def exist(session: AsyncSession) -> bool:
    """Whether this installation has been given the demonstration's accounts."""
    return await repository.account_named(session, name_of(Role.CITY_BUREAU)) is not None


def district_name(path: str) -> str:
    """The account of the bureau of one district; the first is the one that plays the story."""
    own = "" if path == DISTRICT else f".{path.rsplit('/', 1)[-1].lower()}"
    return name_of(Role.DISTRICT_BUREAU) + own


async def open_officials(database: Database, settings: Settings) -> None:
    """The accounts that need no list to have been imported, one bureau for each district. Harmless when they are there."""
    async with database.writing() as session:
        wanted = [Wanted(name_of(role), role, area) for role, area in PLACES.items()]
        districts = await session.execute(
            select(Area.path, Area.name).where(Area.level == "district").order_by(Area.path)
        )
        wanted += [
            Wanted(district_name(path), Role.DISTRICT_BUREAU, path, label=f"{name}民政局")
            for path, name in districts
            if path != DISTRICT
        ]
        await _open(session, settings, wanted)


async def open_others(database: Database, settings: Settings) -> None:
    """The accounts of a community and of parties, found among what the lists brought. Harmless when they are there."""
    async with database.writing() as session:
        community = await session.scalar(
            select(Area.path).where(Area.path.startswith(STREET + "/")).order_by(Area.path).limit(1)
        )
        drafts = [
            PartyDraft(kind=PartyKind.EVALUATOR, name="江苏明镜社会组织评估中心", area_path=CITY),
            PartyDraft(kind=PartyKind.FUNDER, name="金陵同心公益基金会（演示）", area_path=CITY),
        ]
        evaluator, funder = await parties.ensure_many(session, DEMO, drafts)
        agency, other = await _able_organizations(session)
        speaking = {
            Role.ORGANIZATION: agency,
            Role.SOCIAL_WORK_AGENCY: other,
            Role.SOCIAL_WORKER: agency,
            Role.EVALUATOR: evaluator.id,
            Role.CHARITY_FUNDER: funder.id,
        }
        wanted = [Wanted(name_of(Role.COMMUNITY), Role.COMMUNITY, community or STREET)]
        wanted += [Wanted(name_of(role), role, party=party) for role, party in speaking.items()]
        await _open(session, settings, wanted)


async def _able_organizations(session: AsyncSession) -> list[UUID]:
    """Two organizations of the district that may take on elderly care: well rated, with free places, in good standing."""
    found = await session.scalars(
        select(Organization.id)
        .where(
            Organization.state == "registered",
            Organization.rating.in_(("3A", "4A", "5A")),
            Organization.capacity_max >= 3,
            Organization.categories.contains(["elderly_care"]),
            or_(Organization.service_areas.contains([DISTRICT]), Organization.service_areas.contains([CITY])),
            Organization.area_path.startswith(DISTRICT),
            Organization.certified_total >= 3,
        )
        .order_by(Organization.rating.desc(), Organization.capacity_max.desc(), Organization.number)
        .limit(2)
    )
    return list(found)


async def _open(session: AsyncSession, settings: Settings, wanted: list[Wanted]) -> None:
    held = {account.name: account for account in kept(settings.credentials_file)}
    for one in wanted:
        if await repository.account_named(session, one.name) is not None:
            continue
        password = secrets.token_urlsafe(12)
        draft = AccountDraft(
            name=one.name,
            label=f"演示·{one.label or LABELS[one.role][0]}",
            password=SecretStr(password),
            grants=[GrantDraft(role=one.role, area_path=one.area, party_id=one.party)],
        )
        account = await service.create(session, DEMO, draft)
        token, _ = await service.issue_token(session, account.id, "demo", days=settings.token_days)
        held[one.name] = Credentials(one.role, one.name, password, token)
    # Written before the commit, as for the first administrator: a stale line is better than a lost password.
    keep(settings.credentials_file, list(held.values()))
