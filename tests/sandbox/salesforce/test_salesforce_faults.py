"""Salesforce §17, faults to inject: each kind through the control endpoint, on the vendor's own calls, from a seed."""

from __future__ import annotations

import time

import pytest
import requests

from crosswalk_sandbox.kernel.server import running

TEXT = {"type": "Text", "label": "Region", "length": 20}
VERSION = "/services/data/v60.0"


class Served:
    """A served org, its vendor API and its control endpoint."""

    def __init__(self, api, url):
        self.api = api
        self.url = url
        self.headers = {"Authorization": f"Bearer {api.token}"}

    def control(self, route, /, **values):
        answer = requests.post(f"{self.url}/__sandbox__/{route}", json=values, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def fault(self, kind, path="/services/data", **rule):
        return self.control("faults", kind=kind, path=path, **{"count": 1, **rule})

    def get(self, path, **rest):
        url = path if path.startswith("/services") else VERSION + path
        return requests.get(self.url + url, headers=self.headers, timeout=rest.pop("timeout", 10), **rest)

    def post(self, path, body):
        return requests.post(self.url + VERSION + path, json=body, headers=self.headers, timeout=10)

    def patch(self, path, body):
        return requests.patch(self.url + VERSION + path, json=body, headers=self.headers, timeout=10)

    def query(self, soql):
        return self.get("/query", params={"q": soql})

    def names(self):
        return sorted(row["Name"] for row in self.query("SELECT Name FROM Account").json()["records"])


@pytest.fixture
def served(make_api):
    api = make_api(page_size=2)
    with running(api.emulator, clock=api.clock) as url:
        yield Served(api, url)


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, None), (500, "UNKNOWN_EXCEPTION"), (502, None), (503, "SERVER_UNAVAILABLE"), (406, None), (420, None)],
)
def test_gateways_and_servers_fail_in_the_vendors_form(served, status, code):
    """§6.1, §6.2: an array with a code from the platform, nothing from its edge."""
    served.fault("status", status=status, retry_after=7)
    answer = served.get("/limits")
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert (answer.json()[0]["errorCode"] if answer.content else None) == code
    assert served.get("/limits").status_code == 200


def test_maintenance_is_an_html_page(served):
    """§6.2: 503 may be HTML."""
    served.fault("html")
    answer = served.get("/limits")
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (503, "text/html")


@pytest.mark.parametrize("rule", [{"kind": "lost_reply"}, {"kind": "timeout_after_commit", "seconds": 0.1}])
def test_a_write_is_done_though_its_reply_never_comes(served, rule):
    """§17: connection reset after commit; an upsert by external id repeated makes no second record (§4.4)."""
    served.fault(rule.pop("kind"), method="PATCH", **rule)
    with pytest.raises(requests.ConnectionError):
        served.patch("/sobjects/Account/ERP_Id__c/C-1", {"Name": "a"})
    assert served.names() == ["a"]
    assert served.patch("/sobjects/Account/ERP_Id__c/C-1", {"Name": "a"}).status_code == 200
    assert served.names() == ["a"]


def test_a_refused_connection_leaves_nothing_behind(served):
    served.fault("refuse", method="POST")
    with pytest.raises(requests.ConnectionError):
        served.post("/sobjects/Account", {"Name": "a"})
    assert served.names() == []


@pytest.mark.parametrize("chunked", [False, True])
def test_answers_are_cut_in_the_middle_compressed_or_not(served, chunked):
    """§17: truncated gzip, truncated chunk."""
    for encoding in ("gzip", "identity"):
        served.fault("truncate", chunked=chunked)
        with pytest.raises((requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)):
            requests.get(
                served.url + VERSION + "/limits", headers={**served.headers, "Accept-Encoding": encoding}, timeout=9
            )


def test_later_pages_alone_are_slow(served):
    """§17: slow response; §5: pages are paths of their own."""
    for name in "abc":
        served.post("/sobjects/Account", {"Name": name})
    served.fault("slow", path="/query/0r8", seconds=0.3)
    first = served.query("SELECT Id FROM Account").json()
    started = time.monotonic()
    assert served.get(first["nextRecordsUrl"]).json()["done"] is True
    assert time.monotonic() - started >= 0.3


