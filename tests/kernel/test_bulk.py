"""Rows written by COPY are the rows the session would have written."""

from datetime import timedelta

import pytest
from sqlalchemy import cast, literal, select
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import bulk, clock
from app.kernel.actor import machine
from app.kernel.ids import uuid7
from app.kernel.journal import JournalEntry
from app.kernel.search import grams
from app.projects import service
from app.projects.models import Project, ProjectText
from app.projects.schemas import ProjectDraft
from app.timetables.models import MeetingTable
from tests.factories.editions import make_edition
from tests.factories.timetables import make_hall

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


async def as_stored(session: AsyncSession, *texts: str) -> str | None:
    """The search keys of some texts as the server gives them back."""
    return await session.scalar(select(cast(literal(grams(*texts)), TSVECTOR)))


async def test_a_thousand_projects_by_copy_are_like_one_by_the_session(session: AsyncSession) -> None:
    await make_edition(session, "2026")
    me = machine("test")
    (one,) = await service.create_many(session, me, [draft(0)])
    ids = [uuid7() for _ in range(bulk.COPIED)]
    entries = service.listed([draft(at + 1) for at in range(bulk.COPIED)])
    await service.enter_many(session, me, "2026", entries, [None] * len(ids), ids)
    one_id, many_id = one.id, ids[-1]
    session.expunge_all()
    first, last = await session.get_one(Project, one_id), await session.get_one(Project, many_id)
    for column in Project.__table__.columns:
        if column.key not in OWN:
            assert getattr(first, column.key) == getattr(last, column.key), column.key
    assert abs(last.created_at - clock.now()) < timedelta(minutes=5)
    assert set(await session.scalars(select(Project.id))) >= {one_id, *ids}, (
        "not one is lost between two batches"
    )
    words = select(ProjectText.search_grams).where(ProjectText.project_id == many_id)
    said = (last.title, last.number, last.description, last.need_analysis)
    assert await session.scalar(words) == await as_stored(session, *said)
    entries = (
        await session.scalars(select(JournalEntry).where(JournalEntry.subject_id.in_([one_id, many_id])))
    ).all()
    shape = {(e.event, e.to_state, e.area_path, e.level, e.actor_label, tuple(e.change)) for e in entries}
    assert len(entries) == 2 and len(shape) == 1


async def test_objects_by_the_thousand_get_their_ids_and_each_its_own_values(session: AsyncSession) -> None:
    await make_edition(session, "2026")
    hall = await make_hall(session)
    tables = [
        MeetingTable(
            fair_id=hall.fair.id,
            no=at,
            label=f"加 {at}",
            seats=4,
            **({"zone": "negotiation"} if at % 2 else {}),
        )
        for at in range(100, 100 + bulk.COPIED)
    ]
    await bulk.add_all(session, tables)
    added = select(MeetingTable).where(MeetingTable.no >= 100)
    stored = {table.id: table for table in await session.scalars(added)}
    assert stored.keys() == {table.id for table in tables}
    assert all(stored[table.id].zone == table.zone for table in tables)


NASTY = [
    "a\tb\nc\rd\\e", "\\N", "\\.", "NULL", "null", "", '"', "{a,b}", "，、；", "it's", "\u2028", "\U0001f600", "%_", " blank ", "\x01",
]  # fmt: skip


@pytest.mark.parametrize("word", NASTY)
async def test_no_character_is_changed_on_the_way(session: AsyncSession, word: str) -> None:
    await make_edition(session, "2026")
    ids = [uuid7()]
    told = draft(1).model_copy(
        update={"title": f"{word}项目", "remarks": word, "required_qualifications": [word, "乙"]}
    )
    origin = [{"sheet": word, "row": 1}]
    await service.enter_many(session, machine("test"), "2026", service.listed([told]), origin, ids)
    stored = await session.get_one(Project, ids[0])
    assert stored.title == f"{word}项目".strip() and stored.remarks == word
    assert stored.required_qualifications == [word, "乙"]
    words = await session.scalar(select(ProjectText.search_grams).where(ProjectText.project_id == ids[0]))
    assert words == await as_stored(session, stored.title, stored.number, stored.description)
    assert stored.provenance == {"sheet": word, "row": 1}
