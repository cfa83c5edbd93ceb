"""The decision: propose, publish the notice, confirm by another person; or cancel and go back to the table.

Locks are taken in one order: project, award, organization.
"""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalogue.codes import ProcurementMethod
from app.editions import service as editions
from app.editions.models import Edition
from app.funding import service as funding
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers, uuid7
from app.kernel.lifecycle import data_as, held, hold, lock, lock_many, move, move_many
from app.matches import service as matches
from app.negotiations import repository, rules
from app.negotiations.lifecycle import AWARDS, INTENTS
from app.negotiations.models import (
    OPEN_INTENTS,
    Award,
    AwardState,
    Channel,
    ConflictStatement,
    Intent,
    IntentState,
)
from app.negotiations.permissions import awards_visible_to, may_decide
from app.negotiations.schemas import AwardDraft, Cancelling, ConflictDraft
from app.negotiations.talks import agreed
from app.organizations import service as organizations
from app.projects import service as projects
from app.projects.models import Project, ProjectState
from app.projects.permissions import may_withdraw

FOLLOWS = machine("negotiations")
"""Signs the moves of other pairs that follow from a decision."""

Target = Literal["negotiating", "published", "withdrawn"]

NO_METHOD = Problem(
    "method_required", "请选择采购方式（method）。", "Name the procurement method.", "/method"
)
CHANNELS = {
    ProcurementMethod.CLAIM: Channel.CLAIM,
    ProcurementMethod.GRANT_ROUND: Channel.GRANT_ROUND,
}
NOT_ACTIVE = Problem(
    "award_not_active", "承接结果尚未确认或已失效。", "The award is not confirmed, or no longer holds."
)


async def get(session: AsyncSession, actor: Actor, ref: str | UUID) -> Award:
    """One award by UUID or number. Raises `NotFound` when it is not there or not the caller's to see."""
    found = await repository.award(session, ref, awards_visible_to(actor))
    if found is None:
        raise NotFound()
    return found


async def decided(session: AsyncSession, actor: Actor, ref: str | UUID) -> Award:
    """One award to decide on, its project locked in the same statement. Raises `NotFound`."""
    found = await repository.award_and_project(session, ref, awards_visible_to(actor))
    if found is None:
        raise NotFound()
    award, project = found
    hold(session, project)
    return award


async def _lock(session: AsyncSession, award: Award) -> Project:
    """The project first, then the award."""
    project = await session.get_one(Project, award.project_id)
    await lock(session, project)
    await lock(session, award)
    return project


async def sign_statement(
    session: AsyncSession, actor: Actor, project: Project, draft: ConflictDraft
) -> ConflictStatement:
    """Sign a statement on conflicts of interest for one project. Raises `NotYou` for who does not decide on it."""
    if actor.account_id is None or not may_decide(actor, project):
        raise NotYou()
    statement = ConflictStatement(
        project_id=project.id,
        account_id=actor.account_id,
        signer=actor.label,
        conflict=draft.conflict,
        relation=draft.relation,
        organization_ids=draft.organizations,
        signed_at=clock.now(),
    )
    session.add(statement)
    await session.flush()
    audience = journal.Audience(project.area_path, level=journal.OFFICIALS)
    change = {"conflict": draft.conflict}
    told = journal.Event(
        "project", project.id, "conflict_statement_signed", audience, project.number, change=change
    )
    await journal.record(session, actor, told)
    return statement


