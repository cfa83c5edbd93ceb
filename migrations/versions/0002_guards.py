"""What the tables alone cannot say: append-only logs, and the bells that wake the sealer and the workers."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

APPEND_ONLY = ("journal_entries", "journal_seals")

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


def downgrade() -> None:
    for table in BELLS:
        op.execute(f"DROP TRIGGER ring ON {table}")
    for table in APPEND_ONLY:
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION ring()")
    op.execute("DROP FUNCTION refuse_change()")
