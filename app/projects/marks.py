"""Moves that later domains bring about, each in the transaction of its own act. Who may was asked there."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import UnsuccessfulReason
from app.funding import service as funding
from app.kernel.actor import Actor, machine
from app.kernel.errors import raise_all
from app.kernel.lifecycle import Case, move
from app.projects import rules
from app.projects.admission import offer
from app.projects.entering import existing
from app.projects.lifecycle import LIFECYCLE
from app.projects.lots import follow_parents
from app.projects.models import Project, ProjectState


async def _mark(
    session: AsyncSession, actor: Actor, project_id: UUID, event: str, note: str | None, **columns: Any
) -> Project:
    project = await _alone(session, project_id)
    await move(session, LIFECYCLE, project, event, actor, note, owned=True, values=columns)
    await follow_parents(session, actor, [project])
    return project


async def _alone(session: AsyncSession, project_id: UUID) -> Project:
    """A project that later domains deal with: one with lots never is, its lots are."""
    project = await existing(session, project_id)
    raise_all(rules.is_no_parent(Case(project, machine("marks"))))
    return project


async def mark_negotiating(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """An intent is open. Harmless when others are open already."""
    project = await _alone(session, project_id)
    if project.state == ProjectState.NEGOTIATING:
        return project
    return await _mark(session, actor, project_id, "open_talks", note)


async def mark_award_proposed(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "propose_award", note)


async def mark_award_notice(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "give_notice", note)


async def mark_awarded(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "award", note)


async def mark_award_cancelled(
    session: AsyncSession,
    actor: Actor,
    project_id: UUID,
    note: str | None = None,
    *,
    to: Literal["negotiating", "published"],
) -> Project:
    """The award fell: talks go on where a shortlisted intent remains, else the project is offered again."""
    event = "reopen_talks" if to == "negotiating" else "offer_again"
    return await _mark(session, actor, project_id, event, note)


async def mark_withdrawn(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """Withdrawn together with the award under way: its money is free again, and it is offered no more."""
    known = await funding.standings(session, [project_id])
    await funding.release_many(session, actor, known, known)
    project = await _mark(session, actor, project_id, "withdraw", note)
    await offer(session, actor, {project: 0}, known, "withdrawn")
    return project


async def mark_contracted(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "contract", note)


async def mark_in_delivery(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "start_delivery", note)


async def mark_suspended(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    project = await existing(session, project_id)
    return await _mark(session, actor, project_id, "suspend", note, suspended_from=project.state)


async def mark_resumed(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """Go on where the project stopped: in delivery, or before its start."""
    project = await existing(session, project_id)
    early = project.suspended_from == ProjectState.CONTRACTED
    event = "resume_before_start" if early else "resume"
    return await _mark(session, actor, project_id, event, note, suspended_from=None)


async def mark_terminated(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """The contract ended early; what was not spent is free for other projects."""
    await funding.release_allocation(session, actor, project_id)
    return await _mark(session, actor, project_id, "terminate", note)


async def mark_final_evaluation(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "close_out", note)


async def mark_accepted(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "accept", note)


async def mark_failed(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "fail", note)


async def mark_evaluated_again(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """An appeal against the failed evaluation was upheld."""
    return await _mark(session, actor, project_id, "evaluate_again", note)


async def mark_settled(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    """Paid what is due; what was not spent goes back to its lines."""
    await funding.release_allocation(session, actor, project_id)
    return await _mark(session, actor, project_id, "settle", note)


async def mark_closed(
    session: AsyncSession, actor: Actor, project_id: UUID, note: str | None = None
) -> Project:
    return await _mark(session, actor, project_id, "close", note)


async def mark_unsuccessful(
    session: AsyncSession,
    actor: Actor,
    project_id: UUID,
    note: str | None = None,
    *,
    reason: UnsuccessfulReason = UnsuccessfulReason.NO_INTEREST,
) -> Project:
    """The round ended without an award."""
    return await _mark(
        session,
        actor,
        project_id,
        "declare_unsuccessful",
        note or "no award",
        unsuccessful_reason=reason.value,
    )
