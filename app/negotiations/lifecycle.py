"""The moves of intents, talks and awards. What a `machine` signs follows from another act in the same transaction."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock, journal
from app.kernel.lifecycle import Lifecycle, Line
from app.matches import service as matches
from app.negotiations import repository, rules
from app.negotiations.models import Award, Intent, Talk
from app.negotiations.permissions import (
    may_answer,
    may_confirm,
    may_decide,
    may_take_back,
    nobody,
    speaks_for_buyer,
    speaks_for_organization,
)
from app.negotiations.rules import AwardFacts, IntentFacts


def _intent_audience(intent: Intent) -> journal.Audience:
    return journal.Audience(intent.area_path, (intent.organization_id,), journal.PARTIES)


def _talk_audience(talk: Talk) -> journal.Audience:
    return journal.Audience(talk.area_path, (talk.organization_id,), journal.PARTIES)


def _award_audience(award: Award) -> journal.Audience:
    level = journal.PUBLIC if award.notice_from is not None else journal.PARTIES
    return journal.Audience(award.area_path, (award.organization_id,), level)


async def _intent_facts(session: AsyncSession, intent: Intent) -> IntentFacts:
    return IntentFacts(await repository.project_state(session, intent.project_id), clock.now())


async def _award_facts(session: AsyncSession, award: Award) -> AwardFacts:
    pair = (award.project_id, award.organization_id)
    gates = (await matches.gates(session, [pair], clock.today()))[0]
    statements = await repository.statements(session, award.project_id, award.organization_id)
    return AwardFacts(tuple(gates), statements, clock.today())


def either_side(actor: Any, thing: Any) -> bool:
    return speaks_for_organization(actor, thing) or speaks_for_buyer(actor, thing)


def _left(source: str) -> tuple[Line, ...]:
    """How either side leaves a pair that has been accepted, and how a decision elsewhere ends it."""
    return (
        Line(
            source,
            "withdraw",
            "withdrawn",
            speaks_for_organization,
            note_required=True,
            zh="撤回意向",
            en="withdraw",
        ),
        Line(source, "decline", "declined", speaks_for_buyer, note_required=True, zh="谢绝", en="decline"),
        Line(source, "lose", "lost", nobody, zh="未入选", en="lost"),
    )


_MEETS = (rules.project_open, rules.meets_later)

INTENTS: Lifecycle[Intent] = Lifecycle(
    "intent",
    {
        "expressed": ("已表达", "expressed"),
        "accepted": ("已接受", "accepted"),
        "scheduled": ("已约定", "scheduled"),
        "talked": ("已洽谈", "talked"),
        "shortlisted": ("已入围", "shortlisted"),
        "won": ("已选定", "won"),
        "lost": ("未选定", "lost"),
        "declined": ("已谢绝", "declined"),
        "withdrawn": ("已撤回", "withdrawn"),
        "expired": ("已过期", "expired"),
    },
    "expressed",
    (
        Line(
            "expressed", "accept", "accepted", may_answer,
            (rules.not_expired, rules.project_open), zh="接受", en="accept",
        ),
        Line("expressed", "decline", "declined", may_answer, note_required=True, zh="谢绝", en="decline"),
        Line("expressed", "withdraw", "withdrawn", may_take_back, note_required=True, zh="撤回意向", en="withdraw"),
        Line("expressed", "expire", "expired", nobody, zh="过期", en="expire"),
        Line("expressed", "win", "won", nobody, zh="选定", en="won"),
        Line("expressed", "lose", "lost", nobody, zh="未入选", en="lost"),
        Line("accepted", "schedule", "scheduled", either_side, _MEETS, zh="约定洽谈", en="schedule"),
        Line("accepted", "talk", "talked", nobody, zh="完成洽谈", en="talked"),
        Line("accepted", "win", "won", nobody, zh="选定", en="won"),
        *_left("accepted"),
        Line("scheduled", "schedule", "scheduled", either_side, _MEETS, zh="改期", en="reschedule"),
        Line("scheduled", "talk", "talked", nobody, zh="完成洽谈", en="talked"),
        Line("scheduled", "win", "won", nobody, zh="选定", en="won"),
        *_left("scheduled"),
        Line("talked", "shortlist", "shortlisted", may_decide, (rules.project_open,), zh="列入候选", en="shortlist"),
        Line("talked", "win", "won", nobody, zh="选定", en="won"),
        *_left("talked"),
        Line("shortlisted", "win", "won", nobody, zh="选定", en="won"),
        *_left("shortlisted"),
        Line("won", "annul", "lost", nobody, zh="选定取消", en="annulled"),
        Line("lost", "reinstate", "talked", nobody, zh="恢复洽谈", en="reinstate"),
    ),
    audience=_intent_audience,
    facts=_intent_facts,
)  # fmt: skip

TALKS: Lifecycle[Talk] = Lifecycle(
    "talk",
    {
        "recorded": ("待对方确认", "awaiting the other side"),
        "confirmed": ("双方已确认", "confirmed by both"),
        "disputed": ("有异议", "disputed"),
    },
    "recorded",
    (
        Line("recorded", "confirm", "confirmed", either_side, zh="确认记录", en="confirm"),
        Line("recorded", "dispute", "disputed", either_side, note_required=True, zh="提出异议", en="dispute"),
        Line("disputed", "amend", "recorded", either_side, zh="更正记录", en="amend"),
    ),
    audience=_talk_audience,
)

_CONFIRM = (
    rules.notice_over,
    rules.no_open_challenge,
    rules.another_person,
    rules.confirmer_conflict_free,
    rules.gates_hold,
)

AWARDS: Lifecycle[Award] = Lifecycle(
    "award",
    {
        "proposed": ("已提出", "proposed"),
        "notice": ("公示中", "in notice"),
        "active": ("已确定", "active"),
        "contracted": ("已签约", "contracted"),
        "cancelled": ("已取消", "cancelled"),
    },
    "proposed",
    (
        Line("proposed", "publish_notice", "notice", may_decide, zh="公示", en="publish the notice"),
        Line("proposed", "cancel", "cancelled", may_decide, note_required=True, zh="取消", en="cancel"),
        Line("proposed", "renounce", "cancelled", speaks_for_organization, note_required=True, zh="放弃承接", en="renounce"),
        Line("notice", "confirm", "active", may_confirm, _CONFIRM, zh="确认", en="confirm"),
        Line("notice", "cancel", "cancelled", may_confirm, note_required=True, zh="取消", en="cancel"),
        Line("notice", "renounce", "cancelled", speaks_for_organization, note_required=True, zh="放弃承接", en="renounce"),
        Line("active", "contract", "contracted", nobody, zh="签约", en="contracted"),
        Line("active", "cancel", "cancelled", may_confirm, note_required=True, zh="取消", en="cancel"),
        Line("active", "renounce", "cancelled", speaks_for_organization, note_required=True, zh="放弃承接", en="renounce"),
    ),
    audience=_award_audience,
    facts=_award_facts,
)  # fmt: skip
