"""A small hub in which everything agrees, written by plain SQL, and the faults that tests sow into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg

from crosswalk.pairing import load_pairing
from crosswalk.quality.checks import load_mappings

INCLUDE = Path(__file__).parents[2] / "include"
SHIPPED = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
MAPPINGS = load_mappings(SHIPPED, INCLUDE / "mappings")
NAME = SHIPPED.name
OTHER = load_pairing(INCLUDE / "pairings" / "sap_business_one_hubspot.yaml")
_ELSEWHERE = {NAME: OTHER.name, "salesforce": "hubspot", "netsuite": "sap_business_one", "SF-OPP-": "HS-DEAL-"}


def elsewhere(statement: str) -> str:
    """Return a statement as it reads about the other pairing's systems."""
    for here, there in _ELSEWHERE.items():
        statement = statement.replace(here, there)
    return statement


def image(entity: str, system: str, key: str, **values: str) -> str:
    """Return an insert of one record; values are SQL."""
    every = {"changed_at": "now() - interval '3 hours'", **values}
    columns = "".join(f", {name}" for name in every)
    given = "".join(f", {value}" for value in every.values())
    return f"""insert into hub."{entity}" (system, key, version, fingerprint, landed_at, run_id, extras{columns})
        values ('{system}', '{key}', '1', 0, now(), 'seed', '{{}}'{given})"""


def link(entity: str, left: str, right: str) -> str:
    """Return an insert of a link a day old."""
    return f"""with l as (insert into hub.link (pairing, entity, rule, created_at, run_id)
            values ('{NAME}', '{entity}', 'seed', now() - interval '1 day', 'seed') returning id)
        insert into hub.link_end (link_id, system, pairing, entity, key)
        select id, side.system, '{NAME}', '{entity}', side.key from l, (values ('salesforce', '{left}'), ('netsuite', '{right}')) side(system, key)"""


def _customers() -> list[str]:
    made = []
    for n in (1, 2, 3):
        same = {
            "name": f"'Customer {n} Ltd.'",
            "phone": f"'+4930{n}'",
            "billing_postal_code": "'10115'",
            "billing_country": "'DE'",
            "currency": "'EUR'",
        }
        made += [
            image("customer", "salesforce", f"a{n}", counterpart_key=f"'c{n}'", **same),
            image("customer", "netsuite", f"c{n}", counterpart_key=f"'a{n}'", balance="123.45", **same),
            link("customer", f"a{n}", f"c{n}"),
            image("contact", "salesforce", f"p{n}", customer_key=f"'a{n}'", email=f"'p{n}@example.com'"),
            image("contact", "netsuite", f"q{n}", customer_key=f"'c{n}'", email=f"'p{n}@example.com'"),
            link("contact", f"p{n}", f"q{n}"),
            image("product", "salesforce", f"r{n}", sku=f"'S-{n}'", name=f"'Product {n}'", is_active="true"),
            image("product", "netsuite", f"i{n}", sku=f"'S-{n}'", name=f"'Product {n}'", is_active="true"),
            link("product", f"r{n}", f"i{n}"),
        ]
    return made


def _trade() -> list[str]:
    made = []
    for n in (1, 2, 3):
        sold = {"customer_key": f"'a{n}'", "is_won": "true", "close_date": "current_date", "currency": "'EUR'"}
        ordered = {"customer_key": f"'c{n}'", "status": "'open'", "order_date": "current_date", "currency": "'EUR'"}
        made += [
            image(
                "deal", "salesforce", f"d{n}", name=f"'Deal {n}'", amount="100.00", counterpart_key=f"'o{n}'", **sold
            ),
            image("deal_line", "salesforce", f"dl{n}", deal_key=f"'d{n}'", product_key=f"'r{n}'", total="100.00"),
            image("order", "netsuite", f"o{n}", number=f"'SO{n}'", intent_key=f"'SF-OPP-d{n}-R1'", **ordered),
            image("order_line", "netsuite", f"ol{n}", order_key=f"'o{n}'", product_key=f"'i{n}'", total="100.00"),
            image("invoice", "netsuite", f"v{n}", customer_key=f"'c{n}'", order_key=f"'o{n}'", status="'open'"),
            link("deal_order", f"d{n}", f"o{n}"),
        ]
    return made


