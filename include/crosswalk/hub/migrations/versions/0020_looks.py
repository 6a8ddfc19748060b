"""Which transactions a look saw: what was landed in the minute before one, and seen by it, is not looked at again."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was looked at before has none."""
    op.execute("ALTER TABLE hub.rule_set ADD COLUMN seen_before bigint")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE hub.rule_set DROP COLUMN seen_before")
