"""Stories of the table: interest, answers, talks, terms, awards."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.funding import service as funding
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.errors import NotFound, NotNow, NotYou, SheqiaError
from app.kernel.journal import PARTIES, PUBLIC, JournalEntry
from app.negotiations import awards, intents, service, talks
from app.negotiations.models import Intent
from app.negotiations.schemas import ConflictDraft, TermSheetDraft
from app.organizations.models import Engagement
from tests.factories import actors
from tests.factories import negotiations as table
from tests.factories.negotiations import Pair, join, make_pair


@pytest.fixture
async def pair(session: AsyncSession) -> Pair:
    return await make_pair(session)


async def refused(session: AsyncSession, act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes with which an act is refused; whatever it had begun is undone."""
    with pytest.raises(error) as caught:
        async with session.begin_nested():
            await act
    await session.run_sync(lambda inner: [inner.refresh(thing) for thing in inner if inspect(thing).expired])
    return [problem.code for problem in caught.value.problems]


def terms(amount_fen: int, **changes: Any) -> TermSheetDraft:
    return TermSheetDraft.model_validate(
        {"amount_fen": amount_fen, "staff": "两名社工", **changes}, by_name=True, context={"money": "fen"}
    )


async def test_the_first_interest_opens_the_talks_of_a_project(session: AsyncSession, pair: Pair) -> None:
    intent = await table.expressed(session, pair)
    assert (intent.state, intent.initiated_by, intent.round) == ("expressed", "organization", 1)
    assert intent.number == f"{pair.project.number}-Y01"
    assert intent.answer_due_at - intent.created_at < timedelta(days=3, seconds=5)
    assert pair.project.state == "negotiating"


async def test_every_broken_gate_is_named_when_interest_is_expressed(
    session: AsyncSession, pair: Pair
) -> None:
    weak = await join(
        session, pair.project, capacity_max=0, service_areas=["高淳区"], categories=["culture_recreation"]
    )
    codes = await refused(session, table.expressed(session, weak))
    assert {"H_CAPACITY", "H_AREA", "H_SCOPE"} <= set(codes)


async def test_a_pair_has_one_open_interest_and_may_try_again_after_a_refusal(
    session: AsyncSession, pair: Pair
) -> None:
    first = await table.expressed(session, pair)
    assert await refused(session, table.expressed(session, pair)) == ["intent_already_open"]
    assert await refused(session, intents.transition(session, pair.street, first, "decline")) == [
        "note_required"
    ]
    await intents.transition(session, pair.street, first, "decline", "本月已有人选")
    again = await table.expressed(session, pair)
    assert again.number.endswith("-Y02")


async def test_the_buyer_may_begin_and_the_organization_answers(session: AsyncSession, pair: Pair) -> None:
    draft = table.intent_draft(pair, organization=str(pair.organization.id))
    intent = await intents.express(session, pair.street, draft)
    assert intent.initiated_by == "buyer"
    assert await refused(session, intents.transition(session, pair.street, intent, "accept"), NotYou) == [
        "not_you"
    ]
    await intents.transition(session, pair.supplier, intent, "accept")
    assert intent.state == "accepted"


async def test_nobody_expresses_interest_for_another_organization(session: AsyncSession, pair: Pair) -> None:
    rival = await join(session, pair.project)
    draft = table.intent_draft(pair, organization=str(pair.organization.id))
    with pytest.raises(NotYou):
        await intents.express(session, rival.supplier, draft)


async def test_the_fourth_unanswered_interest_of_a_day_waits(session: AsyncSession, pair: Pair) -> None:
    from tests.factories.market import make_published

    for _ in range(3):
        other = Pair(
            await make_published(session), pair.organization, pair.street, pair.district, pair.supplier
        )
        last = await table.expressed(session, other)
    assert await refused(session, table.expressed(session, pair)) == ["intents_pending_max"]
    await intents.transition(session, pair.supplier, last, "withdraw", "改投另一项目")
    assert (await table.expressed(session, pair)).state == "expressed"


