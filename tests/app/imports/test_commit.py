"""DOMAIN.md §4.4, cases 49-50, and what follows a preview: commit, update, undo, reports, templates, the way round."""

import asyncio
import io
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.roles import Role
from app.imports import service
from app.imports.models import ImportPart
from app.kernel.actor import machine
from app.kernel.database import Database
from app.kernel.job_worker import Worker
from app.kernel.journal import JournalEntry
from app.organizations.models import Organization
from app.projects.models import Project
from tests.app.imports.conftest import Door
from tests.app.imports.files import organization, project, table, text, workbook
from tests.conftest import Http
from tests.factories.editions import make_edition
from tests.factories.imports import send_list

OPERATOR = machine("operator")


async def titles(session: AsyncSession) -> list[str]:
    return sorted(await session.scalars(select(Project.title)))


async def test_case_49_the_same_file_again_is_the_same_import(door: Door) -> None:
    content = workbook(table(project()))
    first = await door.send(content)
    again = await door.send(content)
    assert (first.status_code, again.status_code) == (202, 200)
    assert again.json()["id"] == first.json()["id"]
    other_kind = await door.send(content, "needs")
    assert other_kind.json()["id"] != first.json()["id"]
    await door.work()
    cancel = {"event": "cancel"}
    await door.client.post(f"/api/v1/imports/{first.json()['id']}/transitions", json=cancel)
    assert (await door.send(content)).json()["id"] != first.json()["id"]


async def test_case_49_a_corrected_file_updates_field_by_field(door: Door, session: AsyncSession) -> None:
    two = table(project(), project("二号楼加装电梯协商项目"))
    await door.commit((await door.preview(workbook(two))).id)
    two[1][8], two[2][2] = 8, "三个小区共二十七个单元协商加装电梯，需要中立第三方。"
    two.append(list(project("新市民子女课后陪伴项目").values()))
    preview = await door.preview(workbook(two))
    assert [row["change"] for row in preview.data] == [
        {"budget_fen": [6_000_000, 8_000_000]},
        {"description": ["为辖区独居高龄老人每日送餐并探访，异常情况当日上报，每季度测评一次。", two[2][2]]},
        None,
    ]
    done = await door.commit(preview.id)
    assert done["result"] == {"created": 1, "updated": 2, "unchanged": 0, "rejected": 0}
    session.expire_all()
    assert await titles(session) == [
        "二号楼加装电梯协商项目",
        "新市民子女课后陪伴项目",
        "独居老人助餐探访项目",
    ]
    assert (
        await session.scalar(select(Project.budget_fen).where(Project.title == "独居老人助餐探访项目"))
        == 8_000_000
    )
    third = await door.preview(text(two))
    assert third.counts == {"rows": 3, "ready": 0, "warned": 0, "rejected": 0, "skipped": 3}
    assert {code for _, code in third.skipped()} == {"unchanged"}


