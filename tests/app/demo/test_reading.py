"""What the demo fair writes, the import reads back: every row, to the fen, with nothing left to choose."""

from pathlib import Path

import pytest

from app.demo.generate import DemoFair
from app.demo.places import EDITION_YEAR
from app.demo.records import Project
from app.demo.texts import blocks
from app.demo.workbooks import write
from app.imports.preview import Preview, Request, preview


@pytest.fixture(scope="module")
def folder(fair: DemoFair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("lists")
    write(fair, target)
    return target


def _preview(path: Path, kind: str) -> Preview:
    return preview(path, Request(kind, EDITION_YEAR))


def _rejected(shown: Preview) -> list[object]:
    return [
        (row.row, [problem.zh for problem in row.problems]) for row in shown.rows if row.status == "rejected"
    ]


@pytest.mark.parametrize("district", list(blocks("places")))
def test_the_list_of_a_district_is_read_without_a_rejected_row(
    district: str, fair: DemoFair, folder: Path
) -> None:
    shown = _preview(folder / f"{EDITION_YEAR}年{district}社洽会项目汇总表.xlsx", "projects")
    assert _rejected(shown) == []
    assert all(total.difference_fen == 0 for total in shown.totals) and shown.totals
    records = [row.record for row in shown.rows if row.record is not None]
    posted = [project for project in fair.projects if project.district == district]
    assert [_facts_read(record) for record in records] == [_facts(project) for project in posted]


def _facts(project: Project) -> tuple[object, ...]:
    return (
        project.title,
        project.description,
        project.category,
        project.street,
        project.community,
        project.budget_fen,
        project.funding,
        project.beneficiaries_planned,
        project.start_on,
        (project.end_on.year, project.end_on.month),
        f"{project.min_rating}A" if project.min_rating else None,
        project.min_certified_social_workers,
        [(output.indicator, output.target) for output in project.outputs],
    )


def _facts_read(record: dict[str, object]) -> tuple[object, ...]:
    lines, outputs = record["funding_lines"], record["outputs"]
    end = record["end_on"]
    return (
        *(record[name] for name in ("title", "description", "category", "street", "community", "budget_fen")),
        {line["source"]: line["amount_fen"] for line in lines},
        record["beneficiaries_planned"],
        record["start_on"],
        (end.year, end.month),
        record["min_rating"],
        record["min_certified_social_workers"],
        [(output["indicator"], output.get("target")) for output in outputs],
    )


def test_the_list_of_organizations_is_read_without_a_rejected_row(fair: DemoFair, folder: Path) -> None:
    shown = _preview(folder / "社会组织信息表.xlsx", "organizations")
    assert _rejected(shown) == []
    records = [row.record for row in shown.rows if row.record is not None]
    assert [
        (r["name"], r["uscc"], r["rating"], r["capacity_max"], r["active_engagements"]) for r in records
    ] == [
        (
            one.name,
            one.uscc,
            f"{one.rating}A" if one.rating else None,
            one.capacity_max,
            one.active_engagements,
        )
        for one in fair.organizations
    ]
    assert [r["capability"] for r in records] == [one.capability for one in fair.organizations]
    assert [r["credit_status"] for r in records] == [one.credit_status for one in fair.organizations]
