"""Weight sets: added, never changed; an edition keeps the one it was first judged by. An active model ranks in their place."""

import dataclasses
from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions.models import Edition
from app.editions.schemas import WEIGHTS as FIRST_VERSION
from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotNow, NotYou, Problem
from app.matches import fitted, permissions, repository
from app.matches.models import MatchRun, WeightSet
from app.matches.schemas import WeightSetDraft, WeightSetView
from matching import GateRules, Weights

EXPERT = "expert"
_NAMED = ("name", "version", "points")
ADJUSTMENTS = tuple(f.name for f in dataclasses.fields(Weights) if f.name not in _NAMED)

UNKNOWN = Problem(
    "weights_unknown",
    "本届所定的权重版本不存在，请先登记该版本的权重。",
    "The edition names a weights version that does not exist; add it first.",
)
TAKEN = Problem(
    "weights_taken", "该名称与版本的权重已存在。", "A weight set of this name and version exists.", "/version"
)


def weights_from(row: WeightSet) -> Weights:
    """A stored set as the ranker takes it."""
    return _weights(row.name, row.version, row.points, row.adjustments)


def _weights(name: str, version: str, points: dict[str, Any], adjustments: dict[str, Any]) -> Weights:
    defaults = Weights()
    typed = {key: type(getattr(defaults, key))(value) for key, value in adjustments.items()}
    return Weights(name, version, MappingProxyType(dict(points)), **typed)


async def add(session: AsyncSession, actor: Actor, draft: WeightSetDraft) -> WeightSet:
    """Add a set. Raises `NotYou`, `Malformed` (points that do not add up, unknown names), `NotNow` (taken)."""
    if not permissions.may_set_weights(actor):
        raise NotYou()
    unknown = sorted(set(draft.adjustments) - set(ADJUSTMENTS))
    try:
        _weights(draft.name, draft.version, draft.points, {} if unknown else draft.adjustments)
    except ValueError as error:
        zh = "各因素分值须齐全、非负且合计 100 分。"
        raise Malformed(Problem("weights_invalid", zh, f"Invalid weights: {error}.", "/points")) from None
    if unknown:
        names = ", ".join(unknown)
        raise Malformed(
            Problem(
                "weights_invalid",
                f"没有这些调整项：{names}。",
                f"No such adjustments: {names}.",
                "/adjustments",
            )
        )
    if await repository.weight_set(session, draft.version, draft.name):
        raise NotNow(TAKEN)
    return await _store(session, actor, WeightSet(**draft.model_dump()))


async def _store(session: AsyncSession, actor: Actor, row: WeightSet) -> WeightSet:
    session.add(row)
    await session.flush()
    told = journal.Event(
        "weight_set",
        row.id,
        "added",
        journal.Audience(level=journal.PUBLIC),
        number=f"{row.name}/{row.version}",
    )
    await journal.record(session, actor, told)
    return row


async def in_force(session: AsyncSession, edition: Edition) -> Weights:
    """The weights an edition is, or would be, judged by at this moment: its own, or the active model's curves over them."""
    weights = await of_edition(session, edition)
    model = await repository.active_model(session)
    return weights if model is None else await fitted.applied(session, weights, model)


async def of_run(session: AsyncSession, run: MatchRun) -> Weights:
    """The weights a run was asked for with, whatever has been activated since."""
    row = await session.get(WeightSet, run.weight_set_id) if run.weight_set_id else None
    weights = weights_from(row) if row is not None else Weights()
    model = await repository.model(session, run.model_version_id) if run.model_version_id else None
    return weights if model is None else await fitted.applied(session, weights, model)


async def of_edition(session: AsyncSession, edition: Edition) -> Weights:
    """The experts' weights an edition is judged by, whatever was learned since."""
    row = await repository.weights_of(session, edition.code) or await repository.weight_set(
        session, edition.weights_version
    )
    if row is not None:
        return weights_from(row)
    return dataclasses.replace(Weights(), name=EXPERT, version=edition.weights_version)


async def frozen(session: AsyncSession, actor: Actor, edition: Edition) -> WeightSet:
    """The stored weights of an edition, frozen from now on. Raises `NotNow` when its version does not exist."""
    row = await repository.weights_of(session, edition.code)
    if row is not None:
        return row
    row = await repository.weight_set(session, edition.weights_version)
    if row is None:
        if edition.weights_version != FIRST_VERSION:
            raise NotNow(UNKNOWN)
        expert = Weights()
        row = await _store(
            session,
            actor,
            WeightSet(
                name=EXPERT,
                version=edition.weights_version,
                points=dict(expert.points),
                adjustments={name: getattr(expert, name) for name in ADJUSTMENTS},
                note=None,
            ),
        )
    await repository.freeze(session, edition.code, row.id)
    return row


def rules_of(edition: Edition) -> GateRules:
    """What an edition's settings change about the gates."""
    return GateRules(
        basic_inspection_fails=edition.settings.basically_qualified_hard,
        own_minimum_counts=edition.settings.h_budget,
    )


async def views(session: AsyncSession, rows: Sequence[WeightSet]) -> list[WeightSetView]:
    return [WeightSetView.model_validate(row) for row in rows]
