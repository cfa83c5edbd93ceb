"""The command line: exit codes, JSON, and a preview that opens no database."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.imports import command
from app.kernel.database import Database
from app.projects.models import Project
from tests.app.imports.files import project, table, text, workbook
from tests.factories.editions import make_edition


def run(tmp_path: Path, content: bytes, kind: str = "projects", **options: Any) -> tuple[int, str]:
    file = tmp_path / "名单.xlsx"
    file.write_bytes(content)
    out = io.StringIO()
    code = command.run(file, kind, "2026", out=out, as_of=date(2026, 1, 5), **options)
    return code, out.getvalue()


def test_a_clean_list_ends_with_zero_and_says_that_nothing_was_compared(tmp_path: Path) -> None:
    code, told = run(tmp_path, workbook(table(project())))
    assert code == 0 and "not compared with stored records" in told.replace("\n", " ")


def test_json_carries_the_identifiers_normalized_and_money_in_fen(tmp_path: Path) -> None:
    code, told = run(tmp_path, text(table(project(所属区="鼓楼")), "gb18030"), as_json=True)
    document = json.loads(told)
    assert code == 0
    assert document["counts"] == {"rows": 1, "ready": 1, "warned": 0, "rejected": 0, "skipped": 0}
    (row,) = document["rows"]
    wanted = {
        "title": "独居老人助餐探访项目",
        "budget_fen": 6_000_000,
        "district": "鼓楼区",
        "street": "宁海路街道",
        "category": "elderly_care",
    }
    assert wanted.items() <= row["record"].items()
    assert (row["sheet"], row["row"], row["status"], row["problems"]) == ("", 2, "ready", [])


def test_rejected_rows_end_with_one_and_warned_ones_only_when_strict(tmp_path: Path) -> None:
    assert run(tmp_path, workbook(table(project(**{"预算金额(万元)": "若干"}))))[0] == 1
    warned = workbook(table(project(**{"预算金额(万元)": "3-5万"})))
    assert run(tmp_path, warned)[0] == 0
    assert run(tmp_path, warned, strict=True)[0] == 1


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize("content", [b"%PDF-1.7", b"", b"a,b\n1,2\n", "项目名称".encode() + b"\xff\xff"])
def test_what_cannot_be_read_ends_with_two(tmp_path: Path, content: bytes, as_json: bool) -> None:
    code, told = run(tmp_path, content, as_json=as_json)
    assert code == 2 and told.strip()
    if as_json:
        assert json.loads(told)["problems"][0]["code"]


def test_a_file_that_is_not_there_ends_with_two(tmp_path: Path) -> None:
    assert command.run(tmp_path / "没有.csv", "projects", "2026", out=io.StringIO()) == 2


async def test_without_dry_run_the_list_is_stored(
    session: AsyncSession, database: Database, tmp_path: Path
) -> None:
    await make_edition(session, "2026")
    file, out = tmp_path / "名单.csv", io.StringIO()
    bad = project("二号楼加装电梯协商项目", **{"预算金额(万元)": "若干"})
    file.write_bytes(text(table(project(), bad)))
    strict = await command.apply(
        database, file, "projects", "2026", as_json=True, strict=True, out=io.StringIO()
    )
    assert strict == 1 and await session.scalar(select(func.count()).select_from(Project)) == 0
    code = await command.apply(database, file, "projects", "2026", as_json=True, strict=False, out=out)
    assert code == 1 and json.loads(out.getvalue())["import"]["result"]["created"] == 1
    assert await session.scalar(select(func.count()).select_from(Project)) == 1
