"""What the pull stage adds to a connector's pages: how much a full read will bring, and what one that broke off left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from crosswalk.connectors.protocol import Connector, Page
from crosswalk.connectors.registry import open_connector
from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.errors import CrosswalkError, TransientError
from crosswalk.model.records import Image, NativeRecord, Selection
from crosswalk.pairing import load_pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.pull import PullMode, pull
from crosswalk_sandbox import salesforce
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.faults import FaultRule, Faults
from crosswalk_sandbox.kernel.request_log import RequestLog
from crosswalk_sandbox.kernel.server import running as serving
from tests.connectors.salesforce.org import Org, running
from tests.stages.world import Vendor

INCLUDE = Path(__file__).parents[2] / "include"
NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
JOB_PAYS = 6_001  # records: a query job takes four calls at least, pages of 2,000 then as many


def surroundings(hub: Hub, connector: Connector) -> StageContext:
    pairing = load_pairing(INCLUDE / "pairings" / "netsuite_salesforce.yaml")
    return StageContext(hub, pairing, "run 1", lambda _side: connector, INCLUDE / "mappings", NOW)


def remember(hub: Hub, number: int) -> None:
    """The hub has heard of so many customers before."""
    known = [
        Image("salesforce", "customer", f"001{index:012d}AAA", "1", NOW, False, {"name": f"Customer {index}"})
        for index in range(number)
    ]
    with hub.connection() as connection:
        land(connection, system="salesforce", entity=CUSTOMER, images=known, run_id="before", watermark=None, now=NOW)


def ways(hub: Hub, mode: PullMode, known: int) -> list[str]:
    """How the org is asked for its customers."""
    org = Org()
    org.put("Account", Name="Left over", BillingCountry="Germany")
    with running(org, read_only=True) as (salesforce, _):
        remember(hub, known)
        pull(surroundings(hub, salesforce), "crm", "customer", mode=mode)
    return [call.split("/7505")[0] for call in org.calls if call != "login"]


def test_a_full_read_of_what_is_known_to_be_large_goes_by_a_job_at_once(hub: Hub) -> None:
    assert ways(hub, "full", JOB_PAYS)[0] == "POST jobs/query"


def test_a_first_read_asks_before_it_starts_a_job(hub: Hub) -> None:
    assert ways(hub, "incremental", 0) == ["GET query"]


def test_what_was_deleted_after_a_first_load_broke_off_is_not_alive_in_the_hub(hub: Hub, tmp_path: Path) -> None:
    clock, faults = Clock(None), Faults()
    emulator = salesforce.create(tmp_path, clock, {"page_size": 10, "wide_page_size": 10})
    emulator.load(generate(7, size=Size(accounts=30, products=20, deals=1)))
    with serving(emulator, clock=clock, faults=faults) as base_url:
        settings = Vendor("salesforce", base_url, emulator, faults, RequestLog(), clock).settings()
        connector = open_connector("salesforce", settings, read_only=False, options={"attempts": 1})
        again = surroundings(hub, connector)  # of the same run, as Airflow tries a task again
        faults.add(FaultRule("status", path="query/0r8", count=1, after=1))
        with pytest.raises(TransientError):
            pull(again, "crm", "customer")
        landed = living(hub)
        assert 0 < len(landed) < 30
        call: Callable[..., object] = connector.client.transport.call
        gone = [key for key in landed if _deleted(call, key)]
        clock.advance(3_600)  # beyond what pulls overlap
        result = pull(again, "crm", "customer")
        pull(again, "crm", "customer")
        there = {str(row["Id"]) for row in connector.client.records(["SELECT Id FROM Account"])}
    assert gone
    assert (result.deleted, living(hub)) == (len(gone), there)


class Counted:
    """A system that keeps no trace of deletions: it brings what changed, and tells now and then which records there are."""

    def __init__(self, here: list[str], *, census: bool) -> None:
        self.here, self.census = here, census

    def pull(self, selection: Selection, watermark: Mapping[str, object] | None) -> Iterator[Page]:
        changed = NativeRecord(self.here[0], "2", NOW, False, {"Name": "Renamed"})
        yield Page((changed,), None)
        if self.census:
            yield Page((), None, sighted=tuple(self.here[1:2]))
            yield Page((), None, sighted=tuple(self.here[2:]))
        yield Page((), {"until": NOW.isoformat()}, everything=self.census)


def test_a_census_takes_out_what_it_did_not_see_and_a_pull_without_one_nothing(hub: Hub) -> None:
    remember(hub, 5)
    before = sorted(living(hub))
    with hub.connection() as connection:
        land(connection, system="salesforce", entity=CUSTOMER, images=[], run_id="before", watermark={"until": "then"})
    for census, left in ((False, before), (True, before[:4]), (True, before[:4])):
        connector = cast("Connector", Counted(before[:4], census=census))
        result = pull(surroundings(hub, connector), "crm", "customer")
        assert sorted(living(hub)) == left
    assert result.deleted == 0, "marking twice marks nothing more"


def living(hub: Hub) -> set[str]:
    with hub.connection() as connection:
        rows = connection.execute("select key from hub.customer where system = 'salesforce' and deleted_at is null")
        return {key for (key,) in rows}


def _deleted(call: Callable[..., object], key: str) -> bool:
    """Delete an account as a person would; False where its deals keep it."""
    try:
        call("DELETE", f"/services/data/v66.0/sobjects/Account/{key}")
    except CrosswalkError:
        return False
    return True
