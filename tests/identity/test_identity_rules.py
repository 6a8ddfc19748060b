"""Linking by rules looks at what changed, and links what comparing everything with everything would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crosswalk.hub.database import Connection, Hub
from crosswalk.hub.landing import land
from crosswalk.hub.links import LinkPair, counterpart, create_links, redirect, unlink
from crosswalk.hub.matches import Proposal, decide, open_matches, propose
from crosswalk.hub.undoing import undo
from crosswalk.identity.rule_keys import refresh
from crosswalk.identity.rules import link_by_rules
from crosswalk.identity.twins import twins_of
from crosswalk.model.entities import ENTITIES
from crosswalk.model.errors import NotFoundError
from crosswalk.model.records import Image
from crosswalk.pairing import LinkRule, Pairing, load_pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.link import DEAL_ORDER, link
from tests.identity.linking_oracle import link_from_scratch, look_alikes

CRM, ERP = "salesforce", "netsuite"
INCLUDE = Path(__file__).parents[2] / "include"
SHIPPED = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
BY_KEYS = (LinkRule(stored_key="crm"), LinkRule(stored_key="erp"))
BY_NAME, BY_NUMBER = LinkRule(exact=("name", "billing_postal_code")), LinkRule(exact=("number",))
RULES = ((*BY_KEYS, BY_NUMBER, BY_NAME), (BY_NAME, BY_NUMBER, BY_KEYS[0]))
_FINGERPRINTS = count(1)


def paired(name: str = SHIPPED.name, rules: tuple[LinkRule, ...] = RULES[0]) -> Pairing:
    return SHIPPED.model_copy(update={"pairing": name, "linking": {"customer": rules}})


def landed(
    connection: Connection, system: str, key: str, entity: str = "customer", *, deleted: bool = False, **values: Any
) -> None:
    image = Image(system, entity, key, "1", None, deleted, values, fingerprint=next(_FINGERPRINTS))
    land(connection, system=system, entity=ENTITIES[entity], images=[image], run_id="r", watermark=None)


def linked(connection: Connection, pairing: str) -> set[tuple[str, str, str]]:
    rows = connection.execute(
        "select l.rule, c.key, e.key from hub.link l join hub.link_end c on c.link_id = l.id and c.system = %s"
        " join hub.link_end e on e.link_id = l.id and e.system = %s where l.pairing = %s",
        (CRM, ERP, pairing),
    )
    return set(rows.fetchall())


class _ThrowAwayError(Exception):
    """Ends a transaction without a commit."""


@contextmanager
def thrown_away(hub: Hub) -> Iterator[Connection]:
    with suppress(_ThrowAwayError), hub.connection() as connection:
        yield connection
        raise _ThrowAwayError


@pytest.fixture(scope="module")
def empty(new_hub: Callable[[], str]) -> Iterator[Hub]:
    """A migrated hub in which nothing is ever committed."""
    hub = Hub(new_hub())
    yield hub
    hub.close()


# --- as from scratch ------------------------------------------------------------------------------------

KEYS = {CRM: ("A", "B"), ERP: ("1", "2")}
ENDS = st.one_of(*(st.tuples(st.just(system), st.sampled_from(keys)) for system, keys in KEYS.items()))
PAIRS = st.tuples(st.sampled_from(KEYS[CRM]), st.sampled_from(KEYS[ERP]))
VALUES = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("Acme Ltd", "ACME", "Bolt")),
        "number": st.sampled_from((None, "n-1", "N1", "n2" * 200)),
        "billing_postal_code": st.sampled_from((None, "10115")),
        "counterpart_key": st.sampled_from((None, None, "1", "A")),
        "phone": st.sampled_from((None, "+49 30 1")),
        "website": st.sampled_from((None, "acme.example", "ACME-example")),
    }
)
LANDINGS = st.tuples(st.just("land"), ENDS, VALUES)
STEPS = st.lists(
    st.one_of(
        LANDINGS,
        LANDINGS,
        st.tuples(st.just("delete"), ENDS),
        st.tuples(st.sampled_from(("unlink", "undo", "link", "link", "link")), ENDS),
        st.tuples(st.just("merge"), st.sampled_from(((CRM, "A", "B"), (ERP, "1", "2")))),
        st.tuples(st.sampled_from(("same", "different")), PAIRS),
        st.tuples(st.just("rules"), st.sampled_from(RULES)),
    ),
    min_size=5,
    max_size=25,
)

# What chance seldom finds. Each ends with a link.
A, ONE = (CRM, "A"), (ERP, "1")
LINK: tuple[Any, ...] = ("link", A)
SEVEN = {"name": "Acme", "number": "7"}
ACME, BOLT = {"name": "Acme", "phone": "1"}, {"name": "Bolt", "phone": "1"}
CASES: dict[str, list[tuple[Any, ...]]] = {
    "called different before it is looked at": [LINK, ("land", A, SEVEN), ("land", ONE, SEVEN), ("different", ("A", "1")), LINK,
                                                ("land", A, {**SEVEN, "phone": "2"}), ("unlink", ONE)],
    "undone": [("land", A, SEVEN), ("land", ONE, SEVEN), LINK, ("undo", A), LINK, ("land", A, SEVEN), LINK, ("delete", A), LINK, ("land", A, SEVEN)],
    "a link that ended": [("land", A, SEVEN), ("land", ONE, SEVEN), LINK, ("unlink", A)],
    "a key that is named before its record is there": [LINK, ("land", A, {"name": "Acme", "counterpart_key": "1"}), LINK, ("land", ONE, BOLT)],
    "a key that comes late": [("land", A, ACME), ("land", ONE, BOLT), LINK, ("land", ONE, {**BOLT, "counterpart_key": "A"})],
    "a key that is corrected": [("land", A, {**ACME, "counterpart_key": "2"}), ("land", ONE, BOLT), LINK,
                                ("land", A, {**ACME, "counterpart_key": "1"})],
    "deleted and never brought back": [("land", A, SEVEN), LINK, ("delete", A), LINK, ("land", ONE, SEVEN)],
    "deleted and brought back": [("land", A, SEVEN), LINK, ("delete", A), ("land", ONE, SEVEN), LINK, ("land", A, SEVEN)],
    "a double that is deleted": [("land", A, SEVEN), ("land", (CRM, "B"), SEVEN), ("land", ONE, SEVEN), LINK, ("delete", (CRM, "B"))],
    "a double that is merged away": [("land", A, SEVEN), ("land", (CRM, "B"), SEVEN), ("land", ONE, SEVEN), LINK, ("delete", A), ("merge", (CRM, "A", "B"))],
    "other rules": [("rules", RULES[1]), ("land", A, ACME), ("land", ONE, {**BOLT, "counterpart_key": "A"}), LINK, ("rules", RULES[0])],
    "one that looked alike": [("land", A, ACME), ("land", ONE, BOLT), LINK, ("land", ONE, {"name": "Bolt"})],
}  # fmt: skip


class _TwoHubs:
    """One hub with two pairings of the same systems: one linked by what changed, one from scratch."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.pairings = [paired("by_changes"), paired("from_scratch")]

    def land(self, end: tuple[str, str], values: dict[str, Any]) -> None:
        landed(self.connection, *end, **values)

    def delete(self, end: tuple[str, str]) -> None:
        landed(self.connection, *end, deleted=True)

    def rules(self, rules: tuple[LinkRule, ...]) -> None:
        self.pairings = [pairing.model_copy(update={"linking": {"customer": rules}}) for pairing in self.pairings]

    def unlink(self, end: tuple[str, str]) -> None:
        for pairing in self.pairings:
            unlink(self.connection, pairing.name, "customer", *end, actor="ann", reason="wrong")

    def undo(self, end: tuple[str, str]) -> None:
        for pairing in self.pairings:
            with suppress(NotFoundError):
                undo(self.connection, pairing.name, "customer", *end, actor="ann", reason="wrong")

    def merge(self, ends: tuple[str, str, str]) -> None:
        for pairing in self.pairings:
            redirect(self.connection, pairing.name, "customer", *ends)

    def same(self, pair: tuple[str, str]) -> None:
        for pairing in self.pairings:
            create_links(
                self.connection, pairing.name, "customer", [LinkPair(CRM, pair[0], ERP, pair[1], "person")], "r"
            )

    def different(self, pair: tuple[str, str]) -> None:
        for pairing in self.pairings:
            proposals = [Proposal(*pair, 1.0, "it looks like it", ())]
            propose(self.connection, pairing.name, "customer", (CRM, ERP), proposals, "r")
            for match in open_matches(self.connection, pairing.name):
                decide(self.connection, match.id, "different", actor="ann")

    def link(self, _: object = None) -> None:
        by_changes, from_scratch = self.pairings
        for _ in range(2):
            link_by_rules(self.connection, by_changes, "customer", "r")
        link_from_scratch(self.connection, from_scratch)
        assert linked(self.connection, by_changes.name) == linked(self.connection, from_scratch.name)
        self.searched()
        # an hour passes: what the overlap covers is not what makes the next run right
        self.connection.execute("update hub.customer set changed_at = changed_at - interval '1 hour'")

    def searched(self) -> None:
        keys = list(KEYS[CRM])
        found = twins_of(self.connection, self.pairings[0], keys)
        assert {key: tuple(twin.label for twin in twins) for key, twins in found.items()} == look_alikes(
            self.connection, self.pairings[0], keys
        )


