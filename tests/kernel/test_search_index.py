"""Keys of a long list are sorted into the search index beside its writing, where the server allows it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from app.kernel.database import Database
from app.kernel.ids import uuid7
from app.kernel.search import grams
from app.kernel.search_index import Leave, sorted_beside
from app.projects.models import ProjectText

FEW = "独居老人午餐"


async def enter(database: Database, words: str, leave: Leave | None = None) -> None:
    async with database.writing() as session:
        if leave:
            await leave(session)
        session.add(ProjectText(project_id=uuid7(), search_grams=grams(words)))


async def waiting(database: Database) -> int:
    """Pages of keys that waited until now: asking sorts them in."""
    async with database.reading() as session:
        return await session.scalar(select(func.gin_clean_pending_list("ix_project_texts_search_grams"))) or 0


async def found(database: Database, query: str) -> int:
    async with database.reading() as session:
        asked = select(func.count()).select_from(ProjectText).where(ProjectText.found_by(query))
        return await session.scalar(asked) or 0


async def test_what_is_written_meanwhile_is_found_and_in_the_end_sorted_in(committed: Database) -> None:
    async with sorted_beside(committed.engine) as leave:
        await enter(committed, "第一号午餐项目", leave)
        assert await found(committed, "午餐") == 1
        await enter(committed, "第二号午餐项目", leave)
    assert await waiting(committed) == 0
    assert await found(committed, "午餐") == 2
    await enter(committed, "第三号午餐项目")
    assert await waiting(committed) > 0, "by itself the server waits until many have come"


async def test_a_list_that_fails_does_not_wait_for_the_index(committed: Database) -> None:
    with pytest.raises(RuntimeError, match="the list"):
        async with sorted_beside(committed.engine) as leave:
            await enter(committed, FEW, leave)
            raise RuntimeError("the list")
    assert await found(committed, "午餐") == 1


@asynccontextmanager
async def as_clerk(database: Database) -> AsyncIterator[Database]:
    """The same database for a role that may write and owns nothing."""
    async with database.writing() as session:
        await session.execute(text("CREATE ROLE search_clerk LOGIN"))
        await session.execute(text("GRANT SELECT, INSERT ON project_texts TO search_clerk"))
    clerk = Database(create_async_engine(database.engine.url.set(username="search_clerk")))
    try:
        yield clerk
    finally:
        await clerk.close()
        async with database.writing() as session:
            await session.execute(text("DROP OWNED BY search_clerk"))
            await session.execute(text("DROP ROLE search_clerk"))


async def test_a_role_that_does_not_own_the_index_leaves_it_to_the_server(committed: Database) -> None:
    async with as_clerk(committed) as clerk, sorted_beside(clerk.engine) as leave:
        await enter(clerk, FEW, leave)
        async with clerk.writing() as session:
            await leave(session)
            assert await session.scalar(text("SHOW gin_pending_list_limit")) == "4MB"
    assert await found(committed, "午餐") == 1
