"""What people give besides money that is bought with: hours, and donations. Each is one act of the services."""

from datetime import datetime, time, timedelta

from app.donations import service as donations
from app.donations.models import Donation
from app.donations.schemas import Reversal, UseDraft
from app.kernel import clock
from app.volunteers import accounts, recording
from app.volunteers import service as volunteers
from app.volunteers.models import HourRecord, Volunteer
from app.volunteers.schemas import ActivityDraft, HoursDraft, Spending
from tests.factories.donations import donation_draft
from tests.invariants.world import Act, Turn

XUANWU = "3201/320102"


async def call_volunteers(turn: Turn) -> None:
    running = turn.throw(2) == 1
    contract = await turn.one("SELECT number FROM contracts WHERE project_id = :project") if running else None
    facts = {
        "organization_id": turn.organization_id,
        "contract": contract,
        "title": "独居老人探访",
        "content": "陪聊、代购、量血压",
        "place": "社区照护角",
        "starts_on": clock.today() - timedelta(days=30),
        "ends_on": clock.today() + timedelta(days=90),
    }
    await volunteers.call(turn.session, turn.actor, ActivityDraft.model_validate(facts))


async def record_hours(turn: Turn) -> None:
    """Hours of one of the last three days, now and then too many or at the same time as others."""
    activity = await turn.one(
        "SELECT id FROM volunteer_activities WHERE organization_id = :organization ORDER BY id DESC LIMIT 1"
    )
    number = await turn.one(
        "SELECT number FROM volunteers ORDER BY number OFFSET :n LIMIT 1", n=turn.throw(2)
    )
    day = clock.today() - timedelta(days=1 + turn.throw(5) % 3)
    start = datetime.combine(day, time(turn.throw(10)), clock.CHINA)
    facts = {
        "volunteer": number,
        "activity_id": activity,
        "starts_at": start,
        "ends_at": start + timedelta(minutes=30 * (4 + turn.throw(20))),
        "scheme": ("time_bank", "time_bank", "record_only")[turn.throw(3)],
        "content": "探访三户",
    }
    await recording.record_many(turn.session, turn.actor, [HoursDraft.model_validate(facts)])


def hours_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        state = "verified" if event == "void" else "recorded"
        found = await turn.one(
            "SELECT id FROM volunteer_hours WHERE state = :state ORDER BY id DESC LIMIT 1", state=state
        )
        record: HourRecord = await recording.get(turn.session, turn.actor, found)
        await recording.transition(turn.session, turn.actor, record, event, "说明理由")

    return act


async def _volunteer(turn: Turn) -> Volunteer:
    number = await turn.one("SELECT number FROM volunteers ORDER BY number LIMIT 1")
    return await volunteers.get(turn.session, turn.actor, number)


async def spend_time(turn: Turn) -> None:
    wanted: dict[str, object] = {"kind": ("debit", "donate", "transfer")[turn.throw(3)]}
    if wanted["kind"] == "transfer":
        wanted["to"] = await turn.one("SELECT number FROM volunteers ORDER BY number OFFSET 1 LIMIT 1")
    wanted["hours"] = ("1", "2.5", "40")[turn.throw(3)]
    found = await _volunteer(turn)
    await accounts.spend(turn.session, turn.actor, found, Spending.model_validate(wanted))


async def adjust_time(turn: Turn) -> None:
    wanted = {"kind": "adjust", "hours": ("-3", "9", "1494")[turn.throw(3)], "note": "旧系统转入"}
    found = await _volunteer(turn)
    await accounts.spend(turn.session, turn.actor, found, Spending.model_validate(wanted))


async def erase_volunteer(turn: Turn) -> None:
    await volunteers.erase(turn.session, turn.actor, await _volunteer(turn))


async def offer_donation(turn: Turn) -> None:
    purpose = (["elderly_care"], [], ["youth_development"])[turn.throw(3)]
    facts: dict[str, object] = {"area_path": XUANWU, "purpose_categories": purpose}
    if turn.throw(2):
        facts |= {"anonymous": True, "donor_name": "不愿留名的退休教师"}
    if turn.throw(3) == 1:
        facts["valid_to"] = clock.today() + timedelta(days=5)
    draft = donation_draft(("1000.00", "300.00")[turn.throw(2)], **facts)
    await donations.offer(turn.session, turn.actor, draft)


async def _donation(turn: Turn) -> Donation:
    number = await turn.one("SELECT number FROM donations ORDER BY number DESC LIMIT 1")
    return await donations.get(turn.session, turn.actor, number)


def donation_event(event: str) -> Act:
    async def act(turn: Turn) -> None:
        found = await _donation(turn)
        data = {"amount": "250.00"} if event == "receive" and turn.throw(3) == 1 else {}
        await donations.transition(turn.session, turn.actor, found, event, "说明理由", data)

    return act


async def use_donation(turn: Turn) -> None:
    amount = ("100.00", "149.99", "250.01")[turn.throw(3)]
    draft = UseDraft.model_validate({"project": str(turn.project_id), "amount": amount, "note": "购买助浴椅"})
    await donations.use(turn.session, turn.actor, await _donation(turn), draft)


async def take_back_use(turn: Turn) -> None:
    found = await _donation(turn)
    sql = "SELECT id FROM donation_uses WHERE donation_id = :donation ORDER BY id DESC LIMIT 1"
    entry = await turn.one(sql, donation=found.id)
    await donations.take_back(turn.session, turn.actor, found, entry, Reversal(note="记错项目"))