async def test_interest_nobody_answers_expires_and_the_delay_is_told_once(
    session: AsyncSession, pair: Pair
) -> None:
    intent = await table.expressed(session, pair)
    assert await service.tick(session) == 0
    clock.settle(timedelta(days=3, minutes=1))
    assert (await service.tick(session), await service.tick(session)) == (1, 0)
    assert intent.state == "expressed"
    clock.settle(timedelta(days=7, minutes=1))
    assert (await service.tick(session), intent.state) == (1, "expired")
    assert await refused(session, intents.transition(session, pair.street, intent, "accept")) == [
        "transition_not_possible"
    ]


async def test_an_award_is_judged_by_the_gates_of_its_own_moment(session: AsyncSession, pair: Pair) -> None:
    award = await table.noticed(session, pair)
    clock.settle(timedelta(days=20))
    pair.organization.service_areas = ["3201/320118"]
    await session.flush()
    assert await refused(session, awards.confirm(session, pair.district, award)) == ["H_AREA"]
    pair.organization.capacity_max = 0
    await session.flush()
    assert await refused(session, awards.confirm(session, pair.district, award)) == ["H_CAPACITY", "H_AREA"]


async def test_a_talk_counts_when_both_sides_have_confirmed_it(session: AsyncSession, pair: Pair) -> None:
    intent = await table.accepted(session, pair)
    talk = await talks.record(session, pair.supplier, intent, table.talk_draft())
    assert await refused(session, talks.transition_talk(session, pair.supplier, talk, "confirm")) == [
        "other_side_confirms"
    ]
    assert intent.state == "accepted"
    await talks.transition_talk(session, pair.street, talk, "dispute", "价格写错")
    amended = table.talk_draft(offered_fen=1_900_000)
    assert await refused(session, talks.amend(session, pair.street, talk, amended)) == ["own_side_amends"]
    await talks.amend(session, pair.supplier, talk, amended)
    await talks.transition_talk(session, pair.street, talk, "confirm")
    assert (talk.state, intent.state, intent.talked_at) == ("confirmed", "talked", talk.held_at)
    assert await refused(session, talks.amend(session, pair.supplier, talk, amended)) == ["talk_confirmed"]


async def test_terms_are_agreed_when_both_accept_the_newest_version(
    session: AsyncSession, pair: Pair
) -> None:
    intent, _ = await table.talked(session, pair)
    first = await talks.propose_terms(session, pair.supplier, intent, terms(2_100_000))
    second = await talks.propose_terms(session, pair.street, intent, terms(2_000_000, staff="三名社工"))
    assert await refused(session, talks.accept_terms(session, pair.street, first)) == ["term_sheet_replaced"]
    assert await refused(session, talks.accept_terms(session, pair.street, second)) == ["other_side_accepts"]
    await talks.accept_terms(session, pair.supplier, second)
    old, new = await talks.term_sheet_views(session, intent.id)
    assert (old.agreed, new.agreed) == (False, True)
    assert [(c.pointer, c.old, c.new) for c in new.changes] == [
        ("/amount_yuan", "21000.00", "20000.00"),
        ("/staff", "两名社工", "三名社工"),
    ]
    community = actors.official(Role.COMMUNITY, pair.project.area_path)
    with pytest.raises(NotYou):
        await talks.propose_terms(session, community, intent, terms(1_000))


async def test_an_award_goes_from_the_proposal_over_the_notice_to_another_person(
    session: AsyncSession, pair: Pair
) -> None:
    loser = await join(session, pair.project)
    lost, _ = await table.talked(session, loser)
    award = await table.proposed(session, pair)
    assert (pair.project.state, award.state, award.bidders) == ("award_proposed", "proposed", 2)
    held = await session.scalar(select(Engagement).where(Engagement.award_id == award.id))
    assert held is not None and held.state == "reserved"
    await awards.publish_notice(session, pair.street, award)
    assert (pair.project.state, award.notice_from) == ("award_notice", clock.today())
    assert "notice_running" in await refused(session, awards.confirm(session, pair.district, award))
    clock.settle(timedelta(days=20))
    assert await refused(session, awards.confirm(session, pair.street, award), NotYou) == ["not_you"]
    await awards.confirm(session, pair.district, award)
    assert (pair.project.state, award.state, lost.state) == ("awarded", "active", "lost")
    won = await session.get(Intent, award.intent_id)
    assert won is not None and won.state == "won"
    assert (await funding.standing(session, pair.project.id)).negotiated_fen == award.amount_fen
    told = await session.scalar(
        select(JournalEntry).where(JournalEntry.subject_id == lost.id, JournalEntry.to_state == "lost")
    )
    assert told is not None and told.note == award.number
    assert told.party_ids == [loser.organization.id] and told.level == PARTIES


