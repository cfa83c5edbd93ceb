"""What is made ready in a process beside the worker is what the worker itself would have made."""

import multiprocessing
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from pydantic_core import to_json

from app.imports.drafting import beside, here
from app.imports.preview import Request, preview
from tests.app.imports.files import organization, project, table, text
from tests.waiting import eventually

TODAY = date(2026, 11, 22)
LISTS = {
    "projects": table(
        *(project(f"第{at}号助餐项目", 序号=at, 绩效目标="助餐:4000人次") for at in range(700))
    ),
    "organizations": table(*(organization(f"第{at}号社区服务中心") for at in range(40))),
    "needs": [
        ["需求名称", "需求描述", "所属区", "街道", "社区"],
        *(
            ["午餐", "独居老人没有人做饭，盼望每天有一顿热饭。", "鼓楼区", "宁海路街道", f"第{at}社区"]
            for at in range(40)
        ),
    ],
}


def records(kind: str) -> list[str]:
    rows = preview(text(LISTS[kind]), Request(kind, 2026)).rows
    return [to_json(row.said).decode() for row in rows]


@pytest.mark.parametrize("kind", LISTS)
async def test_both_ways_make_the_same(kind: str) -> None:
    wanted = records(kind)
    own = await here(kind, TODAY)(wanted)
    async with beside(kind, TODAY) as drafted:
        assert await drafted(wanted) == own
        assert await drafted(wanted[:3]) == own[:3] and await drafted([]) == []
    assert len(own) == len(wanted) > 0


async def test_a_process_that_died_is_noticed_at_once() -> None:
    async with beside("projects", TODAY) as drafted:
        await drafted(records("projects")[:1])
        for process in multiprocessing.active_children():
            process.kill()
        with pytest.raises((EOFError, OSError)):
            await drafted(records("projects"))


async def test_nothing_is_left_behind() -> None:
    async with beside("projects", TODAY) as drafted:
        await drafted(records("projects")[:1])
    assert multiprocessing.active_children() == []


WORKER = """
import asyncio, datetime, multiprocessing
from app.imports.drafting import beside

async def main():
    async with beside("projects", datetime.date(2026, 11, 22)) as drafted:
        await drafted(['{"title": "独居老人助餐", "buyer": "南京市鼓楼区宁海路街道办事处"}'])
        print(multiprocessing.active_children()[0].pid, flush=True)
        await asyncio.sleep(600)

if __name__ == "__main__":
    asyncio.run(main())
"""


@pytest.mark.process
def test_a_killed_worker_takes_it_along(tmp_path: Path) -> None:
    script = tmp_path / "worker.py"
    script.write_text(WORKER, "utf-8")
    house = {"PYTHONPATH": str(Path(__file__).parents[3])}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, env=os.environ | house) as worker:
        assert worker.stdout is not None
        beside_it = int(worker.stdout.readline())
        worker.kill()
    assert eventually(lambda: not _runs(beside_it))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
