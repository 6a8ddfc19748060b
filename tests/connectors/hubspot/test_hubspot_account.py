"""What is learned of an account before anything is mapped: its definitions, and what it lacks (HubSpot §3, §12, §13, §18)."""

from __future__ import annotations

from typing import Any

import pytest

from crosswalk.connectors.hubspot.objects import native
from crosswalk.connectors.hubspot.preflight import check_key
from crosswalk.connectors.protocol import FieldDescription, Finding
from crosswalk.model.records import NativeField, Selection
from tests.connectors.hubspot.portal import Portal, refusal, running, told
from tests.connectors.loopback import Reply

KEY = {"name": "erp_key", "type": "string", "hasUniqueValue": True}
OPTIONS = [{"value": "a"}, {"value": "b", "hidden": True}]
DEFINITIONS: list[dict[str, Any]] = [
    {"name": "dealname", "type": "string", "fieldType": "text"},
    {"name": "amount", "type": "number", "showCurrencySymbol": True},
    {"name": "hs_is_closed", "type": "bool", "calculated": True},
    {"name": "hs_created_by", "type": "number", "modificationMetadata": {"readOnlyValue": True}},
    {"name": "stage", "type": "enumeration", "options": OPTIONS},
    {"name": "owner", "type": "enumeration", "options": OPTIONS, "externalOptions": True},
    {"name": "phone", "type": "string", "fieldType": "phonenumber"},
    {"name": "closedate", "type": "datetime"},
    {"name": "gone", "type": "string", "archived": True},
    KEY,
]


def test_definitions_say_what_can_be_read_and_written() -> None:
    portal = Portal()
    portal.definitions["deals"] = DEFINITIONS
    portal.definitions["contacts"] = [{"name": "email", "type": "string"}]
    with running(portal, read_only=True) as (connector, _):
        fields = connector.describe("deal", "deals").fields
        email = connector.describe("contact", "contacts").fields["email"]
    own = {name: fields[name] for name in fields if not fields[name].refers_to}
    fixed = {"createable": False, "updateable": False}
    assert own == {
        one.name: one
        for one in (
            FieldDescription("dealname", "text", 65_536, required=True),
            FieldDescription("amount", "amount"),
            FieldDescription("hs_is_closed", "boolean", **fixed),
            FieldDescription("hs_created_by", "quantity", **fixed),
            FieldDescription("stage", "choice", values=("a",)),
            FieldDescription("owner", "choice"),
            FieldDescription("phone", "phone", 65_536),
            FieldDescription("closedate", "instant"),
            FieldDescription("erp_key", "text", 65_536, unique=True),
        )
    }
    assert {name: fields[name].refers_to for name in fields if fields[name].refers_to} == {
        name: (name,) for name in ("companies", "contacts", "line_items")
    }
    assert email.unique


# --- preflight --------------------------------------------------------------------------------------


def preflight(portal: Portal, *paths: str, read_only: bool = True) -> dict[str, Finding]:
    selection = Selection("deal", "deals", tuple(NativeField(path, "text") for path in paths))
    with running(portal, read_only=read_only) as (connector, _):
        found = connector.preflight([selection])
    assert all(one.remedy for one in found)
    return {one.subject: one for one in found}


def ready() -> Portal:
    portal = Portal()
    portal.definitions["deals"] = [{"name": name, "type": "string"} for name in ("dealname", "amount", "dealstage", "deal_currency_code")]  # fmt: skip
    portal.definitions["deals"].append(KEY)
    return portal


def test_an_account_that_has_everything_lacks_nothing() -> None:
    paths = ("dealname", "amount", "deal_currency_code", "dealstage.label", "companies.id", "companies[Buyer].id")
    assert preflight(ready(), *paths, read_only=False) == {}
    bare = ready()
    del bare.definitions["deals"][-1]
    assert preflight(bare, "dealname") == {}, "who only reads needs no key"
    assert not any("batch/update" in call for call in bare.calls)


