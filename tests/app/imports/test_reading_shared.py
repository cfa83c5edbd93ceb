"""A long list is read by two processes: what comes out is the same, and neither leaves the other waiting when it dies."""

import asyncio
import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.imports import shown
from app.imports.drafts import checker
from app.imports.files.sheet import Limits
from app.imports.packing import ReadRow
from app.imports.preview import Request, preview
from app.imports.reading import Finished, Job, read
from app.kernel.errors import Malformed, TooLarge
from tests.app.imports.files import project, table, text, workbook

NEVER = sys.maxsize
PATIENCE = 20.0
linux = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")


def job(path: Path, content: bytes, alone: int, **said: Any) -> Job:
    path.write_bytes(content)
    return Job(path, Request("projects", 2026, **said), date(2026, 1, 5), Limits(), 1 << 30, alone)


async def whole(job: Job) -> tuple[list[ReadRow], Finished]:
    rows: list[ReadRow] = []
    async for said in read(job):
        if isinstance(said, Finished):
            return rows, said
        rows += said
    raise AssertionError("it never finished")


def messy(count: int, seed: int = 0) -> list[list[Any]]:
    """A list as it comes together from many hands: copied rows, corrected rows, sums between, places left out."""
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    good: list[dict[str, Any]] = []
    for at in range(count):
        row = project(
            f"独居老人助餐探访第{at}号站",
            序号=at + 1,
            项目简介=f"每日送餐并探访，第{at}号，共{at}人。",
            联系人="王主任",
        )
        pick = chance.random()
        if pick < 0.05 and good:
            row = dict(chance.choice(good))  # the same row again, perhaps thousands of rows below
        elif pick < 0.09 and good:
            row = chance.choice(good) | {"预算金额(万元)": 7 + at % 5}  # the same project with another amount
        elif pick < 0.12 and good:
            row = dict(chance.choice(good))
            row["项目名称"] = f"“{row['项目名称']}”（二期）"
        elif pick < 0.14:
            row = {"序号": chance.choice(("小计", "合计")), "预算金额(万元)": at}
        elif pick < 0.30:
            row |= {"所属区": None, "街道": None}
        elif pick < 0.34:
            row["预算金额(万元)"] = chance.choice(("面议", "三五万", "6万-8万", None, "9" * 30))
        elif pick < 0.37:
            row["项目简介"] = f"老人李某，身份证320106199001011234，电话13800000000，第{at}号。"
        elif pick < 0.39:
            row = {"序号": "备注："}
        else:
            good.append(row)
        rows.append(row)
    return table(*rows)


def codes(rows: list[ReadRow]) -> set[str]:
    """What is said about any of the rows."""
    return {problem["code"] for row in rows for problem in json.loads(row.problems)}


async def test_a_long_messy_list_is_read_the_same_by_two(tmp_path: Path) -> None:
    content = text(messy(4_000), "gb18030")
    alone, told = await whole(job(tmp_path / "alone", content, NEVER))
    rows, finished = await whole(job(tmp_path / "shared", content, 300))
    assert {
        "duplicate_row", "key_conflict", "near_duplicate", "filled_down", "total_row", "note_row", "identity_number_removed",
    } <= codes(alone)  # fmt: skip
    assert len(told.summary["totals"]) > 10 and any(
        total["unreadable_rows"] for total in told.summary["totals"]
    )
    assert any(place < 1_000 and "3" in problem["message"] for place, problem in told.afterwards)
    assert rows == alone
    assert finished == told


async def test_the_dry_run_in_memory_says_the_same(tmp_path: Path) -> None:
    content = text(messy(2_000, seed=7))
    rows, finished = await whole(job(tmp_path / "shared", content, 300))
    shown_rows = preview(content, Request("projects", 2026), check=checker("projects", date(2026, 1, 5)))
    problems = [json.loads(row.problems) for row in rows]
    status = [row.status for row in rows]
    for place, problem in finished.afterwards:
        problems[place].append(problem)
        status[place] = "rejected"
    told = [shown.row(row) for row in shown_rows.rows]
    assert [row["problems"] for row in told] == problems
    assert [row["status"] for row in told] == status
    assert [row["choices"] for row in told] == [json.loads(row.choices) for row in rows]
    assert shown.summary(shown_rows)["totals"] == finished.summary["totals"]


async def test_what_a_person_said_of_rows_counts_in_both(tmp_path: Path) -> None:
    content = text(messy(2_000))
    near = [
        row
        for row in (await whole(job(tmp_path / "before", content, NEVER)))[0]
        if "near_duplicate" in row.problems
    ]
    said = {
        f"!{row.row}": {"row": answer}
        for row, answer in zip(near, ("keep", "skip") * len(near), strict=False)
    }
    alone = await whole(job(tmp_path / "alone", content, NEVER, choices=said))
    assert await whole(job(tmp_path / "shared", content, 0, choices=said)) == alone
    left = [row for row in alone[0] if "near_duplicate" in row.problems]
    assert len(left) < len(near)


