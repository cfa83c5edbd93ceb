"""All SQL of contracts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import TrancheTrigger
from app.contracts import permissions
from app.contracts.models import (
    ENDED,
    Amendment,
    AmendmentState,
    Contract,
    ContractState,
    Document,
    Milestone,
    Payment,
    ServiceLog,
    ServiceVoiding,
    Signature,
    Tranche,
)
from app.contracts.rules import Qualified
from app.funding.models import Allocation, FundingLine, YearSource
from app.kernel.actor import Actor
from app.kernel.clock import CHINA
from app.kernel.lifecycle import hold
from app.negotiations.models import Award, AwardState
from app.negotiations.permissions import awards_visible_to
from app.organizations.models import Organization
from app.parties.models import Party
from app.projects.models import Project


async def standing(session: AsyncSession, contract: Contract) -> tuple[bool, int | None]:
    """What a signature leans on: whether the award is active, and the budget. No statement where both are locked already."""
    award = await session.get(Award, contract.award_id)
    project = await session.get(Project, contract.project_id)
    assert award is not None and project is not None
    return award.state == AwardState.ACTIVE, project.budget_fen


async def qualified(session: AsyncSession, project_id: UUID, supplier_id: UUID) -> Qualified:
    """What the project asks and the supplier holds. No statement where both rows are held already."""
    project = await session.get(Project, project_id)
    if project is None or not project.required_qualifications:
        return Qualified()
    supplier = await session.get(Organization, supplier_id)
    return Qualified(project.required_qualifications, supplier.qualifications if supplier else ())


async def qualifications_of(
    session: AsyncSession, suppliers: Iterable[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """What some suppliers hold now; no statement for none."""
    wanted = set(suppliers)
    if not wanted:
        return {}
    rows = await session.execute(
        select(Organization.id, Organization.qualifications).where(Organization.id.in_(wanted))
    )
    return {row.id: row.qualifications for row in rows}


async def visible(session: AsyncSession, actor: Actor, ref: UUID | str) -> Contract | None:
    column = Contract.id if isinstance(ref, UUID) else Contract.number
    # A number is unique within its edition: the newest one is meant.
    query = select(Contract).where(column == ref, permissions.visible_to(actor))
    return await session.scalar(query.order_by(Contract.id.desc()).limit(1))


async def visible_to_move(session: AsyncSession, actor: Actor, ref: UUID | str) -> Contract | None:
    """The same contract with its project, its award and itself locked, in that order."""
    column = Contract.id if isinstance(ref, UUID) else Contract.number
    query = select(Contract.id).where(column == ref, permissions.visible_to(actor))
    return await locked(session, query.order_by(Contract.id.desc()).limit(1).scalar_subquery())


async def locked(session: AsyncSession, contract_id: Any) -> Contract | None:
    """A contract with its project, its award and itself locked, in that order."""
    row = (
        await session.execute(
            select(Contract, Award, Project)
            .join(Award, Award.id == Contract.award_id)
            .join(Project, Project.id == Contract.project_id)
            .where(Contract.id == contract_id)
            .with_for_update(of=[Project, Award, Contract])
            .execution_options(populate_existing=True)
        )
    ).one_or_none()
    if row is None:
        return None
    for thing in row:
        hold(session, thing)
    found: Contract = row[0]
    return found


async def state_of(session: AsyncSession, contract_id: UUID) -> str:
    found = await session.scalar(select(Contract.state).where(Contract.id == contract_id))
    return found or ""


async def by_id(session: AsyncSession, contract_id: UUID) -> Contract | None:
    return await session.get(Contract, contract_id)


async def visible_award(session: AsyncSession, actor: Actor, award_id: UUID) -> Award | None:
    return await session.scalar(select(Award).where(Award.id == award_id, awards_visible_to(actor)))


async def parties(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, Party]:
    return {party.id: party for party in await session.scalars(select(Party).where(Party.id.in_(ids)))}


async def buyer_of(session: AsyncSession, project_id: UUID) -> tuple[UUID, str]:
    row = (
        await session.execute(
            select(Project.buyer_id, Project.street_path, Project.area_path, Party.area_path.label("office"))
            .join(Party, Party.id == Project.buyer_id)
            .where(Project.id == project_id)
        )
    ).one()
    return row.buyer_id, row.office or row.street_path or row.area_path


async def hold_supplier(session: AsyncSession, supplier_id: UUID) -> None:
    """Lock the organization's row: its standing and capacity do not change until the transaction ends."""
    query = select(Organization).where(Organization.id == supplier_id).with_for_update()
    found = await session.scalar(query, execution_options={"populate_existing": True})
    if found is not None:
        hold(session, found)


