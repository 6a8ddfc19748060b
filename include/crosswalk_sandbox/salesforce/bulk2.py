"""Bulk API 2.0: ingest and query jobs (Salesforce §8)."""

from __future__ import annotations

import random
from typing import Any

from .calls import Call, Reply, Routes
from .errors import ApiError
from .externals import external_field
from .ingest import OPERATIONS, Ingest, check_header
from .jobs import Job, Jobs, job_error, public
from .limits import Usage
from .soql.bulk_rules import check_bulk_query
from .tables import DELIMITERS, LINE_ENDS, TableError, cell, read_table, values_of, write_table
from .values import stamp

CSV = "text/csv"
MOST_BYTES = 150 * 1024 * 1024
TERMINAL = frozenset({"JobComplete", "Failed", "Aborted"})
TIMES = {"retries": 0, "totalProcessingTime": 0, "apiActiveProcessingTime": 0, "apexProcessingTime": 0}


def add_routes(routes: Routes, usage: Usage) -> None:
    """Registers the job resources."""
    routes.add("POST", "/jobs/ingest", create_ingest)
    routes.add("GET", "/jobs/ingest", lambda call: list_jobs(call, "ingest2"))
    routes.add("PUT", "/jobs/ingest/{job}/batches", upload)
    routes.add("GET", "/jobs/ingest/{job}/(?P<name>successfulResults|failedResults|unprocessedrecords)", ingest_results)
    routes.add("GET", "/jobs/ingest/{job}", get_ingest)
    routes.add("PATCH", "/jobs/ingest/{job}", patch_ingest)
    routes.add("DELETE", "/jobs/ingest/{job}", lambda call, job: delete_job(call, job, "ingest2"))
    routes.add("POST", "/jobs/query", lambda call: create_query(call, usage))
    routes.add("GET", "/jobs/query", lambda call: list_jobs(call, "query2"))
    routes.add("GET", "/jobs/query/{job}/results", query_results)
    routes.add("GET", "/jobs/query/{job}", get_query)
    routes.add("PATCH", "/jobs/query/{job}", patch_query)
    routes.add("DELETE", "/jobs/query/{job}", lambda call, job: delete_job(call, job, "query2"))


def _choice(body: dict[str, Any], name: str, default: str, allowed: dict[str, str]) -> str:
    value = str(body.get(name) or default)
    if value not in allowed:
        raise job_error(f"{name} is invalid: {value}", "INVALIDJOB")
    return value


