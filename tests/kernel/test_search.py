"""What a text is found by, and what a query asks for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.search import grams, search_query
from app.kernel.search_keys import grams_of_each

CLAUSE = "夜间突发情况的居家养老服务"


async def found(session: AsyncSession, query: str, *texts: str) -> bool | None:
    held: Any = literal(grams(*texts)).cast(TSVECTOR)
    return await session.scalar(select(held.bool_op("@@")(literal(search_query(query)).cast(TSQUERY))))


@pytest.mark.parametrize(
    "query", ["养老", "居家养老服务", "老", "务", "夜", "养老 夜间", "ＪＵＪＩＡ", "jujia 12", "1"]
)
async def test_a_word_of_any_length_is_found_inside_an_unbroken_clause(
    session: AsyncSession, query: str
) -> None:
    assert await found(session, query, CLAUSE, "JuJia, １２ 号")


@pytest.mark.parametrize("query", ["助残", "老养", "老夜", "残", "养老 鼓楼", "务j", "x"])
async def test_what_is_not_written_is_not_found(session: AsyncSession, query: str) -> None:
    assert not await found(session, query, CLAUSE, "JuJia, １２ 号")


def test_marks_ask_for_nothing() -> None:
    assert search_query("%_'\"；\\ :*&|!") == ""
    assert grams("%_'\"；", None, "") == ""


@given(st.lists(st.text(max_size=40), max_size=3), st.text(max_size=20))
def test_no_key_needs_a_quote_whatever_is_written(texts: list[str], query: str) -> None:
    keys = grams(*texts).split(" ")
    assert len(keys) == len(set(keys))
    assert all(key.isalnum() for key in keys if key)
    assert all(sign.isalnum() or sign in " &:*" for sign in search_query(query))


@given(st.lists(st.text(max_size=60), max_size=12))
def test_the_keys_of_many_texts_are_those_of_each(texts: list[str]) -> None:
    assert list(grams_of_each(texts)) == [grams(text) for text in texts]


def test_a_list_longer_than_is_looked_at_together_keeps_its_order() -> None:
    texts = [f"第{at}号助餐项目" if at % 7 else "。" for at in range(1_000)]
    assert list(grams_of_each(texts)) == [grams(text) for text in texts]
