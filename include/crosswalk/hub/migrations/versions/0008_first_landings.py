"""When each record was first read, so that the ledger can tell what was known of it at any time."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_IMAGES = (
    "customer", "contact", "product", "price", "stock", "deal", "deal_line", "order", "order_line", "invoice", "payment", "shipment",
)  # fmt: skip


def upgrade() -> None:
    """Add the column, empty for what is there already: no row is rewritten."""
    for image in _IMAGES:
        op.execute(f'ALTER TABLE hub."{image}" ADD COLUMN first_landed_at TIMESTAMP WITH TIME ZONE')


def downgrade() -> None:
    """Drop the column."""
    for image in _IMAGES:
        op.execute(f'ALTER TABLE hub."{image}" DROP COLUMN first_landed_at')
