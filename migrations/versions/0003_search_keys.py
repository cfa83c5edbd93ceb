"""The words by which rows are found become a `tsvector` of pairs: half the cost of an array of characters and pairs.

What is stored already keeps its single characters beside its pairs: every search finds it as before.
"""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

SEARCHED = ("catalogue_items", "contracts", "needs", "organizations", "parties", "project_texts")


def upgrade() -> None:
    _become("tsvector", "array_to_tsvector(search_grams)")


def downgrade() -> None:
    _become("text[]", "tsvector_to_array(search_grams)")


def _become(kind: str, converted: str) -> None:
    for table in SEARCHED:
        op.execute(f"DROP INDEX ix_{table}_search_grams")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN search_grams TYPE {kind} USING {converted}")
        op.execute(f"CREATE INDEX ix_{table}_search_grams ON {table} USING gin (search_grams)")
