"""Writes the fair as the spreadsheets bureaus send: one list of projects per district and one list of organizations."""

from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import xlsxwriter

from app.demo.generate import DemoFair
from app.demo.places import EDITION_YEAR
from app.demo.records import Organization, Project
from app.demo.sheet import Sheet, formats
from app.demo.texts import blocks
from app.demo.themes import category_names

_MONEY = {
    "budget": lambda project: project.budget_fen,
    "city": lambda project: project.funding.get("city_fiscal", 0),
    "district_money": lambda project: project.funding.get("district_fiscal", 0),
    "street_money": lambda project: project.funding.get("street_fiscal", 0),
    "lottery": lambda project: project.funding.get("lottery_fund", 0),
}  # fmt: skip
_FUNDS = ("city", "district_money", "street_money", "lottery")
_RATINGS = ("{n}A级", "{n}A", "{a}", "{n}A级({y}年)")
_RATING_YEARS = 5
_CREDIT = {
    "normal": "正常",
    "abnormal_list": "列入活动异常名录",
    "serious_illegality_list": "列入严重违法失信名单",
}
_FEN_PER_WAN = 1_000_000


def write(fair: DemoFair, folder: Path) -> list[Path]:
    """Write all workbooks into `folder` (made when absent); their paths, organizations first."""
    folder.mkdir(parents=True, exist_ok=True)
    by_district = groupby(
        sorted(fair.projects, key=lambda project: project.district), lambda project: project.district
    )
    lists = {district: list(projects) for district, projects in by_district}
    return [
        _write_organizations(fair, folder),
        *(_write_projects(fair, folder, district, lists[district]) for district in blocks("places")),
    ]


def _write_projects(fair: DemoFair, folder: Path, district: str, projects: Sequence[Project]) -> Path:
    layout = blocks("layouts")["projects"]
    own = layout["districts"][district]
    names = {"year": EDITION_YEAR, "district": district}
    path = folder / layout["file"].format(**names)
    columns = [tuple(pair.split("=", 1)) for pair in own["columns"].split()]
    with xlsxwriter.Workbook(str(path), {"constant_memory": False}) as book:
        sheet = Sheet(book.add_worksheet("项目清单"), formats(book), [key for key, _ in columns])
        sheet.title(layout["title"].format(**names))
        sheet.note(f"填报单位：{own['reporter']}    填报日期：{fair.as_of.isoformat()}    单位：万元")
        sheet.header(columns, ("资金（万元）", _FUNDS) if own.get("two_rows") else None)
        number = 0
        for street, group in groupby(projects, lambda project: project.street):
            rows = list(group)
            first = sheet.row
            for project in rows:
                number += 1
                sheet.add([_project_cell(key, project, number, own) for key, _ in columns])
            if own.get("merged"):
                sheet.merge("street", first, street)
            if own.get("subtotals"):
                sheet.total("小计", _sums(rows), len(rows))
        if own.get("merged"):
            sheet.merge("district", sheet.first_data_row, district)
        sheet.total("合计", _sums(projects), len(projects))
        sheet.tail("填表人：（签字）          审核人：（签字）          单位（盖章）")
        sheet.tail("注：1.预算金额为各级资金之和；2.以上项目均已列入年度预算。")
    return path


def _sums(projects: Iterable[Project]) -> dict[str, float]:
    rows = list(projects)
    return {key: sum(money(project) for project in rows) / _FEN_PER_WAN for key, money in _MONEY.items()}


def _project_cell(
    key: str, project: Project, number: int, layout: dict[str, Any]
) -> str | float | int | None:
    if key in _MONEY:
        fen = _MONEY[key](project)
        return fen / _FEN_PER_WAN if fen else None
    if key == "no":
        return number
    if key == "category":
        return category_names()[project.category][layout["category_name"]]
    if key in ("period", "start", "end"):
        return _dates(key, project, layout)
    return _PROJECT_TEXTS[key](project)


def _dates(key: str, project: Project, layout: dict[str, Any]) -> str:
    if key == "period":
        year, first, last = project.start_on.year, project.start_on.month, project.end_on.month
        return str(layout["period"].format(y=year, m=first, n=last))
    day = project.start_on if key == "start" else project.end_on
    return str(layout["dates"].format(y=day.year, m=day.month))


