"""Bulk API 1.0: jobs with batches, in XML or JSON after the request's content type (Salesforce §9)."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

from .bulk1_results import dml_result, query_result, request_rows
from .calls import Call, Reply, Routes
from .errors import ApiError
from .externals import external_field
from .ingest import OPERATIONS, Ingest, check_header
from .jobs import Job, Jobs
from .limits import Usage
from .soql.bulk_rules import check_bulk_query
from .tables import TableError
from .values import stamp

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
JSON, XML = "application/json", "application/xml"
MODES = {"0": "Parallel", "1": "Serial", "Parallel": "Parallel", "Serial": "Serial"}
MOST_ROWS, MOST_BYTES = 10_000, 10 * 1024 * 1024
COUNTERS = (
    "numberBatchesQueued",
    "numberBatchesInProgress",
    "numberBatchesCompleted",
    "numberBatchesFailed",
    "numberBatchesTotal",
)
TIMES = ("totalProcessingTime", "apiActiveProcessingTime", "apexProcessingTime")


class AsyncError(Exception):
    """A refused request: 400 with an object."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def routes() -> Routes:
    """The job resources, below ``/services/async/NN.0``."""
    found = Routes()
    found.add("POST", "/job", create_job)
    found.add("GET", "/job/{job}", get_job)
    found.add("POST", "/job/{job}", close_job)
    found.add("POST", "/job/{job}/batch", add_batch)
    found.add("GET", "/job/{job}/batch", list_batches)
    found.add("GET", "/job/{job}/batch/{batch}", get_batch)
    found.add("GET", "/job/{job}/batch/{batch}/request", batch_request)
    found.add("GET", "/job/{job}/batch/{batch}/result", batch_result)
    found.add("GET", "/job/{job}/batch/{batch}/result/{result}", query_rows)
    return found


def answer(found: Routes, call: Call, path: str, usage: Usage) -> Reply:
    """Answers a request; refusals become objects in the request's format."""
    try:
        if path.rstrip("/").endswith("/batch") and call.method == "POST":
            usage.spend(1, "DailyBulkApiBatches")
        return found.answer(call, path)
    except AsyncError as error:
        return failure(call, error.code, str(error))
    except ApiError as error:
        code = {"NOT_FOUND": "InvalidJob", "JSON_PARSER_ERROR": "InvalidBatch"}.get(error.code, "ClientInputError")
        return failure(call, code, str(error))


def failure(call: Call, code: str, message: str) -> Reply:
    """A refused request: an object, JSON or XML."""
    if wants_json(call):
        return Reply(400, {"exceptionCode": code, "exceptionMessage": message})
    body = f"<exceptionCode>{code}</exceptionCode><exceptionMessage>{escape(message)}</exceptionMessage>"
    return Reply(400, _xml("error", body), content_type=XML)


def wants_json(call: Call) -> bool:
    """Whether the request speaks JSON."""
    return "json" in call.headers.get("content-type", "").lower()


def _xml(root: str, body: str) -> bytes:
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}\n   xmlns="{NAMESPACE}">\n{body}</{root}>'.encode()


