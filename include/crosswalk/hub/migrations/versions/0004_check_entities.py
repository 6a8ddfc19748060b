"""A check's result says which entity it looked at, so that scores and trends can be told by entity."""

from __future__ import annotations

from alembic import op

from crosswalk.hub.migrations.statements import execute_all

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_UP = (
    "ALTER TABLE hub.check_result ADD COLUMN entity TEXT NOT NULL DEFAULT ''",
    """
    UPDATE hub.check_result SET entity = CASE check_id
        WHEN 'customer_counts' THEN 'customer' WHEN 'stored_customer_keys' THEN 'customer' WHEN 'product_counts' THEN 'product'
        WHEN 'won_deal_has_one_order' THEN 'deal' WHEN 'order_totals' THEN 'order' ELSE '' END
    """,
    "ALTER TABLE hub.check_result ALTER COLUMN entity DROP DEFAULT",
)


def upgrade() -> None:
    """Add the column; the five checks there were are told their entity."""
    execute_all(_UP)


def downgrade() -> None:
    """Drop the column."""
    op.execute("ALTER TABLE hub.check_result DROP COLUMN entity")