def sound(connection: psycopg.Connection, told: Callable[[str], str] = str) -> None:
    """Fill a hub in which no check has anything to say; ``told`` may say it of the other pairing's systems."""
    marks = [
        f"insert into hub.watermark (system, entity, value, run_id, updated_at) values ('{system}', '{entity}', '{{}}', 'seed', now())"
        for side, system in (("crm", "salesforce"), ("erp", "netsuite"))
        for entity in SHIPPED.phases["visibility"].read[side]
    ]
    for statement in [*_customers(), *_trade(), *marks]:
        connection.execute(told(statement).encode())


def intent(status: str, age: str) -> str:
    """Return an insert of a planned write of such an age."""
    return f"""with p as (insert into hub.plan (pairing, flow, run_id, created_at, now, mode) values ('{NAME}', 'orders', 'seed', now(), now(), 'live') returning id)
        insert into hub.intent (key, plan_id, position, pairing, flow, entity, operation, source_system, source_entity, source_key, target_system, status, mode, payload, payload_hash, attempt, epoch, created_at, run_id)
        select 'k-{status}', id, 0, '{NAME}', 'orders', 'order', 'create', 'salesforce', 'deal', 'd1', 'netsuite', '{status}', 'live', '{{}}', 'h', 0, 0, now() - interval '{age}', 'seed' from p"""


