"""What learning reads of the stages behind it: acts of the real services, seen from the end."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.learning import repository, rules, service
from app.matches import service as matches
from app.matches.schemas import ReorderingDraft
from app.negotiations import intents
from tests.factories import negotiations as make
from tests.factories.evaluations import make_closed
from tests.factories.outcomes import PLACE_MATTERS, make_past


async def test_intents_awards_and_human_orders_are_read_with_the_last_word(session: AsyncSession) -> None:
    winner = await make.make_pair(session)
    refused = await make.join(session, winner.project)
    lifted = await make.join(session, winner.project, district="江宁区", street=None, service_areas=["全市"])
    declined = await make.expressed(session, refused)
    await intents.transition(session, refused.street, declined, "decline", "报价过高")
    order = ReorderingDraft(organization_id=lifted.organization.id, rank=1, reason="上年同类项目居民评价最好")
    await matches.reorder(session, winner.street, winner.project, order)
    await make.active(session, winner)
    found = await repository.traces(session)
    results = {
        organization: rules.result_of(found[winner.project.id, organization])
        for organization in (winner.organization.id, refused.organization.id, lifted.organization.id)
    }
    assert list(results.values()) == ["awarded", "declined", "accepted"]


async def test_a_grade_counts_once_it_is_confirmed_and_never_while_it_may_change(
    session: AsyncSession,
) -> None:
    judged = await make_closed(session)
    pair = (judged.evaluation.project_id, judged.evaluation.supplier_id)
    before = (await repository.traces(session))[pair]
    assert (before.grade, rules.result_of(before)) == (None, "awarded")
    judged.evaluation.state = "confirmed"
    judged.evaluation.confirmed_at = clock.now()
    await session.flush()
    after = (await repository.traces(session))[pair]
    assert (after.grade, rules.result_of(after)) == (judged.evaluation.grade, "succeeded")


async def test_every_shown_pair_becomes_one_outcome_with_its_shares(session: AsyncSession) -> None:
    past = await make_past(session, projects=2, organizations=3, liking=PLACE_MATTERS)
    full = await service.outcomes(session)
    assert sorted(outcome.result for outcome in full) == sorted(["awarded", "accepted", "declined"] * 2)
    assert {outcome.weight for outcome in full} == {1.0}
    assert len({outcome.day for outcome in full}) == 2, "each project's day is that of its run"
    assert {outcome.category for outcome in full} == {past.projects[0].category}
    assert all(len(outcome.shares) == 8 and min(outcome.shares) >= 0 for outcome in full)
