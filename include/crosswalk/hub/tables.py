"""The hub's tables as SQLAlchemy metadata, for Alembic and for the test that compares it with a migrated database.

The engine itself talks SQL through psycopg. Image tables come from :data:`crosswalk.model.entities.ENTITIES`, one per entity.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from crosswalk.model.entities import ENTITIES, Entity, Kind

SCHEMA = "hub"

metadata = sa.MetaData(schema=SCHEMA)

_INSTANT = sa.DateTime(timezone=True)

COLUMN_TYPES: dict[Kind, sa.types.TypeEngine[Any]] = {
    Kind.AMOUNT: sa.Numeric(),
    Kind.QUANTITY: sa.Numeric(),
    Kind.INTEGER: sa.BigInteger(),
    Kind.BOOLEAN: sa.Boolean(),
    Kind.DATE: sa.Date(),
    Kind.INSTANT: _INSTANT,
}
"""Kinds that are not text; every other kind is."""

_LOOKED_UP = ("counterpart_key", "intent_key")


def _text(name: str, *, null: bool = False, primary_key: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=null, primary_key=primary_key)


def _instant(name: str, *, null: bool = True) -> sa.Column[object]:
    return sa.Column(name, _INSTANT, nullable=null)


def _json(name: str, *, null: bool = False) -> sa.Column[object]:
    return sa.Column(name, JSONB, nullable=null)


def _id() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


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
        _text("system", primary_key=True),
        _text("key", primary_key=True),
        _text("version"),
        _instant("modified"),
        sa.Column("fingerprint", sa.BigInteger, nullable=False),
        _instant("landed_at", null=False),
        _instant("changed_at", null=False),
        _text("run_id"),
        _instant("deleted_at"),
        *(sa.Column(f.name, COLUMN_TYPES.get(f.kind, sa.Text())) for f in entity.fields),
        _json("extras"),
        *indexes,
        sa.Index(f"ix_{entity.name}_changed_at", "system", "changed_at"),
    )


IMAGES: dict[str, sa.Table] = {name: _image_table(entity) for name, entity in ENTITIES.items()}

sa.Table(
    "sighting",  # records that a landing found unchanged: what a census must not take for deleted
    metadata,
    _text("system"),
    _text("entity"),
    _text("key"),
    _text("run_id"),
    _instant("seen_at", null=False),
    sa.Index("ix_sighting_seen", "system", "entity", "seen_at"),
)

sa.Table(
    "watermark",
    metadata,
    _text("system", primary_key=True),
    _text("entity", primary_key=True),
    _json("value"),
    _text("run_id"),
    _instant("updated_at", null=False),
)

sa.Table(
    "link",
    metadata,
    _id(),
    _text("pairing"),
    _text("entity"),
    _text("rule"),
    _instant("created_at", null=False),
    _text("run_id"),
    sa.Index("ix_link_pairing_entity", "pairing", "entity"),
)

sa.Table(
    "link_end",
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), primary_key=True),
    _text("system", primary_key=True),
    _text("pairing"),
    _text("entity"),
    _text("key"),
    sa.UniqueConstraint("pairing", "entity", "system", "key", name="uq_link_end_record"),
)

sa.Table(
    "base_image",
    metadata,
    sa.Column("link_id", sa.BigInteger, sa.ForeignKey("hub.link.id", ondelete="CASCADE"), primary_key=True),
    _text("system", primary_key=True),
    sa.Column("fingerprint", sa.BigInteger, nullable=False),
    _text("version"),
    _json("image"),
    _instant("settled_at", null=False),
)

sa.Table(
    "run",
    metadata,
    _text("id", primary_key=True),
    _text("pairing"),
    _text("phase"),
    _text("mode", null=True),
    _text("dag_id", null=True),
    _instant("started_at", null=False),
    _instant("finished_at"),
    _json("parameters"),
    sa.Index("ix_run_pairing", "pairing", "started_at"),
)

sa.Table(
    "plan",
    metadata,
    _id(),
    _text("pairing"),
    _text("flow"),
    _text("run_id"),
    _instant("created_at", null=False),
    _instant("now", null=False),
    _text("mode"),
    sa.Index("ix_plan_pairing", "pairing", "flow", "created_at"),
)

EPOCH = sa.Sequence("epoch", metadata=metadata, data_type=sa.BigInteger)

STATUSES = ("planned", "held", "sending", "done", "rejected", "in_doubt", "shadowed")

_OPEN_INTENT = sa.text("status IN ('planned', 'held', 'sending', 'in_doubt')")

sa.Table(
    "intent",
    metadata,
    _text("key", primary_key=True),
    sa.Column("plan_id", sa.BigInteger, sa.ForeignKey("hub.plan.id"), nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    _text("pairing"),
    _text("flow"),
    _text("entity"),
    _text("operation"),
    _text("source_system"),
    _text("source_entity"),
    _text("source_key"),
    _text("source_version", null=True),
    _text("target_system"),
    _text("target_key", null=True),
    _text("depends_on", null=True),
    _text("status"),
    _text("held_reason", null=True),
    _text("mode"),
    _json("payload"),
    _text("payload_hash"),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    _instant("claimed_at"),
    _instant("lease_until"),
    _instant("not_before"),
    _instant("resend_after"),
    _instant("sent_at"),
    _instant("finished_at"),
    _instant("settled_at"),
    _text("error_class", null=True),
    _text("error_code", null=True),
    _text("message", null=True),
    _text("hint", null=True),
    _instant("created_at", null=False),
    _text("run_id"),
    sa.CheckConstraint(f"status IN ({', '.join(repr(status) for status in STATUSES)})", name="ck_intent_status"),
    sa.CheckConstraint("operation IN ('create', 'update')", name="ck_intent_operation"),
    sa.Index("ix_intent_open", "pairing", "flow", "status", "plan_id", "position", postgresql_where=_OPEN_INTENT),
    sa.Index("ix_intent_depends_on", "depends_on", postgresql_where=sa.text("depends_on IS NOT NULL")),
    sa.Index("ix_intent_source", "source_system", "source_key"),
    sa.Index("ix_intent_target", "target_system", "target_key"),
    sa.Index(
        "ix_intent_unsettled", "pairing", "flow", postgresql_where=sa.text("status = 'done' AND settled_at IS NULL")
    ),
)

sa.Table(
    "ledger",
    metadata,
    _id(),
    _instant("at", null=False),
    _text("pairing", null=True),
    _text("run_id", null=True),
    _text("actor"),
    _text("kind"),
    _text("system", null=True),
    _text("entity", null=True),
    _text("key", null=True),
    sa.Column("link_id", sa.BigInteger),
    _text("intent_key", null=True),
    _json("detail"),
    sa.Index("ix_ledger_record", "system", "entity", "key", postgresql_where=sa.text("key IS NOT NULL")),
    sa.Index("ix_ledger_intent", "intent_key", postgresql_where=sa.text("intent_key IS NOT NULL")),
    sa.Index("ix_ledger_at", "at"),
)

sa.Table(
    "quarantine",
    metadata,
    _id(),
    _text("pairing"),
    _text("system"),
    _text("entity"),
    _text("key"),
    _text("stage"),
    _text("error_class"),
    _text("fingerprint"),
    _text("field", null=True),
    _text("message"),
    _text("hint"),
    _json("payload"),
    _instant("first_seen", null=False),
    _instant("last_seen", null=False),
    sa.Column("times", sa.Integer, nullable=False),
    _text("status"),
    _instant("resolved_at"),
    _text("resolved_by", null=True),
    _text("run_id", null=True),
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
)

sa.Table(
    "mode",
    metadata,
    _text("pairing", primary_key=True),
    _text("flow", primary_key=True),
    _text("mode"),
    _text("changed_by"),
    _instant("changed_at", null=False),
    _json("evidence"),
    sa.CheckConstraint("mode IN ('off', 'shadow', 'live')", name="ck_mode_mode"),
)

sa.Table(
    "check_result",
    metadata,
    _id(),
    _text("pairing"),
    _text("run_id"),
    _text("check_id"),
    _text("title"),
    _text("severity"),
    sa.Column("violations", sa.BigInteger, nullable=False),
    sa.Column("population", sa.BigInteger, nullable=False),
    sa.Column("score", sa.Numeric, nullable=False),
    sa.Column("success", sa.Boolean, nullable=False),
    _text("error", null=True),
    _instant("measured_at", null=False),
    sa.UniqueConstraint("pairing", "run_id", "check_id", name="uq_check_result_run"),
    sa.Index("ix_check_result_measured", "pairing", "measured_at"),
)

sa.Table(
    "check_violation",
    metadata,
    _id(),
    _text("run_id"),
    _text("pairing"),
    _text("check_id"),
    _json("detail"),
    sa.Index("ix_check_violation_run", "pairing", "run_id", "check_id"),
)

sa.Table(
    "quota_usage",
    metadata,
    _text("system", primary_key=True),
    sa.Column("bucket", _INSTANT, primary_key=True),
    sa.Column("calls", sa.BigInteger, nullable=False),
)