def _linked_as_from_scratch(hub: Hub, steps: list[tuple[Any, ...]]) -> None:
    with thrown_away(hub) as connection:
        hubs = _TwoHubs(connection)
        for name, what, *values in steps:
            getattr(hubs, name)(what, *values)
        hubs.searched()
        hubs.link()


@pytest.mark.parametrize("case", CASES)
def test_what_changed_is_linked_as_from_scratch(empty: Hub, case: str) -> None:
    _linked_as_from_scratch(empty, CASES[case])


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_looking_at_what_changed_links_what_comparing_everything_would(
    empty: Hub, steps: list[tuple[Any, ...]]
) -> None:
    _linked_as_from_scratch(empty, steps)


# --- examples -------------------------------------------------------------------------------------------


def test_a_value_that_is_not_doubled_any_more_links_the_record_that_kept_it(empty: Hub) -> None:
    with thrown_away(empty) as connection:
        for key in ("A", "B"):
            landed(connection, CRM, key, number="7")
        landed(connection, ERP, "1", number="7")
        link_by_rules(connection, paired(), "customer", "r")
        assert linked(connection, SHIPPED.name) == set()
        connection.execute("update hub.customer set changed_at = changed_at - interval '1 hour'")
        landed(connection, CRM, "B", number="8")
        link_by_rules(connection, paired(), "customer", "r")
        assert linked(connection, SHIPPED.name) == {("exact:number", "A", "1")}


