"""A hub with a customer or two, written as rows: what the facts are read from."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from psycopg import sql

from crosswalk.hub.database import Connection
from crosswalk.hub.links import LinkPair, create_links
from crosswalk.pairing import Pairing, load_pairing

CRM, ERP = "salesforce", "netsuite"
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TODAY = date(2026, 5, 4)
PAIRING = "netsuite_salesforce"
_numbers = itertools.count(1)


def pairing(**changes: object) -> Pairing:
    """Return the pairing as it ships, with changes."""
    shipped = load_pairing(Path(__file__).parents[2] / "include" / "pairings" / f"{PAIRING}.yaml")
    return shipped.model_copy(update=changes)


def put(connection: Connection, entity: str, system: str, key: str | None = None, **values: Any) -> str:
    """Write one image and return its key."""
    row = {"system": system, "key": key or f"{entity}-{next(_numbers)}", "version": "1", "run_id": "r", "extras": "{}"}
    row |= {"fingerprint": 1, "landed_at": NOON, "changed_at": NOON, **values}
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier("hub", entity),
        sql.SQL(", ").join(map(sql.Identifier, row)),
        sql.SQL(", ").join(sql.Placeholder() for _ in row),
    )
    connection.execute(statement, list(row.values()))
    return str(row["key"])


def link(connection: Connection, entity: str, crm: str, erp: str, rule: str = "exact:number") -> None:
    """Link two records."""
    systems = (CRM, ERP)
    create_links(connection, PAIRING, entity, [LinkPair(systems[0], crm, systems[1], erp, rule)], "r", now=NOON)
