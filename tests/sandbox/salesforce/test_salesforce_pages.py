"""Salesforce §5: pages, locators, cursors."""

from __future__ import annotations

import pytest


@pytest.fixture
def paged(make_api):
    api = make_api(page_size=3, wide_page_size=2, subquery_page_size=2, cursors_per_user=2)
    api.ids = [api.make("Account", Name=f"A{number}") for number in range(7)]
    return api


def drain(api, soql, **rest):
    pages = [api.query(soql, **rest).json()]
    while not pages[-1]["done"]:
        pages.append(api.get(pages[-1]["nextRecordsUrl"]).json())
    return pages


def test_every_page_tells_the_total_and_the_last_has_no_next(paged):
    pages = drain(paged, "SELECT Id FROM Account ORDER BY Name")
    assert [page["totalSize"] for page in pages] == [7, 7, 7]
    assert [len(page["records"]) for page in pages] == [3, 3, 1]
    assert "nextRecordsUrl" not in pages[-1]
    assert [row["Id"] for page in pages for row in page["records"]] == paged.ids


def test_locators_have_the_cursor_prefix_and_the_next_offset(paged):
    url = drain(paged, "SELECT Id FROM Account")[0]["nextRecordsUrl"]
    prefix, locator = url.rsplit("/", 1)
    assert prefix == "/services/data/v60.0/query"
    assert locator.startswith("0r8")
    assert locator.endswith("-3")
    assert len(locator) == 20


def test_wide_rows_and_child_lists_make_pages_smaller(paged):
    assert len(drain(paged, "SELECT Id, Description FROM Account")[0]["records"]) == 2
    assert len(drain(paged, "SELECT Id, (SELECT Id FROM Contacts) FROM Account")[0]["records"]) == 2


def test_the_batch_size_header_is_only_a_hint(make_api):
    api = make_api()
    for number in range(3):
        api.make("Account", Name=f"A{number}")
    page = api.query("SELECT Id FROM Account", headers={"Sforce-Query-Options": "batchSize=1"}).json()
    assert page["done"]
    assert len(page["records"]) == 3


def test_the_oldest_cursor_falls_out(paged):
    first, *_ = [paged.query("SELECT Id FROM Account").json()["nextRecordsUrl"] for _ in range(3)]
    error = paged.refused(paged.get(first))
    assert error == {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"}


def test_a_cursor_dies_after_two_days(paged):
    url = paged.query("SELECT Id FROM Account").json()["nextRecordsUrl"]
    paged.clock.advance(2 * 86_400 + 1)
    paged.token = paged.sign_in()
    assert paged.refused(paged.get(url))["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_nonsense_locators_are_refused(paged):
    for locator in ("0r8000000000000-2000", "garbage", "0r8dM0000000001QAA-3"):
        assert paged.refused(paged.get(f"/query/{locator}"))["errorCode"] == "INVALID_QUERY_LOCATOR"


def test_later_pages_show_rows_as_they_are_now(paged):
    first = paged.query("SELECT Id, Name FROM Account ORDER BY Name").json()
    paged.patch(f"/sobjects/Account/{paged.ids[4]}", {"Name": "A4 new"})
    second = paged.get(first["nextRecordsUrl"]).json()
    assert [row["Name"] for row in second["records"]] == ["A3", "A4 new", "A5"]


def test_a_page_can_be_asked_for_again(paged):
    url = paged.query("SELECT Id FROM Account ORDER BY Id").json()["nextRecordsUrl"]
    assert paged.get(url).json() == paged.get(url).json()


def test_cursors_survive_a_restart(make_api, tmp_path):
    first = make_api(directory=tmp_path / "kept", page_size=2)
    for number in range(5):
        first.make("Account", Name=f"A{number}")
    url = first.query("SELECT Name FROM Account ORDER BY Name").json()["nextRecordsUrl"]
    first.emulator.close()
    second = make_api(directory=tmp_path / "kept", page_size=2)
    assert [row["Name"] for row in second.get(url).json()["records"]] == ["A2", "A3"]
