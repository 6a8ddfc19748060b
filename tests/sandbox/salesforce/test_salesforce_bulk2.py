"""Salesforce §8: Bulk API 2.0 ingest and query."""

from __future__ import annotations

import csv
import io

import pytest


def table(text):
    return list(csv.DictReader(io.StringIO(text)))


def start(api, operation="insert", sobject="Account", **more):
    return api.post("/jobs/ingest", {"object": sobject, "operation": operation, "contentType": "CSV", **more})


def ingest(api, body, operation="insert", sobject="Account", **more):
    job = start(api, operation, sobject, **more).json()
    put = api.call(
        "PUT", f"/{job['contentUrl']}", content=body.encode(), headers={"Content-Type": "text/csv; charset=UTF-8"}
    )
    assert (put.status_code, put.content) == (201, b"")
    assert api.patch(f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"}).json()["state"] == "UploadComplete"
    return api.get(f"/jobs/ingest/{job['id']}").json()


def results(api, job, name):
    return api.get(f"/jobs/ingest/{job['id']}/{name}")


def test_a_new_job_has_the_documented_facts(api):
    answer = start(api, "upsert", externalIdFieldName="ERP_Id__c", lineEnding="CRLF", columnDelimiter="TAB")
    job = answer.json()
    assert answer.status_code == 200
    assert (job["state"], job["apiVersion"], job["concurrencyMode"], job["externalIdFieldName"]) == (
        "Open",
        60.0,
        "Parallel",
        "ERP_Id__c",
    )
    assert job["contentUrl"] == f"services/data/v60.0/jobs/ingest/{job['id']}/batches"
    assert job["id"].startswith("750")
    assert job["createdDate"].endswith(".000+0000")
    assert (job["lineEnding"], job["columnDelimiter"]) == ("CRLF", "TAB")


def test_insert_reports_good_and_bad_rows_apart(api):
    job = ingest(api, 'Name,ERP_Id__c\n"a, b",C-1\n,C-2\nc,C-3\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"], job["jobType"]) == (
        "JobComplete",
        3,
        1,
        "V2Ingest",
    )
    good = table(results(api, job, "successfulResults").text)
    assert {row["ERP_Id__c"]: (row["sf__Created"], row["Name"]) for row in good} == {
        "C-1": ("true", "a, b"),
        "C-3": ("true", "c"),
    }
    bad = results(api, job, "failedResults")
    assert bad.headers["Content-Type"].startswith("text/csv")
    assert bad.text.splitlines()[0] == '"sf__Id","sf__Error","Name","ERP_Id__c"'
    assert table(bad.text)[0]["sf__Error"] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert table(bad.text)[0]["sf__Id"] == ""


@pytest.mark.parametrize("name", ["unprocessedrecords", "unprocessedRecords"])
def test_unprocessed_records_in_any_case(api, name):
    job = ingest(api, "Name\na\n")
    assert results(api, job, name).text == '"Name"\n'


def test_results_are_not_in_input_order(api):
    body = "Name,ERP_Id__c\n" + "".join(f"n{number},C-{number}\n" for number in range(50))
    good = table(results(api, ingest(api, body), "successfulResults").text)
    keys = [row["ERP_Id__c"] for row in good]
    assert sorted(keys) == sorted(f"C-{number}" for number in range(50))
    assert keys != [f"C-{number}" for number in range(50)]


def test_empty_leaves_unchanged_and_na_clears(api):
    own = api.make("Account", Name="a", Phone="1", Fax="2")
    ingest(api, f"Id,Phone,Fax\n{own},,#N/A\n", "update")
    row = api.record("Account", own)
    assert (row["Phone"], row["Fax"]) == ("1", None)


def test_upsert_matches_by_external_id_and_relates_parents(api):
    parent = api.make("Account", Name="p", ERP_Id__c="P")
    api.make("Account", Name="old", ERP_Id__c="C-1")
    job = ingest(
        api,
        "ERP_Id__c,Name,Parent.ERP_Id__c\nC-1,new,P\nC-2,two,P\nC-3,three,X\n",
        "upsert",
        externalIdFieldName="ERP_Id__c",
    )
    good = {row["ERP_Id__c"]: row["sf__Created"] for row in table(results(api, job, "successfulResults").text)}
    assert good == {"C-1": "false", "C-2": "true"}
    assert "Foreign key external ID: X not found" in results(api, job, "failedResults").text
    rows = api.rows("SELECT Name, ParentId FROM Account WHERE ERP_Id__c IN ('C-1', 'C-2') ORDER BY Name")
    assert [(row["Name"], row["ParentId"]) for row in rows] == [("new", parent), ("two", parent)]


def test_delete_and_hard_delete_take_ids_only(api):
    first, second = api.make("Account", Name="a"), api.make("Account", Name="b")
    assert ingest(api, f"Id\n{first}\n", "delete")["numberRecordsFailed"] == 0
    assert ingest(api, f"Id\n{second}\n", "hardDelete")["numberRecordsFailed"] == 0
    left = api.get("/queryAll", params={"q": "SELECT Id FROM Account"}).json()["records"]
    assert [row["Id"] for row in left] == [first]
    job = ingest(api, f"Id,Name\n{first},x\n", "delete")
    assert (job["state"], job["errorMessage"]) == ("Failed", "InvalidBatch : The 'delete' batch must contain only ids")


@pytest.mark.parametrize(
    ("body", "more", "message"),
    [
        ("Name,Foo__c\na,b\n", {}, "InvalidBatch : Field name not found : Foo__c"),
        (
            "Name\r\na\r\n",
            {},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
        ),
        (
            "Name\na\n",
            {"lineEnding": "CRLF"},
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is CRLF",
        ),
        ("Name;Phone\na;b\n", {}, "InvalidBatch : Field name not found : Name;Phone"),
    ],
)
def test_uploads_that_do_not_fit_fail_the_job(api, body, more, message):
    job = ingest(api, body, **more)
    assert (job["state"], job["errorMessage"]) == ("Failed", message)
    assert api.rows("SELECT Id FROM Account") == []


def test_other_delimiters_and_booleans(api):
    job = ingest(
        api, "Name|IsActive\r\na|True\r\nb|no\r\n", sobject="Product2", columnDelimiter="PIPE", lineEnding="CRLF"
    )
    assert job["numberRecordsFailed"] == 0
    rows = api.rows("SELECT Name, IsActive FROM Product2 ORDER BY Name")
    assert [row["IsActive"] for row in rows] == [True, False]


def test_one_upload_a_job_and_terminal_states_stay(api):
    job = start(api).json()
    headers = {"Content-Type": "text/csv"}
    assert api.call("PUT", f"/{job['contentUrl']}", content=b"Name\na\n", headers=headers).status_code == 201
    assert api.call("PUT", f"/{job['contentUrl']}", content=b"Name\nb\n", headers=headers).status_code == 400
    assert api.delete(f"/jobs/ingest/{job['id']}").status_code == 400
    assert api.patch(f"/jobs/ingest/{job['id']}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api.patch(f"/jobs/ingest/{job['id']}", {"state": "UploadComplete"}).status_code == 400
    gone = api.delete(f"/jobs/ingest/{job['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert api.get(f"/jobs/ingest/{job['id']}").status_code == 404


def test_jobs_are_checked_on_creation(api):
    assert start(api, "munge").status_code == 400
    assert start(api, "upsert", externalIdFieldName="Site").status_code == 400
    assert api.refused(start(api, sobject="Nope"))["errorCode"] == "INVALIDENTITY"


def test_jobs_take_their_time_on_the_org_clock(make_api):
    api = make_api(bulk_seconds=60)
    job = ingest(api, "Name\na\n")
    assert job["state"] == "InProgress"
    api.clock.advance(61)
    assert api.get(f"/jobs/ingest/{job['id']}").json()["state"] == "JobComplete"
    query = api.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}).json()
    assert api.get(f"/jobs/query/{query['id']}").json()["state"] == "UploadComplete"
    assert api.get(f"/jobs/query/{query['id']}/results").status_code == 400
    api.clock.advance(61)
    assert api.get(f"/jobs/query/{query['id']}").json()["state"] == "JobComplete"


# query
def run_query(api, soql, operation="query", **more):
    job = api.post("/jobs/query", {"operation": operation, "query": soql, **more}).json()
    return api.get(f"/jobs/query/{job['id']}").json()


def test_query_results_come_in_pages_with_locator_and_header_row(api):
    for number in range(5):
        api.make("Account", Name=f"n{number}")
    job = run_query(api, "SELECT Name FROM Account ORDER BY Name")
    assert (job["state"], job["object"], job["jobType"], job["numberRecordsProcessed"]) == (
        "JobComplete",
        "Account",
        "V2Query",
        5,
    )
    pages, locator = [], None
    while locator != "null":
        parameters = {"maxRecords": 2, **({"locator": locator} if locator else {})}
        page = api.get(f"/jobs/query/{job['id']}/results", params=parameters)
        pages.append(page)
        locator = page.headers["Sforce-Locator"]
    assert [page.headers["Sforce-NumberOfRecords"] for page in pages] == ["2", "2", "1"]
    assert all(page.text.splitlines()[0] == '"Name"' for page in pages)
    assert [row["Name"] for page in pages for row in table(page.text)] == [f"n{number}" for number in range(5)]


def test_values_are_quoted_null_is_empty_and_datetimes_end_in_z(api):
    parent = api.make("Account", Name='p "q"')
    api.make("Account", Name="a", AnnualRevenue=100, ParentId=parent, NumberOfEmployees=3)
    job = run_query(
        api,
        "SELECT Name, Parent.Name, AnnualRevenue, NumberOfEmployees, Phone, IsDeleted, CreatedDate FROM Account WHERE ParentId != null",
    )
    text = api.get(f"/jobs/query/{job['id']}/results").text
    assert text.splitlines() == [
        '"Name","Parent.Name","AnnualRevenue","NumberOfEmployees","Phone","IsDeleted","CreatedDate"',
        '"a","p ""q""","100.0","3","","false","2026-05-06T12:00:00.000Z"',
    ]


def test_no_rows_give_a_header_and_a_null_locator(api):
    job = run_query(api, "SELECT Id FROM Account")
    page = api.get(f"/jobs/query/{job['id']}/results")
    assert (page.text, page.headers["Sforce-NumberOfRecords"], page.headers["Sforce-Locator"]) == (
        '"Id"\n',
        "0",
        "null",
    )


def test_query_all_sees_deleted_rows(api):
    own = api.make("Account", Name="a")
    api.delete(f"/sobjects/Account/{own}")
    assert run_query(api, "SELECT Id FROM Account", "queryAll")["numberRecordsProcessed"] == 1


@pytest.mark.parametrize(
    ("soql", "code", "text"),
    [
        ("SELECT BillingAddress FROM Account", "API_ERROR", "Selecting compound data not supported in Bulk Query"),
        ("SELECT COUNT(Id) FROM Account", "API_ERROR", "Implementation restriction"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR", "Implementation restriction"),
        ("SELECT Name FROM Account GROUP BY Name", "API_ERROR", "Implementation restriction"),
        ("SELECT Id FROM Account LIMIT 5 OFFSET 5", "API_ERROR", "Implementation restriction"),
        (
            "SELECT Id FROM OpportunityStage",
            "INVALIDENTITY",
            "Entity 'OpportunityStage' is not supported by the Bulk API.",
        ),
        ("SELECT Nope FROM Account", "INVALID_FIELD", "No such column"),
    ],
)
def test_queries_the_bulk_api_does_not_take(api, soql, code, text):
    error = api.refused(api.post("/jobs/query", {"operation": "query", "query": soql}))
    assert error["errorCode"] == code
    assert text in error["message"]


def test_query_jobs_abort_and_delete(api):
    job = api.post("/jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"}).json()
    assert api.patch(f"/jobs/query/{job['id']}", {"state": "Aborted"}).json()["state"] == "Aborted"
    assert api.delete(f"/jobs/query/{job['id']}").status_code == 204
    assert api.get(f"/jobs/query/{job['id']}").status_code == 404


def test_expired_sessions_are_401_in_bulk_2(api):
    api.emulator.expire_sessions()
    answer = api.get("/jobs/ingest")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (401, "INVALID_SESSION_ID")
