"""The columns of a list of organizations (机构信息表, DOMAIN.md §4.2).

A record holds every key below; what the list does not say is None. Money is fen, dates are `datetime.date`, codes are
those of `app.catalogue.codes`:
source_row_no:int, name, former_names:[str], uscc, old_reg_no, registration_type, registration_status, registrar,
business_supervisor, district, street, established_on, start_up_capital_fen, legal_rep, address, contact_name, contact_phone,
rating, rating_valid_until, annual_inspection:{year: code}, credit_status (from a bureau's list; becomes a credit event),
is_charity, public_fundraising, tax_exempt, donation_deduction, party_org (bool),
email, website, fulltime_staff, sw_assistant, sw_middle, sw_senior, certified_total, parttime_staff, supervisors, volunteers (int),
business_scope, capability, categories:[code], target_groups:[code], service_areas:[district name],
org_orientation, org_stage, origin, marketplace_role, qualifications:[str], capacity_max, active_engagements,
preferred_budget_min_fen, preferred_budget_max_fen, last_year_income_fen,
track_record:[{title, year, amount_fen, grade}], honours:[str], remarks.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.areas.gazetteer import Gazetteer
from app.imports.cells.counts import count, row_number
from app.imports.cells.dates import day
from app.imports.cells.identity import organization_name, person, phone, uscc
from app.imports.cells.marks import flag, inspection_of, inspections, many_of, one_of, rating, words
from app.imports.cells.money import fact
from app.imports.cells.parsed import Cell, Context, Parsed, error, warning
from app.imports.cells.record import export_past_projects, past_projects
from app.imports.cells.text import line, paragraph
from app.imports.columns.column import (
    Column,
    Header,
    Kind,
    Row,
    iso,
    joined,
    labels,
    listed,
    renamed,
    wan,
    yes_no,
)
from app.imports.communities import CITY_WIDE
from app.imports.places import areas_of, settle


def _nothing(cell: Cell, context: Context) -> Parsed:
    """A column that is known and never read: bank accounts belong to finance."""
    return Parsed()


COLUMNS: tuple[Column, ...] = (
    Column("source_row_no", "序号", ("编号", "No.", "No", "机构编号"), row_number, 1),
    Column("name", "机构名称", ("组织名称", "社会组织名称", "单位名称", "申请机构", "承接单位", "机构全称", "名称", "承接机构"),
           organization_name, "南京市鼓楼区示例社会工作服务中心", required=True, free_text=True),
    Column("former_names", "曾用名", ("原名称", "原名"), words, "", listed),
    Column("uscc", "统一社会信用代码", ("信用代码", "登记证号", "机构代码", "社会信用代码", "统一代码", "统一信用代码",
           "统一社会信用代码/登记证号"), uscc, "52320106XX9900017P", required=True, free_text=True),
    Column("old_reg_no", "原登记证号", ("旧登记证号", "民证字号"), line, ""),
    Column("registration_type", "登记类型", ("组织类型", "机构性质", "机构类型", "社会组织类型", "单位性质"),
           one_of("registration_type"), "社会服务机构", labels("registration_type")),
    Column("registration_status", "登记状态", (), one_of("registration_status"), "", labels("registration_status")),
    Column("registrar", "登记管理机关", ("登记机关", "发证机关"), organization_name, "南京市鼓楼区民政局"),
    Column("business_supervisor", "业务主管单位", ("主管单位", "业务主管"), organization_name, ""),
    Column("district", "所属区", ("区县", "区", "所在区", "注册区", "注册地", "登记区"), line, "鼓楼区", fills="area"),
    Column("street", "街道", ("所属街道", "所在街道", "镇街"), line, "", fills="area"),
    Column("established_on", "成立时间", ("成立日期", "登记时间", "登记日期", "注册时间"), renamed(day), "2018-06-01", iso, date=True),
    Column("start_up_capital_fen", "开办资金(万元)", ("注册资金", "开办资金", "注册资本"), fact, 3, wan, money=True),
    Column("legal_rep", "法定代表人", ("法人", "法人代表", "法定代表人姓名"), line, ""),
    Column("address", "住所", ("注册地址", "通讯地址", "地址", "办公地址"), line, ""),
    Column("contact_name", "联系人", ("负责人", "联系人姓名"), renamed(person, phone="contact_phone"), ""),
    Column("contact_phone", "联系电话", ("联系方式", "手机", "电话", "办公电话", "手机号码", "手机号"), phone, ""),
    Column("email", "电子邮箱", ("邮箱", "电子邮件", "E-mail", "Email"), line, ""),
    Column("website", "网址", ("网站", "官网", "公众号"), line, ""),
    Column("rating", "评估等级", ("等级", "社会组织等级", "社会组织评估等级", "等级评估"), renamed(rating, year="rating_year", valid_until="rating_valid_until"), "4A", labels("rating")),
    Column("rating_valid_until", "等级有效期至", ("评估等级有效期", "等级有效期", "有效期至"), renamed(day), "2028-12-31", iso, date=True),
    Column("annual_inspection", "年检情况", ("年检", "年度年检结论", "年检结论", "年度检查"), inspections, "2024合格、2025合格",
           lambda results: joined(f"{year}{labels('inspection_result')(code)}" for year, code in sorted((results or {}).items()))),
    Column("credit_status", "信用情况", ("是否列入异常名录", "信用状态", "信用状况", "异常名录"), one_of("credit_status"), "正常",
           labels("credit_status")),
    Column("is_charity", "是否慈善组织", ("慈善组织认定", "慈善组织"), flag, "否", yes_no),
    Column("public_fundraising", "公开募捐资格", ("是否具有公开募捐资格",), flag, "否", yes_no),
    Column("tax_exempt", "免税资格", ("非营利组织免税资格",), flag, "", yes_no),
    Column("donation_deduction", "税前扣除资格", ("公益性捐赠税前扣除资格",), flag, "", yes_no),
    Column("party_org", "是否建立党组织", ("党组织", "党建情况", "党组织建立情况"), flag, "", yes_no),
    Column("fulltime_staff", "专职人数", ("专职工作人员", "专职人员数", "专职人员", "专职工作人员数"), count, 12),
    Column("sw_assistant", "助理社工师", ("助理社会工作师", "初级社工", "助理社工师人数"), count, 3),
    Column("sw_middle", "社工师", ("社会工作师", "中级社工", "社工师人数", "中级社工师"), count, 2),
    Column("sw_senior", "高级社工师", ("高级社会工作师", "高级社工", "高级社工师人数"), count, 0),
    Column("certified_total", "持证社工数", ("持证社工人数", "持证社工", "持证人数"), count, 5),
    Column("parttime_staff", "兼职人数", ("兼职工作人员", "兼职人员数", "兼职人员"), count, ""),
    Column("supervisors", "督导人数", ("督导", "社工督导人数"), count, ""),
    Column("volunteers", "志愿者人数", ("志愿者", "志愿者数"), count, ""),
    Column("business_scope", "业务范围", ("服务范围及内容", "宗旨和业务范围", "登记业务范围", "经营范围"), paragraph,
           "居家养老服务；社会工作服务；承接政府委托的相关服务。", free_text=True),
    Column("capability", "服务能力", ("机构简介", "机构优势", "服务优势", "擅长领域", "品牌项目", "机构介绍", "能力简介", "优势特色"),
           paragraph, "长期开展独居老人助餐与探访，有持证社工 5 名，建有异常情况当日上报流程。", free_text=True),
    Column("categories", "服务领域", ("服务类别", "业务领域", "擅长类别"), many_of("category", other="other"), "养老服务",
           labels("category")),
    Column("target_groups", "服务对象", ("服务人群", "服务群体", "受益人群"), many_of("target_group", other="other"), "独居老人",
           labels("target_group")),
    Column("service_areas", "服务区域", ("服务范围", "服务地区", "可服务区域", "活动地域"), paragraph, "鼓楼区、玄武区", joined),
    Column("org_orientation", "组织取向", ("组织性质",), one_of("org_orientation"), "", labels("org_orientation")),
    Column("org_stage", "发展阶段", ("机构阶段",), one_of("org_stage"), "", labels("org_stage")),
    Column("origin", "机构来源", ("来源",), one_of("org_origin"), "", labels("org_origin")),
    Column("marketplace_role", "平台角色", ("角色", "机构角色"), one_of("marketplace_role"), "", labels("marketplace_role")),
    Column("qualifications", "资质证照", ("资质", "专业资质", "相关资质", "行业资质"), words, "", listed),
    Column("capacity_max", "承接上限", ("可承接项目数", "最多承接项目数", "承接能力上限"), count, 4),
    Column("active_engagements", "在管项目数", ("在执行项目", "在执行项目数", "在管项目", "执行中项目数"), count, 1),
    Column("preferred_budget_min_fen", "期望最低金额(万元)", ("意向最低金额", "期望最低预算"), fact, "", wan, money=True),
    Column("preferred_budget_max_fen", "期望最高金额(万元)", ("意向最高金额", "期望最高预算"), fact, "", wan, money=True),
    Column("last_year_income_fen", "上年度收入(万元)", ("上年收入", "年度收入", "上一年度收入"), fact, "", wan, money=True),
    Column("track_record", "承接项目情况", ("近三年业绩", "主要业绩", "过往项目", "项目经验", "近三年承接项目", "既往项目", "业绩"),
           past_projects, "2024年社区助餐配送(12万元,良好)", export_past_projects, free_text=True),
    Column("honours", "获奖情况", ("获奖", "荣誉", "所获荣誉", "荣誉情况", "获奖及荣誉", "所获奖项", "荣誉奖项"), words, "", listed,
           free_text=True),
    Column("bank_account", "银行账号", ("开户账号", "账号", "开户行及账号", "银行账户", "开户行"), _nothing, in_template=False, passing=True),
    Column("remarks", "备注", ("说明",), paragraph, "", free_text=True),
)  # fmt: skip

_INSPECTION = re.compile(
    r"(20\d{2})年?(?:度)?(?:年检|年度检查|年报)(?:结论|情况|结果)?|(?:年检|年报)(?:结论|情况|结果)?(20\d{2})(?:年度?)?"
)
_LEGAL_PREFIX = {"social_association": "51", "social_service_agency": "52", "foundation": "53"}


def _dynamic(header: Header) -> Column | None:
    """A column of one named year: '2025年度年检结论'."""
    found = _INSPECTION.fullmatch(header.full.replace("(", "").replace(")", "")) or _INSPECTION.fullmatch(
        header.name
    )
    if not found:
        return None
    year = int(found[1] or found[2])
    return Column(f"annual_inspection.{year}", header.name, (), inspection_of(year))


def finish(record: dict[str, Any], row: Row) -> None:
    """Settle an organization row as a whole: areas, inspections, staff counts, rating and code."""
    own = row.context.district
    _settle_seat(record, row)
    areas, unknown = areas_of(record.get("service_areas"), record.get("district") or own)
    record["service_areas"] = areas or None
    if unknown:
        row.add(warning("service_area_unknown", f"无法识别的服务区域：{'、'.join(unknown)[:60]}。",
                        f"Service areas not known: {'、'.join(unknown)[:60]}."), "service_areas")  # fmt: skip
    _settle_inspections(record)
    _settle_staff(record, row)
    _settle_rating(record, row)
    low, high = record.get("preferred_budget_min_fen"), record.get("preferred_budget_max_fen")
    if low is not None and high is not None and low > high:
        row.add(error("preferred_budget_reversed", "期望最低金额高于最高金额。", "The smallest preferred budget exceeds the largest."),
                "preferred_budget_min_fen")  # fmt: skip
    code, kind = record.get("uscc"), record.get("registration_type")
    if code and kind and (prefix := _LEGAL_PREFIX.get(kind)) and code[:1] == "5" and code[:2] != prefix:
        row.add(warning("uscc_type_mismatch", f"信用代码前缀 {code[:2]} 与登记类型不符（应为 {prefix}）。",
                        f"The code begins with {code[:2]}, but this type of organization has {prefix}."), "uscc")  # fmt: skip


def _settle_seat(record: dict[str, Any], row: Row) -> None:
    """Where an organization is at home: as written, else the district whose bureau has registered it."""
    registrar = record.get("registrar")
    if (
        record.get("district") in (None, *CITY_WIDE)
        and registrar
        and (home := Gazetteer.default().resolve_district(registrar).area)
    ):
        record["district"] = home.name
        row.filled.append("district")
    settle(record, row)
    record.pop("communities", None)
    record.pop("community", None)


def _settle_inspections(record: dict[str, Any]) -> None:
    results: dict[str, str] = dict(record.get("annual_inspection") or {})
    for key in [key for key in record if key.startswith("annual_inspection.")]:
        results.update(record.pop(key) or {})
    record["annual_inspection"] = results or None


def _settle_staff(record: dict[str, Any], row: Row) -> None:
    parts = [record.get(name) for name in ("sw_assistant", "sw_middle", "sw_senior")]
    if any(part is not None for part in parts):
        total = sum(part or 0 for part in parts)
        stated = record.get("certified_total")
        if stated is None:
            record["certified_total"] = total
        elif stated != total:
            row.add(warning("certified_total_mismatch", f"持证社工总数 {stated} 与各级之和 {total} 不符。",
                            f"The total of certified workers {stated} is not the sum of the grades {total}."), "certified_total")  # fmt: skip


def _settle_rating(record: dict[str, Any], row: Row) -> None:
    """A grade given in a year holds for five years [F3] unless the list says until when."""
    year = record.pop("rating_year", None)
    if record.get("rating") and record.get("rating_valid_until") is None and year:
        record["rating_valid_until"] = date(year + 5, 12, 31)
    until = record.get("rating_valid_until")
    if record.get("rating") and isinstance(until, date) and until < date(row.context.year, 1, 1):
        row.add(warning("rating_expired", f"评估等级已于 {until} 到期，按无等级处理。", f"The rating expired on {until} and counts as none."),
                "rating_valid_until")  # fmt: skip


_FORM = re.compile(r"[\s()（）·]+")


def name_key(name: str) -> str:
    """A name as it is compared: no brackets and blanks, without the city in front."""
    return _FORM.sub("", name).removeprefix("江苏省").removeprefix("南京市")


def row_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The credit code, else the old number, else the name."""
    if record.get("uscc"):
        return ("uscc", record["uscc"])
    return ("name", name_key(record["name"])) if record.get("name") else None


def near_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Equal names under different codes are one organization or two: a person says."""
    return (name_key(record["name"]),) if record.get("name") else None


def other_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The name: a stored organization of this name is the same one, or has another code."""
    return ("name", name_key(record["name"])) if record.get("name") else None


def lookups(record: Mapping[str, Any]) -> list[str]:
    return [word for word in (record.get("uscc"), record.get("name")) if word]


ORGANIZATIONS = Kind(
    "organizations",
    "社会组织",
    "organizations",
    COLUMNS,
    finish,
    row_key,
    near_key,
    "name",
    (),
    _dynamic,
    other_key,
    lookups,
)
