"""Answers whatever the request (NetSuite §4, §5, §11, §14): headers, media, links, error bodies."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from netsuite_account import RECORDS, Client, Opener, error_of

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
COMPANY = {"companyName": "Northwind", "subsidiary": {"id": "1"}}


def _links(value: Any) -> Iterator[dict[str, str]]:
    """Every link in a body, however deep."""
    if isinstance(value, dict):
        if "rel" in value:
            yield value
        for part in value.values():
            yield from _links(part)
    elif isinstance(value, list):
        for part in value:
            yield from _links(part)


def test_location_and_links_are_built_from_the_host_that_was_asked(shared: Client) -> None:
    """§14: an account answers under its own host name, whatever address the request came by."""
    host = "tstdrv1234567.suitetalk.api.netsuite.com"
    asked = requests.Request("POST", f"http://{host}{RECORDS}/customer", json=COMPANY, auth=shared.auth).prepare()
    asked.url = asked.url.replace(f"http://{host}", shared.base_url)
    asked.headers["Host"] = host
    with requests.Session() as session:
        answer = session.send(asked, timeout=10)
    assert answer.status_code == 204, answer.text
    assert answer.headers["Location"].startswith(f"http://{host}{RECORDS}/customer/")


@pytest.mark.parametrize("path", ["customer?limit=2&offset=2", "customer/{id}?expandSubResources=true"])
def test_only_self_links_have_a_method(shared: Client, path: str) -> None:
    ident = shared.sql("SELECT MIN(id) AS id FROM customer")[0]["id"]
    found = list(_links(shared.record("GET", path.format(id=ident)).json()))
    assert len(found) > 3
    assert {link["rel"] for link in found if "method" in link} == {"self"}
    assert {"GET"} == {link["method"] for link in found if link["rel"] == "self"}


def test_a_middle_page_has_previous_first_next_last_and_self(shared: Client) -> None:
    body = shared.get("customer", limit=5, offset=5)
    assert [link["rel"] for link in body["links"]] == ["previous", "first", "next", "last", "self"]
    assert {link["href"].rsplit("?")[0].rsplit("/")[-1] for link in body["links"]} == {"customer"}


@pytest.mark.parametrize(
    ("path", "status", "detail", "url"),
    [
        ("invoice/999999999", 400, "Error while accessing a resource. Transaction type specified is incorrect.", None),
        ("employee/999999", 404, "The record instance does not exist. Provide a valid record instance ID.", None),
        ("file", 404, "Record type 'file' does not exist.", f"{RECORDS}/file"),
    ],
)
def test_what_is_not_there_is_told_in_the_vendors_words(
    shared: Client, path: str, status: int, detail: str, url: str | None
) -> None:
    answer = shared.record("GET", path)
    told = {"detail": detail, "o:errorCode": "USER_ERROR" if status == 400 else "NONEXISTENT_ID"}
    assert answer.status_code == answer.json()["status"] == status
    assert answer.json()["o:errorDetails"] == [told | ({"o:errorUrl": url} if url else {})]
    assert answer.json()["type"].startswith("https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.")
    assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=error; charset=UTF-8"


def test_a_record_leaves_out_what_is_empty_and_tells_ids_as_text(shared: Client) -> None:
    ident = shared.create("customer", COMPANY)
    answer = shared.record("GET", f"customer/{ident}")
    body = answer.json()
    assert {"email", "terms", "creditLimit"} & body.keys() == set()
    assert None not in body.values()
    assert (body["id"], body["subsidiary"]["id"]) == (ident, "1")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:00Z", body["lastModifiedDate"])
    assert answer.headers["Content-Type"] == "application/vnd.oracle.resource+json; type=singular; charset=UTF-8"


def test_every_answer_carries_both_ids(shared: Client) -> None:
    for answer in (shared.record("GET", "term"), shared.record("GET", "file"), shared.ask("SELECT 1 FROM nothing")):
        assert UUID.fullmatch(answer.headers["X-N-OperationId"])
        assert UUID.fullmatch(answer.headers["X-NetSuite-JobId"])


def test_types_are_read_in_any_case_and_item_links_are_lower_case(shared: Client) -> None:
    for spelling in ("salesorder", "salesOrder", "SALESORDER"):
        body = shared.get(spelling, limit=2)
        assert body["items"][0]["links"][0]["href"].rsplit("/", 2)[1] == "salesorder"
        assert body["links"][-1]["href"].endswith(f"/{spelling}?limit=2")


def test_clients_with_odd_habits_are_served(shared: Client) -> None:
    cookie = {"Cookie": "NS_ROUTING_VERSION=LAGGING", "Prefer": "transient", "Accept": "*/*"}
    assert shared.call("GET", "/services/rest/record/v1/customer/?limit=1", headers=cookie).status_code == 200
    assert shared.call("GET", "/services/rest/record/v1/metadata-catalog/").status_code == 200
    raw = shared.call(
        "POST",
        "/services/rest/query/v1/suiteql",
        data=b'{"q":"SELECT id FROM term"}',
        headers={"Prefer": "transient", "Accept-Encoding": "identity"},
    )
    assert raw.status_code == 200
    assert "Content-Encoding" not in raw.headers


def test_media_types_that_are_not_json_are_refused(shared: Client) -> None:
    path = "/services/rest/record/v1/customer"
    answer = shared.call("POST", path, data="<x/>", headers={"Content-Type": "text/xml"})
    assert error_of(answer)[0] == 415
    assert error_of(shared.call("GET", path, headers={"Accept": "text/html"}))[0] == 406
    vendor = {"Content-Type": "application/vnd.oracle.resource+json"}
    assert error_of(shared.call("POST", path, data="{}", headers=vendor))[1] == "USER_ERROR"
    assert error_of(shared.call("POST", path, data="{", headers=vendor))[1] == "INVALID_CONTENT"


def test_unknown_services_are_404(shared: Client) -> None:
    assert error_of(shared.call("GET", "/services/rest/nothing/v1"))[:2] == (404, "NONEXISTENT_ID")
    assert error_of(shared.call("GET", "/services/rest/record/v1/"))[0] == 404
    assert shared.call("PUT", "/services/rest/query/v1/suiteql").status_code == 405


def test_older_releases_point_to_the_old_rfc(account: Opener) -> None:
    body = account(rfc2616_types=True).record("GET", "file").json()
    assert body["type"] == "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html#sec10.4.5"
