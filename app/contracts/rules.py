"""Rules of contracts. Pure: each returns all broken ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from app.catalogue.codes import MilestoneStatus, MilestoneType, TrancheTrigger
from app.contracts.models import Contract, Milestone, SigningSide, Tranche
from app.kernel.errors import Problem
from app.kernel.lifecycle import Case
from app.kernel.money import yuan

USUAL_MONTHS, MOST_MONTHS = 12, 36


@dataclass(frozen=True, slots=True)
class Qualified:
    """The qualifications that the project asks, and what the supplier holds: names, each with its last day where it has one."""

    required: Sequence[str] = ()
    held: Sequence[Mapping[str, Any]] = ()

    def valid_until(self, name: str) -> date | None:
        """The last day of a qualification; `date.max` where it does not end, None where it is not held."""
        days = [one.get("valid_until") for one in self.held if one["name"] == name]
        return max((date.fromisoformat(day) if day else date.max for day in days), default=None)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the rules compare, loaded under the lock."""

    today: date
    tranches: Sequence[Tranche] = ()
    milestones: Sequence[Milestone] = ()
    gates: Sequence[Problem] = ()
    award_active: bool = True
    budget_fen: int | None = None
    amendment_open: bool = False
    qualified: Qualified = Qualified()


def terms_hold(
    *,
    amount_fen: int,
    award_fen: int,
    budget_fen: int | None,
    starts_on: date,
    ends_on: date,
    longest_months: int = USUAL_MONTHS,
) -> list[Problem]:
    """Amount ≤ award ≤ budget; a term that ends after it starts and is no longer than allowed (12 months, proven: 36)."""
    broken = []
    if amount_fen > award_fen:
        broken.append(
            Problem(
                "amount_above_award",
                f"合同金额 {yuan(amount_fen)} 元不得超过成交金额 {yuan(award_fen)} 元。",
                f"The contract ({yuan(amount_fen)}) may not exceed the award ({yuan(award_fen)}).",
                "/amount_yuan",
                {"amount_yuan": yuan(amount_fen), "award_yuan": yuan(award_fen)},
            )
        )
    if budget_fen is not None and max(amount_fen, award_fen) > budget_fen:
        broken.append(
            Problem(
                "amount_above_budget",
                f"成交与合同金额不得超过项目预算 {yuan(budget_fen)} 元。",
                f"Award and contract may not exceed the project's budget ({yuan(budget_fen)}).",
                "/amount_yuan",
                {"budget_yuan": yuan(budget_fen)},
            )
        )
    if ends_on <= starts_on:
        broken.append(
            Problem(
                "ends_before_start",
                "合同结束日须晚于开始日。",
                "The contract must end after it starts.",
                "/ends_on",
            )
        )
    elif ends_on > months_after(starts_on, longest_months):
        broken.append(
            Problem(
                "term_too_long",
                f"合同期限最长 {longest_months} 个月。",
                f"The term may be {longest_months} months at most.",
                "/ends_on",
                {"months": longest_months},
            )
        )
    return broken


