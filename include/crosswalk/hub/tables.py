"""The hub's tables as SQLAlchemy metadata, for Alembic and for the test that compares it with a migrated database.

The engine itself talks SQL through psycopg. Image tables come from :data:`crosswalk.model.entities.ENTITIES`, one per entity.
"""

from __future__ import annotations

import sqlalchemy as sa

from crosswalk.hub.columns import COLUMN_TYPES, INSTANT, identity, instant, json, metadata, text
from crosswalk.model.entities import ENTITIES, Entity, Kind

__all__ = ["EPOCH", "IMAGES", "STATUSES", "metadata"]

_LOOKED_UP = ("counterpart_key", "intent_key")


def _search_indexes() -> tuple[sa.Index, sa.Index]:
    """Return the indexes by which customers are searched for."""
    words = sa.text("hub.search_words(name, number, website, email)")
    return (
        sa.Index("ix_customer_search", words, postgresql_using="gin"),
        sa.Index("ix_customer_number", "number", postgresql_where=sa.text("number IS NOT NULL")),
    )


def _closing_deals() -> sa.Index:
    """Return the index of deals by their day, of which only the young are amended."""
    return sa.Index("ix_deal_close_date", "system", "close_date")


def _falling_due() -> sa.Index:
    """Return the index of unpaid invoices by the day they fall due."""
    return sa.Index("ix_invoice_due", "system", "due_date", postgresql_where=sa.text("status = 'open'"))


def _unlinked_customers() -> sa.Index:
    """Return the index of customers without a counterpart: the CRM's are those that may become one of the ERP."""
    alone = sa.text("deleted_at IS NULL AND counterpart_key IS NULL")
    return sa.Index("ix_customer_alone", "system", "key", postgresql_where=alone)


def _unordered_deals() -> sa.Index:
    """Return the index of won deals whose order the CRM does not know yet."""
    open_work = sa.text("is_won AND deleted_at IS NULL AND counterpart_key IS NULL")
    return sa.Index("ix_deal_unordered", "system", "close_date", postgresql_where=open_work)


def _approvals() -> sa.Index:
    """Return the index of the deals that the CRM shows an approval of."""
    shown = sa.text("extras ->> 'approval_status' IN ('requested', 'approved', 'refused')")
    return sa.Index("ix_deal_approval", "system", "key", postgresql_where=shown)


def _orders_told() -> sa.Index:
    """Return the index of the deals that the CRM shows an order of that waits, or was refused."""
    shown = sa.text("extras ->> 'order_status' IN ('waiting', 'refused')")
    return sa.Index("ix_deal_order_status", "system", "key", postgresql_where=shown)


def _pending_orders() -> sa.Index:
    """Return the index of orders that wait for an approval."""
    waiting = sa.text("status = 'pending_approval' AND deleted_at IS NULL")
    return sa.Index("ix_order_pending", "system", "key", postgresql_where=waiting)


def _image_table(entity: Entity) -> sa.Table:
    """Return the table of one entity."""
    references = [f.name for f in entity.fields if f.kind is Kind.REFERENCE or f.name in _LOOKED_UP]
    indexes = [
        sa.Index(f"ix_{entity.name}_{name}", "system", name, postgresql_where=sa.text(f"{name} IS NOT NULL"))
        for name in references
    ]
    return sa.Table(
        entity.name,
        metadata,
        text("system", primary_key=True),
        text("key", primary_key=True),
        text("version"),
        instant("modified"),
        sa.Column("fingerprint", sa.BigInteger, nullable=False),
        instant("landed_at", null=False),
        instant("changed_at", null=False),
        text("run_id"),
        instant("deleted_at"),
        instant("first_landed_at"),  # null for what was landed before this was kept
        *(sa.Column(f.name, COLUMN_TYPES.get(f.kind, sa.Text())) for f in entity.fields),
        json("extras"),
        *indexes,
        sa.Index(f"ix_{entity.name}_changed_at", "system", "changed_at"),
        *((*_search_indexes(), _unlinked_customers()) if entity.name == "customer" else ()),
        *((_unordered_deals(), _approvals(), _orders_told(), _closing_deals()) if entity.name == "deal" else ()),
        *((_pending_orders(),) if entity.name == "order" else ()),
        *((_falling_due(),) if entity.name == "invoice" else ()),
    )


