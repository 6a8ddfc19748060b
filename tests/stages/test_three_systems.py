"""One ERP and two CRMs in one hub: two pairings that share a system read it once, know a customer as one, and leave each other's orders alone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crosswalk.facts.customer import customer_facts
from crosswalk.hub.ends import ends_of
from crosswalk.model.errors import ConfigurationError
from crosswalk.pairing import Pairing, load_pairings
from crosswalk.quality.checks import load_mappings
from crosswalk.quality.scope import Scope
from crosswalk.quality.spec import Spec
from crosswalk.quality.trade import customer_counts, one_order
from crosswalk.stages.link import link_all
from crosswalk.stages.pull import pull
from crosswalk_sandbox.company.model import Size
from tests.stages.office import Office
from tests.stages.world import INCLUDE, World, world

SYSTEMS = {"salesforce": "salesforce", "salesforce_emea": "salesforce", "netsuite": "netsuite"}
EMEA = "netsuite_salesforce_emea"


def _emea(pairing: Pairing) -> Pairing:
    """Return the same pairing with another org of the same vendor."""
    prefixes = {entity: f"EMEA-{prefix}" for entity, prefix in pairing.crm.key_prefixes.items()}
    crm = pairing.crm.model_copy(update={"system": "salesforce_emea", "key_prefixes": prefixes})
    return pairing.model_copy(update={"pairing": EMEA, "crm": crm})


@pytest.fixture
def three(tmp_path: Path, hub_dsn: str) -> Iterator[tuple[World, World]]:
    """Two pairings' views of one small company in three systems."""
    with world(tmp_path, hub_dsn, size=Size(accounts=30, products=20, deals=200), systems=SYSTEMS) as one:
        yield one, one.beside(_emea(one.pairing))


def _one_row(world: World, query: str) -> Any:
    return world.rows(query)[0][0]


def test_three_systems_are_one_hub_from_pull_to_order(three: tuple[World, World]) -> None:
    home, emea = three
    home.run_orders()
    again = sum(
        pull(emea.context(), "erp", entity).received for entity in ("customer", "product", "order", "order_line")
    )
    held = (
        "select (select count(*) from hub.customer where system = 'netsuite') + (select count(*) from hub.order_line)"
    )
    assert again < _one_row(home, held) / 3, "what one pairing has read of the ERP, the other does not read again"
    emea.run_orders()

    # A customer that all three know is one link with three ends, from wherever it is looked at, and on its page.
    both = """select a.key from hub.link_end a join hub.link_end b on b.system = a.system and b.key = a.key and b.entity = a.entity
        where a.system = 'netsuite' and a.entity = 'customer' and a.pairing < b.pairing order by 1 limit 1"""
    customer = _one_row(home, both)
    with home.hub.connection() as connection:
        ends = ends_of(connection, "customer", "netsuite", customer)
        assert Counter(end.system for end in ends) == Counter(list(SYSTEMS))
        for end in ends:
            assert ends_of(connection, "customer", end.system, end.key) == ends
        facts = customer_facts(connection, home.pairing, "netsuite", customer, today=datetime.now(UTC).date())
        assert facts is not None
        assert [(one.system, one.pairing, bool(one.name)) for one in facts.known_as] == [
            ("salesforce_emea", EMEA, True)
        ]
        assert ends_of(connection, "customer", "netsuite", "no such") == ()

    # Each pairing's won deals became its own orders, once; neither takes the other's for a stray or counts its customers.
    orders = Counter(key for key, _ in home.netsuite_orders() if key)
    assert max(orders.values()) == 1
    assert any(key.startswith("EMEA-SF-OPP-") for key in orders)
    assert any(key.startswith("SF-OPP-") for key in orders)
    account = Office(home).open_account(Name="Only Overhere Ltd.")
    Office(home).win(account)
    home.run_orders()
    emea.run_orders()
    for side in (home, emea):
        scope = Scope(side.pairing, load_mappings(side.pairing, INCLUDE / "mappings"))
        for check in (one_order, customer_counts):
            found = check(scope, Spec(check="x", entity="deal", kind="x", severity="info", title="x", explanation="x"))
            lost = [
                row
                for row in side.rows(found.violations.replace("%", "%%"))
                if (row[-1] or "") == "" or check is customer_counts
            ]
            assert lost == [], f"{check.__name__} of {side.pairing.name}"


def _at_once(*work: Callable[[], object]) -> None:
    """Do this work in as many threads, begun together."""
    together = threading.Barrier(len(work))

    def one(deed: Callable[[], object]) -> None:
        together.wait()
        deed()

    threads = [threading.Thread(target=one, args=(deed,)) for deed in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_pairings_that_read_and_link_at_the_same_time_read_once_and_link_apart(three: tuple[World, World]) -> None:
    home, _ = three
    came: list[int] = []
    _at_once(*(lambda side=side: came.append(pull(side.context(), "erp", "customer").received) for side in three))
    assert max(came) == _one_row(home, "select count(*) from hub.customer")
    assert min(came) < max(came) / 2, "the second reads what changed since the first began"
    assert _one_row(home, "select count(*) from hub.customer where deleted_at is not null") == 0
    for side in three:
        side.pull_all()
    _at_once(*(lambda side=side: link_all(side.context()) for side in three))
    ends = home.rows("select pairing, link_id, array_agg(system order by system) from hub.link_end group by 1, 2")
    assert {(pairing, tuple(systems)) for pairing, _, systems in ends} == {
        (home.pairing.name, ("netsuite", "salesforce")),
        (EMEA, ("netsuite", "salesforce_emea")),
    }


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("mapping: netsuite.yaml", "mapping: other.yaml"), "different mapping: netsuite.yaml and other.yaml"),
        (('deal: "EMEA-OPP-"', 'deal: "SF-OPP-EMEA-"'), "key_prefixes.deal is SF-OPP- and SF-OPP-EMEA-"),
        ((f"pairing: {EMEA}", "pairing: netsuite_salesforce"), "Two files are the pairing netsuite_salesforce"),
    ],
)
def test_pairings_that_contradict_each_other_are_refused(tmp_path: Path, change: tuple[str, str], told: str) -> None:
    shipped = (INCLUDE / "pairings" / "netsuite_salesforce.yaml").read_text()
    second = shipped.replace("pairing: netsuite_salesforce", f"pairing: {EMEA}").replace('"SF-', '"EMEA-')
    second = second.replace("system: salesforce  ", "system: salesforce_emea  ")
    (tmp_path / "a.yaml").write_text(shipped)
    (tmp_path / "b.yaml").write_text(second)
    assert [one.name for one in load_pairings(tmp_path)] == ["netsuite_salesforce", EMEA]
    assert change[0] in second
    (tmp_path / "b.yaml").write_text(second.replace(*change))
    with pytest.raises(ConfigurationError, match=told):
        load_pairings(tmp_path)
