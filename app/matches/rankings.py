"""Rankings as people read them: from the live index or the stored run, gates of this moment, reasons, human decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.editions.models import Edition
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotNow, NotYou, Problem
from app.matches import facts, index, permissions, reasons, repository
from app.matches import weights as weight_sets
from app.matches.gates import gates
from app.matches.index import MarketIndex
from app.matches.models import Reordering
from app.matches.schemas import (
    EvidenceView,
    ExcludedItem,
    ExplanationView,
    GateView,
    MatchItem,
    RankChangeView,
    RankingView,
    ReorderingDraft,
    ReorderingView,
)
from app.organizations import service as organizations
from app.organizations.models import Organization
from app.projects import service as projects
from app.projects.models import Project
from matching import CODES, COLUMNS, Ranking, Weights
from matching import Organization as Offering
from matching import Project as Offered
from matching.explain import Evidence

SPARE = 5
"""Places read beyond the limit, because a gate of this moment may take some away."""
WARMING = Problem(
    "index_warming",
    "匹配索引正在建立，请稍后再试。",
    "The matching index is warming up; try again shortly.",
)
NOT_RANKED = Problem(
    "not_ranked",
    "该机构不在此项目的排序中。",
    "The organization is not in this project's ranking.",
    "/organization_id",
)


@dataclass(frozen=True, slots=True)
class Place:
    """One pair with its points in the order of `matching.COLUMNS`; `why` has a sentence (zh, en) for each where facts are at hand."""

    project_id: UUID
    organization_id: UUID
    score: float
    points: Sequence[float]
    no_data: Sequence[str]
    why: Sequence[tuple[str, str] | None] = (None,) * len(COLUMNS)


@dataclass(frozen=True, slots=True)
class Found:
    """Places best first, and where they come from."""

    places: list[Place]
    source: Literal["live", "run"]
    run_id: UUID | None
    weights: Weights


async def for_project(session: AsyncSession, actor: Actor, project: Project, limit: int) -> RankingView:
    """The organizations that fit a project, best first. Raises `NotYou` for who is no official of its area."""
    if not permissions.may_see_ranking(actor, project):
        raise NotYou()
    edition = await editions.get(session, project.edition_code)
    found = await _for_project(session, edition, project, limit + SPARE)
    items = await _items(session, found)
    _reorder(items, await repository.reorderings(session, project.id))
    return _view(found, items[:limit])


async def for_organization(
    session: AsyncSession, actor: Actor, organization: Organization, code: str | None, limit: int
) -> RankingView:
    """The open projects that fit an organization, best first, from the same score. Raises `NotYou`."""
    if not permissions.may_see_opportunities(actor, organization):
        raise NotYou()
    edition = await (editions.get(session, code) if code else editions.current(session))
    market = await index.current(session, edition)
    if market is not None and market.live is not None and market.weights is not None:
        places: list[Place] = []
        if market.live.ranker.projects_:
            asking = await _asking(session, market, organization)
            places = await market.ask(lambda live: places_of(live.projects_for(asking, limit + SPARE)))
        found = Found(places, "live", None, market.weights)
    else:
        found = await _stored(session, edition, limit + SPARE, organization_id=organization.id)
    return _view(found, (await _items(session, found))[:limit])


async def _for_project(session: AsyncSession, edition: Edition, project: Project, limit: int) -> Found:
    market = await index.current(session, edition)
    if market is None or market.live is None:
        return await _stored(session, edition, limit, project_id=project.id)
    asked = await _asked(session, market, project)
    places = await market.ask(lambda live: places_of(live.organizations_for(asked, limit)))
    assert market.weights is not None
    return Found(places, "live", None, market.weights)


async def _asked(session: AsyncSession, market: MarketIndex, project: Project) -> str | Offered:
    """A project by its id when the index holds it, as it would be posted when it is not on the market."""
    assert market.live is not None
    if str(project.id) in market.live.ranker.projects_:
        return str(project.id)
    return facts.project((await projects.for_matching(session, [project.id]))[0])


async def _asking(session: AsyncSession, market: MarketIndex, organization: Organization) -> str | Offering:
    """An organization by its id when the index holds it, as it would be registered when it is too new for that."""
    assert market.live is not None
    if str(organization.id) in market.live.ranker.organizations_:
        return str(organization.id)
    return facts.organization((await organizations.for_matching(session, [organization.id]))[0])


async def _stored(
    session: AsyncSession,
    edition: Edition,
    limit: int,
    *,
    project_id: UUID | None = None,
    organization_id: UUID | None = None,
) -> Found:
    run = await repository.newest_run(session, edition.code)
    if run is None:
        raise NotNow(WARMING)
    weights = await weight_sets.of_run(session, run)
    rows = await repository.ranked(
        session, run.id, project_id=project_id, organization_id=organization_id, limit=limit
    )
    places = [Place(r.project_id, r.organization_id, r.score, r.factors, r.no_data) for r in rows]
    return Found(places, "run", run.id, weights)


def places_of(ranking: Ranking) -> list[Place]:
    """The filled places of a ranking of one row, with their reasons."""
    row, told = ranking.row_ids[0], ranking.reasons(0)
    found = []
    for j, candidate in enumerate(ranking.candidate_ids[0]):
        if candidate is None:
            break
        pair = (row, candidate) if ranking.of_projects else (candidate, row)
        found.append(
            Place(
                UUID(pair[0]),
                UUID(pair[1]),
                float(ranking.scores[0, j]),
                [float(ranking.factors[name][0, j]) for name in COLUMNS],
                [name for name in COLUMNS if bool(ranking.no_data[name][0, j])],
                [(factor.zh, factor.en) for factor in told[j]],
            )
        )
    return found


async def _items(session: AsyncSession, found: Found) -> list[MatchItem]:
    """Views of the places that pass the gates of this moment."""
    pairs = [(place.project_id, place.organization_id) for place in found.places]
    broken = await gates(session, pairs, clock.today())
    passing = [place for place, problems in zip(found.places, broken, strict=True) if not problems]
    known, names = await repository.names(
        session, (p.project_id for p in passing), (p.organization_id for p in passing)
    )
    items = []
    for rank, place in enumerate(passing, 1):
        factors = reasons.factor_views(place.points, place.no_data, found.weights, place.why)
        zh, en = reasons.told(factors)
        number, title = known[place.project_id]
        items.append(
            MatchItem(
                rank=rank,
                machine_rank=rank,
                project_id=place.project_id,
                project_number=number,
                project_title=title,
                organization_id=place.organization_id,
                organization_name=names[place.organization_id],
                score=round(place.score, 3),
                factors=factors,
                reasons_zh=zh,
                reasons_en=en,
            )
        )
    return items


def _reorder(items: list[MatchItem], decisions: Sequence[Reordering]) -> None:
    """Put each organization where people decided, in the order of their decisions; the rest keep the machine's order."""
    for decision in decisions:
        at = next(
            (i for i, item in enumerate(items) if item.organization_id == decision.organization_id), None
        )
        if at is not None:
            item = items.pop(at)
            item.reordering = reordering_view(decision)
            items.insert(min(decision.rank - 1, len(items)), item)
    for rank, item in enumerate(items, 1):
        item.rank = rank


