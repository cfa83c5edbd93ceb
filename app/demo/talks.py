"""Talks at the fair of the demonstration: organizations show interest in projects that suit them, who buys accepts."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from random import Random
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import Initiator
from app.demo import accounts
from app.demo.accounts import STREET
from app.demo.stages import EDITION, signed_in
from app.fairs.models import Listing
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import Actor, Grant
from app.kernel.database import Database
from app.kernel.money import FEN
from app.matches import service as matches
from app.matches.models import MatchResult, MatchRun
from app.negotiations import service as negotiations
from app.negotiations.models import Intent
from app.negotiations.schemas import IntentDraft
from app.parties.models import Party
from app.projects.models import Project, ProjectState

TALKS = 240
OWN_TALKS = 3
"""Talks of the demonstration's agency, so that its account has a running order of its own."""
MOST_EACH = 3
"""Talks of one organization: as many as the edition lets it have unanswered on one day."""
BEST_PLACES = 6
AT_ONCE = 24
MESSAGES = (
    "愿意承接，可在会上说明服务方案与人员安排。",
    "我们在本区有同类项目经验，希望当面沟通服务对象与频次。",
    "团队可在签约后两周内进场，请约时间详谈。",
)
ON_OFFER = (ProjectState.PUBLISHED, ProjectState.NEGOTIATING)


class Pair(NamedTuple):
    """A project and an organization that fits it, who posted it, and what was offered for it."""

    project_id: UUID
    number: str
    area_path: str
    buyer_id: UUID
    budget_fen: int | None
    organization_id: UUID
    organization: str


async def agree(database: Database, fair_id: UUID, agent: Actor) -> int:
    """Interest of well ranked organizations in projects at the fair, accepted by who buys; how many are new."""
    (agency,) = agent.party_ids
    async with database.reading() as session:
        chosen = _chosen(await _ranked(session, fair_id, agency), agency)
        pairs = await _open_pairs(session, chosen)
    buyers = await _buyers(database, pairs)
    for first in range(0, len(pairs), AT_ONCE):
        async with database.writing() as session:
            for pair in pairs[first : first + AT_ONCE]:
                own = pair.organization_id == agency
                supplier = agent if own else speaker(pair.organization_id, pair.organization)
                intent = await negotiations.express(session, supplier, _interest(pair, fair_id))
                await negotiations.transition(session, buyers[_office(pair.area_path)], intent, "accept")
    return len(pairs)


async def _ranked(session: AsyncSession, fair_id: UUID, agency: UUID) -> list[Pair]:
    """The best places of the newest match for each project at the fair, and all places of the demonstration's agency."""
    newest = (
        select(MatchRun.id)
        .where(MatchRun.edition_code == EDITION, MatchRun.stored_at.is_not(None))
        .order_by(MatchRun.stored_at.desc(), MatchRun.id.desc())
        .limit(1)
    )
    rows = await session.execute(
        select(
            Project.id,
            Project.number,
            Project.area_path,
            Project.buyer_id,
            Project.budget_fen,
            Party.id,
            Party.name,
        )
        .join(MatchResult, MatchResult.project_id == Project.id)
        .join(Listing, Listing.project_id == Project.id)
        .join(Party, Party.id == MatchResult.organization_id)
        .where(
            MatchResult.run_id == newest.scalar_subquery(),
            Listing.fair_id == fair_id,
            Project.state.in_(ON_OFFER),
            or_(MatchResult.rank <= BEST_PLACES, MatchResult.organization_id == agency),
        )
        .order_by(Project.number, MatchResult.rank)
    )
    return [Pair(*row) for row in rows]


def _chosen(ranked: Iterable[Pair], agency: UUID) -> list[Pair]:
    """Some talks for the agency, some for every project of the story's street, the rest spread over all districts."""
    by_project: dict[str, list[Pair]] = defaultdict(list)
    for pair in ranked:
        by_project[pair.number].append(pair)
    own = [pair for places in by_project.values() for pair in places if pair.organization_id == agency]
    chosen = own[:OWN_TALKS]
    taken = Counter(pair.organization_id for pair in chosen)
    taken[agency] = MOST_EACH
    chance = Random("talks at the fair")
    projects = sorted(by_project)
    chance.shuffle(projects)
    projects.sort(key=lambda number: not by_project[number][0].area_path.startswith(STREET))
    for number in projects:
        free = [pair for pair in by_project[number] if taken[pair.organization_id] < MOST_EACH]
        some = free[: chance.choice((1, 1, 2))]
        taken.update(pair.organization_id for pair in some)
        chosen += some
        if len(chosen) >= TALKS:
            break
    return chosen[:TALKS]


async def _open_pairs(session: AsyncSession, chosen: Sequence[Pair]) -> list[Pair]:
    """Those of the pairs that no gate of this day keeps apart, and that have not found each other already."""
    wanted = [(pair.project_id, pair.organization_id) for pair in chosen]
    broken = await matches.gates(session, wanted, clock.today())
    known = await session.execute(
        select(Intent.project_id, Intent.organization_id).where(Intent.edition_code == EDITION)
    )
    met = {(row.project_id, row.organization_id) for row in known}
    return [
        pair
        for pair, key, problems in zip(chosen, wanted, broken, strict=True)
        if not problems and key not in met
    ]


def _interest(pair: Pair, fair_id: UUID) -> IntentDraft:
    chance = Random(f"interest in {pair.number} of {pair.organization}")
    whole_hundreds = (pair.budget_fen or 0) * chance.randint(92, 100) // 100 // 10_000 * 10_000
    return IntentDraft.model_validate(
        {
            "project": str(pair.project_id),
            "organization": str(pair.organization_id),
            "initiated_by": Initiator.ORGANIZATION,
            "quoted_fen": whole_hundreds or pair.budget_fen,
            "message": chance.choice(MESSAGES),
            "fair_id": fair_id,
        },
        by_name=True,
        by_alias=False,
        context=FEN,
    )


def speaker(organization_id: UUID, name: str) -> Actor:
    """Somebody of an organization that has no account in the demonstration."""
    return Actor(None, f"演示·{name}", (Grant(Role.ORGANIZATION, party_id=organization_id),))


def _office(area_path: str) -> str:
    """The account that answers for a place: the street of the story, else the bureau of the district."""
    if area_path.startswith(STREET):
        return accounts.name_of(Role.STREET)
    district = "/".join(area_path.split("/")[:2])
    return accounts.district_name(district) if "/" in district else accounts.name_of(Role.CITY_BUREAU)


async def _buyers(database: Database, pairs: Sequence[Pair]) -> Mapping[str, Actor]:
    names = sorted({_office(pair.area_path) for pair in pairs})
    return {name: await signed_in(database, name) for name in names}
