"""Ways to corrupt the timetable of the lived world: its open project has two seats, the first at table 1, both of one buyer."""

from tests.invariants.corruptions import Corruption, copied

FIRST = "(SELECT id FROM meetings WHERE project_id = '{open}' ORDER BY number LIMIT 1)"
SECOND = "(SELECT id FROM meetings WHERE project_id = '{open}' ORDER BY number DESC LIMIT 1)"
SAME_TIME = (
    "UPDATE meetings m SET slot_id = o.slot_id, starts_at = o.starts_at, ends_at = o.ends_at{more}"
    f" FROM meetings o WHERE o.id = {FIRST} AND m.id = {SECOND}"
)
OF_SEATS = (
    Corruption(
        15,
        "two talks at one table",
        SAME_TIME.replace(
            "{more}", ", table_id = o.table_id, table_no = o.table_no, buyer_id = m.organization_id"
        ),
        "uq_meetings_table",
    ),
    Corruption(15, "a side at two tables", SAME_TIME.replace("{more}", ""), "uq_meetings_buyer"),
    Corruption(
        15,
        "a side at two tables",
        SAME_TIME.replace("{more}", ", organization_id = o.organization_id, buyer_id = m.organization_id"),
        "uq_meetings_organization|fk_meetings_intent",
    ),
    Corruption(
        15,
        "a person in two places",
        SAME_TIME.replace("{more}", ", buyer_id = m.organization_id").replace(
            "UPDATE", "WITH told AS (" + copied("meeting_delegates", "true", meeting_id=SECOND) + ") UPDATE"
        ),
    ),
    Corruption(
        15,
        "slots of one fair overlap",
        "UPDATE meeting_slots SET ends_at = ends_at + interval '1 hour'",
        "overlaps|fk_meetings_slot",
    ),
    Corruption(
        15,
        "a seat of another fair",
        f"UPDATE meetings SET fair_id = gen_random_uuid() WHERE id = {FIRST}",
        "fk_meetings_",
    ),
    Corruption(
        15,
        "a time that is not the slot's",
        f"UPDATE meetings SET ends_at = ends_at + interval '1 minute' WHERE id = {FIRST}",
        "fk_meetings_slot",
    ),
    Corruption(
        15,
        "two seats for one pair",
        "UPDATE meetings SET intent_id = (SELECT intent_id FROM meetings WHERE id = "
        + FIRST
        + ") WHERE id = "
        + SECOND,
        "uq_meetings_intent|fk_meetings_intent",
    ),
    Corruption(
        15,
        "seated are not the two sides",
        f"UPDATE meetings SET buyer_id = organization_id WHERE id = {FIRST}",
    ),
)