async def funders(session: AsyncSession, project_id: UUID) -> Sequence[UUID]:
    """Parties whose money is committed to the project."""
    found = await session.scalars(
        select(YearSource.funder_id)
        .join(FundingLine, FundingLine.source_id == YearSource.id)
        .join(Allocation, Allocation.line_id == FundingLine.id)
        .where(Allocation.project_id == project_id, YearSource.funder_id.is_not(None))
    )
    return [funder for funder in found if funder is not None]


def contracts(actor: Actor, filters: Iterable[Any] = ()) -> Select[Contract]:
    return select(Contract).where(permissions.visible_to(actor), *filters)


def filters(
    *,
    states: Sequence[ContractState] | None = None,
    edition: str | None = None,
    project_id: UUID | None = None,
    supplier_id: UUID | None = None,
    buyer_id: UUID | None = None,
    category: str | None = None,
    area: str | None = None,
    signed_from: date | None = None,
    q: str | None = None,
) -> list[ColumnElement[bool]]:
    """The conditions of a list, one for each filter that is given."""
    found: list[ColumnElement[bool]] = []
    equal = {
        Contract.edition_code: edition,
        Contract.project_id: project_id,
        Contract.supplier_id: supplier_id,
        Contract.buyer_id: buyer_id,
        Contract.category: category,
    }
    found += [column == value for column, value in equal.items() if value is not None]
    if states:
        found.append(Contract.state.in_(states))
    if area:
        found.append(
            or_(Contract.area_path == area, Contract.area_path.startswith(area + "/", autoescape=True))
        )
    if signed_from:
        found.append(Contract.signed_at >= datetime.combine(signed_from, time(), CHINA))
    if q:
        found.append(Contract.found_by(q))
    return found


async def of_project(session: AsyncSession, project_id: UUID) -> Sequence[Contract]:
    found = await session.scalars(select(Contract).where(Contract.project_id == project_id))
    return found.all()


async def signatures(session: AsyncSession, contract_ids: Sequence[UUID]) -> Sequence[Signature]:
    found = await session.scalars(
        select(Signature).where(Signature.contract_id.in_(contract_ids)).order_by(Signature.id)
    )
    return found.all()


async def drop_signatures(session: AsyncSession, contract_id: UUID) -> None:
    await session.execute(delete(Signature).where(Signature.contract_id == contract_id))


async def tranches(session: AsyncSession, contract_ids: Sequence[UUID]) -> Sequence[Tranche]:
    found = await session.scalars(
        select(Tranche)
        .where(Tranche.contract_id.in_(contract_ids))
        .order_by(Tranche.contract_id, Tranche.seq)
        .execution_options(populate_existing=True)
    )
    return found.all()


async def drop_plan(session: AsyncSession, contract_id: UUID) -> None:
    await session.execute(delete(Tranche).where(Tranche.contract_id == contract_id))


async def drop_milestones(session: AsyncSession, contract_id: UUID) -> None:
    await session.execute(delete(Milestone).where(Milestone.contract_id == contract_id))


async def payments(session: AsyncSession, contract_id: UUID) -> Sequence[tuple[Payment, int | None]]:
    rows = await session.execute(
        select(Payment, Tranche.seq)
        .outerjoin(Tranche, Tranche.id == Payment.tranche_id)
        .where(Payment.contract_id == contract_id)
        .order_by(Payment.id)
    )
    return [(row[0], row[1]) for row in rows]


async def milestones(session: AsyncSession, contract_id: UUID) -> Sequence[Milestone]:
    found = await session.scalars(
        select(Milestone).where(Milestone.contract_id == contract_id).order_by(Milestone.seq)
    )
    return found.all()


async def milestone(session: AsyncSession, contract_id: UUID, seq: int) -> Milestone | None:
    return await session.scalar(
        select(Milestone)
        .where(Milestone.contract_id == contract_id, Milestone.seq == seq)
        .with_for_update()
        .execution_options(populate_existing=True)
    )


