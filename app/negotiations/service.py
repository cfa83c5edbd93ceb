"""The door of negotiations: acts on intents, talks and awards; what waits for whom; what time moves by itself."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import NotYou
from app.kernel.lifecycle import move
from app.kernel.money import FEN
from app.kernel.tasks import Task
from app.negotiations import intents, repository
from app.negotiations.awards import (
    awarded,
    challenge_closed,
    challenge_opened,
    mark_award_cancelled,
    mark_award_contracted,
    propose,
    sign_statement,
)
from app.negotiations.intents import (
    create_many,
    express,
    get,
    mark_scheduled,
    mark_scheduled_many,
    transition,
    views,
)
from app.negotiations.lifecycle import AWARDS, INTENTS
from app.negotiations.models import AwardState, IntentState, TalkState
from app.negotiations.permissions import (
    awards_visible_to,
    may_answer,
    may_confirm,
    may_decide,
    side_of,
    visible_to,
)
from app.negotiations.schemas import ShortlistItem
from app.negotiations.talks import agreed
from app.projects.models import Project

__all__ = [
    "awarded",
    "challenge_closed",
    "challenge_opened",
    "create_many",
    "express",
    "get",
    "mark_award_cancelled",
    "mark_award_contracted",
    "mark_scheduled",
    "mark_scheduled_many",
    "propose",
    "shortlist",
    "sign_statement",
    "tasks",
    "tick",
    "transition",
    "views",
]

CLOCK = machine("clock")


async def shortlist(session: AsyncSession, actor: Actor, project: Project) -> list[ShortlistItem]:
    """The candidates of a project side by side, for who decides: talks, offers and agreed terms. Raises `NotYou`."""
    if not may_decide(actor, project):
        raise NotYou()
    found = [
        intent
        for intent in await repository.open_intents(session, project.id)
        if intent.state in (IntentState.TALKED, IntentState.SHORTLISTED)
    ]
    ids = [intent.id for intent in found]
    talks = [talk for talk in await repository.talks(session, ids) if talk.state == TalkState.CONFIRMED]
    newest = {sheet.intent_id: sheet for sheet in await repository.sheets(session, ids)}
    items = []
    for intent, view in zip(found, await views(session, found), strict=True):
        held = [talk for talk in talks if talk.intent_id == intent.id]
        offers = [talk.offered_fen for talk in held if talk.offered_fen is not None]
        sheet = newest.get(intent.id)
        both = sheet is not None and agreed(sheet)
        items.append(
            ShortlistItem.model_validate(
                {
                    "intent": view,
                    "talks_confirmed": len(held),
                    "last_result": held[-1].result if held else None,
                    "offered_fen": offers[-1] if offers else intent.quoted_fen,
                    "agreed_fen": sheet.amount_fen if sheet and both else None,
                    "agreed": both,
                },
                by_name=True,
                context=FEN,
            )
        )
    return items


async def tick(session: AsyncSession) -> int:
    """Everything that time alone moves: expired intents, overdue answers, projects that left, notices that are over."""
    now, today = clock.now(), clock.today()
    expired = await repository.expired(session, now)
    for intent in expired:
        await move(session, INTENTS, intent, "expire", CLOCK)
    orphaned = await repository.orphaned(session)
    for intent in orphaned:
        await move(session, INTENTS, intent, "lose", CLOCK, intents.PROJECT_GONE)
    overdue = await repository.overdue(session, now)
    for intent in overdue:
        intent.overdue_told_at = now
    over = await repository.notices_over(session, today)
    for award in over:
        award.notice_over_told_at = now
    await session.flush()
    await journal.record(
        session,
        CLOCK,
        *(intents.event(intent, "answer_overdue") for intent in overdue),
        *(journal.Event("award", a.id, "notice_over", AWARDS.audience(a), number=a.number) for a in over),
    )
    return len(expired) + len(orphaned) + len(overdue) + len(over)


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """What waits for this actor: intents to answer, talks to confirm or correct, awards to publish and to confirm."""
    return [
        *await _intent_tasks(session, actor),
        *await _talk_tasks(session, actor),
        *await _award_tasks(session, actor),
    ]


async def _intent_tasks(session: AsyncSession, actor: Actor) -> Sequence[Task]:
    rows = await session.execute(repository.waiting_intents(visible_to(actor)))
    return [
        _task(
            "answer_intent",
            "intent",
            i.id,
            i.number,
            title,
            "答复洽谈意向",
            "Answer the interest",
            i.answer_due_at,
        )
        for i, title in rows
        if may_answer(actor, i)
    ]


async def _talk_tasks(session: AsyncSession, actor: Actor) -> Sequence[Task]:
    found = []
    for talk, intent, title in await session.execute(repository.waiting_talks(visible_to(actor))):
        mine = side_of(actor, intent) == talk.recorded_by
        if side_of(actor, intent) is None or mine != (talk.state == TalkState.DISPUTED):
            continue
        zh, en = ("更正洽谈记录", "Correct the record") if mine else ("确认洽谈记录", "Confirm the record")
        kind = "amend_talk" if mine else "confirm_talk"
        found.append(_task(kind, "talk", talk.id, intent.number, title, zh, en))
    return found


async def _award_tasks(session: AsyncSession, actor: Actor) -> Sequence[Task]:
    found, today = [], clock.today()
    for award, title in await session.execute(repository.waiting_awards(awards_visible_to(actor))):
        if award.state == AwardState.PROPOSED and may_decide(actor, award):
            found.append(
                _task(
                    "publish_notice",
                    "award",
                    award.id,
                    award.number,
                    title,
                    "发布成交公示",
                    "Publish the notice",
                )
            )
        over = award.notice_to is not None and award.notice_to < today
        same = actor.account_id == award.proposed_by
        if award.state == AwardState.NOTICE and over and may_confirm(actor, award) and not same:
            found.append(
                _task(
                    "confirm_award",
                    "award",
                    award.id,
                    award.number,
                    title,
                    "确认承接结果",
                    "Confirm the award",
                )
            )
    return found


_PATHS = {"intent": "intents", "talk": "talks", "award": "awards"}


def _task(
    kind: str,
    subject: str,
    id_: UUID,
    number: str,
    title: str,
    zh: str,
    en: str,
    due_at: datetime | None = None,
) -> Task:
    href = f"/api/v1/{_PATHS[subject]}/{id_}"
    return Task(kind, subject, id_, number, title, zh, en, href, due_at)
