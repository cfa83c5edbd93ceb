"""What people do on the day of the fair, each as one act of the services."""

from app.fairs import service as fairs
from app.fairs.models import Fair
from app.fairs.schemas import ListingsDraft
from app.kernel.actor import machine
from app.kernel.errors import NotNow, Problem
from app.timetables import planning, service
from app.timetables.models import Meeting
from app.timetables.schemas import AbsenceDraft, SeatDraft
from tests.invariants.world import Act, Turn


async def _fair(turn: Turn) -> Fair:
    """The one fair there is, with all that is published in it."""
    fair = await fairs.get(turn.session, await turn.one("SELECT id FROM fairs ORDER BY number LIMIT 1"))
    await fairs.list_projects(turn.session, machine("test"), fair, ListingsDraft(all_published=True))
    return fair


async def _slot(turn: Turn) -> str:
    """A slot by the dice, the last ones first."""
    sql = "SELECT id FROM meeting_slots ORDER BY starts_at DESC OFFSET :place LIMIT 1"
    return str(await turn.one(sql, place=turn.throw(6)))


async def _table(turn: Turn) -> str:
    return str(
        await turn.one("SELECT id FROM meeting_tables ORDER BY no OFFSET :place LIMIT 1", place=turn.throw(2))
    )


async def take_seat(turn: Turn) -> None:
    fair = await _fair(turn)
    intent = await turn.one(
        "SELECT id FROM intents WHERE project_id = :project AND organization_id = :organization"
        " ORDER BY created_at DESC, id DESC LIMIT 1"
    )
    slot, table, pinned = await _slot(turn), await _table(turn), turn.throw(2) == 1
    draft = SeatDraft.model_validate(
        {"intent": str(intent), "slot_id": slot, "table_id": table, "pinned": pinned}
    )
    await service.seat(turn.session, turn.actor, fair, draft)


async def _meeting(turn: Turn, fair: Fair) -> Meeting:
    newest = await turn.one(
        "SELECT id FROM meetings WHERE project_id = :project AND organization_id = :organization"
        " ORDER BY number DESC LIMIT 1"
    )
    return await service.get(turn.session, turn.actor, fair, newest)


def meeting_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        fair = await _fair(turn)
        meeting = await _meeting(turn, fair)
        data = {}
        if event == "move":
            data = {"slot_id": await _slot(turn), "table_id": await _table(turn)}
        elif event == "miss":
            data = {"by": ("buyer", "organization", "both")[turn.throw(3)]}
        await service.transition(turn.session, turn.actor, fair, meeting, event, "说明理由", data)

    return act


async def promise(turn: Turn) -> None:
    fair = await _fair(turn)
    await turn.one(
        "INSERT INTO accounts (id, name, label, version, created_at, updated_at)"
        " VALUES (:id, :name, :name, 1, now(), now()) ON CONFLICT (id) DO UPDATE SET label = :name RETURNING id",
        id=turn.actor.account_id,
        name=str(turn.actor.account_id),
    )
    await service.promise(turn.session, turn.actor, fair, await _meeting(turn, fair))


async def plan_day(turn: Turn) -> None:
    """What the job of a plan does, when the operator may ask for it."""
    fair = await _fair(turn)
    question = await planning.read(turn.session, fair)
    if turn.actor.roles & {"fair_operator", "city_bureau"}:
        try:
            await planning.store(turn.session, fair, question, planning.answered(question, turn.throw(9), 1))
        except planning.Changed:  # somebody was faster: the job gives up its transaction and asks anew
            raise NotNow(Problem("plan_outdated", "情况已变化。", "Things have changed.")) from None


async def excuse(turn: Turn) -> None:
    fair = await _fair(turn)
    draft = AbsenceDraft.model_validate({"party_id": turn.organization_id, "slot_ids": [await _slot(turn)]})
    await service.excuse(turn.session, turn.actor, fair, draft)
