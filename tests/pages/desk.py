"""A hub with trouble in it, made by the hub's own functions: what the quarantine and the ledger show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from crosswalk.hub import quarantine, runs
from crosswalk.hub.codec import encode
from crosswalk.hub.database import Connection
from crosswalk.hub.gate import replan
from crosswalk.hub.intents import IntentDraft, claim, finish, mark_sending, mark_settled, store_plan
from crosswalk.hub.landing import land
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import AuthenticationError, CrosswalkError, NotFoundError, ValidationError
from crosswalk.model.records import Image, Outcome, Receipt, Value

PAIRING = "netsuite_salesforce"
CRM, ERP = "salesforce", "netsuite"
DAG = f"{PAIRING}__phase_2_orders"
NOW = datetime.now(UTC).replace(microsecond=0)
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{ 7*7 }} &amp; """
NO_LINES = "It has no product lines."


def ago(**spent: float) -> datetime:
    """Return an instant before the tests began."""
    return NOW - timedelta(**spent)


def run_of(number: int) -> str:
    """Return the hub's id of a run."""
    return f"{DAG}/manual__{number}"


def begin_run(connection: Connection, number: int, at: datetime) -> str:
    """Let a run be under way from ``at`` on."""
    runs.begin(connection, run_id=run_of(number), pairing=PAIRING, phase="phase_2_orders", dag_id=DAG, now=at)
    return run_of(number)


def read(
    connection: Connection,
    entity: str,
    system: str,
    key: str,
    *,
    run: str,
    at: datetime,
    deleted: bool = False,
    **values: Value,
) -> None:
    """Let a pull bring one record as it is at that time."""
    image = Image(
        system, entity, key, f"v{at:%H%M%S%f}", at, deleted, values=values, fingerprint=hash(str(values)) % 2**62
    )
    land(connection, system=system, entity=ENTITIES[entity], images=[image], run_id=run, watermark=None, now=at)


def trouble(
    connection: Connection,
    key: str,
    error: CrosswalkError,
    *,
    stage: str = "plan",
    run: str | None = None,
    at: datetime = NOW,
    **payload: Any,
) -> int:
    """Put a deal into quarantine."""
    return quarantine.put(
        connection, pairing=PAIRING, system=CRM, entity="deal", key=key, stage=stage, error=error, payload=payload,
        run_id=run, now=at,
    )  # fmt: skip


def no_lines(connection: Connection, keys: Iterable[str], *, run: str | None = None, at: datetime = NOW) -> None:
    """Let deals lack their lines."""
    hint = "Add products to the opportunity."
    for key in keys:
        problem = {"code": "no_lines", "entity": "deal", "key": key, "field": None, "message": NO_LINES, "hint": hint}
        error = ValidationError(NO_LINES, hint=hint, code="no_lines")
        trouble(connection, key, error, run=run, at=at, name=f"Deal {key}", problems=[problem])


def order(key: str, deal: str, **changes: Any) -> IntentDraft:
    """Return the wish for a deal's order, with two lines."""
    values: dict[str, Value] = {"memo": f"Deal {deal}", "tranDate": NOW.date(), "otherRefNum": None, "isTaxable": True}
    lines = [{"item": f"{place}7", "quantity": Decimal(place), "rate": Decimal("19.50")} for place in (1, 2)]
    wanted: dict[str, Any] = {
        "key": key, "entity": "order", "operation": "create", "source_system": CRM, "source_entity": "deal", "source_key": deal,
        "source_version": "v1", "target_system": ERP, "target_key": None, "depends_on": None,
        "payload": {"label": f"Deal {deal}", "values": encode(values), "lines": [encode(line) for line in lines]},
    }  # fmt: skip
    return IntentDraft(**{**wanted, **changes})


def deliver(
    connection: Connection,
    drafts: Iterable[IntentDraft],
    receipts: dict[str, Receipt],
    *,
    run: str,
    at: datetime,
    flow: str = "orders",
) -> None:
    """Plan these writes and let the target answer them; what has no answer stays planned."""
    store_plan(connection, pairing=PAIRING, flow=flow, run_id=run, mode="live", now=at, drafts=list(drafts))
    for intent in claim(connection, pairing=PAIRING, flow=flow, limit=1000, lease_seconds=60, now=at):
        if intent.key in receipts:
            assert mark_sending(connection, intent.key, intent.epoch, run_id=run, now=at + timedelta(seconds=1))
            finish(
                connection, intent.key, intent.epoch, receipts[intent.key], run_id=run, now=at + timedelta(seconds=2)
            )