def test_a_company_with_a_customer_in_each_subsidiary_is_linked_account_by_account(empty: Hub) -> None:
    within = LinkRule(exact=("number", "subsidiary"))
    ends = ((CRM, "A", "Norden"), (CRM, "B", "Sued"), (ERP, "1", "SUED"), (ERP, "2", "Norden"), (ERP, "3", "Iberia"))
    with thrown_away(empty) as connection:
        for system, key, subsidiary in ends:
            landed(connection, system, key, name="Acme", number="7", subsidiary=subsidiary)
        link_by_rules(connection, paired(rules=(BY_NUMBER, BY_NAME, within)), "customer", "r")
        assert linked(connection, SHIPPED.name) == {(within.name, "A", "2"), (within.name, "B", "1")}


def test_a_landing_that_commits_after_the_link_run_is_looked_at_by_the_next(hub: Hub) -> None:
    with hub.connection() as connection:
        landed(connection, ERP, "1", number="7")
    with psycopg.connect(hub.dsn) as late:
        row = late.execute("select now()").fetchone()
        landed(late, CRM, "A", number="7")
        with hub.connection() as connection:
            link_by_rules(connection, paired(), "customer", "r")
    with hub.connection() as connection:
        assert linked(connection, SHIPPED.name) == set()
        looked = connection.execute("select looked_until from hub.rule_set").fetchone()
        link_by_rules(connection, paired(), "customer", "r")
        assert linked(connection, SHIPPED.name) == {("exact:number", "A", "1")}
    assert row is not None
    assert looked is not None
    assert looked[0] <= row[0]  # the overlap is not what found it


