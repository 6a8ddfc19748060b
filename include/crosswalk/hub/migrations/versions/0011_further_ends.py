"""Further ends of links: one account of a CRM whose company is a customer in several subsidiaries of an ERP."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE hub.further_end (
        link_id BIGINT NOT NULL REFERENCES hub.link (id) ON DELETE CASCADE,
        pairing TEXT NOT NULL,
        entity TEXT NOT NULL,
        system TEXT NOT NULL,
        key TEXT NOT NULL,
        rule TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        run_id TEXT NOT NULL,
        PRIMARY KEY (pairing, entity, system, key)
    )
    """,
    "CREATE INDEX ix_further_end_link ON hub.further_end (link_id, system)",
    """
    CREATE TRIGGER further_end_freed AFTER DELETE OR UPDATE OF pairing, entity, system, key ON hub.further_end
        FOR EACH ROW EXECUTE FUNCTION hub.note_freed()
    """,
    """
    CREATE VIEW hub.every_end AS
    SELECT link_id, system, pairing, entity, key, false AS further FROM hub.link_end
     UNION ALL
    SELECT link_id, system, pairing, entity, key, true FROM hub.further_end
    """,
)
_DOWN = ("DROP VIEW hub.every_end", "DROP TABLE hub.further_end")


def upgrade() -> None:
    """Create table and view; the next linking fills the table where the pairing asks for it."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them: further customers are unlinked again."""
    for statement in _DOWN:
        op.execute(statement)