async def test_case_50_good_rows_are_imported_and_bad_ones_come_back_marked(
    door: Door, session: AsyncSession
) -> None:
    rows = [
        ["2026年项目汇总表"],
        *table(project(), project("二号楼加装电梯协商项目", **{"预算金额(万元)": "若干"})),
    ]
    preview = await door.preview(workbook(rows, merge=["A1:I1"]))
    assert preview.counts["rejected"] == 1
    refused = await door.client.post(f"/api/v1/imports/{preview.id}/commit", json={"all_or_nothing": True})
    assert refused.status_code == 409 and refused.json()["code"] == "rows_rejected"
    done = await door.commit(preview.id)
    assert done["state"] == "committed" and done["result"]["created"] == 1
    assert await titles(session) == ["独居老人助餐探访项目"]
    report = await door.client.get(f"/api/v1/imports/{preview.id}/errors.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(report.content)).worksheets[0]
    assert sheet["A1"].value == "2026年项目汇总表"
    assert [cell.value for cell in sheet[2]][-1] == "错误原因"
    assert sheet["B3"].value == "二号楼加装电梯协商项目" and sheet.max_row == 3
    assert "I4" in sheet["J3"].value and "若干" in sheet["J3"].value
    assert sheet["I3"].fill.fgColor.rgb == "FFFFC7CE" and sheet["B3"].fill.fgColor.rgb != "FFFFC7CE"


async def test_what_is_imported_keeps_where_it_came_from(door: Door, session: AsyncSession) -> None:
    preview = await door.preview(workbook(("鼓楼区", table(project()))))
    await door.commit(preview.id)
    stored = await session.scalar(select(Project))
    assert stored is not None
    assert stored.provenance == {"import_id": preview.id, "sheet": "鼓楼区", "row": 2}
    row = (await door.read(preview.id)).only
    assert row["thing_id"] == str(stored.id) and row["raw"]["预算金额(万元)"] == "6"
    assert (stored.budget_fen, stored.state, stored.category) == (6_000_000, "draft", "elderly_care")


async def test_http_and_import_give_equal_rows_and_journal_entries(door: Door, session: AsyncSession) -> None:
    await door.commit((await door.preview(workbook(table(project())))).id)
    body = {
        "edition": "2026", "title": "由接口录入的项目", "description": project()["项目简介"], "category": "elderly_care",
        "district": "鼓楼区", "street": "宁海路街道", "communities": ["银杏里社区"], "community": "银杏里社区",
        "buyer": "南京市鼓楼区宁海路街道办事处", "budget_yuan": "60000.00",
    }  # fmt: skip
    assert (await door.client.post("/api/v1/projects", json=body)).status_code == 201
    imported, entered = await session.scalars(select(Project).order_by(Project.created_at, Project.number))
    own = {
        "id",
        "number",
        "title",
        "normal_title",
        "search_grams",
        "provenance",
        "created_at",
        "updated_at",
        "state_since",
    }
    for column in list(Project.__table__.columns.keys()):
        if column not in own:
            assert getattr(imported, column) == getattr(entered, column), column
    entries = (
        await session.scalars(select(JournalEntry).where(JournalEntry.subject_kind == "project"))
    ).all()
    assert len({(e.event, e.to_state, e.area_path, e.level, tuple(e.change)) for e in entries}) == 1


@pytest.mark.parametrize("kind", ["projects", "organizations", "needs"])
async def test_the_template_imports_without_a_warning(door: Door, kind: str) -> None:
    answer = await door.client.get("/api/v1/imports/template.xlsx", params={"kind": kind})
    preview = await door.preview(answer.content, kind)
    assert preview.counts == {"rows": 1, "ready": 1, "warned": 0, "rejected": 0, "skipped": 0}
    assert preview.about["preview"]["problems"] == []
    assert (await door.commit(preview.id))["result"]["created"] == 1


FULL_PROJECT: dict[str, Any] = {
    "服务对象": "独居老人、低保户", "受益人数": 35, "服务人次": 1200, "实施单位": "银杏里社区居民委员会", "联系人": "王主任",
    "联系电话": "025-83456789", "市级资金(万元)": 4, "街道资金(万元)": 2, "开始时间": "2026-03-01", "结束时间": "2026-12-31",
    "采购方式": "定向委托", "分流方式": "全面外包", "联动模式": "内需驱动型", "紧急程度": "紧急", "最低评估等级": "3A",
    "最低持证社工数": 2, "资质要求": "食品经营许可、健康证", "绩效目标": "助餐:4000人次;个案:8个", "预期成效": "老人按时吃上热饭",
    "备注": "=已与社区商定", "需求分析": "独居老人做饭不便。", "是否重大事项": "否", "政策依据": "居家养老条例",
}  # fmt: skip
FULL_ORGANIZATION: dict[str, Any] = {
    "成立时间": "2018-06-01", "开办资金(万元)": 3, "法定代表人": "示例人", "年检情况": "2024合格、2025基本合格", "是否慈善组织": "是",
    "公开募捐资格": "否", "助理社工师": 3, "社工师": 2, "服务对象": "独居老人、志愿者", "资质证照": "食品经营许可", "在管项目数": 1,
    "期望最低金额(万元)": 2, "期望最高金额(万元)": 20, "上年度收入(万元)": 88.5, "承接项目情况": "2024年助餐配送(12万元,良好)",
    "等级有效期至": "2028-12-31", "曾用名": "暮云工作室", "志愿者人数": 40, "发展阶段": "示范型", "联系电话": "13800000000",
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "row"),
    [("projects", project() | FULL_PROJECT), ("organizations", organization() | FULL_ORGANIZATION)],
)
async def test_what_is_exported_and_sent_back_changes_nothing(
    door: Door, kind: str, row: dict[str, Any]
) -> None:
    first = await door.preview(workbook(table(row)), kind)
    assert first.only["status"] in ("ready", "warned"), first.only["problems"]
    assert (await door.commit(first.id))["result"]["created"] == 1
    exported = await door.client.get("/api/v1/imports/export.xlsx", params={"kind": kind, "edition": "2026"})
    back = await door.preview(exported.content, kind)
    assert [row["change"] for row in back.rows] == [None], back.rows[0]["change"]
    assert back.counts == {"rows": 1, "ready": 0, "warned": 0, "rejected": 0, "skipped": 1}
    assert back.skipped() == [(2, "unchanged")]
    sent, returned = first.only["record"], back.rows[0]["record"]
    lost = {name for name, value in sent.items() if value not in (None, []) and returned[name] != value}
    assert lost <= {
        "source_row_no",
        "start_precision",
        "end_precision",
        "credit_status",
        "project_no",
        "major_matter",
    }


