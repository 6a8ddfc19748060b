"""The parents that both sides of a linked customer named when they last agreed: what the master removed since is seen by it."""

from __future__ import annotations

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        """CREATE TABLE hub.agreed_parent (
            link_id BIGINT PRIMARY KEY REFERENCES hub.link (id) ON DELETE CASCADE,
            crm_parent TEXT, erp_parent TEXT, settled_at TIMESTAMPTZ NOT NULL, run_id TEXT NOT NULL)"""
    )


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE hub.agreed_parent")
