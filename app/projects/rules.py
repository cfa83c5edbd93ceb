"""Rules of a project as it is written: what submitting asks, and what a changed text means. Pure; each returns all broken ones.

Admission has rules of its own (`admission_rules`).
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.catalogue.codes import UnsuccessfulReason
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan
from app.projects.models import Project, ProjectState

TITLE, DESCRIPTION = (4, 80), (20, 4000)

MATERIAL = frozenset(
    {
        "title",
        "description",
        "category",
        "categories",
        "target_groups",
        "budget_fen",
        "funding_parts",
        "starts_on",
        "ends_on",
        "period_months",
        "procurement_method",
        "min_rating",
        "min_certified_social_workers",
        "required_qualifications",
        "outputs",
        "beneficiaries_planned",
        "delivery_paths",
    }
)
"""Changes after publication that give the interested more time."""

PERSONAL = frozenset({"contact_name", "contact_phone"})
"""Fields whose content stays out of amendments and the journal."""

_ID_NUMBER = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_BANK_CARD = re.compile(r"(?<!\d)\d{16,19}(?!\d)")


def missing(field: str, zh: str, en: str) -> Problem:
    return Problem("required_to_submit", f"提交须填写{zh}。", f"To submit, fill in {en}.", f"/{field}")


def complete(case: Case[Project]) -> Iterable[Problem]:
    """Whatever a draft may lack and a submitted project may not."""
    project = case.thing
    if not TITLE[0] <= len(project.title) <= TITLE[1]:
        yield Problem(
            "title_length",
            f"项目名称须为 {TITLE[0]}–{TITLE[1]} 个字。",
            f"A title has {TITLE[0]} to {TITLE[1]} characters.",
            "/title",
        )
    if not DESCRIPTION[0] <= len(project.description) <= DESCRIPTION[1]:
        yield Problem(
            "description_length",
            f"项目简介须为 {DESCRIPTION[0]}–{DESCRIPTION[1]} 个字。",
            f"A description has {DESCRIPTION[0]} to {DESCRIPTION[1]} characters.",
            "/description",
        )
    asked = {
        "category": ("服务类别", "the category"),
        "target_groups": ("服务对象", "the target groups"),
        "district": ("所属区", "the district"),
        "contact_name": ("联系人", "the contact person"),
        "contact_phone": ("联系电话", "the contact's telephone"),
        "outputs": ("绩效目标（产出指标）", "the outputs"),
    }
    for field, (zh, en) in asked.items():
        value = project.district_path or _is_city(project) if field == "district" else getattr(project, field)
        if not value:
            yield missing(field, zh, en)
    if project.period_months is None and (project.starts_on is None or project.ends_on is None):
        yield missing("period_months", "项目周期（或起止日期）", "the period, or its first and last day")


def _is_city(project: Project) -> bool:
    # A project of the whole city has no district.
    return "/" not in project.area_path


def funding_adds_up(case: Case[Project]) -> Iterable[Problem]:
    """A fixed budget above zero, and named sources that add up to it."""
    project = case.thing
    if not project.budget_fen:
        yield missing("budget_yuan", "预算金额", "the budget")
        return
    if project.is_estimate:
        yield Problem(
            "budget_is_estimate",
            "预算仍为估算区间，提交前须确定金额。",
            "The budget is still an estimate: fix it before you submit.",
            "/is_estimate",
        )
    total = sum(part["amount_fen"] for part in project.funding_parts)
    if not project.funding_parts:
        yield missing("funding_parts", "资金来源", "the sources of the money")
    elif total != project.budget_fen:
        yield Problem(
            "funding_does_not_add_up",
            f"资金来源合计 {yuan(total)} 元，与预算 {yuan(project.budget_fen)} 元不符。",
            f"The sources add up to {yuan(total)} yuan, the budget is {yuan(project.budget_fen)}.",
            "/funding_parts",
            {"sum_yuan": yuan(total), "budget_yuan": yuan(project.budget_fen)},
        )


def no_personal_data(case: Case[Project]) -> Iterable[Problem]:
    """What will be published names no person's number (PIPL): contacts have fields of their own."""
    project = case.thing
    texts = ("title", "description", "need_analysis", "remarks", "delivery_address")
    for field in texts:
        text = getattr(project, field) or ""
        for zh, en, pattern in (
            ("身份证号", "an identity number", _ID_NUMBER),
            ("手机号", "a mobile number", _MOBILE),
            ("银行卡号", "a bank card number", _BANK_CARD),
        ):
            if pattern.search(text):
                yield Problem(
                    "personal_data_in_text",
                    f"公开文字中含有疑似{zh}，请删除。",
                    f"The public text seems to hold {en}: remove it.",
                    f"/{field}",
                )
                break