IMAGES: dict[str, sa.Table] = {name: _image_table(entity) for name, entity in ENTITIES.items()}

sa.Table(
    "sighting",  # records that a landing found unchanged during a census: what it must not take for deleted
    metadata,
    text("system"),
    text("entity"),
    text("key"),
    text("run_id"),
    instant("seen_at", null=False),
    sa.Index("ix_sighting_seen", "system", "entity", "seen_at"),
)

sa.Table(
    "census",  # whole reads that are under way, and those that wait for a person because they miss too much
    metadata,
    text("system", primary_key=True),
    text("entity", primary_key=True),
    text("run_id", primary_key=True),
    text("pairing"),
    instant("began_at", null=False),
    instant("held_at"),
    sa.Column("missing", sa.BigInteger),
    sa.Column("known", sa.BigInteger),
    instant("asked_at"),
    text("asked_by", null=True),
)

sa.Table(
    "watermark",
    metadata,
    text("system", primary_key=True),
    text("entity", primary_key=True),
    json("value"),
    text("run_id"),
    instant("updated_at", null=False),
)

sa.Table(
    "link",
    metadata,
    identity(),
    text("pairing"),
    text("entity"),
    text("rule"),
    instant("created_at", null=False),
    text("run_id"),
    sa.Index("ix_link_created", "pairing", "entity", "created_at"),
)

sa.Table(
    "link_end",
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), primary_key=True),
    text("system", primary_key=True),
    text("pairing"),
    text("entity"),
    text("key"),
    sa.UniqueConstraint("pairing", "entity", "system", "key", name="uq_link_end_record"),
    sa.Index("ix_link_end_record", "system", "key", "entity"),  # across pairings
)

sa.Table(
    "further_end",  # customers of the same company in other subsidiaries of the ERP; the view every_end has them beside the links' own ends
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), nullable=False),
    text("pairing", primary_key=True),
    text("entity", primary_key=True),
    text("system", primary_key=True),
    text("key", primary_key=True),
    text("rule"),
    instant("created_at", null=False),
    text("run_id"),
    sa.Index("ix_further_end_link", "link_id", "system"),
)

sa.Table(
    "rule_set",  # how far linking has looked, and by which rules
    metadata,
    identity(),
    text("pairing"),
    text("entity"),
    json("rules"),
    instant("looked_until", null=False),
    text("run_id"),
    sa.Column("seen_before", sa.BigInteger),  # the look saw what transactions before this one did; null: not kept yet
    sa.UniqueConstraint("pairing", "entity", name="uq_rule_set_entity"),
)

sa.Table(
    "rule_key",  # what each rule compares, of every living record
    metadata,
    sa.Column(
        "rule_set_id", sa.BigInteger, primary_key=True
    ),  # of rule_set; a check of each of millions of rows would double their cost
    sa.Column("rule", sa.SmallInteger, primary_key=True),
    text("system", primary_key=True),
    text("key", primary_key=True),
    text("value"),
    sa.Index("ix_rule_key_value", "rule_set_id", "rule", "value", "system"),
)

sa.Table(
    "freed",  # records whose link ended and that linking has not looked at since; a trigger of link_end writes it
    metadata,
    text("pairing"),
    text("entity"),
    text("system"),
    text("key"),
    sa.Index("ix_freed_entity", "pairing", "entity"),
)

sa.Table(
    "match_candidate",  # pairs that may be the same: for a person to decide, and, decided, labels to learn from
    metadata,
    identity(),
    text("pairing"),
    text("entity"),
    text("left_system"),
    text("left_key"),
    text("right_system"),
    text("right_key"),
    sa.Column("bits", sa.Numeric, nullable=False),
    text("reason"),
    json("evidence"),
    text("status"),
    text("run_id"),
    instant("proposed_at", null=False),
    instant("skipped_at"),
    instant("decided_at"),
    text("decided_by", null=True),
    sa.CheckConstraint("status IN ('open', 'same', 'different')", name="ck_match_candidate_status"),
    sa.UniqueConstraint(
        "pairing", "entity", "left_system", "left_key", "right_system", "right_key", name="uq_match_candidate_pair"
    ),
    sa.Index("ix_match_candidate_right", "pairing", "entity", "right_system", "right_key"),
    sa.Index("ix_match_candidate_open", "pairing", "entity", "bits", postgresql_where=sa.text("status = 'open'")),
)

