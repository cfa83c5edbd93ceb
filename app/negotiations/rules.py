"""Rules of expressing, talking and awarding. Pure: each takes facts and returns every broken one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from app.catalogue.codes import ProcurementMethod, label
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan
from app.negotiations.models import Channel, IntentState

OPEN_PROJECTS = ("published", "negotiating")
WITHOUT_TALK = frozenset(
    {ProcurementMethod.DIRECT_AWARD, ProcurementMethod.SINGLE_SOURCE, ProcurementMethod.CLAIM}
)
"""Methods whose award needs no confirmed talk, but a written reason."""
LEAST_REASON = 10
GOOD_RATINGS = ("3A", "4A", "5A")
LEAST_SCORERS = 3
PASSED_INSPECTION = tuple(label("inspection_result", code) for code in ("passed", "exempt"))


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """What answers and decisions on an intent compare."""

    project_state: str
    now: datetime


def gates_hold(case: Case[Any]) -> Iterable[Problem]:
    """The hard gates of this moment."""
    return () if case.facts is None else case.facts.gates


def not_expired(case: Case[Any]) -> Iterable[Problem]:
    if case.facts is not None and case.facts.now >= case.thing.expires_at:
        yield Problem("intent_expired", "该意向已过有效期。", "This expression of interest has expired.")


def project_open(case: Case[Any]) -> Iterable[Problem]:
    if case.facts is not None and case.facts.project_state not in OPEN_PROJECTS:
        yield project_not_open(case.facts.project_state)


def project_not_open(state: str) -> Problem:
    return Problem(
        "project_not_open",
        "项目当前不接受洽谈。",
        "The project does not take part in negotiations now.",
        "/project",
        {"state": state},
    )


def meets_later(case: Case[Any]) -> Iterable[Problem]:
    """A meeting needs a moment that is not over."""
    meets_at = case.data.get("meets_at")
    if meets_at is None:
        yield Problem(
            "meets_at_required",
            "请填写洽谈时间（meets_at）。",
            "Name the time of the meeting (meets_at).",
            "/data/meets_at",
        )
    elif case.facts is not None and meets_at < case.facts.now:
        yield Problem(
            "meets_at_past",
            "洽谈时间不能早于现在。",
            "The time of the meeting is over already.",
            "/data/meets_at",
        )


def before_deadline(last_day: date | None, today: date) -> list[Problem]:
    """A project may name the last day on which interest is taken."""
    if last_day is None or today <= last_day:
        return []
    return [
        Problem(
            "intents_closed",
            f"该项目的意向征集已于 {last_day} 截止。",
            f"The project took expressions of interest until {last_day}.",
            "/project",
            {"intents_until": str(last_day)},
        )
    ]


def pending_within_limit(pending: int, limit: int) -> list[Problem]:
    """At most `limit` unanswered intents that one organization expressed on one day."""
    if pending < limit:
        return []
    return [
        Problem(
            "intents_pending_max",
            f"今天已有 {pending} 个待答复的意向，每天最多 {limit} 个；请等待答复或撤回其中之一。",
            f"{pending} of today's expressions of interest await an answer; the limit is {limit} a day.",
            None,
            {"pending": pending, "limit": limit},
        )
    ]


ALREADY_OPEN = Problem(
    "intent_already_open",
    "该项目与该机构在本轮已有进行中的意向。",
    "This project and this organization have an open expression of interest in this round.",
    "/organization",
)


def claim_in_good_credit(facts: Mapping[str, Any], on: date) -> list[Problem]:
    """Only an organization in good credit may claim: normal credit, a passed inspection, a valid rating of 3A or more."""
    inspections = facts.get("annual_inspection") or {}
    newest = inspections[max(inspections)] if inspections else None
    valid_until = facts.get("rating_valid_until")
    rating = facts.get("rating") if valid_until is None or valid_until >= on else None
    lacking = [
        zh_en
        for zh_en, holds in (
            (("信用状况正常", "normal credit"), facts.get("credit_status") in (None, "normal")),
            (("最近年检合格", "a passed annual inspection"), newest in PASSED_INSPECTION),
            (("有效等级 3A 及以上", "a valid rating of 3A or more"), rating in GOOD_RATINGS),
        )
        if not holds
    ]
    if not lacking:
        return []
    zh, en = "、".join(z for z, _ in lacking), ", ".join(e for _, e in lacking)
    return [
        Problem(
            "claim_needs_good_credit",
            f"认领服务须为诚信社会组织，尚缺：{zh}。",
            f"A claim needs {en}.",
            "/channel",
        )
    ]


def quote_within_budget(amount_fen: int | None, budget_fen: int | None, pointer: str) -> list[Problem]:
    if amount_fen is None or budget_fen is None or amount_fen <= budget_fen:
        return []
    return [
        Problem(
            "above_budget",
            f"金额 {yuan(amount_fen)} 元超过项目预算 {yuan(budget_fen)} 元。",
            f"{yuan(amount_fen)} yuan is above the project's budget of {yuan(budget_fen)} yuan.",
            pointer,
            {"amount_yuan": yuan(amount_fen), "budget_yuan": yuan(budget_fen)},
        )
    ]


@dataclass(frozen=True, slots=True)
class Proposal:
    """Everything the rules of a proposed award compare."""

    project_state: str
    budget_fen: int | None
    amount_fen: int
    agreed_fen: int | None
    method: str
    channel: str
    reason: str
    intent_state: str | None
    talked: bool
    bidders: int
    allowed_methods: Sequence[str]
    least_bidders: int
    scorers: int
    statement: bool | None
    gates: tuple[Problem, ...]


def proposal(case: Proposal) -> list[Problem]:
    """All reasons why this award cannot be proposed now."""
    return [
        *_project_negotiates(case),
        *_amount(case),
        *_path(case),
        *_method(case),
        *conflict_free(case.statement),
        *case.gates,
    ]


def _project_negotiates(case: Proposal) -> Iterable[Problem]:
    if case.project_state not in OPEN_PROJECTS:
        yield project_not_open(case.project_state)


def _amount(case: Proposal) -> Iterable[Problem]:
    if case.budget_fen is None:
        yield Problem(
            "budget_unknown", "项目预算尚未确定，不能确定承接。", "The project has no budget yet.", "/project"
        )
    yield from quote_within_budget(case.amount_fen, case.budget_fen, "/amount_yuan")
    if case.agreed_fen is not None and case.amount_fen > case.agreed_fen:
        yield Problem(
            "above_agreed_terms",
            f"金额超过双方已确认的条款（{yuan(case.agreed_fen)} 元）。",
            f"The amount is above the terms both sides accepted ({yuan(case.agreed_fen)} yuan).",
            "/amount_yuan",
        )


def _path(case: Proposal) -> Iterable[Problem]:
    exempt = case.method in WITHOUT_TALK or case.channel == Channel.CLAIM
    open_intent = case.intent_state in (IntentState.TALKED, IntentState.SHORTLISTED)
    if not exempt and not (open_intent and case.talked):
        yield Problem(
            "talk_required",
            "须至少有一次双方确认的洽谈；直接委托、单一来源或认领除外，并须写明理由。",
            "At least one talk confirmed by both sides is required, unless it is a direct award, single source or claim.",
            "/organization",
        )
    if exempt and case.channel == Channel.CLAIM and case.intent_state is None:
        yield Problem(
            "claim_required",
            "该机构没有认领此项目。",
            "The organization has not claimed this project.",
            "/organization",
        )
    if exempt and len(case.reason.strip()) < LEAST_REASON:
        yield Problem(
            "reason_required",
            f"以此方式确定承接方须写明理由（至少 {LEAST_REASON} 个字）。",
            f"An award by this method needs a written reason of at least {LEAST_REASON} characters.",
            "/reason",
        )


def _method(case: Proposal) -> Iterable[Problem]:
    if case.method not in case.allowed_methods:
        offered = "、".join(label("procurement_method", method) for method in case.allowed_methods)
        yield Problem(
            "method_not_allowed",
            f"该金额不能采用“{label('procurement_method', case.method)}”；可采用：{offered}。",
            f"For this amount the method '{case.method}' is not allowed; allowed: {', '.join(case.allowed_methods)}.",
            "/method",
            {"allowed": list(case.allowed_methods)},
        )
    if case.method not in WITHOUT_TALK and case.bidders < case.least_bidders:
        yield Problem(
            "too_few_bidders",
            f"参与洽谈的机构 {case.bidders} 家，少于要求的 {case.least_bidders} 家。",
            f"{case.bidders} organizations took part; the method asks for {case.least_bidders}.",
            "/method",
            {"bidders": case.bidders, "required": case.least_bidders},
        )
    if case.channel == Channel.GRANT_ROUND and case.scorers < LEAST_SCORERS:
        yield Problem(
            "scores_required",
            f"公益创投须至少 {LEAST_SCORERS} 位专家评分。",
            f"A grant round needs scores of at least {LEAST_SCORERS} experts.",
            "/scores",
        )


def conflict_free(statement: bool | None) -> list[Problem]:
    """Who decides has signed that no relation to the organization exists: None is unsigned, True a declared conflict."""
    if statement is None:
        return [
            Problem(
                "conflict_statement_missing",
                "请先签署利益冲突声明。",
                "Sign the statement on conflicts of interest first.",
            )
        ]
    if statement:
        return [
            Problem(
                "conflict_declared",
                "您已声明利益关系，须回避此项决定。",
                "You declared a relation and must step back from this decision.",
            )
        ]
    return []


@dataclass(frozen=True, slots=True)
class AwardFacts:
    """What the confirmation of an award compares; `statements` maps account → has declared a conflict."""

    gates: tuple[Problem, ...]
    statements: Mapping[UUID, bool]
    today: date


def notice_over(case: Case[Any]) -> Iterable[Problem]:
    award = case.thing
    if case.facts is not None and award.notice_to is not None and case.facts.today <= award.notice_to:
        yield Problem(
            "notice_running",
            f"公示期至 {award.notice_to} 止，期满后方可确认。",
            f"The notice runs to {award.notice_to}; the award may be confirmed afterwards.",
            None,
            {"notice_to": str(award.notice_to)},
        )


def no_open_challenge(case: Case[Any]) -> Iterable[Problem]:
    if case.thing.open_challenges:
        yield Problem(
            "challenge_open",
            f"尚有 {case.thing.open_challenges} 件质疑未答复。",
            f"{case.thing.open_challenges} challenge(s) await an answer.",
        )


def another_person(case: Case[Any]) -> Iterable[Problem]:
    if case.actor.account_id is not None and case.actor.account_id == case.thing.proposed_by:
        yield Problem(
            "same_person",
            "提出人不能确认自己提出的承接结果。",
            "Who proposed an award cannot confirm it.",
        )


def confirmer_conflict_free(case: Case[Any]) -> Iterable[Problem]:
    if case.facts is not None and case.actor.account_id is not None:
        yield from conflict_free(case.facts.statements.get(case.actor.account_id))
