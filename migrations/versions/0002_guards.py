"""What the tables alone cannot say: append-only logs, and the bells that wake the sealer and the workers."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "journal_entries",
    "journal_seals",
    "funding_ledger",
    "contract_payments",
    "volunteer_time",
    "donation_uses",
    "service_log_voidings",
)

REFUSE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$
"""
RING = """
CREATE FUNCTION ring() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify(TG_ARGV[0], '');
    RETURN NULL;
END $$
"""
BELLS = {"journal_entries": "journal", "jobs": "jobs"}

# Money cannot be overdrawn, whoever writes: the source's row is locked first, so the sums read after it are the last word.
FUNDING = """
CREATE FUNCTION check_funding() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sources uuid[];
    broken text;
BEGIN
    IF TG_TABLE_NAME = 'funding_sources' THEN
        SELECT array_agg(DISTINCT t.id) INTO sources FROM touched t;
    ELSIF TG_TABLE_NAME = 'funding_lines' THEN
        SELECT array_agg(DISTINCT t.source_id) INTO sources FROM touched t;
    ELSE
        SELECT array_agg(DISTINCT l.source_id) INTO sources FROM touched t JOIN funding_lines l ON l.id = t.line_id;
    END IF;
    PERFORM 1 FROM funding_sources s WHERE s.id = ANY (sources) ORDER BY s.id FOR NO KEY UPDATE;
    SELECT min(l.number) INTO broken FROM (
        SELECT l.number FROM funding_lines l JOIN funding_allocations a ON a.line_id = l.id
        WHERE l.source_id = ANY (sources)
        GROUP BY l.id HAVING sum(a.amount_fen - a.released_fen) > l.amount_fen) AS l;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'line % is overdrawn', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_not_overdrawn';
    END IF;
    SELECT min(s.name) INTO broken FROM (
        SELECT s.name FROM funding_sources s JOIN funding_lines l ON l.source_id = s.id
        WHERE s.id = ANY (sources)
        GROUP BY s.id HAVING sum(l.amount_fen) > s.amount_fen * s.commit_percent / 100) AS s;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'source % is overdrawn', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'source_not_overdrawn';
    END IF;
    SELECT min(s.name) INTO broken FROM (
        SELECT s.name FROM funding_sources s
        JOIN funding_lines l ON l.source_id = s.id JOIN funding_allocations a ON a.line_id = l.id
        WHERE s.id = ANY (sources) AND a.category <> ALL (s.earmark_categories)
        GROUP BY s.id
        HAVING sum(a.amount_fen - a.released_fen) > s.amount_fen * (100 - s.earmark_percent) / 100) AS s;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'the earmark of source % is broken', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'earmark_holds';
    END IF;
    RETURN NULL;
END $$
"""
FUNDED = ("funding_sources", "funding_lines", "funding_allocations")