sa.Table(
    "base_image",
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), primary_key=True),
    text("system", primary_key=True),
    sa.Column("fingerprint", sa.BigInteger, nullable=False),
    text("version"),
    json("image"),
    instant("settled_at", null=False),
)

sa.Table(
    "agreed_parent",  # the parents both sides of a linked customer named when they last agreed
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), primary_key=True),
    text("crm_parent", null=True),
    text("erp_parent", null=True),
    instant("settled_at", null=False),
    text("run_id"),
)

sa.Table(
    "run",
    metadata,
    text("id", primary_key=True),
    text("pairing"),
    text("phase"),
    text("mode", null=True),
    text("dag_id", null=True),
    instant("started_at", null=False),
    instant("finished_at"),
    json("parameters"),
    sa.Index("ix_run_pairing", "pairing", "started_at"),
    sa.Index("ix_run_phase", "pairing", "phase", "started_at"),
)

sa.Table(
    "plan",
    metadata,
    identity(),
    text("pairing"),
    text("flow"),
    text("run_id"),
    instant("created_at", null=False),
    instant("now", null=False),
    text("mode"),
    sa.Index("ix_plan_pairing", "pairing", "flow", "created_at"),
)

EPOCH = sa.Sequence("epoch", metadata=metadata, data_type=sa.BigInteger)

STATUSES = ("planned", "held", "sending", "done", "rejected", "in_doubt", "waiting", "shadowed")

_OPEN_INTENT = sa.text("status IN ('planned', 'held', 'sending', 'in_doubt', 'waiting')")

