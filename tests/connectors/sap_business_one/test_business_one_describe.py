from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crosswalk.connectors.protocol import Creator
from crosswalk.connectors.sap_business_one import BusinessOneConnector
from crosswalk.connectors.sap_business_one.choices import choices
from crosswalk.mapping.document import load_mapping
from crosswalk.model.errors import ReadOnlyError
from crosswalk.model.records import NativeField
from tests.connectors.sap_business_one.small_business_one import SmallBusinessOne, error

Open = Callable[..., BusinessOneConnector]
MAPPING = load_mapping(Path(__file__).parents[3] / "include" / "mappings" / "sap_business_one.yaml")
CUSTOMERS = MAPPING.entities["customer"].selection
ORDERS = MAPPING.entities["order"].selection


def test_a_description_tells_kinds_rights_values_and_the_size_of_user_fields(
    company: SmallBusinessOne, open_company: Open
) -> None:
    described = open_company().describe("customer", "BusinessPartners").fields
    told = {name: (one.type, one.length, one.createable, one.updateable, one.values) for name, one in described.items()}
    assert told["CardName"] == ("text", 100, True, True, ())
    assert told["CardCode"][2:4] == (True, False)
    assert told["Frozen"][0] == "boolean"
    assert told["CardType"] == ("choice", None, True, True, ("cCustomer", "cSupplier", "cLid"))
    assert told["CurrentAccountBalance"] == ("quantity", None, False, False, ())
    assert told["BPAddresses"][0] == "compound"
    assert told["U_CrosswalkKey"][:2] == ("text", 64)
    assert "FirstName" in open_company().describe("contact", "BusinessPartners/ContactEmployees").fields


def test_nothing_is_wrong_with_a_sound_company(company: SmallBusinessOne, open_company: Open) -> None:
    assert [one for one in open_company().preflight([CUSTOMERS, ORDERS]) if one.blocking] == []


def test_the_field_that_bears_our_key_is_missed_and_made_on_demand(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.sets["UserFieldsMD"].clear()
    connector = open_company()
    assert isinstance(connector, Creator)
    findings = connector.preflight([CUSTOMERS, ORDERS])
    assert {one.subject for one in findings if one.blocking} == {"OCRD.U_CrosswalkKey", "ORDR.U_CrosswalkKey"}
    assert [one.subject for one in connector.creatable(findings)] == ["OCRD.U_CrosswalkKey", "ORDR.U_CrosswalkKey"]
    with pytest.raises(ReadOnlyError):
        list(open_company(read_only=True).create_missing(findings))
    assert len(list(connector.create_missing(findings))) == 2
    assert list(connector.create_missing(findings)) == [], "what is there stays as it is"
    assert [one for one in open_company().preflight([CUSTOMERS, ORDERS]) if one.blocking] == []


def test_a_field_nobody_has_and_a_wrong_zone_are_told_with_their_remedies(
    company: SmallBusinessOne, open_company: Open
) -> None:
    lacking = replace(CUSTOMERS, fields=(*CUSTOMERS.fields, NativeField("U_Nope", "text")))
    connector = open_company(time_zone="America/New_York")
    findings = {one.subject: one for one in connector.preflight([lacking])}
    assert set(findings) == {"customer.U_Nope", "time zone"}
    assert "+1 h from UTC" in findings["time zone"].problem
    assert connector.creatable(list(findings.values())) == [], "nobody knows of what type it shall be"


def test_a_login_that_is_refused_is_the_only_finding(company: SmallBusinessOne, open_company: Open) -> None:
    [finding] = open_company(password="wrong as can be").preflight([CUSTOMERS])
    assert (finding.subject, finding.blocking) == ("login", True)


def test_choices_are_named_for_whoever_configures_one(company: SmallBusinessOne, open_company: Open) -> None:
    connector = open_company()
    assert choices(connector, "DocCurrency") == {"$": "US Dollar", "EUR": "Euro"}
    assert choices(connector, "Comments") is None
    company.accidents.append(lambda _request: error(403, "-1", "No permission"))
    assert choices(connector, "WarehouseCode") is None
