"""Fair-wide plans: asked for, computed from a run's stored inputs outside any transaction, refereed, stored with what repeats them."""

import asyncio
import hashlib
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.kernel import clock, jobs, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem
from app.matches import facts, permissions, planning, repository
from app.matches import weights as weight_sets
from app.matches.encoding import text_model
from app.matches.gates import gates
from app.matches.models import MatchPlan, MatchPlanPair, MatchRun
from app.matches.planning import Planned
from app.matches.runs import MATCHER, progress_of, texts_of
from app.matches.schemas import (
    PlanDemandDraft,
    PlanDraft,
    PlanOutcome,
    PlanPairDraft,
    PlanPairView,
    PlanView,
    RelaxationView,
)
from app.organizations.models import Organization
from app.projects.models import Project
from matching import GateRules, MemoryStore, Ranker, Weights
from matching import Organization as Offering
from matching import Project as Offered

PLAN = "match_plan"
SIDES = {"project": Project, "organization": Organization}
"""What a wish may name, and where its number is looked up."""

NO_RUN = Problem(
    "no_stored_run",
    "本届尚无已完成的匹配，请先运行匹配。",
    "No match run of this edition is stored yet; run one first.",
    "/run_id",
)


async def start(session: AsyncSession, actor: Actor, code: str, draft: PlanDraft) -> MatchPlan:
    """Ask for a plan from a stored run; the same wishes still under way are returned instead.

    Raises `NotYou`, `NotNow` when no run is stored, `Malformed` when a wish names what the run did not see.
    """
    edition = await editions.get(session, code)
    if not permissions.may_run(actor, edition.city_path):
        raise NotYou()
    run = await _run(session, code, draft.run_id)
    wishes = await _by_ids(session, run, draft)
    told = wishes.model_dump(mode="json")
    key = hashlib.sha256(facts.canonical({"edition": code, "wishes": told})).hexdigest()
    job = await jobs.enqueue(session, actor, PLAN, {"edition": code}, key=key)
    plan = await repository.plan_of_job(session, job.id)
    if plan is None:
        plan = MatchPlan(
            edition_code=code, run_id=run.id, job_id=job.id, requested_by=actor.label, wishes=told
        )
        session.add(plan)
        await session.flush()
        await journal.record(session, actor, _event(plan, "requested"))
    return plan


async def _run(session: AsyncSession, code: str, run_id: UUID | None) -> MatchRun:
    run = await (repository.run(session, run_id) if run_id else repository.newest_run(session, code))
    if run is None or run.stored_at is None or run.edition_code != code:
        raise NotNow(NO_RUN)
    return run


async def _by_ids(session: AsyncSession, run: MatchRun, draft: PlanDraft) -> PlanDraft:
    """The wishes with every number turned into an id that the run saw. Raises `Malformed` with all that are unknown."""
    wished: dict[str, Sequence[PlanPairDraft | PlanDemandDraft]] = {
        "forced": draft.forced,
        "forbidden": draft.forbidden,
        "demands": draft.demands,
    }
    named = [
        (f"/{wish}/{at}/{side}", side, getattr(one, side))
        for wish, many in wished.items()
        for at, one in enumerate(many)
        for side in SIDES
        if hasattr(one, side)
    ]
    known: dict[str, str] = {}
    for side, model in SIDES.items():
        refs = [ref for _, at_side, ref in named if at_side == side]
        known |= await repository.ids_by_ref(session, model, refs)
    inputs = await repository.inputs_of(session, run.id)
    assert inputs is not None, "a stored run has its inputs"
    on_offer, offering = await asyncio.to_thread(facts.read, facts.opened(inputs))
    seen = {one.id for one in on_offer} | {one.id for one in offering}
    if unknown := [_not_in_run(ref, pointer) for pointer, _, ref in named if known.get(ref) not in seen]:
        raise Malformed(*unknown)

    def resolved(pairs: Sequence[PlanPairDraft]) -> list[PlanPairDraft]:
        return [PlanPairDraft(project=known[p.project], organization=known[p.organization]) for p in pairs]

    return draft.model_copy(
        update={
            "run_id": run.id,
            "forced": resolved(draft.forced),
            "forbidden": resolved(draft.forbidden),
            "demands": [d.model_copy(update={"project": known[d.project]}) for d in draft.demands],
        }
    )


def _not_in_run(ref: str, pointer: str) -> Problem:
    return Problem(
        "not_in_run",
        f"“{ref}”不在该次匹配之中。",
        f"{ref} was not part of the run.",
        pointer,
        {"ref": ref},
    )


async def get(session: AsyncSession, actor: Actor, plan_id: UUID) -> MatchPlan:
    """One plan as a whole. Raises `NotFound` for who is neither bureau nor auditor."""
    found = await repository.plan(session, plan_id) if permissions.may_see_plans(actor) else None
    if found is None:
        raise NotFound()
    return found


