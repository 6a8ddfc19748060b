"""Indexes for what the CRM is told about approvals, and for what was said about the mass-change brake."""

from __future__ import annotations

from alembic import op

from crosswalk.hub.migrations.statements import execute_all

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_UP = (
    "CREATE INDEX ix_intent_approval ON hub.intent (pairing, source_system, source_key) WHERE payload ? 'approval'",
    "CREATE INDEX ix_deal_approval ON hub.deal (system, key) WHERE extras ->> 'approval_status' IN ('requested', 'approved', 'refused')",
    """
    CREATE INDEX ix_ledger_brake ON hub.ledger (pairing, kind, id)
        WHERE kind IN ('braked', 'brake_asked', 'brake_refused', 'brake_released')
    """,
)
_DOWN = ("DROP INDEX hub.ix_ledger_brake", "DROP INDEX hub.ix_deal_approval", "DROP INDEX hub.ix_intent_approval")


def upgrade() -> None:
    """Create the indexes."""
    for statement in _UP:
        op.get_bind().exec_driver_sql(statement)


def downgrade() -> None:
    """Drop them; nothing is lost."""
    execute_all(_DOWN)