sa.Table(
    "intent",
    metadata,
    text("key", primary_key=True),
    sa.Column("plan_id", sa.BigInteger, sa.ForeignKey("hub.plan.id"), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    text("pairing"),
    text("flow"),
    text("entity"),
    text("operation"),
    text("source_system"),
    text("source_entity"),
    text("source_key"),
    text("source_version", null=True),
    text("target_system"),
    text("target_key", null=True),
    text("depends_on", null=True),
    text("status"),
    text("held_reason", null=True),
    text("mode"),
    json("payload"),
    text("payload_hash"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    instant("claimed_at"),
    instant("lease_until"),
    instant("not_before"),
    instant("resend_after"),
    instant("sent_at"),
    instant("finished_at"),
    instant("settled_at"),
    text("error_class", null=True),
    text("error_code", null=True),
    text("message", null=True),
    text("hint", null=True),
    instant("created_at", null=False),
    text("run_id"),
    sa.CheckConstraint(f"status IN ({', '.join(repr(status) for status in STATUSES)})", name="ck_intent_status"),
    sa.CheckConstraint("operation IN ('create', 'update')", name="ck_intent_operation"),
    sa.Index("ix_intent_open", "pairing", "flow", "status", "plan_id", "position", postgresql_where=_OPEN_INTENT),
    sa.Index("ix_intent_depends_on", "depends_on", postgresql_where=sa.text("depends_on IS NOT NULL")),
    sa.Index("ix_intent_source", "source_system", "source_key"),
    sa.Index("ix_intent_target", "target_system", "target_key"),
    sa.Index(
        "ix_intent_unsettled", "pairing", "flow", postgresql_where=sa.text("status = 'done' AND settled_at IS NULL")
    ),
    sa.Index("ix_intent_stuck", "pairing", "flow", postgresql_where=sa.text("status IN ('rejected', 'shadowed')")),
    sa.Index(
        "ix_intent_customer_made",
        "pairing",
        "source_key",
        postgresql_where=sa.text(
            "flow = 'orders' AND entity = 'customer' AND operation = 'create' AND status = 'done'"
        ),
    ),
    sa.Index("ix_intent_finished", "pairing", "flow", "finished_at", postgresql_where=sa.text("status = 'done'")),
    sa.Index(
        "ix_intent_approval", "pairing", "source_system", "source_key", postgresql_where=sa.text("payload ? 'approval'")
    ),
)

sa.Table(
    "ledger",
    metadata,
    identity(),
    instant("at", null=False),
    text("pairing", null=True),
    text("run_id", null=True),
    text("actor"),
    text("kind"),
    text("system", null=True),
    text("entity", null=True),
    text("key", null=True),
    sa.Column("link_id", sa.BigInteger),
    text("intent_key", null=True),
    json("detail"),
    sa.Index("ix_ledger_record", "system", "entity", "key", "id", postgresql_where=sa.text("key IS NOT NULL")),
    sa.Index("ix_ledger_intent", "intent_key", "id", postgresql_where=sa.text("intent_key IS NOT NULL")),
    sa.Index("ix_ledger_run", "run_id", "kind", "id", postgresql_where=sa.text("run_id IS NOT NULL")),
    sa.Index(
        "ix_ledger_landing",  # the rows that sum up a landing's new records
        "system",
        "entity",
        "id",
        postgresql_where=sa.text("key IS NULL AND entity IS NOT NULL"),
    ),
    sa.Index("ix_ledger_merged", "system", "entity", "key", postgresql_where=sa.text("kind IN ('merged', 'moved')")),
    sa.Index("ix_ledger_at", "at", postgresql_using="brin"),
    sa.Index(
        "ix_ledger_brake",
        "pairing",
        "kind",
        "id",
        postgresql_where=sa.text("kind IN ('braked', 'brake_asked', 'brake_refused', 'brake_released')"),
    ),
)

sa.Table(
    "quarantine",
    metadata,
    identity(),
    text("pairing"),
    text("system"),
    text("entity"),
    text("key"),
    text("stage"),
    text("error_class"),
    text("fingerprint"),
    text("field", null=True),
    text("message"),
    text("hint"),
    json("payload"),
    instant("first_seen", null=False),
    instant("last_seen", null=False),
    sa.Column("times", sa.Integer, nullable=False),
    text("status"),
    instant("resolved_at"),
    text("resolved_by", null=True),
    text("run_id", null=True),
    text("owner", null=True),
    instant("ignored_at"),
    text("ignored_by", null=True),
    instant("replayed_at"),
    text("replayed_by", null=True),
    sa.CheckConstraint("status IN ('open', 'resolved')", name="ck_quarantine_status"),
    sa.Index(
        "uq_quarantine_open",
        "pairing",
        "system",
        "entity",
        "key",
        "stage",
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    ),
    sa.Index("ix_quarantine_last_seen", "pairing", "status", "last_seen"),
    sa.Index(
        "ix_quarantine_owned",  # whose cause it is: thousands may have one cause, and nobody's
        "pairing",
        "stage",
        "error_class",
        "fingerprint",
        postgresql_where=sa.text("status = 'open' AND owner IS NOT NULL"),
    ),
    sa.Index(
        "ix_quarantine_cause",
        "pairing",
        "stage",
        "error_class",
        "fingerprint",
        postgresql_where=sa.text("status = 'open'"),
    ),
)

sa.Table(
    "mode",
    metadata,
    text("pairing", primary_key=True),
    text("flow", primary_key=True),
    text("mode"),
    text("changed_by"),
    instant("changed_at", null=False),
    json("evidence"),
    sa.CheckConstraint("mode IN ('off', 'shadow', 'live')", name="ck_mode_mode"),
)

sa.Table(
    "check_result",
    metadata,
    identity(),
    text("pairing"),
    text("run_id"),
    text("check_id"),
    text("title"),
    text("severity"),
    sa.Column("violations", sa.BigInteger, nullable=False),
    sa.Column("population", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Numeric, nullable=False),
    sa.Column("success", sa.Boolean, nullable=False),
    text("error", null=True),
    instant("measured_at", null=False),
    text("entity"),
    sa.UniqueConstraint("pairing", "run_id", "check_id", name="uq_check_result_run"),
    sa.Index("ix_check_result_measured", "pairing", "measured_at"),
)

sa.Table(
    "check_violation",
    metadata,
    identity(),
    text("run_id"),
    text("pairing"),
    text("check_id"),
    json("detail"),
    sa.Index("ix_check_violation_run", "pairing", "run_id", "check_id"),
)

sa.Table(
    "quota_usage",
    metadata,
    text("system", primary_key=True),
    sa.Column("bucket", INSTANT, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
)
