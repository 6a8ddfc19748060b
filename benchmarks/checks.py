"""How long a pairing's whole suite takes, and how much memory: every check the shipped pairing has, on 1,000,000 records.

The hub is filled by the server itself (generate_series), with faults sown at known places, so that what the checks find is known beforehand.
A run that finds anything else has measured nothing and raises RuntimeError.
"""

from __future__ import annotations

import psycopg

from benchmarks.engine import INCLUDE, pairing
from benchmarks.measure import cost
from benchmarks.postgres import new_database, running_postgres, settled
from benchmarks.report import Outcome, Settings, Table
from crosswalk.hub.database import Hub
from crosswalk.quality.checks import checks_of, load_mappings
from crosswalk.quality.suite import SuiteResult, run_suite

SECONDS, MEGABYTES = 120.0, 1024.0
RECORDS, QUICK_RECORDS = 1_000_000, 20_000
EVERY = 1_000  # one of so many linked customers has another city in the CRM, and one another phone

_WORDS = "'{Alder,Beacon,Cedar,Delta,Ember,Falcon,Granite,Harbor,Island,Juniper,Keystone,Lantern,Meadow,Northern,Orchard,Pioneer,Quarry,River,Summit,Timber,Union,Valley,Willow,Zenith}'::text[]"
NAME = f"concat_ws(' ', ({_WORDS})[1 + n % 24], ({_WORDS})[1 + n / 24 % 24], ({_WORDS})[1 + n / 576 % 24], ({_WORDS})[1 + n / 13824 % 24], ({_WORDS})[1 + n / 331776 % 24], 'Trading Ltd.')"
"""A million different names, as alike as names are: five words out of 24."""

_HEAD = "system, key, version, fingerprint, landed_at, changed_at, run_id, extras"
_VALUES = "'{system}', {key}, '1', 0, now(), now() - interval '2 hours', 'seed', '{{}}'"


def _images(entity: str, system: str, key: str, columns: dict[str, str], rows: int) -> str:
    head = f"{_HEAD}, {', '.join(columns)}"
    return f'insert into hub."{entity}" ({head}) select {_VALUES.format(system=system, key=key)}, {", ".join(columns.values())} from generate_series(1, {rows}) n'


def _links(entity: str, pairs: str, first: int, rows: int) -> list[str]:
    number = f"{first} + n"
    of = f"'netsuite_salesforce', '{entity}'"
    return [
        f"insert into hub.link (id, pairing, entity, rule, created_at, run_id) overriding system value select {number}, {of}, 'seed', now() - interval '1 day', 'seed' from generate_series(1, {rows}) n",
        *(
            f"insert into hub.link_end (link_id, system, pairing, entity, key) select {number}, '{system}', {of}, {key} from generate_series(1, {rows}) n"
            for system, key in (part.split("=") for part in pairs.split(";"))
        ),
    ]