async def test_who_proposed_cannot_confirm_even_as_a_bureau(session: AsyncSession, pair: Pair) -> None:
    await table.shortlisted(session, pair)
    await table.without_conflict(session, pair.project, pair.district)
    award = await awards.propose(session, pair.district, pair.project, table.award_draft(pair))
    await awards.publish_notice(session, pair.district, award)
    clock.settle(timedelta(days=20))
    assert await refused(session, awards.confirm(session, pair.district, award)) == ["same_person"]


async def test_a_challenge_holds_the_confirmation_back(session: AsyncSession, pair: Pair) -> None:
    award = await table.noticed(session, pair)
    clock.settle(timedelta(days=20))
    await service.challenge_opened(session, pair.supplier, award.id, "ZY-1")
    assert await refused(session, awards.confirm(session, pair.district, award)) == ["challenge_open"]
    await service.challenge_closed(session, pair.district, award.id, "ZY-1")
    assert (await awards.confirm(session, pair.district, award)).state == "active"


async def test_who_declared_a_relation_decides_nothing(session: AsyncSession, pair: Pair) -> None:
    await table.shortlisted(session, pair)
    draft = table.award_draft(pair)
    propose = awards.propose
    assert await refused(session, propose(session, pair.street, pair.project, draft)) == [
        "conflict_statement_missing"
    ]
    related = ConflictDraft(conflict=True, relation="配偶在该机构任职", organizations=[pair.organization.id])
    await awards.sign_statement(session, pair.street, pair.project, related)
    assert await refused(session, propose(session, pair.street, pair.project, draft)) == ["conflict_declared"]
    other = await join(session, pair.project)
    await table.shortlisted(session, other)
    assert (await propose(session, pair.street, pair.project, table.award_draft(other))).state == "proposed"


async def test_an_award_above_budget_or_without_talk_is_not_proposed(
    session: AsyncSession, pair: Pair
) -> None:
    await table.accepted(session, pair)
    await table.without_conflict(session, pair.project, pair.street)
    assert pair.project.budget_fen is not None
    dear = table.award_draft(pair, amount_fen=pair.project.budget_fen + 1)
    codes = await refused(session, awards.propose(session, pair.street, pair.project, dear))
    assert codes == ["above_budget", "talk_required", "too_few_bidders"]


async def test_a_direct_award_with_a_reason_needs_no_talk(session: AsyncSession, pair: Pair) -> None:
    await table.without_conflict(session, pair.project, pair.street)
    draft = table.award_draft(pair, method="direct_award", reason="防汛应急，须当日进场，其他机构无法到位")
    award = await awards.propose(session, pair.street, pair.project, draft)
    assert (award.intent_id, pair.project.state) == (None, "award_proposed")


async def test_a_cancelled_award_frees_the_place_and_goes_back_to_the_table(
    session: AsyncSession, pair: Pair
) -> None:
    loser = await join(session, pair.project)
    lost, _ = await table.talked(session, loser)
    award = await table.active(session, pair)
    assert lost.state == "lost"
    await awards.cancel(session, pair.supplier, award, "renounce", "主要人员离职")
    assert (award.state, pair.project.state, lost.state) == ("cancelled", "negotiating", "talked")
    held = await session.scalar(select(Engagement.state).where(Engagement.award_id == award.id))
    assert held == "released"
    assert (await funding.standing(session, pair.project.id)).negotiated_fen == 0
    await intents.transition(session, pair.street, lost, "shortlist")
    next_best = await awards.propose(session, pair.street, pair.project, table.award_draft(loser))
    assert next_best.number.endswith("-C02")


