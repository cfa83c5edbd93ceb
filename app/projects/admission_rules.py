"""The checks of admission (准入审核). Pure; the reviewer sees every reason at once (DOMAIN §5, DESIGN §8)."""

import re
from collections.abc import Iterable

from app.catalogue.codes import ResponsibilityList
from app.catalogue.service import enters_market, negative_hits, route
from app.identity.roles import Role
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan
from app.projects.models import Project

# Terms that shut out suppliers for what they are, not for what they can do (102号令, article 7).
_DISCRIMINATORY = (
    (r"(仅限|限于?|只限|须为|必须是)[^，。；、]{0,6}(本地|本区|本市|本街道|本社区|辖区内?)[^，。；、]{0,8}(注册|登记|机构|组织|单位|企业)", "限定注册地", "a place of registration"),
    (r"(注册资金|注册资本|开办资金)[^，。；、]{0,8}(不低于|不少于|以上|≥)", "限定注册资金", "a registered capital"),
    (r"(营业额|年收入|营业收入|资产总额|利润)[^，。；、]{0,8}(不低于|不少于|以上|≥)", "限定规模", "a turnover or size"),
    (r"(仅限|限|只招|须为)(男|女)(性|士)?", "限定性别", "a sex"),
    (r"(须|应|必须)(具有|为|是)?(本地|本市|本区|南京)户(籍|口)", "限定户籍", "a household registration"),
    (r"(指定|唯一指定|限定)[^，。；、]{0,8}(品牌|供应商|机构承接|中标人)", "指定承接主体", "a named supplier"),
    (r"(与|和)(我|本)(街道|社区|单位|局)有过?合作", "限定既往合作", "former dealings with the buyer"),
)  # fmt: skip
# A permit that the law or the trade asks for needs no further reason.
_PERMIT = re.compile(r"许可|执业|资格|资质|备案|登记|证书|持证|证$|无犯罪记录")


def not_negative(case: Case[Project]) -> Iterable[Problem]:
    """Nothing that is not for buying, and nothing that must not be put on a community (DOMAIN S4-6, article 10)."""
    project = case.thing
    if project.responsibility_list_type == ResponsibilityList.NEGATIVE:
        yield Problem(
            "on_negative_list",
            "该事项在负面清单内，不得购买，也不得交由社区承担。",
            "The task is on the negative list: it is neither bought nor put on a community.",
            "/responsibility_list_type",
        )
    for field in ("title", "description"):
        for problem in negative_hits(getattr(project, field), case.facts.negative):
            yield problem.at(f"/{field}")


def in_catalogue(case: Case[Project]) -> Iterable[Problem]:
    """A cited catalogue item exists, is in force, and is of the project's category."""
    project = case.thing
    code = project.catalogue_item_code
    if code is None:
        return
    item = case.facts.catalogue_item
    if item is None or item.retired_on is not None:
        yield Problem(
            "not_in_catalogue",
            f"购买服务目录中没有在用的事项“{code}”。",
            f"The purchasing catalogue has no item '{code}' in force.",
            "/catalogue_item_code",
        )
    elif item.category not in (project.category, *project.categories):
        yield Problem(
            "catalogue_item_of_another_category",
            f"目录事项“{code}”不属于本项目的服务类别。",
            f"Catalogue item '{code}' is of another category than the project.",
            "/catalogue_item_code",
            {"item_category": item.category, "category": project.category},
        )


def for_the_market(case: Case[Project]) -> Iterable[Problem]:
    """Only outsourced and co-funded work enters the market (DOMAIN S1-7, S2-15)."""
    project = case.thing
    if project.delivery_route is not None and not enters_market(project.delivery_route):
        yield Problem(
            "not_for_the_market",
            "政府自办和社区自治的事项不进入社洽会。",
            "What government or the community does itself does not enter the market.",
            "/delivery_route",
        )
    listed = project.responsibility_list_type
    if listed in (None, ResponsibilityList.NEGATIVE):
        return
    if not enters_market(route(listed)):
        yield Problem(
            "duty_is_done_by_its_owner",
            "党组织职责和居委会依法履职事项由其自行承担，不得购买。",
            "A legal duty of the Party organization or the committee is done by them, not bought.",
            "/responsibility_list_type",
        )


def money_is_proven(case: Case[Project]) -> Iterable[Problem]:
    """No project without proven money (费随事转, invariant 20): lines committed to it, or free lines that can carry it."""
    project, facts = case.thing, case.facts
    needed = sum(part["amount_fen"] for part in project.funding_parts if part["source"] != "self")
    if facts.committed_fen >= needed > 0 or (facts.parts and not facts.funding_problems):
        return
    if facts.funding_problems:
        yield from facts.funding_problems
    elif needed > 0 or not project.funding_parts:
        yield Problem(
            "funding_not_proven",
            f"资金未落实：须落实 {yuan(needed)} 元，已落实 {yuan(facts.committed_fen)} 元。",
            f"The money is not proven: {yuan(needed)} yuan are needed, {yuan(facts.committed_fen)} are committed.",
            "/funding_parts",
        )


