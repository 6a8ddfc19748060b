"""What the hub's queries find of the rule table's customers is what the rules say: every standing there is, in a real Postgres."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import psycopg
import pytest

from crosswalk.lifecycle import Standing, kind_wanted, stage_wanted
from crosswalk.pairing import LifecyclePolicy, load_pairing
from crosswalk.platforms import Side
from crosswalk.quality.checks import load_mappings
from crosswalk.quality.lifecycle import contradictions
from crosswalk.quality.scope import Scope
from crosswalk.quality.spec import Spec
from crosswalk.stages.lifecycle_facts import contradicted
from tests.lifecycle.policies import KINDS_SEEN, SHIPPED, STAGES_SEEN, THREE_KINDS

INCLUDE = Path(__file__).parents[2] / "include"
PAIRING = load_pairing(INCLUDE / "pairings" / "sap_business_one_hubspot.yaml")
CRM, ERP = PAIRING.crm.system, PAIRING.erp.system
SPEC = Spec(entity="customer", check="x", kind="lifecycle", severity="info", title="", explanation="")
EVERY = {
    f"c{number}": Standing(*each)
    for number, each in enumerate(product(STAGES_SEEN, KINDS_SEEN, (True, False), (True, False), (True, False)))
}
POLICIES = [
    LifecyclePolicy(**SHIPPED),
    LifecyclePolicy(**THREE_KINDS),
    LifecyclePolicy(to_crm={"customer": "customer"}),
]

_IMAGE = """
insert into hub."{entity}" (system, key, version, fingerprint, landed_at, changed_at, run_id, extras, {columns})
values (%s, %s, '1', 0, now(), now() - interval '3 hours', 'seed', '{{}}', {values})
"""


def _put(connection: psycopg.Connection, entity: str, system: str, key: str, **values: object) -> None:
    query = _IMAGE.format(entity=entity, columns=", ".join(values), values=", ".join(["%s"] * len(values)))
    connection.execute(query.encode(), (system, key, *values.values()))


def _fill(connection: psycopg.Connection) -> None:
    for number, (key, one) in enumerate(EVERY.items()):
        _put(connection, "customer", CRM, key, name=key, stage=one.stage)
        _put(connection, "customer", ERP, key, name=key, kind=one.kind, is_active=one.active)
        _put(connection, "deal", CRM, key, name=key, customer_key=key, is_won=one.won)
        if one.traded and number % 2:
            _put(connection, "order", ERP, key, customer_key=key, status="open")
        elif one.traded:
            _put(connection, "invoice", ERP, key, customer_key=key, status="paid")
        else:
            _put(connection, "order", ERP, key, customer_key=key, status=("cancelled", "pending_approval")[number % 2])
        row = connection.execute(
            "insert into hub.link (pairing, entity, rule, created_at, run_id) values (%s, 'customer', 'seed', now(), 'seed') returning id",
            (PAIRING.name,),
        ).fetchone()
        assert row is not None
        for system in (CRM, ERP):
            connection.execute(
                "insert into hub.link_end (link_id, system, pairing, entity, key) values (%s, %s, %s, 'customer', %s)",
                (row[0], system, PAIRING.name, key),
            )


@pytest.fixture
def filled(hub_dsn: str) -> psycopg.Connection:
    connection = psycopg.connect(hub_dsn)
    _fill(connection)
    return connection


def test_queries_and_rules_agree_on_every_standing(filled: psycopg.Connection) -> None:
    for policy in POLICIES:
        wanted: dict[Side, set[str]] = {
            "erp": {key for key, one in EVERY.items() if kind_wanted(one, policy)},
            "crm": {key for key, one in EVERY.items() if stage_wanted(one, policy)},
        }
        for side, flow in (("erp", "lifecycle_to_erp"), ("crm", "lifecycle_to_crm")):
            found = contradicted(filled, PAIRING, policy, flow, side, since=None)
            assert {one.crm.key for one in found} == wanted[side]
            assert all(one.standing == EVERY[one.crm.key] for one in found)
        pairing = PAIRING.model_copy(update={"lifecycle": policy})
        check = contradictions(Scope(pairing, load_mappings(pairing, INCLUDE / "mappings")), SPEC)
        assert check is not None
        rows = filled.execute(check.violations.encode()).fetchall()
        assert {row[0] for row in rows} == wanted["crm"] | wanted["erp"]
        assert len(rows) == len(wanted["crm"] | wanted["erp"])
        assert wanted["crm"]
    filled.close()


def test_without_a_table_there_is_no_check(hub_dsn: str) -> None:
    pairing = PAIRING.model_copy(update={"lifecycle": None})
    assert contradictions(Scope(pairing, load_mappings(pairing, INCLUDE / "mappings")), SPEC) is None
