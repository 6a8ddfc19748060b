"""Jobs of both bulk APIs: kept in the store, worked on when they are asked for and due."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, not_found
from .ids import mint, normalise
from .org import Org
from .values import parse_stamp, stamp

JOB_PREFIX, BATCH_PREFIX, RESULT_PREFIX = "750", "751", "752"
KEPT_DAYS = 7


@dataclass(slots=True)
class Job:
    """A job or batch: ``info`` is what is answered (plus private keys with a leading underscore)."""

    id: str
    kind: str
    info: dict[str, Any]


class Jobs:
    """The stored jobs of the org."""

    def __init__(self, org: Org) -> None:
        self.org = org

    def create(self, kind: str, prefix: str, info: dict[str, Any], body: bytes | None = None) -> Job:
        """A new job; ``id``, ``createdDate`` and ``systemModstamp`` are filled in."""
        with self.org.store.writing() as connection:
            own = mint(prefix, self.org.store.next_number(f"_job{prefix}"))
            now = stamp(self.org.now())
            job = Job(own, kind, {"id": own, **info, "createdDate": now, "systemModstamp": now})
            connection.execute("INSERT INTO _job VALUES (?, ?, ?, ?)", (own, kind, json.dumps(job.info), body))
        return job

    def find(self, own: str, kind: str) -> Job:
        """A job of the kind. Raises ApiError 404."""
        wanted = normalise(own)
        row = self.org.store.connection.execute(
            "SELECT id, kind, info FROM _job WHERE id = ? AND kind = ?", (wanted, kind)
        ).fetchone()
        if row is None:
            raise not_found()
        return Job(row[0], row[1], json.loads(row[2]))

    def all(self, kind: str) -> list[Job]:
        """All jobs of a kind, oldest first."""
        rows = self.org.store.connection.execute(
            "SELECT id, kind, info FROM _job WHERE kind = ? ORDER BY rowid", (kind,)
        )
        return [Job(own, found, json.loads(info)) for own, found, info in rows.fetchall()]

    def save(self, job: Job, **changes: Any) -> Job:
        """Stores changes of a job."""
        job.info.update(changes, systemModstamp=stamp(self.org.now()))
        with self.org.store.writing() as connection:
            connection.execute("UPDATE _job SET info = ? WHERE id = ?", (json.dumps(job.info), job.id))
        return job

    def body(self, own: str) -> bytes | None:
        """What was uploaded."""
        row = self.org.store.connection.execute("SELECT body FROM _job WHERE id = ?", (own,)).fetchone()
        return row[0] if row else None

    def set_body(self, own: str, body: bytes) -> None:
        """Stores the upload."""
        with self.org.store.writing() as connection:
            connection.execute("UPDATE _job SET body = ? WHERE id = ?", (body, own))

    def result(self, own: str, name: str) -> bytes:
        """A stored result. Raises ApiError 404."""
        row = self.org.store.connection.execute(
            "SELECT body FROM _job_result WHERE job = ? AND name = ?", (own, name)
        ).fetchone()
        if row is None:
            raise not_found()
        return bytes(row[0])

    def set_result(self, own: str, name: str, body: bytes) -> None:
        """Stores a result."""
        with self.org.store.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO _job_result VALUES (?, ?, ?)", (own, name, body))

    def delete(self, own: str) -> None:
        """Forgets a job and its results."""
        with self.org.store.writing() as connection:
            connection.execute("DELETE FROM _job_result WHERE job = ?", (own,))
            connection.execute("DELETE FROM _job WHERE id = ?", (own,))

    def due(self, job: Job) -> bool:
        """Whether the job had its time since it was handed over."""
        since = job.info.get("_ready")
        return (
            since is not None and (self.org.now() - parse_stamp(since)).total_seconds() >= self.org.options.bulk_seconds
        )


def public(job: Job) -> dict[str, Any]:
    """The job as it is answered."""
    return {name: value for name, value in job.info.items() if not name.startswith("_")}


def job_error(message: str, code: str = "INVALIDJOB") -> ApiError:
    """400 for a wrong job request."""
    return ApiError(400, code, message)
