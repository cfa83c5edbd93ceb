"""The open door of projects: find them, move them, one or many. Entering, changing and admitting live beside it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import UnsuccessfulReason
from app.kernel import clock
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotFound, NotNow, Problem, raise_all
from app.kernel.ids import reference
from app.kernel.lifecycle import Choice, held, hold, lock_many
from app.kernel.tasks import Task
from app.needs import service as needs
from app.projects import entering, permissions, repository
from app.projects.admission import (
    Outcome,
    admit_many,
    approve_many,
    declare_unsuccessful_many,
    give_up_many,
    publish_many,
    relist_many,
    start_review_many,
    submit_many,
)
from app.projects.amending import change
from app.projects.demand import for_matching
from app.projects.lifecycle import LIFECYCLE, OWNERS, is_owned
from app.projects.lists import enter_many, listed, look_up
from app.projects.lots import living, lots_of, split
from app.projects.marks import (
    mark_accepted,
    mark_award_cancelled,
    mark_award_notice,
    mark_award_proposed,
    mark_awarded,
    mark_closed,
    mark_contracted,
    mark_evaluated_again,
    mark_failed,
    mark_final_evaluation,
    mark_in_delivery,
    mark_negotiating,
    mark_resumed,
    mark_settled,
    mark_suspended,
    mark_terminated,
    mark_unsuccessful,
    mark_withdrawn,
)
from app.projects.models import Project, ProjectState
from app.projects.schemas import ProjectDraft
from app.projects.showing import summaries, views
from app.projects.taking_back import take_back, touched

__all__ = [
    "Outcome",
    "admit_many",
    "approve_many",
    "change",
    "choices",
    "create",
    "create_many",
    "enter_many",
    "for_matching",
    "get",
    "links",
    "listed",
    "locked",
    "look_up",
    "lots_of",
    "mark_accepted",
    "mark_award_cancelled",
    "mark_award_notice",
    "mark_award_proposed",
    "mark_awarded",
    "mark_closed",
    "mark_contracted",
    "mark_evaluated_again",
    "mark_failed",
    "mark_final_evaluation",
    "mark_in_delivery",
    "mark_negotiating",
    "mark_resumed",
    "mark_settled",
    "mark_suspended",
    "mark_terminated",
    "mark_unsuccessful",
    "mark_withdrawn",
    "publish_many",
    "relist_many",
    "split",
    "start_review_many",
    "submit_many",
    "summaries",
    "take_back",
    "tasks",
    "tick",
    "touched",
    "transition",
    "transition_many",
    "views",
]

TICK_STEP = 500
REVIEW_DAYS = 5

Plural = Callable[
    [AsyncSession, Actor, Sequence[Project], str | None, Mapping[str, Any] | None], Awaitable[Outcome]
]

PLURAL: Mapping[str, Plural] = {
    "submit": submit_many,
    "start_review": start_review_many,
    "approve": approve_many,
    "admit": admit_many,
    "publish": publish_many,
    "relist": relist_many,
    "declare_unsuccessful": declare_unsuccessful_many,
}
"""The act of each event, for one or thousands in a fixed number of statements; of all others it is `give_up_many`. `admit` is
`start_review` and `approve` in one."""


async def create_many(
    session: AsyncSession,
    actor: Actor,
    drafts: Sequence[ProjectDraft],
) -> list[Project]:
    """Enter drafts and link the needs they answer; see `entering.create_many`."""
    projects = await entering.create_many(session, actor, drafts)
    for draft, project in zip(drafts, projects, strict=True):
        if draft.need_ids:
            await needs.convert(session, actor, draft.need_ids, project.id)
    return projects


async def create(session: AsyncSession, actor: Actor, draft: ProjectDraft) -> Project:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, ref: str | UUID, *, to_move: bool = False) -> Project:
    """The project with this id or number. Raises `NotFound`, also for what is not the actor's to see.

    `to_move` locks its row until the transaction ends, unless it has lots: these are locked first, and it follows them.
    """
    visible = permissions.visible_to(actor)
    if to_move and (found := await repository.one_to_move(session, reference(ref), visible)):
        hold(session, found)
        return found
    found = await repository.one(session, reference(ref), visible)
    if found is None:
        raise NotFound()
    return found


async def locked(session: AsyncSession, project_id: UUID) -> Project:
    """The project with its row locked until the transaction ends; the caller has asked who may. Raises `NotFound`."""
    found = held(session, Project, project_id) or await repository.locked(session, project_id)
    if found is None:
        raise NotFound()
    hold(session, found)
    return found


async def transition(
    session: AsyncSession,
    actor: Actor,
    project: Project,
    event: str,
    note: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Project:
    """Move a project by one event with all that follows from it. A project with lots moves all that are alive, or none.

    Raises `NotNow`, `NotYou`, `Malformed`. Events of later domains are refused with the address of what owns them.
    """
    meant = await living(session, project) if project.is_parent else [project]
    things = await lock_many(session, Project, [thing.id for thing in meant])
    raise_all(_owned(thing, event) for thing in things if is_owned(thing.state, event))
    outcome = await _many(event)(session, actor, things, note, data)
    if project.is_parent:
        await session.refresh(project)
    for error in outcome.values():
        if error is not None:
            raise error
    return project


async def transition_many(
    session: AsyncSession, actor: Actor, event: str, projects: Sequence[Project], note: str | None = None
) -> Outcome:
    """Move many projects by one event; what stands in the way of one does not stop the others. Parents are left out."""
    things = [project for project in projects if not project.is_parent]
    owned = [project for project in things if is_owned(project.state, event)]
    outcome: Outcome = {project.id: NotNow(_owned(project, event)) for project in owned}
    rest = [project for project in things if project.id not in outcome]
    return outcome | await _many(event)(session, actor, rest, note, None)


def _many(event: str) -> Plural:
    # What the table does not know is refused by the table, whichever act asks it.
    return PLURAL.get(event) or partial(give_up_many, event=event)


async def choices(session: AsyncSession, actor: Actor, project: Project) -> list[Choice]:
    """What this actor may do with the project now, and why not."""
    return await LIFECYCLE.choices(session, project, actor)


def links(project: Project) -> dict[str, str]:
    """Where the thing is that makes the next moves, where another domain owns it."""
    owner = OWNERS.get(ProjectState(project.state))
    return {owner: f"/api/v1/{owner}?project={project.number}"} if owner else {}


def _owned(project: Project, event: str) -> Problem:
    found = links(project)
    href = next(iter(found.values()), f"/api/v1/projects/{project.number}/transitions")
    return Problem(
        "moved_by_its_owner",
        f"{event} 由洽谈、合同或评估环节办理，不能直接修改项目状态：{href}",
        f"'{event}' comes with the act of negotiations, contracts or evaluations: {href}",
        "/event",
        {"href": href},
    )


async def tick(session: AsyncSession) -> int:
    """End the rounds whose time for intents is over with nobody interested; how many ended."""
    overdue = await repository.overdue(session, clock.today(), TICK_STEP)
    if not overdue:
        return 0
    found = await repository.with_ids(session, overdue)
    data = {"reason": UnsuccessfulReason.NO_INTEREST}
    note = "截止日前无机构表达意向 / nobody was interested by the deadline"
    outcome = await declare_unsuccessful_many(session, machine("clock"), found, note, data)
    return sum(error is None for error in outcome.values())


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Projects that wait for this actor: to mend, to review, to admit, to publish, to list again."""
    words = {
        ProjectState.RETURNED: ("修改并重新提交", "mend and submit again"),
        ProjectState.SUBMITTED: ("开始审核", "start the review"),
        ProjectState.UNDER_REVIEW: ("审核入库", "decide on admission"),
        ProjectState.APPROVED: ("发布", "publish"),
        ProjectState.UNSUCCESSFUL: ("重新发布或撤回", "list again or withdraw"),
    }
    found = []
    for project in await repository.to_attend(session, actor):
        zh, en = words[ProjectState(project.state)]
        due = project.state_since + timedelta(days=REVIEW_DAYS)
        href = f"/api/v1/projects/{project.number}"
        kind = f"project_{project.state}"
        found.append(Task(kind, LIFECYCLE.name, project.id, project.number, project.title, zh, en, href, due))
    return found
