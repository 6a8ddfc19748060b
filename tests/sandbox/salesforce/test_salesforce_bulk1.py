"""Salesforce §9: Bulk API 1.0 in JSON, XML and CSV; the recorded XML flow is replayed shape by shape."""

from __future__ import annotations

import json

import pytest
from lxml import etree
from salesforce_org import CONTRACTS

NS = "http://www.force.com/2009/06/asyncapi/dataload"


def bulk(api, method, path, body=None, kind="application/json", **headers):
    content = body if isinstance(body, (bytes, str)) or body is None else json.dumps(body)
    sent = {"X-SFDC-Session": api.token, "Content-Type": kind, **headers}
    return api.http.request(method, f"/services/async/60.0/{path}", content=content, headers=sent)


def new_job(api, operation="insert", sobject="Account", **more):
    answer = bulk(
        api,
        "POST",
        "job",
        {"operation": operation, "object": sobject, "concurrencyMode": 1, "contentType": "JSON", **more},
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def names(xml):
    return [etree.QName(item).localname for item in etree.fromstring(xml)]


def test_dml_in_json_runs_while_the_job_is_open(api):
    job = new_job(api)
    assert (job["state"], job["concurrencyMode"], job["numberBatchesTotal"]) == ("Open", "Serial", 0)
    batch = bulk(api, "POST", f"job/{job['id']}/batch", [{"Name": "a"}, {"Phone": "1"}])
    assert (batch.status_code, batch.json()["state"]) == (201, "Queued")
    own = batch.json()["id"]
    done = bulk(api, "GET", f"job/{job['id']}/batch/{own}").json()
    assert (done["state"], done["numberRecordsProcessed"], done["numberRecordsFailed"]) == ("Completed", 2, 1)
    good, bad = bulk(api, "GET", f"job/{job['id']}/batch/{own}/result").json()
    assert (good["success"], good["created"], good["errors"]) == (True, True, [])
    assert (bad["success"], bad["id"], bad["errors"][0]["statusCode"]) == (False, None, "REQUIRED_FIELD_MISSING")
    assert bulk(api, "GET", f"job/{job['id']}/batch/{own}/request").json() == [{"Name": "a"}, {"Phone": "1"}]
    closed = bulk(api, "POST", f"job/{job['id']}", {"state": "Closed"})
    assert (closed.status_code, closed.json()["state"]) == (200, "Closed")
    assert bulk(api, "POST", f"job/{job['id']}/batch", [{"Name": "a"}]).json()["exceptionCode"] == "InvalidJobState"


def test_a_query_takes_raw_soql_and_answers_epoch_milliseconds(api):
    api.make("Account", Name="a")
    job = new_job(api, "query")
    batch = bulk(api, "POST", f"job/{job['id']}/batch", "SELECT Id, Name, CreatedDate FROM Account").json()
    ids = bulk(api, "GET", f"job/{job['id']}/batch/{batch['id']}/result").json()
    assert len(ids) == 1
    assert ids[0].startswith("752")
    rows = bulk(api, "GET", f"job/{job['id']}/batch/{batch['id']}/result/{ids[0]}").json()
    assert rows[0]["attributes"]["type"] == "Account"
    assert rows[0]["CreatedDate"] == 1778068800000


def test_a_broken_query_fails_the_batch(api):
    job = new_job(api, "query")
    batch = bulk(api, "POST", f"job/{job['id']}/batch", "SELECT Nope FROM Account").json()
    state = bulk(api, "GET", f"job/{job['id']}/batch/{batch['id']}").json()
    assert state["state"] == "Failed"
    assert "No such column" in state["stateMessage"]
    assert bulk(api, "GET", f"job/{job['id']}/batch/{batch['id']}/result").json() == {
        "exceptionCode": "InvalidBatch",
        "exceptionMessage": "Records not processed",
    }


def test_the_format_follows_the_content_type(api):
    job = new_job(api, contentType="CSV")
    batch = bulk(api, "POST", f"job/{job['id']}/batch", "Name,Phone\na,#N/A\n", kind="text/csv")
    assert batch.headers["Content-Type"].startswith("application/xml")
    own = etree.fromstring(batch.content).findtext(f"{{{NS}}}id")
    result = bulk(api, "GET", f"job/{job['id']}/batch/{own}/result", kind="text/csv")
    assert result.text.splitlines()[0] == '"Id","Success","Created","Error"'
    assert ',"true","true",""' in result.text


def test_reads_of_a_csv_job_answer_xml_even_to_clients_that_say_json(api):
    """§9: tap-salesforce says JSON in every header, adds its batch as text/csv and parses XML from then on."""
    job = new_job(api, "queryAll", contentType="CSV")
    batch = bulk(api, "POST", f"job/{job['id']}/batch", "SELECT Id FROM Account", kind="text/csv")
    own = etree.fromstring(batch.content).findtext(f"{{{NS}}}id")
    answers = {part: bulk(api, "GET", f"job/{job['id']}/batch{part}") for part in ("", f"/{own}", f"/{own}/result")}
    roots = {etree.QName(etree.fromstring(answer.content)).localname for answer in answers.values()}
    assert roots == {"batchInfoList", "batchInfo", "result-list"}


def test_query_results_in_xml_are_a_result_list(api):
    job = new_job(api, "query", contentType="CSV")
    batch = bulk(api, "POST", f"job/{job['id']}/batch", "SELECT Id FROM Account", kind="text/csv")
    own = etree.fromstring(batch.content).findtext(f"{{{NS}}}id")
    listed = etree.fromstring(bulk(api, "GET", f"job/{job['id']}/batch/{own}/result", kind="text/csv").content)
    assert etree.QName(listed).localname == "result-list"
    rows = bulk(api, "GET", f"job/{job['id']}/batch/{own}/result/{listed[0].text}", kind="text/csv")
    assert rows.text == '"Id"\n'


def test_a_dead_session_is_400_with_an_object(api):
    api.emulator.expire_sessions()
    answer = bulk(api, "POST", "job", {"operation": "insert", "object": "Account"})
    assert (answer.status_code, answer.json()) == (
        400,
        {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"},
    )
    xml = bulk(api, "POST", "job", "<jobInfo/>", kind="application/xml")
    assert b"<exceptionCode>InvalidSessionId</exceptionCode>" in xml.content


def test_pk_chunking_splits_the_batch(api):
    for number in range(5):
        api.make("Account", Name=f"n{number}")
    header = {"Sforce-Enable-PKChunking": "true; chunkSize=2"}
    job = bulk(api, "POST", "job", {"operation": "query", "object": "Account", "contentType": "JSON"}, **header).json()
    first = bulk(api, "POST", f"job/{job['id']}/batch", "SELECT Id FROM Account").json()
    infos = bulk(api, "GET", f"job/{job['id']}/batch").json()["batchInfo"]
    states = {item["id"]: item["state"] for item in infos}
    assert states.pop(first["id"]) == "NotProcessed"
    assert list(states.values()) == ["Completed"] * 3
    assert sum(item["numberRecordsProcessed"] for item in infos) == 5


def test_bad_jobs_are_refused(api):
    assert bulk(api, "POST", "job", {"operation": "munge", "object": "Account"}).json()["exceptionCode"] == "InvalidJob"
    assert (
        bulk(api, "POST", "job", {"operation": "insert", "object": "Nope", "contentType": "CSV"}).json()[
            "exceptionCode"
        ]
        == "InvalidEntity"
    )
    assert bulk(api, "GET", "job/750dM0000000999").json()["exceptionCode"] == "InvalidJob"


def test_batches_of_more_than_10_000_rows_fail(api):
    job = new_job(api, contentType="CSV")
    body = "Name\n" + "x\n" * 10_001
    batch = bulk(api, "POST", f"job/{job['id']}/batch", body, kind="text/csv")
    own = etree.fromstring(batch.content).findtext(f"{{{NS}}}id")
    assert b"<state>Failed</state>" in bulk(api, "GET", f"job/{job['id']}/batch/{own}", kind="text/csv").content


@pytest.mark.parametrize("number", range(6))
def test_the_recorded_xml_flow_has_the_same_shape_here(make_api, number):
    """§9, recorded: create, batch, close, job, batch list, result."""
    recorded = json.loads((CONTRACTS / "recorded-bulk1-xml.json").read_text())
    api = make_api(erp_fields=False, multi_currency=False)
    kind = "application/xml"
    created = bulk(api, "POST", "job", recorded["flow"][0]["requestBody"], kind=kind)
    job = etree.fromstring(created.content).findtext(f"{{{NS}}}id")
    rows = '"FirstName","LastName","Email","Id"\n"Lindsay","Sitwell","lindsay.bluth@example.com",""\n"Audrey","Cain","Audrey@example.com",""\n'
    batch = bulk(api, "POST", f"job/{job}/batch", rows, kind="text/csv")
    own = etree.fromstring(batch.content).findtext(f"{{{NS}}}id")
    answers = [
        lambda: created,
        lambda: batch,
        lambda: bulk(api, "POST", f"job/{job}", recorded["flow"][2]["requestBody"], kind=kind),
        lambda: bulk(api, "GET", f"job/{job}", kind=kind),
        lambda: bulk(api, "GET", f"job/{job}/batch", kind=kind),
        lambda: bulk(api, "GET", f"job/{job}/batch/{own}/result", kind=kind),
    ]
    mine, theirs = answers[number](), recorded["flow"][number]
    assert mine.status_code == theirs["status"]
    if isinstance(theirs["response"], str):
        assert mine.headers["Content-Type"].startswith(theirs["contentType"])
        assert mine.text.splitlines()[0] == theirs["response"].splitlines()[0]
        assert len(mine.text.splitlines()) == 3
        return
    template = recorded["xmlTemplates"][theirs["response"]["template"]]
    assert etree.QName(etree.fromstring(mine.content)).text == etree.QName(etree.fromstring(template.encode())).text
    assert names(mine.content) == names(template.encode())