def _view(found: Found, items: list[MatchItem]) -> RankingView:
    return RankingView(
        as_of=clock.local(clock.now()),
        source=found.source,
        run_id=found.run_id,
        weights=f"{found.weights.name}/{found.weights.version}",
        gates_passed=list(CODES),
        items=items,
    )


async def excluded(session: AsyncSession, actor: Actor, project: Project) -> list[ExcludedItem]:
    """The organizations that gates keep from a project, with the gates' codes. Raises `NotYou`, `NotNow` while warming."""
    if not permissions.may_see_ranking(actor, project):
        raise NotYou()
    market = await index.current(session, await editions.get(session, project.edition_code))
    if market is None or market.live is None:
        raise NotNow(WARMING)
    asked = await _asked(session, market, project)
    found = await market.ask(lambda live: live.organizations_for(asked, 1).excluded(str(project.id)))
    codes = {UUID(key): value for key, value in found.items()}
    _, names = await repository.names(session, [], codes)
    return [
        ExcludedItem(organization_id=key, organization_name=names[key], codes=codes[key])
        for key in sorted(names)
    ]


async def explain(
    session: AsyncSession, actor: Actor, project: Project, organization: Organization
) -> ExplanationView:
    """Why an organization stands where it stands for a project, and what would change that. Raises `NotYou`, `NotNow`."""
    if not permissions.may_see_pair(actor, project, organization.id):
        raise NotYou()
    edition = await editions.get(session, project.edition_code)
    market = await index.current(session, edition)
    decisions = await repository.reorderings(session, project.id)
    decision = next((d for d in decisions if d.organization_id == organization.id), None)
    common: dict[str, Any] = {
        "as_of": clock.local(clock.now()),
        "project_id": project.id,
        "organization_id": organization.id,
        "organization_name": organization.name,
        "reordering": reordering_view(decision) if decision else None,
    }
    if market is None or market.live is None or str(organization.id) not in market.live.ranker.organizations_:
        return await _explained_by_run(session, edition, project, organization, common)
    asked = await _asked(session, market, project)
    pair = (str(project.id), str(organization.id))
    told = await market.ask(lambda live: live.organizations_for(asked, 1).explain(*pair))
    failed = [
        GateView(code=f.code, zh=f.rule_zh, en=f.rule_en, required=f.required, actual=f.actual)
        for f in told.failures
    ]
    broken = {gate.code for gate in failed}
    return ExplanationView(
        **common,
        source="live",
        rank=told.rank,
        eligible=told.eligible_count,
        score=round(told.score, 3),
        factors=[reasons.factor_view(f.name, f.points, f.of, f.no_data, (f.zh, f.en)) for f in told.factors],
        gates_passed=[code for code in CODES if code not in broken],
        gates_failed=failed,
        evidence=_evidence(told.evidence),
        changes=[
            RankChangeView(kind=c.kind, zh=c.zh, en=c.en, rank=c.rank, score=round(c.score, 3))
            for c in told.changes
        ],
    )


