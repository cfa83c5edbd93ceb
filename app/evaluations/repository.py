"""All SQL of evaluations."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts.models import ENDED, Contract, ContractState, Tranche
from app.evaluations import permissions, rules
from app.evaluations.models import (
    Appeal,
    Evaluation,
    EvaluationState,
    SatisfactionReply,
    SatisfactionToken,
    Scheme,
    ScoreSheet,
)
from app.kernel import clock
from app.kernel.actor import Actor
from app.kernel.database import keep, kept
from app.kernel.ids import uuid7
from app.kernel.lifecycle import locked
from app.parties.models import Party


async def visible(
    session: AsyncSession, actor: Actor, ref: UUID | str, *, to_move: bool
) -> Evaluation | None:
    column = Evaluation.id if isinstance(ref, UUID) else Evaluation.number
    query = select(Evaluation).where(column == ref, permissions.visible_to(actor))
    query = query.order_by(Evaluation.id.desc()).limit(1)
    return await locked(session, query) if to_move else await session.scalar(query)


def evaluations(
    actor: Actor, *, contract_id: UUID | None, phase: str | None, state: str | None, edition: str | None
) -> Select[Evaluation]:
    query = select(Evaluation).where(permissions.visible_to(actor))
    equal = {
        Evaluation.contract_id: contract_id,
        Evaluation.phase: phase,
        Evaluation.state: state,
        Evaluation.edition_code: edition,
    }
    return query.where(*(column == value for column, value in equal.items() if value is not None))


async def of_contract(session: AsyncSession, contract_id: UUID, phase: str) -> Sequence[Evaluation]:
    found = await session.scalars(
        select(Evaluation).where(Evaluation.contract_id == contract_id, Evaluation.phase == phase)
    )
    return found.all()


async def schemes(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, Scheme]:
    known = {scheme.id: scheme for scheme in kept(session, Scheme)}
    if missing := set(ids) - known.keys():
        found = (await session.scalars(select(Scheme).where(Scheme.id.in_(missing)))).all()
        keep(session, *found)
        known |= {scheme.id: scheme for scheme in found}
    return known


async def all_schemes(session: AsyncSession) -> Sequence[Scheme]:
    return (await session.scalars(select(Scheme).order_by(Scheme.phase, Scheme.scheme_no))).all()


async def current_scheme(session: AsyncSession, phase: str, *, lock: bool = False) -> Scheme | None:
    query = select(Scheme).where(Scheme.phase == phase, Scheme.current)
    found = await session.scalar(query.with_for_update() if lock else query)
    keep(session, found)
    return found


async def write_default(session: AsyncSession, **values: Any) -> None:
    """Write a first scheme unless another writer was faster."""
    row = {"id": uuid7(), "scheme_no": 1, "current": True, "created_at": clock.now(), **values}
    await session.execute(insert(Scheme).values(row).on_conflict_do_nothing())


async def sheets(session: AsyncSession, evaluation_id: UUID) -> Sequence[ScoreSheet]:
    found = await session.scalars(
        select(ScoreSheet).where(ScoreSheet.evaluation_id == evaluation_id).order_by(ScoreSheet.side)
    )
    return found.all()


async def sides_in(session: AsyncSession, evaluation_ids: Sequence[UUID]) -> dict[UUID, list[str]]:
    """Which sides have handed in their sheets; not what is on them."""
    rows = await session.execute(
        select(ScoreSheet.evaluation_id, ScoreSheet.side)
        .where(ScoreSheet.evaluation_id.in_(evaluation_ids))
        .order_by(ScoreSheet.side)
    )
    found: dict[UUID, list[str]] = {}
    for evaluation_id, side in rows:
        found.setdefault(evaluation_id, []).append(side)
    return found


async def appeal(session: AsyncSession, evaluation_id: UUID) -> Appeal | None:
    return await session.scalar(select(Appeal).where(Appeal.evaluation_id == evaluation_id))


async def party(session: AsyncSession, party_id: UUID) -> Party | None:
    found = await session.get(Party, party_id)
    keep(session, found)
    return found


async def bodies(session: AsyncSession, one: Party | None) -> list[UUID]:
    """Every party row of the same body: itself, the same credit code, the same name."""
    if one is None:
        return []
    same = [Party.id == one.id, Party.normal_name == one.normal_name]
    if one.uscc:
        same.append(Party.uscc == one.uscc)
    return list(await session.scalars(select(Party.id).where(or_(*same))))


async def competes(session: AsyncSession, evaluation: Evaluation, suppliers: Sequence[UUID]) -> bool:
    """Whether one of these supplies a contract of the same edition and category."""
    scored = select(Contract.category).where(Contract.id == evaluation.contract_id).scalar_subquery()
    found = await session.scalar(
        select(Contract.id)
        .where(
            Contract.supplier_id.in_(suppliers),
            Contract.edition_code == evaluation.edition_code,
            Contract.category == scored,
            Contract.state.not_in(ENDED),
        )
        .limit(1)
    )
    return found is not None


# --- residents ------------------------------------------------------------------------------------------------------


async def use_token(session: AsyncSession, digest: bytes, now: datetime) -> SatisfactionToken | None:
    """Use a token up, in one statement: of two who try at once, one gets the row and the other nothing."""
    return await session.scalar(
        update(SatisfactionToken)
        .where(
            SatisfactionToken.digest == digest,
            SatisfactionToken.used_at.is_(None),
            SatisfactionToken.expires_at > now,
        )
        .values(used_at=now)
        .returning(SatisfactionToken)
    )


async def token(session: AsyncSession, digest: bytes) -> SatisfactionToken | None:
    return await session.scalar(select(SatisfactionToken).where(SatisfactionToken.digest == digest))


async def heard(session: AsyncSession, contract_id: UUID, persons: int) -> rules.Satisfaction:
    """What residents said of a contract so far, of so many persons served."""
    rows = await session.execute(
        select(SatisfactionReply.overall, SatisfactionReply.scale).where(
            SatisfactionReply.contract_id == contract_id
        )
    )
    scores = [(row.overall, row.scale) for row in rows]
    return rules.satisfaction(scores, persons)


# --- tasks ----------------------------------------------------------------------------------------------------------


async def open_for(session: AsyncSession, actor: Actor) -> Sequence[Evaluation]:
    query = select(Evaluation).where(
        permissions.visible_to(actor),
        Evaluation.state.not_in((EvaluationState.CONFIRMED, EvaluationState.CANCELLED)),
    )
    return (await session.scalars(query.order_by(Evaluation.id).limit(200))).all()


async def without_evaluation(session: AsyncSession, condition: Any, today: date) -> Sequence[Contract]:
    """Contracts that need an evaluation now and have none: close-out is in, or the mid-term day is within a month."""
    open_one = (
        select(Evaluation.id)
        .where(
            Evaluation.contract_id == Contract.id,
            Evaluation.state != EvaluationState.CANCELLED,
            or_(
                (Evaluation.phase == "final") & (Contract.state == ContractState.FINAL_EVALUATION),
                (Evaluation.phase == "midterm")
                & (Contract.state == ContractState.IN_DELIVERY)
                & ((Evaluation.state != EvaluationState.CONFIRMED) | (Evaluation.grade != "fail")),
            ),
        )
        .exists()
    )
    has_midterm = (
        select(Tranche.id)
        .where(Tranche.contract_id == Contract.id, Tranche.trigger == "midterm_passed")
        .exists()
    )
    needs_midterm = (
        (Contract.state == ContractState.IN_DELIVERY)
        & Contract.midterm_passed_at.is_(None)
        & (Contract.midterm_due_on <= today + timedelta(days=30))
        & has_midterm
    )
    found = await session.scalars(
        select(Contract)
        .where(condition, or_(Contract.state == ContractState.FINAL_EVALUATION, needs_midterm), ~open_one)
        .order_by(Contract.id)
        .limit(200)
    )
    return found.all()
