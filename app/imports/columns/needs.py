"""The columns of a list of residents' needs (需求库).

A record holds every key below; what the list does not say is None:
source_row_no:int, title, description, category:code, target_groups:[code], dimension:code, origin:code,
beneficiaries_planned:int, contacts_planned:int, district, street, community (the first), communities:[name],
delivery_address, grid, raised_on (date), urgency:code, contact_name, contact_phone, remarks.
"""

from collections.abc import Mapping
from typing import Any

from app.imports.cells.counts import count, persons, row_number
from app.imports.cells.dates import day
from app.imports.cells.identity import person, phone
from app.imports.cells.marks import many_of, one_of
from app.imports.cells.text import line, paragraph, place
from app.imports.columns.column import Column, Kind, Row, iso, labels, renamed
from app.imports.columns.projects import normal_title
from app.imports.places import settle

COLUMNS: tuple[Column, ...] = (
    Column("source_row_no", "序号", ("编号", "No.", "No"), row_number, 1),
    Column("title", "需求名称", ("需求标题", "需求", "名称", "需求事项", "事项"), line, "独居老人午餐送到家", free_text=True,
           required=True),
    Column("description", "需求描述", ("需求内容", "具体需求", "内容", "情况说明", "需求概况"), paragraph,
           "多名独居老人行动不便，午餐无人照应，希望有人送餐并看看平安。", free_text=True, required=True),
    Column("category", "需求类别", ("服务类别", "类别", "所属领域", "服务领域"), one_of("category", other="other"), "养老服务",
           labels("category"), fills="merge"),
    Column("target_groups", "需求人群", ("服务对象", "受益人群", "涉及人群", "人群"), many_of("target_group", other="other"), "独居老人",
           labels("target_group"), fills="merge"),
    Column("dimension", "需求维度", ("需求类型", "维度"), one_of("need_dimension", other="other"), "生活照料", labels("need_dimension")),
    Column("origin", "需求来源", ("来源", "收集方式"), one_of("need_origin"), "需求调查", labels("need_origin")),
    Column("beneficiaries_planned", "涉及人数", ("受益人数", "需求人数", "人数"), renamed(persons, contacts="contacts_planned"), 20),
    Column("contacts_planned", "涉及人次", ("人次",), count, ""),
    Column("district", "所属区", ("区县", "区", "所在区"), line, "鼓楼区", fills="area"),
    Column("street", "街道", ("街道(乡镇)", "镇街", "所属街道", "街镇", "所在街道"), line, "宁海路街道", fills="area", required=True),
    Column("community", "社区", ("社区(村)", "所属社区", "所在社区", "村居"), place, "银杏里社区", fills="merge", required=True),
    Column("delivery_address", "地点", ("地址", "需求地点", "实施地点"), line, ""),
    Column("grid", "网格", ("所属网格",), line, ""),
    Column("raised_on", "提出时间", ("收集时间", "登记时间", "提出日期", "日期"), renamed(day), "2026-01-15", iso, date=True),
    Column("urgency", "紧急程度", ("优先级",), one_of("urgency"), "", labels("urgency")),
    Column("contact_name", "联系人", ("登记人", "负责人"), renamed(person, phone="contact_phone"), ""),
    Column("contact_phone", "联系电话", ("联系方式", "电话", "手机"), phone, ""),
    Column("remarks", "备注", ("说明",), paragraph, "", free_text=True),
)  # fmt: skip


def finish(record: dict[str, Any], row: Row) -> None:
    """Settle a need row as a whole: its place."""
    settle(record, row)


def _place(record: Mapping[str, Any]) -> str:
    return "、".join(record.get("communities") or ()) or record.get("street") or record.get("district") or ""


def row_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Title and place: within an edition, the same need."""
    return ("".join(record["title"].split()), _place(record)) if record.get("title") else None


def near_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    return (normal_title(record["title"]), _place(record)) if record.get("title") else None


NEEDS = Kind("needs", "需求", "needs", COLUMNS, finish, row_key, near_key, "title", ("communities",))
