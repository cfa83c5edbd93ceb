"""Writing a contract: from an active award to a paper that is ready to be signed."""

import hashlib
import json
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import TrancheTrigger
from app.contracts import payment_rules, permissions, repository, rules
from app.contracts.lifecycle import LIFECYCLE, audience
from app.contracts.models import WHOLE, Contract, ContractState, Milestone, SigningSide, Tranche
from app.contracts.schemas import ContractChange, ContractDraft, ContractTerms
from app.editions import service as editions
from app.editions.models import EditionSettings
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import lock, move
from app.kernel.search import grams
from app.negotiations import service as negotiations
from app.negotiations.models import Award
from app.projects import service as projects
from app.projects.models import Project

SIGNED_TERMS = [
    "number",
    "award_id",
    "buyer_id",
    "procuring_entity_id",
    "supplier_id",
    "supervising_authority_id",
    "amount_fen",
    "starts_on",
    "ends_on",
    "scope",
    "outputs",
    "penalty",
    "no_subcontracting",
    "data_protection",
    "persons_planned",
    "renewal_duties",
    "needed_sides",
]
NO_SUPERVISOR = Problem(
    "no_such_party",
    "没有这个监管方。",
    "There is no such supervising authority.",
    "/supervising_authority_id",
)


async def create(session: AsyncSession, actor: Actor, draft: ContractDraft) -> Contract:
    """A contract from an active award, for both sides to sign.

    Raises `NotFound` (award not there or not visible), `NotYou` (only the buyer writes it), `NotNow` (another contract
    stands, the award does not, the days to sign are over) and `Malformed` with every broken term.
    """
    seen = await repository.visible_award(session, actor, draft.award_id)
    if seen is None:
        raise NotFound()
    project = await projects.locked(session, seen.project_id)
    award = await negotiations.awarded(session, draft.award_id)
    earlier = await repository.of_project(session, project.id)
    settings = await editions.settings_of(session, project.edition_code)
    parties = await repository.parties(session, _sides(project, award, draft))
    buyer = parties[project.buyer_id]
    procuring = parties.get(project.procuring_entity_id) if project.procuring_entity_id else None
    contract = Contract(
        number=f"{project.number}-HT{len(earlier) + 1}",
        title=project.title,
        edition_code=project.edition_code,
        category=project.category,
        project_id=project.id,
        award_id=award.id,
        area_path=project.area_path,
        buyer_path=buyer.area_path or project.street_path or project.area_path,
        procuring_path=procuring.area_path or project.area_path if procuring else None,
        buyer_id=project.buyer_id,
        procuring_entity_id=project.procuring_entity_id,
        supplier_id=award.organization_id,
        award_fen=award.amount_fen,
        sign_by=_sign_by(award, settings),
        state=LIFECYCLE.initial,
    )
    if not permissions.is_buyer(actor, contract):
        raise NotYou()
    await _make_way(session, award, earlier)
    raise_all(_may_be_drawn_up(contract, draft, parties))
    qualified = await repository.qualified(session, project.id, award.organization_id)
    plan = _write(contract, draft, project, settings, qualified)
    contract.search_grams = grams(
        contract.number, contract.title, *(party.name for party in parties.values())
    )
    session.add(contract)
    await session.flush()
    await _keep_plan(session, contract, plan, draft)
    await journal.record(
        session,
        actor,
        journal.Event("contract", contract.id, "drafted", audience(contract), number=contract.number),
    )
    return contract


