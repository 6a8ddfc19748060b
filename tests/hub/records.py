"""Records and intents for the hub's tests."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crosswalk.hub.database import Connection
from crosswalk.hub.intents import IntentDraft, store_plan
from crosswalk.model.records import Image, Value

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def after(seconds: float) -> datetime:
    """Return the time so many seconds after noon."""
    return NOON + timedelta(seconds=seconds)


def customer(key: str, *, name: str = "Acme", at: float | None = 0, deleted: bool = False, **changes: Any) -> Image:
    """Return a customer of the ERP as it was ``at`` seconds after noon."""
    values: dict[str, Value] = {"name": name, "is_active": True, "credit_limit": Decimal("1200.50")}
    image: dict[str, Any] = {
        "system": "netsuite",
        "entity": "customer",
        "key": key,
        "version": f"v{at}",
        "modified": None if at is None else after(at),
        "deleted": deleted,
        "values": values,
        "fingerprint": hash(name),
    }
    return Image(**{**image, **changes})


def draft(
    key: str, *, operation: str = "create", payload: dict[str, object] | None = None, **changes: Any
) -> IntentDraft:
    """Return the wish for an order of the deal that the key names."""
    wanted: dict[str, Any] = {
        "key": key,
        "entity": "order",
        "operation": operation,
        "source_system": "salesforce",
        "source_entity": "deal",
        "source_key": f"deal of {key}",
        "source_version": "1",
        "target_system": "netsuite",
        "target_key": None,
        "depends_on": None,
        "payload": payload or {"memo": key},
    }
    return IntentDraft(**{**wanted, **changes})


def plan(connection: Connection, drafts: Iterable[IntentDraft], **changes: Any) -> int:
    """Store a live plan of the flow ``orders``, made at noon."""
    settings: dict[str, Any] = {"pairing": "demo", "flow": "orders", "run_id": "run 1", "mode": "live", "now": NOON}
    return store_plan(connection, drafts=list(drafts), **{**settings, **changes})


def state(connection: Connection, key: str, *columns: str) -> Any:
    """Return the intent's status, or the columns asked for."""
    row = connection.execute(
        f"select {', '.join(columns or ('status',))} from hub.intent where key = %s".encode(), (key,)
    ).fetchone()
    assert row is not None, f"no intent {key}"
    return row if len(columns) > 1 else row[0]
