"""Indexes by which the plans of every run find what is young, open or new, whatever the company's size."""

from __future__ import annotations

from crosswalk.hub.migrations.statements import execute_all

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_UP = (
    "CREATE INDEX ix_deal_close_date ON hub.deal (system, close_date)",
    "CREATE INDEX ix_customer_alone ON hub.customer (system, key) WHERE deleted_at IS NULL AND counterpart_key IS NULL",
    "CREATE INDEX ix_link_created ON hub.link (pairing, entity, created_at)",
    "DROP INDEX hub.ix_link_pairing_entity",
    "CREATE INDEX ix_intent_stuck ON hub.intent (pairing, flow) WHERE status IN ('rejected', 'shadowed')",
    """
    CREATE INDEX ix_intent_customer_made ON hub.intent (pairing, source_key)
        WHERE flow = 'orders' AND entity = 'customer' AND operation = 'create' AND status = 'done'
    """,
)
_DOWN = (
    "DROP INDEX hub.ix_intent_customer_made",
    "DROP INDEX hub.ix_intent_stuck",
    "CREATE INDEX ix_link_pairing_entity ON hub.link (pairing, entity)",
    "DROP INDEX hub.ix_link_created",
    "DROP INDEX hub.ix_customer_alone",
    "DROP INDEX hub.ix_deal_close_date",
)


def upgrade() -> None:
    """Build the indexes; on a large hub that takes some minutes."""
    execute_all(_UP)


def downgrade() -> None:
    """Drop them."""
    execute_all(_DOWN)