def refused(key: str, message: str = "Invalid value for the resource or sub-resource field memo.") -> Receipt:
    """Return the target's no."""
    return Receipt(
        key, Outcome.REJECTED, error_class="validation", error_code="INVALID_CONTENT", message=message, field="memo",
        hint="Correct the value and replay it.",
    )  # fmt: skip


def refuse_order(
    connection: Connection, key: str, deal: str, *, run: str, at: datetime = NOW, message: str = ""
) -> int:
    """Let the ERP refuse a deal's order; returns the item in quarantine."""
    deliver(connection, [order(key, deal)], {key: refused(key, *([message] if message else []))}, run=run, at=at)
    row = connection.execute(
        "select id from hub.quarantine where payload ->> 'intent' = %s and status = 'open'", (key,)
    ).fetchone()
    assert row is not None
    return int(row[0])


def fill(connection: Connection) -> None:
    """An evening at the company: two runs, customers that change, causes large and small, a write that is done and explained."""
    first, second = begin_run(connection, 1, ago(hours=5)), begin_run(connection, 2, ago(hours=2))
    _customer(connection, "Aldermoor Foods", "+1 206 555 0100", 1000, run=first, at=ago(hours=5))
    _customer(connection, "Aldermoor Foods Inc.", "+1 206 555 0100", 2500, run=second, at=ago(hours=2))
    _customer(connection, "Aldermoor Foods Inc.", "+1 206 555 0199", 2500, run=second, at=ago(hours=1))
    _written_back(connection, first, second)
    no_lines(connection, [f"006no{number:04}" for number in range(40)], run=first, at=ago(hours=5))
    for number in range(3):
        error = NotFoundError(
            f"Product 'PROTO-{number}' has no item in the ERP.", hint="Create the item in NetSuite.", field="item"
        )
        trouble(connection, f"006item{number}", error, run=second, at=ago(hours=2), name=f"Prototype {number}")
    refuse_order(connection, "SF-OPP-A-R1", "006order1", run=second, at=ago(minutes=100))
    refuse_order(connection, "SF-OPP-B-R1", "006order2", run=second, at=ago(minutes=100))
    read_again = AuthenticationError("netsuite refused the token.", hint="Correct the connection.")
    quarantine.put(
        connection,
        pairing=PAIRING,
        system=ERP,
        entity="customer",
        key="777",
        stage="pull",
        error=read_again,
        run_id=second,
        now=ago(minutes=90),
    )
    trouble(
        connection,
        f"006evil{HOSTILE}",
        ValidationError(f"{HOSTILE} is no stage.", hint=HOSTILE),
        at=ago(minutes=80),
        name=HOSTILE * 40,
    )
    runs.finish(connection, first, now=ago(hours=4, minutes=50))


def _customer(connection: Connection, name: str, phone: str, limit: int, *, run: str, at: datetime) -> None:
    """Let the ERP's customer be read as it is at that time."""
    known: dict[str, Value] = {"name": name, "phone": phone, "credit_limit": Decimal(limit).quantize(Decimal("0.01"))}
    read(connection, "customer", ERP, "501", run=run, at=at, is_active=True, **known)


def _deal(connection: Connection, counterpart: str | None, *, run: str, at: datetime) -> None:
    """Let the CRM's deal be read, before or after the ERP's id is in it."""
    known: dict[str, Value] = {"name": "Deal done", "stage": "Closed Won", "counterpart_key": counterpart}
    read(connection, "deal", CRM, "006done", run=run, at=at, **known)


def _written_back(connection: Connection, first: str, second: str) -> None:
    """The ERP's id is written into a deal, by a write that was refused once and replayed by a person."""
    _deal(connection, None, run=first, at=ago(hours=5))
    wish = order(
        "WB-1", "9001", entity="deal", operation="update", source_system=ERP, source_entity="order", target_system=CRM,
        target_key="006done", payload={"label": "deal 006done", "values": {"ERP_Id__c": "9001"}, "lines": []},
    )  # fmt: skip
    deliver(connection, [wish], {"WB-1": refused("WB-1")}, run=first, at=ago(hours=4), flow="write_back")
    assert replan(connection, "WB-1", actor="person:olga", reason="the field was unlocked", now=ago(hours=3))
    for intent in claim(connection, pairing=PAIRING, flow="write_back", limit=5, lease_seconds=60, now=ago(hours=2)):
        assert mark_sending(connection, intent.key, intent.epoch, run_id=second, now=ago(hours=2))
        finish(
            connection,
            intent.key,
            intent.epoch,
            Receipt("WB-1", Outcome.DONE, native_id="006done"),
            run_id=second,
            now=ago(hours=2),
        )
    mark_settled(connection, ["WB-1"], run_id=second, now=ago(hours=2))
    _deal(connection, "9001", run=second, at=ago(minutes=119))