@pytest.mark.parametrize(
    ("kind", "row", "model"),
    [("projects", project(), Project), ("organizations", organization(), Organization)],
)
async def test_an_import_is_undone_as_a_whole_while_untouched(
    door: Door, session: AsyncSession, kind: str, row: dict[str, Any], model: Any
) -> None:
    content = workbook(table(row))
    preview = await door.preview(content, kind)
    await door.commit(preview.id)
    assert await session.scalar(select(func.count()).select_from(model)) == 1
    answer = await door.client.post(f"/api/v1/imports/{preview.id}/undo")
    assert answer.status_code == 200 and answer.json()["state"] == "undone"
    assert await session.scalar(select(func.count()).select_from(model)) == 0
    again = await door.preview(content, kind)
    assert again.id != preview.id and again.counts["ready"] == 1
    assert (await door.commit(again.id))["result"]["created"] == 1


async def test_an_import_whose_rows_have_moved_on_is_not_undone(door: Door, session: AsyncSession) -> None:
    preview = await door.preview(workbook(table(project())))
    await door.commit(preview.id)
    stored = await session.scalar(select(Project))
    assert stored is not None
    stored.remarks = "已与社区商定"
    await session.flush()
    answer = await door.client.post(f"/api/v1/imports/{preview.id}/undo")
    assert answer.status_code == 409 and answer.json()["code"] == "rows_touched"


async def test_a_second_commit_gets_what_the_first_began(door: Door) -> None:
    preview = await door.preview(workbook(table(project())))
    first = await door.client.post(f"/api/v1/imports/{preview.id}/commit", json={})
    second = await door.client.post(f"/api/v1/imports/{preview.id}/commit", json={})
    assert first.status_code == second.status_code == 202
    assert first.json()["job_id"] == second.json()["job_id"]
    assert await door.work() == 1
    assert (await door.read(preview.id)).about["result"]["created"] == 1


async def test_what_was_stored_since_the_preview_is_never_doubled(door: Door, session: AsyncSession) -> None:
    one = await door.preview(workbook(table(project())))
    two = await door.preview(text(table(project())))
    await door.commit(one.id)
    late = await door.commit(two.id)
    assert late["state"] == "previewed" and late["problems"][0]["code"] == "stored_since"
    assert await titles(session) == ["独居老人助餐探访项目"]
    again = await door.say(two.id)
    assert again.counts["skipped"] == 1


