"""Lots: parts of a project with a budget and a life of their own. The parent is never awarded; its state follows theirs."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.errors import NotNow, NotYou, Problem, raise_all
from app.kernel.ids import uuid7
from app.kernel.lifecycle import follow, lock, lock_many
from app.projects import permissions, repository, rules
from app.projects.entering import terms
from app.projects.lifecycle import LIFECYCLE, audience
from app.projects.models import Project, ProjectText
from app.projects.schemas import LotDraft, Terms

_OWN = frozenset(
    {
        "id",
        "number",
        "title",
        "budget_fen",
        "budget_min_fen",
        "funding_parts",
        "parent_id",
        "is_parent",
        "version",
        "created_at",
        "updated_at",
        "state_since",
        "created_by",
    }
)
"""Columns that a lot does not take over from its parent."""


async def split(
    session: AsyncSession, actor: Actor, parent: Project, drafts: Sequence[LotDraft]
) -> list[Project]:
    """Divide a draft into lots. The parent's budget becomes their sum; its sources are divided in proportion.

    Raises `NotYou`, or `NotNow` when the project is no draft any more or is itself a lot.
    """
    if not permissions.may_edit(actor, parent):
        raise NotYou()
    await lock(session, parent)
    raise_all(_divisible(parent))
    before = (await repository.lots(session, [parent.id])).get(parent.id, [])
    lots = []
    for place, draft in enumerate(drafts, len(before) + 1):
        columns = {
            column.key: getattr(parent, column.key)
            for column in Project.__table__.columns
            if column.key not in _OWN
        }
        sent = draft.model_fields_set & set(Terms.model_fields) - {"budget_fen"}
        columns |= terms(Terms.model_validate(draft.model_dump(include=sent)), sent)
        lots.append(
            Project(
                id=uuid7(),
                number=f"{parent.number}-L{place}",
                title=draft.title,
                budget_fen=draft.budget_fen,
                funding_parts=_share(parent, draft.budget_fen),
                parent_id=parent.id,
                created_by=actor.account_id,
                **columns,
            )
        )
    session.add_all(lots)
    await session.flush()
    session.add_all(map(ProjectText.of, lots))
    parent.is_parent = True
    parent.budget_fen = sum(lot.budget_fen or 0 for lot in (*before, *lots))
    parent.budget_min_fen, parent.is_estimate = None, False
    await session.flush()
    await journal.record(session, actor, *(_split(parent, lot) for lot in lots))
    return lots


def _divisible(parent: Project) -> list[Problem]:
    if parent.parent_id is None and parent.state in permissions.FREE_STATES:
        return []
    return [
        Problem(
            "not_divisible",
            "只有草稿或退回的项目可以分包，分包不能再分。",
            "Only a draft or returned project is divided into lots, and a lot is not divided again.",
            values={"state": parent.state},
        )
    ]


def _share(parent: Project, budget_fen: int) -> list[dict[str, object]]:
    """The parent's sources in proportion to the lot's budget; the last source takes the odd fen."""
    whole = sum(part["amount_fen"] for part in parent.funding_parts)
    if not whole:
        return []
    shares = [
        part | {"amount_fen": part["amount_fen"] * budget_fen // whole} for part in parent.funding_parts
    ]
    shares[-1]["amount_fen"] += budget_fen - sum(share["amount_fen"] for share in shares)
    return [share for share in shares if share["amount_fen"]]


def _split(parent: Project, lot: Project) -> journal.Event:
    return journal.Event(
        LIFECYCLE.name,
        lot.id,
        "entered",
        audience(lot),
        number=lot.number,
        to_state=lot.state,
        change={"title": lot.title, "parent": parent.number},
    )


async def lots_of(session: AsyncSession, parent: Project) -> list[Project]:
    return (await repository.lots(session, [parent.id])).get(parent.id, [])


async def follow_parents(session: AsyncSession, actor: Actor, moved: Sequence[Project]) -> None:
    """Let the parents of lots that have moved take the state that follows from all their lots."""
    ids = {project.parent_id for project in moved if project.parent_id}
    if not ids:
        return
    # The parents first: of two lots that move at once, the second to come sees where the first has gone.
    parents = await lock_many(session, Project, ids)
    lots = await repository.lots(session, ids)
    for parent in parents:
        some = lots[parent.id]
        published = [lot.published_at for lot in some if lot.published_at]
        if published and parent.published_at is None:
            parent.published_at = min(published)
        await follow(session, LIFECYCLE, parent, rules.derived_state(lot.state for lot in some), actor)


async def add_up(session: AsyncSession, actor: Actor, lot: Project) -> None:
    """Let the budget of a project with lots be their sum again after one of them has changed; nothing for who is no lot."""
    if lot.parent_id is None:
        return
    [parent] = await lock_many(session, Project, [lot.parent_id])
    before, whole = parent.budget_fen, sum(one.budget_fen or 0 for one in await lots_of(session, parent))
    if whole == before:
        return
    parent.budget_fen = whole
    await session.flush()
    told = journal.Event(
        LIFECYCLE.name,
        parent.id,
        "followed",
        audience(parent),
        number=parent.number,
        change={"budget_fen": [before, whole]},
    )
    await journal.record(session, actor, told)


async def living(session: AsyncSession, parent: Project) -> list[Project]:
    """The lots of a project that a move of all is meant for: those that have not ended. Raises `NotNow` when none is left."""
    lots = [lot for lot in await lots_of(session, parent) if lot.state not in LIFECYCLE.final]
    if not lots:
        raise NotNow(Problem("no_living_lot", "没有未结束的分包。", "No lot of this project is still alive."))
    return lots
