"""The intake of projects, one or thousands at a time: submit, review, admit, publish, list again; and how each begins or ends.

Each plural act takes a fixed number of statements. What stands in the way of one project does not stop the others.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions.models import Edition
from app.funding import service as funding
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotNow, SheqiaError, raise_all
from app.kernel.lifecycle import Case, lock_many, move_many
from app.projects import facts as loading
from app.projects import rules
from app.projects.facts import Facts
from app.projects.lifecycle import LIFECYCLE
from app.projects.lots import follow_parents
from app.projects.models import Project, ProjectState

Outcome = dict[UUID, SheqiaError | None]
Data = Mapping[str, Any]
NOT_ADMITTED = frozenset(
    {ProjectState.DRAFT, ProjectState.RETURNED, ProjectState.SUBMITTED, ProjectState.UNDER_REVIEW}
)
"""No line's money is committed to these yet, and nothing is offered."""


async def submit_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """Hand drafts in; asked for is everything a project needs (DESIGN §8.7)."""
    values = {"submitted_by": actor.account_id, "submitted_at": clock.now()}
    return await _move(session, actor, projects, "submit", note, values=values)


async def start_review_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """Take submitted projects into review."""
    return await _move(session, actor, projects, "start_review", note)


async def approve_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """Admit projects after every check, and commit the money of the lines that pay for them; all judged under their locks."""
    things = await lock_many(session, Project, [project.id for project in projects])
    seen = await loading.load_many(session, things)
    passing = [project for project in things if _passes(project, "approve", actor, note, seen, data)]
    wanted = {project.id: seen[project.id].parts for project in passing if seen[project.id].parts}
    refused = await _commit(session, actor, wanted)
    for project_id, parts in wanted.items():
        if project_id not in refused:
            committed = sum(part.amount_fen for part in parts)
            seen[project_id] = replace(seen[project_id], committed_fen=committed, parts=())
        else:
            problems = refused[project_id].problems
            seen[project_id] = replace(seen[project_id], parts=(), funding_problems=problems)
    values = {"reviewed_by": actor.account_id}
    return await _move(session, actor, things, "approve", note, facts=seen, data=data, values=values)


async def _commit(
    session: AsyncSession, actor: Actor, wanted: Mapping[UUID, Sequence[funding.Part]]
) -> dict[UUID, SheqiaError]:
    """Commit the money of all at once; when one cannot be carried, of each that can."""
    try:
        await funding.allocate_many(session, actor, wanted)
        return {}
    except NotNow as error:
        if len(wanted) == 1:
            return dict.fromkeys(wanted, error)
    refused: dict[UUID, SheqiaError] = {}
    for project_id, parts in wanted.items():
        refused |= await _commit(session, actor, {project_id: parts})
    return refused


async def admit_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """Take submitted projects into review and admit those that pass every check, in one act."""
    submitted = [project for project in projects if project.state == ProjectState.SUBMITTED]
    outcome = await start_review_many(session, actor, submitted, note)
    stuck = {project_id for project_id, error in outcome.items() if error is not None}
    rest = [project for project in projects if project.id not in stuck]
    return outcome | await approve_many(session, actor, rest, note, data)


async def publish_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """Publish admitted projects inside the call window; from now on they are everybody's, and their budget is offered."""
    now = clock.now()
    return await _list(session, actor, projects, "publish", note, lambda project: {"published_at": now})


async def relist_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """List unsuccessful projects for another round, saying what was changed or why nothing was."""
    return await _list(
        session,
        actor,
        projects,
        "relist",
        note,
        lambda project: {"round": project.round + 1, "unsuccessful_reason": None},
    )


async def _list(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    event: str,
    note: str | None,
    columns: Callable[[Project], dict[str, Any]],
) -> Outcome:
    things = await lock_many(session, Project, [project.id for project in projects])
    seen = await loading.load_many(session, things, whole=False)
    outcome: Outcome = {}
    alike: dict[tuple[Any, ...], list[Project]] = defaultdict(list)
    for project in things:
        values = columns(project) | {"intents_until": deadline(seen[project.id].edition)}
        alike[tuple(values.items())].append(project)
    for shared, some in alike.items():
        outcome |= await _move(session, actor, some, event, note, facts=seen, values=dict(shared))
    # A second round offers nothing twice.
    budgets = {project: project.budget_fen or 0 for project in things if outcome[project.id] is None}
    known = {project.id: seen[project.id].standing for project in things}
    await offer(session, actor, budgets, known)
    return outcome


async def offer(
    session: AsyncSession,
    actor: Actor,
    wanted: Mapping[Project, int],
    known: Mapping[UUID, funding.Standing],
    why: str | None = None,
) -> None:
    """Write into the ledger what brings the offer of each project to what is wanted."""
    postings = [
        funding.Posting(
            funding.Measure.OFFERED,
            project.id,
            fen - known[project.id].offered_fen,
            f"{project.number}/{why or project.round}",
            area_path=project.area_path,
        )
        for project, fen in wanted.items()
        if fen != known[project.id].offered_fen
    ]
    await funding.post_many(session, actor, postings, known)


async def give_up_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
    *,
    event: str,
) -> Outcome:
    """Return, reject, refuse or withdraw projects with the reason: their money is free again, and what ends is offered no more."""
    things = await lock_many(session, Project, [project.id for project in projects])
    passing = [project for project in things if _passes(project, event, actor, note, {}, data)]
    moneyed = [project for project in passing if project.state not in NOT_ADMITTED]
    if moneyed:
        known = await funding.standings(session, [project.id for project in moneyed])
        await funding.release_many(session, actor, known, known)
    outcome = await _move(session, actor, things, event, note, data=data)
    if moneyed:
        await offer(session, actor, dict.fromkeys(moneyed, 0), known, "withdrawn")
    return outcome


async def declare_unsuccessful_many(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    note: str | None = None,
    data: Data | None = None,
) -> Outcome:
    """End the round of projects without an award, for a reason of the code table. Raises `Malformed`."""
    reason, problems = rules.reason_code(data or {})
    raise_all(problems, Malformed)
    values = {"unsuccessful_reason": reason}
    return await _move(
        session, actor, projects, "declare_unsuccessful", note, values=values, change={"reason": reason}
    )


def deadline(edition: Edition) -> date:
    """Until when intents are taken: the end of the fair, and never less than the time an intent may take."""
    return max(edition.fair_closes_on, clock.today() + timedelta(days=edition.settings.intent_days))


def _passes(
    project: Project,
    event: str,
    actor: Actor,
    note: str | None,
    seen: Mapping[UUID, Facts],
    data: Data | None,
) -> bool:
    line = LIFECYCLE.line(project.state, event)
    if line is None or not (actor.is_system or line.who(actor, project)):
        return False
    return not LIFECYCLE.judge(line, Case(project, actor, data or {}, seen.get(project.id), note))


async def _move(
    session: AsyncSession,
    actor: Actor,
    projects: Sequence[Project],
    event: str,
    note: str | None,
    *,
    facts: Mapping[UUID, Facts] | None = None,
    data: Data | None = None,
    values: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
) -> Outcome:
    if not projects:
        return {}
    locked = await lock_many(session, Project, [project.id for project in projects])
    outcome = await move_many(
        session, LIFECYCLE, locked, event, actor, note, facts=facts, data=data, values=values, change=change
    )
    moved = [project for project in locked if outcome[project.id] is None]
    await follow_parents(session, actor, moved)
    return outcome
