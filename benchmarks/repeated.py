"""Millions of accounts from some thousands: copies under ids of their own, in an emulator's file and in the hub, made by SQL.

What is measured on them follows from how many rows there are and how they are indexed, not from how they were made.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg

from crosswalk_sandbox.salesforce.ids import mint, scatter

if TYPE_CHECKING:
    from crosswalk_sandbox.salesforce.emulator import SalesforceEmulator

BASE = 10_000  # accounts that the company itself has
STRIDE = 1 << 14  # between the numbers of an account and its next copy
_OWN = ("Name", "AccountNumber", "ERP_Id__c")  # fields that no two accounts share
_LINKED = 0.9  # of the accounts have a customer in the ERP


def copies(number: int, times: int) -> Iterator[tuple[int, str]]:
    """Return place and id of each copy of the account with that number."""
    return ((copy, mint("001", number + copy * STRIDE)) for copy in range(1, times))


def repeat_in_org(emulator: SalesforceEmulator, times: int) -> None:
    """Make the loaded accounts ``times`` as many."""
    store, account = emulator.org.store, emulator.org.schema.objects["account"]
    with store.filling() as connection:
        connection.create_function("copied_row", 2, lambda row, copy: scatter(scatter(row) + copy * STRIDE))
        connection.create_function("copied_id", 2, lambda row, copy: mint("001", scatter(row) + copy * STRIDE))
        columns = [str(row[1]) for row in connection.execute('PRAGMA table_info("Account")')][2:]
        taken = [f"\"{name}\" || ' ' || :copy" if name in _OWN else f'"{name}"' for name in columns]
        names = ", ".join(f'"{name}"' for name in columns)
        store.drop_indexes(account)
        for copy in range(1, times):
            connection.execute(
                f'INSERT INTO "Account" (_row, "Id", {names}) SELECT copied_row(_row, :copy), copied_id(_row, :copy), '
                f'{", ".join(taken)} FROM "Account" WHERE _row < {STRIDE}',
                {"copy": copy},
            )
        store.create_indexes(("Account",))
        store.raise_number("Account", times * STRIDE)


def repeat_in_hub(database: str, pairing: str, times: int) -> None:
    """Make the hub's accounts ``times`` as many, give most of them a linked customer in the ERP, and let Postgres look at it."""
    with psycopg.connect(database) as connection:
        keys = [row[0] for row in connection.execute("select key from hub.customer where system = 'salesforce'")]
        numbers = {mint("001", number): number for number in range(STRIDE)}
        indexes = _without_indexes(connection)
        connection.execute("create temporary table twin (base text, copy int, key text) on commit drop")
        with connection.cursor().copy("copy twin from stdin") as rows:
            for key in keys:
                for copy, twin in copies(numbers[key], times):
                    rows.write_row((key, copy, twin))
        _insert(connection, "from hub.customer c join twin on twin.base = c.key where c.system = 'salesforce'",
                {"key": "twin.key", "name": "c.name || ' ' || twin.copy", "number": "c.number || ' ' || twin.copy",
                 "counterpart_key": "c.counterpart_key || ' ' || twin.copy"})  # fmt: skip
        _link(connection, pairing, "salesforce", "netsuite")
        for index in indexes:
            connection.execute(index.encode())
    tidy(database)


def link_in_hub(database: str, pairing: str, system: str, other: str) -> None:
    """Give most customers of a system a linked one in the other, and let Postgres look at it."""
    with psycopg.connect(database) as connection:
        indexes = _without_indexes(connection)
        _link(connection, pairing, system, other)
        for index in indexes:
            connection.execute(index.encode())
    tidy(database)


def _link(connection: psycopg.Connection[Any], pairing: str, system: str, other: str) -> None:
    # no run looks at them once more
    connection.execute("update hub.customer set changed_at = changed_at - interval '1 day'")
    _insert(connection, f"from hub.customer c where c.system = '{system}' and abs(hashtext(c.key)) % 100 < {_LINKED * 100}",
            {"system": f"'{other}'", "key": "'N' || c.key", "counterpart_key": "null"})  # fmt: skip
    connection.execute(_LINKS, {"pairing": pairing, "linked": _LINKED, "system": system, "other": other})
    connection.execute("select setval(pg_get_serial_sequence('hub.link', 'id'), (select max(id) from hub.link))")
    connection.execute("truncate hub.rule_set, hub.rule_key")  # linking has not looked at the copies


def _without_indexes(connection: psycopg.Connection[Any]) -> list[str]:
    """Drop the customers' indexes but for their key's, and return what makes them again: at the end that costs a fraction."""
    found = connection.execute(
        "select indexname, indexdef from pg_indexes where schemaname = 'hub' and tablename = 'customer' and indexname <> 'customer_pkey'"
    ).fetchall()
    for name, _ in found:
        connection.execute(f'drop index hub."{name}"'.encode())
    connection.execute("set local maintenance_work_mem = '512MB'")
    return [str(definition) for _, definition in found]


def tidy(database: str) -> None:
    """Do at once what autovacuum would do some time."""
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("vacuum analyze")


def _insert(connection: psycopg.Connection[Any], source: str, changes: dict[str, str]) -> None:
    named = connection.execute(
        "select column_name from information_schema.columns where table_schema = 'hub' and table_name = 'customer'"
        " and is_generated = 'NEVER' order by ordinal_position"
    ).fetchall()
    columns = [str(row[0]) for row in named]
    chosen = ", ".join(changes.get(name, f'c."{name}"') for name in columns)
    listed = ", ".join(f'"{name}"' for name in columns)
    connection.execute(f"insert into hub.customer ({listed}) select {chosen} {source}".encode())


_LINKS = """
with chosen as (
    select key, row_number() over () as number from hub.customer
     where system = %(system)s and abs(hashtext(key)) %% 100 < %(linked)s * 100
),
links as (
    insert into hub.link (id, pairing, entity, rule, created_at, run_id) overriding system value
    select number, %(pairing)s, 'customer', 'stored_key', now(), 'bench' from chosen
),
ends as (
    insert into hub.link_end (link_id, system, pairing, entity, key)
    select number, %(system)s, %(pairing)s, 'customer', key from chosen
     union all select number, %(other)s, %(pairing)s, 'customer', 'N' || key from chosen
)
insert into hub.base_image (link_id, system, fingerprint, version, image, settled_at)
select c.number, s.system, 0, '', '{}', now() from chosen c cross join (values (%(system)s), (%(other)s)) s (system)
"""