@pytest.mark.parametrize(
    ("path", "answer", "subject"),
    [
        ("/account-info", refusal(401, "INVALID_AUTHENTICATION", "x"), "login"),
        ("/account-info", refusal(403, "MISSING_SCOPES", "x"), "account information"),
        ("/crm/v3/objects/deals", refusal(403, "MISSING_SCOPES", "x"), "deals"),
        ("/crm/v3/properties/deals", refusal(403, "MISSING_SCOPES", "x"), "deals"),
        ("/crm/v3/pipelines/deals", refusal(403, "MISSING_SCOPES", "x"), "pipelines of deals"),
    ],
)
def test_what_an_app_may_not_see_is_a_finding(path: str, answer: Reply, subject: str) -> None:
    portal = ready()
    portal.faults.append(lambda one: answer if one.path.startswith(path) else None)
    found = preflight(portal, "dealname", "dealstage.label")
    assert list(found) == [subject]
    assert found[subject].blocking


@pytest.mark.parametrize(
    ("metadata", "wins"),
    [
        ({"isClosed": "true", "probability": "1.0"}, True), ({"isClosed": "true", "probability": "0.0"}, False),
        ({"isClosed": "false", "probability": "1.0"}, False), ({}, False),
    ],
)  # fmt: skip
def test_a_stage_wins_by_what_it_says_of_itself(metadata: dict[str, str], wins: bool) -> None:
    portal = ready()
    pipelines = {"results": [{"id": "1", "stages": [{"id": "closedwon", "label": "x", "metadata": metadata}]}]}
    portal.faults.append(lambda one: told(pipelines) if "pipelines" in one.path else None)
    assert ("pipelines of deals" not in preflight(portal, "dealname", "dealstage.label")) == wins


def test_paths_that_lead_nowhere_and_amounts_without_currency_are_named() -> None:
    found = preflight(ready(), "dealname", "amount", "nonsense", "products.id")
    assert set(found) == {"deals.nonsense", "deals.products.id", "deals.deal_currency_code"}
    assert "companies" in found["deals.products.id"].remedy
    home = ready()
    home.account["additionalCurrencies"] = []
    assert preflight(home, "amount") == {}


def test_a_day_that_is_nearly_used_up_is_told_but_stops_nothing() -> None:
    for left, subjects in (("64999", ["API calls"]), ("65001", [])):
        portal = ready()
        headers = {"X-HubSpot-RateLimit-Daily": "650000", "X-HubSpot-RateLimit-Daily-Remaining": left}
        portal.faults.append(lambda one, portal=portal, headers=headers: Reply(200, portal._route(one).body, headers))
        found = preflight(portal, "dealname")
        assert list(found) == subjects
        assert not any(one.blocking for one in found.values())


def test_a_key_is_there_unique_and_writable_or_there_is_room_for_it() -> None:
    deals = native("deals")

    def told_of(*definitions: dict[str, Any]) -> list[str]:
        return [one.problem for one in check_key(deals, "erp_key", {one["name"]: one for one in definitions})]

    assert told_of(KEY) == []
    assert "does not require unique values" in told_of({**KEY, "hasUniqueValue": False})[0]
    assert "Nobody may write" in told_of({**KEY, "calculated": True})[0]
    uniques = [{"name": f"key_{number}", "hasUniqueValue": True} for number in range(10)]
    assert "10 unique properties already" not in told_of(*uniques[:9])[0]
    assert "10 unique properties already" in told_of(*uniques)[0]


def test_what_stops_a_run_is_told_first() -> None:
    portal = ready()
    portal.faults.append(lambda one: refusal(403, "MISSING_SCOPES", "x") if "batch/update" in one.path else None)
    portal.definitions["deals"] = portal.definitions["deals"][:-1]
    found = preflight(portal, "dealname", "nonsense", read_only=False)
    assert [one.blocking for one in found.values()] == [True, True, False]
