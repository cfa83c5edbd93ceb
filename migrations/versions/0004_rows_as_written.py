"""The rows of a preview keep their record and their raw texts as they were written: half the work, and the sender's order."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _become("json")


def downgrade() -> None:
    _become("jsonb")


def _become(kind: str) -> None:
    op.execute(
        f"ALTER TABLE import_rows ALTER COLUMN record TYPE {kind} USING record::{kind},"
        f" ALTER COLUMN raw TYPE {kind} USING raw::{kind}"
    )
