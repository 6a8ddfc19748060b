"""Asynchronous requests and record batches (NetSuite §9)."""

from __future__ import annotations

import base64
import json
import logging
import secrets
import string
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson

from crosswalk_sandbox.kernel.mishaps import Mishaps
from crosswalk_sandbox.netsuite import moments
from crosswalk_sandbox.netsuite.account import Caller
from crosswalk_sandbox.netsuite.batches import Batches
from crosswalk_sandbox.netsuite.errors import (
    Refusal,
    method_not_allowed,
    unexpected,
    unknown_record,
    unknown_url,
)
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link, segments_of

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.account import Account
    from crosswalk_sandbox.netsuite.store import Row, Store

_LOG: Final = logging.getLogger(__name__)
_JOBS: Final = "/services/rest/async/v1/job"


class Jobs:
    """Takes requests on, works them off in order in the background, keeps their answers."""

    def __init__(self, store: Store, account: Account) -> None:
        self._store = store
        self._account = account
        self._batches = Batches(store.options)
        self._serve: Callable[[Call], Answer] | None = None
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="netsuite-async")
        self._lock = threading.Lock()
        self.mishaps = Mishaps(("UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: jrgbpyylphhishmmlxyt"))
        """Dice over the records of batches and other asynchronous requests."""

    def start(self, serve: Callable[[Call], Answer]) -> None:
        """Begin working; jobs that were left pending by the last process are taken up again."""
        self._serve = serve
        for row in self._store.rows(
            "SELECT DISTINCT job FROM task WHERE progress IN ('pending', 'processing') ORDER BY job"
        ):
            self._worker.submit(self._work, row["job"])

    def close(self) -> None:
        """Let the running task end; what is pending stays for the next start."""
        self._worker.shutdown(wait=True, cancel_futures=True)

    def refuse_synchronous_batch(self) -> Answer:
        """Batches are always asynchronous."""
        if not self._store.options.has_batches:
            raise method_not_allowed("batch")
        raise Refusal(
            400,
            "INVALID_HEADER",
            "Batch operations are only available asynchronously. Use the header 'Prefer: respond-async'.",
            where=("o:errorHeader", "Prefer"),
        )

    def submit(self, call: Call) -> Answer:
        """Take a request on: 202 with the job's address; a repeated idempotency key is a conflict."""
        key = call.header("x-netsuite-idempotency-key") or None
        requests = self._batches.requests(call)
        with self._lock, self._store.write():
            if key is not None:
                known = self._store.value("SELECT id FROM job WHERE idempotencykey = ?", (key,))
                if known is not None:
                    raise Refusal(
                        400,
                        "IDEMPOTENCY_ERROR",
                        "A request with the same idempotency key has already been submitted.",
                        title="Conflict",
                        headers={"Location": f"{call.base_url}{_JOBS}/{known}"},
                    )
            job = self._store.next_id("job", 1)
            caller = json.dumps([call.caller.role.id, call.caller.entity])
            parallel = int(call.prefers("batch-processing=parallel"))
            self._store.insert("job", {"id": job, "created": self._store.stamp(), "idempotencykey": key, "role": caller,
                                       "base": call.base_url, "parallel": parallel})  # fmt: skip
            for number, request in enumerate(requests, 1):
                facts = {"job": job, "id": number, "request": _packed(request), "progress": "pending"}
                self._store.insert("task", facts)
        if self._store.options.async_seconds <= 0:
            self._worker.submit(self._work, job)
        headers = {"Location": f"{call.base_url}{_JOBS}/{job}", "Preference-Applied": "respond-async"}
        return Answer(202, headers=headers)

    def serve(self, call: Call) -> Answer:
        """``/async/v1/job…``."""
        if call.method != "GET":
            raise method_not_allowed(call.method)
        parts = call.segments[4:]
        if not parts or parts[0] != "job":
            raise unknown_url(call.path)
        self._work_when_due()
        match parts[1:]:
            case ():
                return self._list(call)
            case (job,):
                return self._job(call, self._row(job))
            case (job, "task"):
                return self._tasks(call, self._row(job))
            case (job, "task", task):
                return self._task(call, self._row(job), task)
            case (job, "task", task, "result"):
                return self._result(self._row(job), task)
            case _:
                raise unknown_url(call.path)

    # work

    def _work_when_due(self) -> None:
        """With a delay configured, jobs are done once the sandbox's clock has passed it."""
        delay = self._store.options.async_seconds
        if delay <= 0:
            return
        due = moments.stamp(self._store.clock.now() - timedelta(seconds=delay))
        sql = "SELECT DISTINCT t.job FROM task t JOIN job j ON j.id = t.job WHERE t.progress = 'pending' AND j.created <= ?"
        for row in self._store.rows(sql, (due,)):
            self._work(row["job"])

    def _work(self, job: int) -> None:
        found = self._store.row("SELECT role, base FROM job WHERE id = ?", (job,))
        if found is None or self._serve is None:
            return
        role, entity = json.loads(found["role"])
        caller = Caller(self._account.role(role), entity)
        sql = "SELECT id, request FROM task WHERE job = ? AND progress IN ('pending', 'processing') ORDER BY id"
        for row in self._store.rows(sql, (job,)):
            self._run(job, row, found["base"], caller)

    def _run(self, job: int, row: Row, base: str, caller: Caller) -> None:
        """One task: its work and its answer are kept in one transaction, so that a crash cannot split them."""
        assert self._serve is not None
        call = _unpacked(row["request"], base, caller)
        started = self._store.stamp()
        try:
            with self._store.write(), self._store.savepoint():
                self._strike()
                answer = self._serve(call)
                self._keep(job, row["id"], answer, started)
                return
        except Refusal as refusal:
            answer = Answer.of(refusal, self._store.options)
        except Exception:  # noqa: BLE001 - an own failure becomes the task's answer, as it would become a request's
            ident = "".join(secrets.choice(string.ascii_lowercase) for _ in range(20))
            _LOG.exception("Task %s of job %s failed, Error ID %s", row["id"], job, ident)
            answer = Answer.of(unexpected(ident), self._store.options)
        self._keep(job, row["id"], answer, started)

    def _strike(self) -> None:
        error = self.mishaps.strikes()
        if error is not None:
            raise Refusal(500 if error[0] == "UNEXPECTED_ERROR" else 400, *error)

    def _keep(self, job: int, task: int, answer: Answer, started: str) -> None:
        kept = {"status": answer.status, "body": answer.body, "kind": answer.kind, "headers": dict(answer.headers)}
        progress = "succeeded" if answer.status < 400 else "failed"
        with self._store.write() as connection:
            sql = "UPDATE task SET progress = ?, started = ?, ended = ?, answer = ? WHERE job = ? AND id = ?"
            text = orjson.dumps(kept).decode()
            connection.execute(sql, (progress, started, self._store.stamp(), text, job, task))

    # answers

    def _row(self, job: str) -> Row:
        horizon = moments.stamp(self._store.clock.now() - timedelta(days=self._store.options.job_days))
        found = (
            self._store.row("SELECT * FROM job WHERE id = ? AND created >= ?", (job, horizon))
            if job.isdigit()
            else None
        )
        if found is None:
            raise unknown_record()
        return found

    def _of(self, job: Row) -> Iterator[Row]:
        yield from self._store.rows("SELECT * FROM task WHERE job = ? ORDER BY id", (job["id"],))

    def _list(self, call: Call) -> Answer:
        rows = self._store.rows("SELECT id FROM job ORDER BY id DESC LIMIT 1000")
        items = [{"links": [link(f"{call.base_url}{_JOBS}/{row['id']}")], "id": str(row["id"])} for row in rows]
        body = {"links": [link(call.url)], "count": len(items), "hasMore": False, "items": items, "offset": 0,
                "totalResults": len(items)}  # fmt: skip
        return Answer(200, body, "collection")

    def _job(self, call: Call, job: Row) -> Answer:
        tasks = list(self._of(job))
        done = all(task["progress"] in ("succeeded", "failed") for task in tasks)
        progress = self._word(_overall([task["progress"] for task in tasks]))
        href = f"{call.base_url}{_JOBS}/{job['id']}"
        body = {"links": [link(href)], "completed": done, "id": str(job["id"]), "progress": progress,
                "task": {"links": [link(f"{href}/task")]}}  # fmt: skip
        return Answer(200, body)

    def _tasks(self, call: Call, job: Row) -> Answer:
        """The list of tasks nests oddly: one item with a link per task."""
        href = f"{call.base_url}{_JOBS}/{job['id']}/task"
        links = [link(f"{href}/{task['id']}") for task in self._of(job)]
        body = {
            "links": [link(href)],
            "count": 1,
            "hasMore": False,
            "items": [{"links": links}],
            "offset": 0,
            "totalResults": 1,
        }
        return Answer(200, body, "collection")

    def _task(self, call: Call, job: Row, task: str) -> Answer:
        found = self._find(job, task)
        href = f"{call.base_url}{_JOBS}/{job['id']}/task/{found['id']}"
        done = found["progress"] in ("succeeded", "failed")
        body: dict[str, Any] = {
            "links": [link(f"{href}/result", "related"), {"rel": "self", "href": href}],
            "completed": done,
            "id": str(found["id"]),
            "progress": self._word(found["progress"]),
        }
        for name, column in (("endTime", "ended"), ("startTime", "started")):
            if found[column]:
                body[name] = found[column].replace(" ", "T") + "Z"
        return Answer(200, body)

    def _word(self, state: str) -> str:
        """A state as this account calls it (NetSuite §15)."""
        words = dict(zip(("pending", "processing", "failed"), self._store.options.job_states, strict=True))
        return words.get(state, state)

    def _result(self, job: Row, task: str) -> Answer:
        found = self._find(job, task)
        if found["answer"] is None:
            raise unknown_record()
        kept = orjson.loads(found["answer"])
        return Answer(kept["status"], kept["body"], kept["kind"], kept["headers"])

    def _find(self, job: Row, task: str) -> Row:
        found = (
            self._store.row("SELECT * FROM task WHERE job = ? AND id = ?", (job["id"], task))
            if task.isdigit()
            else None
        )
        if found is None:
            raise unknown_record()
        return found


def _overall(progress: list[str]) -> str:
    for word in ("processing", "pending"):
        if word in progress:
            return word
    return "succeeded" if "succeeded" in progress else "failed"


def _packed(call: Call) -> str:
    kept = {"method": call.method, "path": call.path, "query": call.raw_query, "segments": call.segments,
            "headers": dict(call.headers), "body": base64.b64encode(call.body).decode()}  # fmt: skip
    return json.dumps(kept)


def _unpacked(text: str, base: str, caller: Caller) -> Call:
    kept = json.loads(text)
    segments = tuple(kept["segments"]) or segments_of(kept["path"])
    body = base64.b64decode(kept["body"])
    return Call(kept["method"], base, kept["path"], kept["query"], segments, kept["headers"], body, caller=caller)