def test_a_clock_that_was_set_back_lets_linking_begin_anew(empty: Hub) -> None:
    with thrown_away(empty) as connection:
        landed(connection, CRM, "A", number="7")
        link_by_rules(connection, paired(), "customer", "r")
        connection.execute("update hub.rule_set set looked_until = looked_until + interval '2 hours'")
        landed(connection, ERP, "1", number="7")
        link_by_rules(connection, paired(), "customer", "r")
        assert linked(connection, SHIPPED.name) == {("exact:number", "A", "1")}


def test_of_what_was_landed_in_the_minute_before_a_look_the_next_looks_only_at_what_that_did_not_see(hub: Hub) -> None:
    with hub.connection() as connection:
        landed(connection, CRM, "A", number="7")
        landed(connection, ERP, "1", number="8")
    with hub.connection() as connection:
        link_by_rules(connection, paired(), "customer", "r")
    with hub.connection() as connection:
        landed(connection, CRM, "B", number="9")
        set_back = "update hub.customer set changed_at = s.looked_until - interval '10 seconds' from hub.rule_set s where key = 'B'"
        assert connection.execute(set_back).rowcount == 1
    with hub.connection() as connection:
        refresh(connection, paired(), "customer", "r")
        assert set(connection.execute("select value from rule_touched").fetchall()) == {("B",), ("9",)}


def test_a_run_that_failed_has_looked_at_nothing(hub: Hub) -> None:
    with hub.connection() as connection:
        landed(connection, CRM, "A", number="7")
        landed(connection, ERP, "1", number="7")
    with thrown_away(hub) as connection:
        link_by_rules(connection, paired(), "customer", "r")
    with hub.connection() as connection:
        assert connection.execute("select count(*) from hub.rule_set").fetchone() == (0,)
        link_by_rules(connection, paired(), "customer", "r")
        assert linked(connection, SHIPPED.name) == {("exact:number", "A", "1")}


def test_the_rows_read_follow_the_changes_and_not_the_company(hub: Hub) -> None:
    with hub.connection() as connection:
        for system in (CRM, ERP):
            images = [
                Image(system, "customer", f"{system[0]}{n}", "1", None, False, {"name": f"Firm {n}", "number": f"N{n}"}, fingerprint=n)
                for n in range(4_000)
            ]  # fmt: skip
            land(connection, system=system, entity=ENTITIES["customer"], images=images, run_id="r", watermark=None)
        connection.execute("update hub.customer set changed_at = changed_at - interval '1 hour'")
        link_by_rules(connection, paired(), "customer", "r")
        connection.execute("analyze")
    with hub.connection() as connection:
        landed(connection, CRM, "new", name="New", number="N-new", phone="1")
        landed(connection, ERP, "new", name="New", number="N-new", phone="1")
        before = _rows_read(connection)
        assert sum(one.links for one in link_by_rules(connection, paired(), "customer", "r")) == 1
        twins_of(connection, paired(), ["s1", "new"])
        assert _rows_read(connection) - before < 400


