"""Parents of customers, from the system that decides them to the other: once each, never in a circle, held until both are linked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crosswalk.hub.waits import waits
from crosswalk.model.errors import ReadOnlyError
from crosswalk.stages.deliver import deliver
from crosswalk.stages.gate import gate
from crosswalk.stages.plan import plan
from crosswalk_sandbox.company.model import Size
from tests.stages.house import PAIRING, SYSTEMS, House
from tests.stages.world import World, world


@pytest.fixture
def pair(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    size = Size(accounts=1, products=20, deals=1)
    with world(tmp_path, hub_dsn, size=size, systems=SYSTEMS, pairing=PAIRING) as running:
        yield running


def test_the_erps_parents_reach_the_crm_once_and_follow_every_change(pair: World) -> None:
    house = House(pair, "erp")
    for name, father in (("A", None), ("D", None), ("B", "A"), ("C", "D")):
        house.partner(name, father)
    for name in ("A", "B", "C"):
        house.company(name)

    # phase 1 reads parents of both sides; its connection writes none
    house.read()
    assert dict(pair.rows("select key, parent_key from hub.customer where system = 'sap_business_one' and parent_key is not null")) == {"B": "A", "C": "D"}  # fmt: skip
    assert house.contradictions() == [("B", "only in sap_business_one")]
    house.mode("off")
    assert house.run()["intents"] == 0
    house.mode("shadow")
    assert house.run()["intents"] == 1
    assert house.parents() == {}
    house.mode("live")
    plan(pair.context(), house.flow)
    gate(pair.context(), house.flow)
    pair.read_only = True
    with pytest.raises(ReadOnlyError):
        deliver(pair.context(), house.flow)
    pair.read_only = False
    assert house.parents() == {}
    with pair.hub.connection() as connection:
        connection.execute("update hub.intent set not_before = null, lease_until = null")  # half a minute later

    # live: one goes over, one waits for its parent's link, with reason and age
    house.run()
    assert house.parents() == {"B": ["A"]}
    assert house.ends("A") == {"B": {13, 450}}
    with pair.hub.connection() as connection:
        (wait,) = waits(connection, pair.pairing.name)
    assert (wait.source_key, wait.reason) == ("C", "unlinked")
    assert "D" in (wait.message or "")
    assert wait.age_seconds > 0
    cause = pair.rows(
        "select source_system, source_key, payload -> 'source' ->> 'parent_key' from hub.intent where status = 'done'"
    )
    assert cause == [("sap_business_one", "B", "A")]
    assert house.contradictions() == []

    # nothing twice
    again = house.run()
    assert (again["intents"], again["done"]) == (1, 0), "only what waits is wanted still"
    house.company("D")
    house.run()
    assert house.parents() == {"B": ["A"], "C": ["D"]}
    assert house.run()["intents"] == 0

    # a new parent takes the old one's place, an edit in the CRM is overruled, a removed parent goes
    house.father("B", "C")
    house.run()
    assert house.parents() == {"B": ["C"], "C": ["D"]}
    assert house.ends("A") == {}
    house.take_from("C", "D")
    house.put_below("C", "A")
    house.put_below("D", "A")  # of which the ERP says nothing
    house.run("full")
    assert house.parents() == {"B": ["C"], "C": ["D"], "D": ["A"]}
    house.father("B", None)
    house.run()
    assert house.parents() == {"C": ["D"], "D": ["A"]}
    assert house.run()["intents"] == 0


def test_circles_wait_for_a_person_and_a_family_turned_over_arrives_in_order(pair: World) -> None:
    house = House(pair, "erp")
    for name, father in (("A", None), ("B", "A"), ("C", "B"), ("E", None)):
        house.partner(name, father)
        house.company(name)
    house.run()
    assert house.parents() == {"B": ["A"], "C": ["B"]}

    house.father("A", "C")
    assert house.run()["blocked"] == 3
    assert house.parents() == {"B": ["A"], "C": ["B"]}
    assert set(house.quarantined()) == {"A", "B", "C"}
    assert house.quarantined()["A"] == ("parent_key", "The parents go in a circle: A → C → B → A.")

    # the circle is opened at its top: now the family stands on its head, and no company is ever above itself on the way
    house.father("C", None)
    house.father("B", "C")
    house.father("A", "B")
    house.run()
    assert house.parents() == {"A": ["B"], "B": ["C"]}
    assert house.quarantined() == {}
    first = "select i.source_key from hub.intent i join hub.intent p on p.key = i.depends_on where p.finished_at <= i.sent_at order by 1"
    assert pair.rows(first) == [("A",), ("B",)]

    # what only the CRM says must not make a circle either
    house.put_below("C", "E")
    house.father("E", "A")
    house.run("full")
    assert house.parents() == {"A": ["B"], "B": ["C"], "C": ["E"]}
    assert list(house.quarantined()) == ["E"]
    house.take_from("C", "E")
    house.run("full")
    assert house.parents() == {"A": ["B"], "B": ["C"], "E": ["A"]}
    assert house.quarantined() == {}


def test_the_crms_parents_reach_the_erp_and_new_customers_carry_them(pair: World) -> None:
    house = House(pair, "crm")
    for name in ("A", "B"):
        house.partner(name)
        house.company(name)
    house.put_below("B", "A")
    house.run()
    assert house.fathers() == {"B": "A"}
    assert house.run("full")["intents"] == 0

    # customers that are made for won deals carry their parent: at once, or when it is one, too
    house.company("N")
    house.put_below("N", "A")
    house.company("M")
    house.company("U")
    house.put_below("M", "U")
    house.win("N")
    house.win("M")
    house.later()
    pair.run_orders()
    made = dict(pair.rows("select source_key, target_key from hub.intent where entity = 'customer' and operation = 'create' and status = 'done'"))  # fmt: skip
    n, m = made[house.ids["N"]], made[house.ids["M"]]
    assert house.fathers() == {"B": "A", n: "A"}
    house.partner("U")
    house.run()
    assert house.fathers() == {"B": "A", n: "A", m: "U"}
    assert pair.rows("select flow from hub.intent where entity = 'customer' and operation = 'update' and target_key = %s", m) == [("parents_to_erp",)]  # fmt: skip

    # removed and turned round
    house.take_from("B", "A")
    house.put_below("A", "B")
    house.run("full")
    assert house.fathers() == {"A": "B", n: "A", m: "U"}
    assert house.run("full")["intents"] == 0
