"""The moves of contracts and of their amendments. Results of evaluations arrive as moves nobody can make by hand."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import payment_rules, repository, rules
from app.contracts import permissions as may
from app.contracts.models import Amendment, Contract, ContractState, SigningSide
from app.contracts.rules import Facts
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.lifecycle import Lifecycle, Line
from app.matches import service as matches


def audience(contract: Contract) -> journal.Audience:
    """Signed contracts are public; before that, their sides and the officials know."""
    level = journal.PARTIES if contract.state in may.UNSIGNED else journal.PUBLIC
    return journal.Audience(contract.area_path, (contract.supplier_id, *contract.reader_ids), level)


async def facts(session: AsyncSession, contract: Contract) -> Facts:
    """What the rules of the contract's present state compare, and nothing else."""
    state, today = contract.state, clock.today()
    if state in (ContractState.DRAFT, ContractState.PARTLY_SIGNED):
        pair = (contract.project_id, contract.supplier_id)
        award_active, budget_fen = await repository.standing(session, contract)
        return Facts(
            today,
            gates=tuple((await matches.gates(session, [pair], today))[0]),
            award_active=award_active,
            budget_fen=budget_fen,
            qualified=await repository.qualified(session, *pair),
        )
    tranches = await repository.tranches(session, [contract.id])
    if state != ContractState.IN_DELIVERY:
        return Facts(today, tranches=tranches)
    return Facts(
        today,
        tranches=tranches,
        milestones=await repository.milestones(session, contract.id),
        amendment_open=await repository.open_amendment(session, contract.id) is not None,
    )


def nobody(actor: Actor, thing: Any) -> bool:
    """Moves that follow from another act: the evaluation decides, the signing of another paper."""
    return False


def not_started(actor: Actor, contract: Contract) -> bool:
    return may.is_bureau(actor, contract) and contract.started_at is None


def started(actor: Actor, contract: Contract) -> bool:
    return may.is_bureau(actor, contract) and contract.started_at is not None


_SIGN = (
    rules.signed_in_time,
    rules.within_award,
    rules.gates_hold,
    rules.qualifications_hold,
    rules.one_person_one_side,
)
_END_EARLY = (payment_rules.settlement_named, payment_rules.account_squares)


def _terminate(source: str) -> Line:
    return Line(
        source, "terminate", "terminated", may.may_end_early, _END_EARLY, note_required=True,
        zh="提前终止并结算", en="terminate and settle",
    )  # fmt: skip


LIFECYCLE: Lifecycle[Contract] = Lifecycle(
    "contract",
    {
        "draft": ("草拟", "draft"),
        "partly_signed": ("待其他方签署", "partly signed"),
        "active": ("已生效", "active"),
        "in_delivery": ("实施中", "in delivery"),
        "suspended": ("已中止", "suspended"),
        "final_evaluation": ("末期评估中", "final evaluation"),
        "accepted": ("验收合格", "accepted"),
        "failed": ("验收不合格", "failed"),
        "settled": ("已结算", "settled"),
        "closed": ("已结项", "closed"),
        "terminated": ("已终止", "terminated"),
        "void": ("作废", "void"),
    },
    "draft",
    (
        Line("draft", "sign", "partly_signed", may.may_sign_but_others_too, _SIGN, zh="签署", en="sign"),
        Line("draft", "discard", "void", may.is_main_side, note_required=True, zh="作废", en="discard"),
        Line("partly_signed", "sign", "partly_signed", may.may_sign_but_others_too, _SIGN, zh="签署", en="sign"),
        Line("partly_signed", "conclude", "active", may.may_sign_last, _SIGN, zh="签署并生效", en="sign and conclude"),
        Line("partly_signed", "reopen", "draft", may.is_main_side, note_required=True, zh="退回修改", en="reopen"),
        Line("partly_signed", "discard", "void", may.is_main_side, note_required=True, zh="作废", en="discard"),
        Line(
            "active", "start", "in_delivery", may.is_buyer, (rules.start_reached, rules.first_tranche_released),
            zh="开始实施", en="start delivery",
        ),
        Line("active", "suspend", "suspended", may.is_bureau, note_required=True, zh="中止", en="suspend"),
        _terminate("active"),
        Line(
            "in_delivery", "close_out", "final_evaluation", may.is_supplier,
            (rules.midterm_is_done, rules.milestones_have_evidence, rules.no_open_amendment),
            zh="提交结项材料", en="submit the close-out file",
        ),
        Line("in_delivery", "suspend", "suspended", may.is_bureau, note_required=True, zh="中止", en="suspend"),
        _terminate("in_delivery"),
        Line("suspended", "resume", "in_delivery", started, note_required=True, zh="恢复实施", en="resume"),
        Line("suspended", "resume_before_start", "active", not_started, note_required=True, zh="恢复", en="resume"),
        _terminate("suspended"),
        Line("final_evaluation", "accept", "accepted", nobody, zh="验收合格", en="accept"),
        Line("final_evaluation", "fail", "failed", nobody, zh="验收不合格", en="fail"),
        Line("accepted", "settle", "settled", may.is_buyer, (payment_rules.account_squares,), zh="结算", en="settle"),
        Line(
            "failed", "settle", "settled", may.is_buyer, (payment_rules.settlement_named, payment_rules.account_squares),
            note_required=True, zh="结算", en="settle",
        ),
        Line("settled", "close", "closed", may.is_bureau, zh="结项归档", en="close"),
    ),
    audience=audience,
    facts=facts,
)  # fmt: skip


def amendment_audience(amendment: Amendment) -> journal.Audience:
    return journal.Audience(amendment.area_path, (amendment.supplier_id,), journal.PARTIES)


def other_side(actor: Actor, amendment: Any) -> bool:
    """The main side that did not propose."""
    if amendment.proposed_by == SigningSide.BUYER:
        return may.is_supplier(actor, amendment)
    return may.is_buyer(actor, amendment)


def own_side(actor: Actor, amendment: Any) -> bool:
    return may.is_main_side(actor, amendment) and not other_side(actor, amendment)


AMENDMENTS: Lifecycle[Amendment] = Lifecycle(
    "amendment",
    {
        "proposed": ("待对方确认", "proposed"),
        "in_force": ("已生效", "in force"),
        "refused": ("对方不同意", "refused"),
        "withdrawn": ("已撤回", "withdrawn"),
    },
    "proposed",
    (
        Line("proposed", "agree", "in_force", other_side, zh="同意并生效", en="agree"),
        Line("proposed", "refuse", "refused", other_side, note_required=True, zh="不同意", en="refuse"),
        Line("proposed", "withdraw", "withdrawn", own_side, zh="撤回", en="withdraw"),
        Line("proposed", "note", "in_force", nobody, zh="单方告知生效", en="noted"),
    ),
    audience=amendment_audience,
)  # fmt: skip