def months_after(day: date, months: int) -> date:
    """The same day so many months later, or the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=day.day - 1), following - timedelta(days=1))


def signed_in_time(case: Case[Contract]) -> Iterable[Problem]:
    if case.facts.today > case.thing.sign_by:
        yield Problem(
            "signing_overdue",
            f"须在成交后规定期限内签约，期限为 {case.thing.sign_by}。",
            f"The contract had to be signed by {case.thing.sign_by}.",
            values={"sign_by": str(case.thing.sign_by)},
        )


def within_award(case: Case[Contract]) -> Iterable[Problem]:
    contract = case.thing
    if not case.facts.award_active:
        yield Problem("award_not_active", "成交结果已失效，不能签约。", "The award no longer stands.")
    yield from terms_hold(
        amount_fen=contract.amount_fen,
        award_fen=contract.award_fen,
        budget_fen=case.facts.budget_fen,
        starts_on=contract.starts_on,
        ends_on=contract.ends_on,
        longest_months=MOST_MONTHS,
    )


def gates_hold(case: Case[Contract]) -> Iterable[Problem]:
    """The supplier still passes every hard gate, now."""
    yield from case.facts.gates


def qualifications_last(
    qualified: Qualified, duties: Sequence[Mapping[str, Any]], ends_on: date
) -> list[Problem]:
    """Every qualification asked is valid to the contract's end, or somebody has the duty to renew it before it ends (DOMAIN §5, 10).

    Whether it is held at all is a gate's question.
    """
    broken = []
    for name in qualified.required:
        until = qualified.valid_until(name)
        if until is None or until >= ends_on:
            continue
        due = [date.fromisoformat(duty["due_on"]) for duty in duties if duty["qualification"] == name]
        if not due or min(due) > until:
            broken.append(
                Problem(
                    "qualification_ends_before_contract",
                    f"“{name}”有效期至 {until}，早于合同结束日 {ends_on}；须载明最迟于 {until} 续期的责任（renewal_duties）。",
                    f"'{name}' is valid until {until} and the contract ends on {ends_on}: "
                    f"record the duty to renew it by {until} (renewal_duties).",
                    "/renewal_duties",
                    {"qualification": name, "valid_until": str(until), "ends_on": str(ends_on)},
                )
            )
    return broken


def duties_to_renew(
    duties: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]], ends_on: date
) -> list[Mapping[str, Any]]:
    """The duties that are still to be done: what they renew still ends before the contract."""
    now = Qualified(held=held)
    return [duty for duty in duties if (now.valid_until(duty["qualification"]) or date.min) < ends_on]


def qualifications_hold(case: Case[Contract]) -> Iterable[Problem]:
    """What the supplier must be qualified for lasts, or will be renewed."""
    yield from qualifications_last(case.facts.qualified, case.thing.renewal_duties, case.thing.ends_on)


def one_person_one_side(case: Case[Contract]) -> Iterable[Problem]:
    if case.actor.account_id is not None and case.actor.account_id in case.thing.signer_ids:
        yield Problem(
            "one_person_one_side",
            "同一账号不得代表两方签署。",
            "One account may not sign for two sides.",
        )


def start_reached(case: Case[Contract]) -> Iterable[Problem]:
    if case.facts.today < case.thing.starts_on:
        yield Problem(
            "before_start",
            f"尚未到合同开始日 {case.thing.starts_on}。",
            f"The contract starts on {case.thing.starts_on}.",
            values={"starts_on": str(case.thing.starts_on)},
        )


def first_tranche_released(case: Case[Contract]) -> Iterable[Problem]:
    for tranche in case.facts.tranches:
        if tranche.trigger == TrancheTrigger.SIGNED and tranche.paid_at is None:
            yield Problem(
                "first_tranche_unpaid",
                f"首款（第 {tranche.seq} 期）尚未支付。",
                f"The first tranche (no. {tranche.seq}) is not paid.",
                values={"tranche_seq": tranche.seq},
            )


def has_midterm(tranches: Sequence[Tranche]) -> bool:
    return any(tranche.trigger == TrancheTrigger.MIDTERM_PASSED for tranche in tranches)


def midterm_is_done(case: Case[Contract]) -> Iterable[Problem]:
    """A contract with no mid-term tranche needs no mid-term."""
    if has_midterm(case.facts.tranches) and case.thing.midterm_passed_at is None:
        yield Problem("midterm_missing", "中期评估尚未通过。", "The mid-term evaluation has not been passed.")


def milestones_have_evidence(case: Case[Contract]) -> Iterable[Problem]:
    """Every promised delivery and report is judged, and what counts as met (or partly) shows evidence."""
    for milestone in case.facts.milestones:
        own = milestone.type in (MilestoneType.DELIVERY, MilestoneType.REPORTING)
        judged = milestone.status != MilestoneStatus.SCHEDULED
        proven = milestone.status == MilestoneStatus.NOT_MET or bool(milestone.evidence)
        if own and not (judged and proven):
            yield Problem(
                "milestone_open",
                f"里程碑“{milestone.title}”尚未确认或缺少佐证。",
                f"Milestone '{milestone.title}' is not judged or has no evidence.",
                values={"seq": milestone.seq},
            )


def no_open_amendment(case: Case[Contract]) -> Iterable[Problem]:
    if case.facts.amendment_open:
        yield Problem(
            "amendment_open", "有变更尚待对方确认。", "An amendment still waits for the other side."
        )


def completion(
    outputs: Sequence[Mapping[str, Any]], counted: Mapping[tuple[str, str | None], int]
) -> Decimal | None:
    """How much of the promised counts the service log shows, in percent: the mean over countable outputs, each at most 100.

        None when nothing countable was promised.
    `counted` maps (measure, method) → count, measure being 'persons', 'contacts' or 'entries'; method None is all methods.
    """
    measure = {"person": "persons", "contact": "contacts"} | dict.fromkeys(
        ("event", "meeting", "time", "case", "class_hour"), "entries"
    )
    shares = [
        min(Decimal(100), 100 * counted.get((measure[o["unit"]], o.get("service_method")), 0) / target)
        for o in outputs
        if o.get("unit") in measure and (target := Decimal(str(o.get("target") or 0))) > 0
    ]
    return round(sum(shares, Decimal()) / len(shares), 1) if shares else None


def same_body(one: Any, other: Any) -> bool:
    """Whether two parties are one body under two kinds: the same row, credit code or name."""
    if one.id == other.id or (one.uscc is not None and one.uscc == other.uscc):
        return True
    return bool(one.normal_name == other.normal_name)


def sides_are_there(contract: Contract) -> list[Problem]:
    """A side that has to sign must be named in the contract."""
    if SigningSide.PROCURING_ENTITY in contract.needed_sides and contract.procuring_entity_id is None:
        return [
            Problem(
                "side_not_named",
                "项目没有委托实施方，不能要求其签署。",
                "The project has no procuring entity that could sign.",
                "/also_sign",
            )
        ]
    return []
