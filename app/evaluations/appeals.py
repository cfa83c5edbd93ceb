"""Appeals: once, in time, heard by somebody who had no part in it; an upheld one corrects the result."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.evaluations import permissions, repository, rules
from app.evaluations.lifecycle import LIFECYCLE
from app.evaluations.models import Appeal, Evaluation
from app.evaluations.schemas import AppealView, Correction
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.errors import NotFound
from app.kernel.lifecycle import data_as, move


async def appeal(session: AsyncSession, actor: Actor, evaluation: Evaluation, note: str | None) -> Evaluation:
    """Object to the result; `note` says why."""
    await move(session, LIFECYCLE, evaluation, "appeal", actor, note)
    side = "supplier" if permissions.is_supplier(actor, evaluation) else "buyer"
    session.add(Appeal(evaluation_id=evaluation.id, grounds=note, filed_by=actor.account_id, filed_side=side))
    await session.flush()
    return evaluation


async def decide(
    session: AsyncSession,
    actor: Actor,
    evaluation: Evaluation,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Evaluation:
    """Uphold, with the corrected total or finding, or dismiss; the grade follows the same table and caps."""
    correction = data_as(Correction, data) if event == "uphold" else None
    before = {"total": str(evaluation.total), "grade": evaluation.grade}
    await move(session, LIFECYCLE, evaluation, event, actor, note, change={"before": before})
    found = await repository.appeal(session, evaluation.id)
    assert found is not None
    found.total_before, found.grade_before = evaluation.total, evaluation.grade
    found.upheld, found.decision = correction is not None, note
    found.decided_by, found.decided_by_label, found.decided_at = actor.account_id, actor.label, clock.now()
    if correction is not None:
        assert evaluation.total is not None
        total = correction.total if correction.total is not None else evaluation.total
        misuse = correction.misuse_of_funds
        misuse = bool(evaluation.misuse_of_funds) if misuse is None else misuse
        evaluation.total, evaluation.misuse_of_funds, evaluation.corrected = total, misuse, True
        evaluation.grade = rules.grade(total, evaluation.satisfaction_index, misuse_of_funds=misuse)
    await session.flush()
    return evaluation


async def view(session: AsyncSession, actor: Actor, evaluation: Evaluation) -> AppealView:
    """The appeal against a result, for whoever may read the sheets. Raises `NotFound`."""
    found = await repository.appeal(session, evaluation.id)
    if found is None or not permissions.reads_sheets(actor, evaluation):
        raise NotFound()
    return AppealView.model_validate(found)
