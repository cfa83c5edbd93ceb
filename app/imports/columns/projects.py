"""The columns of a project list (需求/项目申报表, DOMAIN.md §4.1).

A record holds every key below; what the list does not say is None. Money is fen, dates are `datetime.date`, codes are
those of `app.catalogue.codes`, areas are canonical names:
source_row_no:int, project_no, title, description, need_analysis, category:code, categories:[code] (further ones),
target_groups:[code],
beneficiaries_planned:int, contacts_planned:int, district, street, community (the first), communities:[name],
delivery_address, grid, buyer (name), procuring_entity (name), contact_name, contact_phone,
budget_fen, budget_min_fen, budget_max_fen, budget_is_estimate:bool, funding_lines:[{source, amount_fen}],
start_on, end_on, start_precision, end_precision ('day'|'month'|'year'), period_months, procurement_method, delivery_route,
linkage_mode, catalogue_item, responsibility_list, policy_basis, major_matter:bool, urgency, is_sme_only:bool,
min_rating, min_certified_social_workers, required_qualifications:[str], preferred_qualifications:[str], requirements_reason,
outputs:[{indicator, service_method, target, unit}], outcomes:[{indicator}], remarks.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.catalogue.codes import FundingSource, resolve
from app.imports.cells.counts import count, persons, row_number
from app.imports.cells.dates import day, last_day, months_between, period
from app.imports.cells.identity import organization_name, person, phone
from app.imports.cells.marks import flag, many_of, one_of, rating, words
from app.imports.cells.money import fact, money
from app.imports.cells.parsed import Cell, Context, Parsed, error, warning
from app.imports.cells.parts import split
from app.imports.cells.results import export_outcomes, export_outputs, outcomes, outputs, requirements
from app.imports.cells.text import line, paragraph, place, text_of
from app.imports.columns.column import Column, Kind, Row, iso, labels, listed, renamed, wan, yes_no
from app.imports.places import settle
from app.kernel.money import yuan

_SOURCES = {
    FundingSource.CITY_FISCAL: ("市级资金", "市级", "资金/市级", "市级配套", "市级财政", "市财政资金"),
    FundingSource.DISTRICT_FISCAL: ("区级资金", "区级", "资金/区级", "区级配套", "区级财政", "区财政资金"),
    FundingSource.STREET_FISCAL: ("街道资金", "街道配套", "资金/街道", "资金/镇街", "街道配套资金", "镇街资金", "镇街配套"),
    FundingSource.LOTTERY_FUND: ("福彩公益金", "资金/福彩公益金", "福彩资金", "资金/福彩"),
    FundingSource.CHARITY: ("慈善资金", "资金/慈善", "资金/社会", "社会资金", "资金/慈善资金"),
    FundingSource.ENTERPRISE: ("企业资金", "资金/企业", "企业出资"),
    FundingSource.SELF: ("自筹", "自筹资金", "资金/自筹", "社区自筹"),
}  # fmt: skip

_budget = renamed(money, min_fen="budget_min_fen", max_fen="budget_max_fen", is_estimate="budget_is_estimate")
_start = renamed(day, precision="start_precision")
_end = renamed(last_day, precision="end_precision")
_persons = renamed(persons, contacts="contacts_planned")
_GIVES = re.compile(r"(?P<source>[^\d,，:：(（]+)[:：(（]?(?P<amount>\d[\d,.]*\s*(?:万元|万|元))[)）]?")
_WHOSE_LOTTERY = re.compile(r"^(?:省级?|市级?|区级?|街道)(?=福彩|福利彩票|彩票|公益金|慈善)")


def funding_source(cell: Cell, context: Context) -> Parsed:
    """The one source of the whole budget, or each with its amount ('市级3万元、区级3万元') as `funding_lines.…`.

    Several sources without amounts say nothing about who pays how much: none is taken.
    """
    parts = split(text_of(cell))
    gives = [_GIVES.fullmatch(part) for part in parts]
    if parts and all(gives):
        more: dict[str, Any] = {}
        for found in gives:
            assert found is not None
            source = resolve("funding_source", found["source"])
            if source is None:
                return one_of("funding_source")(found["source"], context)
            amount = fact(found["amount"], context)
            more[f"funding_lines.{source}"] = more.get(f"funding_lines.{source}", 0) + (amount.value or 0)
        return Parsed(None, (), more)
    parsed = one_of("funding_source", others="others")(
        "、".join(_WHOSE_LOTTERY.sub("", part) for part in parts), context
    )
    if not parsed.more:
        return parsed._replace(more={})
    return Parsed(None, (
        warning("funding_sources_several", f"“{text_of(cell)[:40]}”含多个来源而未写各自金额，未登记；请分列填写各来源金额。",
                f"'{text_of(cell)[:40]}' names several sources without their amounts; none is taken."),
    ))  # fmt: skip


COLUMNS: tuple[Column, ...] = (
    Column("source_row_no", "序号", ("编号", "No.", "No", "行号"), row_number, 1),
    Column("project_no", "项目编号", ("申报编号", "项目号"), line, ""),
    Column("title", "项目名称", ("项目标题", "采购项目名称", "服务项目名称", "需求名称", "项目名", "名称"), line,
           "独居老人助餐探访项目", free_text=True, required=True),
    Column("description", "项目简介", ("采购需求概况", "需求描述", "服务内容", "项目内容", "项目描述", "需求概况", "主要内容",
           "项目概况", "项目内容简介", "项目简介及内容", "内容", "项目服务内容", "主要服务内容", "工作内容", "实施内容", "具体内容",
           "服务内容及要求", "项目内容及要求"), paragraph,
           "为辖区 35 名独居高龄老人每日送餐并探访，异常情况当日上报，每季度开展满意度测评。", free_text=True, required=True),
    Column("need_analysis", "需求分析", ("项目背景", "项目实施必要性", "拟解决的问题", "背景及必要性"), paragraph, "",
           free_text=True),
    Column("category", "服务类别", ("项目类别", "服务领域", "项目范围", "所属领域", "类别", "项目类型", "服务类型", "领域"),
           one_of("category", other="other", others="categories"), "养老服务", labels("category"), fills="merge", required=True),
    Column("target_groups", "服务对象", ("受益人群", "目标群体", "服务人群", "服务群体", "受益对象"),
           many_of("target_group", other="other"), "独居老人", labels("target_group"), fills="merge"),
    Column("beneficiaries_planned", "受益人数", ("直接受益人数", "服务人数", "计划服务人数", "预计受益人数", "覆盖人数"),
           _persons, 35),
    Column("contacts_planned", "服务人次", ("受益人次", "计划服务人次"), count, 1200),
    Column("district", "所属区", ("区县", "区", "行政区", "所在区", "区(县)", "所属区县", "市区"), line, "鼓楼区", fills="area",
           required=True),
    Column("street", "街道", ("街道(乡镇)", "镇街", "所属街道", "街镇", "街道/镇", "镇(街道)", "街道(镇)", "所在街道", "街道名称"), line,
           "宁海路街道", fills="area", required=True),
    Column("community", "社区", ("社区(村)", "实施社区", "项目实施所在社区", "社区/村", "所属社区", "所在社区", "村居", "社区名称",
           "村(社区)"), place, "银杏里社区", fills="merge"),
    Column("delivery_address", "实施地点", ("服务地址", "实施地址", "项目地点", "详细地址"), line, ""),
    Column("grid", "网格", ("所属网格", "网格编号"), line, ""),
    Column("buyer", "购买方", ("购买主体", "采购单位", "需求单位", "申报单位", "甲方", "采购人", "发布单位", "需求方", "购买方/单位名称", "购买方/名称",
           "购买方/单位", "购买方/单位全称"),
           organization_name, "南京市鼓楼区宁海路街道办事处", fills="merge", group="buyer", required=True),
    Column("procuring_entity", "实施单位", ("委托实施方", "用人单位", "实施主体", "委托单位"), organization_name, "", fills="merge",
           group="buyer"),
    Column("contact_name", "联系人", ("项目联系人", "负责人", "项目负责人", "联系人姓名"), renamed(person, phone="contact_phone"), "", fills="merge"),
    Column("contact_phone", "联系电话", ("联系方式", "手机", "电话", "办公电话", "手机号码", "手机号", "联系人电话"), phone, "",
           fills="merge"),
    Column("budget_fen", "预算金额(万元)", ("资金", "项目资金", "申请金额", "经费预算", "购买金额", "预算", "金额", "项目预算", "项目金额",
           "资金预算", "出资额", "总金额", "项目经费", "预算总额", "资金/合计", "资金/小计", "资金/总额", "采购金额", "购买资金",
           "出资金额", "预算资金", "洽谈金额", "资金总额", "总预算", "预算总金额", "合计金额", "项目总金额", "项目总预算", "采购预算",
           "最高限价", "控制价", "经费", "项目资金预算", "核定金额", "批复金额", "资金/金额"),
           _budget, 6, wan, money=True, required=True),
    *(
        Column(f"funding_lines.{source}", f"{names[0]}(万元)", names[1:], fact, None, wan, money=True)
        for source, names in _SOURCES.items()
    ),
    Column("funding_source", "资金来源", ("经费来源", "出资方", "出资来源"), funding_source, "", labels("funding_source"),
           fills="merge", passing=True),
    Column("start_on", "开始时间", ("开始日期", "起始时间", "启动时间", "预计采购时间", "预计采购时间(填写到月)", "项目开始时间", "开始"), _start,
           "2026年3月", iso, date=True),
    Column("end_on", "结束时间", ("结束日期", "截止时间", "完成时间", "项目结束时间", "结束"), _end, "2026年12月", iso, date=True),
    Column("period", "项目周期", ("实施周期", "起止时间", "项目实施时间", "服务期限", "实施时间", "服务周期", "项目期限", "实施期限", "周期",
           "起止日期", "项目时间"), period, "10个月", lambda months: f"{months}个月" if months else "", date=True, passing=True),
    Column("procurement_method", "采购方式", ("购买方式",), one_of("procurement_method"), "定向委托",
           labels("procurement_method"), fills="merge"),
    Column("delivery_route", "分流方式", ("实施方式",), one_of("delivery_route"), "", labels("delivery_route")),
    Column("linkage_mode", "联动模式", (), one_of("linkage_mode"), "", labels("linkage_mode")),
    Column("catalogue_item", "购买服务目录", ("指导性目录", "目录编码", "目录代码", "采购目录"), line, ""),
    Column("responsibility_list", "清单类型", ("责任清单类型", "责任清单", "事项清单"), one_of("responsibility_list"), "",
           labels("responsibility_list")),
    Column("policy_basis", "政策依据", ("立项依据", "文件依据"), line, ""),
    Column("major_matter", "是否重大事项", ("重大事项",), flag, "", yes_no),
    Column("urgency", "紧急程度", ("紧急性", "优先级"), one_of("urgency"), "", labels("urgency")),
    Column("is_sme_only", "是否专门面向中小企业采购", ("专门面向中小企业", "面向中小企业"), flag, "", yes_no),
    Column("min_rating", "最低评估等级", ("等级要求", "评估等级要求", "承接机构等级要求"), renamed(rating), "", labels("rating")),
    Column("min_certified_social_workers", "最低持证社工数", ("持证社工要求", "持证社工数要求", "社工人数要求"), count, ""),
    Column("required_qualifications", "资质要求", ("承接主体要求", "机构要求", "必备资质", "承接要求"), requirements, "", listed),
    Column("preferred_qualifications", "优先条件", ("优先资质", "加分条件"), words, "", listed),
    Column("requirements_reason", "资质要求理由", ("资格要求理由", "设置理由", "要求理由", "设置资质要求的理由", "资质要求说明"), paragraph, "",
           free_text=True),
    Column("outputs", "绩效目标", ("服务指标", "服务量", "产出指标", "服务产出"), outputs, "助餐:4000人次;探访:400人次",
           export_outputs, free_text=True),
    Column("outcomes", "预期成效", ("预期效果", "成效", "项目成效"), outcomes, "", export_outcomes, free_text=True),
    Column("remarks", "备注", ("说明", "备注说明"), paragraph, "", free_text=True),
)  # fmt: skip

_SOURCE_FIELDS = tuple((source, f"funding_lines.{source}") for source in _SOURCES)
_FUNDING = frozenset(("funding_source", *(name for _, name in _SOURCE_FIELDS)))
_EXTRA = ("categories", "communities", "budget_min_fen", "budget_max_fen", "budget_is_estimate", "funding_lines",
          "start_precision", "end_precision", "period_months")  # fmt: skip
_BUREAU = {"江北新区": "南京江北新区社会事业局"}


def finish(record: dict[str, Any], row: Row) -> None:
    """Settle a project row as a whole: its place, period, money and buyer."""
    settle(record, row)
    settle_period(record, row)
    _settle_money(record, row)
    if not record.get("buyer"):
        _assume_buyer(record, row)
    _settle_results(record)
    title = record.get("title")
    if title and not 4 <= len(title) <= 80:
        row.add(warning("title_length", f"项目名称应为 4 至 80 字，现为 {len(title)} 字，提交前须修改。",
                        f"A title has 4 to 80 characters, this one {len(title)}; change it before submitting."), "title")  # fmt: skip


def _settle_results(record: dict[str, Any]) -> None:
    """What has no number is no output: it is what the project hopes for."""
    outputs = record.get("outputs")
    if not outputs:
        return
    hopes = [{"indicator": item["indicator"]} for item in outputs if item.get("target") is None]
    record["outputs"] = [item for item in outputs if item.get("target") is not None] or None
    record["outcomes"] = [*(record.get("outcomes") or []), *hopes] or None


def settle_period(record: dict[str, Any], row: Row) -> None:
    """Bring start, end and length into agreement, or say how they disagree; nothing is overwritten."""
    months = record.pop("period", None)
    start, end = record.get("start_on"), record.get("end_on")
    if isinstance(start, date) and isinstance(end, date):
        if end < start:
            row.add(
                error(
                    "period_reversed",
                    f"结束时间 {end} 早于开始时间 {start}。",
                    f"The end {end} is before the start {start}.",
                ),
                "end_on",
            )
            return
        spanned = months_between(start, end, record.get("end_precision") or "day")
        if months is not None and months != spanned:
            row.add(warning("period_mismatch", f"周期写作 {months} 个月，起止时间为 {spanned} 个月，按起止时间登记。",
                            f"The period says {months} months, the dates span {spanned}; the dates are taken."), "period")  # fmt: skip
        months = spanned
    record["period_months"] = months
    if months is not None and months > 36:
        row.add(
            error(
                "period_too_long",
                f"周期 {months} 个月，最长为 36 个月。",
                f"The period of {months} months exceeds 36.",
            ),
            "period",
        )
    elif months is not None and months > 12:
        row.add(warning("period_over_a_year", f"周期 {months} 个月，超过 12 个月须有多年预算证明。",
                        f"The period of {months} months needs proof of a budget for several years."), "period")  # fmt: skip


def _settle_money(record: dict[str, Any], row: Row) -> None:
    lines = []
    if not _FUNDING.isdisjoint(row.present):
        lines = [
            {"source": source.value, "amount_fen": amount}
            for source, name in _SOURCE_FIELDS
            if (amount := record.pop(name, None))
        ]
    only = record.pop("funding_source", None)
    if not lines and not only:
        record["funding_lines"] = None
        return
    total, budget = sum(item["amount_fen"] for item in lines), record.get("budget_fen")
    if lines and budget is None and "budget_fen" not in row.present:
        record["budget_fen"] = total
    elif lines and budget is not None and total != budget:
        row.add(error("funding_sum", f"各项资金合计 {yuan(total)} 元，与预算 {yuan(budget)} 元不符。",
                      f"The funding lines add up to {yuan(total)} yuan, the budget is {yuan(budget)} yuan."), "budget_fen")  # fmt: skip
    if not lines and only and budget is not None:
        lines = [{"source": only, "amount_fen": budget}]
    record["funding_lines"] = lines or None


def _assume_buyer(record: dict[str, Any], row: Row) -> None:
    """The street buys as a rule, else the bureau; said once for a list without that column, per row otherwise."""
    district, street = record.get("district"), record.get("street")
    if street and district:
        zone = "南京" if district == "江北新区" else "南京市"
        name = f"{zone}{district}{street}" + (
            "办事处" if street.endswith("街道") else "人民政府" if street.endswith("镇") else ""
        )
    else:
        name = _BUREAU.get(district or "", f"南京市{district or ''}民政局")
    record["buyer"] = name
    row.filled.append("buyer")
    if "buyer" in row.present:
        row.add(
            warning(
                "buyer_assumed",
                f"购买方未填，按{name}登记，请核对。",
                f"No buyer is named; taken as {name}, please check.",
            ),
            "buyer",
        )


_MARKS = re.compile(r"[\s\"“”'‘’《》〈〉「」()·\-—_,，。:：!！、]+")
_PHASE = re.compile(r"[第(]?[一二三四五1-5](期|阶段|标段)[)]?$")


def normal_title(title: str) -> str:
    """A title as duplicates are compared: no blanks, quotes or brackets."""
    return _MARKS.sub("", title.replace("（", "(").replace("）", ")")).lower()


def row_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Buyer, normal title, communities: within an edition, the same project (DOMAIN.md §4.4, 49)."""
    if not record.get("title"):
        return None
    place = "、".join(record.get("communities") or ()) or record.get("street") or record.get("district") or ""
    return (record.get("buyer") or "", "".join(record["title"].split()), place)


def near_key(record: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """Equal for rows of one place whose titles differ only in blanks, quotes or a '(二期)' (DOMAIN.md §4.4, 28)."""
    key = row_key(record)
    if key is None:
        return None
    plain = normal_title(record["title"])
    return (key[0], _PHASE.sub("", plain) or plain, key[2])


PROJECTS = Kind("projects", "项目", "projects", COLUMNS, finish, row_key, near_key, "title", _EXTRA)