def statements(records: int) -> list[str]:
    """Return the SQL that fills the hub: so many linked customers and contacts, a tenth of it products, a fifth deals with orders and lines."""
    products, deals = max(100, records // 10), records // 5
    customer = {
        "name": NAME,
        "number": "'C' || n",
        "email": "'office' || n || '@example.com'",
        "phone": "'+1415' || lpad(n::text, 7, '0')",
        "currency": "'USD'",
        "billing_street": "n || ' Main Street'",
        "billing_city": "'Springfield'",
        "billing_postal_code": "lpad((n % 40000)::text, 5, '0')",
        "billing_country": "'US'",
    }
    in_crm = customer | {
        "counterpart_key": "'c' || n",
        "billing_city": f"case when n % {EVERY} = 0 then 'Shelbyville' else 'Springfield' end",
        "phone": f"case when n % {EVERY} = 1 then null else '+1415' || lpad(n::text, 7, '0') end",
    }
    contact = {"email": "'person' || n || '@example.com'", "last_name": "'Person ' || n"}
    product = {"name": "'Product ' || n", "sku": "'SKU-' || n", "is_active": "true"}
    deal = {
        "name": "'Deal ' || n",
        "customer_key": "'a' || n",
        "counterpart_key": "'o' || n",
        "is_won": "true",
        "is_closed": "true",
        "close_date": "current_date",
        "currency": "'USD'",
        "amount": "200.00",
    }
    order = {
        "number": "'SO' || n",
        "customer_key": "'c' || n",
        "intent_key": "'SF-OPP-d' || n || '-R1'",
        "currency": "'USD'",
        "status": "'open'",
        "order_date": "current_date",
        "total": "220.00",
    }
    line = {"product_key": f"'i' || (1 + n % {products})", "quantity": "1", "total": "100.00"}
    reads = pairing().phases["visibility"].read
    return [
        _images("customer", "salesforce", "'a' || n", in_crm, records),
        _images("customer", "netsuite", "'c' || n", customer | {"counterpart_key": "'a' || n"}, records),
        _images("contact", "salesforce", "'p' || n", contact | {"customer_key": "'a' || n"}, records),
        _images("contact", "netsuite", "'q' || n", contact | {"customer_key": "'c' || n"}, records),
        _images("product", "salesforce", "'p' || n", product, products),
        _images("product", "netsuite", "'i' || n", product | {"product_type": "'inventory'"}, products),
        _images("deal", "salesforce", "'d' || n", deal, deals),
        _images("order", "netsuite", "'o' || n", order, deals),
        _images("order_line", "netsuite", "'l' || n", line | {"order_key": f"'o' || (1 + n % {deals})"}, 2 * deals),
        *_links("customer", "salesforce='a' || n;netsuite='c' || n", 0, records),
        *_links("contact", "salesforce='p' || n;netsuite='q' || n", 10_000_000, records),
        *_links("product", "salesforce='p' || n;netsuite='i' || n", 20_000_000, products),
        *_links("deal_order", "salesforce='d' || n;netsuite='o' || n", 30_000_000, deals),
        *(
            f"insert into hub.watermark (system, entity, value, run_id, updated_at) values ('{system}', '{entity}', '{{}}', 'seed', now())"
            for side, system in (("crm", "salesforce"), ("erp", "netsuite"))
            for entity in reads[side]
        ),
    ]


def run(settings: Settings) -> Outcome:
    """Fill the hub, run the suite once as the task does, compare what it found with what was sown."""
    records = settings.wished or (QUICK_RECORDS if settings.quick else RECORDS)
    with running_postgres() as server:
        url = new_database(server, "checks", hub=True)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in statements(records):
                connection.execute(statement.encode())
            connection.execute("vacuum analyze")
        settled(url)
        chosen = pairing()
        hub = Hub(url)
        with cost() as spent:
            result = run_suite(
                hub, chosen.name, "bench", checks_of(chosen, load_mappings(chosen, INCLUDE / "mappings"))
            )
        hub.close()
    _as_sown(result, records)
    return outcome(records, result, spent.wall, spent.peak_mb)


def _as_sown(result: SuiteResult, records: int) -> None:
    """Only the fields of linked customers differ, and in as many pairs as were sown."""
    found = {one.check_id: one.violations for one in result.outcomes if one.violations or one.error}
    sown = sum(n % EVERY in (0, 1) for n in range(1, records + 1))
    if found != {"customer_fields": sown}:
        errors = [one.error for one in result.outcomes if one.error]
        raise RuntimeError(f"The suite found {found}, sown were {sown} differing customers. {errors}")


def outcome(records: int, result: SuiteResult, seconds: float, megabytes: float) -> Outcome:
    """Return the result with the checks that compared most."""
    compared = sum(one.population for one in result.outcomes)
    met = seconds < SECONDS and megabytes < MEGABYTES if records >= RECORDS else None
    largest = sorted(result.outcomes, key=lambda one: -one.population)[:12]
    return Outcome(
        name="checks",
        headline=f"{len(result.outcomes)} checks on {records:,} linked customers, as many contacts and {records // 5:,} orders: "
        f"{seconds:.0f} s, {megabytes:.0f} MB, {compared:,} comparisons",
        met=met,
        figures={
            "records": records,
            "seconds": round(seconds, 1),
            "peak_mb": round(megabytes, 1),
            "comparisons": compared,
        },
        tables=[
            Table(
                "What was compared most",
                ["check", "compared", "differences"],
                [[one.check_id, one.population, one.violations] for one in largest],
            )
        ],
    )
