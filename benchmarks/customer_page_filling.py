"""A hub filled by Postgres itself, in seconds a million rows: no connector, no landing; only what pages are made of."""

from __future__ import annotations

import psycopg

PAIRING = "netsuite_salesforce"
GIANT = 7  # one customer in the company has thousands of everything
GIANTS_RECORDS = 5_000
PRODUCTS = 2_000
LEDGER_PER_CUSTOMER = 100
NAMES = (
    "Müller", "Aldermoor", "Hansen", "Keller", "Østergaard", "Weiß", "Lindqvist", "Fontaine", "Rossi", "Novák", "Schröder", "Ibáñez",
    "Kowalski", "Bakker", "Quillfeather", "Thornbury", "Vandermeer", "Castellano", "Okonkwo", "Nakamura",
)  # fmt: skip
_KINDS = (
    "Maschinenbau",
    "Logistics",
    "Instruments",
    "Foods",
    "Elektrotechnik",
    "Textiles",
    "Software",
    "Chemie",
    "Press",
    "Glass",
)

_COMMON = "version, run_id, extras, fingerprint, landed_at, changed_at"
_VALUES = "'1', 'fill', '{}', 1, now(), now() - g %% 90 * interval '1 day'"

# n is how many each customer has; the giant gets its own below. Keys of children: customer * 100 + number.
_STATEMENTS = {
    "customer": f"""
        insert into hub.customer (system, key, {_COMMON}, name, number, website, currency, is_active, owner, billing_city, billing_country,
                                  price_level, terms, credit_limit, credit_hold, balance, overdue)
        select s.system, s.prefix || g, {_VALUES}, (%(names)s::text[])[1 + g %% %(name_count)s] || ' ' || (%(kinds)s::text[])[1 + g / 7 %% 10] || ' ' || g,
               case when s.system = 'netsuite' then 'C-' || lpad(g::text, 6, '0') end, 'https://www.firm' || g || '.example', 'EUR', true,
               'Owner ' || g %% 50, 'City ' || g %% 500, 'DE', 'Base Price', 'Net 30', 50000, case when g %% 20 = 0 then 'hold' else 'ok' end,
               g %% 9000, g %% 300
          from generate_series(1, %(accounts)s) g cross join (values ('salesforce', 'A'), ('netsuite', '')) s (system, prefix)""",
    "link": f"""
        insert into hub.link (pairing, entity, rule, created_at, run_id)
        select '{PAIRING}', 'customer', 'exact:number', now(), 'fill:' || g from generate_series(1, %(accounts)s) g where g %% 5 <> 0 or g = {GIANT}
        union all select '{PAIRING}', 'product', 'exact:sku', now(), 'fill:' || g from generate_series(1, {PRODUCTS}) g""",
    "link_end": """
        insert into hub.link_end (link_id, system, pairing, entity, key)
        select l.id, s.system, l.pairing, l.entity, case when s.system = 'netsuite' then '' when l.entity = 'customer' then 'A' else 'P' end
               || split_part(l.run_id, ':', 2)
          from hub.link l cross join (values ('salesforce'), ('netsuite')) s (system)""",
    "contact": f"""
        insert into hub.contact (system, key, {_COMMON}, customer_key, first_name, last_name, email)
        select s.system, g * 100 + n || s.prefix, {_VALUES}, s.prefix || g, 'Jo', 'Person ' || n, 'jo' || n || '@firm' || g || '.example'
          from generate_series(1, %(accounts)s) g, generate_series(1, 2) n, (values ('salesforce', 'A'), ('netsuite', '')) s (system, prefix)""",
    "product": f"""
        insert into hub.product (system, key, {_COMMON}, sku, name, is_active)
        select s.system, s.prefix || g, {_VALUES}, 'SKU-' || g, 'Product ' || g, true
          from generate_series(1, {PRODUCTS}) g, (values ('salesforce', 'P'), ('netsuite', '')) s (system, prefix)""",
    "stock": f"""
        insert into hub.stock (system, key, {_COMMON}, product_key, location, available)
        select 'netsuite', g || '|' || n, {_VALUES}, g::text, 'Warehouse ' || n, g %% 100 from generate_series(1, {PRODUCTS}) g, generate_series(1, 4) n""",
    "price": f"""
        insert into hub.price (system, key, {_COMMON}, product_key, price_list, currency, minimum_quantity, unit_price)
        select 'netsuite', g || '|' || n || c, {_VALUES}, g::text, 'Base Price', c, n * 10, 100 - n
          from generate_series(1, {PRODUCTS}) g, generate_series(0, 2) n, unnest(array['EUR', 'USD']) c""",
    "deal": f"""
        insert into hub.deal (system, key, {_COMMON}, customer_key, name, stage, is_closed, is_won, close_date, currency, amount, probability,
                              price_list, counterpart_key)
        select 'salesforce', 'D' || g * 10000 + n, {_VALUES}, 'A' || g, 'Deal ' || n, 'Proposal', n > 1, n > 1, current_date - n, 'EUR', 100 + n, 50,
               'Standard Price Book', case when n > 2 then 'ordered' end
          from generate_series(1, %(accounts)s) g, generate_series(1, case g when {GIANT} then {GIANTS_RECORDS} else 4 end) n""",
    "deal_line": f"""
        insert into hub.deal_line (system, key, {_COMMON}, deal_key, product_key, sku, quantity, unit_price)
        select 'salesforce', 'L' || g * 10 + n, {_VALUES}, 'D' || g * 10000 + 1, 'P' || 1 + (g + n) %% {PRODUCTS}, 'SKU', 12, 90
          from generate_series(1, %(accounts)s) g, generate_series(1, 3) n""",
    "order": f"""
        insert into hub."order" (system, key, {_COMMON}, number, customer_key, status, order_date, currency, total)
        select 'netsuite', 'O' || g * 10000 + n, {_VALUES}, 'SO' || g * 10000 + n, g::text, case when n = 1 then 'open' else 'billed' end, current_date - n * 9, 'EUR', 10 * n
          from generate_series(1, %(accounts)s) g, generate_series(1, case g when {GIANT} then {GIANTS_RECORDS} else 4 end) n""",
    "order_line": f"""
        insert into hub.order_line (system, key, {_COMMON}, order_key, quantity, quantity_shipped)
        select 'netsuite', g * 100 + n || '|' || i, {_VALUES}, 'O' || g * 10000 + n, 4, n %% 5 from generate_series(1, %(accounts)s) g, generate_series(1, 4) n, generate_series(1, 2) i""",
    "invoice": f"""
        insert into hub.invoice (system, key, {_COMMON}, number, customer_key, status, invoice_date, due_date, currency, total, amount_remaining)
        select 'netsuite', 'I' || g * 10000 + n, {_VALUES}, 'INV' || g * 10000 + n, g::text, case when n %% 2 = 1 then 'open' else 'paid' end, current_date - n * 20, current_date - n * 20 + 30,
               'EUR', 10 * n, case when n %% 2 = 1 then 7 * n else 0 end
          from generate_series(1, %(accounts)s) g, generate_series(1, case g when {GIANT} then {GIANTS_RECORDS} else 4 end) n""",
    "payment": f"""
        insert into hub.payment (system, key, {_COMMON}, number, customer_key, status, payment_date, currency, amount)
        select 'netsuite', 'Y' || g * 10000 + n, {_VALUES}, 'PY' || n, g::text, 'deposited', current_date - n * 20, 'EUR', 10 * n
          from generate_series(1, %(accounts)s) g, generate_series(1, case g when {GIANT} then {GIANTS_RECORDS} else 3 end) n""",
    "shipment": f"""
        insert into hub.shipment (system, key, {_COMMON}, number, customer_key, order_key, status, ship_date, tracking_numbers)
        select 'netsuite', 'F' || g * 10000 + n, {_VALUES}, 'IF' || n, g::text, 'O' || g * 10000 + n, 'shipped', current_date - n * 8, '1Z' || g
          from generate_series(1, %(accounts)s) g, generate_series(1, case g when {GIANT} then {GIANTS_RECORDS} else 3 end) n""",
    "quarantine": f"""
        insert into hub.quarantine (pairing, system, entity, key, stage, error_class, fingerprint, message, hint, payload, first_seen, last_seen, times, status)
        select '{PAIRING}', 'salesforce', 'deal', 'D' || g * 10000 + 2, 'plan', 'validation', 'f' || g %% 9, 'It has no product lines.', 'Add them.', '{{}}', now(), now(), 1, 'open'
          from generate_series(1, %(accounts)s) g where g %% 50 = 0""",
    "run": f"""
        insert into hub.run (id, pairing, phase, dag_id, started_at, finished_at, parameters)
        select p || '/' || g, '{PAIRING}', p, '{PAIRING}__' || p, now() - g * interval '2 minutes', now() - g * interval '2 minutes' + interval '40 seconds', '{{}}'
          from generate_series(1, %(accounts)s) g, unnest(array['phase_1_visibility', 'phase_2_orders']) p""",
    "plan": f"insert into hub.plan (pairing, flow, run_id, created_at, now, mode) values ('{PAIRING}', 'orders', 'fill', now(), now(), 'live')",
    "intent": f"""
        insert into hub.intent (key, plan_id, position, pairing, flow, entity, operation, source_system, source_entity, source_key, source_version,
                                target_system, target_key, status, mode, payload, payload_hash, attempt, epoch, finished_at, created_at, run_id)
        select 'SF-OPP-D' || g * 10000 + 3 || '-R1', (select min(id) from hub.plan), g, '{PAIRING}', 'orders', 'order', 'create', 'salesforce', 'deal',
               'D' || g * 10000 + 3, '2026-01-01T00:00:00Z', 'netsuite', 'O' || g * 10000 + 1, 'done', 'live', '{{}}', 'h', 1, 1,
               now() - g * interval '1 minute', now() - g * interval '1 minute' - interval '40 seconds', 'fill'
          from generate_series(1, %(accounts)s) g""",
    "ledger": f"""
        insert into hub.ledger (at, run_id, actor, kind, system, entity, key, detail)
        select now() - n * interval '3 hours' - interval '1 hour', 'fill ' || n, 'crosswalk', 'observed', case when n %% 4 = 0 then 'netsuite' else 'salesforce' end,
               case when n %% 2 = 0 then 'customer' else 'deal' end,
               case n %% 4 when 0 then g::text when 2 then 'A' || g else 'D' || g * 10000 + 3 end, '{{"from": 1, "to": 2, "fields": {{"phone": ["1", "2"]}}}}'
          from generate_series(1, {LEDGER_PER_CUSTOMER}) n, generate_series(1, %(accounts)s) g""",
}  # fmt: skip


def fill(dsn: str, accounts: int, *, analyze: bool = True) -> dict[str, int]:
    """Fill the hub with that many customers and return the rows of each table; the ledger's indexes are built after its rows.

    Without ``analyze`` Postgres knows nothing of what is in the tables, as in a hub that was filled a minute ago.
    """
    values = {"accounts": accounts, "names": list(NAMES), "name_count": len(NAMES), "kinds": list(_KINDS)}
    rows = {}
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("set synchronous_commit = off")
        connection.execute("set maintenance_work_mem = '256MB'")
        indexes = _drop_indexes(connection, "ledger")
        for table, statement in _STATEMENTS.items():
            rows[table] = connection.execute(statement.encode(), values).rowcount
        for definition in indexes:
            connection.execute(definition.encode())
        if analyze:
            connection.execute("vacuum analyze")
        connection.execute("checkpoint")
    return rows


def _drop_indexes(connection: psycopg.Connection, table: str) -> list[str]:
    """Drop a table's indexes but its primary key; return how to make them again."""
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where schemaname = 'hub' and tablename = %s and indexname like 'ix\\_%%'",
        (table,),
    ).fetchall()
    for name, _ in found:
        connection.execute(f"drop index hub.{name}".encode())
    return [definition for _, definition in found]
