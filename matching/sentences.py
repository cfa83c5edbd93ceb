"""The reasons as sentences, Chinese and English, from templates filled with the values compared."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from matching.areas import NEIGHBOURS
from matching.evidence import Evidence
from matching.groups import canonical_group, group_strengths
from matching.model import Organization, Project

Told = tuple[str, str]
NO_DATA: Told = ("暂无资料，按中性计分", "no data, counted as neutral")


def sentence(
    name: str,
    points: float,
    project: Project,
    organization: Organization,
    evidence: Evidence,
    as_of: date,
) -> Told:
    """One factor of one pair as a Chinese and an English sentence."""
    if name == "adjustment":
        return _adjustment(points, project, organization)
    return _TELL[name](project, organization, evidence, as_of)


def _text(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    if not evidence.services:
        if set(project.all_categories) & set(org.categories):
            return (
                "服务类别相同，文字上少有共同之处",
                "the same category, though the texts have little in common",
            )
        return "服务内容少有相同之处", "the texts have little in common"
    zh = "、".join(name for _, name, _ in evidence.services)
    en = ", ".join(name for _, _, name in evidence.services)
    words = "、".join(evidence.project_words[:3])
    theirs = "、".join(evidence.organization_words[:3])
    if words and theirs:
        return (
            f"都涉及{zh}：项目提到“{words}”，机构提到“{theirs}”",
            f"both speak of {en}: “{words}” and “{theirs}”",
        )
    return f"都涉及{zh}", f"both speak of {en}"


def _groups(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    served = group_strengths(org.target_groups)
    met = [group for group in project.target_groups if served.get(canonical_group(group), 0) > 0]
    count = len(project.target_groups)
    names = "、".join(met) or "—"
    return f"服务对象覆盖 {len(met)}/{count}：{names}", f"serves {len(met)} of {count} target groups: {names}"


def _place(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    here = project.main_district or ""
    streets = {record.street for record in org.track_record if record.street} | {org.street}
    if project.street and project.street in streets:
        return f"在{project.street}做过服务", f"has worked in {project.street}"
    if org.district == here:
        return f"机构就在{here}", f"is based in {here}"
    if org.district in NEIGHBOURS.get(here, ()):
        return f"机构在相邻的{org.district}", f"is based next door in {org.district}"
    return f"服务区域包括{here}，但不在当地", f"serves {here} from elsewhere"


def _track(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    record = evidence.record
    if record is None:
        return "近三年没有内容十分相近的项目", "no project very much like this one in three years"
    grade = record.grade or "未评"
    return (
        f"做过相近的“{record.title}”（{record.year}，{grade}）",
        f"did similar work, “{record.title}” ({record.year}, {grade})",
    )


def _staff(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    have, need = org.certified_total or 0, project.min_certified_social_workers
    missing = [q for q in project.preferred_qualifications if q not in org.qualifications]
    zh, en = f"持证社工 {have} 名，要求 {need} 名", f"{have} certified social workers, {need} asked"
    if missing:
        names = "、".join(missing)
        return f"{zh}；缺优先资质：{names}", f"{en}; lacks the preferred {names}"
    return zh, en


def _capacity(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    return (
        f"在管 {org.active_engagements} 项，上限 {org.capacity_max} 项",
        f"runs {org.active_engagements} of at most {org.capacity_max} engagements",
    )


def _money(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    budget = (project.budget_fen or 0) / 100
    low, high = org.preferred_budget_min, org.preferred_budget_max
    bounds = f"{'—' if low is None else f'{low / 100:.0f}'}–{'—' if high is None else f'{high / 100:.0f}'}"
    income = "—" if org.last_year_income_fen is None else f"{org.last_year_income_fen / 100:.0f}"
    return (
        f"预算 {budget:.0f} 元；意向区间 {bounds} 元，上年度收入 {income} 元",
        f"budget ¥{budget:.0f}; prefers ¥{bounds}, earned ¥{income} last year",
    )


def _rating(project: Project, org: Organization, evidence: Evidence, as_of: date) -> Told:
    rating = org.rating_on(as_of)
    zh = f"评估等级 {rating}" if rating else "无有效评估等级"
    en = f"rated {rating}" if rating else "no valid rating"
    if org.inspection_before(as_of) == "基本合格":
        return f"{zh}；年检基本合格", f"{en}; inspection barely passed"
    return zh, en


def _adjustment(points: float, project: Project, org: Organization) -> Told:
    share = org.buyer_shares.get(project.buyer or "", 0.0)
    if points < 0 and share:
        return f"已占该购买方资金的 {share:.0%}，减分", f"already holds {share:.0%} of this buyer's money"
    if points > 0:
        return "新机构承接小额项目，有督导，加分", "a new organization with a supervisor, for a small project"
    return "没有加分或减分", "nothing added or taken"


_TELL: dict[str, Callable[[Project, Organization, Evidence, date], Told]] = {
    "text": _text,
    "target_group": _groups,
    "place": _place,
    "track_record": _track,
    "staff": _staff,
    "capacity": _capacity,
    "money": _money,
    "rating": _rating,
}
