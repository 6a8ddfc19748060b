"""The index by which invoices are found that fell due and are not paid."""

from __future__ import annotations

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index."""
    op.execute("CREATE INDEX ix_invoice_due ON hub.invoice (system, due_date) WHERE status = 'open'")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX hub.ix_invoice_due")
