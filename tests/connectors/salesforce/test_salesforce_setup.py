"""Custom fields of an org, on the emulator as a black box: told apart from hidden ones, and created only when asked (Salesforce §15)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.salesforce import SalesforceConnector, connect
from crosswalk.connectors.salesforce.client import encoded
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.connectors.transport import decoded
from crosswalk.model.errors import ReadOnlyError
from crosswalk.model.records import NativeField, Selection
from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.kernel.server import running
from crosswalk_sandbox.salesforce import create

SELECTION = Selection(
    "customer", "Account", (NativeField("Name", "text"), NativeField("ERP_Credit_Status__c", "choice"))
)
ORDERS = Selection("order", "Order", (NativeField("ERP_Status__c", "choice"), NativeField("Region__c", "text")))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConnectionSettings]:
    clock = Clock(None)
    emulator = create(tmp_path_factory.mktemp("org"), clock, {})
    with running(emulator, clock=clock) as url:
        access = emulator.access(url)
        extra = {name: str(access[name]) for name in ("consumer_key", "consumer_secret")}
        yield ConnectionSettings(extra={**extra, "login_url": url})
    emulator.close()


@pytest.fixture
def salesforce(address: ConnectionSettings) -> SalesforceConnector:
    return connect(address, read_only=False)


def drop(salesforce: SalesforceConnector, native: str, name: str) -> None:
    """Take a custom field out of the org, with whatever rights there were to it."""
    developer_name = name.removesuffix("__c")
    soql = f"SELECT Id FROM CustomField WHERE TableEnumOrId = '{native}' AND DeveloperName = '{developer_name}'"
    root, call = salesforce.client.root, salesforce.client.transport.call
    for row in decoded(call("GET", f"{root}/tooling/query/?q={encoded(soql)}"))["records"]:
        call("DELETE", f"{root}/tooling/sobjects/CustomField/{row['Id']}")


def about_fields(findings: list[Finding], native: str) -> dict[str, str]:
    return {finding.subject: finding.problem for finding in findings if finding.subject.startswith(f"{native}.")}


def test_missing_fields_are_created_with_access_when_asked_and_only_then(salesforce: SalesforceConnector) -> None:
    for name in ("ERP_Id__c", "ERP_Credit_Status__c"):
        drop(salesforce, "Account", name)
    findings = salesforce.preflight([SELECTION])
    assert about_fields(findings, "Account") == {
        "Account.ERP_Id__c": "There is no field Account.ERP_Id__c.",
        "Account.ERP_Credit_Status__c": "There is no field Account.ERP_Credit_Status__c.",
    }
    assert about_fields(salesforce.preflight([SELECTION]), "Account") == about_fields(findings, "Account")
    told = {creation.subject: creation.what for creation in salesforce.creatable(findings)}
    assert list(told) == ["Account.ERP_Credit_Status__c", "Account.ERP_Id__c", "Crosswalk"]
    assert "Text(64), External ID, Unique, case-sensitive" in told["Account.ERP_Id__c"]
    assert "Picklist of OK, Watch, Hold" in told["Account.ERP_Credit_Status__c"]
    done = list(salesforce.create_missing(findings))
    assert {"Created Account.ERP_Id__c.", "Created Account.ERP_Credit_Status__c."} < set(done)
    assert about_fields(salesforce.preflight([SELECTION]), "Account") == {}
    key = salesforce.describe("customer", "Account").fields["ERP_Id__c"]
    assert (key.length, key.unique, key.updateable) == (64, True, True)
    assert salesforce.describe("customer", "Account").fields["ERP_Credit_Status__c"].values == ("OK", "Watch", "Hold")
    assert list(salesforce.create_missing(findings)) == []


def test_a_hidden_field_is_told_from_a_missing_one_and_shown_as_it_is(salesforce: SalesforceConnector) -> None:
    for name in ("ERP_Status__c", "Region__c"):
        drop(salesforce, "Order", name)
    body = {"FullName": "Order.Region__c", "Metadata": {"type": "Text", "label": "Region", "length": 11}}
    salesforce.client.send("POST", "tooling/sobjects/CustomField", body)
    found = salesforce.preflight([ORDERS])
    assert about_fields(found, "Order") == {
        "Order.ERP_Status__c": "There is no field Order.ERP_Status__c.",
        "Order.Region__c": "The user may not see Order.Region__c.",
    }
    told = {creation.subject: creation.what for creation in salesforce.creatable(found)}
    assert told["Order.Region__c"].startswith("Order.Region__c is there:")
    assert "Created Order.Region__c." not in list(salesforce.create_missing(found))
    assert about_fields(salesforce.preflight([ORDERS]), "Order") == {}
    assert salesforce.describe("order", "Order").fields["Region__c"].length == 11


def test_a_field_whose_type_nobody_told_is_left_to_people(salesforce: SalesforceConnector) -> None:
    own = replace(ORDERS, fields=(NativeField("Nobody_Knows__c", "text"),))
    findings = salesforce.preflight([own])
    assert list(salesforce.create_missing(findings)) == []
    assert salesforce.creatable(findings) == []
    assert set(about_fields(salesforce.preflight([own]), "Order")) == {"Order.Nobody_Knows__c"}


def test_a_connection_that_may_only_read_creates_nothing(
    salesforce: SalesforceConnector, address: ConnectionSettings
) -> None:
    drop(salesforce, "Account", "ERP_Credit_Status__c")
    reader = connect(address, read_only=True)
    findings = reader.preflight([SELECTION])
    with pytest.raises(ReadOnlyError):
        list(reader.create_missing(findings))
    assert set(about_fields(reader.preflight([SELECTION]), "Account")) == {"Account.ERP_Credit_Status__c"}