def _evidence(found: Evidence) -> EvidenceView:
    return EvidenceView(
        services_zh=[zh for _, zh, _ in found.services],
        services_en=[en for _, _, en in found.services],
        project_words=list(found.project_words),
        organization_words=list(found.organization_words),
        past_project=found.record.title if found.record else None,
    )


async def _explained_by_run(
    session: AsyncSession,
    edition: Edition,
    project: Project,
    organization: Organization,
    common: dict[str, Any],
) -> ExplanationView:
    run = await repository.newest_run(session, edition.code)
    row = await repository.place(session, run.id, project.id, organization.id) if run else None
    problems = (await gates(session, [(project.id, organization.id)], clock.today()))[0]
    failed = [
        GateView(code=p.code, zh=p.zh, en=p.en, required=p.values["required"], actual=p.values["actual"])
        for p in problems
    ]
    if row is None and not failed:
        raise NotNow(WARMING)
    weights = await (weight_sets.of_run(session, run) if run else weight_sets.in_force(session, edition))
    broken = {gate.code for gate in failed}
    return ExplanationView(
        **common,
        source="run",
        rank=row.rank if row and not failed else None,
        eligible=None,
        score=round(row.score, 3) if row else None,
        factors=reasons.factor_views(row.factors, row.no_data, weights) if row else [],
        gates_passed=[code for code in CODES if code not in broken],
        gates_failed=failed,
        evidence=None,
        changes=[],
    )


async def reorder(
    session: AsyncSession, actor: Actor, project: Project, draft: ReorderingDraft
) -> Reordering:
    """Record that a person places an organization elsewhere, and why; learning reads these. Raises `NotYou`, `NotNow`."""
    if not permissions.may_reorder(actor, project):
        raise NotYou()
    edition = await editions.get(session, project.edition_code)
    found = await _for_project(session, edition, project, 50)
    machine = {place.organization_id: rank for rank, place in enumerate(found.places, 1)}
    if draft.organization_id not in machine:
        raise NotNow(NOT_RANKED)
    newest = await repository.newest_run(session, edition.code)
    place = found.places[machine[draft.organization_id] - 1]
    decision = Reordering(
        project_id=project.id,
        organization_id=draft.organization_id,
        run_id=newest.id if newest else None,
        machine_rank=machine[draft.organization_id],
        rank=draft.rank,
        score=place.score,
        reason=draft.reason,
        account_id=actor.account_id,
        decided_by=actor.label,
    )
    session.add(decision)
    await session.flush()
    change = {
        "organization_id": str(draft.organization_id),
        "rank": [decision.machine_rank, decision.rank],
        "reason": draft.reason,
    }
    audience = journal.Audience(project.area_path, level=journal.OFFICIALS)
    told = journal.Event("project", project.id, "reordered", audience, project.number, change=change)
    await journal.record(session, actor, told)
    return decision


def reordering_view(decision: Reordering) -> ReorderingView:
    return ReorderingView(
        rank=decision.rank,
        machine_rank=decision.machine_rank,
        reason=decision.reason,
        decided_by=decision.decided_by,
        decided_at=clock.local(decision.decided_at),
    )


async def place_of(session: AsyncSession, project_id: UUID, organization_id: UUID) -> dict[str, Any] | None:
    """Where the newest stored run put a pair: what an award is compared with; None when it did not rank it."""
    row = await repository.newest_place(session, project_id, organization_id)
    if row is None:
        return None
    return {"run_id": str(row.run_id), "rank": row.rank, "score": round(row.score, 3)}
