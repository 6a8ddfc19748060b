"""NetSuite §5.1, §5.2: lists of ids and the q filter."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from netsuite_account import Client, error_of

from crosswalk_sandbox.netsuite.exchange import Call
from crosswalk_sandbox.netsuite.records.listing import page_links


def _last(limit: int, total: int) -> int:
    call = Call("GET", "http://x", "/services/rest/record/v1/vendor", f"limit={limit}", (), {})
    links = page_links(call, "http://x/vendor", limit, 0, total)
    return int(next(link["href"] for link in links if link["rel"] == "last").rsplit("=", 1)[1])


@pytest.mark.parametrize(("limit", "total", "offset"), [(5, 3493, 695), (10, 47, 0), (5, 5000, 995)])
def test_the_last_link_is_wrong_the_way_the_vendors_is(limit: int, total: int, offset: int) -> None:
    assert _last(limit, total) == offset


@given(st.integers(1, 1000), st.integers(1, 100_000))
def test_the_last_link_is_always_a_multiple_of_the_limit_and_never_past_the_end(limit: int, extra: int) -> None:
    total = limit + extra
    assert _last(limit, total) % limit == 0
    assert _last(limit, total) <= (total - 1) // limit


def test_pages_hold_every_id_once_and_not_in_id_order(shared: Client) -> None:
    total = shared.get("customer", limit=1000)["totalResults"]
    found: list[str] = []
    offset, more = 0, True
    while more:
        page = shared.get("customer", limit=5, offset=offset)
        assert set(page["items"][0]) == {"links", "id"}
        found += [item["id"] for item in page["items"]]
        offset, more = offset + 5, page["hasMore"]
    assert len(found) == len(set(found)) == total
    assert found != sorted(found, key=int)


def test_the_total_is_capped_at_a_thousand_pages(account: Callable[..., Client]) -> None:
    client = account()
    terms = [(1_000 + number, f"Net {number}") for number in range(1_200)]
    client.emulator._store.insert_many("term", ("id", "name"), terms)
    every = int(client.sql("SELECT COUNT(*) AS n FROM term")[0]["n"])
    assert every > 1_200
    assert client.get("term", limit=1)["totalResults"] == 1_000
    assert client.get("term", limit=2)["totalResults"] == every
    assert client.get("term", limit=1, offset=999)["hasMore"] is False


@pytest.mark.parametrize(("query", "parameter"), [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("limit=x", "limit"), ("limit=10&offset=5", "offset"),
    ("limit=10&offset=-10", "offset"), ("limit=1&offset=1000", "offset"),
])  # fmt: skip
def test_bad_pages_are_400_naming_the_parameter(shared: Client, query: str, parameter: str) -> None:
    answer = shared.record("GET", f"customer?{query}")
    assert error_of(answer)[:2] == (400, "INVALID_PARAMETER")
    assert answer.json()["o:errorDetails"][0]["o:errorQueryParam"] == parameter


def _ids(client: Client, kind: str, query: str) -> set[str]:
    return {item["id"] for item in client.get(kind, q=query)["items"]}


def test_filters_agree_with_queries(shared: Client) -> None:
    for query, where in {
        "isInactive IS true": "isinactive = 'T'",
        "isInactive IS_NOT true": "isinactive = 'F'",
        "subsidiary ANY_OF [1, 2]": "subsidiary IN (1, 2)",
        "subsidiary EQUAL 1 AND creditLimit GREATER 50000": "subsidiary = 1 AND creditlimit > 50000",
        "id BETWEEN [1000, 1010]": "id BETWEEN 1000 AND 1010",
        "email EMPTY OR phone EMPTY": "email IS NULL OR phone IS NULL",
        "email EMPTY_NOT": "email IS NOT NULL",
        'companyName CONTAIN "inc" AND (subsidiary EQUAL 1 OR subsidiary EQUAL 3)': (
            "LOWER(companyname) LIKE '%inc%' AND subsidiary IN (1, 3)"
        ),
        "companyName CONTAIN_NOT inc": "LOWER(companyname) NOT LIKE '%inc%'",
        "balance GREATER 0": "balancesearch > 0",
    }.items():
        rows = shared.sql(f"SELECT id FROM customer WHERE {where}")
        assert _ids(shared, "customer", query) == {row["id"] for row in rows}, query


def test_and_binds_tighter_than_or(shared: Client) -> None:
    first, second = sorted(item["id"] for item in shared.get("customer", limit=2)["items"])
    query = f"id EQUAL {first} OR id EQUAL {second} AND id EQUAL 1"
    assert _ids(shared, "customer", query) == {first}


def test_external_ids_with_a_bar_are_found_by_filter(shared: Client) -> None:
    ident = shared.create("customer", {"companyName": "Bar", "subsidiary": {"id": 1}, "externalId": "A|B"})
    assert _ids(shared, "customer", 'externalId IS "A|B"') == {ident}


def test_end_with_is_accepted_in_both_spellings(shared: Client) -> None:
    assert _ids(shared, "customer", "email ENDWITH .com") == _ids(shared, "customer", "email END_WITH .com") != set()


def test_dates_are_read_in_the_users_format_and_zone(account: Callable[..., Client]) -> None:
    client = account(date_format="DD/MM/YYYY", user_time_zone="Europe/Berlin")
    row = client.sql(
        "SELECT id, TO_CHAR(trandate, 'DD/MM/YYYY') AS d FROM transaction WHERE type = 'SalesOrd' FETCH FIRST 1 ROWS ONLY"
    )[0]
    assert row["id"] in _ids(client, "salesOrder", f"tranDate ON {row['d']}")
    assert row["id"] not in _ids(client, "salesOrder", f"tranDate BEFORE {row['d']}")
    detail = error_of(client.record("GET", "salesOrder", params={"q": 'tranDate AFTER "2022-12-31"'}))
    assert detail == (
        400,
        "INVALID_PARAMETER",
        'Search error occurred: Parse of date/time "2022-12-31" failed with date format "dd/MM/yy"'
        " in time zone Europe/Berlin",
    )


def test_a_field_that_cannot_be_filtered_is_named(shared: Client) -> None:
    answer = shared.record("GET", "employee", params={"q": "lastModifiedDate AFTER 1/1/2026"})
    assert answer.json()["o:errorDetails"] == [
        {
            "detail": "Unknown field name 'lastModifiedDate' in the search query."
            " The field does not exist on this record type.",
            "o:errorQueryParam": "q",
            "o:errorCode": "NONEXISTENT_FIELD",
        }
    ]
    schema = shared.record("GET", "metadata-catalog/employee", headers={"Accept": "application/schema+json"}).json()
    assert "lastModifiedDate" in schema["properties"]
    assert "lastModifiedDate" not in schema["x-ns-filterable"]


@pytest.mark.parametrize(
    "query", ["companyName", "companyName LIKES x", "id IS 5", "(id EQUAL 1", "isInactive IS maybe", " "]
)
def test_unreadable_filters_are_400(shared: Client, query: str) -> None:
    answer = shared.record("GET", "customer", params={"q": query})
    assert error_of(answer)[:2] == (400, "INVALID_PARAMETER")
    assert answer.json()["o:errorDetails"][0]["o:errorQueryParam"] == "q"
