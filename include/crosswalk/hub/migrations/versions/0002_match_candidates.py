"""Pairs that may be the same, with what speaks for them and what a person decided."""

from __future__ import annotations

from alembic import op

from crosswalk.hub.migrations.statements import execute_all

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE hub.match_candidate (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        pairing TEXT NOT NULL,
        entity TEXT NOT NULL,
        left_system TEXT NOT NULL,
        left_key TEXT NOT NULL,
        right_system TEXT NOT NULL,
        right_key TEXT NOT NULL,
        bits NUMERIC NOT NULL,
        reason TEXT NOT NULL,
        evidence JSONB NOT NULL,
        status TEXT NOT NULL,
        run_id TEXT NOT NULL,
        proposed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        skipped_at TIMESTAMP WITH TIME ZONE,
        decided_at TIMESTAMP WITH TIME ZONE,
        decided_by TEXT,
        PRIMARY KEY (id),
        CONSTRAINT ck_match_candidate_status CHECK (status IN ('open', 'same', 'different')),
        CONSTRAINT uq_match_candidate_pair UNIQUE (pairing, entity, left_system, left_key, right_system, right_key)
    )
    """,
    "CREATE INDEX ix_match_candidate_right ON hub.match_candidate (pairing, entity, right_system, right_key)",
    "CREATE INDEX ix_match_candidate_open ON hub.match_candidate (pairing, entity, bits) WHERE status = 'open'",
)


def upgrade() -> None:
    """Create the table and its indexes."""
    execute_all(_UP)


def downgrade() -> None:
    """Drop the table; decisions of people are lost."""
    op.execute("DROP TABLE hub.match_candidate")
