"""Recorded exchanges replayed: status and shape must be the recorded ones; every code must be one of the vendor's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from salesforce_org import CONTRACTS

SANDBOX = Path(__file__).parents[3] / "include" / "crosswalk_sandbox" / "salesforce"
EXCHANGES = json.loads((CONTRACTS / "recorded-rest-exchanges.json").read_text())["exchanges"]
SAMPLES = json.loads((CONTRACTS / "sample-bodies.json").read_text())["bodies"]
VERSION = "52.0"
# Codes of the REST layer that the partner WSDL's enumerations do not list.
REST_ONLY = {
    "NOT_FOUND", "JSON_PARSER_ERROR", "METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE", "MALFORMED_QUERY", "PRECONDITION_FAILED",
    "BATCH_PROCESSING_HALTED", "PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALIDENTITY", "INVALIDJOB",
    "INVALIDJOBSTATE", "CLIENTINPUTERROR", "API_ERROR", "REQUEST_ENTITY_TOO_LARGE", "EXCEEDED_MAX_SOBJECTS_LIMIT",
    "INVALID_BATCH_OPERATION", "DUPLICATES_DETECTED", "SERVER_UNAVAILABLE",
}  # fmt: skip


def shape(value):
    """Types instead of values; lists as the set of their elements' shapes."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in sorted(value.items())}
    if isinstance(value, list):
        return sorted({json.dumps(shape(item), sort_keys=True) for item in value})
    return "number" if isinstance(value, (int, float)) and not isinstance(value, bool) else type(value).__name__


@pytest.fixture
def org(make_api):
    """An org like the recorded ones, with the records the exchanges speak of."""
    api = make_api(version=VERSION, erp_fields=False, multi_currency=False, restricted_stage=False)
    api.ids = {}
    return api


def place(api, text):
    """A recorded path or body in this org: its version, and ids of records that exist here."""
    text = text.replace("vxx.0", f"v{VERSION}").replace("v49.0", f"v{VERSION}").replace("03 Sep 2020", "31 Dec 2026")
    makers = {
        "001": lambda: api.make("Account", Name="any"),
        "003": lambda: api.make("Contact", LastName="any"),
        "00D": lambda: api.access["org_id"],
    }
    for old in sorted(set(re.findall(r"\b(?:001|003|00D)[A-Za-z0-9]{15}\b", text))):
        if old not in api.ids:
            api.ids[old] = makers[old[:3]]()
        text = text.replace(old, api.ids[old])
    return text


def prepare(api, exchange):
    """Brings the org near the recorded state: rows where rows were answered."""
    recorded = json.dumps(exchange["response"].get("body"))
    query = exchange["request"].get("query", {}).get("q", "")
    if '"totalSize": 0' in recorded or "/sobjects/Organization" in exchange["request"]["path"]:
        return
    if "from Account" in query or "FROM Account" in query or "Account" in str(exchange["request"].get("query")):
        api.make("Account", Name="Sitwell-Bluth", AccountNumber="420")
    if "from Contact" in query or exchange["request"].get("query") == {"sObjects": "Contact"}:
        api.make("Contact", FirstName="Lindsay", LastName="Sitwell")


@pytest.mark.parametrize(
    "exchange", EXCHANGES, ids=lambda item: f"{item['request']['method']} {item['request']['path'][22:60]}"
)
def test_recorded_exchanges_answer_alike(org, exchange):
    prepare(org, exchange)
    request = exchange["request"]
    body = json.loads(place(org, json.dumps(request["body"]))) if "body" in request else None
    if body and "Contact/Email" in request["path"] and any(not row["created"] for row in exchange["response"]["body"]):
        for row, answer in zip(body["records"], exchange["response"]["body"], strict=True):
            if not answer["created"]:
                org.make("Contact", LastName="before", Email=row["Email"])
    answer = org.call(request["method"], place(org, request["path"]), params=request.get("query"), json=body)
    assert answer.status_code == exchange["response"]["status"]
    mine, theirs = answer.json(), exchange["response"]["body"]
    if isinstance(mine, dict) and "compositeResponse" in mine:
        _compare_composite(mine, theirs)
        return
    if isinstance(mine, dict) and "records" in mine and not mine["records"]:
        mine["records"] = theirs["records"] = []
    assert shape(mine) == shape(theirs)


def _compare_composite(mine, theirs):
    for ours, recorded in zip(mine["compositeResponse"], theirs["compositeResponse"], strict=True):
        assert ours["httpStatusCode"] == recorded["httpStatusCode"]
        assert ours["referenceId"] == recorded["referenceId"]
        assert ours["httpHeaders"].keys() == recorded["httpHeaders"].keys()
        if recorded["httpStatusCode"] >= 400:
            assert ours["body"] == recorded["body"]
        else:
            assert shape(ours["body"]) == shape(recorded["body"])


@pytest.mark.parametrize(
    "name",
    [
        "sobject/create_success_response",
        "sobject/query_empty_response",
        "sobject/get_updated_success_response",
        "sobject/sobject_describe_error_response",
        "expired_session_response",
        "refresh_error_response",
    ],
)
def test_small_bodies_have_the_published_shape(api, name):
    own = api.make("Account", Name="a")
    span = {"start": "2026-05-06T11:00:00Z", "end": "2026-05-06T13:00:00Z"}
    form = {
        "grant_type": "refresh_token",
        "client_id": api.access["consumer_key"],
        "client_secret": api.access["consumer_secret"],
        "refresh_token": "x",
    }
    makers = {
        "sobject/create_success_response": lambda: api.post("/sobjects/Account/", {"Name": "b"}),
        "sobject/query_empty_response": lambda: api.query("SELECT Id FROM Contact"),
        "sobject/get_updated_success_response": lambda: api.get("/sobjects/Account/updated/", params=span),
        "sobject/sobject_describe_error_response": lambda: api.get("/sobjects/Nope/describe"),
        "expired_session_response": lambda: api.http.get(
            "/services/data/v60.0/limits", headers={"Authorization": "Bearer x"}
        ),
        "refresh_error_response": lambda: api.http.post("/services/oauth2/token", data=form),
    }
    assert own
    mine, theirs = makers[name]().json(), SAMPLES[name]
    assert shape(mine) == shape(theirs)
    if "error" in name:
        assert mine == theirs


def test_every_error_code_of_the_emulator_exists_at_the_vendor():
    enums = json.loads((CONTRACTS / "partner-wsdl-enums.json").read_text())["enums"]
    known = {code for values in enums.values() for code in values} | REST_ONLY
    used = set()
    for path in SANDBOX.rglob("*.py"):
        text = path.read_text()
        used |= set(
            re.findall(
                r'(?:ApiError\(\s*\d+,\s*|RowError\(\s*|refuse\(\s*|SoapFault\(\s*|OAuth2Error\()"([A-Z][A-Z_]+)"', text
            )
        )
    assert used - known == set()
    assert len(used) >= 50
