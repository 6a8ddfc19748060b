"""What the plans of a run read follows what is open and new, not how large the company is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from benchmarks import customer_page_filling as filling
from crosswalk.hub.database import Hub
from crosswalk.pairing import Pairing, load_pairing
from crosswalk.pairing.hierarchies import HierarchyPolicy
from crosswalk.stages.context import StageContext
from crosswalk.stages.link import link_all
from crosswalk.stages.plan import Flow, PlanResult, plan

INCLUDE = Path(__file__).parents[2] / "include"
FIRST = "netsuite_salesforce"
PAIRING = load_pairing(INCLUDE / "pairings" / f"{FIRST}.yaml").model_copy(
    update={"hierarchies": HierarchyPolicy(master="erp", mode="live")}
)
SECOND = load_pairing(INCLUDE / "pairings" / "sap_business_one_hubspot.yaml")
ACCOUNTS = 400
UNORDERED = 5
FLOWS: tuple[Flow, ...] = ("orders", "write_back", "products_to_erp", "products_to_crm", "parents_to_crm")
ALL_FLOWS: tuple[Flow, ...] = (*FLOWS, "lifecycle_to_erp", "lifecycle_to_crm", "timeline")
MOST = 0.2  # of a table's rows; deals young enough to be amended are a few in a hundred
LARGE = (
    *("customer", "product", "deal", "deal_line", "order", "order_line", "invoice", "payment"),
    *("link", "link_end", "intent", "base_image"),
)
_FILLED = (
    *("customer", "link", "link_end", "product", "deal", "deal_line", "order", "order_line", "invoice", "payment"),
    *("plan", "intent"),
)
_HISTORY = (
    "update hub.deal set close_date = current_date - 30 - abs(hashtext(key)) % 1500, counterpart_key = 'O' || substr(key, 2) where is_won",
    """insert into hub.link (pairing, entity, rule, created_at, run_id)
       select 'netsuite_salesforce', 'deal_order', 'intent_key', now(), key from hub.deal where is_won""",
    """insert into hub.link_end (link_id, system, pairing, entity, key)
       select l.id, s, l.pairing, l.entity, case s when 'salesforce' then 'D' else 'O' end || substr(l.run_id, 2)
         from hub.link l, unnest(array['salesforce', 'netsuite']) s where l.entity = 'deal_order'""",
    "update hub.link set created_at = now() - interval '1 day'",
    "update hub.customer set changed_at = changed_at - interval '1 day'",
    "update hub.deal set changed_at = changed_at - interval '1 day'",
    "update hub.product set changed_at = changed_at - interval '1 day'",
    "update hub.invoice set changed_at = changed_at - interval '1 day'",
    "update hub.payment set changed_at = changed_at - interval '1 day'",
    """update hub."order" set changed_at = changed_at - interval '1 day'""",
    "update hub.customer set stage = 'customer' where system = 'salesforce'",
    "update hub.customer set kind = 'customer' where system = 'netsuite'",
    """update hub.intent set payload = '{"revision": 1, "ordered": {}}'""",
    """insert into hub.base_image (link_id, system, fingerprint, version, image, settled_at)
       select link_id, system, 1, '1', '{"revision": 1}', now() from hub.link_end where entity in ('deal_order', 'product')""",
    "update hub.customer c set counterpart_key = substr(key, 2) where system = 'salesforce'",
    "update hub.product c set counterpart_key = substr(key, 2) where system = 'salesforce'",
    """update hub.customer c set parent_key = rtrim(key, '0123456789') || n - n % 10 + 1
         from (select system as s, key as k, ltrim(key, 'A')::int as n from hub.customer) x where s = c.system and k = c.key and n % 10 > 1""",
    f"""with young as (select key from hub.deal where is_won order by key limit {UNORDERED}),
             unlinked as (delete from hub.link l using hub.link_end e, young
                           where e.link_id = l.id and e.key = young.key returning l.id)
        update hub.deal d set counterpart_key = null, close_date = current_date from young where d.key = young.key""",
)


@dataclass(frozen=True)
class Company:
    """Whose hub is filled, what is planned there, and whether Postgres has looked at its tables."""

    pairing: Pairing
    flows: tuple[Flow, ...]
    analyzed: bool

    def named(self, statement: str) -> str:
        """Return a statement about the first pairing as one about this."""
        systems = {FIRST: self.pairing.name, "salesforce": self.pairing.crm.system, "netsuite": self.pairing.erp.system}
        return re.sub("|".join(systems), lambda found: systems[found[0]], statement)


KNOWN = Company(PAIRING, FLOWS, analyzed=True)
JUST_FILLED = Company(SECOND, ALL_FLOWS, analyzed=False)


@pytest.fixture(params=[KNOWN, JUST_FILLED], ids=["known", "just filled"])
def company(request: pytest.FixtureRequest) -> Company:
    """What is filled."""
    return request.param


@pytest.fixture
def filled(hub_dsn: str, company: Company, monkeypatch: pytest.MonkeyPatch) -> str:
    """A hub with years of ordered deals and a few new ones."""
    statements = {name: company.named(filling._STATEMENTS[name]) for name in _FILLED}
    monkeypatch.setattr(filling, "_STATEMENTS", statements)
    with psycopg.connect(hub_dsn, autocommit=True) as connection:
        if not company.analyzed:
            for table in LARGE:
                connection.execute(f'alter table hub."{table}" set (autovacuum_enabled = false)'.encode())
        filling.fill(hub_dsn, ACCOUNTS, analyze=False)
        for statement in _HISTORY:
            connection.execute(company.named(statement).encode())
        if company.analyzed:
            connection.execute("vacuum analyze")
        # So small a company would be read whole even where there is a better way: a whole read is to be a lack of ways.
        connection.execute(f"alter database {hub_dsn.rpartition('/')[2]} set enable_seqscan = off".encode())
    return hub_dsn


def surroundings(hub: Hub, run: str, pairing: Pairing = PAIRING) -> StageContext:
    def nobody(side: str) -> None:
        raise AssertionError("planning asks no system")

    return StageContext(hub, pairing, run, nobody, INCLUDE / "mappings", datetime.now(UTC))


def planned(dsn: str, run: str, company: Company) -> dict[str, PlanResult]:
    hub = Hub(dsn)
    try:
        return {flow: plan(surroundings(hub, run, company.pairing), flow) for flow in company.flows}
    finally:
        hub.close()


def linked(dsn: str, company: Company) -> None:
    """Let linking keep what its rules compare: plans look for twins by that."""
    hub = Hub(dsn)
    link_all(surroundings(hub, "link", company.pairing))
    hub.close()


def rows_read(dsn: str) -> dict[str, int]:
    """Rows of the large tables that were read so far, once every other session has told what it did."""
    query = """select relname, seq_tup_read + coalesce(idx_tup_fetch, 0) from pg_stat_user_tables
                where schemaname = 'hub' and relname = any(%s)"""
    others = """select count(*) from pg_stat_activity
                 where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"""
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(others).fetchone() != (0,):
            connection.execute("select pg_stat_clear_snapshot()")
        return dict(connection.execute(query, (list(LARGE),)).fetchall())


def rows_there(dsn: str) -> dict[str, int]:
    with psycopg.connect(dsn) as connection:
        return {
            table: connection.execute(f'select count(*) from hub."{table}"'.encode()).fetchone()[0] for table in LARGE
        }


def test_a_run_s_plans_read_a_small_part_of_every_large_table(filled: str, company: Company) -> None:
    linked(filled, company)
    planned(filled, "first", company)  # looks at every link there is
    with psycopg.connect(filled, autocommit=True) as connection:
        connection.execute("update hub.link set created_at = created_at - interval '1 day'")  # and a day goes by
    there, before = rows_there(filled), rows_read(filled)
    found = planned(filled, "second", company)
    read = {table: rows - before[table] for table, rows in rows_read(filled).items()}
    assert 0 < found["orders"].considered <= UNORDERED
    assert {table: (rows, there[table]) for table, rows in read.items() if rows > there[table] * MOST} == {}


_LINKED = """
insert into hub.customer (system, key, version, run_id, extras, fingerprint, landed_at, changed_at)
select s, s || n, '1', 'r', '{}', 1, now() - interval '1 day', now() - interval '1 day'
  from unnest(array['salesforce', 'netsuite']) s, generate_series(1, 3) n;
