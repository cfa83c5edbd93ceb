"""A list of more than one transaction: whatever stands between its rows, and wherever its writing stops."""

import pytest
from sqlalchemy import select, text

from app.areas.models import Area
from app.imports import committing, service
from app.imports.models import Import, ImportRow
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.job_worker import Worker
from app.parties.models import Party
from app.projects import lists
from app.projects.models import Project
from tests.app.imports.files import project, table
from tests.app.imports.files import text as text_file
from tests.factories.editions import make_edition
from tests.factories.imports import send_list

OPERATOR = machine("operator")
BAD = {"预算金额(万元)": "面议后再定的数额"}


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "ONE_TRANSACTION", 3)


async def previewed(database: Database, *rows: dict[str, object]) -> Import:
    async with database.writing() as session:
        thing, _ = await send_list(session, OPERATOR, text_file(table(*rows)))
    await Worker(database, service.HANDLERS).drain()
    return await again(database, thing)


async def again(database: Database, thing: Import) -> Import:
    async with database.reading() as session:
        return await session.get_one(Import, thing.id)


async def committed_by_worker(database: Database, thing: Import) -> Import:
    async with database.writing() as session:
        await service.commit(session, OPERATOR, await session.get_one(Import, thing.id), all_or_nothing=False)
    await Worker(database, service.HANDLERS).drain()
    return await again(database, thing)


async def created(database: Database, thing: Import) -> int:
    """How many projects its commit has made."""
    done = await committed_by_worker(database, thing)
    return int((done.result or {}).get("created", -1))


async def titles(database: Database) -> list[str]:
    async with database.reading() as session:
        return sorted(await session.scalars(select(Project.title)))


def row(at: int, **cells: object) -> dict[str, object]:
    return project(f"独居老人助餐第{at:02d}号项目", 序号=at, **cells)


async def test_rows_that_are_not_written_stand_between_those_that_are(committed: Database) -> None:
    async with committed.writing() as session:
        await make_edition(session, "2026")
    first = await previewed(committed, row(1), row(2))
    assert await created(committed, first) == 2
    # One unchanged, one changed, a whole step of rejected rows, then new ones.
    rows = [
        row(1),
        row(2, 受益人数=77),
        *(row(at, **BAD) for at in range(3, 8)),
        *(row(at) for at in range(8, 15)),
    ]
    thing = await previewed(committed, *rows)
    done = await committed_by_worker(committed, thing)
    assert done.result == {"created": 7, "updated": 1, "unchanged": 1, "rejected": 5}
    assert await titles(committed) == [f"独居老人助餐第{at:02d}号项目" for at in (1, 2, *range(8, 15))]
    async with committed.reading() as session:
        query = select(ImportRow.row, Project.title).join(Project, Project.id == ImportRow.thing_id)
        linked = await session.execute(query.where(ImportRow.import_id == thing.id, ImportRow.place >= 7))
        assert {(at, title[7:9]) for at, title in linked} == {(at + 1, f"{at:02d}") for at in range(8, 15)}


async def test_stopped_behind_the_last_step_it_only_ends(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with committed.writing() as session:
        await make_edition(session, "2026")
    thing = await previewed(committed, *(row(at) for at in range(1, 8)))

    async def stopped(*_: object) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patched:
        patched.setattr(committing._Writing, "_finish", stopped)
        halfway = await committed_by_worker(committed, thing)
    assert (halfway.state, halfway.applied_rows) == ("committing", 7)
    async with committed.writing() as session:
        await session.execute(text("UPDATE jobs SET run_at = clock_timestamp() WHERE state = 'queued'"))
    await Worker(committed, service.HANDLERS).drain()
    done = await again(committed, thing)
    assert done.state == "committed" and done.result == {
        "created": 7,
        "updated": 0,
        "unchanged": 0,
        "rejected": 0,
    }
    assert len(await titles(committed)) == 7


@pytest.mark.parametrize("most", [20_000, 1])
async def test_places_and_payers_new_and_known_come_in_any_step(
    committed: Database, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    """Whether names are remembered from step to step or, being too many, looked up anew."""
    monkeypatch.setattr(lists, "MOST_NAMED", most)
    async with committed.writing() as session:
        await make_edition(session, "2026")
    named = {
        at: {"社区": f"第{at * at % 7}社区", "购买方": f"南京市鼓楼区第{at * at % 5}街道办事处"}
        for at in range(1, 14)
    }
    thing = await previewed(committed, *(row(at, **cells) for at, cells in named.items()))
    assert await created(committed, thing) == 13
    async with committed.reading() as session:
        found = await session.execute(
            select(Project.title, Area.name, Party.name)
            .join(Area, Area.path == Project.community_path)
            .join(Party, Party.id == Project.buyer_id)
        )
        stored = {int(title[7:9]): {"社区": area, "购买方": payer} for title, area, payer in found}
    assert stored == named


async def test_a_row_keeps_its_columns_in_the_order_of_the_sender(committed: Database) -> None:
    async with committed.writing() as session:
        await make_edition(session, "2026")
    cells = row(1)
    thing = await previewed(committed, cells)
    async with committed.reading() as session:
        raw = await session.scalar(select(ImportRow.raw).where(ImportRow.import_id == thing.id))
    assert raw is not None and list(raw) == [header for header in cells if header in raw]
