"""The driver against the real emulators, over real sockets."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crosswalk_sandbox import netsuite, salesforce
from crosswalk_sandbox.clients import NetSuiteClient, RefusedError, SalesforceClient
from crosswalk_sandbox.company.generate import generate
from crosswalk_sandbox.company.model import Size
from crosswalk_sandbox.driver import Driver
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.faults import FaultKind, FaultRule, Faults
from crosswalk_sandbox.kernel.server import running

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SIZE = Size(40, 20, 80)


@pytest.fixture
def faults() -> Faults:
    return Faults()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def crm(stack: ExitStack, directory: Path, faults: Faults) -> dict[str, object]:
    clock = Clock()
    clock.set(NOW, frozen=True)
    emulator = salesforce.create(directory, clock, {})
    stack.callback(emulator.close)
    emulator.load(generate(5, NOW, SIZE))
    url = stack.enter_context(running(emulator, clock=clock, faults=faults))
    return {"http": url, "credentials": emulator.access(url)}


def erp(stack: ExitStack, directory: Path) -> dict[str, object]:
    clock = Clock()
    emulator = netsuite.create(directory, clock, {})
    stack.callback(emulator.close)
    emulator.load(generate(5, datetime.now(UTC), SIZE))
    url = stack.enter_context(running(emulator, clock=clock))
    return {"http": url, "credentials": emulator.access(url)}


def documents(client: NetSuiteClient, kind: str, statuses: str) -> int:
    query = f"SELECT COUNT(*) AS n FROM transaction WHERE type = '{kind}' AND status IN ({statuses})"
    return int(client.suiteql(query)[0]["n"])


def drive(driver: Driver, ticks: int) -> list[str]:
    return list(itertools.chain.from_iterable(driver.tick() for _ in range(ticks)))


def count(client: SalesforceClient, what: str) -> int:
    return int(client.query(f"SELECT COUNT(Id) n FROM {what}")[0]["n"])


def test_what_salespeople_did_is_found_in_the_crm(stack: ExitStack, tmp_path: Path, faults: Faults) -> None:
    access = crm(stack, tmp_path, faults)
    client = SalesforceClient(access)
    deals, won = count(client, "Opportunity"), count(client, "Opportunity WHERE IsWon = true")
    accounts = count(client, "Account")
    events = drive(Driver({"salesforce": access}, seed=1), 8)
    opened = [event for event in events if event.startswith("salesforce: new deal")]
    wins = [event for event in events if event.startswith("salesforce: won")]
    made_to_win = [event for event in wins if event.endswith(("(without lines)", "(45 % off)"))]
    prospects = [event for event in events if event.startswith("salesforce: new prospect")]
    assert opened
    assert wins
    assert count(client, "Opportunity") == deals + len(opened) + len(made_to_win)
    assert count(client, "Opportunity WHERE IsWon = true") == won + len(wins)
    assert count(client, "Opportunity WHERE IsWon = true AND CloseDate = 2026-11-23") >= len(wins)
    assert count(client, "Account") == accounts + len(prospects)
    assert not [event for event in events if event.startswith(("refused", "lost"))]


def test_what_accounting_and_the_warehouse_did_is_found_in_the_erp(stack: ExitStack, tmp_path: Path) -> None:
    access = erp(stack, tmp_path)
    client = NetSuiteClient(access)
    kinds = {
        "shipped": ("ItemShip", "'A', 'B', 'C'"),
        "billed": ("CustInvc", "'A', 'B'"),
        "payment": ("CustPymt", "'B', 'C'"),
    }
    before = {word: documents(client, *kind) for word, kind in kinds.items()}
    events = drive(Driver({"netsuite": access}, seed=1), 12)
    done = {word: sum(event.startswith(f"netsuite: {word}") for event in events) for word in kinds}
    assert all(done.values()), done
    assert {word: documents(client, *kind) - before[word] for word, kind in kinds.items()} == done
    assert not [event for event in events if event.startswith(("refused", "lost"))]


def test_the_same_seed_on_the_same_company_does_the_same(stack: ExitStack, tmp_path: Path, faults: Faults) -> None:
    once = drive(Driver({"salesforce": crm(stack, tmp_path / "one", faults)}, seed=7), 4)
    again = drive(Driver({"salesforce": crm(stack, tmp_path / "other", faults)}, seed=7), 4)
    assert once == again


def test_the_driver_goes_on_when_connections_are_lost_and_the_vendor_refuses(
    stack: ExitStack, tmp_path: Path, faults: Faults
) -> None:
    driver = Driver({"salesforce": crm(stack, tmp_path, faults)}, seed=2)
    faults.add(FaultRule(FaultKind.LOST_REPLY, method="POST", probability=0.4, seed=1))
    faults.add(FaultRule(FaultKind.STATUS, method="PATCH", probability=0.4, seed=2))
    events = drive(driver, 10)
    assert any(event.startswith("lost: ") for event in events)
    assert any("answered 503" in event for event in events)
    assert any(event.startswith("salesforce: ") for event in events)


def test_the_driver_signs_in_again_when_its_session_is_gone(stack: ExitStack, tmp_path: Path, faults: Faults) -> None:
    client = SalesforceClient(crm(stack, tmp_path, faults))
    faults.add(FaultRule(FaultKind.EXPIRE_SESSIONS, path="query", count=1))
    assert count(client, "Account") > 0


def test_a_refusal_carries_the_vendors_words_but_not_the_query(
    stack: ExitStack, tmp_path: Path, faults: Faults
) -> None:
    client = SalesforceClient(crm(stack, tmp_path, faults))
    with pytest.raises(RefusedError, match="answered 400") as refusal:
        client.query("SELECT Nonsense__c FROM Account WHERE Name = 'private'")
    assert "private" not in str(refusal.value).partition(" answered ")[0]


def test_without_any_emulator_there_is_nothing_to_drive() -> None:
    with pytest.raises(ValueError, match="nothing to drive"):
        Driver({})