async def propose(session: AsyncSession, actor: Actor, project: Project, draft: AwardDraft) -> Award:
    """Propose to give a project to an organization and reserve its place.

    Raises `NotYou`, `NotFound`, and `NotNow` with everything that stands against it at once.
    """
    if not may_decide(actor, project):
        raise NotYou()
    organization = await organizations.get(session, actor, draft.organization)
    project = await projects.locked(session, project.id)
    await repository.hold_organization(session, organization.id)
    edition = await editions.get(session, project.edition_code)
    method = draft.method or project.procurement_method
    if method is None:
        raise Malformed(NO_METHOD)
    pairs = await repository.of_round(session, project.id, project.round)
    intent = next(
        (i for i in pairs if i.organization_id == organization.id and i.state in OPEN_INTENTS), None
    )
    bidders = len({i.organization_id for i in pairs if i.talked_at is not None})
    case = await _case(session, actor, project, edition, organization.id, intent, draft, method, bidders)
    raise_all(rules.proposal(case))
    assert project.budget_fen is not None
    # The place is taken first: the award's foreign key would share the organization's row, and two who share it
    # and then both ask for it alone would wait for each other.
    award_id = uuid7()
    await organizations.reserve(
        session,
        actor,
        organization_id=organization.id,
        award_id=award_id,
        project_id=project.id,
        buyer_id=project.buyer_id,
        amount_fen=draft.amount_fen,
        category=project.category,
        title=project.title,
        starts_on=project.starts_on,
        ends_on=project.ends_on,
    )
    number = (await take_numbers(session, f"award:{project.id}"))[0]
    award = Award(
        id=award_id,
        number=f"{project.number}-C{number:02d}",
        edition_code=project.edition_code,
        project_id=project.id,
        project_number=project.number,
        project_title=project.title,
        organization_id=organization.id,
        organization_name=organization.name,
        intent_id=intent.id if intent else None,
        area_path=project.area_path,
        round=project.round,
        channel=case.channel,
        method=method,
        amount_fen=draft.amount_fen,
        budget_fen=project.budget_fen,
        reason=draft.reason,
        bidders=bidders,
        scores=[score.model_dump(mode="json") for score in draft.scores],
        proposed_by=actor.account_id,
        proposed_by_label=actor.label,
        recommendation=await matches.place_of(session, project.id, organization.id),
        state=AWARDS.initial,
    )
    session.add(award)
    await session.flush()
    await journal.record(session, actor, _event(award, "proposed", {"method": method, "bidders": bidders}))
    if project.state == ProjectState.PUBLISHED:
        await projects.mark_negotiating(session, actor, project.id, award.number)
    await projects.mark_award_proposed(session, actor, project.id, award.number)
    return award


async def _case(
    session: AsyncSession,
    actor: Actor,
    project: Project,
    edition: Edition,
    organization_id: UUID,
    intent: Intent | None,
    draft: AwardDraft,
    method: str,
    bidders: int,
) -> rules.Proposal:
    allowed = edition.settings.band(draft.amount_fen).methods
    sheet = await repository.newest_sheet(session, intent.id) if intent else None
    statements = await repository.statements(session, project.id, organization_id)
    gates = (await matches.gates(session, [(project.id, organization_id)], clock.today(), edition))[0]
    own = actor.account_id
    return rules.Proposal(
        project_state=project.state,
        budget_fen=project.budget_fen,
        amount_fen=draft.amount_fen,
        agreed_fen=sheet.amount_fen if sheet and agreed(sheet) else None,
        method=method,
        channel=intent.channel if intent else CHANNELS.get(ProcurementMethod(method), Channel.PURCHASE),
        reason=draft.reason,
        intent_state=intent.state if intent else None,
        talked=intent is not None and intent.talked_at is not None,
        bidders=bidders,
        allowed_methods=[m.value for m in allowed],
        least_bidders=allowed.get(ProcurementMethod(method), 1),
        scorers=len({score.expert for score in draft.scores}),
        statement=statements.get(own) if own is not None else False,
        gates=tuple(gates),
    )


async def publish_notice(session: AsyncSession, actor: Actor, award: Award, note: str | None = None) -> Award:
    """Make the award public for the edition's working days."""
    await _lock(session, award)
    settings = (await editions.get(session, award.edition_code)).settings
    today = clock.today()
    last_day = editions.working_days_after(today, settings.notice_working_days)
    change = {
        "organization_id": str(award.organization_id),
        "amount_fen": award.amount_fen,
        "notice_to": str(last_day),
    }
    values = {"notice_from": today, "notice_to": last_day}
    await move(session, AWARDS, award, "publish_notice", actor, note, values=values, change=change)
    await projects.mark_award_notice(session, actor, award.project_id, award.number)
    return award


async def confirm(session: AsyncSession, actor: Actor, award: Award, note: str | None = None) -> Award:
    """Make the award final after its notice: the winner has won, the others are told that they have not."""
    project = await _lock(session, award)
    await repository.hold_organization(session, award.organization_id)
    values = {
        "confirmed_by": actor.account_id,
        "confirmed_by_label": actor.label,
        "confirmed_at": clock.now(),
    }
    await move(session, AWARDS, award, "confirm", actor, note, values=values)
    await projects.mark_awarded(session, actor, project.id, award.number)
    pairs = await repository.open_intents(session, project.id, locked=True)
    for event, won in (("win", True), ("lose", False)):
        some = [intent for intent in pairs if (intent.organization_id == award.organization_id) is won]
        await move_many(session, INTENTS, some, event, FOLLOWS, award.number)
    await _post(session, actor, award, award.amount_fen)
    return award


async def _post(session: AsyncSession, actor: Actor, award: Award, amount_fen: int) -> None:
    # An unpaid need that was claimed moves no money.
    if amount_fen:
        await funding.post(
            session,
            actor,
            funding.Measure.NEGOTIATED,
            project_id=award.project_id,
            amount_fen=amount_fen,
            reference=award.number,
            area_path=award.area_path,
        )