def test_a_first_look_at_a_hub_without_statistics_does_not_go_through_one_side_for_every_record_of_the_other(
    hub: Hub,
) -> None:
    count = 400
    with hub.connection() as connection:
        connection.execute("alter table hub.customer set (autovacuum_enabled = false)")
        for system in (CRM, ERP):
            images = [
                Image(system, "customer", f"{system[0]}{n}", "1", None, False, {"name": f"Firm {n}", "billing_postal_code": f"{n}"}, fingerprint=n)
                for n in range(count)
            ]  # fmt: skip
            land(connection, system=system, entity=ENTITIES["customer"], images=images, run_id="r", watermark=None)
    with hub.connection() as connection:
        assert connection.execute("select reltuples from pg_class where oid = 'hub.customer'::regclass").fetchone() == (
            -1,
        )
        plans = _plans_of(connection)
        assert sum(one.links for one in link_by_rules(connection, paired(), "customer", "r")) == count
    assert len(plans) > len(RULES[0])
    assert {query: _handled(plan) for query, plan in plans if _handled(plan) > 5 * count} == {}


def _plans_of(connection: Connection) -> list[tuple[str, dict[str, Any]]]:
    """What Postgres did for every statement from now on: its text and its plan, with the rows that each part of it handled."""
    found: list[tuple[str, dict[str, Any]]] = []
    connection.execute("load 'auto_explain'")
    for name, value in {
        "log_min_duration": "0",
        "log_analyze": "on",
        "log_timing": "off",
        "log_format": "json",
    }.items():
        connection.execute(f"set auto_explain.{name} = {value}".encode())
    connection.execute("set client_min_messages = log")

    def note(diagnostic: psycopg.errors.Diagnostic) -> None:
        told = json.loads((diagnostic.message_primary or "").partition("plan:")[2])
        found.append((told["Query Text"], told["Plan"]))

    connection.add_notice_handler(note)
    return found


def _handled(plan: dict[str, Any]) -> float:
    """The rows of a plan's busiest part, those included that it looked at and threw away."""
    rows = sum(plan.get(name, 0) for name in ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter"))
    return max(rows * plan["Actual Loops"], *(_handled(part) for part in plan.get("Plans", ())), 0)


def _rows_read(connection: Connection) -> int:
    row = connection.execute(
        "select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0)) from pg_stat_xact_user_tables where schemaname = 'hub'"
    ).fetchone()
    assert row is not None
    return int(row[0])


# --- deals and their orders -----------------------------------------------------------------------------


def test_orders_are_linked_with_their_deals_whichever_lands_first_and_never_after_a_person_said_no(hub: Hub) -> None:
    ctx = StageContext(hub, SHIPPED, "r", lambda side: pytest.fail(f"{side} was asked"), INCLUDE, datetime.now(UTC))
    with hub.connection() as connection:
        landed(connection, CRM, "D1", "deal", name="One")
        landed(connection, ERP, "O2", "order", intent_key="SF-OPP-D2-R1")
    assert link(ctx, DEAL_ORDER).as_dict() == {"entity": DEAL_ORDER, "intent_key": 0}
    with hub.connection() as connection:
        connection.execute("update hub.deal set changed_at = changed_at - interval '1 hour'")
        connection.execute("update hub.\"order\" set changed_at = changed_at - interval '1 hour'")
        landed(connection, ERP, "O1", "order", intent_key="SF-OPP-D1-R1")
        landed(connection, CRM, "D2", "deal", name="Two")
    assert link(ctx, DEAL_ORDER).as_dict() == {"entity": DEAL_ORDER, "intent_key": 2}
    with hub.connection() as connection:
        connection.execute("update hub.deal set changed_at = changed_at - interval '1 hour'")
        connection.execute("update hub.\"order\" set changed_at = changed_at - interval '1 hour'")
        unlink(connection, SHIPPED.name, DEAL_ORDER, ERP, "O1", actor="ann", reason="a mistake")
        undo(connection, SHIPPED.name, DEAL_ORDER, CRM, "D2", actor="ann", reason="not this one")
    assert link(ctx, DEAL_ORDER).as_dict() == {"entity": DEAL_ORDER, "intent_key": 1}
    with hub.connection() as connection:
        assert counterpart(connection, SHIPPED.name, DEAL_ORDER, CRM, "D1") == "O1"
        assert counterpart(connection, SHIPPED.name, DEAL_ORDER, CRM, "D2") is None
