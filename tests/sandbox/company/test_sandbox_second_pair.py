"""People at work in HubSpot and SAP Business One, over real sockets: what the driver does there is taken, and there to be read."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from crosswalk_sandbox import hubspot, sap_business_one
from crosswalk_sandbox.business_one_desk import BusinessOneClient, BusinessOneOffice
from crosswalk_sandbox.clients import RefusedError
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.driver import Driver
from crosswalk_sandbox.hubspot_desk import HubSpotClient, HubSpotSales
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.operations import Operation


def test_every_deed_of_the_second_pairs_people_is_taken(tmp_path: Path) -> None:
    access = {}
    with ExitStack() as stack:
        for package in (hubspot, sap_business_one):
            clock, name = Clock(None), package.__name__.rpartition(".")[2]
            emulator = package.create(tmp_path / name, clock, {})
            stack.callback(emulator.close)
            emulator.load(generate(5, datetime.now(UTC), Size(40, 20, 200)))
            url = stack.enter_context(running(emulator, clock=clock))
            access[name] = {"http": url, "credentials": emulator.access(url)}
        driver = Driver(access, seed=3)
        rng = driver._rng
        erp = BusinessOneClient(access["sap_business_one"])
        people = (HubSpotSales(HubSpotClient(access["hubspot"]), rng), BusinessOneOffice(erp, rng))
        told = [_taken(deed) for who in people for deed, _ in who.operations()]
        assert [one.split(":")[0] for one in told] == ["hubspot"] * 3 + ["sap_business_one"] * 4
        assert [event for event in driver.tick() if event.startswith("lost")] == []


def _taken(deed: Operation) -> str:
    """Do a deed until it is taken: a frozen partner or a second's limit of calls refuses one or the other."""
    for _ in range(8):
        try:
            return deed() or ""
        except RefusedError as refused:
            last = refused
    raise last