def _common(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    if str(body.get("contentType") or "CSV") != "CSV":
        raise job_error("contentType is invalid: only CSV is supported")
    return {
        "createdById": call.user_id, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": float(call.version),
        "lineEnding": _choice(body, "lineEnding", "LF", LINE_ENDS),
        "columnDelimiter": _choice(body, "columnDelimiter", "COMMA", DELIMITERS),
    }  # fmt: skip


def list_jobs(call: Call, kind: str) -> Reply:
    """``GET /jobs/ingest`` and ``GET /jobs/query``."""
    records = [public(job) for job in Jobs(call.org).all(kind)]
    return Reply(200, {"done": True, "records": records, "nextRecordsUrl": None})


def delete_job(call: Call, job: str, kind: str) -> Reply:
    """Deletes a job in a final state."""
    jobs = Jobs(call.org)
    found = jobs.find(job, kind)
    if found.info["state"] not in TERMINAL:
        raise job_error("The job must be closed or aborted before it can be deleted", "API_ERROR")
    if cursor := found.info.get("_cursor"):
        call.org.runner.drop(cursor)
    jobs.delete(found.id)
    return Reply(204, None, {}, None)


# ingest
def create_ingest(call: Call) -> Reply:
    """``POST /jobs/ingest``."""
    body = call.object()
    operation, name = str(body.get("operation")), str(body.get("object"))
    sobject = call.org.sobject(name)
    if operation not in OPERATIONS:
        raise job_error(f"Unsupported operation: {operation}")
    if sobject is None:
        raise ApiError(400, "INVALIDENTITY", f"Entity '{name}' is not supported by the Bulk API.")
    info: dict[str, Any] = {"operation": operation, "object": sobject.name, "state": "Open", **_common(call, body)}
    if operation == "upsert":
        key = body.get("externalIdFieldName")
        if not key:
            raise job_error("External ID field name is required for upsert")
        try:
            info["externalIdFieldName"] = external_field(sobject, str(key), call).name
        except ApiError:
            raise job_error(
                f"InvalidJob : Field name provided, {key} does not match an External ID, Salesforce Id, or indexed field for {sobject.name}"
            ) from None
    jobs = Jobs(call.org)
    job = jobs.create("ingest2", "750", info)
    jobs.save(job, contentUrl=f"services/data/v{call.version}/jobs/ingest/{job.id}/batches")
    return Reply(200, public(job))


def upload(call: Call, job: str) -> Reply:
    """``PUT …/batches``: once per job."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "ingest2")
    if "csv" not in call.headers.get("content-type", ""):
        raise ApiError(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type must be text/csv")
    if found.info["state"] != "Open" or jobs.body(found.id) is not None:
        raise job_error("Found multiple contents for job: a job takes one upload while it is open", "CLIENTINPUTERROR")
    if len(call.body) > MOST_BYTES:
        raise ApiError(413, "REQUEST_ENTITY_TOO_LARGE", "Request content too large")
    jobs.set_body(found.id, call.body)
    return Reply(201, None, {}, None)


def patch_ingest(call: Call, job: str) -> Reply:
    """``PATCH /jobs/ingest/{id}``: UploadComplete or Aborted."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "ingest2")
    state = call.object().get("state")
    if found.info["state"] in TERMINAL or (state == "UploadComplete" and found.info["state"] != "Open"):
        raise job_error("Cannot change the state of a job that is not open", "INVALIDJOBSTATE")
    if state == "Aborted":
        return Reply(200, public(jobs.save(found, state="Aborted")))
    if state != "UploadComplete":
        raise job_error(f"Invalid job state: {state}", "INVALIDJOBSTATE")
    jobs.save(found, state="UploadComplete", _ready=stamp(call.org.now()), _user=call.user_id)
    answer = public(found)
    if call.org.options.bulk_seconds <= 0:
        _work(call, jobs, found)
    return Reply(200, answer)


def get_ingest(call: Call, job: str) -> Reply:
    """``GET /jobs/ingest/{id}``."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "ingest2")
    if found.info["state"] == "UploadComplete" and not jobs.due(found):
        return Reply(
            200,
            {
                **public(found),
                "jobType": "V2Ingest",
                **TIMES,
                "state": "InProgress",
                "numberRecordsProcessed": 0,
                "numberRecordsFailed": 0,
            },
        )
    if found.info["state"] == "UploadComplete":
        _work(call, jobs, found)
    body = {**public(found), "jobType": "V2Ingest", **TIMES}
    body.setdefault("numberRecordsProcessed", 0)
    body.setdefault("numberRecordsFailed", 0)
    return Reply(200, body)


def _work(call: Call, jobs: Jobs, job: Job) -> None:
    """Does the job; whatever is wrong with the upload as a whole makes it Failed."""
    info = job.info
    sobject = call.org.schema.objects[info["object"].lower()]
    external = sobject.get(info.get("externalIdFieldName", "")) if info["operation"] == "upsert" else None
    ingest = Ingest(call.org, info["_user"], info["operation"], sobject, external)
    delimiter, line_end = DELIMITERS[info["columnDelimiter"]], info["lineEnding"]
    try:
        header, rows = read_table((jobs.body(job.id) or b"").decode("utf-8"), delimiter, line_end)
        problem = check_header(ingest, header)
        if problem:
            raise TableError(problem)
    except (TableError, UnicodeDecodeError) as error:
        text = str(error) if isinstance(error, TableError) else "ClientInputError : the upload is not UTF-8"
        jobs.save(job, state="Failed", errorMessage=text, numberRecordsProcessed=0, numberRecordsFailed=0)
        for name in ("successfulresults", "failedresults", "unprocessedrecords"):
            jobs.set_result(job.id, name, b"")
        return
    outcomes = list(ingest.run([values_of(header, row) for row in rows]))
    good = [
        (item.id, str(item.created).lower(), *row)
        for item, row in zip(outcomes, rows, strict=True)
        if item.error is None
    ]
    bad = [
        (_failed_id(header, row, info["operation"]), item.error.text(), *row)
        for item, row in zip(outcomes, rows, strict=True)
        if item.error is not None
    ]
    random.Random(job.id).shuffle(good)
    random.Random(job.id).shuffle(bad)
    ending = LINE_ENDS[line_end]
    jobs.set_result(
        job.id, "successfulresults", write_table(["sf__Id", "sf__Created", *header], good, delimiter, ending)
    )
    jobs.set_result(job.id, "failedresults", write_table(["sf__Id", "sf__Error", *header], bad, delimiter, ending))
    jobs.set_result(job.id, "unprocessedrecords", write_table(header, [], delimiter, ending))
    jobs.save(job, state="JobComplete", numberRecordsProcessed=len(rows), numberRecordsFailed=len(bad))


def _failed_id(header: list[str], row: list[str], operation: str) -> str:
    """A failed update or delete names the record it was for; a failed insert names none."""
    if operation in ("insert", "upsert"):
        return ""
    return next((text for name, text in zip(header, row, strict=True) if name.lower() == "id"), "")


def ingest_results(call: Call, job: str, name: str) -> Reply:
    """``…/successfulResults``, ``…/failedResults``, ``…/unprocessedrecords``, whatever their case."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "ingest2")
    if found.info["state"] not in ("JobComplete", "Failed"):
        return Reply(200, b"", content_type=CSV)
    return Reply(200, jobs.result(found.id, name.lower()), content_type=CSV)


# query
def create_query(call: Call, usage: Usage) -> Reply:
    """``POST /jobs/query``."""
    body = call.object()
    operation, text = str(body.get("operation")), str(body.get("query") or "")
    if operation not in ("query", "queryAll"):
        raise job_error(f"Unsupported operation: {operation}")
    plan = check_bulk_query(call.org.runner, text, call.org.viewer(call.user_id), all_rows=operation == "queryAll")
    usage.spend(1, "DailyBulkV2QueryJobs")
    common = _common(call, body)
    info = {"operation": operation, "object": plan.sobject.name, "state": "UploadComplete", **common,
            "_query": text, "_user": call.user_id, "_ready": stamp(call.org.now())}  # fmt: skip
    job = Jobs(call.org).create("query2", "750", info)
    return Reply(200, public(job))


def get_query(call: Call, job: str) -> Reply:
    """``GET /jobs/query/{id}``."""
    jobs = Jobs(call.org)
    found = _advance(call, jobs, jobs.find(job, "query2"))
    body = {**public(found), "jobType": "V2Query", **TIMES}
    body.setdefault("numberRecordsProcessed", 0)
    return Reply(200, body)


def _advance(call: Call, jobs: Jobs, job: Job) -> Job:
    """Runs a query job that is due: its row numbers are kept like those of a cursor."""
    if job.info["state"] != "UploadComplete" or not jobs.due(job):
        return job
    org, info = call.org, job.info
    viewer = org.viewer(info["_user"])
    plan = org.runner.plan(info["_query"], viewer, all_rows=info["operation"] == "queryAll")
    rows = org.runner.rows(plan)
    cursor = org.runner.open(
        info["_query"], rows, viewer, all_rows=info["operation"] == "queryAll", page=1, child="_bulk"
    )
    return jobs.save(job, state="JobComplete", numberRecordsProcessed=len(rows), _cursor=cursor)


def patch_query(call: Call, job: str) -> Reply:
    """``PATCH /jobs/query/{id}``: Aborted."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "query2")
    if call.object().get("state") != "Aborted" or found.info["state"] in TERMINAL:
        raise job_error("Cannot change the state of a job that is not open", "INVALIDJOBSTATE")
    return Reply(200, public(jobs.save(found, state="Aborted")))


def query_results(call: Call, job: str) -> Reply:
    """``GET …/results?maxRecords&locator``: header row on every page, ``Sforce-Locator`` null on the last."""
    org, jobs = call.org, Jobs(call.org)
    found = _advance(call, jobs, jobs.find(job, "query2"))
    info = found.info
    if info["state"] != "JobComplete":
        raise job_error("Job not in a state to serve results", "INVALIDJOBSTATE")
    most = min(int(call.query.get("maxRecords") or org.options.bulk_page_size), org.options.bulk_page_size)
    offset = _offset(call.query.get("locator", ""))
    viewer = org.viewer(info["_user"])
    plan = org.runner.plan(info["_query"], viewer, all_rows=info["operation"] == "queryAll")
    values = org.runner.values(plan, org.runner.slice(info["_cursor"], offset, most))
    columns = [(kind, at) for _, kind, at in plan.flat]
    rows = ([cell(kind, row[at]) for kind, at in columns] for row in values)
    delimiter, ending = DELIMITERS[info["columnDelimiter"]], LINE_ENDS[info["lineEnding"]]
    body = write_table([name for name, _, _ in plan.flat], rows, delimiter, ending)
    end = offset + most
    locator = _locator(end) if end < info["numberRecordsProcessed"] else "null"
    return Reply(200, body, {"Sforce-NumberOfRecords": str(len(values)), "Sforce-Locator": locator}, CSV)


def _locator(offset: int) -> str:
    """An opaque page name."""
    return f"M{offset:x}"


def _offset(locator: str) -> int:
    if locator in ("", "null"):
        return 0
    try:
        return int(locator.removeprefix("M"), 16)
    except ValueError:
        raise job_error("Invalid locator", "INVALID_QUERY_LOCATOR") from None
