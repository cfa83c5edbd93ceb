"""Whether an evaluator stands too near to what it would score (DOMAIN.md §5, invariants 7 and 8)."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.evaluations import repository
from app.evaluations.models import Evaluation
from app.kernel.errors import Problem


async def of(session: AsyncSession, evaluation: Evaluation) -> list[Problem]:
    """The sides it is identical with, and its own work in the same edition and category."""
    evaluator = await repository.party(session, evaluation.evaluator_id)
    chain = await contracts.sides(session, evaluation.contract_id)
    found = list(in_chain(evaluator, chain))
    twins = await repository.bodies(session, evaluator)
    if await repository.competes(session, evaluation, twins):
        found.append(
            Problem(
                "evaluator_competes",
                "评估机构在同一届同类服务中承接项目，构成竞争关系，不得评估。",
                "The evaluator takes on work of the same category in the same edition: it competes with what it would score.",
                "/evaluator_id",
            )
        )
    return found


def in_chain(evaluator: Any, chain: Iterable[Any]) -> Iterable[Problem]:
    """One problem for each side of the contract that is the same body as the evaluator."""
    for party in chain:
        if contracts.same_body(evaluator, party):
            yield Problem(
                "evaluator_in_chain",
                f"评估机构与合同相关方“{party.name}”为同一单位，不得评估。",
                f"The evaluator is '{party.name}', a party to what it would score.",
                "/evaluator_id",
                {"party_id": str(party.id)},
            )