def _document(call: Call) -> dict[str, Any]:
    """The request body, JSON object or XML element, as a mapping."""
    if wants_json(call):
        return call.object()
    try:
        root = etree.fromstring(call.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise AsyncError("ClientInputError", f"Unable to parse the request: {error}") from None
    return {etree.QName(item).localname: item.text for item in root}


def _speaks_json(call: Call, job: Job) -> bool:
    """Whether a batch or result is answered in JSON: a read has no body to go by, so that its job's type counts too."""
    return wants_json(call) and (call.method != "GET" or job.info["contentType"] == "JSON")


def _reply(call: Call, status: int, root: str, info: dict[str, Any], *, as_json: bool | None = None) -> Reply:
    if wants_json(call) if as_json is None else as_json:
        return Reply(status, info)
    shown = {
        name: value
        for name, value in info.items()
        if value is not None and name not in ("assignmentRuleId", "fastPathEnabled")
    }
    return Reply(status, _xml(root, "".join(_element(name, value) for name, value in shown.items())), content_type=XML)


def _element(name: str, value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else escape(str(value))
    if name in ("createdDate", "systemModstamp"):
        text = text.replace("+0000", "Z")
    return f" <{name}>{text}</{name}>\n"


# jobs
def create_job(call: Call) -> Reply:
    """``POST job``."""
    body = _document(call)
    operation, name = str(body.get("operation")), str(body.get("object"))
    sobject = call.org.sobject(name)
    if operation not in OPERATIONS | {"query", "queryAll"}:
        raise AsyncError("InvalidJob", f"Unknown operation: {operation}")
    if sobject is None:
        raise AsyncError("InvalidEntity", f"Entity '{name}' is not supported by the Bulk API.")
    mode = MODES.get(str(body.get("concurrencyMode") if body.get("concurrencyMode") is not None else "Parallel"))
    kind = str(body.get("contentType") or "XML")
    if mode is None or kind not in ("CSV", "JSON"):
        raise AsyncError(
            "InvalidJob", f"Unsupported concurrencyMode or contentType: {body.get('concurrencyMode')} {kind}"
        )
    info: dict[str, Any] = {"operation": operation, "object": sobject.name, "createdById": call.user_id, "state": "Open",
                            "concurrencyMode": mode, "contentType": kind, "apiVersion": float(call.version)}  # fmt: skip
    if operation == "upsert":
        key = str(body.get("externalIdFieldName") or "")
        try:
            info["externalIdFieldName"] = external_field(sobject, key, call).name
        except ApiError:
            raise AsyncError("InvalidJob", f"External ID field '{key}' is not valid for {sobject.name}") from None
    chunking = call.headers.get("sforce-enable-pkchunking", "")
    if chunking.lower().startswith("true"):
        size = next((part.split("=")[1] for part in chunking.split(";") if "chunksize" in part.lower()), "100000")
        info["_chunk"] = int(size)
    return _reply(call, 201, "jobInfo", _job_info(call, Jobs(call.org).create("job1", "750", info)))


def _job_info(call: Call, job: Job) -> dict[str, Any]:
    """A job as it is answered: facts, counters over its batches, times."""
    info = {name: value for name, value in job.info.items() if not name.startswith("_")}
    batches = [item.info for item in _batches(call, job)]
    states = [item["state"] for item in batches]
    tail = {
        **dict.fromkeys(COUNTERS, 0),
        "numberBatchesQueued": states.count("Queued"), "numberBatchesInProgress": states.count("InProgress"),
        "numberBatchesCompleted": states.count("Completed"), "numberBatchesFailed": states.count("Failed"),
        "numberBatchesTotal": len(states), "numberRecordsProcessed": sum(item["numberRecordsProcessed"] for item in batches),
        "numberRetries": 0, "apiVersion": info.pop("apiVersion"), "numberRecordsFailed": sum(item["numberRecordsFailed"] for item in batches),
        **dict.fromkeys(TIMES, 0),
    }  # fmt: skip
    order = (
        "id",
        "operation",
        "object",
        "createdById",
        "createdDate",
        "systemModstamp",
        "state",
        "externalIdFieldName",
        "concurrencyMode",
        "contentType",
    )
    head = {name: info.get(name) for name in order if name in info or wants_json(call)}
    extra = {"assignmentRuleId": None, "fastPathEnabled": False} if wants_json(call) else {}
    return {**head, **tail, **extra}


def _batches(call: Call, job: Job) -> list[Job]:
    return [item for item in Jobs(call.org).all("batch1") if item.info["jobId"] == job.id]


def get_job(call: Call, job: str) -> Reply:
    """``GET job/{id}``."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "job1")
    for batch in _batches(call, found):
        _advance(call, jobs, found, batch)
    return _reply(call, 200, "jobInfo", _job_info(call, found))


def close_job(call: Call, job: str) -> Reply:
    """``POST job/{id}``: Closed or Aborted."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "job1")
    state = _document(call).get("state")
    if state not in ("Closed", "Aborted"):
        raise AsyncError("InvalidJobState", f"Invalid state: {state}")
    if found.info["state"] in ("Closed", "Aborted") and found.info["state"] != state:
        raise AsyncError("InvalidJobState", f"Cannot change a job that is {found.info['state']}")
    jobs.save(found, state=state)
    return _reply(call, 200, "jobInfo", _job_info(call, found))


# batches
def add_batch(call: Call, job: str) -> Reply:
    """``POST job/{id}/batch``: rows, or for queries the raw statement. Work starts while the job is open."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "job1")
    if found.info["state"] != "Open":
        raise AsyncError("InvalidJobState", "Unable to add batch to a job that is not open")
    if len(call.body) > MOST_BYTES:
        raise AsyncError("InvalidBatch", "Batch size exceeds 10 MB")
    if not call.body.strip():
        raise AsyncError("InvalidBatch", "Records not found")
    info = {"jobId": found.id, "state": "Queued", "stateMessage": None, "numberRecordsProcessed": 0, "numberRecordsFailed": 0,
            "_ready": stamp(call.org.now()), "_user": call.user_id, "_rows": None}  # fmt: skip
    batch = jobs.create("batch1", "751", info, call.body)
    queued = _batch_info(call, batch)
    if "query" in found.info["operation"].lower() and found.info.get("_chunk"):
        _split(call, jobs, found, batch)
    return _reply(call, 201, "batchInfo", queued)


def _split(call: Call, jobs: Jobs, job: Job, batch: Job) -> None:
    """PK chunking: the batch becomes NotProcessed, its parts appear as batches of their own."""
    text = batch_text(jobs, batch)
    plan = check_bulk_query(call.org.runner, text, call.org.viewer(call.user_id), all_rows=False)
    total = len(call.org.runner.rows(plan))
    jobs.save(batch, state="NotProcessed")
    for start in range(0, total, job.info["_chunk"]):
        info = {"jobId": job.id, "state": "Queued", "stateMessage": None, "numberRecordsProcessed": 0, "numberRecordsFailed": 0,
                "_ready": stamp(call.org.now()), "_user": call.user_id, "_rows": [start, job.info["_chunk"]]}  # fmt: skip
        jobs.create("batch1", "751", info, text.encode())


def batch_text(jobs: Jobs, batch: Job) -> str:
    """A batch's upload as text."""
    return (jobs.body(batch.id) or b"").decode("utf-8", "replace")


def _batch_info(call: Call, batch: Job) -> dict[str, Any]:
    info = {name: value for name, value in batch.info.items() if not name.startswith("_")}
    order = (
        "id",
        "jobId",
        "state",
        "stateMessage",
        "createdDate",
        "systemModstamp",
        "numberRecordsProcessed",
        "numberRecordsFailed",
    )
    return {**{name: info.get(name) for name in order}, **dict.fromkeys(TIMES, 0)}


def _find(call: Call, job: str, batch: str) -> tuple[Jobs, Job, Job]:
    jobs = Jobs(call.org)
    found = jobs.find(job, "job1")
    part = jobs.find(batch, "batch1")
    if part.info["jobId"] != found.id:
        raise AsyncError("InvalidBatch", f"Batch {batch} does not belong to job {job}")
    return jobs, found, _advance(call, jobs, found, part)


def get_batch(call: Call, job: str, batch: str) -> Reply:
    """``GET job/{id}/batch/{bid}``."""
    _, found, part = _find(call, job, batch)
    return _reply(call, 200, "batchInfo", _batch_info(call, part), as_json=_speaks_json(call, found))


def list_batches(call: Call, job: str) -> Reply:
    """``GET job/{id}/batch``."""
    jobs = Jobs(call.org)
    found = jobs.find(job, "job1")
    infos = [_batch_info(call, _advance(call, jobs, found, part)) for part in _batches(call, found)]
    if _speaks_json(call, found):
        return Reply(200, {"batchInfo": infos})
    parts = "".join(
        " <batchInfo>\n"
        + "".join(_element(name, value) for name, value in info.items() if value is not None)
        + " </batchInfo>\n"
        for info in infos
    )
    return Reply(200, _xml("batchInfoList", parts), content_type=XML)


def batch_request(call: Call, job: str, batch: str) -> Reply:
    """``GET …/request``: what was sent."""
    jobs, found, part = _find(call, job, batch)
    return Reply(200, jobs.body(part.id) or b"", content_type=_type_of(found))


def _type_of(job: Job) -> str:
    return "text/csv" if job.info["contentType"] == "CSV" else JSON


def batch_result(call: Call, job: str, batch: str) -> Reply:
    """``GET …/result``: row outcomes, or the list of result ids of a query."""
    jobs, found, part = _find(call, job, batch)
    if part.info["state"] not in ("Completed", "Failed"):
        raise AsyncError("InvalidBatch", "Batch not completed")
    if part.info["state"] == "Failed":
        raise AsyncError("InvalidBatch", "Records not processed")
    if "query" not in found.info["operation"].lower():
        return Reply(200, jobs.result(part.id, "dml"), content_type=_type_of(found))
    ids = [part.info["_result"]]
    if found.info["contentType"] == "JSON":
        return Reply(200, ids)
    return Reply(200, _xml("result-list", "".join(f"<result>{item}</result>" for item in ids)), content_type=XML)


def query_rows(call: Call, job: str, batch: str, result: str) -> Reply:
    """``GET …/result/{rid}``: the rows of a query."""
    jobs, found, part = _find(call, job, batch)
    if result[:15] != str(part.info.get("_result"))[:15]:
        raise AsyncError("InvalidBatch", f"No result {result}")
    return Reply(200, jobs.result(part.id, "rows"), content_type=_type_of(found))


def _advance(call: Call, jobs: Jobs, job: Job, batch: Job) -> Job:
    """Does a batch that is due."""
    if batch.info["state"] != "Queued" or not jobs.due(batch):
        return batch
    try:
        if "query" in job.info["operation"].lower():
            return _query(call, jobs, job, batch)
        return _write(call, jobs, job, batch)
    except (TableError, json.JSONDecodeError) as error:
        return jobs.save(batch, state="Failed", stateMessage=str(error))
    except ApiError as error:
        return jobs.save(
            batch, state="Failed", stateMessage=f"InvalidBatch : Failed to process query: {error.code}: {error}"
        )


def _query(call: Call, jobs: Jobs, job: Job, batch: Job) -> Job:
    body, count, result = query_result(call, job, batch, batch_text(jobs, batch))
    jobs.set_result(batch.id, "rows", body)
    return jobs.save(batch, state="Completed", numberRecordsProcessed=count, _result=result)


def _write(call: Call, jobs: Jobs, job: Job, batch: Job) -> Job:
    info = job.info
    sobject = call.org.schema.objects[info["object"].lower()]
    external = sobject.get(info.get("externalIdFieldName", "")) if info["operation"] == "upsert" else None
    is_csv = info["contentType"] == "CSV"
    ingest = Ingest(call.org, batch.info["_user"], info["operation"], sobject, external, csv=is_csv)
    header, rows = request_rows(batch_text(jobs, batch), is_csv)
    if len(rows) > MOST_ROWS:
        raise TableError(f"InvalidBatch : Maximum number of records per batch is {MOST_ROWS}")
    problem = check_header(ingest, header) if is_csv else None
    if problem:
        raise TableError(problem)
    outcomes = list(ingest.run(rows))
    jobs.set_result(batch.id, "dml", dml_result(outcomes, is_csv))
    failed = sum(1 for item in outcomes if item.error is not None)
    return jobs.save(batch, state="Completed", numberRecordsProcessed=len(rows), numberRecordsFailed=failed)
