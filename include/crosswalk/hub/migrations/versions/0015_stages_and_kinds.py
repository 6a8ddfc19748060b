"""How far a customer is in the CRM and what it is in the ERP.

Customers are read whole once more: until then nobody knows the two of records that do not change.
"""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, and begin the customers' reading anew."""
    op.execute("ALTER TABLE hub.customer ADD COLUMN stage text, ADD COLUMN kind text")
    op.execute("DELETE FROM hub.watermark WHERE entity = 'customer'")


def downgrade() -> None:
    """Drop the columns."""
    op.execute("ALTER TABLE hub.customer DROP COLUMN kind, DROP COLUMN stage")
