import itertools
from typing import cast

import pytest
from sqlalchemy import Table
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped

from app.kernel import journal
from app.kernel.actor import Actor
from app.kernel.database import Base, Stated
from app.kernel.errors import NotNow, NotYou, Problem
from app.kernel.lifecycle import Case, Lifecycle, Line, lock, lock_many, move, move_many, picture
from tests.factories import actors
from tests.factories.statements import counting


class Kettle(Stated, Base):
    """A thing of this test, told nowhere else."""

    __tablename__ = "test_kettles"
    litres: Mapped[int]


KETTLES = cast(Table, Kettle.__table__)
Base.metadata.remove(KETTLES)  # no migration should know it

EMPTY = Problem("kettle_empty", "壶是空的。", "The kettle is empty.")
COLD = Problem("stove_cold", "灶是冷的。", "The stove is cold.")


def anyone(actor: Actor, kettle: Kettle) -> bool:
    return actor.holds("street")


def full(case: Case[Kettle]) -> list[Problem]:
    return [] if case.thing.litres else [EMPTY]


def lit(case: Case[Kettle]) -> list[Problem]:
    return [] if case.data.get("lit") else [COLD]


LIFE: Lifecycle[Kettle] = Lifecycle(
    "kettle",
    {"cold": ("冷", "cold"), "hot": ("热", "hot"), "gone": ("坏", "gone")},
    "cold",
    [
        Line("cold", "boil", "hot", anyone, (full, lit), zh="烧", en="boil"),
        Line("hot", "cool", "cold", anyone),
        Line("cold", "break", "gone", anyone, note_required=True),
    ],
    audience=lambda kettle: journal.Audience(area_path=actors.SUOJINCUN),
)


@pytest.fixture
async def kettle(session: AsyncSession) -> Kettle:
    connection = await session.connection()
    await connection.run_sync(KETTLES.create)
    kettle = Kettle(state="cold", litres=0)
    session.add(kettle)
    await session.flush()
    return kettle


async def test_all_broken_rules_are_told_at_once_and_nothing_is_written(
    session: AsyncSession, kettle: Kettle
) -> None:
    with pytest.raises(NotNow) as refused:
        await move(session, LIFE, kettle, "boil", actors.street())
    assert [p.code for p in refused.value.problems] == ["kettle_empty", "stove_cold"]
    assert kettle.state == "cold"
    assert await journal.history(session, actors.street(), kettle.id) == []


async def test_a_move_writes_the_state_and_one_entry(session: AsyncSession, kettle: Kettle) -> None:
    kettle.litres = 1
    actor = actors.street()
    await move(session, LIFE, kettle, "boil", actor, data={"lit": True}, change={"litres": [0, 1]})
    (entry,) = await journal.history(session, actor, kettle.id)
    assert (entry.event, entry.from_state, entry.to_state) == ("boil", "cold", "hot")
    assert (entry.actor_id, entry.change) == (actor.account_id, {"litres": [0, 1]})


async def test_an_impossible_event_names_the_possible_ones(session: AsyncSession, kettle: Kettle) -> None:
    with pytest.raises(NotNow) as refused:
        await move(session, LIFE, kettle, "cool", actors.street())
    assert refused.value.code == "transition_not_possible"
    assert refused.value.problems[0].values["possible"] == ["boil", "break"]


async def test_who_may_not_is_told_so_before_any_rule(session: AsyncSession, kettle: Kettle) -> None:
    with pytest.raises(NotYou):
        await move(session, LIFE, kettle, "boil", actors.city())


async def test_a_reason_is_asked_for_where_the_table_says_so(session: AsyncSession, kettle: Kettle) -> None:
    with pytest.raises(NotNow) as refused:
        await move(session, LIFE, kettle, "break", actors.street(), "  ")
    assert refused.value.code == "note_required"
    await move(session, LIFE, kettle, "break", actors.street(), "摔了")
    assert kettle.state == "gone"


async def test_the_move_sees_what_another_transaction_changed(session: AsyncSession, kettle: Kettle) -> None:
    """The row is read again under the lock: an old copy in memory decides nothing."""
    await session.execute(KETTLES.update().values(state="gone"))
    with pytest.raises(NotNow):
        await move(session, LIFE, kettle, "break", actors.street(), "迟了")


async def test_a_row_that_is_held_is_not_asked_for_again_until_the_transaction_ends(
    session: AsyncSession, kettle: Kettle
) -> None:
    async def asked() -> int:
        with counting() as sent:
            await lock(session, kettle)
        return len(sent)

    assert [await asked(), await asked()] == [1, 0]
    async with session.begin_nested():
        assert [await asked(), await asked()] == [1, 1], "a savepoint may give its locks back"
    assert await asked() == 0
    await session.commit()
    assert [await asked(), await asked()] == [1, 0]


async def test_columns_that_change_with_the_state_are_written_with_it(
    session: AsyncSession, kettle: Kettle
) -> None:
    kettle.litres = 2
    await move(session, LIFE, kettle, "boil", actors.street(), data={"lit": True}, values={"litres": 1})
    await session.refresh(kettle)
    assert (kettle.state, kettle.litres, kettle.version) == ("hot", 1, 3)


async def test_many_move_in_one_write_each_with_its_own_columns(
    session: AsyncSession, kettle: Kettle
) -> None:
    """What is a thing's own is also what its rules read, and what its entry may tell."""
    others = [Kettle(state="cold", litres=litres) for litres in (3, 4)]
    session.add_all(others)
    kettle.litres = 2
    await session.flush()
    kettles = await lock_many(session, Kettle, [kettle.id, *(other.id for other in others)])
    each = {one.id: {"litres": one.litres - 1} for one in kettles}
    told = {kettle.id: {"litres": [2, 1]}}
    with counting() as sent:
        outcome = await move_many(
            session, LIFE, kettles, "boil", actors.street(), data={"lit": True}, each=each, changes=told
        )
    assert len(sent) == 2, "one write of the rows, one of their entries"
    assert list(outcome.values()) == [None, None, None]
    for one in kettles:
        before = one.litres
        await session.refresh(one)
        assert (one.state, one.litres, one.version) == ("hot", before, 3 if one is kettle else 2)
    assert sorted(one.litres for one in kettles) == [1, 2, 3]
    (entry,) = await journal.history(session, actors.street(), kettle.id)
    assert entry.change == {"litres": [2, 1]}


def test_the_whole_grid_has_one_answer() -> None:
    moves = {(s, e): LIFE.line(s, e) for s, e in itertools.product(LIFE.states, LIFE.events)}
    assert {key: line.target for key, line in moves.items() if line} == {
        ("cold", "boil"): "hot",
        ("hot", "cool"): "cold",
        ("cold", "break"): "gone",
    }
    assert LIFE.final == {"gone"}


def test_the_picture_is_drawn_from_the_table() -> None:
    assert "    cold --> hot: boil\n" in picture(LIFE)
    assert "    gone --> [*]\n" in picture(LIFE)
