"""Acts on fairs: plan, set up, list projects, check in."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.editions import service as editions
from app.fairs import permissions, repository, rules
from app.fairs.lifecycle import LIFECYCLE
from app.fairs.models import Booth, CheckIn, Fair
from app.fairs.schemas import BoothDraft, BoothView, FairDraft, FairView, ListingsDraft
from app.kernel import clock, journal
from app.kernel.actor import Actor
from app.kernel.errors import Malformed, NotFound, NotNow, NotYou, Problem, raise_all
from app.kernel.ids import take_numbers
from app.kernel.lifecycle import lock, move

BOOTH_TAKEN = Problem(
    "booth_taken",
    "展位编号重复，或该单位在本会场已有展位。",
    "A booth label is used twice, or the party has a booth at this fair already.",
    "/booths",
)


async def create(session: AsyncSession, actor: Actor, draft: FairDraft) -> Fair:
    """Plan a fair of an edition. Raises `NotYou`, `NotFound` (edition), `Malformed` (days)."""
    if not permissions.may_plan(actor, draft.area_path):
        raise NotYou()
    raise_all(rules.days_in_order(draft.opens_on, draft.closes_on), Malformed)
    edition = await editions.get(session, draft.edition)
    number = (await take_numbers(session, f"fair:{edition.code}"))[0]
    fair = Fair(
        number=f"FAIR{edition.code}-{number:02d}",
        edition_code=edition.code,
        state=LIFECYCLE.initial,
        **draft.model_dump(exclude={"edition"}),
    )
    session.add(fair)
    await session.flush()
    await journal.record(session, actor, _event(fair, "planned"))
    return fair


async def get(session: AsyncSession, ref: str | UUID) -> Fair:
    """One fair by UUID or number; everyone may see it. Raises `NotFound`."""
    found = await repository.fair(session, ref)
    if found is None:
        raise NotFound()
    return found


async def set_up(
    session: AsyncSession, actor: Actor, fair: Fair, drafts: Sequence[BoothDraft]
) -> list[Booth]:
    """Add booths, all or none. Raises `NotYou`, `NotNow` (fair over, label or party taken)."""
    if not permissions.may_run(actor, fair):
        raise NotYou()
    await lock(session, fair)
    raise_all(rules.is_not_over(fair))
    booths = [Booth(fair_id=fair.id, **draft.model_dump()) for draft in drafts]
    try:
        async with journal.attempt(session):
            session.add_all(booths)
    except IntegrityError:
        raise NotNow(BOOTH_TAKEN) from None
    await journal.record(session, actor, _event(fair, "booths_set_up", {"booths": len(booths)}))
    return booths


async def list_projects(session: AsyncSession, actor: Actor, fair: Fair, draft: ListingsDraft) -> int:
    """Show published projects at the fair; how many are new. What is not published is never shown."""
    if not permissions.may_run(actor, fair):
        raise NotYou()
    await lock(session, fair)
    raise_all(rules.is_not_over(fair))
    listed = await repository.list_projects(session, fair, None if draft.all_published else draft.project_ids)
    if listed:
        await journal.record(session, actor, _event(fair, "projects_listed", {"projects": listed}))
    return listed


async def check_in(session: AsyncSession, actor: Actor, fair: Fair, party_id: UUID) -> CheckIn:
    """A party has come; coming twice on one day changes nothing. Raises `NotYou`, `NotNow` (not held today)."""
    if not permissions.may_run(actor, fair) and party_id not in actor.party_ids:
        raise NotYou()
    raise_all(rules.is_held_today(fair, clock.today()))
    found, new = await repository.check_in(session, fair, party_id, clock.today(), actor.label)
    if new:
        audience = journal.Audience(fair.area_path, (party_id,), journal.PARTIES)
        change = {"party_id": str(party_id)}
        told = journal.Event("fair", fair.id, "checked_in", audience, fair.number, change=change)
        await journal.record(session, actor, told)
    return found


async def transition(session: AsyncSession, actor: Actor, fair: Fair, event: str, note: str | None) -> Fair:
    await move(session, LIFECYCLE, fair, event, actor, note)
    return fair


async def views(session: AsyncSession, fairs: Sequence[Fair]) -> list[FairView]:
    """Fairs with their counts, in one statement."""
    counted = await repository.counts(session, [fair.id for fair in fairs], clock.today())
    return [
        FairView(
            edition=fair.edition_code,
            booths=counted[fair.id][0],
            listed_projects=counted[fair.id][1],
            checked_in_today=counted[fair.id][2],
            **{name: getattr(fair, name) for name in _PLAIN},
        )
        for fair in fairs
    ]


_PLAIN = (
    "id", "number", "name", "venue", "address", "area_path", "opens_on", "closes_on", "state", "version",
)  # fmt: skip


async def booth_views(session: AsyncSession, booths: Sequence[Booth]) -> list[BoothView]:
    return [BoothView.model_validate(booth) for booth in booths]


def _event(fair: Fair, event: str, change: dict[str, object] | None = None) -> journal.Event:
    audience = journal.Audience(fair.area_path, level=journal.PUBLIC)
    return journal.Event("fair", fair.id, event, audience, fair.number, change=change or {})
