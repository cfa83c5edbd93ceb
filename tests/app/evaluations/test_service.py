"""Stories of evaluation: assigned without conflict, scored blind, residents heard, appealed, confirmed."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.evaluations import appeals, residents, schemes, scoring, service
from app.evaluations.models import SatisfactionReply, SatisfactionToken
from app.evaluations.schemas import EvaluationDraft, ReplyDraft, SchemeDraft, TokensDraft
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import PUBLIC
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, SheqiaError
from app.kernel.journal import JournalEntry
from app.organizations.models import Engagement
from app.parties.models import PartyKind
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import evaluations as judge
from tests.factories.parties import make_party


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


def draft(deal: make.Deal, evaluator_id: Any, phase: str = "midterm") -> EvaluationDraft:
    facts = {"contract_id": deal.contract.id, "phase": phase, "evaluator_id": evaluator_id}
    return EvaluationDraft.model_validate(facts)


async def test_the_supplier_does_not_choose_who_judges_it(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    party = await judge.make_evaluator(session)
    assert await refused(service.assign(session, deal.supplier, draft(deal, party.id)), NotYou)


async def test_an_evaluator_is_nobody_in_the_chain(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    twin = await make_party(session, deal.pair.organization.name, PartyKind.EVALUATOR)
    # the supplier's own evaluation arm is the supplier, and it works in the same category of the same edition
    assert await refused(service.assign(session, deal.street, draft(deal, twin.id))) == [
        "evaluator_in_chain",
        "evaluator_competes",
    ]
    street_arm = await make_party(session, "南京市玄武区锁金村街道办事处", PartyKind.EVALUATOR)
    assert await refused(service.assign(session, deal.street, draft(deal, street_arm.id))) == [
        "evaluator_in_chain"
    ]
    buyer = deal.contract.buyer_id
    assert await refused(service.assign(session, deal.street, draft(deal, buyer)), Malformed) == [
        "no_such_evaluator"
    ]


async def test_an_evaluator_does_not_judge_its_competitor(session: AsyncSession) -> None:
    one = await make.make_in_delivery(session)
    clock.settle(timedelta())
    other = await make.make_in_delivery(session)
    rival_arm = await make_party(session, other.pair.organization.name, PartyKind.EVALUATOR)
    assert await refused(service.assign(session, one.street, draft(one, rival_arm.id))) == [
        "evaluator_competes"
    ]


async def test_it_states_that_it_has_no_conflict_before_it_scores(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    judged = await judge.assign(session, deal, "midterm")
    assert await refused(
        service.transition(session, judged.evaluator, judged.evaluation, "take_on", None, {})
    ) == ["no_conflict_statement_missing"]
    assert judged.evaluation.state == "assigned"
    assert await refused(judge.score(session, judged, judged.evaluator, judge.MIDTERM_POINTS)) == [
        "not_scoring"
    ]
    await judge.take_on(session, judged)
    assert judged.evaluation.no_conflict_at is not None
    assert judged.party.id in deal.contract.reader_ids


async def test_a_final_evaluation_waits_for_the_close_out(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    party = await judge.make_evaluator(session)
    assert await refused(service.assign(session, deal.street, draft(deal, party.id, "final"))) == [
        "contract_not_ready"
    ]
    await service.assign(session, deal.street, draft(deal, party.id))
    assert await refused(service.assign(session, deal.street, draft(deal, party.id))) == ["evaluation_open"]


async def test_no_scorer_sees_another_before_closing_and_nobody_else_sees_any(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session)
    await judge.score(session, judged, judged.evaluator, judge.FINAL_POINTS, findings="台账完整")
    await judge.score(session, judged, judged.deal.street, judge.FINAL_POINTS | {"outcome": "3"})
    (own,) = await scoring.sheets(session, judged.deal.street, judged.evaluation)
    assert own.points["outcome"] == 3
    others = (
        judged.deal.district,
        judged.deal.supplier,
        actors.city(),
        actors.official(Role.AUDITOR, ""),
        actors.official(Role.COMMUNITY, actors.SUOJINCUN),
        actors.speaking_for(judged.party.id, Role.EVALUATOR),
        PUBLIC,
    )
    for other in others:
        assert await scoring.sheets(session, other, judged.evaluation) == []
        (view,) = await service.views(session, other, [judged.evaluation])
        assert (view.total, view.grade, view.satisfaction_index) == (None, None, None)
        assert [str(side) for side in view.sides_in] == ["buyer", "evaluator"]


async def test_no_score_is_written_where_the_feed_could_show_it(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session)
    await judge.score(
        session,
        judged,
        judged.evaluator,
        {"completion": "21.37", "outcome": "17.91", "management": "13", "finance": "13"},
        findings="秘密评语",
    )
    rows = await session.scalars(select(JournalEntry).where(JournalEntry.subject_id == judged.evaluation.id))
    told = [(entry.event, str(entry.change), entry.note or "") for entry in rows]
    assert "scored" in {event for event, _, _ in told}
    assert not any(
        secret in change + note for _, change, note in told for secret in ("21.37", "17.91", "秘密评语")
    )


async def test_the_database_holds_no_result_of_an_open_evaluation(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session)
    for assignment in ("total = 88", "grade = 'good'"):
        with pytest.raises(IntegrityError, match="blind_until_closed"):
            async with session.begin_nested():
                await session.execute(
                    text(f"UPDATE evaluations SET {assignment} WHERE id = :id"), {"id": judged.evaluation.id}
                )


async def test_each_side_scores_once_and_its_writer_may_correct_it(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session)
    await judge.score(session, judged, judged.evaluator, judge.FINAL_POINTS)
    await judge.score(session, judged, judged.evaluator, judge.FINAL_POINTS | {"finance": "9"})
    colleague = actors.speaking_for(judged.party.id, Role.EVALUATOR)
    assert await refused(judge.score(session, judged, colleague, judge.FINAL_POINTS)) == ["side_scored"]
    assert await refused(judge.score(session, judged, judged.deal.supplier, judge.FINAL_POINTS), NotYou)
    (sheet,) = await scoring.sheets(session, judged.evaluator, judged.evaluation)
    assert sheet.points["finance"] == 9


async def test_points_beyond_the_scheme_are_named_one_by_one(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session)
    points = {"completion": "26", "satisfaction": "25", "outcome": "18", "management": "14"}
    assert await refused(judge.score(session, judged, judged.evaluator, points), Malformed) == [
        "points_out_of_range",
        "points_missing",
        "criterion_unknown",
    ]


async def test_scoring_closes_when_all_three_have_scored_and_residents_were_heard(
    session: AsyncSession,
) -> None:
    judged = await judge.make_scoring(session)
    close = partial(service.transition, session, judged.evaluator, judged.evaluation, "close", None, {})
    assert await refused(close()) == ["scores_missing", "satisfaction_missing"]
    for scorer in judged.scorers:
        await judge.score(session, judged, scorer, judge.FINAL_POINTS)
    await judge.hear_residents(session, judged.deal, 5, 5, 4, 4, 5, 3, 5)
    assert await refused(close()) == ["satisfaction_missing"]  # 40 persons were served: 8 replies are a fifth
    await judge.hear_residents(session, judged.deal, 5)
    await close()
    # 22 + 18 + 14 + 14 and 25 × 90 %
    assert (judged.evaluation.total, judged.evaluation.grade) == (Decimal("90.50"), "excellent")
    assert (judged.evaluation.satisfaction_index, judged.evaluation.satisfaction_n) == (Decimal("90.00"), 8)
    assert (judged.evaluation.persons, judged.evaluation.contacts) == (40, 96)


async def test_a_confirmed_final_frees_the_last_tranche_and_enters_the_track_record(
    session: AsyncSession,
) -> None:
    judged = await judge.make_closed(session)
    deal = judged.deal
    confirm = partial(service.transition, session, deal.street, judged.evaluation, "confirm", None, {})
    assert await refused(service.get(session, PUBLIC, judged.evaluation.id), NotFound)
    assert await refused(confirm()) == ["appeal_window_open"]
    await service.transition(session, deal.supplier, judged.evaluation, "accept_result", None, {})
    await confirm()
    await session.refresh(deal.pair.project)
    assert (deal.contract.state, deal.pair.project.state) == ("accepted", "accepted")
    engagement = await session.scalar(select(Engagement).where(Engagement.award_id == deal.award.id))
    assert engagement is not None
    assert (engagement.state, engagement.grade, engagement.contacts) == ("released", "excellent", 96)
    await make.pay(session, deal, 3)
    public = await service.get(session, PUBLIC, judged.evaluation.number)
    (view,) = await service.views(session, PUBLIC, [public])
    assert (view.grade, view.total) == ("excellent", Decimal("90.50"))
    assert await scoring.sheets(session, PUBLIC, judged.evaluation) == []
    assert len(await scoring.sheets(session, deal.supplier, judged.evaluation)) == 3


async def test_from_the_final_evaluation_to_the_archive(session: AsyncSession) -> None:
    judged = await judge.make_closed(session)
    deal = judged.deal
    clock.settle(timedelta(days=30))
    await service.transition(session, deal.street, judged.evaluation, "confirm", None, {})
    await make.pay(session, deal, 3)
    await contracts.transition(session, deal.street, deal.contract, "settle", None, {})
    await contracts.transition(session, deal.district, deal.contract, "close", None, {})
    await session.refresh(deal.pair.project)
    assert deal.pair.project.state == "closed"


async def test_a_failed_final_is_settled_and_closed_without_the_last_tranche(session: AsyncSession) -> None:
    poor = {"completion": "8", "outcome": "6", "management": "5", "finance": "6"}
    judged = await judge.make_closed(session, points=poor)
    deal = judged.deal
    clock.settle(timedelta(days=30))
    await service.transition(session, deal.street, judged.evaluation, "confirm", "未达目标", {})
    assert (judged.evaluation.grade, deal.contract.state) == ("fail", "failed")
    terms = {"settlement_yuan": "10000.00", "voucher": "TK-1"}
    await contracts.transition(session, deal.street, deal.contract, "settle", "按成果结算", terms)
    await contracts.transition(session, deal.district, deal.contract, "close", None, {})
    await session.refresh(deal.pair.project)
    assert (deal.pair.project.state, deal.contract.refunded_fen) == ("closed", 600_000)


async def test_a_passed_mid_term_frees_the_next_tranche(session: AsyncSession) -> None:
    judged = await judge.make_closed(session, "midterm")
    await service.transition(session, judged.deal.supplier, judged.evaluation, "accept_result", None, {})
    await service.transition(session, judged.deal.street, judged.evaluation, "confirm", None, {})
    assert judged.deal.contract.midterm_passed_at is not None
    await make.pay(session, judged.deal, 2)


async def test_a_failed_mid_term_is_mended_and_judged_again(session: AsyncSession) -> None:
    poor = {"progress": "10", "management": "10", "finance": "10", "satisfaction": "5"}
    judged = await judge.make_closed(session, "midterm", poor)
    clock.settle(timedelta(days=30))
    await service.transition(session, judged.deal.street, judged.evaluation, "confirm", "进度滞后", {})
    contract = judged.deal.contract
    assert contract.payment_stopped is not None and contract.rectify_due_on is not None
    again = await service.assign(session, judged.deal.street, draft(judged.deal, judged.party.id))
    assert (again.attempt, again.number) == (2, f"{contract.number}-ZQ2")
    judged.evaluation = again
    await judge.take_on(session, judged)
    for scorer in judged.scorers:
        await judge.score(session, judged, scorer, judge.MIDTERM_POINTS)
    await service.transition(session, judged.evaluator, again, "close", None, {})
    await service.transition(session, judged.deal.supplier, again, "accept_result", None, {})
    await service.transition(session, judged.deal.street, again, "confirm", None, {})
    assert (contract.payment_stopped, contract.midterm_passed_at is None) == (None, False)


async def test_misuse_of_funds_fails_whatever_the_points(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session, "midterm")
    for scorer in judged.scorers:
        misuse = scorer is judged.deal.district
        await judge.score(session, judged, scorer, judge.MIDTERM_POINTS, misuse_of_funds=misuse)
    await service.transition(session, judged.evaluator, judged.evaluation, "close", None, {})
    assert (judged.evaluation.total, judged.evaluation.grade) == (Decimal("89.00"), "fail")


async def test_an_upheld_appeal_corrects_the_result_and_only_then_it_counts(session: AsyncSession) -> None:
    poor = {"completion": "8", "outcome": "10", "management": "8", "finance": "8"}
    judged = await judge.make_closed(session, points=poor)
    deal, evaluation = judged.deal, judged.evaluation
    assert (evaluation.total, evaluation.grade) == (Decimal("56.50"), "fail")
    await service.transition(session, deal.supplier, evaluation, "appeal", "漏计十六次上门服务", {})
    assert await refused(service.transition(session, deal.street, evaluation, "confirm", None, {}))
    correction = {"total": "68.50"}
    # the district scored as supervisor, the street has no say: another bureau hears it
    assert await refused(
        service.transition(session, deal.district, evaluation, "uphold", "补录属实", correction)
    ) == ["handler_involved"]
    assert await refused(
        service.transition(session, deal.street, evaluation, "uphold", "补录属实", correction), NotYou
    )
    assert await refused(
        service.transition(session, actors.city(), evaluation, "uphold", "补录属实", {}), Malformed
    )
    await service.transition(session, actors.city(), evaluation, "uphold", "补录属实", correction)
    found = await appeals.view(session, deal.supplier, evaluation)
    assert (found.upheld, found.total_before, found.grade_before) == (True, Decimal("56.50"), "fail")
    await service.transition(session, deal.street, evaluation, "confirm", None, {})
    assert (evaluation.grade, evaluation.corrected, deal.contract.state) == ("pass", True, "accepted")


async def test_a_dismissed_appeal_leaves_the_result_and_there_is_no_second_one(session: AsyncSession) -> None:
    judged = await judge.make_closed(session)
    await service.transition(session, judged.deal.supplier, judged.evaluation, "appeal", "对成效分有异议", {})
    await service.transition(session, actors.city(), judged.evaluation, "dismiss", "评分有据", {})
    assert await refused(
        service.transition(session, judged.deal.supplier, judged.evaluation, "appeal", "再申诉", {})
    ) == ["appealed_before"]
    await service.transition(session, judged.deal.street, judged.evaluation, "confirm", None, {})
    assert judged.evaluation.grade == "excellent"


async def test_after_the_window_it_is_too_late_to_appeal(session: AsyncSession) -> None:
    judged = await judge.make_closed(session)
    clock.settle(timedelta(days=28))
    assert await refused(
        service.transition(session, judged.deal.supplier, judged.evaluation, "appeal", "迟到", {})
    ) == ["appeal_too_late"]


async def test_a_new_scheme_leaves_evaluations_under_way_alone(session: AsyncSession) -> None:
    judged = await judge.make_scoring(session, "midterm")
    criteria = [
        {"code": "progress", "zh": "进度", "en": "progress", "weight": 60},
        {
            "code": "satisfaction",
            "zh": "满意度",
            "en": "satisfaction",
            "weight": 40,
            "basis": "survey_if_any",
        },
    ]
    wanted = SchemeDraft.model_validate({"phase": "midterm", "name": "简化中期方案", "criteria": criteria})
    assert await refused(schemes.write(session, judged.deal.district, wanted), NotYou)
    scheme = await schemes.write(session, actors.city(), wanted)
    assert scheme.scheme_no == 2
    assert (await schemes.current(session, wanted.phase)).id == scheme.id
    (view,) = await service.views(session, judged.evaluator, [judged.evaluation])
    assert (view.scheme.scheme_no, view.scheme.current) == (1, False)
    await judge.score(session, judged, judged.evaluator, judge.MIDTERM_POINTS)


# --- residents ----------------------------------------------------------------------------------------------------


async def tokens(session: AsyncSession, deal: make.Deal, count: int = 1) -> list[str]:
    wanted = TokensDraft.model_validate({"contract_id": deal.contract.id, "count": count, "channel": "paper"})
    return (await residents.issue(session, deal.street, wanted)).tokens


async def test_the_supplier_never_hands_out_its_own_tokens(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    wanted = TokensDraft.model_validate({"contract_id": deal.contract.id, "count": 1, "channel": "paper"})
    for other in (deal.supplier, deal.district, actors.speaking_for(uuid4())):
        assert await refused(residents.issue(session, other, wanted), NotYou)
    stored = await session.scalars(select(SatisfactionToken.digest))
    assert stored.all() == []


async def test_a_token_judges_once_however_it_is_typed(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    (token,) = await tokens(session, deal)
    await residents.reply(session, ReplyDraft(token=token.lower().replace("-", " "), overall=4))
    assert await refused(residents.reply(session, ReplyDraft(token=token, overall=5))) == ["token_used"]
    assert await refused(
        residents.reply(session, ReplyDraft(token="AAAA-BBBB-CCCC", overall=5)), NotFound
    ) == ["token_unknown"]
    (reply,) = await session.scalars(select(SatisfactionReply))
    assert (reply.overall, reply.channel) == (4, "paper")
    with pytest.raises(IntegrityError, match="uq_satisfaction_replies_token_id"):
        async with session.begin_nested():
            await session.execute(
                text(
                    "INSERT INTO satisfaction_replies (id, token_id, contract_id, channel, respondent_kind, scale, overall,"
                    " answers, at) SELECT gen_random_uuid(), token_id, contract_id, channel, respondent_kind, 5, 5, answers,"
                    " at FROM satisfaction_replies"
                )
            )


async def test_a_token_runs_out(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    (token,) = await tokens(session, deal)
    clock.settle(timedelta(days=90))
    assert await refused(residents.reply(session, ReplyDraft(token=token, overall=5)), NotFound) == [
        "token_unknown"
    ]


async def test_what_a_resident_said_leaves_no_trace_of_who(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    (token,) = await tokens(session, deal)
    before = len((await session.scalars(select(JournalEntry.entry_id))).all())
    await residents.reply(session, ReplyDraft(token=token, overall=2, comment="来得太少"))
    assert len((await session.scalars(select(JournalEntry.entry_id))).all()) == before
    digests = await session.scalars(select(SatisfactionToken.digest))
    assert token.encode() not in digests.all()


async def test_the_index_is_told_when_enough_have_replied(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    await make.deliver(session, deal)  # 40 persons: 8 replies
    await judge.hear_residents(session, deal, 5, 5, 4)
    inside = await residents.view(session, deal.street, deal.contract)
    outside = await residents.view(session, PUBLIC, deal.contract)
    assert (inside.n, inside.needed, inside.published, inside.index) == (3, 8, False, None)
    assert (outside.n, outside.index) == (None, None)
    await judge.hear_residents(session, deal, 4, 4, 5, 5, 4)
    outside = await residents.view(session, PUBLIC, deal.contract)
    assert (outside.n, outside.published, outside.index) == (8, True, Decimal("90.00"))
    assert outside.low is not None and outside.high is not None
    assert outside.low < outside.index < outside.high


async def test_what_waits_for_whom(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session, tranches=[{"percent": "100", "trigger": "signed"}])
    await make.deliver(session, deal)
    await contracts.transition(session, deal.supplier, deal.contract, "close_out", None, {})

    async def waiting(actor: Any) -> list[str]:
        return [task.kind for task in await service.tasks(session, actor)]

    assert await waiting(deal.street) == await waiting(deal.district) == ["assign_evaluator"]
    judged = await judge.assign(session, deal, "final")
    assert await waiting(deal.street) == []
    assert await waiting(judged.evaluator) == ["take_on_evaluation"]
    await judge.take_on(session, judged)
    assert [await waiting(scorer) for scorer in judged.scorers] == [["score"]] * 3
    for scorer in judged.scorers:
        await judge.score(session, judged, scorer, judge.FINAL_POINTS)
    assert await waiting(judged.evaluator) == ["close_scoring"]
    await judge.hear_residents(session, deal, *[4] * 8)
    await service.transition(session, judged.evaluator, judged.evaluation, "close", None, {})
    assert await waiting(deal.street) == ["confirm_result"]
    assert await waiting(deal.supplier) == ["answer_result"]
