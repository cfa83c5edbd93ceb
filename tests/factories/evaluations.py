"""An evaluation, as far along as a test needs it; every body is invented."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.evaluations import residents, scoring, service
from app.evaluations.models import Evaluation
from app.evaluations.schemas import EvaluationDraft, ReplyDraft, SheetDraft, TokensDraft
from app.identity.roles import Role
from app.kernel.actor import Actor
from app.parties.models import Party, PartyKind
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories.contracts import Deal
from tests.factories.parties import make_party

FINAL_POINTS = {"completion": "22", "outcome": "18", "management": "14", "finance": "14"}
MIDTERM_POINTS = {"progress": "36", "management": "22", "finance": "18", "satisfaction": "13"}


@dataclass(slots=True)
class Judged:
    """A contract under evaluation and the three who score it."""

    deal: Deal
    evaluation: Evaluation
    party: Party
    evaluator: Actor

    @property
    def scorers(self) -> tuple[Actor, Actor, Actor]:
        return self.evaluator, self.deal.street, self.deal.district


async def make_evaluator(session: AsyncSession, name: str = "南京澄明社会服务评估中心") -> Party:
    return await make_party(session, name, PartyKind.EVALUATOR, area_path=actors.CITY)


async def assign(session: AsyncSession, deal: Deal, phase: str) -> Judged:
    party = await make_evaluator(session)
    draft = EvaluationDraft.model_validate(
        {"contract_id": deal.contract.id, "phase": phase, "evaluator_id": party.id}
    )
    evaluation = await service.assign(session, deal.street, draft)
    return Judged(deal, evaluation, party, actors.speaking_for(party.id, Role.EVALUATOR))


async def take_on(session: AsyncSession, judged: Judged) -> None:
    data = {"no_conflict": True}
    await service.transition(session, judged.evaluator, judged.evaluation, "take_on", None, data)


async def score(
    session: AsyncSession, judged: Judged, actor: Actor, points: dict[str, str], **changes: Any
) -> None:
    draft = SheetDraft.model_validate({"points": points} | changes)
    await scoring.score(session, actor, judged.evaluation, draft)


async def make_scoring(session: AsyncSession, phase: str = "final", persons: int = 10) -> Judged:
    """An evaluation in which nobody has scored yet; for a final one the close-out file is in."""
    deal = await make.make_in_delivery(session)
    await make.deliver(session, deal, persons=persons)
    if phase == "final":
        await contracts.mark_midterm(session, deal.street, deal.contract.id, True)
        await make.pay(session, deal, 2)
        await contracts.transition(session, deal.supplier, deal.contract, "close_out", None, {})
    judged = await assign(session, deal, phase)
    await take_on(session, judged)
    return judged


async def hear_residents(session: AsyncSession, deal: Deal, *scores: int) -> None:
    """So many residents reply, each with a token of its own."""
    draft = TokensDraft.model_validate(
        {"contract_id": deal.contract.id, "count": len(scores), "channel": "paper"}
    )
    issued = await residents.issue(session, deal.street, draft)
    for token, overall in zip(issued.tokens, scores, strict=True):
        await residents.reply(session, ReplyDraft(token=token, overall=overall))


async def make_closed(
    session: AsyncSession, phase: str = "final", points: dict[str, str] | None = None, replies: int = 8
) -> Judged:
    """All three have scored alike, residents were heard, scoring is closed."""
    judged = await make_scoring(session, phase)
    if phase == "final":
        await hear_residents(session, judged.deal, *([5, 4] * replies)[:replies])
    default = FINAL_POINTS if phase == "final" else MIDTERM_POINTS
    for scorer in judged.scorers:
        await score(session, judged, scorer, points or default)
    await service.transition(session, judged.evaluator, judged.evaluation, "close", None, {})
    return judged
