"""How many records a system has, as far as the hub knows: what a full read is told to expect."""

from __future__ import annotations

from dataclasses import replace

from crosswalk.hub.census import begin
from crosswalk.hub.database import Connection
from crosswalk.hub.landing import land, mark_missing
from crosswalk.hub.reading import living
from crosswalk.model.entities import CONTACT, CUSTOMER
from crosswalk.model.records import Image
from tests.hub.records import after, customer


def bring(
    connection: Connection, *images: Image, system: str = "netsuite", run_id: str = "run 1", at: float = 0
) -> None:
    land(connection, system=system, entity=CUSTOMER, images=images, run_id=run_id, watermark=None, now=after(at))


def test_the_living_of_one_system_and_entity_are_counted(connection: Connection) -> None:
    assert living(connection, CUSTOMER, "netsuite") == 0
    bring(connection, customer("1"), customer("2"), customer("3"))
    bring(connection, replace(customer("1"), system="salesforce"), system="salesforce")
    assert living(connection, CUSTOMER, "netsuite") == 3
    assert living(connection, CUSTOMER, "salesforce") == 1
    assert living(connection, CONTACT, "netsuite") == 0


def test_the_deleted_and_the_missing_are_not_counted_and_the_restored_are(connection: Connection) -> None:
    one, two = customer("1"), customer("2")
    bring(connection, one, two, customer("3"))
    bring(connection, replace(one, deleted=True, modified=after(60)), at=60)
    assert living(connection, CUSTOMER, "netsuite") == 2
    begin(connection, pairing="p", system="netsuite", entity="customer", run_id="census")
    bring(connection, two, run_id="census", at=120)
    mark_missing(connection, system="netsuite", entity=CUSTOMER, run_id="census", seen_since=after(100), now=after(130))
    assert living(connection, CUSTOMER, "netsuite") == 1
    bring(connection, replace(one, modified=after(180)), at=180)
    assert living(connection, CUSTOMER, "netsuite") == 2
