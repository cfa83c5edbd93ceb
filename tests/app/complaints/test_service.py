"""Stories of challenges, complaints and mediations: who hears them, by when, and what comes of it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.complaints import service
from app.complaints.models import Complaint
from app.complaints.schemas import MeetingDraft
from app.editions.service import working_days_after
from app.identity.roles import Role
from app.kernel import clock
from app.kernel.actor import PUBLIC, Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotSignedIn, NotYou, SheqiaError
from app.kernel.journal import JournalEntry
from app.negotiations import awards
from app.negotiations.models import Award
from tests.factories import actors
from tests.factories import contracts as make
from tests.factories import negotiations as table
from tests.factories.complaints import complaint_draft, file
from tests.factories.negotiations import Pair, join, make_pair


async def refused(act: Any, error: type[SheqiaError] = NotNow) -> list[str]:
    """The codes of every reason the act was refused for."""
    with pytest.raises(error) as caught:
        await act
    return [problem.code for problem in caught.value.problems]


async def move(
    session: AsyncSession,
    actor: Actor,
    complaint: Complaint,
    event: str,
    note: str | None = None,
    **data: Any,
) -> None:
    await service.transition(session, actor, complaint, event, note, data)


async def noticed(session: AsyncSession) -> tuple[Pair, Pair, Award]:
    """An award in its notice, and a rival that wanted the project too."""
    winner = await make_pair(session)
    rival = await join(session, winner.project)
    await table.expressed(session, rival)
    return winner, rival, await table.noticed(session, winner)


async def challenged(session: AsyncSession) -> tuple[Pair, Pair, Award, Complaint]:
    winner, rival, award = await noticed(session)
    draft = complaint_draft("challenge", "award", award.id, "buyer")
    complaint, _ = await file(session, rival.supplier, draft)
    return winner, rival, award, complaint


async def test_a_challenge_holds_the_award_up_until_it_is_answered(session: AsyncSession) -> None:
    winner, _, award, complaint = await challenged(session)
    assert complaint.due_on == working_days_after(clock.today(), 7)
    clock.settle(timedelta(days=20))
    assert await refused(awards.confirm(session, winner.district, award)) == ["challenge_open"]
    judge = actors.district()
    await move(session, judge, complaint, "accept")
    await move(session, judge, complaint, "decide", "评分有据，程序合规", outcome="dismissed")
    await session.refresh(award)
    await awards.confirm(session, winner.district, award)
    assert award.state == "active"


async def test_an_upheld_challenge_never_lets_the_award_through(session: AsyncSession) -> None:
    winner, _, award, complaint = await challenged(session)
    clock.settle(timedelta(days=20))
    judge = actors.district()
    await move(session, judge, complaint, "accept")
    await move(session, judge, complaint, "decide", "评分表计算有误", outcome="upheld")
    await session.refresh(award)
    assert await refused(awards.confirm(session, winner.district, award)) == ["challenge_open"]
    await awards.transition(session, winner.district, award, "cancel", "质疑成立", {})
    assert award.state == "cancelled"


async def test_two_challenges_are_two_locks(session: AsyncSession) -> None:
    winner = await make_pair(session)
    rival, other = [await join(session, winner.project) for _ in range(2)]
    for pair in (rival, other):
        await table.expressed(session, pair)
    award = await table.noticed(session, winner)
    draft = complaint_draft("challenge", "award", award.id, "buyer")
    first, _ = await file(session, rival.supplier, draft)
    second, _ = await file(session, other.supplier, draft)
    assert await refused(move(session, rival.supplier, first, "withdraw")) == ["note_required"]
    await move(session, rival.supplier, first, "withdraw", "已当面说明")
    await session.refresh(award)
    assert (award.open_challenges, first.state, second.state) == (1, "withdrawn", "received")
    await move(session, actors.district(), second, "refuse", "超出质疑范围")
    await session.refresh(award)
    assert award.open_challenges == 0


async def test_only_who_wanted_the_project_challenges_and_only_in_time(session: AsyncSession) -> None:
    _, rival, award = await noticed(session)
    draft = complaint_draft("challenge", "award", award.id, "buyer")
    stranger = actors.speaking_for(uuid4())
    assert await refused(file(session, stranger, draft)) == ["not_an_applicant"]
    assert await refused(file(session, PUBLIC, draft), NotSignedIn)
    clock.settle(timedelta(days=20))
    assert await refused(file(session, rival.supplier, draft)) == ["challenge_too_late"]


async def test_who_proposed_the_award_does_not_hear_the_challenge(session: AsyncSession) -> None:
    winner, _, _award, complaint = await challenged(session)
    assert winner.street.account_id in complaint.involved_ids
    assert await refused(move(session, winner.street, complaint, "accept"), NotYou)
    with pytest.raises(IntegrityError, match="handler_is_not_target"):
        async with session.begin_nested():
            await session.execute(
                text("UPDATE complaints SET handler_id = :handler WHERE id = :id"),
                {"handler": winner.street.account_id, "id": complaint.id},
            )


async def test_a_dismissed_challenge_may_be_appealed_to_another_and_blocks_again(
    session: AsyncSession,
) -> None:
    _, rival, award, complaint = await challenged(session)
    judge, colleague = actors.district(), actors.district()
    await move(session, judge, complaint, "accept")
    assert await refused(
        move(session, colleague, complaint, "decide", "代为答复", outcome="dismissed"), NotYou
    )
    await move(session, judge, complaint, "decide", "不成立", outcome="dismissed")
    await move(session, rival.supplier, complaint, "appeal", "未回应评分明细")
    await session.refresh(award)
    assert award.open_challenges == 1
    assert await refused(
        move(session, judge, complaint, "decide_appeal", "维持", outcome="dismissed"), NotYou
    )
    await move(session, colleague, complaint, "decide_appeal", "维持原答复", outcome="dismissed")
    await session.refresh(award)
    assert (award.open_challenges, complaint.state) == (0, "closed")


async def test_a_resident_complains_without_a_name_and_follows_it_by_receipt(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    complaint, receipt = await file(
        session, PUBLIC, complaint_draft("complaint", "contract", deal.contract.id, "supplier")
    )
    assert (complaint.filed_by, complaint.complainant) == (None, None)
    assert complaint.due_on == working_days_after(clock.today(), 30)
    view = await service.by_receipt(session, receipt.lower())
    assert (view.state, view.facts, view.handler) == ("received", None, None)
    assert await refused(service.by_receipt(session, "AAAA-AAAA-AAAA-AAAA"), NotFound)
    assert await refused(service.get(session, PUBLIC, complaint.id), NotFound)
    judge = actors.district()
    await move(session, judge, complaint, "accept")
    await move(session, judge, complaint, "decide", "责令补开两次课堂", outcome="upheld")
    assert (await service.by_receipt(session, receipt)).result == "责令补开两次课堂"


async def test_an_organization_that_wishes_to_be_unnamed_is_not_named_anywhere(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    rival = actors.speaking_for(deal.pair.organization.id)
    draft = complaint_draft("complaint", "contract", deal.contract.id, "buyer", anonymous=True)
    complaint, _ = await file(session, rival, draft)
    row = (await session.execute(text("SELECT * FROM complaints"))).mappings().one()
    assert rival.account_id not in row.values() and rival.label not in row.values()
    entry = await session.scalar(select(JournalEntry).where(JournalEntry.subject_id == complaint.id))
    assert entry is not None
    assert (entry.actor_id, entry.actor_label) == (None, "anonymous")


async def test_the_target_reads_what_is_said_but_never_who_said_it(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    resident = actors.official(Role.RESIDENT, actors.SUOJINCUN, label="银杏里居民")
    complaint, _ = await file(
        session, resident, complaint_draft("complaint", "contract", deal.contract.id, "supplier")
    )
    assert await refused(service.get(session, deal.supplier, complaint.id), NotFound)
    await move(session, actors.district(), complaint, "accept")
    seen = await service.get(session, deal.supplier, complaint.id)
    (view,) = await service.views(session, deal.supplier, [seen])
    assert (view.complainant, view.facts is None) == (None, False)
    (for_bureau,) = await service.views(session, actors.district(), [seen])
    assert for_bureau.complainant == "银杏里居民"


async def test_a_complaint_about_the_district_goes_to_the_city(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    complaint, _ = await file(
        session, deal.supplier, complaint_draft("complaint", "contract", deal.contract.id, "bureau")
    )
    assert await refused(move(session, actors.district(), complaint, "accept"), NotYou)
    await move(session, actors.city(), complaint, "accept")
    assert complaint.state == "under_review"


async def test_results_are_published_and_facts_are_not(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    judge = actors.district()
    complaint, _ = await file(
        session, PUBLIC, complaint_draft("complaint", "contract", deal.contract.id, "supplier")
    )
    await move(session, judge, complaint, "accept")
    assert await refused(move(session, judge, complaint, "decide", "属实"), NotNow) == ["outcome_missing"]
    await move(session, judge, complaint, "decide", "部分属实，已整改", outcome="partly_upheld")
    (view,) = await service.views(session, PUBLIC, [await service.get(session, PUBLIC, complaint.number)])
    assert (view.outcome, view.result, view.facts, view.handler) == (
        "partly_upheld",
        "部分属实，已整改",
        None,
        None,
    )
    public = await session.scalars(
        select(JournalEntry).where(JournalEntry.subject_id == complaint.id, JournalEntry.level == "public")
    )
    told = [entry.event for entry in public]
    assert told == ["result_published"]


async def test_a_mediation_needs_a_meeting_and_a_written_agreement(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    draft = complaint_draft(
        "mediation", "contract", deal.contract.id, "buyer", facts="首款与课时安排存在分歧，请求调解。"
    )
    assert await refused(file(session, actors.speaking_for(uuid4()), draft)) == [
        "mediation_is_between_parties"
    ]
    complaint, _ = await file(session, deal.supplier, draft)
    judge = actors.district()
    await move(session, judge, complaint, "accept")
    await move(session, judge, complaint, "mediate")
    assert await refused(move(session, judge, complaint, "agree")) == ["no_meeting", "agreement_missing"]
    meeting = MeetingDraft.model_validate(
        {
            "held_at": clock.now(),
            "place": "街道会议室",
            "attendees": ["街道", "机构"],
            "minutes": "双方同意顺延两周。",
        }
    )
    assert await refused(service.add_meeting(session, deal.supplier, complaint, meeting), NotYou)
    await service.add_meeting(session, judge, complaint, meeting)
    await move(session, judge, complaint, "agree", agreement="课时顺延两周，首款七日内付清")
    assert (complaint.state, complaint.outcome, complaint.published_at) == ("decided", "agreed", None)
    assert len(await service.meetings(session, deal.supplier, complaint)) == 1
    assert await refused(service.get(session, PUBLIC, complaint.id), NotFound)


async def test_a_target_that_the_subject_does_not_have_is_refused(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    draft = complaint_draft("complaint", "contract", deal.contract.id, "evaluator")
    assert await refused(file(session, PUBLIC, draft), Malformed) == ["target_not_in_subject"]
    nowhere = complaint_draft("complaint", "other", None, "buyer")
    assert await refused(file(session, PUBLIC, nowhere), Malformed) == ["area_missing"]
    somewhere = complaint_draft("complaint", "other", None, "buyer", area_path=actors.SUOJINCUN)
    complaint, _ = await file(session, PUBLIC, somewhere)
    assert complaint.target_path == actors.SUOJINCUN


async def test_the_clock_closes_what_nobody_appealed_and_names_what_is_late(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    judge = actors.district()
    decided, _ = await file(
        session, PUBLIC, complaint_draft("complaint", "contract", deal.contract.id, "supplier")
    )
    await move(session, judge, decided, "accept")
    await move(session, judge, decided, "decide", "不属实", outcome="dismissed")
    waiting, _ = await file(
        session, PUBLIC, complaint_draft("complaint", "contract", deal.contract.id, "supplier")
    )
    assert await service.tick(session) == 0
    clock.settle(timedelta(days=100))
    assert await service.tick(session) == 2
    assert await service.tick(session) == 0
    await session.refresh(decided)
    assert decided.state == "closed"
    late = await session.scalar(
        select(JournalEntry).where(
            JournalEntry.subject_id == waiting.id, JournalEntry.event == "answer_overdue"
        )
    )
    assert late is not None and late.level == "officials"


async def test_what_waits_for_whom(session: AsyncSession) -> None:
    deal = await make.make_in_delivery(session)
    judge, colleague = actors.district(), actors.district()
    complaint, _ = await file(
        session, deal.supplier, complaint_draft("complaint", "contract", deal.contract.id, "buyer")
    )

    async def waiting(actor: Actor) -> list[str]:
        return [task.kind for task in await service.tasks(session, actor)]

    assert await waiting(judge) == await waiting(colleague) == ["take_on_complaint"]
    assert await waiting(deal.street) == []
    await move(session, judge, complaint, "accept")
    assert (await waiting(judge), await waiting(colleague)) == (["decide_complaint"], [])
    await move(session, judge, complaint, "decide", "不属实", outcome="dismissed")
    await move(session, deal.supplier, complaint, "appeal", "证据未看")
    assert (await waiting(judge), await waiting(colleague)) == ([], ["decide_complaint_appeal"])
