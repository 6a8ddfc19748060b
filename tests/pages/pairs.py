"""Doubtful pairs that a test makes itself: customers of both systems, and what the scored matching would say of them."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from crosswalk.hub.database import Connection
from crosswalk.hub.links import unlink
from tests.facts.shop import put
from tests.pages.desk import CRM, ERP, PAIRING

_PROPOSE = """
insert into hub.match_candidate (pairing, entity, left_system, left_key, right_system, right_key, bits, reason, evidence, status, run_id, proposed_at)
values (%s, 'customer', %s, %s, %s, %s, %s, 'not enough speaks for it', %s, 'open', 'test', now()) returning id
"""


def keys(name: str) -> tuple[str, str]:
    """Return the keys of a pair, in CRM and ERP."""
    return f"001pair{name}", f"pair{name}"


def make_pairs(connection: Connection, names: Sequence[str], bits: float = 900.0) -> dict[str, int]:
    """Make a doubtful pair of each name, the first the surest (and surer than any the company has); return their numbers."""
    made = {}
    for place, name in enumerate(names):
        crm, erp = keys(name)
        put(connection, "customer", CRM, crm, name=f"{name} Foods", billing_city="Seattle")
        put(connection, "customer", ERP, erp, name=f"{name} Foods Inc.", billing_city="Tacoma")
        evidence = Jsonb([["name", "nearly the same name", 6.5], ["billing_city", "another city", -2.0]])
        row = connection.execute(_PROPOSE, (PAIRING, CRM, crm, ERP, erp, bits - place, evidence)).fetchone()
        assert row is not None
        made[name] = int(row[0])
    return made


def take_away(connection: Connection, names: Sequence[str]) -> None:
    """Leave nothing of these pairs but what the ledger tells."""
    for name in names:
        crm, erp = keys(name)
        unlink(connection, PAIRING, "customer", CRM, crm, actor="test", reason="taken away")
        connection.execute("delete from hub.match_candidate where left_key = %s", (crm,))
        connection.execute("delete from hub.customer where (system, key) in ((%s, %s), (%s, %s))", (CRM, crm, ERP, erp))