async def amendments(session: AsyncSession, contract_id: UUID) -> Sequence[Amendment]:
    found = await session.scalars(
        select(Amendment).where(Amendment.contract_id == contract_id).order_by(Amendment.seq)
    )
    return found.all()


async def amendment(session: AsyncSession, contract_id: UUID, seq: int) -> Amendment | None:
    return await session.scalar(
        select(Amendment).where(Amendment.contract_id == contract_id, Amendment.seq == seq)
    )


async def open_amendment(session: AsyncSession, contract_id: UUID) -> Amendment | None:
    return await session.scalar(
        select(Amendment).where(
            Amendment.contract_id == contract_id, Amendment.state == AmendmentState.PROPOSED
        )
    )


async def documents(session: AsyncSession, contract_id: UUID) -> Sequence[Document]:
    found = await session.scalars(
        select(Document).where(Document.contract_id == contract_id).order_by(Document.id)
    )
    return found.all()


async def document(session: AsyncSession, contract_id: UUID, sha256: str) -> Document | None:
    return await session.scalar(
        select(Document).where(Document.contract_id == contract_id, Document.sha256 == sha256)
    )


def logs(contract_id: UUID) -> Select[ServiceLog]:
    return select(ServiceLog).where(ServiceLog.contract_id == contract_id)


async def log_entry(session: AsyncSession, contract_id: UUID, log_id: UUID) -> ServiceLog | None:
    return await session.scalar(
        select(ServiceLog)
        .where(ServiceLog.contract_id == contract_id, ServiceLog.id == log_id)
        .with_for_update()
    )


async def voidings(session: AsyncSession, log_ids: Sequence[UUID]) -> dict[UUID, ServiceVoiding]:
    """Which of the entries are voided, and why."""
    found = await session.scalars(select(ServiceVoiding).where(ServiceVoiding.log_id.in_(log_ids)))
    return {voiding.log_id: voiding for voiding in found}


@dataclass(frozen=True, slots=True)
class LogTotals:
    """Sums of the entries of a service log that stand, and their counts by (measure, method)."""

    entries: int
    hours: Decimal
    persons: int
    contacts: int
    counted: dict[tuple[str, str | None], int]


async def log_totals(session: AsyncSession, contract_id: UUID) -> LogTotals:
    rows = (
        await session.execute(
            select(
                ServiceLog.method,
                func.count(),
                func.sum(ServiceLog.hours),
                func.sum(ServiceLog.persons),
                func.sum(ServiceLog.contacts),
            )
            .where(ServiceLog.contract_id == contract_id, ServiceLog.stands())
            .group_by(ServiceLog.method)
        )
    ).all()
    counted: dict[tuple[str, str | None], int] = {}
    for method, entries, _, persons, contacts in rows:
        for measure, count in (("entries", entries), ("persons", persons), ("contacts", contacts)):
            counted[measure, method] = int(count)
            counted[measure, None] = counted.get((measure, None), 0) + int(count)
    hours = sum((row[2] for row in rows), Decimal())
    whole = [counted.get((measure, None), 0) for measure in ("entries", "persons", "contacts")]
    return LogTotals(whole[0], hours, whole[1], whole[2], counted)


async def late_for_midterm(session: AsyncSession, today: date) -> Sequence[Contract]:
    """Contracts in delivery whose mid-term day has passed with no result, and whose payment still runs."""
    has_midterm = (
        select(Tranche.id)
        .where(Tranche.contract_id == Contract.id, Tranche.trigger == TrancheTrigger.MIDTERM_PASSED)
        .exists()
    )
    found = await session.scalars(
        select(Contract)
        .where(
            Contract.state == ContractState.IN_DELIVERY,
            Contract.midterm_passed_at.is_(None),
            Contract.midterm_due_on < today,
            Contract.payment_stopped.is_(None),
            has_midterm,
        )
        .order_by(Contract.id)
        .with_for_update(skip_locked=True)
    )
    return found.all()


async def waiting(session: AsyncSession, actor: Actor) -> Sequence[Contract]:
    """Contracts of the actor that have not ended."""
    found = await session.scalars(
        select(Contract)
        .where(
            permissions.own(actor),
            Contract.state.not_in((*ENDED, ContractState.CLOSED)),
        )
        .order_by(Contract.id)
        .limit(200)
    )
    return found.all()
