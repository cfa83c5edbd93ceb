"""Acts on donations: offer, receive, use for a project, take a use back, report, forget the donor."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app.areas import service as areas
from app.catalogue.codes import DonationKind
from app.donations import permissions, repository, rules
from app.donations.lifecycle import LIFECYCLE, audience
from app.donations.models import Donation, DonationState, DonationUse
from app.donations.schemas import DonationDraft, DonationView, Received, Reversal, UseDraft, UseView
from app.kernel import clock, journal
from app.kernel.actor import Actor, machine
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import reference, take_numbers
from app.kernel.lifecycle import Choice, data_as, lock, move
from app.kernel.money import FEN, yuan
from app.kernel.tasks import Task
from app.parties import service as parties
from app.projects import service as projects

SOON_DAYS = 30
AREA_UNKNOWN = Problem("area_unknown", "没有这个区域。", "There is no such area.", "/area_path")
TAKEN_BACK = Problem("use_taken_back", "该笔使用已冲回。", "This use has been taken back already.", "/use_id")


async def offer_many(session: AsyncSession, actor: Actor, drafts: Sequence[DonationDraft]) -> list[Donation]:
    """Enter offers. Raises `NotYou`, `Malformed` (area, or a purpose that contradicts itself), `NotFound` (donor, project)."""
    known = await areas.known_paths(session, {draft.area_path for draft in drafts})
    raise_all((AREA_UNKNOWN for draft in drafts if draft.area_path not in known), Malformed)
    numbers = await take_numbers(session, "donation", len(drafts))
    donations = [
        await _offered(session, actor, draft, f"NJ-JZ-{number:06d}")
        for number, draft in zip(numbers, drafts, strict=True)
    ]
    session.add_all(donations)
    await session.flush()
    for donation in donations:
        facts = {"kind": donation.kind, "title": donation.title, "offered": _told(donation, donation.offered)}
        await _record(session, actor, donation, "offered", facts)
    return donations


async def offer(session: AsyncSession, actor: Actor, draft: DonationDraft) -> Donation:
    return (await offer_many(session, actor, [draft]))[0]


async def _offered(session: AsyncSession, actor: Actor, draft: DonationDraft, number: str) -> Donation:
    facts = draft.model_dump(exclude={"amount", "purpose_project"})
    donation = Donation(
        **facts | {"value_fen": draft.amount if draft.kind == DonationKind.MONEY else draft.value_fen},
        number=number,
        offered=draft.amount,
        received=0,
        used=0,
        state=LIFECYCLE.initial,
    )
    if not permissions.may_enter(actor, donation):
        raise NotYou()
    if donation.donor_id is not None:
        await parties.get(session, actor, donation.donor_id)
    if draft.purpose_project is not None:
        project = await projects.get(session, actor, draft.purpose_project)
        raise_all((p.at("/purpose_project") for p in rules.for_its_purpose(donation, project)), Malformed)
        donation.purpose_project_id = project.id
    return donation


async def get(session: AsyncSession, actor: Actor, ref: UUID | str) -> Donation:
    """One donation by id or number. Raises `NotFound` when it is not there or not visible."""
    found = await repository.visible(session, actor, reference(ref))
    if found is None:
        raise NotFound()
    return found


async def views(session: AsyncSession, actor: Actor, donations: Sequence[Donation]) -> list[DonationView]:
    """Donations as this reader may see them, in one statement: a donor who wished to stay unnamed is told to the keepers alone."""
    told = {donation.id for donation in donations if permissions.sees_donor(actor, donation)}
    names = await parties.names(session, [d.donor_id for d in donations if d.id in told])
    same = [name for name in DonationView.model_fields if hasattr(Donation, name) and name != "donor_id"]
    return [
        DonationView.model_validate(
            {name: getattr(d, name) for name in same}
            | {
                "donor_id": d.donor_id if d.id in told else None,
                "donor": (names.get(d.donor_id) if d.donor_id else d.donor_name) if d.id in told else None,
            },
            context=FEN,
        )
        for d in donations
    ]


async def choices(session: AsyncSession, actor: Actor, donation: Donation) -> list[Choice]:
    return await LIFECYCLE.choices(session, donation, actor)


async def transition(
    session: AsyncSession,
    actor: Actor,
    donation: Donation,
    event: str,
    note: str | None,
    data: Mapping[str, Any],
) -> Donation:
    """Receive, withdraw, or report and close."""
    values: dict[str, Any] = {}
    change: dict[str, Any] = {}
    if event == "receive":
        came = data_as(Received, data).amount or donation.offered
        values = {"received": came}
        if donation.kind == DonationKind.MONEY:
            values["value_fen"] = came
        change = {"received": _told(donation, came)}
    elif event == "close":
        values = {"report": note}
    line = LIFECYCLE.line(donation.state, event)
    hand = _hand(actor, donation)
    if hand is not actor and line is not None and not line.who(actor, donation):
        raise NotYou()
    await move(session, LIFECYCLE, donation, event, hand, note, values=values, change=change)
    return donation


async def use(session: AsyncSession, actor: Actor, donation: Donation, draft: UseDraft) -> DonationUse:
    """Enter what of a donation went to a project. Raises `NotYou`, `NotFound` (project), `NotNow` with every reason.

    The project is locked, then the donation: of two who use the last of it at once, one is told that it is gone.
    """
    if not permissions.keeps(actor, donation):
        raise NotYou()
    seen = await projects.get(session, actor, draft.project)
    project = await projects.locked(session, seen.id)
    await lock(session, donation)
    today = clock.today()
    used_on = draft.used_on or today
    raise_all(rules.may_be_used(donation, project, draft.amount, used_on, today))
    entry = DonationUse(
        donation_id=donation.id,
        project_id=project.id,
        project_number=project.number,
        category=project.category,
        amount=draft.amount,
        used_on=used_on,
        note=draft.note,
        entered_by=actor.account_id,
    )
    return await _enter(session, actor, donation, entry, "used")


async def take_back(
    session: AsyncSession, actor: Actor, donation: Donation, use_id: UUID, wanted: Reversal
) -> DonationUse:
    """Undo a use that was entered in error, by a further row. Raises `NotYou`, `NotFound`, `NotNow` (undone, or closed)."""
    if not permissions.keeps(actor, donation):
        raise NotYou()
    await lock(session, donation)
    entry = await repository.use(session, donation.id, use_id)
    if entry is None:
        raise NotFound()
    if donation.state != DonationState.RECEIVED or await repository.reversed_already(session, use_id):
        raise NotNow(TAKEN_BACK)
    undone = DonationUse(
        donation_id=donation.id,
        project_id=entry.project_id,
        project_number=entry.project_number,
        category=entry.category,
        amount=-entry.amount,
        used_on=clock.today(),
        note=wanted.note,
        reverses_id=entry.id,
        entered_by=actor.account_id,
    )
    return await _enter(session, actor, donation, undone, "use_taken_back")


async def _enter(
    session: AsyncSession, actor: Actor, donation: Donation, entry: DonationUse, event: str
) -> DonationUse:
    donation.used += entry.amount
    session.add(entry)
    await session.flush()
    facts = {"project": entry.project_number, "amount": _told(donation, entry.amount), "note": entry.note}
    await _record(session, actor, donation, event, facts)
    return entry


async def forget_donor(session: AsyncSession, actor: Actor, donation: Donation) -> Donation:
    """Erase who gave, when the donor asks for it or the keeper no longer needs to know. The donation stays, anonymous."""
    if not permissions.may_enter(actor, donation):
        raise NotYou()
    await lock(session, donation)
    hand = _hand(actor, donation)
    donation.donor_id = donation.donor_name = None
    donation.anonymous = True
    await session.flush()
    await _record(session, hand, donation, "donor_forgotten", {})
    return donation


async def use_views(session: AsyncSession, uses: Sequence[DonationUse]) -> list[UseView]:
    return [UseView.model_validate(entry) for entry in uses]


async def tasks(session: AsyncSession, actor: Actor) -> list[Task]:
    """Offers that wait to be received, what must be used before it expires, and what is to be reported on."""
    soon = clock.today() + timedelta(days=SOON_DAYS)
    found = []
    for donation in await repository.waiting(session, actor, soon):
        if donation.state == DonationState.OFFERED:
            kind, zh, en = "receive_donation", "接收捐赠", "receive the donation"
        elif donation.free and donation.valid_to and donation.valid_to >= clock.today():
            kind, zh, en = "use_donation", "捐赠即将到期，请安排使用", "use the donation before it expires"
        else:
            kind, zh, en = "report_donation", "公示捐赠使用结果", "report what became of the donation"
        due = (
            datetime.combine(donation.valid_to, time(23, 59, 59), clock.CHINA) if donation.valid_to else None
        )
        href = f"/api/v1/donations/{donation.number}"
        found.append(Task(kind, "donation", donation.id, donation.number, donation.title, zh, en, href, due))
    return found


def _hand(actor: Actor, donation: Donation) -> Actor:
    """Who acts, as the journal may say it: an anonymous donor acts as nobody in particular."""
    if donation.anonymous and permissions.is_donor(actor, donation):
        return machine("donor")
    return actor


def _told(donation: Donation, amount: int) -> str:
    return f"{yuan(amount)} {donation.unit}"


async def _record(
    session: AsyncSession, actor: Actor, donation: Donation, event: str, change: dict[str, Any]
) -> None:
    told = audience(donation)
    entry = journal.Event("donation", donation.id, event, told, number=donation.number, change=change)
    await journal.record(session, _hand(actor, donation), entry)
