"""What rules compare, kept between runs, and which links ended since: linking looks at what changed. Indexes of deals without an order and of merges."""

from __future__ import annotations

from crosswalk.hub.migrations.statements import execute_all

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UP = (
    """
    CREATE TABLE hub.rule_set (
        id BIGINT GENERATED ALWAYS AS IDENTITY,
        pairing TEXT NOT NULL,
        entity TEXT NOT NULL,
        rules JSONB NOT NULL,
        looked_until TIMESTAMP WITH TIME ZONE NOT NULL,
        run_id TEXT NOT NULL,
        PRIMARY KEY (id),
        CONSTRAINT uq_rule_set_entity UNIQUE (pairing, entity)
    )
    """,
    """
    CREATE TABLE hub.rule_key (
        rule_set_id BIGINT NOT NULL,
        rule SMALLINT NOT NULL,
        system TEXT NOT NULL,
        key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (rule_set_id, rule, system, key)
    )
    """,
    "CREATE INDEX ix_rule_key_value ON hub.rule_key (rule_set_id, rule, value, system)",
    "CREATE TABLE hub.freed (pairing TEXT NOT NULL, entity TEXT NOT NULL, system TEXT NOT NULL, key TEXT NOT NULL)",
    "CREATE INDEX ix_freed_entity ON hub.freed (pairing, entity)",
    # Whoever ends a link frees its records, however it is done: the row is there when the end is committed, and not before.
    """
    CREATE FUNCTION hub.note_freed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO hub.freed (pairing, entity, system, key) VALUES (OLD.pairing, OLD.entity, OLD.system, OLD.key);
        RETURN NULL;
    END
    $$
    """,
    """
    CREATE TRIGGER link_end_freed AFTER DELETE OR UPDATE OF pairing, entity, system, key ON hub.link_end
        FOR EACH ROW EXECUTE FUNCTION hub.note_freed()
    """,
    """
    CREATE INDEX ix_deal_unordered ON hub.deal (system, close_date)
        WHERE is_won AND deleted_at IS NULL AND counterpart_key IS NULL
    """,
    "CREATE INDEX ix_ledger_merged ON hub.ledger (system, entity, key) WHERE kind IN ('merged', 'moved')",
)
_DOWN = (
    "DROP INDEX hub.ix_ledger_merged",
    "DROP INDEX hub.ix_deal_unordered",
    "DROP TRIGGER link_end_freed ON hub.link_end",
    "DROP FUNCTION hub.note_freed()",
    "DROP TABLE hub.freed",
    "DROP TABLE hub.rule_key",
    "DROP TABLE hub.rule_set",
)


def upgrade() -> None:
    """Create the tables; the next linking fills them."""
    execute_all(_UP)


def downgrade() -> None:
    """Drop them; nothing is lost, for they can be made again from the images."""
    execute_all(_DOWN)