def is_no_parent(case: Case[Project]) -> Iterable[Problem]:
    """A project with lots is never moved for itself: its lots are."""
    if case.thing.is_parent:
        yield Problem(
            "has_lots",
            "该项目已分包，状态由各分包决定，请对分包操作。",
            "This project has lots and follows them: act on its lots.",
        )


def period_fits(starts_on: date | None, ends_on: date | None, months: int | None) -> list[Problem]:
    """First day, last day and months tell one story, to within a month."""
    if starts_on is None or ends_on is None or months is None:
        return []
    counted = (ends_on.year - starts_on.year) * 12 + ends_on.month - starts_on.month
    if abs(counted - months) <= 1:
        return []
    return [
        Problem(
            "period_does_not_fit",
            f"起止日期约 {counted} 个月，与项目周期 {months} 个月不符。",
            f"From the first to the last day are about {counted} months, the period says {months}.",
            "/period_months",
            {"counted": counted, "period_months": months},
        )
    ]


def period_told_once(case: Case[Project]) -> Iterable[Problem]:
    project = case.thing
    return period_fits(project.starts_on, project.ends_on, project.period_months)


def relist_left(case: Case[Project]) -> Iterable[Problem]:
    """An unsuccessful project is listed again twice at most (by setting); then it is reviewed."""
    most = case.facts.edition.settings.relist_max
    if case.thing.round > most:
        yield Problem(
            "relisted_enough",
            f"已重新发布 {case.thing.round - 1} 次（上限 {most}），须复核后撤回或重新申报。",
            f"Listed again {case.thing.round - 1} times (at most {most}): review it, then withdraw or draft anew.",
            values={"round": case.thing.round, "relist_max": most},
        )


def reason_code(data: Mapping[str, Any]) -> tuple[UnsuccessfulReason | None, list[Problem]]:
    """The reason of an unsuccessful round, which the statistics need as a code."""
    try:
        return UnsuccessfulReason(data.get("reason", "")), []
    except ValueError:
        listed = ", ".join(UnsuccessfulReason)
        return None, [
            Problem(
                "reason_needed",
                f"流标须在 data.reason 中注明原因：{listed}。",
                f"An unsuccessful round needs data.reason: one of {listed}.",
                "/data/reason",
            )
        ]


def is_off_list(case: Case[Project]) -> Iterable[Problem]:
    """A community refuses what is on no list of its duties; what the law gives it, it may not refuse."""
    if case.thing.responsibility_list_type not in (None, "off_list", "negative"):
        yield Problem(
            "task_is_on_a_list",
            "该事项在责任清单内，社区不能拒绝；如有困难请退回修改。",
            "This task is on a responsibility list: the community cannot refuse it.",
            values={"responsibility_list_type": case.thing.responsibility_list_type},
        )


_ORDER = (
    ProjectState.DRAFT,
    ProjectState.RETURNED,
    ProjectState.SUBMITTED,
    ProjectState.UNDER_REVIEW,
    ProjectState.APPROVED,
    ProjectState.PUBLISHED,
    ProjectState.NEGOTIATING,
    ProjectState.AWARD_PROPOSED,
    ProjectState.AWARD_NOTICE,
    ProjectState.AWARDED,
    ProjectState.CONTRACTED,
    ProjectState.SUSPENDED,
    ProjectState.IN_DELIVERY,
    ProjectState.FINAL_EVALUATION,
    ProjectState.FAILED,
    ProjectState.ACCEPTED,
    ProjectState.SETTLED,
    ProjectState.CLOSED,
)
_ENDED = (
    ProjectState.UNSUCCESSFUL,
    ProjectState.TERMINATED,
    ProjectState.WITHDRAWN,
    ProjectState.REJECTED,
)


def derived_state(lots: Iterable[str]) -> str:
    """The state of a project with lots: its least advanced lot that is still alive, else how its lots ended."""
    states = set(lots)
    alive = [state for state in _ORDER if state in states]
    if alive:
        return alive[0]
    return next((state for state in _ENDED if state in states), ProjectState.DRAFT)
