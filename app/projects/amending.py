"""Changing a project: freely while it is a draft, by a visible amendment once it is published, not at all in between."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.funding import service as funding
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import Case, lock
from app.projects import permissions, rules
from app.projects.entering import paying_side, places, pointers, terms
from app.projects.facts import public_parts
from app.projects.lifecycle import LIFECYCLE, TO_SUBMIT, audience
from app.projects.lots import add_up
from app.projects.models import Amendment, Project, ProjectState, ProjectText
from app.projects.schemas import Payers, Place, ProjectChange, Terms

AMENDABLE = frozenset({ProjectState.PUBLISHED, ProjectState.NEGOTIATING, ProjectState.UNSUCCESSFUL})
"""An unsuccessful round is mended before the next one."""

REASON_NEEDED = Problem(
    "reason_needed",
    "项目已发布，修改须说明理由（reason），并向所有关注者公开。",
    "The project is published: a change needs a reason, and everybody interested will see it.",
    "/reason",
)
SUM_OF_LOTS = Problem(
    "budget_is_the_sum_of_lots",
    "分包项目的预算为各分包之和，请修改分包预算。",
    "The budget of a project with lots is their sum: change the budget of a lot.",
    "/budget_yuan",
)
PLACE_IS_FIXED = Problem(
    "place_is_fixed",
    "项目已发布，实施区域与购买方不得更改；请撤回后重新申报。",
    "The project is published: its place and its buyer stay; withdraw it and draft another.",
    "/district",
)


async def change(session: AsyncSession, actor: Actor, project: Project, wanted: ProjectChange) -> Project:
    """Change a project. Only the fields sent change.

    Raises `NotYou`, `NotNow` (`not_editable`: under review, or an award is under way), `Malformed`. After publication the
    change is an amendment with a reason; a material one gives the interested more time (invariant 13).
    """
    if not permissions.may_edit(actor, project):
        raise NotYou()
    if project.state in permissions.FREE_STATES:
        return await _rewrite(session, actor, project, wanted)
    if project.state in AMENDABLE and not project.is_parent:
        return await _amend(session, actor, project, wanted)
    raise NotNow(
        Problem(
            "not_editable",
            "当前状态不能修改：审核期间请先退回，成交与履约期间按合同变更办理。",
            "Not editable now: have it returned while under review; amend the contract once there is one.",
            values={"state": project.state},
        )
    )


async def _rewrite(session: AsyncSession, actor: Actor, project: Project, wanted: ProjectChange) -> Project:
    columns = await _columns(session, actor, project, wanted)
    if "area_path" in columns and not permissions.may_post(actor, columns["area_path"]):
        raise NotYou()
    await lock(session, project)
    if project.state not in permissions.FREE_STATES:
        return await change(session, actor, project, wanted)
    if project.is_parent and _differs(project, columns, "budget_fen"):
        raise NotNow(SUM_OF_LOTS)
    changed = _set(project, columns)
    await _found_anew(session, project, changed)
    await session.flush()
    if changed:
        shown = _shown(changed)
        await journal.record(session, actor, _event(project, "changed", wanted.reason, shown))
    if "budget_fen" in changed:
        await add_up(session, actor, project)
    return project


async def _amend(session: AsyncSession, actor: Actor, project: Project, wanted: ProjectChange) -> Project:
    if not (wanted.reason or "").strip():
        raise Malformed(REASON_NEEDED)
    if wanted.model_fields_set & (Place.model_fields.keys() | Payers.model_fields.keys()):
        raise NotNow(PLACE_IS_FIXED)
    columns = await _columns(session, actor, project, wanted)
    await lock(session, project)
    if project.state not in AMENDABLE:
        return await change(session, actor, project, wanted)
    if _differs(project, columns, "budget_fen") or _differs(project, columns, "funding_parts"):
        await _fund_again(session, actor, project, columns)
    offered = project.budget_fen or 0
    changed = _set(project, columns)
    case = Case(project, actor)
    with session.no_autoflush:
        raise_all(problem for rule in TO_SUBMIT for problem in rule(case))
    material = bool(changed.keys() & rules.MATERIAL)
    if material:
        project.intents_until = await _later(session, project)
    shown = _shown(changed)
    await _found_anew(session, project, changed)
    session.add(
        Amendment(
            project_id=project.id,
            at=clock.now(),
            by_label=actor.label,
            reason=wanted.reason or "",
            change=shown,
            material=material,
            intents_until=project.intents_until if material else None,
        )
    )
    await session.flush()
    await journal.record(session, actor, _event(project, "amended", wanted.reason, shown))
    if difference := (project.budget_fen or 0) - offered:
        await funding.post(
            session,
            actor,
            funding.Measure.OFFERED,
            project_id=project.id,
            amount_fen=difference,
            reference=f"{project.number}/amendment/{project.version}",
            area_path=project.area_path,
        )
        await add_up(session, actor, project)
    return project


async def _columns(
    session: AsyncSession, actor: Actor, project: Project, wanted: ProjectChange
) -> dict[str, Any]:
    sent = wanted.model_fields_set
    columns = terms(wanted, sent & Terms.model_fields.keys())
    if wanted.title is not None:
        columns["title"] = wanted.title.strip()
    if sent & Place.model_fields.keys():
        [place] = await places(session, [wanted], pointers(1))
        if place is not None:
            columns |= place.columns
    if sent & Payers.model_fields.keys():
        [(buyer, entity)], _ = await paying_side(session, actor, [wanted], [None], pointers(1))
        columns |= {"buyer_id": buyer} if buyer else {}
        columns |= (
            {"procuring_entity_id": entity} if sent & {"procuring_entity", "procuring_entity_id"} else {}
        )
    return columns


def _differs(project: Project, columns: dict[str, Any], name: str) -> bool:
    return name in columns and columns[name] != getattr(project, name)


async def _fund_again(session: AsyncSession, actor: Actor, project: Project, columns: dict[str, Any]) -> None:
    """Give the committed money back and commit what the new budget needs."""
    asked = Project(funding_parts=columns.get("funding_parts", project.funding_parts))
    await funding.release_allocation(session, actor, project.id)
    purse = await funding.purse(session, project.edition_code)
    category = columns.get("category") or project.category or "other"
    parts, problems = purse.take(project.area_path, category, public_parts(asked))
    raise_all(problems)
    await funding.allocate(session, actor, project.id, parts)


async def _later(session: AsyncSession, project: Project) -> date:
    settings = (await editions.get(session, project.edition_code)).settings
    least = clock.today() + timedelta(days=settings.intent_days)
    return max(project.intents_until or least, least)


def _set(project: Project, columns: dict[str, Any]) -> dict[str, list[Any]]:
    """Write the columns that differ; what they were and what they are."""
    changed = {}
    for name, value in columns.items():
        old = getattr(project, name)
        if old != value:
            changed[name] = [old, value]
            setattr(project, name, value)
    return changed


async def _found_anew(session: AsyncSession, project: Project, changed: dict[str, Any]) -> None:
    if changed.keys() & {"title", "description", "need_analysis"}:
        await session.merge(ProjectText.of(project))


def _shown(changed: dict[str, list[Any]]) -> dict[str, Any]:
    """The change as others may read it: of personal fields only that they changed."""
    shown = {}
    for name, (old, new) in changed.items():
        shown[name] = ["…", "…"] if name in rules.PERSONAL else [_plain(old), _plain(new)]
    return shown


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | list | dict | None) else str(value)


def _event(project: Project, event: str, note: str | None, change: dict[str, Any]) -> journal.Event:
    return journal.Event(
        LIFECYCLE.name, project.id, event, audience(project), number=project.number, note=note, change=change
    )
