"""Scoring: three sides, each blind to the others, until scoring is closed and the result is worked out."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import EvaluationPhase, Grade
from app.contracts import service as contracts
from app.editions import service as editions
from app.evaluations import permissions, repository, rules
from app.evaluations.lifecycle import LIFECYCLE, facts
from app.evaluations.models import BLIND, Evaluation, EvaluationState, Scheme, ScoreSheet, ScoringSide
from app.evaluations.schemas import ScoreSheetView, SheetDraft
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import Case, lock, move
from app.organizations import service as organizations

NOT_SCORING = Problem("not_scoring", "评估不在评分阶段。", "Scores are not being taken now.")
SIDE_SCORED = Problem("side_scored", "该方已由他人评分。", "Somebody else has scored for this side already.")
WHICH_SIDE = Problem(
    "which_side", "您可代表多方，请注明 side。", "You speak for more than one side: name it.", "/side"
)
ONE_SHEET = Problem("one_person_one_sheet", "同一人只能评分一次。", "One person fills in one sheet.", "/side")


async def score(session: AsyncSession, actor: Actor, evaluation: Evaluation, draft: SheetDraft) -> ScoreSheet:
    """Hand in one side's sheet; its writer may replace it until scoring is closed.

    Raises `NotYou`, `NotNow`, and `Malformed` with every wrong criterion. What is on the sheet enters no journal.
    """
    sides = permissions.scoring_sides(actor, evaluation)
    if draft.side is not None:
        sides = [side for side in sides if side == draft.side]
    if not sides:
        raise NotYou()
    if len(sides) > 1:
        raise Malformed(WHICH_SIDE)
    await lock(session, evaluation)
    if evaluation.state != EvaluationState.SCORING:
        raise NotNow(NOT_SCORING)
    scheme = (await repository.schemes(session, [evaluation.scheme_id]))[evaluation.scheme_id]
    raise_all(rules.sheet_holds(scheme.criteria, draft.points), Malformed)
    sheets = await repository.sheets(session, evaluation.id)
    sheet = _mine(actor, sheets, sides[0])
    sheet.evaluation_id = evaluation.id
    sheet.points = {code: str(points) for code, points in draft.points.items()}
    sheet.findings, sheet.misuse_of_funds = draft.findings, draft.misuse_of_funds
    session.add(sheet)
    await session.flush()
    await journal.record(
        session,
        actor,
        journal.Event(
            "evaluation",
            evaluation.id,
            "scored",
            journal.Audience(evaluation.area_path),
            number=evaluation.number,
            change={"side": str(sides[0])},
        ),
    )
    return sheet


def _mine(actor: Actor, sheets: Sequence[ScoreSheet], side: ScoringSide) -> ScoreSheet:
    for sheet in sheets:
        if sheet.side == side:
            if sheet.scorer_id != actor.account_id:
                raise NotNow(SIDE_SCORED)
            return sheet
        if actor.account_id is not None and sheet.scorer_id == actor.account_id:
            raise NotNow(ONE_SHEET)
    return ScoreSheet(side=side, scorer_id=actor.account_id, scorer=actor.label)


async def sheets(session: AsyncSession, actor: Actor, evaluation: Evaluation) -> list[ScoreSheetView]:
    """The sheets the actor may read: before scoring is closed its own and no other, to whomever it may be."""
    found = await repository.sheets(session, evaluation.id)
    if not permissions.reads_sheets(actor, evaluation):
        own = actor.account_id if evaluation.state in BLIND else None
        found = [sheet for sheet in found if own is not None and sheet.scorer_id == own]
    return [ScoreSheetView.model_validate(sheet) for sheet in found]


async def close(session: AsyncSession, actor: Actor, evaluation: Evaluation, note: str | None) -> Evaluation:
    """End scoring and work out the result: points by the sides' weights, residents' satisfaction, grade with its caps."""
    await lock(session, evaluation)
    known = await facts(session, evaluation)
    line = LIFECYCLE.line(evaluation.state, "close")
    ready = line is not None and not LIFECYCLE.judge(line, Case(evaluation, actor, {}, known, note))
    values = await _outcome(session, evaluation, known) if ready else {}
    await move(session, LIFECYCLE, evaluation, "close", actor, note, facts=known, values=values)
    return evaluation


async def _outcome(session: AsyncSession, evaluation: Evaluation, known: rules.Facts) -> dict[str, Any]:
    settings = await editions.settings_of(session, evaluation.edition_code)
    scheme = (await repository.schemes(session, [evaluation.scheme_id]))[evaluation.scheme_id]
    assert known.totals is not None
    heard = known.satisfaction or rules.satisfaction((), 0)
    enough = heard.n >= known.needed
    index = heard.index if enough else None
    result = _result(scheme, known.sheets, index)
    misuse = any(sheet.misuse_of_funds for sheet in known.sheets)
    return {
        "total": result,
        "misuse_of_funds": misuse,
        "grade": rules.grade(result, index, misuse_of_funds=misuse),
        "satisfaction_index": index,
        "satisfaction_low": heard.low if enough else None,
        "satisfaction_high": heard.high if enough else None,
        "satisfaction_n": heard.n,
        "persons": known.totals.persons,
        "contacts": known.totals.contacts,
        "completion_percent": known.totals.completion_percent,
        "closed_at": clock.now(),
        "appeal_until": clock.today() + timedelta(days=settings.appeal_days),
    }


def _result(scheme: Scheme, sheets: Sequence[ScoreSheet], index: Decimal | None) -> Decimal:
    given = {
        sheet.side: {code: Decimal(str(points)) for code, points in sheet.points.items()} for sheet in sheets
    }
    return rules.total(scheme.criteria, scheme.side_weights, given, index)


async def confirm(
    session: AsyncSession, actor: Actor, evaluation: Evaluation, note: str | None
) -> Evaluation:
    """The buyer confirms the result: it is public, and the contract and the track record follow it."""
    await lock(session, evaluation)
    contract = await contracts.held(session, evaluation.contract_id)
    await move(
        session,
        LIFECYCLE,
        evaluation,
        "confirm",
        actor,
        note,
        values={"confirmed_at": clock.now()},
        change={"grade": evaluation.grade, "total": str(evaluation.total), "phase": evaluation.phase},
    )
    passed = evaluation.grade != Grade.FAIL
    if evaluation.phase == EvaluationPhase.MIDTERM:
        await contracts.mark_midterm(session, actor, contract.id, passed)
        return evaluation
    mark = contracts.mark_accepted if passed else contracts.mark_failed
    await mark(session, actor, contract.id, note)
    index = evaluation.satisfaction_index
    await organizations.report(
        session,
        actor,
        evaluation.award_id,
        grade=evaluation.grade,
        satisfaction=float(index) if index is not None else None,
        contacts=evaluation.contacts,
        amount_fen=contract.amount_fen,
    )
    return evaluation