# A contract's money is told in three places (contract, tranches, payments) that must say the same at every commit; and what is in
# force carries the signatures it needs. Deferred: an act writes them one after the other.
CONTRACT = """
CREATE FUNCTION check_contract() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid := CASE WHEN TG_TABLE_NAME = 'contracts' THEN (to_jsonb(NEW) ->> 'id')::uuid
                         ELSE (to_jsonb(NEW) ->> 'contract_id')::uuid END;
    broken text;
BEGIN
    SELECT CASE
        WHEN t.fen IS DISTINCT FROM c.amount_fen OR t.share <> 10000 THEN 'tranches_make_the_contract'
        WHEN p.paid <> c.paid_fen OR p.refunded <> c.refunded_fen THEN 'payments_make_the_totals'
        WHEN t.paid <> p.tranches THEN 'a_paid_tranche_has_its_payment'
        WHEN c.state NOT IN ('draft', 'partly_signed', 'void') AND NOT c.needed_sides <@ s.sides THEN 'signed_by_all_sides'
        END INTO broken
    FROM contracts c,
        LATERAL (SELECT sum(amount_fen) AS fen, sum(share) AS share,
                        coalesce(sum(amount_fen) FILTER (WHERE paid_at IS NOT NULL), 0) AS paid
                 FROM contract_tranches WHERE contract_id = c.id) t,
        LATERAL (SELECT coalesce(sum(amount_fen) FILTER (WHERE kind <> 'refund'), 0) AS paid,
                        coalesce(sum(amount_fen) FILTER (WHERE kind = 'refund'), 0) AS refunded,
                        coalesce(sum(amount_fen) FILTER (WHERE kind = 'tranche'), 0) AS tranches
                 FROM contract_payments WHERE contract_id = c.id) p,
        LATERAL (SELECT coalesce(array_agg(side), '{}') AS sides
                 FROM contract_signatures WHERE contract_id = c.id) s
    WHERE c.id = checked;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'contract % breaks "%"', checked, broken
            USING ERRCODE = 'check_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$
"""
# One volunteer serves in one place at a time, and nobody speaks for their own hours: the volunteer's row is locked first, so what is
# read after it is the last word.
HOURS = """
CREATE FUNCTION check_hours() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    own uuid;
BEGIN
    SELECT account_id INTO own FROM volunteers WHERE id = NEW.volunteer_id FOR NO KEY UPDATE;
    IF own IN (NEW.recorded_by, NEW.verified_by) THEN
        RAISE EXCEPTION 'hours of volunteer % break "not_ones_own_hours"', NEW.volunteer_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'not_ones_own_hours';
    END IF;
    IF EXISTS (SELECT FROM volunteer_hours h WHERE h.volunteer_id = NEW.volunteer_id AND h.id <> NEW.id
               AND h.state IN ('recorded', 'verified') AND h.starts_at < NEW.ends_at AND h.ends_at > NEW.starts_at) THEN
        RAISE EXCEPTION 'hours of volunteer % break "hours_do_not_overlap"', NEW.volunteer_id
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'hours_do_not_overlap';
    END IF;
    RETURN NEW;
END $$
"""
# What was used of a donation adds up, and went where its donor wanted it to go.
DONATION = """
CREATE FUNCTION check_donation() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    checked uuid := CASE WHEN TG_TABLE_NAME = 'donations' THEN (to_jsonb(NEW) ->> 'id')::uuid
                         ELSE (to_jsonb(NEW) ->> 'donation_id')::uuid END;
    broken text;
BEGIN
    SELECT CASE
        WHEN d.used <> coalesce(sum(u.amount), 0) THEN 'uses_make_the_total'
        WHEN bool_or(d.purpose_project_id <> u.project_id) OR bool_or(
            d.purpose_categories <> '{}' AND u.category <> ALL (d.purpose_categories)) THEN 'used_for_its_purpose'
        END INTO broken
    FROM donations d LEFT JOIN donation_uses u ON u.donation_id = d.id
    WHERE d.id = checked GROUP BY d.id;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'donation % breaks "%"', checked, broken
            USING ERRCODE = 'check_violation', CONSTRAINT = broken;
    END IF;
    RETURN NULL;
END $$
"""
DONATED = ("donations", "donation_uses")
# What has ended does not change any more (only its archive grows, in tables of its own).
ENDED = """
CREATE FUNCTION refuse_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% % has ended as "%"', TG_TABLE_NAME, OLD.number, OLD.state
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ended_is_ended';
END $$
"""
ENDS = {
    "contracts": ("closed", "terminated", "void"),
    "evaluations": ("confirmed", "cancelled"),
    "complaints": ("closed", "refused", "withdrawn"),
}
# Slots of one fair never overlap, whoever adds them: the fair's row is locked first.
SLOTS = """
CREATE FUNCTION check_slots() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    broken timestamptz;
BEGIN
    PERFORM 1 FROM fairs f WHERE f.id IN (SELECT t.fair_id FROM touched t) ORDER BY f.id FOR NO KEY UPDATE;
    SELECT min(s.starts_at) INTO broken FROM (
        SELECT starts_at, lag(ends_at) OVER (PARTITION BY fair_id ORDER BY starts_at) AS before
        FROM meeting_slots WHERE fair_id IN (SELECT t.fair_id FROM touched t)) AS s
    WHERE s.starts_at < s.before;
    IF broken IS NOT NULL THEN
        RAISE EXCEPTION 'slot % overlaps the one before', broken
            USING ERRCODE = 'check_violation', CONSTRAINT = 'slots_do_not_overlap';
    END IF;
    RETURN NULL;
END $$
"""
CONTRACTED = ("contracts", "contract_tranches", "contract_payments")


def upgrade() -> None:
    op.execute(REFUSE)
    op.execute(RING)
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table, channel in BELLS.items():
        op.execute(
            f"CREATE TRIGGER ring AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION ring('{channel}')"
        )
    op.execute(FUNDING)
    for table in FUNDED:
        for event in ("INSERT", "UPDATE"):
            op.execute(
                f"CREATE TRIGGER check_funding_{event.lower()} AFTER {event} ON {table} "
                "REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION check_funding()"
            )
    op.execute(SLOTS)
    for event in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER check_slots_{event.lower()} AFTER {event} ON meeting_slots "
            "REFERENCING NEW TABLE AS touched FOR EACH STATEMENT EXECUTE FUNCTION check_slots()"
        )
    op.execute(ENDED)
    for table, states in ENDS.items():
        op.execute(
            f"CREATE TRIGGER refuse_ended BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
            f"WHEN (OLD.state IN {states}) EXECUTE FUNCTION refuse_ended()"
        )
    op.execute(HOURS)
    op.execute(
        "CREATE TRIGGER check_hours BEFORE INSERT OR UPDATE ON volunteer_hours FOR EACH ROW "
        "WHEN (NEW.state IN ('recorded', 'verified')) EXECUTE FUNCTION check_hours()"
    )
    op.execute(DONATION)
    for table in DONATED:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER check_donation AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION check_donation()"
        )
    op.execute(CONTRACT)
    for table in CONTRACTED:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER check_contract AFTER INSERT OR UPDATE ON {table} DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION check_contract()"
        )


def downgrade() -> None:
    for table in DONATED:
        op.execute(f"DROP TRIGGER check_donation ON {table}")
    op.execute("DROP FUNCTION check_donation()")
    for event in ("insert", "update"):
        op.execute(f"DROP TRIGGER check_slots_{event} ON meeting_slots")
    op.execute("DROP FUNCTION check_slots()")
    op.execute("DROP TRIGGER check_hours ON volunteer_hours")
    op.execute("DROP FUNCTION check_hours()")
    for table in ENDS:
        op.execute(f"DROP TRIGGER refuse_ended ON {table}")
    op.execute("DROP FUNCTION refuse_ended()")
    for table in CONTRACTED:
        op.execute(f"DROP TRIGGER check_contract ON {table}")
    op.execute("DROP FUNCTION check_contract()")
    for table in FUNDED:
        for event in ("insert", "update"):
            op.execute(f"DROP TRIGGER check_funding_{event} ON {table}")
    op.execute("DROP FUNCTION check_funding()")
    for table in BELLS:
        op.execute(f"DROP TRIGGER ring ON {table}")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION ring()")
    op.execute("DROP FUNCTION refuse_change()")