@pytest.mark.parametrize("rows", [1, 299, 300, 301, 800, 801, 1_301])
async def test_a_list_of_any_length_is_read_to_its_end(tmp_path: Path, rows: int) -> None:
    content = text(messy(rows, seed=rows))
    alone = await whole(job(tmp_path / "alone", content, NEVER))
    assert await whole(job(tmp_path / "shared", content, 300)) == alone


async def test_every_sheet_of_a_workbook_and_the_summary_that_repeats_them(tmp_path: Path) -> None:
    one = [project(f"独居老人助餐第{at}站", 开始日期=date(2026, 3, 1 + at % 28)) for at in range(700)]
    two = [project(f"二号楼加装电梯协商第{at}次") for at in range(700)]
    content = workbook(("鼓楼", table(*one)), ("汇总", table(*one, *two)), ("玄武", table(*two)))
    alone = await whole(job(tmp_path / "alone", content, NEVER))
    assert await whole(job(tmp_path / "shared", content, 100)) == alone
    assert [sheet["reason"] for sheet in alone[1].summary["sheets"]] == [None, None, "repeats_others"]


# What happens when one of the two dies.


def long_list() -> bytes:
    """Longer than what is kept ahead, so that the reading is never done while nobody takes its rows."""
    return text(table(*(project(f"独居老人助餐第{at}站", 序号=at) for at in range(16_000))))


def children(of: int) -> list[int]:
    """Living child processes."""
    return [pid for pid, parent in _processes() if parent == of]


def _processes() -> Iterator[tuple[int, int]]:
    for folder in Path("/proc").iterdir():
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if folder.name.isdigit() and state not in "ZX":
            yield int(folder.name), int(parent)


async def begun(parts: AsyncGenerator[list[ReadRow] | Finished]) -> tuple[int, int]:
    """Read until two processes are at work; the reading process and its helper."""
    before = {child.pid for child in multiprocessing.active_children()}
    await anext(parts)
    (reader,) = [c.pid for c in multiprocessing.active_children() if c.pid and c.pid not in before]
    async with asyncio.timeout(PATIENCE):
        while not (helpers := children(reader)):  # noqa: ASYNC110 - nothing tells of them
            await asyncio.sleep(0.01)
    return reader, helpers[0]


async def gone(*processes: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while {pid for pid, _ in _processes()} & set(processes):  # noqa: ASYNC110 - nothing tells of their end
            await asyncio.sleep(0.01)


async def refusal(parts: AsyncGenerator[list[ReadRow] | Finished]) -> str:
    """The code by which the rest of the file is refused."""
    with pytest.raises(TooLarge) as refused:
        async with asyncio.timeout(PATIENCE):
            async for _ in parts:
                pass
    return refused.value.problems[0].code


@linux
@pytest.mark.parametrize("whom", ["reader", "helper"])
async def test_one_of_the_two_killed_in_the_middle_refuses_the_file(tmp_path: Path, whom: str) -> None:
    async with aclosing(read(job(tmp_path / "list", long_list(), 100))) as parts:
        reader, helper = await begun(parts)
        os.kill(reader if whom == "reader" else helper, signal.SIGKILL)
        assert await refusal(parts) == "file_too_heavy"
    await gone(reader, helper)


@linux
async def test_nobody_is_left_when_the_reading_is_given_up(tmp_path: Path) -> None:
    async with aclosing(read(job(tmp_path / "list", long_list(), 100))) as parts:
        reader, helper = await begun(parts)
    await gone(reader, helper)


@linux
async def test_nobody_is_left_when_the_reading_is_done(tmp_path: Path) -> None:
    async with aclosing(read(job(tmp_path / "list", long_list(), 100))) as parts:
        reader, helper = await begun(parts)
        async for _ in parts:
            pass
    await gone(reader, helper)


@linux
async def test_a_refusal_far_down_the_list_is_the_same(tmp_path: Path) -> None:
    """A quote left open far below: good rows have gone out, the helper is at work."""
    content = long_list() + '"独居老人\r\n二号楼\r\n'.encode()
    refused = []
    for alone in (NEVER, 100):
        with pytest.raises(Malformed) as raised:
            await whole(job(tmp_path / "list", content, alone))
        refused.append(raised.value.problems)
    assert refused[0] == refused[1] and refused[0][0].code == "quote_unclosed"


WARM = """
import sys, time
from app.imports.reading import warm

if __name__ == "__main__":
    warm()
    print("warm", flush=True)
    sys.stdin.read()
"""


@linux
async def test_the_server_that_readers_are_forked_from_starts_before_the_first_list(tmp_path: Path) -> None:
    (tmp_path / "warm.py").write_text(WARM)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(tmp_path / "warm.py"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert process.stdout and await process.stdout.readline() == b"warm\n"
    found = children(process.pid)
    process.kill()
    await process.wait()
    assert found, "it waits for lists, which nobody has sent yet"
    await gone(*found)
