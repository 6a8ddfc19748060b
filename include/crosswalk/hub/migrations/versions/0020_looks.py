"""Which transactions a look saw: what was landed in the minute before one, and seen by it, is not looked at again; and an index of the
owners of causes, of which a first load may have one with thousands of records."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, which is empty for what was looked at before, and build the index."""
    op.execute("ALTER TABLE hub.rule_set ADD COLUMN seen_before bigint")
    op.execute(
        """CREATE INDEX ix_quarantine_owned ON hub.quarantine (pairing, stage, error_class, fingerprint)
            WHERE status = 'open' AND owner IS NOT NULL"""
    )


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX hub.ix_quarantine_owned")
    op.execute("ALTER TABLE hub.rule_set DROP COLUMN seen_before")
