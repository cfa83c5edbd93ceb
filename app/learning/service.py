"""The open door of learning: fit, judge, activate, roll back."""

import asyncio
import dataclasses
import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.kernel import clock, jobs
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import Choice
from app.learning import permissions, repository, rules
from app.learning.schemas import FitDraft, ModelState, ModelVersionView
from app.matches import service as matches
from app.matches.models import ModelVersion
from matching import FACTORS, Weights

if TYPE_CHECKING:
    from matching.learning import Learned, Outcome

FIT = "learning_fit"
LEARNER = machine("learning")
ACTIVATE, ROLL_BACK = "activate", "roll_back"
LABELS = {ACTIVATE: ("启用", "activate", "active"), ROLL_BACK: ("回退", "roll back", "retired")}

TOO_FEW = Problem(
    "too_few_outcomes",
    "结果太少，尚不能拟合：分界前后都须既有成功的、也有未成的。",
    "There are too few outcomes to fit: successes and failures are needed both before and after the split.",
)
ACTIVE_ALREADY = Problem("model_active", "该模型已在使用。", "The model ranks already.")
NOT_ACTIVE = Problem(
    "model_not_active",
    "该模型未在使用，无从回退。",
    "The model does not rank; there is nothing to roll back.",
)
NO_SUCH_EVENT = Problem("unknown_event", "没有这个操作。", "There is no such event.", "/event")


async def ask(session: AsyncSession, actor: Actor, draft: FitDraft) -> jobs.Job:
    """Ask for a fit; one already under way is returned instead. Raises `NotYou`."""
    if not permissions.may_decide(actor):
        raise NotYou()
    return await jobs.enqueue(session, actor, FIT, draft.model_dump(), key=FIT)


async def fit(attempt: jobs.Attempt) -> None:
    """The job of a fit: read outcomes, learn, store the candidate with its report. It ranks nothing yet."""
    from matching.learning import learn

    async with attempt.database.reading() as session:
        edition = await editions.current(session)
        current = await matches.in_force(session, edition)
        experts = await matches.of_edition(session, edition)
        found = await outcomes(session)
        name = f"{clock.today():%Y%m%d}-{await matches.model_count(session) + 1}"
    await attempt.progress(0, len(found), "learning")
    share, seed = attempt.payload["held_share"], attempt.payload["seed"]
    try:
        learned = await asyncio.to_thread(
            learn, found, current, experts=experts, version=name, held_share=share, seed=seed
        )
    except ValueError:
        raise NotNow(TOO_FEW) from None
    told = report(learned, found, current, experts)
    result: dict[str, Any] = {"model": name, "beats_current": learned.may_be_activated}
    async with attempt.finishing(result) as session:
        stored = matches.written(learned.weights)
        row = await matches.add_model(session, LEARNER, name=name, fitted=stored, report=told)
        result["model_version_id"] = str(row.id)


async def outcomes(session: AsyncSession) -> list["Outcome"]:
    """Every shown pair somebody acted on or must have seen, with its shares when it was shown and what became of it."""
    # scikit-learn takes seconds to import: only the job that fits a model pays for it.
    from matching.learning import Outcome

    places = await repository.shown(session)
    traces = await repository.traces(session)
    shown_under: dict[UUID, Weights] = {}
    for run_id, run in (await repository.runs(session, {place.run_id for place in places})).items():
        shown_under[run_id] = await matches.of_run(session, run)
    found = []
    for place in places:
        trace = traces.get((place.project_id, place.organization_id))
        if trace is None and place.rank > rules.SHOWN_PLACES:
            continue
        result = rules.result_of(trace) if trace is not None else "shown"
        found.append(
            Outcome(
                project_id=str(place.project_id),
                organization_id=str(place.organization_id),
                shares=rules.shares_of(place.factors, shown_under[place.run_id]),
                result=result,
                day=place.as_of,
                category=place.category,
                new_organization=rules.is_new(place.established_on, place.as_of),
                weight=rules.UNANSWERED if result == "shown" else 1.0,
            )
        )
    return found


def report(
    learned: "Learned", found: Sequence["Outcome"], current: Weights, experts: Weights
) -> dict[str, Any]:
    """The offline report as it is stored and shown; figures rounded, what cannot be measured null."""
    comparison = learned.comparison
    content = {
        "current": _name(current),
        "drawn_to": _name(experts),
        "beats_current": learned.may_be_activated,
        "objections": list(comparison.objections),
        "features": list(FACTORS),
        "outcomes": dict(Counter(outcome.result for outcome in found)),
        "projects": len({outcome.project_id for outcome in found}),
        "evidence": learned.evidence,
        "calibration": {"slope": learned.slope, "intercept": learned.intercept},
        "points": dict(learned.weights.points),
        "measures": {
            "current": dataclasses.asdict(comparison.current),
            "candidate": dataclasses.asdict(comparison.candidate),
        },
        "gain_low": comparison.gain_low,
        "slices": {
            name: {"current": dataclasses.asdict(before), "candidate": dataclasses.asdict(after)}
            for name, (before, after) in comparison.slices.items()
        },
        "drift": dict(comparison.drift),
    }
    rounded: dict[str, Any] = _rounded(content)
    return rounded


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def _name(weights: Weights) -> str:
    return f"{weights.name}/{weights.version}"


async def get(session: AsyncSession, actor: Actor, model_id: UUID) -> ModelVersion:
    """One model version. Raises `NotFound` for who is no official."""
    found = await matches.model(session, model_id) if permissions.may_see_models(actor) else None
    if found is None:
        raise NotFound()
    return found


async def transition(
    session: AsyncSession, actor: Actor, model: ModelVersion, event: str, note: str | None = None
) -> ModelVersion:
    """Activate a model, or roll back to what it replaced. Raises `NotYou`, `NotNow` (not better), `Malformed`."""
    if not permissions.may_decide(actor):
        raise NotYou()
    if event not in LABELS:
        raise Malformed(NO_SUCH_EVENT)
    raise_all(await _against(session, model, event))
    await matches.activate(session, actor, model.id if event == ACTIVATE else model.replaces_id, note)
    await session.refresh(model)
    return model


async def _against(session: AsyncSession, model: ModelVersion, event: str) -> list[Problem]:
    if event == ROLL_BACK:
        return [] if model.active else [NOT_ACTIVE]
    if model.active:
        return [ACTIVE_ALREADY]
    if model.activated_at is not None:
        return []  # it has ranked before: its report was accepted then
    in_force = await matches.in_force(session, await editions.current(session))
    return rules.unfit(model.report, _name(in_force))


async def choices(session: AsyncSession, actor: Actor, model: ModelVersion) -> list[Choice]:
    """What the caller may do with a model now, and what stands against it."""
    if not permissions.may_decide(actor):
        return []
    found = []
    for event, (zh, en, target) in LABELS.items():
        problems = tuple(await _against(session, model, event))
        found.append(Choice(event, target, zh, en, not problems, False, problems))
    return found


def state_of(model: ModelVersion) -> ModelState:
    if model.active:
        return "active"
    return "retired" if model.activated_at else "candidate"


async def views(session: AsyncSession, models: Sequence[ModelVersion]) -> list[ModelVersionView]:
    return [
        ModelVersionView(
            id=model.id,
            name=model.name,
            state=state_of(model),
            sha256=model.sha256,
            created_at=clock.local(model.created_at),
            activated_at=clock.local(model.activated_at) if model.activated_at else None,
            replaces_id=model.replaces_id,
            report=model.report,
        )
        for model in models
    ]


HANDLERS: dict[str, jobs.Handler] = {FIT: fit}