def _demands(project: Project) -> str:
    asked = list(project.required_qualifications)
    if project.min_certified_social_workers:
        asked.insert(0, f"持证社工不少于{project.min_certified_social_workers}名")
    if project.min_rating:
        asked.insert(0, f"评估等级{project.min_rating}A及以上")
    return "；".join(asked)


_PROJECT_TEXTS: dict[str, Callable[[Project], str | int | None]] = {
    "district": lambda project: project.district,
    "street": lambda project: project.street,
    "community": lambda project: project.community,
    "title": lambda project: project.title,
    "description": lambda project: project.description,
    "target": lambda project: "、".join(project.target_groups),
    "people": lambda project: project.beneficiaries_planned,
    "buyer": lambda project: project.buyer,
    "entity": lambda project: project.procuring_entity,
    "outputs": lambda project: "；".join(
        f"{output.indicator}{output.target}{output.unit}" for output in project.outputs
    ),
    "outcomes": lambda project: "；".join(project.outcomes),
    "demands": _demands,
    "contact": lambda project: project.contact_name,
    "phone": lambda project: project.contact_phone,
    "remarks": lambda project: "使用福彩公益金" if "lottery_fund" in project.funding else None,
}


def _write_organizations(fair: DemoFair, folder: Path) -> Path:
    layout = blocks("layouts")["organizations"]
    path = folder / layout["file"]
    columns = [tuple(pair.split("=", 1)) for pair in layout["columns"].split()]
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = Sheet(book.add_worksheet("信息表"), formats(book), [key for key, _ in columns])
        sheet.title(layout["title"].format(year=EDITION_YEAR))
        sheet.note(f"填报单位：{layout['reporter']}    填报日期：{fair.as_of.isoformat()}    单位：万元")
        sheet.header(columns, None)
        for number, organization in enumerate(fair.organizations, 1):
            sheet.add([_organization_cell(key, organization, number) for key, _ in columns])
        sheet.tail("填表人：（签字）          审核人：（签字）")
    return path


def _organization_cell(key: str, organization: Organization, number: int) -> str | float | int | None:
    if key == "no":
        return number
    if key.startswith("inspection_"):
        return organization.annual_inspection.get(int(key[-4:]))
    return _ORGANIZATION_CELLS[key](organization)


def _rating(organization: Organization) -> str:
    if organization.rating is None:
        return "未评"
    form = _RATINGS[int(organization.uscc[12:16]) % len(_RATINGS)]
    return form.format(n=organization.rating, a="A" * organization.rating, y=organization.rated_in)


def _past(organization: Organization) -> str:
    return "；".join(
        f"{past.year}年{past.title}({past.amount_fen / _FEN_PER_WAN:g}万元,{past.grade})"
        for past in organization.track_record
    )


_ORGANIZATION_CELLS: dict[str, Callable[[Organization], str | float | int | None]] = {
    "name": lambda one: one.name,
    "uscc": lambda one: one.uscc,
    "kind": lambda one: one.registration_type,
    "registrar": lambda one: one.registrar,
    "founded": lambda one: one.established_on.isoformat(),
    "rating": _rating,
    "valid_until": lambda one: f"{one.rated_in + _RATING_YEARS}-12-31" if one.rated_in else None,
    "credit": lambda one: _CREDIT[one.credit_status],
    "charity": lambda one: "是" if one.is_charity else "否",
    "staff": lambda one: one.fulltime_staff,
    "licensed": lambda one: one.certified_total,
    "assistant": lambda one: one.sw_assistant,
    "middle": lambda one: one.sw_middle,
    "senior": lambda one: one.sw_senior,
    "scope": lambda one: one.business_scope,
    "categories": lambda one: "、".join(category_names()[category][0] for category in one.categories),
    "target": lambda one: "、".join(one.target_groups),
    "areas": lambda one: "、".join(one.service_areas),
    "capability": lambda one: one.capability,
    "qualifications": lambda one: "、".join(one.qualifications),
    "capacity": lambda one: one.capacity_max,
    "active": lambda one: one.active_engagements,
    "income": lambda one: one.last_year_income_fen / _FEN_PER_WAN,
    "past": _past,
}