FAULTS: dict[str, tuple[str, dict[str, int]]] = {
    "a customer too many": (
        image("customer", "netsuite", "c9", name="'Nine'", counterpart_key="'a9'"),
        {"customer_counts": 1},
    ),
    "an id that leads nowhere": (
        "update hub.customer set counterpart_key = 'c99' where key = 'a1'",
        {"stored_customer_keys": 1, "customer_keys": 1},
    ),
    "two fields of one pair": (
        "update hub.customer set name = 'Other', phone = null where key = 'c1'",
        {"customer_fields": 1},
    ),
    "no fault: finance's hold, which is shown from the ERP": (
        "update hub.customer set credit_hold = 'hold' where key = 'c1'",
        {},
    ),
    "a choice nobody knows": (
        "update hub.customer set credit_hold = 'maybe' where key in ('a1', 'c1')",
        {"customer_values": 2},
    ),
    "a customer twice, spelled otherwise": (
        image(
            "customer",
            "netsuite",
            "c8",
            name="'CUSTOMER 1, Limited'",
            billing_postal_code="'10115'",
            billing_country="'DE'",
        ),
        {"customer_duplicates": 2},
    ),
    "a parent that is gone": (
        "update hub.customer set parent_key = 'c77' where key = 'c1'",
        {"customer_references": 1},
    ),
    "parents that are not the same company": (
        "update hub.customer set parent_key = case key when 'a1' then 'a2' else 'c3' end where key in ('a1', 'c1')",
        {"customer_parents": 1},
    ),
    "a deleted customer": (
        "update hub.customer set deleted_at = now() where key = 'c3'",
        {
            **{"customer_links": 1, "stored_customer_keys": 1, "customer_counts": 1, "contact_references": 1},
            **{"order_references": 1, "invoice_references": 1},
        },
    ),
    "an e-mail address twice": (
        "update hub.contact set email = 'p1@example.com' where key in ('p2', 'q2')",
        {"contact_duplicates": 4},
    ),
    "an active product without SKU": (
        "update hub.product set sku = null where key in ('r1', 'i1')",
        {"product_complete": 2},
    ),
    "a product with another description": (
        "update hub.product set description = 'x' where key = 'i2'",
        {"product_fields": 1},
    ),
    "a SKU twice": (
        image("product", "netsuite", "i9", sku="'s1'", name="'Nine'", is_active="true"),
        {"product_duplicates": 2, "product_counts": 1},
    ),
    "a price twice": (
        ";".join(
            image("price", "netsuite", key, product_key="'i1'", price_list="'Base'", unit_price="1")
            for key in ("x", "y")
        ),
        {"price_duplicates": 2},
    ),
    "stock of no product": (
        image("stock", "netsuite", "s", product_key="'i99'", location="'Main'"),
        {"stock_references": 1},
    ),
    "a won deal without an order": (
        image(
            "deal",
            "salesforce",
            "d9",
            name="'N'",
            is_won="true",
            close_date="current_date",
            currency="'EUR'",
            amount="1",
            customer_key="'a1'",
        ),
        {"won_deal_has_one_order": 1},
    ),
    "a won deal with two orders": (
        image(
            "order",
            "netsuite",
            "o9",
            number="'SO9'",
            intent_key="'SF-OPP-d1-R2'",
            customer_key="'c1'",
            currency="'EUR'",
        ),
        {"won_deal_has_one_order": 1},
    ),
    "a won deal without amount": (
        "update hub.deal set amount = null where key = 'd1'",
        {"deal_complete": 1, "order_totals": 1},
    ),
    "a deal that stores another order": (
        "update hub.deal set counterpart_key = null where key = 'd1'",
        {"deal_keys": 1},
    ),
    "a currency no order can be made in": (
        "update hub.deal set currency = 'JPY' where key = 'd1'",
        {"deal_values": 1, "order_totals": 1},
    ),
    "a cent too much is tolerated": ("update hub.order_line set total = 100.01 where key = 'ol1'", {}),
    "two cents too much": ("update hub.order_line set total = 100.02 where key = 'ol1'", {"order_totals": 1}),
    "an order for another customer": (
        "update hub.\"order\" set customer_key = 'c2' where key = 'o1'",
        {"order_customer": 1},
    ),
    "another purchase order": ("update hub.deal set purchase_order = 'PO 7' where key = 'd1'", {"order_fields": 1}),
    "an order that waits for approval": (
        "update hub.\"order\" set status = 'pending_approval', order_date = current_date - 4 where key = 'o1'",
        {"order_pending": 1},
    ),
    "an order number twice": ("update hub.\"order\" set number = 'SO1' where key = 'o2'", {"order_duplicates": 2}),
    "a deleted order leaves an orphan and its lines": (
        "update hub.\"order\" set deleted_at = now() where key = 'o3'",
        {"deal_links": 1, "won_deal_has_one_order": 1, "order_line_parents": 1, "invoice_references": 1},
    ),
    "an invoice, a payment and a shipment that were never posted, and others that may still be": (
        ";".join(
            [
                image("invoice", "netsuite", "v8", status="'pending_approval'", invoice_date="current_date - 6"),
                image("invoice", "netsuite", "v9", status="'pending_approval'", invoice_date="current_date - 5"),
                image("invoice", "netsuite", "v7", status="'pending_approval'", changed_at="now() - interval '6 days'"),
                image("payment", "netsuite", "y8", status="'pending'", payment_date="current_date - 6"),
                image("payment", "netsuite", "y9", status="'not_deposited'", payment_date="current_date - 60"),
                image("shipment", "netsuite", "z7", status="'picked'", ship_date="current_date - 9"),
                image("shipment", "netsuite", "z8", status="'packed'", ship_date="current_date - 6"),
                image("shipment", "netsuite", "z9", status="'shipped'", ship_date="current_date - 60"),
            ]
        ),
        {"invoice_unposted": 2, "payment_unposted": 1, "shipment_unposted": 2},
    ),
    "a line of no deal": (
        image("deal_line", "salesforce", "x", deal_key="'d99'", product_key="'r1'"),
        {"deal_line_parents": 1},
    ),
    "a line of no item": (
        "update hub.order_line set product_key = 'i99' where key = 'ol1'",
        {"order_line_references": 1},
    ),
    "a watermark of yesterday": (
        "update hub.watermark set updated_at = now() - interval '1 day' where (system, entity) = ('netsuite', 'stock')",
        {"freshness": 1},
    ),
    "an entity that was never read": ("delete from hub.watermark where entity = 'deal'", {"freshness": 1}),
    "a write that waits too long": (intent("held", "3 hours"), {"open_writes": 1}),
    "a write that has just been planned": (intent("planned", "1 minute"), {}),
}
"""What is done to the sound hub, and the checks that must find it with their numbers of violations; no other check may."""
