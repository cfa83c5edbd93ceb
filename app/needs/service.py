"""Acts on needs: collect, change, second, merge, answer, reject, and turn into projects. Surveys: `surveys`."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.areas.permissions import within
from app.catalogue.codes import Category, NeedDimension, NeedOrigin, TargetGroup, Urgency
from app.identity.roles import Role
from app.kernel import clock, journal, lifecycle
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem
from app.kernel.ids import take_numbers
from app.kernel.lifecycle import Choice
from app.kernel.search import grams
from app.kernel.tasks import Task
from app.needs import permissions, repository
from app.needs.lifecycle import LIFECYCLE
from app.needs.models import Need, NeedState
from app.needs.schemas import NeedChange, NeedDraft, NeedView
from app.needs.taking_back import take_back, touched

__all__ = [
    "change",
    "choices",
    "convert",
    "create",
    "create_many",
    "get",
    "merge",
    "projects_of",
    "support",
    "take_back",
    "tasks",
    "touched",
    "transition",
    "views",
    "withdraw_support",
]

MOST_TASKS = 50
AREA_UNKNOWN = Problem("area_unknown", "没有这个区域。", "There is no such area.", "/area_path")
NO_LONGER_COLLECTED = Problem(
    "need_closed",
    "需求已办理，内容不能再修改。",
    "The need has been dealt with; its words no longer change.",
)
BY_A_PROJECT = Problem(
    "convert_by_project",
    "请新建项目并在 need_ids 中引用本需求，需求随之转为项目。",
    "Create the project and name this need in need_ids: the need is converted by it.",
    "/event",
)
NOT_CONVERTIBLE = ("转为项目的需求须为已收集或已转项目。", "A need becomes a project while it is collected.")


async def create_many(
    session: AsyncSession, actor: Actor, drafts: Sequence[NeedDraft], *, survey_id: UUID | None = None
) -> list[Need]:
    """Collect needs. Raises `NotYou`, or `Malformed` for an area that does not exist. Four statements, however many."""
    if not drafts:
        return []
    if not all(permissions.may_collect(actor, draft.area_path) for draft in drafts):
        raise NotYou()
    wanted = {draft.area_path for draft in drafts}
    if await areas.known_paths(session, wanted) != wanted:
        raise Malformed(AREA_UNKNOWN)
    year = clock.today().year
    numbers = await take_numbers(session, f"need:{year}", len(drafts))
    raised_by = actor.account_id if actor.holds(Role.RESIDENT) else None
    needs = [
        Need(
            **draft.model_dump(),
            number=f"XQ{year}-{number:05d}",
            state=NeedState.COLLECTED,
            raised_by=raised_by,
            survey_id=survey_id,
            search_grams=grams(draft.title, draft.description),
        )
        for number, draft in zip(numbers, drafts, strict=True)
    ]
    session.add_all(needs)
    await session.flush()
    await journal.record(session, actor, *(_event(need, "collected") for need in needs))
    return needs


async def create(session: AsyncSession, actor: Actor, draft: NeedDraft) -> Need:
    return (await create_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, ref: UUID | str) -> Need:
    """One need by its UUID or number. Raises `NotFound` when it is not there or not the actor's to see."""
    visible = permissions.visible_to(actor)
    try:
        need_id = ref if isinstance(ref, UUID) else UUID(ref)
        found = await repository.need(session, visible, need_id=need_id)
    except ValueError:
        found = await repository.need(session, visible, number=str(ref))
    if found is None:
        raise NotFound()
    return found


async def change(session: AsyncSession, actor: Actor, need: Need, wanted: NeedChange) -> Need:
    """Change the words of a need that is still collected. Raises `NotYou`, `NotNow`."""
    if not permissions.may_change(actor, need):
        raise NotYou()
    if need.state != NeedState.COLLECTED:
        raise NotNow(NO_LONGER_COLLECTED)
    sent = wanted.model_dump(mode="json", exclude_unset=True)
    keeps = {"title", "description", "target_groups", "urgency"}  # always there; null leaves them as they are
    sent = {name: value for name, value in sent.items() if value is not None or name not in keeps}
    changed = {
        name: [getattr(need, name), value] for name, value in sent.items() if value != getattr(need, name)
    }
    for name, value in sent.items():
        setattr(need, name, value)
    need.search_grams = grams(need.title, need.description)
    await session.flush()
    await journal.record(session, actor, _event(need, "changed", changed))
    return need


async def support(session: AsyncSession, actor: Actor, need: Need) -> None:
    """A resident seconds a need; a second time changes nothing. Raises `NotYou`, `NotNow`."""
    if actor.account_id is None or not permissions.may_support(actor, need):
        raise NotYou()
    if need.state not in (NeedState.COLLECTED, NeedState.CONVERTED):
        raise NotNow(NO_LONGER_COLLECTED)
    await repository.support(session, need.id, actor.account_id)


async def withdraw_support(session: AsyncSession, actor: Actor, need: Need) -> None:
    """A resident takes the support back."""
    if actor.account_id is not None:
        await repository.withdraw_support(session, need.id, actor.account_id)