async def test_without_anybody_left_a_cancelled_award_puts_the_project_back_on_the_market(
    session: AsyncSession, pair: Pair
) -> None:
    award = await table.proposed(session, pair)
    await awards.cancel(session, pair.supplier, award, "renounce", "主要人员离职")
    assert pair.project.state == "published"


async def test_a_withdrawn_project_takes_its_interest_and_its_award_along(
    session: AsyncSession, pair: Pair
) -> None:
    from app.projects import service as projects

    loser = await join(session, pair.project)
    other = await table.expressed(session, loser)
    award = await table.proposed(session, pair)
    with pytest.raises(NotNow) as refused:
        await projects.transition(session, pair.district, pair.project, "withdraw", "预算收回", {})
    assert refused.value.problems[0].values["href"] == f"/api/v1/awards?project={pair.project.number}"
    away = {"to": "withdrawn"}
    with pytest.raises(NotYou):
        await awards.transition(session, pair.street, award, "cancel", "预算收回", away)
    await awards.transition(session, pair.district, award, "cancel", "预算收回", away)
    held = await session.scalar(select(Engagement.state).where(Engagement.award_id == award.id))
    standing = await funding.standing(session, pair.project.id)
    assert (pair.project.state, award.state, held) == ("withdrawn", "cancelled", "released")
    assert (standing.offered_fen, standing.committed_fen) == (0, 0)
    await service.tick(session)
    assert other.state == "lost"


async def test_a_rival_sees_nothing_of_the_others_table(session: AsyncSession, pair: Pair) -> None:
    rival = await join(session, pair.project)
    intent, talk = await table.talked(session, pair)
    sheet = await talks.propose_terms(session, pair.supplier, intent, terms(2_000_000))
    award = await awards_proposed(session, pair)
    for act in (
        intents.get(session, rival.supplier, intent.id),
        intents.get(session, rival.supplier, intent.number),
        talks.talk(session, rival.supplier, talk.id),
        talks.term_sheet(session, rival.supplier, sheet.id),
        awards.get(session, rival.supplier, award.id),
    ):
        with pytest.raises(NotFound):
            await act
    await awards.publish_notice(session, pair.street, award)
    assert (await awards.get(session, rival.supplier, award.id)).id == award.id


async def awards_proposed(session: AsyncSession, pair: Pair) -> Any:
    await table.without_conflict(session, pair.project, pair.street, pair.district)
    return await awards.propose(session, pair.street, pair.project, table.award_draft(pair))


async def test_no_entry_of_the_journal_carries_an_offer_before_the_notice(
    session: AsyncSession, pair: Pair
) -> None:
    intent, _ = await table.talked(session, pair)
    await talks.propose_terms(session, pair.supplier, intent, terms(2_000_000))
    award = await awards_proposed(session, pair)
    kinds = ("intent", "talk", "award")
    entries = list(await session.scalars(select(JournalEntry).where(JournalEntry.subject_kind.in_(kinds))))
    assert len(entries) >= 6
    for entry in entries:
        assert entry.level == PARTIES
        assert "fen" not in str(entry.change) and "yuan" not in str(entry.change)
    await awards.publish_notice(session, pair.street, award)
    public = await session.scalar(
        select(func.count())
        .select_from(JournalEntry)
        .where(JournalEntry.subject_id == award.id, JournalEntry.level == PUBLIC)
    )
    assert public == 1


async def test_everyone_is_told_what_waits_for_them(session: AsyncSession, pair: Pair) -> None:
    async def kinds(actor: Any) -> list[str]:
        return [task.kind for task in await service.tasks(session, actor)]

    intent = await table.expressed(session, pair)
    assert (await kinds(pair.street), await kinds(pair.supplier)) == (["answer_intent"], [])
    await intents.transition(session, pair.street, intent, "accept")
    talk = await talks.record(session, pair.street, intent, table.talk_draft())
    assert (await kinds(pair.street), await kinds(pair.supplier)) == ([], ["confirm_talk"])
    await talks.transition_talk(session, pair.supplier, talk, "confirm")
    await intents.transition(session, pair.street, intent, "shortlist")
    award = await awards_proposed(session, pair)
    assert await kinds(pair.street) == ["publish_notice"]
    await awards.publish_notice(session, pair.street, award)
    assert await kinds(pair.district) == []
    clock.settle(timedelta(days=20))
    assert await kinds(pair.district) == ["confirm_award"]
    assert (await service.tick(session), await service.tick(session)) == (1, 0)


