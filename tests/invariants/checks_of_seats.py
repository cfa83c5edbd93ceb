"""Invariant 15: at one time one table holds one talk, and no organization, buyer or person is in two places."""

from tests.invariants.terms import Check

SEATED = """
    SELECT m.id, m.number, m.fair_id, m.table_id, m.intent_id, m.organization_id, m.buyer_id, s.starts_at, s.ends_at
    FROM meetings m JOIN meeting_slots s ON s.id = m.slot_id WHERE m.state IN ('planned', 'held')
"""
"""Every meeting that takes a seat, with the time of its slot."""
AT_ONCE = "one.id < other.id AND one.starts_at < other.ends_at AND other.starts_at < one.ends_at"

SEATS = (
    Check(
        15,
        "one table, one organization, one buyer per time; no person in two places",
        f"""
        SELECT 'two talks at one table', one.number || ' ' || other.number
        FROM ({SEATED}) AS one JOIN ({SEATED}) AS other ON other.table_id = one.table_id AND {AT_ONCE}
        UNION ALL
        SELECT 'a side at two tables at one time', one.number || ' ' || other.number
        FROM ({SEATED}) AS one JOIN ({SEATED}) AS other ON {AT_ONCE}
            AND ARRAY[one.organization_id, one.buyer_id] && ARRAY[other.organization_id, other.buyer_id]
        UNION ALL
        SELECT 'a person in two places', one.number || ' ' || other.number
        FROM ({SEATED}) AS one JOIN ({SEATED}) AS other ON {AT_ONCE}
        JOIN meeting_delegates here ON here.meeting_id = one.id
        JOIN meeting_delegates there ON there.meeting_id = other.id AND there.account_id = here.account_id
        UNION ALL
        SELECT 'slots of one fair overlap', one.fair_id::text || ' ' || one.starts_at
        FROM meeting_slots one JOIN meeting_slots other ON other.fair_id = one.fair_id AND {AT_ONCE}
        UNION ALL
        SELECT 'a seat of another fair', m.number FROM meetings m
        JOIN meeting_slots s ON s.id = m.slot_id JOIN meeting_tables t ON t.id = m.table_id
        WHERE s.fair_id <> m.fair_id OR t.fair_id <> m.fair_id
        UNION ALL
        SELECT 'a time that is not the slot''s', m.number FROM meetings m JOIN meeting_slots s ON s.id = m.slot_id
        WHERE (m.starts_at, m.ends_at) <> (s.starts_at, s.ends_at)
        UNION ALL
        SELECT 'two seats for one pair', i.number FROM ({SEATED}) AS seat JOIN intents i ON i.id = seat.intent_id
        GROUP BY i.id HAVING count(*) > 1
        UNION ALL
        SELECT 'seated are not the two sides', m.number FROM meetings m JOIN intents i ON i.id = m.intent_id
        JOIN projects p ON p.id = i.project_id
        WHERE m.organization_id <> i.organization_id OR m.buyer_id <> p.buyer_id
        """,
    ),
)