async def change(session: AsyncSession, actor: Actor, contract: Contract, wanted: ContractChange) -> Contract:
    """New terms, as long as nobody has signed; what is not sent stays. Raises `NotYou`, `NotNow`, `Malformed`."""
    if not permissions.is_buyer(actor, contract):
        raise NotYou()
    project = await projects.locked(session, contract.project_id)
    await lock(session, contract)
    if contract.state != ContractState.DRAFT:
        raise NotNow(
            Problem(
                "signed_already",
                "已有一方签署，须先退回修改（reopen）。",
                "A side has signed; reopen the draft first.",
            )
        )
    if wanted.supervising_authority_id is not None:
        parties = await repository.parties(session, [wanted.supervising_authority_id])
        raise_all([] if wanted.supervising_authority_id in parties else [NO_SUPERVISOR], Malformed)
    settings = await editions.settings_of(session, contract.edition_code)
    old = await repository.tranches(session, [contract.id])
    kept = None if wanted.tranches else [(t.share, t.trigger, t.due_on) for t in old]
    qualified = await repository.qualified(session, project.id, contract.supplier_id)
    plan = _write(contract, wanted, project, settings, qualified, kept)
    await session.flush()
    await repository.drop_plan(session, contract.id)
    if wanted.milestones is not None:
        await repository.drop_milestones(session, contract.id)
    await _keep_plan(session, contract, plan, wanted)
    fields = sorted(wanted.model_fields_set)
    await journal.record(
        session,
        actor,
        journal.Event(
            "contract",
            contract.id,
            "changed",
            audience(contract),
            number=contract.number,
            change={"fields": fields},
        ),
    )
    return contract


Plan = list[tuple[int, int, str, date | None]]
"""Share, fen, trigger and due day of each tranche."""


