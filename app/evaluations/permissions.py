"""Who evaluates, who confirms, who hears an appeal, and who sees what."""

from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.areas.permissions import within
from app.contracts import permissions as contracts
from app.evaluations.models import BLIND, Evaluation, EvaluationState, ScoringSide
from app.identity.roles import BUREAUS, OFFICIALS, Role
from app.kernel.actor import Actor


def is_evaluator(actor: Actor, evaluation: Any) -> bool:
    return actor.holds(Role.EVALUATOR, party=evaluation.evaluator_id)


def is_buyer(actor: Actor, evaluation: Any) -> bool:
    return contracts.is_buyer(actor, evaluation)


def is_supplier(actor: Actor, evaluation: Any) -> bool:
    return contracts.is_supplier(actor, evaluation)


def is_supervisor(actor: Actor, evaluation: Any) -> bool:
    return contracts.is_supervisor(actor, evaluation)


def may_assign(actor: Actor, thing: Any) -> bool:
    """The buyer or the bureau above it chooses the evaluator; never the supplier."""
    return contracts.is_buyer(actor, thing) or contracts.is_bureau(actor, thing)


def may_close(actor: Actor, evaluation: Any) -> bool:
    return is_evaluator(actor, evaluation) or may_assign(actor, evaluation)


def may_appeal(actor: Actor, evaluation: Any) -> bool:
    return is_supplier(actor, evaluation) or is_buyer(actor, evaluation)


def may_hear_appeal(actor: Actor, evaluation: Any) -> bool:
    """A bureau of the area that does not buy."""
    return actor.holds(*BUREAUS, area=evaluation.area_path) and not is_buyer(actor, evaluation)


def may_write_schemes(actor: Actor) -> bool:
    return actor.is_system or actor.holds(Role.CITY_BUREAU)


def scoring_sides(actor: Actor, evaluation: Any) -> list[ScoringSide]:
    """The sides this actor may score for."""
    asked = (
        (ScoringSide.EVALUATOR, is_evaluator),
        (ScoringSide.BUYER, is_buyer),
        (ScoringSide.SUPERVISOR, is_supervisor),
    )
    return [side for side, holds in asked if holds(actor, evaluation)]


def reads_result(actor: Actor, evaluation: Evaluation) -> bool:
    """Nobody before scoring is closed; then the sides and officials; everyone once it is confirmed."""
    if evaluation.state in BLIND:
        return False
    return evaluation.state == EvaluationState.CONFIRMED or reads_sheets(actor, evaluation)


def reads_sheets(actor: Actor, evaluation: Evaluation) -> bool:
    """The three sheets, after closing: whoever is part of it, the officials of the place, auditors."""
    if evaluation.state in BLIND:
        return False
    return (
        actor.is_system
        or actor.holds(Role.AUDITOR)
        or is_evaluator(actor, evaluation)
        or is_supplier(actor, evaluation)
        or is_buyer(actor, evaluation)
        or actor.holds(*OFFICIALS, area=evaluation.area_path)
    )


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """That an evaluation takes place is seen by its parties and officials; confirmed ones are public."""
    if actor.is_system or actor.holds(Role.AUDITOR):
        return true()
    seen = [
        Evaluation.state == EvaluationState.CONFIRMED,
        within(Evaluation.area_path, actor, *OFFICIALS),
        within(Evaluation.buyer_path, actor, *OFFICIALS),
    ]
    parties = list(actor.party_ids)
    if parties:
        seen += [Evaluation.supplier_id.in_(parties), Evaluation.evaluator_id.in_(parties)]
    return or_(*seen)