def not_posted_twice(case: Case[Project]) -> Iterable[Problem]:
    """The same work for the same place is bought once; `data.not_duplicate` says why it is not the same after all."""
    if str(case.data.get("not_duplicate") or "").strip():
        return
    for twin in case.facts.duplicates:
        if twin.state in ("draft", "returned", "withdrawn", "unsuccessful"):
            continue
        refused = twin.state == "rejected"
        yield Problem(
            "refused_before" if refused else "duplicate",
            f"与{'已被拒绝的' if refused else ''}项目 {twin.number}“{twin.title}”内容相似度 {twin.similarity:.0%}，疑似重复。",
            f"{twin.similarity:.0%} like {'the rejected ' if refused else ''}project {twin.number} '{twin.title}'.",
            "/description",
            {"number": twin.number, "similarity": twin.similarity},
        )


def major_matter_was_decided(case: Case[Project]) -> Iterable[Problem]:
    """A major matter needs the minutes of the Party organization."""
    if case.thing.major_matter and not (case.thing.major_matter_minutes or "").strip():
        yield Problem(
            "minutes_missing",
            "重大事项须附党组织会议纪要（major_matter_minutes）。",
            "A major matter needs the minutes of the Party organization (major_matter_minutes).",
            "/major_matter_minutes",
        )


def term_is_lawful(case: Case[Project]) -> Iterable[Problem]:
    """Twelve months; up to 36 with a guaranteed budget for the later years (102号令)."""
    project, settings = case.thing, case.facts.edition.settings
    months = max(project.period_months or 0, _counted_months(project))
    if months <= settings.term_months_max:
        return
    if months > settings.term_months_max_secured:
        yield Problem(
            "term_too_long",
            f"服务期限 {months} 个月，最长不得超过 {settings.term_months_max_secured} 个月。",
            f"The term is {months} months, at most {settings.term_months_max_secured} are allowed.",
            "/period_months",
            {"months": months},
        )
    elif not (project.multi_year_proof or "").strip():
        yield Problem(
            "multi_year_proof_missing",
            f"服务期限 {months} 个月，超过 {settings.term_months_max} 个月须附跨年度预算保障证明（multi_year_proof）。",
            f"A term of {months} months needs proof of the later years' budget (multi_year_proof).",
            "/multi_year_proof",
            {"months": months},
        )


def _counted_months(project: Project) -> int:
    start, end = project.starts_on, project.ends_on
    if start is None or end is None:
        return 0
    return (end.year - start.year) * 12 + end.month - start.month + (end.day > start.day)


def terms_are_fair(case: Case[Project]) -> Iterable[Problem]:
    """No discriminatory term (article 7); what is asked beyond a permit needs a reason."""
    project = case.thing
    texts = {
        "description": project.description,
        "required_qualifications": "；".join(project.required_qualifications),
        "remarks": project.remarks or "",
    }
    for field, text in texts.items():
        for pattern, zh, en in _DISCRIMINATORY:
            if found := re.search(pattern, text):
                yield Problem(
                    "discriminatory_term",
                    f"“{found.group()}”属于差别或歧视性条款（{zh}），须删除。",
                    f"'{found.group()}' is a discriminatory term: it asks for {en}.",
                    f"/{field}",
                    {"term": found.group()},
                )
    if (project.requirements_reason or "").strip():
        return
    for place, asked in enumerate(project.required_qualifications):
        if not _PERMIT.search(asked):
            yield Problem(
                "requirement_without_reason",
                f"资格要求“{asked}”须说明理由（requirements_reason）。",
                f"The requirement '{asked}' needs a reason (requirements_reason).",
                f"/required_qualifications/{place}",
            )


def another_person_reviews(case: Case[Project]) -> Iterable[Problem]:
    """Reviewer ≠ submitter (invariant 9)."""
    account = case.actor.account_id
    if account is not None and account in (case.thing.submitted_by, case.thing.created_by):
        yield Problem(
            "reviewer_is_submitter",
            "审核人不得是申报人或提交人本人。",
            "The reviewer is not the person who drafted or submitted the project.",
        )


def city_reviews_district(case: Case[Project]) -> Iterable[Problem]:
    """A bureau never admits its own purchase alone: a district's project is admitted by the city, the city's by two people."""
    buyer = case.facts.buyer_area
    if case.actor.is_system or buyer.count("/") != 1:
        return
    if not case.actor.holds(Role.CITY_BUREAU, area=buyer):
        yield Problem(
            "own_project_needs_city",
            "区级单位购买的项目须由市民政局审核入库。",
            "A project that the district itself buys is admitted by the city bureau.",
        )


def call_is_open(case: Case[Project]) -> Iterable[Problem]:
    """Projects are published inside the call window of their edition."""
    edition = case.facts.edition
    if not edition.call_is_open(case.facts.today):
        yield Problem(
            "call_is_closed",
            f"不在征集期内（{edition.call_opens_on} 至 {edition.call_closes_on}）。",
            f"Outside the call window ({edition.call_opens_on} to {edition.call_closes_on}).",
            values={"opens_on": str(edition.call_opens_on), "closes_on": str(edition.call_closes_on)},
        )


ADMISSION = (
    not_negative,
    in_catalogue,
    for_the_market,
    money_is_proven,
    not_posted_twice,
    major_matter_was_decided,
    term_is_lawful,
    terms_are_fair,
    another_person_reviews,
    city_reviews_district,
)
"""Every check, in the order in which a reviewer reads them."""
