"""Salesforce §10: limits, their header, and what happens beyond them."""

from __future__ import annotations

import pytest


def test_limits_and_header_count_calls_with_a_lag(api):
    shown = [api.get("/limits").headers["Sforce-Limit-Info"] for _ in range(12)]
    assert all(text.startswith("api-usage=") for text in shown)
    numbers = [int(text.split("=")[1].split("/")[0]) for text in shown]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) < len(numbers)
    first, second = (api.get("/limits").json()["DailyApiRequests"]["Remaining"] for _ in range(2))
    assert first - second == 1


def test_beyond_the_daily_budget_everything_is_403(make_api):
    api = make_api(daily_api_requests=3)
    for _ in range(3):
        assert api.get("/limits").status_code == 200
    error = api.refused(api.get("/limits"), 403)
    assert error == {"message": "TotalRequests Limit exceeded.", "errorCode": "REQUEST_LIMIT_EXCEEDED"}
    api.clock.advance(25 * 3600)
    api.token = api.sign_in()
    assert api.get("/limits").status_code == 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("daily", "TotalRequests Limit exceeded."),
        ("concurrent", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        ("long", "ConcurrentPerOrgLongTxn Limit exceeded."),
    ],
)
def test_one_code_has_three_texts(api, kind, text):
    api.emulator.actions["limit"]({"kind": kind})
    assert api.refused(api.get("/limits"), 403)["message"] == text
    api.emulator.actions["limit"]({"kind": None})
    assert api.get("/limits").status_code == 200


def test_record_count_leaves_out_empty_and_unknown_objects(api):
    api.make("Account", Name="a")
    body = api.get("/limits/recordCount", params={"sObjects": "Account,Contact,Nope"}).json()
    assert body == {"sObjects": [{"count": 1, "name": "Account"}]}


def test_a_full_org_takes_no_more_records(make_api):
    api = make_api(storage_mb=0)
    api.make("Account", Name="a")
    small = make_api(storage_mb=1)
    records = [{"attributes": {"type": "Account"}, "Name": f"a{n}"} for n in range(200)]
    codes = set()
    for _ in range(4):
        for row in small.post("/composite/sobjects", {"records": records}).json():
            codes |= {error["statusCode"] for error in row["errors"]}
    assert codes == {"STORAGE_LIMIT_EXCEEDED"}
