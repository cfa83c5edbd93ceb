"""The open door of volunteers: enter them, call them, forget them. Hours: `recording`. Time accounts: `accounts`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.contracts import service as contracts
from app.contracts.models import ContractState
from app.identity.masking import masked_name
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import reference, take_numbers
from app.kernel.tasks import Task
from app.parties import service as parties
from app.parties.models import PartyKind
from app.volunteers import accounts, permissions, repository, rules
from app.volunteers.models import Activity, Volunteer
from app.volunteers.schemas import (
    ActivityDraft,
    ActivityView,
    VolunteerChange,
    VolunteerDraft,
    VolunteerView,
)

RUNNING = (ContractState.ACTIVE, ContractState.IN_DELIVERY)
NOT_AN_ORGANIZATION = Problem(
    "not_an_organization",
    "志愿者由社会组织登记，此处不是社会组织。",
    "Volunteers are entered by an organization, and this is none.",
    "/organization_id",
)
CONSENT_AHEAD = Problem(
    "consent_ahead", "同意日期不得晚于今天。", "The consent cannot lie ahead.", "/consented_on"
)
ANOTHERS_CONTRACT = Problem(
    "not_the_supplier",
    "该合同由其他机构承接，或不在履行中。",
    "The contract is another organization's, or is not running.",
    "/contract",
)
ACCOUNT_KNOWN = Problem(
    "account_known", "该志愿者已有账号。", "This volunteer has an account already.", "/account_id"
)


async def register_many(
    session: AsyncSession, actor: Actor, drafts: Sequence[VolunteerDraft]
) -> list[Volunteer]:
    """Enter volunteers under a number each. Raises `NotYou`, `Malformed`; `NotFound` for an unknown organization."""
    if not all(permissions.may_register(actor, d.organization_id, d.account_id) for d in drafts):
        raise NotYou()
    raise_all((CONSENT_AHEAD for d in drafts if d.consented_on > clock.today()), Malformed)
    organizations = {draft.organization_id for draft in drafts}
    areas = {one: await _area_of(session, actor, one) for one in organizations}
    taken = await take_numbers(session, "volunteer", len(drafts))
    entered = [
        Volunteer(**draft.model_dump(), number=f"NJ-ZY-{number:06d}", area_path=areas[draft.organization_id])
        for number, draft in zip(taken, drafts, strict=True)
    ]
    session.add_all(entered)
    await session.flush()
    await journal.record(session, actor, *(_event(volunteer, "registered") for volunteer in entered))
    return entered


async def register(session: AsyncSession, actor: Actor, draft: VolunteerDraft) -> Volunteer:
    return (await register_many(session, actor, [draft]))[0]


async def get(session: AsyncSession, actor: Actor, ref: UUID | str) -> Volunteer:
    """One volunteer by id or number. Raises `NotFound` when not there or not visible."""
    found = await repository.visible(session, actor, reference(ref))
    if found is None:
        raise NotFound()
    return found


async def change(
    session: AsyncSession, actor: Actor, volunteer: Volunteer, wanted: VolunteerChange
) -> Volunteer:
    """Another name, or the account of somebody who had none. Raises `NotYou`, `NotNow`: nobody's own hours, not even afterwards."""
    if not permissions.may_change(actor, volunteer):
        raise NotYou()
    await repository.locked(session, [volunteer.id])
    raise_all([] if volunteer.erased_at is None else [rules.LEFT])
    if wanted.account_id is not None and wanted.account_id != volunteer.account_id:
        if volunteer.account_id is not None:
            raise NotNow(ACCOUNT_KNOWN)
        if await repository.judged_or_entered(session, volunteer.id, wanted.account_id):
            raise NotNow(rules.OWN_HOURS)
        volunteer.account_id = wanted.account_id
    if wanted.display_name is not None:
        volunteer.display_name = wanted.display_name
    await session.flush()
    fields = sorted(wanted.model_fields_set)
    await journal.record(session, actor, _event(volunteer, "changed", {"fields": fields}))
    return volunteer


