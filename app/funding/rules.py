"""Rules of money. Pure: each returns all broken ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from app.catalogue.codes import Category, FundingSource
from app.funding.models import ELDERLY_SHARE, RELIEF_SHARE, FundingLine, Measure, YearSource
from app.kernel.errors import Problem
from app.kernel.money import yuan


@dataclass(frozen=True, slots=True)
class Part:
    """Money asked of one line for a project of one category; `area_path` is where the project is ('' : the line's area)."""

    line_id: UUID
    amount_fen: int
    category: str
    area_path: str = ""


@dataclass(frozen=True, slots=True)
class Committed:
    """What lines and sources carry already, in fen: all of a line; of a source, what lies outside its earmark.

    `held` are the (project, line) pairs, of the projects asked about, whose money is not released.
    """

    by_line: Mapping[UUID, int]
    unearmarked: Mapping[UUID, int]
    held: frozenset[tuple[UUID, UUID]] = frozenset()


@dataclass(frozen=True, slots=True)
class Standing:
    """The totals of one project, each measure on its own, and what is committed to it."""

    offered_fen: int = 0
    negotiated_fen: int = 0
    contracted_fen: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    committed_fen: int = 0
    turns: int = 0

    def of(self, measure: Measure) -> int:
        return int(getattr(self, f"{measure}_fen"))

    def plus(self, measure: Measure, amount_fen: int) -> "Standing":
        """The totals after one more entry."""
        return replace(self, **{f"{measure}_fen": self.of(measure) + amount_fen}, turns=self.turns + 1)

    @property
    def spent_fen(self) -> int:
        """Paid and not come back."""
        return self.paid_fen - self.refunded_fen


def source_is_lawful(
    source: str, is_relief: bool, earmark_categories: Sequence[str], earmark_percent: int, commit_percent: int
) -> list[Problem]:
    """Lottery money keeps half for the elderly; relief money spends at most 2 % on services; an earmark has a purpose."""
    problems = []
    if source == FundingSource.LOTTERY_FUND and (
        earmark_percent < ELDERLY_SHARE or list(earmark_categories) != [Category.ELDERLY_CARE]
    ):
        problems.append(
            Problem(
                "lottery_serves_the_elderly",
                f"福彩公益金须至少 {ELDERLY_SHARE}% 用于养老服务（earmark_categories 为 elderly_care）。",
                f"At least {ELDERLY_SHARE} % of welfare lottery money is for elderly care.",
                "/earmark_percent",
            )
        )
    if is_relief and commit_percent > RELIEF_SHARE:
        problems.append(
            Problem(
                "relief_purchase_is_capped",
                f"社会救助经费用于购买服务的比例不得超过 {RELIEF_SHARE}%。",
                f"At most {RELIEF_SHARE} % of relief money may buy services.",
                "/commit_percent",
            )
        )
    if bool(earmark_percent) != bool(earmark_categories):
        problems.append(
            Problem(
                "earmark_names_its_purpose",
                "专款比例与专款类别须同时填写或同时为空。",
                "An earmark names both its share and its categories, or neither.",
                "/earmark_categories",
            )
        )
    return problems


def source_holds(source: YearSource, lines_fen: int, unearmarked_fen: int) -> list[Problem]:
    """The lines cut from a source and what is committed outside its earmark stay within it."""
    problems = []
    if lines_fen > source.committable_fen:
        problems.append(
            Problem(
                "source_overdrawn",
                f"资金来源“{source.name}”可安排 {yuan(source.committable_fen)} 元，各条线合计 {yuan(lines_fen)} 元。",
                f"Source '{source.name}' offers {yuan(source.committable_fen)} yuan; its lines add up to {yuan(lines_fen)}.",
                "/amount_yuan",
                {"committable_yuan": yuan(source.committable_fen), "lines_yuan": yuan(lines_fen)},
            )
        )
    problems += _earmark(source, unearmarked_fen, "/amount_yuan")
    return problems


def line_holds(line: FundingLine, committed_fen: int) -> list[Problem]:
    """A line is never smaller than what is committed from it."""
    if committed_fen <= line.amount_fen:
        return []
    return [
        Problem(
            "line_overdrawn",
            f"资金线 {line.number}“{line.name}”共 {yuan(line.amount_fen)} 元，需 {yuan(committed_fen)} 元。",
            f"Line {line.number} '{line.name}' holds {yuan(line.amount_fen)} yuan; {yuan(committed_fen)} would be committed.",
            "/funding_parts",
            {
                "line": line.number,
                "amount_yuan": yuan(line.amount_fen),
                "committed_yuan": yuan(committed_fen),
            },
        )
    ]


def may_be_allocated(
    parts: Sequence[Part], lines: Mapping[UUID, tuple[FundingLine, YearSource]], before: Committed
) -> list[Problem]:
    """Whether lines and sources can carry the parts beside what they carry already."""
    problems = []
    for place, part in enumerate(parts):
        pointer = f"/funding_parts/{place}"
        if part.line_id not in lines:
            problems.append(
                Problem("line_unknown", "没有这条资金线。", "There is no such funding line.", pointer)
            )
        elif lines[part.line_id][0].closed_at is not None:
            number = lines[part.line_id][0].number
            problems.append(
                Problem("line_closed", f"资金线 {number} 已关闭。", f"Line {number} is closed.", pointer)
            )
        if part.amount_fen <= 0:
            problems.append(
                Problem("amount_not_positive", "金额须大于 0。", "The amount must be above zero.", pointer)
            )
    on_line, outside = dict(before.by_line), dict(before.unearmarked)
    touched: dict[UUID, YearSource] = {}
    for part in parts:
        if part.line_id in lines:
            source = lines[part.line_id][1]
            touched[source.id] = source
            on_line[part.line_id] = on_line.get(part.line_id, 0) + part.amount_fen
            if part.category not in source.earmark_categories:
                outside[source.id] = outside.get(source.id, 0) + part.amount_fen
    for line_id in dict.fromkeys(part.line_id for part in parts if part.line_id in lines):
        problems += line_holds(lines[line_id][0], on_line[line_id])
    for source in touched.values():
        problems += _earmark(source, outside.get(source.id, 0), "/funding_parts")
    return problems


def _earmark(source: YearSource, unearmarked_fen: int, pointer: str) -> list[Problem]:
    if unearmarked_fen <= source.unearmarked_fen:
        return []
    return [
        Problem(
            "earmark_broken",
            f"“{source.name}”须有至少 {source.earmark_percent}% 专款专用，其他用途最多 {yuan(source.unearmarked_fen)} 元，"
            f"需 {yuan(unearmarked_fen)} 元。",
            f"'{source.name}' keeps {source.earmark_percent} % for its purpose: other uses may take "
            f"{yuan(source.unearmarked_fen)} yuan, {yuan(unearmarked_fen)} would be taken.",
            pointer,
            {
                "source": source.name,
                "other_uses_max_yuan": yuan(source.unearmarked_fen),
                "other_uses_yuan": yuan(unearmarked_fen),
            },
        )
    ]


def may_be_posted(measure: Measure, amount_fen: int, before: Standing) -> list[Problem]:
    """Whether the entry leaves every measure in its bounds: 0 ≤ paid − refunded ≤ contracted ≤ committed, plans ≥ 0."""
    problems = []
    total = before.of(measure) + amount_fen
    if amount_fen == 0 or (measure in (Measure.PAID, Measure.REFUNDED) and amount_fen < 0):
        problems.append(
            Problem("amount_not_positive", "金额须大于 0。", "The amount must be above zero.", "/amount_yuan")
        )
    if total < 0:
        problems.append(
            _bound("measure_below_zero", "合计不得为负", "The total cannot fall below zero", total, 0)
        )
    contracted = total if measure == Measure.CONTRACTED else before.contracted_fen
    spent = before.spent_fen
    spent += {Measure.PAID: amount_fen, Measure.REFUNDED: -amount_fen}.get(measure, 0)
    if spent > contracted:
        problems.append(
            _bound(
                "paid_above_contract",
                "实付不得超过合同金额",
                "No more is paid than contracted",
                spent,
                contracted,
            )
        )
    if spent < 0:
        problems.append(
            _bound(
                "refund_above_paid",
                "退款不得超过已付金额",
                "No more comes back than was paid",
                before.refunded_fen + amount_fen,
                before.paid_fen,
            )
        )
    if measure == Measure.CONTRACTED and amount_fen > 0 and 0 < before.committed_fen < contracted:
        problems.append(
            _bound(
                "contract_above_committed",
                "合同金额不得超过已落实的资金",
                "No more is contracted than committed",
                contracted,
                before.committed_fen,
            )
        )
    return problems


def _bound(code: str, zh: str, en: str, amount_fen: int, limit_fen: int) -> Problem:
    return Problem(
        code,
        f"{zh}：{yuan(amount_fen)} 元，上限 {yuan(limit_fen)} 元。",
        f"{en}: {yuan(amount_fen)} yuan, limit {yuan(limit_fen)}.",
        "/amount_yuan",
        {"amount_yuan": yuan(amount_fen), "limit_yuan": yuan(limit_fen)},
    )
