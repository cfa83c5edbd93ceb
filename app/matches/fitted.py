"""Fitted rankers: stored as curves anybody can read, put in the place of an edition's points while one is active."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import NotFound
from app.matches import repository
from app.matches.models import ModelVersion
from matching import Weights

LEARNED = "learned"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The hundred points of a learned ranker, and the curve along which each factor gives its part of them."""

    points: dict[str, float]
    curves: dict[str, tuple[float, ...]]

    def over(self, weights: Weights, name: str) -> Weights:
        """These curves in the place of the points; the open adjustments stay those of the edition."""
        return dataclasses.replace(
            weights, name=LEARNED, version=name, points=self.points, curves=self.curves
        )


_READ: dict[str, Fitted] = {}
"""Models already read by this process, by their hash: a model never changes."""


def written(weights: Weights) -> bytes:
    """Learned weights as they are stored: canonical JSON, no program in it."""
    content = {"points": dict(weights.points), "curves": {k: list(v) for k, v in weights.curves.items()}}
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def read(body: bytes) -> Fitted:
    """What `written` wrote, to the bit."""
    content = json.loads(body)
    return Fitted(content["points"], {k: tuple(v) for k, v in content["curves"].items()})


async def applied(session: AsyncSession, weights: Weights, model: ModelVersion) -> Weights:
    """An edition's weights as this model gives them."""
    found = _READ.get(model.sha256)
    if found is None:
        found = _READ[model.sha256] = read(await repository.fitted(session, model.id))
    return found.over(weights, model.name)


async def add_model(
    session: AsyncSession, actor: Actor, *, name: str, fitted: bytes, report: dict[str, Any]
) -> ModelVersion:
    """Store a fitted ranker with its report; it ranks nothing before it is activated."""
    row = ModelVersion(name=name, fitted=fitted, sha256=hashlib.sha256(fitted).hexdigest(), report=report)
    session.add(row)
    await session.flush()
    await journal.record(session, actor, _event(row, "model_added", {"sha256": row.sha256}))
    return row


async def activate(
    session: AsyncSession, actor: Actor, model_id: UUID | None, note: str | None = None
) -> ModelVersion | None:
    """Let this model rank from now on; None goes back to the expert weights. One is active at a time.

    What a model replaced when it first came is what a rollback from it returns to.
    """
    await repository.one_activation_at_a_time(session)
    before = await repository.active_model(session)
    row = await repository.model(session, model_id) if model_id else None
    if model_id is not None and row is None:
        raise NotFound()
    await repository.retire_models(session)
    if before is not None:
        await session.refresh(before)
    if row is not None:
        await session.refresh(row)
        if row.activated_at is None and before is not None:
            row.replaces_id = before.id
        row.active, row.activated_at = True, clock.now()
        await session.flush()
    subject = row or before
    if subject is not None:
        change = {"active": [before.name if before else None, row.name if row else None]}
        await journal.record(session, actor, _event(subject, "model_activated", change, note))
    return row


def _event(row: ModelVersion, name: str, change: dict[str, Any], note: str | None = None) -> journal.Event:
    audience = journal.Audience(level=journal.PUBLIC)
    return journal.Event("model_version", row.id, name, audience, number=row.name, note=note, change=change)