async def erase(session: AsyncSession, actor: Actor, volunteer: Volunteer) -> Volunteer:
    """Forget the person: name and account go, time left goes on to all, the hours stay under the number alone. Once is enough."""
    if not permissions.may_erase(actor, volunteer):
        raise NotYou()
    await repository.locked(session, [volunteer.id])
    if volunteer.erased_at is not None:
        return volunteer
    await accounts.leave(session, actor, volunteer)
    volunteer.display_name = volunteer.account_id = None
    volunteer.erased_at = clock.now()
    await session.flush()
    await journal.record(session, actor, _event(volunteer, "erased"))
    return volunteer


async def views(session: AsyncSession, actor: Actor, volunteers: Sequence[Volunteer]) -> list[VolunteerView]:
    """Volunteers with what they gave and what their account holds, as this reader may see them: three statements."""
    ids = [volunteer.id for volunteer in volunteers]
    names = await parties.names(session, [volunteer.organization_id for volunteer in volunteers])
    last = await repository.last_entries(session, ids)
    given = await repository.given(session, ids)
    shown = []
    for volunteer in volunteers:
        named = permissions.sees_name(actor, volunteer)
        gave = given.get(volunteer.id, repository.Given())
        shown.append(
            VolunteerView(
                id=volunteer.id,
                number=volunteer.number,
                kind=volunteer.kind,
                display_name=volunteer.display_name if named else masked_name(volunteer.display_name),
                name_shown=named,
                organization_id=volunteer.organization_id,
                organization=names[volunteer.organization_id],
                area_path=volunteer.area_path,
                verified_hours=rules.hours(gave.verified),
                balance_hours=rules.hours(last[volunteer.id].balance if volunteer.id in last else 0),
                donated_hours=rules.hours(gave.donated),
                erased=volunteer.erased_at is not None,
                version=volunteer.version,
            )
        )
    return shown


async def call(session: AsyncSession, actor: Actor, draft: ActivityDraft) -> Activity:
    """Call volunteers to an activity of the organization, or of its running contract. Raises `NotYou`, `NotFound`, `NotNow`."""
    if not permissions.works_for(actor, draft.organization_id):
        raise NotYou()
    area_path, contract_id = await _area_of(session, actor, draft.organization_id), None
    if draft.contract is not None:
        contract = await contracts.get(session, actor, draft.contract)
        if contract.supplier_id != draft.organization_id or contract.state not in RUNNING:
            raise NotNow(ANOTHERS_CONTRACT)
        area_path, contract_id = contract.area_path, contract.id
    activity = Activity(
        **draft.model_dump(exclude={"contract"}), contract_id=contract_id, area_path=area_path
    )
    session.add(activity)
    await session.flush()
    told = journal.Audience(area_path, (draft.organization_id,), journal.PUBLIC)
    facts = {"title": activity.title, "contract_id": str(contract_id) if contract_id else None}
    await journal.record(
        session, actor, journal.Event("volunteer_activity", activity.id, "called", told, change=facts)
    )
    return activity


async def activity_views(session: AsyncSession, activities: Sequence[Activity]) -> list[ActivityView]:
    return [ActivityView.model_validate(activity) for activity in activities]


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Hours that wait for this actor's word: entered by somebody else, given by somebody else."""
    if actor.account_id is None:
        return []
    return [
        Task(
            "verify_hours",
            "volunteer_hours",
            record.id,
            number,
            title,
            "核实志愿服务时数（单日超过 8 小时）" if record.long_day else "核实志愿服务时数",
            "verify volunteer hours (more than 8 on one day)"
            if record.long_day
            else "verify volunteer hours",
            f"/api/v1/volunteer-hours/{record.id}",
        )
        for record, number, title in await repository.waiting(session, actor)
        if permissions.may_verify(actor, record)
    ]


async def _area_of(session: AsyncSession, actor: Actor, organization_id: UUID) -> str:
    party = await parties.get(session, actor, organization_id)
    if party.kind != PartyKind.ORGANIZATION:
        raise Malformed(NOT_AN_ORGANIZATION)
    return party.area_path


def _event(volunteer: Volunteer, event: str, change: dict[str, Any] | None = None) -> journal.Event:
    """An entry that names a number, never a person."""
    told = journal.Audience(volunteer.area_path, (volunteer.organization_id,), journal.PARTIES)
    return journal.Event(
        "volunteer",
        volunteer.id,
        event,
        told,
        number=volunteer.number,
        change=change or {"kind": volunteer.kind},
    )