async def test_a_street_imports_only_its_own(door: Door, http: Http) -> None:
    street = Door(await http(Role.STREET, area="3201/320106/320106001"), door.database)
    other = project("滨江夜跑安全项目", 所属区="建邺区", 街道="莫愁湖街道", 购买方="莫愁湖街道办事处")
    preview = await street.preview(workbook(table(project(), other)))
    mine, theirs = preview.data
    assert mine["status"] == "ready"
    assert theirs["status"] == "rejected" and preview.codes(theirs) == {"not_yours"}
    assert (await street.commit(preview.id))["result"]["created"] == 1
    nobody = Door(await http(Role.STREET, area="3201/320105/320105001"), door.database)
    assert (await nobody.client.get(f"/api/v1/imports/{preview.id}")).status_code == 404
    stranger = await http(Role.FAIR_OPERATOR)
    refused = await Door(stranger, door.database).send(workbook(table(project())))
    assert refused.status_code == 403


async def test_old_bytes_are_forgotten_after_thirty_days(door: Door, session: AsyncSession) -> None:
    from datetime import timedelta

    from app.kernel import clock

    await door.preview(workbook(table(project())))
    await service.tick(session)
    assert await session.scalar(select(func.count()).select_from(ImportPart)) == 1
    clock.settle(timedelta(days=31))
    await service.tick(session)
    assert await session.scalar(select(func.count()).select_from(ImportPart)) == 0


async def test_needs_come_in_the_same_way(door: Door, session: AsyncSession) -> None:
    from app.needs.models import Need

    row = {
        "需求名称": "午餐送到家",
        "需求描述": "多名独居老人行动不便，午餐无人照应。",
        "所属区": "鼓楼区",
        "街道": "宁海路街道",
        "社区": "银杏里社区",
    }
    preview = await door.preview(workbook(table(row)), "needs")
    assert (await door.commit(preview.id))["result"]["created"] == 1
    need = await session.scalar(select(Need))
    assert (
        need is not None and need.origin == "imported" and need.area_path.startswith("3201/320106/320106001/")
    )
    again = await door.preview(text(table(row)), "needs")
    assert again.skipped() == [(2, "unchanged")], again.rows


async def test_case_39_a_stored_organization_is_met_by_code_then_by_exact_name(door: Door) -> None:
    await door.commit((await door.preview(workbook(table(organization())), "organizations")).id)
    without_code = organization(统一社会信用代码=None, 承接上限=6)
    by_name = await door.preview(workbook(table(without_code)), "organizations")
    assert by_name.only["change"] == {"capacity_max": [4, 6]}
    other_code = organization(统一社会信用代码="52320106XX9900017P")
    namesake = await door.preview(workbook(table(other_code)), "organizations")
    assert namesake.only["status"] == "rejected" and namesake.codes(namesake.only) == {"namesake"}
    renamed = organization("南京市鼓楼区暮云新社会工作服务中心")
    by_code = await door.preview(workbook(table(renamed)), "organizations")
    assert by_code.only["change"] == {
        "name": ["南京市鼓楼区暮云社会工作服务中心", "南京市鼓楼区暮云新社会工作服务中心"]
    }


async def test_ten_uploads_and_ten_commits_at_once_are_one(committed: Database) -> None:
    content = text(table(project()))
    async with committed.writing() as session:
        await make_edition(session, "2026")

    async def upload() -> Any:
        async with committed.writing() as session:
            return await send_list(session, OPERATOR, content)

    sent = await asyncio.gather(*(upload() for _ in range(10)))
    assert len({thing.id for thing, _ in sent}) == 1 and sum(new for _, new in sent) == 1
    worker = Worker(committed, service.HANDLERS)
    await worker.drain()

    async def commit() -> Any:
        async with committed.writing() as session:
            thing = await service.get(session, OPERATOR, sent[0][0].id)
            return (await service.commit(session, OPERATOR, thing, all_or_nothing=False)).job_id

    assert len(set(await asyncio.gather(*(commit() for _ in range(10))))) == 1
    assert await worker.drain() == 1
    async with committed.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Project)) == 1
