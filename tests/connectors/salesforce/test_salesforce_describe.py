"""Describe and preflight on a recorded describe, and what an org lacks."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crosswalk.connectors.protocol import Finding
from crosswalk.connectors.salesforce import connect
from crosswalk.connectors.salesforce.deliver import DeliverySettings
from crosswalk.connectors.salesforce.describe import entity_description
from crosswalk.connectors.salesforce.preflight import check_object
from crosswalk.connectors.settings import ConnectionSettings
from crosswalk.model.errors import SchemaError
from crosswalk.model.records import NativeField, Selection
from tests.connectors.loopback import Received, Reply, reply_json, serving
from tests.connectors.salesforce.org import error

CONTRACTS = Path(__file__).parents[2] / "contracts" / "salesforce_connector"
ACCOUNT = json.loads((CONTRACTS / "describe-Account.json").read_text())
KEY_FIELD = {
    **next(field for field in ACCOUNT["fields"] if field["name"] == "Phone"),
    "name": "ERP_Id__c", "type": "string", "externalId": True, "unique": True, "custom": True, "length": 64,
}  # fmt: skip


def account(**changes: dict[str, Any]) -> dict[str, Any]:
    """The recorded describe with our key field, and fields changed."""
    described = copy.deepcopy(ACCOUNT)
    described["fields"].append(dict(KEY_FIELD))
    for field in described["fields"]:
        field.update(changes.get(field["name"], {}))
    return dict(described)


def selection(*paths: str) -> Selection:
    return Selection("customer", "Account", tuple(NativeField(path, "text") for path in paths))


def findings(described: dict[str, Any], *paths: str, writes: bool = True) -> list[Finding]:
    return list(check_object(described, selection(*paths), DeliverySettings(), writes=writes))


def test_a_recorded_describe_reads_in_canonical_form() -> None:
    fields = entity_description("customer", ACCOUNT).fields
    assert (fields["Name"].type, fields["Name"].length, fields["Name"].required) == ("text", 255, True)
    assert (fields["AnnualRevenue"].type, fields["AnnualRevenue"].length) == ("amount", None)
    assert (fields["NumberOfEmployees"].type, fields["SystemModstamp"].type) == ("integer", "instant")
    assert (fields["ParentId"].type, fields["ParentId"].refers_to) == ("reference", ("Account",))
    assert fields["Rating"].values == ("Hot", "Warm", "Cold")
    assert (fields["BillingAddress"].type, fields["BillingAddress"].createable) == ("compound", False)
    assert not fields["IsDeleted"].required


def test_a_mapping_that_fits_has_no_findings() -> None:
    assert findings(account(), "Name", "phone", "Parent.Name", "ERP_Id__c") == []


@pytest.mark.parametrize(
    ("path", "remedy"),
    [
        ("Gone__c", "Create the field"),
        ("AccountNumber", "field-level security"),
        ("CurrencyIsoCode", "one currency only"),
        ("BillingAddress", "Map its parts"),
        ("Nowhere__r.Name", "field-level security"),
    ],
)
def test_a_field_that_cannot_be_read_is_a_blocking_finding_with_its_remedy(path: str, remedy: str) -> None:
    (finding,) = findings(account(), path)
    assert finding.blocking
    assert finding.subject == f"Account.{path}"
    assert remedy in finding.remedy


def test_a_formula_is_worth_a_warning_because_no_stamp_moves_with_it() -> None:
    (finding,) = findings(account(Rating={"calculated": True}), "Rating")
    assert not finding.blocking
    assert "census" in finding.remedy


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"unique": False}, "Unique"),
        ({"externalId": False}, "External ID"),
        ({"updateable": False}, "may not write"),
        ({"name": "Other__c"}, "no field ERP_Id__c"),
    ],
)
def test_the_key_field_must_be_an_external_id_unique_and_writable_where_we_write(
    changes: dict[str, Any], problem: str
) -> None:
    described = account(ERP_Id__c=changes)
    (finding,) = findings(described, "Name")
    assert problem in finding.problem
    assert finding.blocking
    assert findings(described, "Name", writes=False) == []


def org(answers: dict[str, Callable[[Received], Reply]]) -> Callable[[Received], Reply]:
    def handle(request: Received) -> Reply:
        if request.method == "POST":
            return reply_json({"access_token": "t" * 20, "instance_url": f"http://{request.headers['host']}"})
        target = request.target.replace("%20", " ")
        for part, answer in answers.items():
            if part in target:
                return answer(request)
        return error(404, "NOT_FOUND", "The requested resource does not exist")

    return handle


def found(records: int) -> Callable[[Received], Reply]:
    rows = [{"attributes": {"type": "X"}, "Id": "1"}] * records
    return lambda _request: reply_json({"totalSize": records, "done": True, "records": rows})


HEALTHY: dict[str, Callable[[Received], Reply]] = {
    "/limits": lambda _request: reply_json({"DailyApiRequests": {"Max": 100, "Remaining": 50}}),
    "/sobjects/Account/describe": lambda _request: reply_json(account()),
    "/sobjects/Opportunity/describe": lambda _request: reply_json({**account(), "name": "Opportunity"}),
    "FROM OpportunityStage": found(1),
    "FROM Pricebook2": found(1),
    "FROM Product2": found(0),
}
DEALS = Selection("deal", "Opportunity", (NativeField("Name", "text"),))


def preflight(answers: dict[str, Callable[[Received], Reply]], *selections: Selection) -> tuple[list[Finding], int]:
    with serving(org(answers)) as server:
        extra = {"consumer_key": "k", "consumer_secret": "s-secret", "login_url": server.url}
        connector = connect(ConnectionSettings(extra=extra), read_only=False)
        return connector.preflight(selections), len(server.received)


def test_a_healthy_org_has_no_findings_and_costs_a_call_per_object_and_feature() -> None:
    result, calls = preflight(HEALTHY, selection("Name"), selection("Phone"), DEALS)
    assert result == []
    assert calls == 1 + 2 + 2 + 1  # login, limits twice at most, two describes, one feature


def test_an_object_the_user_cannot_see_is_named_and_the_others_are_still_checked() -> None:
    orders = Selection("order", "Order", (NativeField("Name", "text"),))
    result, _ = preflight(HEALTHY, orders, selection("Gone__c"))
    assert {finding.subject for finding in result} == {"Order", "Account.Gone__c", "Orders"}
    assert [finding.blocking for finding in result] == sorted((f.blocking for f in result), reverse=True)


def test_an_org_without_a_won_stage_is_told_so() -> None:
    (finding,), _ = preflight({**HEALTHY, "FROM OpportunityStage": found(0)}, DEALS)
    assert (finding.subject, finding.blocking) == ("Opportunity stages", True)


def test_an_org_without_an_active_standard_price_book_is_told_so() -> None:
    lines = Selection("deal_line", "OpportunityLineItem", (NativeField("Name", "text"),))
    answers = {
        **HEALTHY,
        "/sobjects/OpportunityLineItem/describe": lambda _request: reply_json(
            {**account(), "name": "OpportunityLineItem"}
        ),
        "FROM Pricebook2": found(0),
    }
    (finding,), _ = preflight(answers, lines)
    assert finding.subject == "Price Books"


def test_products_that_no_deal_can_hold_are_named() -> None:
    prices = Selection("price", "PricebookEntry", (NativeField("Name", "text"),))
    rows = [{"Name": f"Pump {number}"} for number in range(6)]
    answers = {
        **HEALTHY,
        "/sobjects/PricebookEntry/describe": lambda _request: reply_json({**account(), "name": "PricebookEntry"}),
        "FROM Product2": lambda _request: reply_json({"totalSize": 6, "done": True, "records": rows}),
    }
    (finding,), _ = preflight(answers, prices)
    assert (finding.subject, finding.blocking) == ("Price book entries", False)
    assert "Pump 0, Pump 1, Pump 2, Pump 3, Pump 4 and more" in finding.problem
    heavy = {**answers, "FROM Product2": lambda _request: error(400, "QUERY_TIMEOUT", "running for too long")}
    assert preflight(heavy, prices)[0] == []


def test_rights_the_user_lacks_are_named_where_a_flow_could_need_them() -> None:
    described = {**account(ERP_Id__c={"updateable": True}), "createable": False, "updateable": False}
    described["fields"].append(dict(KEY_FIELD, name="Region__c", updateable=False))
    warned = findings(described, "Name", "Region__c")
    assert [(finding.subject, finding.blocking) for finding in warned] == [
        ("Account", False),
        ("Account.Region__c", False),
    ]
    assert "create or edit" in warned[0].problem
    assert findings(described, "Name", "Region__c", writes=False) == []


def test_amounts_without_their_currency_block_in_an_org_with_several() -> None:
    described = account()
    described["fields"].append(dict(KEY_FIELD, name="CurrencyIsoCode", type="picklist"))
    (finding,) = findings(described, "AnnualRevenue")
    assert (finding.subject, finding.blocking) == ("Account.CurrencyIsoCode", True)
    assert findings(described, "AnnualRevenue", "CurrencyIsoCode") == []
    assert findings(account(), "AnnualRevenue") == []


def test_an_api_that_is_switched_off_or_used_up_is_a_finding() -> None:
    off, _ = preflight({"/limits": lambda _request: error(403, "API_DISABLED_FOR_ORG", "off")}, selection("Name"))
    used, _ = preflight(
        {"/limits": lambda _request: error(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")},
        selection("Name"),
    )
    assert [(finding.subject, finding.blocking) for finding in (*off, *used)] == [
        ("API access", True),
        ("API calls", True),
    ]
    assert "API Enabled" in off[0].remedy


def test_where_setup_may_not_be_looked_into_a_field_is_missing_or_hidden() -> None:
    closed = {**HEALTHY, "/tooling/query": lambda _request: error(403, "INSUFFICIENT_ACCESS", "no")}
    (finding,), _ = preflight(closed, selection("Gone__c"))
    assert finding.problem == "Account has no field Gone__c that this user can see."
    assert "if it is missing" in finding.remedy


def test_a_refused_login_is_a_finding_not_a_crash() -> None:
    def refuse(request: Received) -> Reply:
        return reply_json({"error": "invalid_client", "error_description": "invalid client credentials"}, 400)

    with serving(refuse) as server:
        extra = {"consumer_key": "k", "consumer_secret": "s-secret", "login_url": server.url}
        (finding,) = connect(ConnectionSettings(extra=extra)).preflight([selection("Name")])
    assert finding.subject == "login"
    assert "s-secret" not in finding.problem


def test_a_nearly_used_up_allowance_is_a_warning() -> None:
    answers = {**HEALTHY, "/limits": lambda _request: reply_json({"DailyApiRequests": {"Max": 100, "Remaining": 2}})}
    (finding,), _ = preflight(answers, selection("Name"))
    assert (finding.subject, finding.blocking) == ("API calls", False)


def test_an_api_version_the_org_does_not_have_is_told_with_those_it_has() -> None:
    versions = [{"label": "Spring '15", "url": "/services/data/v33.0", "version": "33.0"}]
    versions.append({"label": "Winter '24", "url": "/services/data/v59.0", "version": "59.0"})
    (finding,), _ = preflight({"/services/data": lambda request: _versions(request, versions)}, selection("Name"))
    assert finding.subject == "API version"
    assert "33.0 to 59.0" in finding.remedy


def _versions(request: Received, versions: list[dict[str, str]]) -> Reply:
    if request.path.rstrip("/") == "/services/data":
        return reply_json(versions)
    return error(404, "NOT_FOUND", "The requested resource does not exist")


def test_settings_of_the_org_that_will_refuse_writes_are_warned_of() -> None:
    described = account()
    described["fields"] += [dict(KEY_FIELD, name="BillingCountryCode"), dict(KEY_FIELD, name="IsPersonAccount")]
    described["fields"].append(dict(KEY_FIELD, name="BillingCountry"))
    warned = findings(described, "Name", "BillingCountry")
    assert [finding.blocking for finding in warned] == [False, False]
    assert "BillingCountryCode" in warned[0].remedy
    assert "IsPersonAccount = false" in warned[1].remedy
    assert findings(described, "Name", "BillingCountry", writes=False) == []


def test_describing_an_unknown_object_names_it_with_the_remedy() -> None:
    with serving(org(HEALTHY)) as server:
        extra = {"consumer_key": "k", "consumer_secret": "s-secret", "login_url": server.url}
        connector = connect(ConnectionSettings(extra=extra))
        assert connector.describe("customer", "Account").native == "Account"
        with pytest.raises(SchemaError, match="no object Quote"):
            connector.describe("quote", "Quote")


def test_usage_is_read_from_the_last_answer_without_a_call_of_its_own() -> None:
    told = {**HEALTHY, "/sobjects/Account/describe": lambda _request: reply_json(account(), Sforce_Limit_Info="api-usage=18/5000; per-app-api-usage=17/250(appName=x)")}  # fmt: skip
    with serving(org(told)) as server:
        extra = {"consumer_key": "k", "consumer_secret": "s-secret", "login_url": server.url}
        connector = connect(ConnectionSettings(extra=extra))
        connector.describe("customer", "Account")
        usage = connector.usage()
        assert (usage.used, usage.limit, usage.window) == (18, 5000, "day")
        assert [request.path for request in server.received][1:] == ["/services/data/v62.0/sobjects/Account/describe"]
