"""Who looks after trouble and what is left alone; indexes by which the ledger is read a page at a time."""

from __future__ import annotations

from crosswalk.hub.migrations.statements import execute_all

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# The ledger is read by record, by intent and by run, each the newest first; instants come in order, so that a BRIN index is enough.
_UP = (
    """
    ALTER TABLE hub.quarantine
        ADD COLUMN owner TEXT,
        ADD COLUMN ignored_at TIMESTAMP WITH TIME ZONE, ADD COLUMN ignored_by TEXT,
        ADD COLUMN replayed_at TIMESTAMP WITH TIME ZONE, ADD COLUMN replayed_by TEXT
    """,
    "CREATE INDEX ix_quarantine_cause ON hub.quarantine (pairing, stage, error_class, fingerprint) WHERE status = 'open'",
    "DROP INDEX hub.ix_ledger_record",
    "CREATE INDEX ix_ledger_record ON hub.ledger (system, entity, key, id) WHERE key IS NOT NULL",
    "DROP INDEX hub.ix_ledger_intent",
    "CREATE INDEX ix_ledger_intent ON hub.ledger (intent_key, id) WHERE intent_key IS NOT NULL",
    "DROP INDEX hub.ix_ledger_at",
    "CREATE INDEX ix_ledger_at ON hub.ledger USING brin (at)",
    "CREATE INDEX ix_ledger_run ON hub.ledger (run_id, kind, id) WHERE run_id IS NOT NULL",
    "CREATE INDEX ix_ledger_landing ON hub.ledger (system, entity, id) WHERE key IS NULL AND entity IS NOT NULL",
)

_DOWN = (
    "DROP INDEX hub.ix_ledger_landing",
    "DROP INDEX hub.ix_ledger_run",
    "DROP INDEX hub.ix_ledger_at",
    "CREATE INDEX ix_ledger_at ON hub.ledger (at)",
    "DROP INDEX hub.ix_ledger_intent",
    "CREATE INDEX ix_ledger_intent ON hub.ledger (intent_key) WHERE intent_key IS NOT NULL",
    "DROP INDEX hub.ix_ledger_record",
    "CREATE INDEX ix_ledger_record ON hub.ledger (system, entity, key) WHERE key IS NOT NULL",
    "DROP INDEX hub.ix_quarantine_cause",
    """
    ALTER TABLE hub.quarantine
        DROP COLUMN owner, DROP COLUMN ignored_at, DROP COLUMN ignored_by, DROP COLUMN replayed_at, DROP COLUMN replayed_by
    """,
)


def upgrade() -> None:
    """Add the columns and change the indexes."""
    execute_all(_UP)


def downgrade() -> None:
    """Go back; who looked after what is lost."""
    execute_all(_DOWN)
