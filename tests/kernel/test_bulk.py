"""Rows written by COPY are the rows the session would have written."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import bulk, clock
from app.kernel.actor import machine
from app.kernel.journal import JournalEntry
from app.projects import service
from app.projects.models import Project, ProjectText
from app.projects.schemas import ProjectDraft
from tests.factories.editions import make_edition

OWN = {"id", "number", "title", "normal_title", "created_at", "updated_at", "state_since"}


def draft(at: int) -> ProjectDraft:
    return ProjectDraft(
        title=f"独居老人助餐第{at}号项目",
        buyer="南京市鼓楼区宁海路街道办事处",
        edition="2026",
        district="鼓楼区",
        street="宁海路街道",
        community="银杏里社区",
        description="每日送餐并探访。",
        target_groups=["elderly"],
        budget_yuan="25000.00",
        outputs=[{"indicator": "助餐", "target": 400, "unit": "contact"}],
    )


async def test_a_thousand_projects_by_copy_are_like_one_by_the_session(session: AsyncSession) -> None:
    await make_edition(session, "2026")
    me = machine("test")
    (one,) = await service.create_many(session, me, [draft(0)])
    many = await service.create_many(session, me, [draft(at) for at in range(1, bulk.COPIED + 1)])
    one_id, many_id = one.id, many[-1].id
    session.expunge_all()
    first, last = await session.get_one(Project, one_id), await session.get_one(Project, many_id)
    for column in Project.__table__.columns:
        if column.key not in OWN:
            assert getattr(first, column.key) == getattr(last, column.key), column.key
    assert abs(last.created_at - clock.now()) < timedelta(minutes=5)
    words = select(ProjectText.search_grams).where(ProjectText.project_id == many_id)
    assert "助餐" in (await session.scalar(words) or [])
    entries = (
        await session.scalars(select(JournalEntry).where(JournalEntry.subject_id.in_([one_id, many_id])))
    ).all()
    shape = {(e.event, e.to_state, e.area_path, e.level, e.actor_label, tuple(e.change)) for e in entries}
    assert len(entries) == 2 and len(shape) == 1