def test_sessions_expire_in_the_middle_of_pages_and_of_bulk_jobs(served):
    """§2.7: 401 in REST and Bulk 2.0, 400 in Bulk 1.0."""
    for name in "abc":
        served.post("/sobjects/Account", {"Name": name})
    first = served.query("SELECT Id FROM Account").json()
    served.fault("expire_sessions", path="/query/0r8")
    assert served.get(first["nextRecordsUrl"]).status_code == 401
    served.headers = {"Authorization": f"Bearer {served.api.sign_in()}"}
    assert served.get(first["nextRecordsUrl"]).json()["done"] is True
    job = served.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}).json()["id"]
    served.fault("expire_sessions", path="/results$")
    assert served.get(f"/jobs/query/{job}/results").json()[0]["errorCode"] == "INVALID_SESSION_ID"
    old = requests.get(f"{served.url}/services/async/60.0/job/{job}", headers={"X-SFDC-Session": "dead"}, timeout=9)
    assert (old.status_code, "InvalidSessionId" in old.text) == (400, True)


@pytest.mark.parametrize(
    ("action", "values", "code"),
    [
        ("drop_cursors", {}, "INVALID_QUERY_LOCATOR"),
        ("remove_field", {"full_name": "Account.Region__c"}, "INVALID_FIELD"),
        ("hide_field", {"full_name": "Account.Region__c"}, "INVALID_FIELD"),
        ("hide_field", {"full_name": "Account.Phone"}, "INVALID_FIELD"),
    ],
)
def test_the_org_changes_between_two_pages(served, action, values, code):
    """§17 INVALID_QUERY_LOCATOR; §4.2, §15: a field without rights is gone."""
    served.control("actions/add_field", full_name="Account.Region__c", metadata=TEXT)
    for name in "abc":
        served.post("/sobjects/Account", {"Name": name, "Region__c": "n"})
    served.fault("action", path="/query/0r8", action=action, values=values)
    first = served.query("SELECT Id, Region__c, Phone FROM Account").json()
    answer = served.get(first["nextRecordsUrl"])
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_a_hidden_standard_field_is_gone_from_describe_and_writes_until_shown(served):
    """§4.2: a field the user has no rights on is absent."""

    def described():
        return {field["name"] for field in served.get("/sobjects/Account/describe").json()["fields"]}

    served.control("actions/hide_field", full_name="Account.Phone")
    assert "Phone" not in described()
    assert served.post("/sobjects/Account", {"Name": "a", "Phone": "1"}).json()[0]["errorCode"] == "INVALID_FIELD"
    served.control("actions/show_field", full_name="Account.Phone")
    assert "Phone" in described()


def test_a_field_gets_another_type_and_keeps_what_fits(served):
    """§4.2 types, §6.2 JSON_PARSER_ERROR: text becomes number, number becomes text."""
    served.control("actions/add_field", full_name="Account.Region__c", metadata=TEXT)
    for name, region in (("a", "12.5"), ("b", "north"), ("c", None)):
        served.post("/sobjects/Account", {"Name": name, "Region__c": region})
    number = {"type": "Number", "label": "Region", "precision": 10, "scale": 2}
    served.control("actions/retype_field", full_name="Account.Region__c", metadata=number)
    kept = [served.api.rows(f"SELECT Region__c FROM Account WHERE Name = '{name}'")[0]["Region__c"] for name in "abc"]
    assert kept == [12.5, None, None]
    wrong = served.post("/sobjects/Account", {"Name": "d", "Region__c": "south"})
    assert wrong.json()[0]["errorCode"] == "JSON_PARSER_ERROR"
    assert served.api.rows("SELECT Id FROM Account WHERE Region__c > 12")[0]["Id"]
    served.control("actions/retype_field", full_name="Account.Region__c", metadata=TEXT)
    assert served.api.rows("SELECT Region__c FROM Account WHERE Region__c = '12.5'")[0]["Region__c"] == "12.5"


@pytest.mark.parametrize("name", ["Account.Phone", "Account.Region__c"])
def test_a_field_becomes_required_and_optional_again(make_api, tmp_path, name):
    """§4.2, §6.2 REQUIRED_FIELD_MISSING: for standard and custom fields, over a restart too."""
    api = make_api(directory=tmp_path / "org")
    actions, field = api.emulator.actions, name.split(".")[1]
    actions["add_field"]({"full_name": "Account.Region__c", "metadata": TEXT})
    before = api.get("/sobjects/Account/describe").headers["Last-Modified"]
    api.clock.advance(60)
    actions["require_field"]({"full_name": name})
    described = api.get("/sobjects/Account/describe", headers={"If-Modified-Since": before})
    assert next(item["nillable"] for item in described.json()["fields"] if item["name"] == field) is False
    api.close()
    api = make_api(directory=tmp_path / "org")
    error = api.refused(api.post("/sobjects/Account/", {"Name": "a"}))
    assert (error["errorCode"], error["fields"]) == ("REQUIRED_FIELD_MISSING", [field])
    api.emulator.actions["require_field"]({"full_name": name, "required": False})
    api.make("Account", Name="a")