def _fingerprint(contract: Contract, plan: Plan) -> str:
    """SHA-256 of the exact wording that a signature stands under."""
    terms = {name: getattr(contract, name) for name in SIGNED_TERMS} | {"tranches": plan}
    text = json.dumps(terms, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _sides(project: Project, award: Award, draft: ContractDraft) -> list[UUID]:
    ids = (
        project.buyer_id,
        project.procuring_entity_id,
        award.organization_id,
        draft.supervising_authority_id,
    )
    return [party_id for party_id in ids if party_id is not None]


def _sign_by(award: Award, settings: EditionSettings) -> date:
    awarded = award.confirmed_at or award.state_since
    return awarded.astimezone(clock.CHINA).date() + timedelta(days=settings.sign_within_days)


async def _make_way(session: AsyncSession, award: Award, earlier: Iterable[Contract]) -> None:
    """A paper nobody finished for an award that no longer stands is void; any other contract stands in the way."""
    for contract in earlier:
        if contract.state in (ContractState.VOID, ContractState.TERMINATED):
            continue
        if contract.state not in permissions.UNSIGNED or contract.award_id == award.id:
            raise NotNow(
                Problem(
                    "contract_exists",
                    f"该项目已有合同 {contract.number}。",
                    f"The project has contract {contract.number} already.",
                    values={"contract": contract.number},
                )
            )
        await move(
            session,
            LIFECYCLE,
            contract,
            "discard",
            machine("contracts"),
            "成交已取消 / the award was cancelled",
        )


def _may_be_drawn_up(contract: Contract, draft: ContractDraft, parties: dict[UUID, Any]) -> Iterable[Problem]:
    if draft.supervising_authority_id is not None and draft.supervising_authority_id not in parties:
        yield NO_SUPERVISOR
    supplier = parties[contract.supplier_id]
    for party in parties.values():
        if party is not supplier and rules.same_body(party, supplier):
            yield Problem(
                "supplier_is_another_side",
                f"承接方不得同时是“{party.name}”（甲方、委托实施方或监管方）。",
                f"The supplier may not also be '{party.name}', another side of the contract.",
                values={"party_id": str(party.id)},
            )
    if clock.today() > contract.sign_by:
        yield Problem(
            "signing_overdue",
            f"须在成交后规定期限内签约，期限为 {contract.sign_by}。",
            f"The contract had to be signed by {contract.sign_by}.",
            values={"sign_by": str(contract.sign_by)},
        )


def _write(
    contract: Contract,
    terms: ContractTerms,
    project: Project,
    settings: EditionSettings,
    qualified: rules.Qualified,
    kept: list[tuple[int, str, date | None]] | None = None,
) -> Plan:
    """Write the terms on the contract, defaults from the project; return its money plan. Raises `Malformed` with all faults."""
    given = terms.model_fields_set
    today = clock.today()
    amount = terms.amount_fen if terms.amount_fen is not None else contract.amount_fen
    contract.amount_fen = contract.award_fen if amount is None else amount
    contract.starts_on = terms.starts_on or contract.starts_on or max(project.starts_on or today, today)
    ends = terms.ends_on or contract.ends_on or project.ends_on
    if ends is None or (ends <= contract.starts_on and terms.ends_on is None):
        ends = rules.months_after(contract.starts_on, project.period_months or rules.USUAL_MONTHS)
    contract.ends_on = ends
    contract.scope = terms.scope or contract.scope or project.description
    if terms.outputs is not None:
        contract.outputs = [output.model_dump(mode="json") for output in terms.outputs]
    elif contract.outputs is None:
        contract.outputs = list(project.outputs)
    if contract.persons_planned is None or "persons_planned" in given:
        contract.persons_planned = terms.persons_planned or project.beneficiaries_planned
    if terms.renewal_duties is not None or contract.renewal_duties is None:
        contract.renewal_duties = [duty.model_dump(mode="json") for duty in terms.renewal_duties or ()]
    for name in ("penalty", "no_subcontracting", "data_protection", "supervising_authority_id"):
        if name in given or getattr(contract, name) is None:
            setattr(contract, name, getattr(terms, name))
    if contract.needed_sides is None or "also_sign" in given:
        contract.needed_sides = list(
            dict.fromkeys((SigningSide.BUYER, SigningSide.SUPPLIER, *terms.also_sign))
        )
    shares = _shares(terms, settings, kept)
    longest = settings.term_months_max_secured if project.multi_year_proof else settings.term_months_max
    raise_all(
        [
            *rules.terms_hold(
                amount_fen=contract.amount_fen,
                award_fen=contract.award_fen,
                budget_fen=project.budget_fen,
                starts_on=contract.starts_on,
                ends_on=contract.ends_on,
                longest_months=longest,
            ),
            *payment_rules.plan_adds_up([share for share, _, _ in shares]),
            *rules.sides_are_there(contract),
            *rules.qualifications_last(qualified, contract.renewal_duties, contract.ends_on),
        ],
        Malformed,
    )
    midterm = any(trigger == TrancheTrigger.MIDTERM_PASSED for _, trigger, _ in shares)
    half = (contract.ends_on - contract.starts_on) // 2
    contract.midterm_due_on = contract.starts_on + half if midterm else None
    amounts = payment_rules.split(contract.amount_fen, [share for share, _, _ in shares])
    plan = [(share, fen, trigger, due) for (share, trigger, due), fen in zip(shares, amounts, strict=True)]
    contract.terms_sha256 = _fingerprint(contract, plan)
    return plan


def _shares(
    terms: ContractTerms, settings: EditionSettings, kept: list[tuple[int, str, date | None]] | None
) -> list[tuple[int, str, date | None]]:
    if terms.tranches is not None:
        return [(int(t.percent * WHOLE / 100), t.trigger, t.due_on) for t in terms.tranches]
    if kept:
        return kept
    return [(share, trigger, None) for share, trigger in payment_rules.default_plan(settings.tranche_shares)]


async def _keep_plan(session: AsyncSession, contract: Contract, plan: Plan, terms: ContractTerms) -> None:
    session.add_all(
        Tranche(contract_id=contract.id, seq=seq, share=share, amount_fen=fen, trigger=trigger, due_on=due)
        for seq, (share, fen, trigger, due) in enumerate(plan, start=1)
    )
    session.add_all(
        Milestone(contract_id=contract.id, seq=seq, title=m.title, type=m.type, due_on=m.due_on)
        for seq, m in enumerate(terms.milestones or (), start=1)
    )
    await session.flush()
