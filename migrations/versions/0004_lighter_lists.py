"""What a long list costs the server.

The rows of a preview keep their record and raw texts as they were written: half the work, and the sender's order. One index
serves where two began with what the other ended with. And the words of a project go with it by a trigger: a foreign key looks
up, locks and logs each project again, a third of the cost of its words, to keep out what could do no harm.
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GONE = """
CREATE FUNCTION drop_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM project_texts USING gone WHERE project_texts.project_id = gone.id;
    RETURN NULL;
END $$
"""


def upgrade() -> None:
    _become("json")
    op.execute("DROP INDEX uq_projects_edition_code_number, ix_projects_number")
    op.execute("CREATE UNIQUE INDEX uq_projects_number_edition_code ON projects (number, edition_code)")
    op.execute("DROP INDEX ix_projects_state, ix_projects_procuring_entity_id")
    op.execute(
        "CREATE INDEX ix_projects_procuring_entity_id ON projects (procuring_entity_id)"
        " WHERE procuring_entity_id IS NOT NULL"
    )
    op.execute("ALTER TABLE project_texts DROP CONSTRAINT fk_project_texts_project_id_projects")
    op.execute(GONE)
    op.execute(
        "CREATE TRIGGER drop_words AFTER DELETE ON projects REFERENCING OLD TABLE AS gone"
        " FOR EACH STATEMENT EXECUTE FUNCTION drop_words()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER drop_words ON projects")
    op.execute("DROP FUNCTION drop_words()")
    op.execute(
        "ALTER TABLE project_texts ADD CONSTRAINT fk_project_texts_project_id_projects"
        " FOREIGN KEY (project_id) REFERENCES projects (id) ON DELETE CASCADE"
    )
    op.execute("DROP INDEX ix_projects_procuring_entity_id, uq_projects_number_edition_code")
    op.execute("CREATE INDEX ix_projects_procuring_entity_id ON projects (procuring_entity_id)")
    op.execute("CREATE INDEX ix_projects_state ON projects (state)")
    op.execute("CREATE INDEX ix_projects_number ON projects (number)")
    op.execute("CREATE UNIQUE INDEX uq_projects_edition_code_number ON projects (edition_code, number)")
    _become("jsonb")


def _become(kind: str) -> None:
    op.execute(
        f"ALTER TABLE import_rows ALTER COLUMN record TYPE {kind} USING record::{kind},"
        f" ALTER COLUMN raw TYPE {kind} USING raw::{kind}"
    )
