"""Lines that go: taken off their order or deal, or deleted with it; the hub shows none of them as living."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from crosswalk.connectors.registry import open_connector
from crosswalk.model.errors import CrosswalkError
from crosswalk.stages.pull import pull
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule
from tests.stages.world import World, world

RECORDS = "/services/rest/record/v1"
SOBJECTS = "/services/data/v60.0/sobjects"
LONG = 300  # seconds: more than a save needs to count as settled


@pytest.fixture
def read_world(tmp_path: Path, hub_dsn: str) -> Iterator[World]:
    """Some orders, deals and their lines, read once; nobody has touched them since."""
    with world(tmp_path, hub_dsn, size=Size(accounts=12, products=20, deals=80)) as running:
        for side, entities in (("erp", ("order", "order_line")), ("crm", ("deal", "deal_line"))):
            for entity in entities:
                pull(running.context(), side, entity)
        yield running


def later(world: World) -> None:
    for vendor in world.vendors.values():
        vendor.clock.advance(LONG)


def netsuite(world: World, method: str, path: str, **options: Any) -> requests.Response:
    answer = requests.request(
        method, world.vendors["netsuite"].base_url + RECORDS + path, auth=world._netsuite_login(), timeout=60, **options
    )
    answer.raise_for_status()
    return answer


def salesforce(world: World, method: str, path: str) -> None:
    vendor = world.vendors["salesforce"]
    access = vendor.emulator.access(vendor.base_url)
    form = {"grant_type": "client_credentials", "client_id": access["consumer_key"], "client_secret": access["consumer_secret"]}  # fmt: skip
    token = requests.post(f"{vendor.base_url}/services/oauth2/token", data=form, timeout=60).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    requests.request(method, vendor.base_url + SOBJECTS + path, headers=headers, timeout=60).raise_for_status()


def lines(world: World, parent: str, key: str) -> dict[str, bool]:
    """Return whether each of a document's lines is living, by key."""
    entity = f"{parent}_line"
    return dict(
        world.rows(f"select key, deleted_at is null from hub.{entity} where {parent}_key = %s order by key", key)
    )


def one_with_lines(world: World, parent: str, *, open_only: bool = False) -> str:
    """Return a document with three lines at least."""
    state = " and p.status in ('open', 'pending_approval')" if open_only else ""
    [(key,), *_] = world.rows(
        f'select p.key from hub."{parent}" p join hub.{parent}_line l on l.{parent}_key = p.key'
        f" where l.deleted_at is null{state} group by p.key having count(*) >= 3 order by count(*) desc, p.key"
    )
    return str(key)


def take_off(world: World, order: str) -> None:
    """Save an order without its last line, as a person does."""
    items = netsuite(world, "GET", f"/salesOrder/{order}?expandSubResources=true").json()["item"]["items"]
    kept = [{"line": one["line"]} for one in items[:-1]]
    netsuite(world, "PATCH", f"/salesOrder/{order}?replace=item", json={"item": {"items": kept}})


def test_a_line_taken_off_an_order_is_gone_once_its_save_is_settled(read_world: World) -> None:
    order = one_with_lines(read_world, "order", open_only=True)
    others = read_world.rows("select count(*) from hub.order_line where deleted_at is null and order_key <> %s", order)
    before = lines(read_world, "order", order)
    assert all(before.values())
    later(read_world)
    take_off(read_world, order)
    pull(read_world.context(), "erp", "order_line")
    later(read_world)
    result = pull(read_world.context(), "erp", "order_line")
    gone = [key for key, alive in lines(read_world, "order", order).items() if not alive]
    assert len(gone) == 1
    assert result.deleted == 1
    still = {row["id"] for row in read_world.suiteql(f"select id from transactionline where transaction = {order}")}
    assert gone[0].split("|")[1] not in still
    assert others == read_world.rows(
        "select count(*) from hub.order_line where deleted_at is null and order_key <> %s", order
    )
    assert pull(read_world.context(), "erp", "order_line").deleted == 0


def test_a_pull_of_lines_that_dies_in_its_middle_misses_no_line_taken_off(read_world: World) -> None:
    order = one_with_lines(read_world, "order", open_only=True)
    later(read_world)
    take_off(read_world, order)
    later(read_world)
    vendor = read_world.vendors["netsuite"]
    connector = open_connector("netsuite", vendor.settings(), options={"page_rows": 1})
    left = sum(lines(read_world, "order", order).values()) - 1
    vendor.faults.add(FaultRule(FaultKind.STATUS, path="/suiteql", status=400, after=left - 1, count=1))
    with pytest.raises(CrosswalkError):
        pull(read_world.context(open_connector=lambda side: connector), "erp", "order_line")
    assert pull(read_world.context(open_connector=lambda side: connector), "erp", "order_line").deleted == 1


def test_a_deleted_order_takes_its_lines_with_it(read_world: World) -> None:
    order = one_with_lines(read_world, "order", open_only=True)
    later(read_world)
    netsuite(read_world, "DELETE", f"/salesOrder/{order}")
    pull(read_world.context(), "erp", "order_line")
    assert all(lines(read_world, "order", order).values()), "no feed tells of lines"
    assert pull(read_world.context(), "erp", "order").deleted == 1
    assert not any(lines(read_world, "order", order).values())
    pull(read_world.context(), "erp", "order_line", mode="full")
    assert not any(lines(read_world, "order", order).values())


def test_a_line_deleted_from_a_deal_is_gone(read_world: World) -> None:
    deal = one_with_lines(read_world, "deal")
    line = next(iter(lines(read_world, "deal", deal)))
    later(read_world)
    salesforce(read_world, "DELETE", f"/OpportunityLineItem/{line}")
    assert pull(read_world.context(), "crm", "deal_line").deleted == 1
    assert [key for key, alive in lines(read_world, "deal", deal).items() if not alive] == [line]


@pytest.mark.parametrize("entities", [("deal",), ("deal_line", "deal"), ("deal", "deal_line")], ids="-".join)
def test_a_deleted_deal_takes_its_lines_with_it_whichever_is_read(read_world: World, entities: tuple[str, ...]) -> None:
    deal = one_with_lines(read_world, "deal")
    later(read_world)
    salesforce(read_world, "DELETE", f"/Opportunity/{deal}")
    for entity in entities:
        pull(read_world.context(), "crm", entity)
    assert not any(lines(read_world, "deal", deal).values())