def test_a_batch_fails_in_part_the_same_way_from_the_same_seed(served):
    """§7.1 partial failure with HTTP 200, §8.1 JobComplete with failures, §6.2 UNABLE_TO_LOCK_ROW."""
    records = [{"attributes": {"type": "Account"}, "Name": f"n{number}"} for number in range(30)]

    def failed():
        served.control("actions/fail_rows", probability=0.3, seed=5)
        answer = served.post("/composite/sobjects", {"records": records})
        assert answer.status_code == 200
        codes = {error["statusCode"] for row in answer.json() for error in row["errors"]}
        assert codes == {"UNABLE_TO_LOCK_ROW"}
        return [index for index, row in enumerate(answer.json()) if not row["success"]]

    first = failed()
    assert 0 < len(first) < 30
    assert failed() == first
    served.control("actions/fail_rows", count=2, code="PROCESSING_HALTED", message="later")
    answer = served.post("/composite/sobjects", {"allOrNone": True, "records": records[:3]}).json()
    codes = [row["errors"][0]["statusCode"] for row in answer]
    assert codes == ["PROCESSING_HALTED", "PROCESSING_HALTED", "ALL_OR_NONE_OPERATION_ROLLED_BACK"]
    served.control("actions/fail_rows", count=1)
    job = served.post("/jobs/ingest", {"object": "Account", "operation": "insert"}).json()["id"]
    address = f"{served.url}{VERSION}/jobs/ingest/{job}"
    requests.put(
        f"{address}/batches", data="Name\nx\ny\n", headers={**served.headers, "Content-Type": "text/csv"}, timeout=9
    )
    served.patch(f"/jobs/ingest/{job}", {"state": "UploadComplete"})
    done = served.get(f"/jobs/ingest/{job}").json()
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("JobComplete", 2, 1)


def test_the_vendors_clock_runs_ahead_and_falls_back(served):
    """§11: cursors must come from server stamps."""
    served.fault("clock_skew", method="POST", seconds=600)
    served.fault("clock_skew", method="POST", seconds=-1200)
    for name in "ab":
        served.post("/sobjects/Account", {"Name": name})
    stamps = [
        row["SystemModstamp"][11:19]
        for row in served.query("SELECT SystemModstamp FROM Account ORDER BY Name").json()["records"]
    ]
    assert stamps == ["12:10:00", "11:50:00"]


def test_limits_locks_and_slow_queries_are_switched_on_for_one_call(served):
    """§6.2 REQUEST_LIMIT_EXCEEDED, §17 QUERY_TIMEOUT, §11 commit lag: actions that a rule runs at the wanted call."""
    served.fault("action", path="/query", action="time_out_queries", values={"count": 1})
    assert served.query("SELECT Id FROM Account").json()[0]["errorCode"] == "QUERY_TIMEOUT"
    served.fault("action", path="/sobjects", action="commit_lag", values={"seconds": 120})
    served.post("/sobjects/Account", {"Name": "late"})
    row = served.query("SELECT SystemModstamp FROM Account").json()["records"][0]
    assert row["SystemModstamp"] == "2026-05-06T11:58:00.000+0000"
    served.fault("action", path="/limits", action="limit", values={"kind": "concurrent"})
    answer = served.get("/limits")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (403, "REQUEST_LIMIT_EXCEEDED")


def test_the_same_seed_hits_the_same_calls_of_two_accounts_at_once(make_api):
    """Several orgs side by side: each has its own data, clock, sessions and dice."""
    first, second = make_api(), make_api()
    with running(first.emulator, clock=first.clock) as one, running(second.emulator, clock=second.clock) as two:
        orgs = [Served(first, one), Served(second, two)]
        hits = []
        for org in orgs:
            org.fault("status", probability=0.4, seed=11, count=None, status=503)
            hits.append([org.get("/limits").status_code for _ in range(12)])
            requests.delete(f"{org.url}/__sandbox__/faults", timeout=9)
        assert hits[0] == hits[1]
        assert set(hits[0]) == {200, 503}
        orgs[0].control("clock", advance_seconds=86_400)
        orgs[0].headers = {"Authorization": f"Bearer {first.sign_in()}"}
        orgs[0].post("/sobjects/Account", {"Name": "only here"})
        assert (orgs[0].names(), orgs[1].names()) == (["only here"], [])
        assert requests.get(two + VERSION + "/limits", headers=orgs[0].headers, timeout=9).status_code == 401