async def perform(attempt: jobs.Attempt) -> None:
    """The job of a plan: read the run's inputs, score, solve, let the referee check, store."""
    started = time.monotonic()
    async with attempt.database.reading() as session:
        plan = await repository.plan_of_job(session, attempt.job_id)
        run = await repository.run(session, plan.run_id) if plan else None
        inputs = await repository.inputs_of(session, run.id) if run else None
        if plan is None or run is None or inputs is None:
            raise NotFound()
        weights = await weight_sets.of_run(session, run)
        on_offer, offering = facts.read(facts.opened(inputs))
        vectors = await repository.vectors(session, texts_of(on_offer, offering))
        known, names = await repository.names(
            session, (UUID(one.id) for one in on_offer), (UUID(one.id) for one in offering)
        )
    labels = {str(key): f"{number}《{title}》" for key, (number, title) in known.items()}
    labels |= {str(key): f"“{name}”" for key, name in names.items()}
    await attempt.progress(0, len(on_offer), "planning")
    wishes = PlanDraft.model_validate(plan.wishes)
    store = MemoryStore(vectors)
    made = await asyncio.to_thread(
        solved, on_offer, offering, run.as_of, weights, rules_of(run), wishes, store, labels
    )
    await attempt.progress(len(on_offer), len(on_offer), "storing")
    told: dict[str, Any] = {"plan_id": str(plan.id), "outcome": made.outcome.value}
    async with attempt.finishing(told) as session:
        stored = await repository.plan(session, plan.id)
        assert stored is not None
        stored.stored_at, stored.outcome = clock.now(), made.outcome
        stored.summary = {**made.figures, "seconds": round(time.monotonic() - started, 1)}
        stored.relaxations = made.relaxations
        stored.fingerprint = fingerprint(run, weights, plan.wishes)
        stored.plan_sha256 = made.sha256
        await session.flush()
        await repository.store_pairs(session, _rows(plan.id, made))
        change = {"outcome": made.outcome.value, **made.figures, "relaxations": len(made.relaxations)}
        await journal.record(session, MATCHER, _event(stored, "stored", change))


def solved(
    on_offer: Sequence[Offered],
    offering: Sequence[Offering],
    as_of: date,
    weights: Weights,
    rules: GateRules,
    wishes: PlanDraft,
    store: MemoryStore,
    labels: Mapping[str, str] | None = None,
    known: Sequence[Mapping[str, Any]] = (),
) -> Planned:
    """The plan of a run's inputs. Pure: the same inputs give the same plan, which is how a dossier is replayed."""
    ordered = sorted(offering, key=lambda one: one.id)
    encoder = text_model().encoder
    ranker = Ranker(as_of, weights=weights, rules=rules, encoder=encoder, store=store)
    scores = ranker.fit(ordered).table(on_offer)
    fair = planning.fair_of(on_offer, ordered, scores, wishes, as_of)
    return planning.planned(fair, wishes, lambda key: (labels or {}).get(key, key), known)


def rules_of(run: MatchRun) -> GateRules:
    """The gate rules a run was made under."""
    return GateRules(**(run.summary or {}).get("rules", {}))


def fingerprint(run: MatchRun, weights: Weights, wishes: Mapping[str, Any]) -> str:
    """SHA-256 of everything a plan follows from: the run's inputs, the weights, the wishes."""
    content = {
        "inputs": run.fingerprint,
        "weights": f"{weights.name}/{weights.version}",
        "encoder": run.encoder,
        "wishes": dict(wishes),
    }
    return hashlib.sha256(facts.canonical(content)).hexdigest()


def _rows(plan_id: UUID, made: Planned) -> list[dict[str, Any]]:
    return [
        {
            "plan_id": plan_id,
            "project_id": UUID(place.project_id),
            "place": place.place,
            "organization_id": UUID(place.organization_id),
            "alternate": place.alternate,
            "score": place.score,
        }
        for place in made.places
    ]


async def views(session: AsyncSession, plans: Sequence[MatchPlan]) -> list[PlanView]:
    """Plans with how far their jobs are: one statement."""
    found = await repository.jobs_of(session, (plan.job_id for plan in plans))
    return [
        PlanView(
            id=plan.id,
            edition=plan.edition_code,
            run_id=plan.run_id,
            requested_by=plan.requested_by,
            requested_at=clock.local(plan.requested_at),
            stored_at=clock.local(plan.stored_at) if plan.stored_at else None,
            job=progress_of(found.get(plan.job_id)),
            outcome=PlanOutcome(plan.outcome) if plan.outcome else None,
            wishes=plan.wishes,
            summary=plan.summary,
            relaxations=[RelaxationView.model_validate(rule) for rule in plan.relaxations],
            fingerprint=plan.fingerprint,
            plan_sha256=plan.plan_sha256,
            dossier=f"/api/v1/plans/{plan.id}/dossier" if plan.stored_at else None,
        )
        for plan in plans
    ]


async def pair_views(session: AsyncSession, pairs: Sequence[MatchPlanPair]) -> list[PlanPairView]:
    """Places with names and the gates that have closed since, in a fixed number of statements."""
    named = [(pair.project_id, pair.organization_id) for pair in pairs]
    broken = await gates(session, named, clock.today())
    known, names = await repository.names(session, (p for p, _ in named), (o for _, o in named))
    return [
        PlanPairView(
            plan_id=pair.plan_id,
            project_id=pair.project_id,
            project_number=known[pair.project_id][0],
            project_title=known[pair.project_id][1],
            organization_id=pair.organization_id,
            organization_name=names[pair.organization_id],
            place=pair.place,
            alternate=pair.alternate,
            score=round(pair.score, 3),
            gates_now=[problem.code for problem in problems],
        )
        for pair, problems in zip(pairs, broken, strict=True)
    ]


def _event(plan: MatchPlan, name: str, change: dict[str, Any] | None = None) -> journal.Event:
    audience = journal.Audience("", level=journal.OFFICIALS)
    return journal.Event("match_plan", plan.id, name, audience, number=plan.edition_code, change=change or {})
