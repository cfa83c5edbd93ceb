"""Delivery: start, pause, milestones with evidence, the service log, documents, and the close-out file."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import MilestoneStatus
from app.contracts import permissions, repository, rules
from app.contracts.lifecycle import LIFECYCLE, audience
from app.contracts.models import Contract, ContractState, Document, Milestone, ServiceLog, ServiceVoiding
from app.contracts.schemas import (
    MilestoneJudgement,
    MilestoneReport,
    MilestoneView,
    ServiceLogDraft,
    ServiceLogView,
    ServiceTotals,
    ServiceVoidingDraft,
)
from app.contracts.storage import Storage
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.lifecycle import move
from app.projects import service as projects

RUNNING = (ContractState.IN_DELIVERY,)
STANDING = (
    ContractState.ACTIVE,
    ContractState.IN_DELIVERY,
    ContractState.SUSPENDED,
    ContractState.FINAL_EVALUATION,
)
FEWEST_SHOWN = 5
SERVICE_VOIDED = Problem(
    "service_voided", "该服务记录已作废。", "This entry of the service log has been voided."
)
NO_EVIDENCE = Problem(
    "milestone_without_evidence",
    "确认完成前须有佐证材料。",
    "A milestone that is met needs evidence.",
    "/status",
)


async def start(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """The service begins, once its day has come and the first tranche is paid."""
    await projects.locked(session, contract.project_id)
    await move(session, LIFECYCLE, contract, "start", actor, note, values={"started_at": clock.now()})
    await projects.mark_in_delivery(session, actor, contract.project_id, note)
    return contract


async def suspend(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """A bureau stops everything, payment too, until it is cleared up."""
    await projects.locked(session, contract.project_id)
    await move(session, LIFECYCLE, contract, "suspend", actor, note)
    await projects.mark_suspended(session, actor, contract.project_id, note)
    return contract


async def resume(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """Go on where it stopped: in delivery, or signed and not yet begun."""
    await projects.locked(session, contract.project_id)
    event = "resume_before_start" if contract.started_at is None else "resume"
    await move(session, LIFECYCLE, contract, event, actor, note)
    await projects.mark_resumed(session, actor, contract.project_id, note)
    return contract


async def close_out(session: AsyncSession, actor: Actor, contract: Contract, note: str | None) -> Contract:
    """The supplier says the work is done and its file complete; the final evaluation may begin."""
    await projects.locked(session, contract.project_id)
    await move(session, LIFECYCLE, contract, "close_out", actor, note)
    await projects.mark_final_evaluation(session, actor, contract.project_id, note)
    return contract


async def report_milestone(
    session: AsyncSession, actor: Actor, contract: Contract, seq: int, report: MilestoneReport
) -> Milestone:
    """The supplier adds evidence to a milestone. Raises `NotYou`, `NotFound`, `NotNow`."""
    if not permissions.may_report_delivery(actor, contract):
        raise NotYou()
    milestone = await _milestone(session, contract, seq)
    milestone.evidence = list(dict.fromkeys([*milestone.evidence, *report.evidence]))
    milestone.remark = report.remark or milestone.remark
    await session.flush()
    await _record(session, actor, contract, "milestone_reported", seq=seq, evidence=report.evidence)
    return milestone


async def judge_milestone(
    session: AsyncSession, actor: Actor, contract: Contract, seq: int, judgement: MilestoneJudgement
) -> Milestone:
    """The buyer, or the community that manages delivery, says whether a milestone was met. Raises `NotYou`, `NotNow`."""
    if not permissions.may_judge_delivery(actor, contract):
        raise NotYou()
    milestone = await _milestone(session, contract, seq)
    if judgement.status == MilestoneStatus.MET and not milestone.evidence:
        raise NotNow(NO_EVIDENCE)
    was, milestone.status = milestone.status, judgement.status
    met = judgement.status in (MilestoneStatus.MET, MilestoneStatus.PARTIALLY_MET)
    milestone.met_on = (judgement.met_on or clock.today()) if met else None
    milestone.remark = judgement.remark or milestone.remark
    await session.flush()
    await _record(session, actor, contract, "milestone_judged", seq=seq, status=[was, judgement.status])
    return milestone


async def milestone_views(session: AsyncSession, contract: Contract) -> list[MilestoneView]:
    return [MilestoneView.model_validate(m) for m in await repository.milestones(session, contract.id)]


async def log_services(
    session: AsyncSession, actor: Actor, contract: Contract, drafts: Sequence[ServiceLogDraft]
) -> list[ServiceLog]:
    """Enter delivered services. Raises `NotYou`, `NotNow` (not in delivery) and `Malformed` with every wrong entry."""
    if not permissions.may_report_delivery(actor, contract):
        raise NotYou()
    if contract.state not in RUNNING:
        raise NotNow(_not_running(contract))
    raise_all((p for i, draft in enumerate(drafts) for p in _log_holds(contract, draft, f"/{i}")), Malformed)
    entries = [
        ServiceLog(**draft.model_dump(), contract_id=contract.id, logged_by=actor.account_id)
        for draft in drafts
    ]
    session.add_all(entries)
    await session.flush()
    persons, contacts = (sum(getattr(d, name) for d in drafts) for name in ("persons", "contacts"))
    await _record(
        session, actor, contract, "services_logged", entries=len(drafts), persons=persons, contacts=contacts
    )
    return entries


async def confirm_service(
    session: AsyncSession, actor: Actor, contract: Contract, log_id: UUID
) -> ServiceLog:
    """The community or the buyer confirms that a logged service took place."""
    if not permissions.may_judge_delivery(actor, contract):
        raise NotYou()
    entry = await _standing_entry(session, contract, log_id)
    if entry.confirmed_at is None:
        entry.confirmed_at, entry.confirmed_by = clock.now(), actor.account_id
        await session.flush()
        await _record(session, actor, contract, "service_confirmed", entry=str(log_id))
    return entry


async def void_service(
    session: AsyncSession, actor: Actor, contract: Contract, log_id: UUID, draft: ServiceVoidingDraft
) -> ServiceLog:
    """Take a wrong entry out of every sum, with the reason: the supplier its own until it is confirmed, then who confirms.

    The entry stays in the log. Raises `NotYou`, `NotFound`, `NotNow` (voided before, or the close-out file is in).
    """
    judges = permissions.may_judge_delivery(actor, contract)
    if not (judges or permissions.may_report_delivery(actor, contract)):
        raise NotYou()
    if contract.state not in RUNNING:
        raise NotNow(_not_running(contract))
    entry = await _standing_entry(session, contract, log_id)
    if entry.confirmed_at is not None and not judges:
        raise NotYou()
    session.add(
        ServiceVoiding(
            log_id=entry.id, reason=draft.reason, voided_by=actor.account_id, voided_by_label=actor.label
        )
    )
    await session.flush()
    taken = {"persons": -entry.persons, "contacts": -entry.contacts}
    await _record(session, actor, contract, "service_voided", entry=str(log_id), reason=draft.reason, **taken)
    return entry


async def _standing_entry(session: AsyncSession, contract: Contract, log_id: UUID) -> ServiceLog:
    entry = await repository.log_entry(session, contract.id, log_id)
    if entry is None:
        raise NotFound()
    if await repository.voidings(session, [log_id]):
        raise NotNow(SERVICE_VOIDED)
    return entry


async def log_views(session: AsyncSession, entries: Sequence[ServiceLog]) -> list[ServiceLogView]:
    """Entries of the log, voided ones with the reason: one statement."""
    voided = await repository.voidings(session, [entry.id for entry in entries])
    views = []
    for entry in entries:
        view = ServiceLogView.model_validate(entry)
        if entry.id in voided:
            view.voided_at = clock.local(voided[entry.id].voided_at)
            view.voided_because = voided[entry.id].reason
        views.append(view)
    return views


async def totals(session: AsyncSession, contract: Contract) -> ServiceTotals:
    """What the log adds up to, persons and contacts apart, and how much of the promise that is."""
    found = await repository.log_totals(session, contract.id)
    return ServiceTotals(
        entries=found.entries,
        hours=found.hours,
        persons=found.persons,
        contacts=found.contacts,
        completion_percent=rules.completion(contract.outputs, found.counted),
        as_of=clock.now(),
    )


async def shown_totals(session: AsyncSession, actor: Actor, contract: Contract) -> ServiceTotals:
    """The sums as this reader may see them: to the public, counts of people below five are not told."""
    found = await totals(session, contract)
    if not permissions.may_see_file(actor, contract):
        for name in ("persons", "contacts"):
            if 0 < (getattr(found, name) or 0) < FEWEST_SHOWN:
                setattr(found, name, None)
                found.suppressed.append(name)
    return found


async def attach(
    session: AsyncSession,
    actor: Actor,
    contract: Contract,
    storage: Storage,
    *,
    kind: str,
    name: str,
    media_type: str,
    content: bytes,
) -> Document:
    """Keep a file with the contract; the same content twice is one document. Raises `NotYou`."""
    if not permissions.may_attach(actor, contract):
        raise NotYou()
    sha256 = await storage.put(content)
    known = await repository.document(session, contract.id, sha256)
    if known is not None:
        return known
    document = Document(
        contract_id=contract.id,
        kind=kind,
        name=name,
        media_type=media_type,
        size=len(content),
        sha256=sha256,
        uploaded_by=actor.label,
    )
    session.add(document)
    await session.flush()
    await _record(session, actor, contract, "document_attached", name=name, sha256=sha256)
    return document


async def content(
    session: AsyncSession, actor: Actor, contract: Contract, storage: Storage, sha256: str
) -> tuple[Document, bytes]:
    """A document of the contract and what is in it. Raises `NotYou`, `NotFound`."""
    permissions.require_file(actor, contract)
    document = await repository.document(session, contract.id, sha256)
    if document is None:
        raise NotFound()
    return document, await storage.get(sha256)


async def _milestone(session: AsyncSession, contract: Contract, seq: int) -> Milestone:
    milestone = await repository.milestone(session, contract.id, seq)
    if milestone is None:
        raise NotFound()
    if contract.state not in STANDING:
        raise NotNow(_not_running(contract))
    return milestone


def _not_running(contract: Contract) -> Problem:
    return Problem(
        "contract_not_running",
        "合同不在实施中，不能登记。",
        "The contract is not running; nothing can be entered.",
        values={"state": contract.state},
    )


def _log_holds(contract: Contract, draft: ServiceLogDraft, pointer: str) -> list[Problem]:
    broken = []
    if draft.contacts < draft.persons:
        broken.append(
            Problem(
                "contacts_below_persons",
                "人次不得少于新增人数。",
                "There cannot be fewer contacts than persons.",
                f"{pointer}/contacts",
            )
        )
    if not contract.starts_on <= draft.served_on <= clock.today():
        broken.append(
            Problem(
                "served_outside_contract",
                f"服务日期须在 {contract.starts_on} 至今天之间。",
                f"The day of service must lie between {contract.starts_on} and today.",
                f"{pointer}/served_on",
            )
        )
    return broken


async def _record(
    session: AsyncSession, actor: Actor, contract: Contract, event: str, **change: object
) -> None:
    told = audience(contract)
    inside = journal.Audience(told.area_path, told.party_ids, journal.PARTIES)
    await journal.record(
        session,
        actor,
        journal.Event("contract", contract.id, event, inside, number=contract.number, change=dict(change)),
    )
