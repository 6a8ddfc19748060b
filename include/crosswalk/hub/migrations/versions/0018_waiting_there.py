"""Writes that the target keeps until people there approve them, and the indexes by which deals are told of them."""

from __future__ import annotations

from crosswalk.hub.migrations.statements import execute_all

revision = "0018"
down_revision = "0016"
branch_labels = None
depends_on = None

_OPEN = "'planned', 'held', 'sending', 'in_doubt'"
_INDEX = "CREATE INDEX ix_intent_open ON hub.intent (pairing, flow, status, plan_id, position) WHERE status IN ({})"
_CHECK = "ALTER TABLE hub.intent ADD CONSTRAINT ck_intent_status CHECK (status IN ({}))"
_UP = (
    "ALTER TABLE hub.intent DROP CONSTRAINT ck_intent_status",
    _CHECK.format("'planned', 'held', 'sending', 'done', 'rejected', 'in_doubt', 'waiting', 'shadowed'"),
    "DROP INDEX hub.ix_intent_open",
    _INDEX.format(f"{_OPEN}, 'waiting'"),
    "CREATE INDEX ix_order_pending ON hub.\"order\" (system, key) WHERE status = 'pending_approval' AND deleted_at IS NULL",
    "CREATE INDEX ix_deal_order_status ON hub.deal (system, key) WHERE extras ->> 'order_status' IN ('waiting', 'refused')",
)
_DOWN = (
    "DROP INDEX hub.ix_deal_order_status",
    "DROP INDEX hub.ix_order_pending",
    "DROP INDEX hub.ix_intent_open",
    _INDEX.format(_OPEN),
    "ALTER TABLE hub.intent DROP CONSTRAINT ck_intent_status",
    "UPDATE hub.intent SET status = 'planned' WHERE status = 'waiting'",
    _CHECK.format("'planned', 'held', 'sending', 'done', 'rejected', 'in_doubt', 'shadowed'"),
)


def upgrade() -> None:
    """Let intents wait, and build the indexes."""
    execute_all(_UP)


def downgrade() -> None:
    """Plan what waits: it is looked for by its key before it is sent."""
    execute_all(_DOWN)
