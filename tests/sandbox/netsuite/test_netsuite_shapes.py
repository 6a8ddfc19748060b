"""The shape of answers, judged by captured traffic (NetSuite §4, §5.1, §5.3, §6, §11)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from netsuite_account import Client

# Not ours to pass on: kept beside the project where it may be had, see tests/contracts/netsuite/README.md.
_SOURCE = Path(__file__).parents[4] / "shared/contracts/netsuite/captured-responses.json"
if not _SOURCE.exists():
    pytest.skip("captured-responses.json is not beside the project", allow_module_level=True)
CAPTURED = json.loads(_SOURCE.read_text())


def _captured(path: str) -> dict[str, Any]:
    return next(one for one in CAPTURED if one["request"]["path"].endswith(path))


def _shape(value: Any) -> Any:
    """Names and types of a JSON value; of a list, the shape of its first element."""
    if isinstance(value, dict):
        return {name: _shape(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_shape(value[0])] if value else []
    return type(value).__name__


def _headers(answer: Any) -> dict[str, str]:
    changing = ("content-length", "date", "connection", "x-n-operationid", "x-netsuite-jobid")
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in changing}


def test_a_list_page_has_the_captured_shape_and_headers(shared: Client) -> None:
    captured = _captured("/vendor?limit=5")
    answer = shared.record("GET", "customer?limit=5")
    assert _shape(answer.json()) == _shape(captured["body"])
    assert [link["rel"] for link in answer.json()["links"]] == [link["rel"] for link in captured["body"]["links"]]
    wanted = {name: value for name, value in captured["headers"].items() if name in _headers(answer)}
    assert _headers(answer) == wanted
    assert set(captured["headers"]) - set(answer.headers.keys() and {name.lower() for name in answer.headers}) == {
        "connection"
    }


def test_a_middle_page_links_previous_first_next_last_self(shared: Client) -> None:
    captured = _captured("/vendor?limit=5&offset=10")["body"]
    body = shared.get("customer", limit=5, offset=5)
    assert [link["rel"] for link in body["links"]] == [link["rel"] for link in captured["links"]]
    assert [name for link in body["links"] if "method" in link for name in [link["rel"]]] == ["self"]


def test_a_record_reads_like_the_captured_one(shared: Client) -> None:
    captured = _captured("/vendor/134775")["body"]
    ident = shared.get("customer", limit=1)["items"][0]["id"]
    body = shared.get(f"customer/{ident}")
    for name in ("currency", "emailPreference", "subsidiary", "addressBook", "customForm"):
        assert _shape(body[name]) == _shape(captured[name]), name
    assert next(iter(body)) == "links"
    assert list(body)[1:] == sorted(list(body)[1:], key=str.lower)
    assert body["id"] == ident
    for stamp in (body["dateCreated"], body["lastModifiedDate"], captured["lastModifiedDate"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", stamp)
    assert None not in body.values()


def test_an_expanded_record_reads_like_the_captured_one(shared: Client) -> None:
    captured = _captured("/vendor/134775?expandSubResources=true")["body"]
    row = shared.sql("SELECT id FROM customer WHERE defaultbillingaddress IS NOT NULL FETCH FIRST 1 ROWS ONLY")[0]
    body = shared.get(f"customer/{row['id']}", expandSubResources="true")
    assert set(body["addressBook"]) == set(captured["addressBook"])
    line, wanted = body["addressBook"]["items"][0], captured["addressBook"]["items"][0]
    assert set(wanted) - set(line) == set()
    assert set(wanted["addressBookAddress"]) - set(line["addressBookAddress"]) == set()
    assert line["links"][0]["href"].endswith(f"/addressBook/{line['id']}")
    assert _shape(body["currencyList"]["items"][0]["currency"]) == _shape(
        captured["currencyList"]["items"][0]["currency"]
    )
    empty = body["itemPricing"]
    assert {**empty, "links": []} == {**captured["contactList"], "links": []}


@pytest.mark.parametrize(
    ("captured_path", "path"),
    [("/vendorBill/999999", "invoice/999999999"), ("/employee/999999", "employee/999999"), ("/v1/file", "file")],
)
def test_errors_are_the_captured_ones_to_the_letter(shared: Client, captured_path: str, path: str) -> None:
    captured = _captured(captured_path)
    answer = shared.record("GET", path)
    assert answer.status_code == captured["status"]
    assert answer.json() == captured["body"]
    assert answer.headers["Content-Type"] == captured["headers"]["content-type"]


def test_a_small_list_has_only_a_self_link_that_repeats_the_callers_url(shared: Client) -> None:
    captured = _captured("/subsidiary?limit=10")["body"]
    body = shared.get("subsidiary", limit=10)
    assert _shape(body) == _shape(captured)
    assert body["links"][0]["href"] == f"{shared.base_url}/services/rest/record/v1/subsidiary?limit=10"


def test_a_query_has_the_captured_shape(shared: Client) -> None:
    captured = _captured("/suiteql")
    answer = shared.ask("SELECT companyname, id FROM customer WHERE id < 1020 ORDER BY id FETCH FIRST 5 ROWS ONLY")
    assert _shape(answer.json()) | {"items": []} == _shape(captured["body"]) | {"items": []}
    assert answer.headers["Preference-Applied"] == "transient"
    assert answer.json()["items"][0]["links"] == []
    link = answer.json()["links"][0]
    assert (link["rel"], link["method"]) == ("self", "POST")
