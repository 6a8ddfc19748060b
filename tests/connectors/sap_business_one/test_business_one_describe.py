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
NO_RIGHT = error(403, "-1", "No permission")


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
    assert choices(connector, "Currency") == {"$": "US Dollar", "EUR": "Euro", "##": "all currencies"}
    assert choices(connector, "Comments") is None
    company.accidents.append(lambda _request: error(403, "-1", "No permission"))
    assert choices(connector, "WarehouseCode") is None


def test_a_description_knows_user_fields_before_a_restart_and_does_without_their_sizes(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.hidden = {"U_CrosswalkKey"}
    connector = open_company()
    assert connector.describe("customer", "BusinessPartners").fields["U_CrosswalkKey"].length == 64
    assert "BaseOnly" in connector.describe("payment", "IncomingPayments").fields, "what a type inherits"
    assert company.paths().count("GET $metadata") == 1, "read once for a connector"
    keyed = replace(CUSTOMERS, fields=(*CUSTOMERS.fields, NativeField("U_CrosswalkKey", "text")))
    assert [one for one in connector.preflight([keyed]) if one.blocking] == []
    company.hidden = set()
    company.inside.append(lambda request, _body: NO_RIGHT if request == "GET UserFieldsMD" else None)
    assert open_company().describe("customer", "BusinessPartners").fields["U_CrosswalkKey"].length is None


@pytest.mark.parametrize(
    ("refused", "subject", "blocking"),
    [
        ("GET CompanyService_GetCurrentServerTime", "time zone", False),
        ("GET Currencies", "Currencies", False),
        ("GET UserFieldsMD", "user fields", False),
        ("GET BusinessPartners", "customer.read", True),
        ("GET $metadata", "Service Layer", True),
    ],
)
def test_what_the_user_may_not_read_is_told_and_blocks_only_where_nothing_can_be_done_without_it(
    company: SmallBusinessOne, open_company: Open, refused: str, subject: str, blocking: bool
) -> None:
    company.inside += [lambda request, _body: NO_RIGHT if request == refused else None] * 3
    [finding] = open_company().preflight([CUSTOMERS])
    assert (finding.subject, finding.blocking) == (subject, blocking)
    assert finding.remedy


def test_preflight_tells_of_a_server_too_old_for_versions_and_of_currencies_without_a_code(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.hidden = {"DataVersion"}
    company.put("Currencies", Code="€", Name="Euro", DocumentsCode="")
    findings = {one.subject: one.blocking for one in open_company().preflight([CUSTOMERS])}
    assert findings == {"customer.DataVersion": True, "Currencies": False}


def test_a_missing_key_field_blocks_only_who_writes_and_documents_share_theirs(
    company: SmallBusinessOne, open_company: Open
) -> None:
    company.sets["UserFieldsMD"].clear()
    company.put("UserFieldsMD", TableName="OINV", FieldID=0, Name="CrosswalkKey", Type="db_Alpha", EditSize=64)
    for read_only in (True, False):
        findings = {
            one.subject: one.blocking for one in open_company(read_only=read_only).preflight([CUSTOMERS, ORDERS])
        }
        assert findings == {"OCRD.U_CrosswalkKey": not read_only}
