"""The pull stage tells a connector about how much a full read will bring, when the hub has heard of it before."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from crosswalk.connectors.salesforce import SalesforceConnector
from crosswalk.hub.database import Hub
from crosswalk.hub.landing import land
from crosswalk.model.entities import CUSTOMER
from crosswalk.model.records import Image
from crosswalk.pairing import load_pairing
from crosswalk.stages.context import StageContext
from crosswalk.stages.pull import PullMode, pull
from tests.connectors.salesforce.org import Org, running

INCLUDE = Path(__file__).parents[2] / "include"
NOW = datetime(2026, 5, 6, 12, 0, tzinfo=UTC)
JOB_PAYS = 6_001  # records: a query job takes four calls at least, pages of 2,000 then as many


def surroundings(hub: Hub, connector: SalesforceConnector) -> StageContext:
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
