"""The index by which a record's links are found in all pairings: a hub may have several that share a system."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index."""
    op.execute("CREATE INDEX ix_link_end_record ON hub.link_end (system, key, entity)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX hub.ix_link_end_record")
