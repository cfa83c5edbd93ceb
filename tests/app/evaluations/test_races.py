"""Many residents and many scorers at once: real connections, real commits."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.evaluations import residents, scoring, service
from app.evaluations.models import Evaluation, SatisfactionReply, ScoreSheet
from app.evaluations.schemas import EvaluationDraft, ReplyDraft, SheetDraft, TokensDraft
from app.identity.roles import Role
from app.kernel.database import Database
from app.organizations.models import Engagement
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import evaluations as judge
from tests.factories.crowd import Act, at_once

CROWD = 50


async def test_a_token_typed_by_fifty_hands_counts_once(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_in_delivery(session)
        wanted = TokensDraft.model_validate({"contract_id": deal.contract.id, "count": 1, "channel": "web"})
        (token,) = (await residents.issue(session, deal.street, wanted)).tokens

    def reply(overall: int) -> Act:
        async def act(session: AsyncSession) -> None:
            await residents.reply(session, ReplyDraft(token=token, overall=overall))

        return act

    ends = await at_once(committed, [reply(1 + number % 5) for number in range(CROWD)])
    assert ends == {"done": 1, "token_used": CROWD - 1}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(SatisfactionReply)) == 1


async def test_fifty_residents_with_fifty_tokens_all_count(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_in_delivery(session)
        wanted = TokensDraft.model_validate(
            {"contract_id": deal.contract.id, "count": CROWD, "channel": "web"}
        )
        tokens = (await residents.issue(session, deal.street, wanted)).tokens

    def reply(token: str) -> Act:
        async def act(session: AsyncSession) -> None:
            await residents.reply(session, ReplyDraft(token=token, overall=4))

        return act

    assert await at_once(committed, [reply(token) for token in tokens]) == {"done": CROWD}


async def test_one_evaluator_is_assigned_however_many_ask(committed: Database) -> None:
    async with committed.writing() as session:
        deal = await make.make_in_delivery(session)
        party = await judge.make_evaluator(session)
    draft = EvaluationDraft.model_validate(
        {"contract_id": deal.contract.id, "phase": "midterm", "evaluator_id": party.id}
    )

    async def assign(session: AsyncSession) -> None:
        await service.assign(session, deal.street, draft)

    assert await at_once(committed, [assign] * 8) == {"done": 1, "evaluation_open": 7}


async def test_two_colleagues_score_for_one_side_and_one_sheet_stands(committed: Database) -> None:
    async with committed.writing() as session:
        judged = await judge.make_scoring(session, "midterm")
    colleagues = [actors.speaking_for(judged.party.id, Role.EVALUATOR) for _ in range(8)]

    def score(number: int) -> Act:
        async def act(session: AsyncSession) -> None:
            evaluation = await service.get(session, colleagues[number], judged.evaluation.id)
            draft = SheetDraft.model_validate(
                {"points": judge.MIDTERM_POINTS | {"progress": str(30 + number)}}
            )
            await scoring.score(session, colleagues[number], evaluation, draft)

        return act

    assert await at_once(committed, [score(number) for number in range(8)]) == {"done": 1, "side_scored": 7}
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(ScoreSheet)) == 1


async def test_a_sheet_handed_in_while_scoring_closes_is_in_the_result_or_refused(
    committed: Database,
) -> None:
    async with committed.writing() as session:
        judged = await judge.make_scoring(session, "midterm")
        for scorer in judged.scorers:
            await judge.score(session, judged, scorer, judge.MIDTERM_POINTS)

    async def close(session: AsyncSession) -> None:
        evaluation = await service.get(session, judged.evaluator, judged.evaluation.id)
        await service.transition(session, judged.evaluator, evaluation, "close", None, {})

    async def change(session: AsyncSession) -> None:
        evaluation = await service.get(session, judged.evaluator, judged.evaluation.id)
        draft = SheetDraft.model_validate({"points": judge.MIDTERM_POINTS | {"progress": "6"}})
        await scoring.score(session, judged.evaluator, evaluation, draft)

    ends = await at_once(committed, [close, change])
    async with committed.reading() as session:
        total = float(await session.scalar(select(Evaluation.total)) or 0)
        sheet = await session.scalar(select(ScoreSheet.points).where(ScoreSheet.side == "evaluator"))
    assert sheet is not None
    # 30 points fewer from the evaluator, who weighs 60 %: 89 or 71
    assert (total, sheet["progress"]) == ((71.0, "6") if ends == {"done": 2} else (89.0, "36"))


async def test_a_result_is_confirmed_once(committed: Database) -> None:
    async with committed.writing() as session:
        judged = await judge.make_closed(session)
        await service.transition(session, judged.deal.supplier, judged.evaluation, "accept_result", None, {})

    async def confirm(session: AsyncSession) -> None:
        evaluation = await service.get(session, judged.deal.street, judged.evaluation.id)
        await service.transition(session, judged.deal.street, evaluation, "confirm", None, {})

    assert await at_once(committed, [confirm] * 8) == {"done": 1, "transition_not_possible": 7}
    async with committed.reading() as session:
        assert await session.scalar(select(Engagement.grade)) == "excellent"
