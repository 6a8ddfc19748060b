"""How long the ledger's and the quarantine's pages take: why a value is what it is, what a run did, what a record was, what is stuck.

The hub is that of the customer page: 10,000,000 entries at 100,000 customers. On top come every order's own write with what the ledger
tells of it, and one record that changed 20,000 times. Measured is what the server does, from the question to the HTML.
"""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks.customer_page import LOOKS, QUICK_LOOKS, SEED, Times, timed
from benchmarks.customer_page_filling import LEDGER_PER_CUSTOMER, PAIRING, fill
from benchmarks.engine import INCLUDE
from benchmarks.postgres import new_database, running_postgres
from benchmarks.report import Outcome, Settings, Table
from crosswalk.hub import causes
from crosswalk.hub.causes import Wanted
from crosswalk.hub.database import Hub
from crosswalk.model.entities import ENTITIES
from crosswalk.pairing import Pairing, load_pairing
from crosswalk_airflow.ui.ledger_content import Asked, mapped_fields, record_content, run_content
from crosswalk_airflow.ui.rendering import render

AIM_MS = 200.0
RESTLESS, CHANGES = 11, 20_000

_MORE = {
    "writes": """update hub.intent set payload = '{"label": "Deal", "values": {"memo": "Deal", "tranDate": "x"}, "lines": []}'""",
    "told": """
        insert into hub.ledger (at, pairing, run_id, actor, kind, system, entity, key, intent_key, detail)
        select i.finished_at, i.pairing, 'fill ' || i.position % 100, case when k.kind = 'replayed' then 'person:olga' else 'crosswalk' end, k.kind,
               i.source_system, i.source_entity, i.source_key, i.key, '{"attempt": 1, "reason": "again"}'
          from hub.intent i cross join unnest(array['planned', 'replayed', 'sending', 'done', 'settled']) with ordinality k (kind, turn)
         order by i.position, k.turn""",
    "restless": f"""
        insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
        select now() - n * interval '1 minute', 'fill 1', 'crosswalk', 'observed', 'netsuite', 'customer', '{RESTLESS}',
               jsonb_build_object('fields', jsonb_build_object('phone', jsonb_build_array(n, n - 1)))
          from generate_series({CHANGES}, 1, -1) n""",
}


def run(settings: Settings) -> Outcome:
    """Fill a hub, then ask the ledger as people do."""
    looks = QUICK_LOOKS if settings.quick else LOOKS
    with running_postgres() as server:
        dsn = new_database(server, "ledger", hub=True)
        began = time.perf_counter()
        rows = {**fill(dsn, settings.accounts), **_more(dsn)}
        filling = time.perf_counter() - began
        pairing = load_pairing(Path(INCLUDE) / "pairings" / "netsuite_salesforce.yaml")
        hub = Hub(dsn)
        try:
            times = measure(hub, pairing, settings.accounts, looks)
        finally:
            hub.close()
    return outcome(settings.accounts, rows, filling, times)


def _more(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        added = {name: connection.execute(statement.encode()).rowcount for name, statement in _MORE.items()}
        connection.execute("vacuum analyze hub.ledger, hub.intent")
        connection.execute("checkpoint")
    return added


def measure(hub: Hub, pairing: Pairing, accounts: int, looks: int) -> list[Times]:
    """Ask about records anywhere in the company, about runs of a hundred thousand entries, and open the quarantine."""
    chance = random.Random(SEED)
    some = [chance.randrange(1, accounts + 1) for _ in range(looks)]
    mappings = Path(INCLUDE) / "mappings"

    def record(system: str, entity: str, key: str, field: str = "", hours: str = "", before: str = "") -> None:
        at = datetime.now(UTC) - timedelta(hours=float(hours)) if hours else None
        asked = Asked(system, ENTITIES[entity], key, field or None, at, int(before) if before else None)
        mapped = mapped_fields(mappings / pairing.side(pairing.side_of(system)).mapping, entity)
        with hub.connection() as connection:
            content = record_content(connection, pairing, mapped, asked)
        if content is None or not render("record.html", base="", there=None, **content):
            raise RuntimeError(f"There is no page of {entity} {key}.")

    def done(run_id: str, kind: str = "", before: str = "") -> None:
        with hub.connection() as connection:
            content = run_content(
                connection, pairing, run_id, kind=kind or None, before=int(before) if before else None
            )
        if content is None or not render("run.html", base="", **content):
            raise RuntimeError(f"There is no page of run {run_id}.")

    def stuck() -> None:
        wanted = Wanted(PAIRING)
        with hub.connection() as connection:
            found = causes.causes(connection, wanted, limit=25)
            of = [
                replace(wanted, stage=one.stage, error_class=one.error_class, fingerprint=one.fingerprint)
                for one in found
            ]
            shown = [causes.items(connection, one, limit=8) for one in of]
            if not causes.totals(connection, wanted)[1] or not causes.facets(connection, PAIRING) or not all(shown):
                raise RuntimeError("Nothing is in quarantine.")

    middle = str(accounts * LEDGER_PER_CUSTOMER // 2)
    restless = ("netsuite", "customer", str(RESTLESS))
    return [
        timed("a record of either system", [(record, ("netsuite", "customer", str(one))) for one in some]),
        timed("why a field has its value: changed there", [(record, ("salesforce", "customer", f"A{one}", "phone")) for one in some]),
        timed("why a field has its value: written", [(record, ("netsuite", "order", f"O{one * 10000 + 1}", "memo")) for one in some]),
        timed("a record at any time", [(record, ("netsuite", "customer", str(one), "", str(chance.uniform(1, 300)))) for one in some]),
        timed(f"a record that changed {CHANGES:,} times, why", [(record, (*restless, "phone"))] * 20),
        timed(f"a record that changed {CHANGES:,} times, at any time", [(record, (*restless, "", "300"))] * 20),
        timed("what a run did", [(done, (f"fill {one % LEDGER_PER_CUSTOMER + 1}",)) for one in some]),
        timed("what a run did, further on", [(done, (f"fill {one % LEDGER_PER_CUSTOMER + 1}", "observed", middle)) for one in some]),
        timed("the quarantine by cause", [(stuck, ())] * max(20, looks // 10)),
    ]  # fmt: skip


def outcome(accounts: int, rows: dict[str, int], filling: float, times: Sequence[Times]) -> Outcome:
    """Put what was measured beside the aim."""
    slowest = max(times, key=lambda one: one.percentile(0.99))
    entries = rows["ledger"] + rows["told"] + rows["restless"]
    worst = slowest.percentile(0.99)
    headline = f"99 of 100 pages of the ledger within {worst:.0f} ms at {entries:,} entries, the slowest kind being: {slowest.name} (aim {AIM_MS:.0f} ms)"
    figures: dict[str, Any] = {
        "customers": accounts,
        "entries": entries,
        "rows": rows,
        "filling_seconds": round(filling, 1),
    }
    figures["milliseconds"] = {
        one.name: {"median": one.percentile(0.5), "p99": one.percentile(0.99), "worst": one.percentile(1.0)}
        for one in times
    }
    head = ["", "looked at", "median ms", "p99 ms", "worst ms"]
    tables = [Table("What the server takes for a page", head, [one.row() for one in times])]
    return Outcome("ledger", headline, worst < AIM_MS, figures, tables)
