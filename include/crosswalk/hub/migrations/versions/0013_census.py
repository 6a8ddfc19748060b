"""Whole reads that are under way, and those that miss so much that a person is asked before anything is marked as deleted."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE hub.census (
        system TEXT NOT NULL,
        entity TEXT NOT NULL,
        run_id TEXT NOT NULL,
        pairing TEXT NOT NULL,
        began_at TIMESTAMP WITH TIME ZONE NOT NULL,
        held_at TIMESTAMP WITH TIME ZONE,
        missing BIGINT,
        known BIGINT,
        asked_at TIMESTAMP WITH TIME ZONE,
        asked_by TEXT,
        PRIMARY KEY (system, entity, run_id)
    )
    """,
    "TRUNCATE hub.sighting",  # from here on only what is seen during a census is kept
)


def upgrade() -> None:
    """Create the table."""
    for statement in _UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop it; what was asked about is asked by no one."""
    op.execute("DROP TABLE hub.census")