async def cancel(
    session: AsyncSession,
    actor: Actor,
    award: Award,
    event: str = "cancel",
    note: str | None = None,
    to: Target | None = None,
    *,
    owned: bool = False,
) -> Award:
    """End an award with a reason: the place is free again and the project goes back to the table or to the market.

    `to` is 'negotiating', 'published' or 'withdrawn'; left out, negotiations go on while an intent is open.
    """
    project = await _lock(session, award)
    if to == "withdrawn" and not may_withdraw(actor, project):
        raise NotYou()
    was_active = award.state == AwardState.ACTIVE
    await move(session, AWARDS, award, event, actor, note, values={"cancelled_reason": note}, owned=owned)
    await organizations.release(session, actor, award.id, reason=note or event)
    if was_active:
        await _post(session, actor, award, -award.amount_fen)
    if to == "withdrawn":
        # What interest is left ends with the next tick, as that of any project that leaves the market.
        await projects.mark_withdrawn(session, actor, project.id, note)
        return award
    left = await _back_to_table(session, actor, award, gave_up=event == "renounce", was_active=was_active)
    back = to == "negotiating" if to else left > 0
    target: Literal["negotiating", "published"] = "negotiating" if back else "published"
    await projects.mark_award_cancelled(session, actor, award.project_id, award.number, to=target)
    return award


async def _back_to_table(
    session: AsyncSession, actor: Actor, award: Award, *, gave_up: bool, was_active: bool
) -> int:
    """Bring the intents back to where talks can go on; returns how many are open."""
    own = await session.get(Intent, award.intent_id) if award.intent_id else None
    if own is not None and own.state == IntentState.WON:
        await move(session, INTENTS, own, "annul", actor, award.number, owned=True)
    elif own is not None and gave_up and own.state in OPEN_INTENTS:
        await move(session, INTENTS, own, "lose", actor, award.number, owned=True)
    if was_active:
        lost = await repository.lost_to(session, award)
        if lost:
            locked = await lock_many(session, Intent, [intent.id for intent in lost])
            await move_many(session, INTENTS, locked, "reinstate", FOLLOWS, award.number)
    return len(await repository.open_intents(session, award.project_id))


async def transition(
    session: AsyncSession,
    actor: Actor,
    award: Award,
    event: str,
    note: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Award:
    """Dispatch an event of an award to its act."""
    if event == "publish_notice":
        return await publish_notice(session, actor, award, note)
    if event == "confirm":
        return await confirm(session, actor, award, note)
    if event in ("cancel", "renounce"):
        wanted = data_as(Cancelling, data or {})
        return await cancel(session, actor, award, event, note, wanted.to)
    await move(session, AWARDS, award, event, actor, note, data=data)
    return award


async def awarded(session: AsyncSession, award_id: UUID) -> Award:
    """The award, locked, if a contract may rest on it. Raises `NotFound`, `NotNow`."""
    award = held(session, Award, award_id) or await repository.locked_award(session, award_id)
    if award is None:
        raise NotFound()
    hold(session, award)
    if award.state != AwardState.ACTIVE:
        raise NotNow(NOT_ACTIVE)
    return award


async def mark_award_contracted(session: AsyncSession, actor: Actor, award_id: UUID) -> Award:
    """The contract of this award has been signed by all."""
    award = await awarded(session, award_id)
    await move(session, AWARDS, award, "contract", actor, owned=True)
    return award


async def mark_award_cancelled(
    session: AsyncSession, actor: Actor, award_id: UUID, note: str, to: Target | None = None
) -> Award:
    """The contract of this award did not come about."""
    award = await session.get(Award, award_id)
    if award is None:
        raise NotFound()
    return await cancel(session, actor, award, "cancel", note, to, owned=True)


async def challenge_opened(session: AsyncSession, actor: Actor, award_id: UUID, number: str) -> None:
    """A challenge stands against the award: it cannot be confirmed until the challenge is answered."""
    await _challenges(session, actor, award_id, 1, "challenge_opened", number)


async def challenge_closed(session: AsyncSession, actor: Actor, award_id: UUID, number: str) -> None:
    """A challenge has been answered."""
    await _challenges(session, actor, award_id, -1, "challenge_closed", number)


async def _challenges(
    session: AsyncSession, actor: Actor, award_id: UUID, step: int, name: str, number: str
) -> None:
    award = await session.get(Award, award_id)
    if award is None:
        raise NotFound()
    await lock(session, award)
    award.open_challenges += step
    await session.flush()
    await journal.record(session, actor, _event(award, name, {"challenge": number}))


def _event(award: Award, name: str, change: dict[str, Any] | None = None) -> journal.Event:
    return journal.Event(
        "award", award.id, name, AWARDS.audience(award), number=award.number, change=change or {}
    )