async def test_the_shortlist_compares_offers_for_who_decides(session: AsyncSession, pair: Pair) -> None:
    other = await join(session, pair.project)
    await table.shortlisted(session, pair)
    intent, _ = await table.talked(session, other)
    sheet = await talks.propose_terms(session, other.supplier, intent, terms(1_800_000))
    await talks.accept_terms(session, other.street, sheet)
    items = await service.shortlist(session, pair.street, pair.project)
    assert {(i.intent.organization_id, i.offered_fen, i.agreed_fen, i.agreed) for i in items} == {
        (pair.organization.id, table.OFFER, None, False),
        (other.organization.id, table.OFFER, 1_800_000, True),
    }
    with pytest.raises(NotYou):
        await service.shortlist(session, pair.supplier, pair.project)


async def test_bidders_are_the_organizations_that_talked(session: AsyncSession, pair: Pair) -> None:
    await table.expressed(session, await join(session, pair.project))
    assert (await table.proposed(session, pair)).bidders == 1


async def test_an_organization_in_good_credit_claims_a_small_need(session: AsyncSession, pair: Pair) -> None:
    weak = await join(session, pair.project, rating=None, rating_valid_until=None)
    claim = {"channel": "claim", "quoted_fen": None}
    assert await refused(session, table.expressed(session, weak, **claim)) == ["claim_needs_good_credit"]
    intent = await table.expressed(session, pair, **claim)
    await table.without_conflict(session, pair.project, pair.street)
    draft = table.award_draft(pair, method="claim", amount_fen=0, reason="诚信社会组织认领，不取费用")
    award = await awards.propose(session, pair.street, pair.project, draft)
    await awards.publish_notice(session, pair.street, award)
    clock.settle(timedelta(days=20))
    await table.without_conflict(session, pair.project, pair.district)
    await awards.confirm(session, pair.district, award)
    assert (award.channel, award.state, intent.state) == ("claim", "active", "won")
    assert (await funding.standing(session, pair.project.id)).negotiated_fen == 0


async def test_a_grant_round_is_awarded_on_the_scores_of_three_experts(
    session: AsyncSession, pair: Pair
) -> None:
    intent = await table.expressed(session, pair, channel="grant_round")
    await intents.transition(session, pair.street, intent, "accept")
    talk = await talks.record(session, pair.supplier, intent, table.talk_draft())
    await talks.transition_talk(session, pair.street, talk, "confirm")
    await table.without_conflict(session, pair.project, pair.street)
    scores = [{"expert": f"专家{n}", "points": 80 + n} for n in range(3)]
    two = table.award_draft(pair, method="grant_round", scores=scores[:2])
    assert await refused(session, awards.propose(session, pair.street, pair.project, two)) == [
        "scores_required"
    ]
    three = table.award_draft(pair, method="grant_round", scores=scores)
    award = await awards.propose(session, pair.street, pair.project, three)
    assert [score["points"] for score in award.scores] == [80.0, 81.0, 82.0]


async def test_an_award_remembers_where_the_ranking_had_put_its_winner(
    session: AsyncSession, pair: Pair
) -> None:
    from app.kernel.ids import uuid7
    from app.matches.models import MatchResult, MatchRun

    run = MatchRun(
        edition_code=pair.project.edition_code,
        job_id=uuid7(),
        as_of=clock.today(),
        seed=0,
        requested_by="test",
        stored_at=clock.now(),
        fingerprint="f",
    )
    session.add(run)
    await session.flush()
    place = {"rank": 2, "score": 71.5, "factors": [0.0] * 9, "no_data": []}
    session.add(
        MatchResult(run_id=run.id, project_id=pair.project.id, organization_id=pair.organization.id, **place)
    )
    award = await table.proposed(session, pair)
    assert award.recommendation == {"run_id": str(run.id), "rank": 2, "score": 71.5}
