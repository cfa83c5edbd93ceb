"""The catalogue and the lists as a bureau keeps them: revisions follow each other and nothing cited disappears."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue import repository, service
from app.catalogue.codes import Category, ResponsibilityList
from app.catalogue.lists import ListScheme
from app.catalogue.models import CatalogueItem, ListRevision
from app.catalogue.schemas import EntryDraft, ItemChange, ItemDraft, RevisionDraft
from app.kernel import clock
from app.kernel.errors import Malformed, NotNow, NotYou
from tests.factories.actors import city, district


def item_draft(code: str = "A0199") -> ItemDraft:
    return ItemDraft(
        code=code,
        item_class="livelihood",
        name_zh="老年认知筛查服务",
        name_en="Dementia screening",
        category=Category.ELDERLY_CARE,
        basis="市级指导性目录",
    )


def revision_draft(days: int = 0, **changes: object) -> RevisionDraft:
    facts: dict[str, object] = {
        "scheme": ListScheme.NEGATIVE_VARIANT,
        "list_type": ResponsibilityList.NEGATIVE,
        "valid_from": clock.today() + timedelta(days=days),
        "items": [EntryDraft(code="N01", zh="交通执勤", words=["交通执勤"], basis="市级负面清单")],
    }
    return RevisionDraft.model_validate(facts | changes)


async def test_an_installation_has_the_shipped_lists_once(session: AsyncSession) -> None:
    await service.seed(session)
    assert await session.scalar(select(func.count()).select_from(ListRevision)) == 7
    assert await session.scalar(select(func.count()).select_from(CatalogueItem)) == 51
    in_force = await service.negative_entries(session)
    assert {problem.values["item"] for problem in service.negative_hits("招商引资", in_force)} == {"N05"}


async def test_a_new_revision_takes_the_place_of_the_old_from_its_day_on(session: AsyncSession) -> None:
    await service.publish_revision(session, city(), revision_draft(days=10))
    assert service.negative_hits("交通执勤", await service.negative_entries(session)) == []
    clock.settle(timedelta(days=10))
    in_force = await service.negative_entries(session)
    assert service.negative_hits("招商引资", in_force) == []
    assert [p.values["item"] for p in service.negative_hits("参加交通执勤", in_force)] == ["N01"]
    query = repository.revisions(ListScheme.NEGATIVE_VARIANT, ResponsibilityList.NEGATIVE)
    revisions = (await session.scalars(query.order_by(ListRevision.revision))).all()
    assert [(row.revision, row.valid_to is None) for row in revisions] == [(1, False), (2, True)]
    assert revisions[0].valid_to == revisions[1].valid_from - timedelta(days=1)


async def test_a_revision_cannot_begin_before_the_one_it_follows(session: AsyncSession) -> None:
    await service.publish_revision(session, city(), revision_draft(days=10))
    with pytest.raises(NotNow) as refused:
        await service.publish_revision(session, city(), revision_draft(days=10))
    assert refused.value.code == "revision_too_early"


async def test_what_is_wrong_with_a_revision_is_said_at_once(session: AsyncSession) -> None:
    item = EntryDraft(code="N01", zh="交通执勤", basis="市级负面清单")
    draft = revision_draft(list_type=ResponsibilityList.PARTY_DUTY, items=[item, item])
    with pytest.raises(Malformed) as refused:
        await service.publish_revision(session, city(), draft)
    assert [problem.code for problem in refused.value.problems] == ["list_type_not_in_scheme", "code_twice"]
    with pytest.raises(NotYou):
        await service.publish_revision(session, district(), revision_draft(days=1))


async def test_a_retired_item_is_readable_and_no_longer_cited(session: AsyncSession) -> None:
    item = await service.create_item(session, city(), item_draft())
    await service.change_item(session, city(), item, ItemChange(retired=True))
    assert (await service.item(session, "A0199")).retired_on == clock.today()
    with pytest.raises(NotNow):
        await service.create_item(session, city(), item_draft())
    with pytest.raises(NotYou):
        await service.change_item(session, district(), item, ItemChange(retired=False))