async def convert(
    session: AsyncSession, actor: Actor, need_ids: Sequence[UUID], project_id: UUID
) -> list[Need]:
    """Link needs to a project; those still collected become converted. Naming a link again changes nothing.

    Called when the project is created. Raises `NotFound` for a need the actor may not see, `NotYou`, and `NotNow` for a
    need that was merged, answered or rejected.
    """
    wanted = list(dict.fromkeys(need_ids))
    if not wanted:
        return []
    needs = await lifecycle.lock_many(session, Need, wanted)
    if len(needs) != len(wanted):
        raise NotFound()
    if not all(permissions.may_handle(actor, need) for need in needs):
        raise NotYou()
    closed = [need for need in needs if need.state not in (NeedState.COLLECTED, NeedState.CONVERTED)]
    if closed:
        raise NotNow(*(_not_convertible(need) for need in closed))
    fresh = await repository.link(session, wanted, project_id)
    collected = [need for need in needs if need.state == NeedState.COLLECTED]
    facts = {"project_id": str(project_id)}
    await _moved(session, collected, "convert", actor, change=facts)
    more = [need for need in needs if need.id in fresh and need not in collected]
    await journal.record(session, actor, *(_event(need, "linked", facts) for need in more))
    return needs


async def merge(session: AsyncSession, actor: Actor, need: Need, into: Need, note: str | None = None) -> Need:
    """Merge a need into a like one, which takes over its supporters. Raises `NotYou`, `NotNow` (the other is closed, merged, or the need itself)."""
    locked = {row.id: row for row in await lifecycle.lock_many(session, Need, {need.id, into.id})}
    change = {"into": into.number}
    await _moved(
        session,
        [locked[need.id]],
        "merge",
        actor,
        note,
        facts=locked[into.id],
        values={"merged_into_id": into.id},
        change=change,
    )
    await repository.hand_over_support(session, need.id, into.id)
    return need


async def transition(
    session: AsyncSession, actor: Actor, need: Need, event: str, note: str | None, data: Mapping[str, Any]
) -> Need:
    """Move a need: merge (data.into), answer and reject (the note is what the resident reads)."""
    if event == "convert" and permissions.may_handle(actor, need) and need.state == NeedState.COLLECTED:
        raise NotNow(BY_A_PROJECT)
    if event == "merge" and data.get("into"):
        return await merge(session, actor, need, await get(session, actor, str(data["into"])), note)
    (locked,) = await lifecycle.lock_many(session, Need, [need.id])
    words = {"answer": note} if event in ("answer", "reject") else {}
    await _moved(session, [locked], event, actor, note, values=words)
    return locked


async def choices(session: AsyncSession, actor: Actor, need: Need) -> list[Choice]:
    """What the actor may do with the need now, and why not."""
    return await LIFECYCLE.choices(session, need, actor)


async def projects_of(session: AsyncSession, need_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The ids of the projects that serve each need."""
    return await repository.projects_of(session, need_ids)


async def views(session: AsyncSession, needs: Sequence[Need], actor: Actor) -> list[NeedView]:
    """Needs as `actor` may see them, in two statements."""
    ids = [need.id for need in needs]
    projects = await repository.projects_of(session, ids)
    supporters = await repository.supporters_of(session, ids)
    return [
        NeedView(
            id=need.id,
            number=need.number,
            title=need.title,
            description=need.description,
            origin=NeedOrigin(need.origin),
            category=Category(need.category) if need.category else None,
            target_groups=[TargetGroup(group) for group in need.target_groups],
            dimension=NeedDimension(need.dimension) if need.dimension else None,
            area_path=need.area_path,
            urgency=Urgency(need.urgency),
            persons=need.persons,
            deliberation=need.deliberation,
            state=NeedState(need.state),
            state_since=clock.local(need.state_since),
            answer=need.answer,
            merged_into_id=need.merged_into_id,
            survey_id=need.survey_id,
            supporters=supporters.get(need.id, 0),
            is_mine=actor.account_id is not None and need.raised_by == actor.account_id,
            project_ids=projects.get(need.id, []) if permissions.sees_projects_of(actor, need) else [],
            created_at=clock.local(need.created_at),
            version=need.version,
        )
        for need in needs
    ]


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Needs that wait for the community to deal with them, the oldest first."""
    if not actor.area_paths(Role.COMMUNITY):
        return []
    waiting = await repository.waiting(session, within(Need.area_path, actor, Role.COMMUNITY), MOST_TASKS)
    return [
        Task(
            kind="need_waits",
            subject_kind="need",
            subject_id=need.id,
            number=need.number,
            title=need.title,
            zh="办理居民需求：转项目、合并、答复或说明不予采纳的理由",
            en="Deal with a need: turn it into a project, merge it, answer it, or reject it with a reason",
            href=f"/api/v1/needs/{need.number}",
        )
        for need in waiting
    ]


async def _moved(
    session: AsyncSession,
    locked: Sequence[Need],
    event: str,
    actor: Actor,
    note: str | None = None,
    *,
    facts: Need | None = None,
    values: Mapping[str, Any] | None = None,
    change: Mapping[str, Any] | None = None,
) -> None:
    if not locked:
        return
    outcome = await lifecycle.move_many(
        session,
        LIFECYCLE,
        locked,
        event,
        actor,
        note,
        facts={need.id: facts for need in locked},
        values=values,
        change=change,
    )
    for error in outcome.values():
        if error is not None:
            raise error


def _not_convertible(need: Need) -> Problem:
    zh, en = NOT_CONVERTIBLE
    return Problem("need_not_convertible", f"{need.number}：{zh}", f"{need.number}: {en}", "/need_ids")


def _event(need: Need, event: str, change: Mapping[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "need",
        need.id,
        event,
        journal.Audience(need.area_path),
        number=need.number,
        to_state=need.state if event == "collected" else None,
        change=dict(change or {}),
    )