update hub.customer set counterpart_key = 'netsuite1' where key = 'salesforce1';
insert into hub.link (id, pairing, entity, rule, created_at, run_id) overriding system value
select n, 'netsuite_salesforce', 'customer', 'x', now() - interval '1 day', 'r' from generate_series(1, 2) n;
insert into hub.link_end (link_id, system, pairing, entity, key)
select n, s, 'netsuite_salesforce', 'customer', s || n from unnest(array['salesforce', 'netsuite']) s, generate_series(1, 2) n
"""


def write_backs(dsn: str, run: str, *done: str) -> list[tuple[str, str]]:
    """Plan, after these things were done to the hub; return which ids are to be written back, and against which versions."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for statement in done:
            connection.execute(statement.encode())
    hub = Hub(dsn)
    plan(surroundings(hub, run), "write_back")
    with hub.connection() as connection:
        rows = connection.execute(
            "select target_key, payload ->> 'version' from hub.intent where flow = 'write_back' and status = 'held' order by 1"
        ).fetchall()
    hub.close()
    return rows


def test_ids_go_back_for_what_was_linked_or_changed_after_the_last_look_and_for_what_waits(hub_dsn: str) -> None:
    new_link = """insert into hub.link (id, pairing, entity, rule, created_at, run_id) overriding system value
                  values (3, 'netsuite_salesforce', 'customer', 'x', clock_timestamp(), 'r')"""
    its_ends = """insert into hub.link_end (link_id, system, pairing, entity, key)
                  select 3, s, 'netsuite_salesforce', 'customer', s || 3 from unnest(array['salesforce', 'netsuite']) s"""
    emptied = "update hub.customer set counterpart_key = null, changed_at = clock_timestamp() where key = 'salesforce1'"
    looked_at = "update hub.rule_set set looked_until = looked_until + interval '1 hour'"
    moved = "update hub.customer set version = '2' where key = 'salesforce2'"
    refused = "update hub.intent set status = 'rejected' where target_key = 'salesforce2'"
    two, three, one = ("salesforce2", "1"), ("salesforce3", "1"), ("salesforce1", "1")
    assert write_backs(hub_dsn, "all links at first", _LINKED) == [two]
    assert write_backs(hub_dsn, "a new link", new_link, its_ends) == [two, three]
    assert write_backs(hub_dsn, "a changed record", emptied) == [one, two, three]
    assert write_backs(hub_dsn, "a refusal", looked_at, refused, moved) == [one, ("salesforce2", "2"), three]
    forgotten = "delete from hub.intent where target_key = 'salesforce2'"
    assert write_backs(hub_dsn, "nothing new", forgotten) == [one, three]
