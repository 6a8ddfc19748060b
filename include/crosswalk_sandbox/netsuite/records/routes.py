"""Which request of the record service is which (NetSuite §1, §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crosswalk_sandbox.netsuite.errors import method_not_allowed, unknown_url

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.exchange import Answer, Call
    from crosswalk_sandbox.netsuite.jobs import Jobs
    from crosswalk_sandbox.netsuite.metadata import Metadata
    from crosswalk_sandbox.netsuite.records.forms import Forms
    from crosswalk_sandbox.netsuite.records.relations import Relations
    from crosswalk_sandbox.netsuite.records.service import Records
    from crosswalk_sandbox.netsuite.schema.language import RecordType


class RecordRoutes:
    """Sends record requests to their handlers; asynchronous ones to the jobs."""

    def __init__(self, records: Records, metadata: Metadata, forms: Forms, relations: Relations, jobs: Jobs) -> None:
        self._records = records
        self._metadata = metadata
        self._forms = forms
        self._relations = relations
        self._jobs = jobs

    def serve(self, call: Call) -> Answer:
        """``/services/rest/record/v1/…``; ``Prefer: respond-async`` makes it a job (NetSuite §9)."""
        parts = call.segments[4:]
        if not parts:
            raise unknown_url(call.path)
        if parts[0].lower() == "metadata-catalog":
            return self._metadata.serve(call, parts[1:])
        if call.prefers("respond-async"):
            return self._jobs.submit(call)
        return self.now(call)

    def now(self, call: Call) -> Answer:
        """The answer to a record request, computed at once."""
        parts = call.segments[4:]
        kind = self._records.type_of(call)
        form = self._forms.serve(call, kind, parts)
        if form is not None:
            return form
        match len(parts):
            case 1:
                return self._collection(call, kind)
            case 2:
                return self._single(call, kind, parts[1])
            case _ if parts[2].startswith("!"):
                return self._operation(call, kind, parts)
            case _:
                return self._records.subresource(call, kind, parts[1], parts[2:])

    def _collection(self, call: Call, kind: RecordType) -> Answer:
        if call.method == "GET" and call.flag("expandRecords"):
            return self._jobs.refuse_synchronous_batch()
        if call.method == "GET":
            return self._records.list(call, kind)
        if call.method == "POST" and "type=collection" not in call.header("content-type"):
            return self._records.create(call, kind)
        if call.method in ("POST", "PATCH", "PUT", "DELETE"):
            return self._jobs.refuse_synchronous_batch()
        raise method_not_allowed(call.method)

    def _single(self, call: Call, kind: RecordType, ident: str) -> Answer:
        match call.method:
            case "GET":
                return self._records.get(call, kind, ident)
            case "PATCH":
                return self._records.update(call, kind, ident)
            case "PUT":
                return self._records.upsert(call, kind, ident)
            case "DELETE":
                return self._records.delete(call, kind, ident)
            case _:
                raise method_not_allowed(call.method)

    def _operation(self, call: Call, kind: RecordType, parts: tuple[str, ...]) -> Answer:
        match parts[2], parts[3:]:
            case "!transform", (target,):
                return self._records.transform(call, kind, parts[1], target)
            case "!attach" | "!detach", (what, ident):
                return self._relations.serve(call, kind, parts[1], parts[2], what, ident)
            case "!action", (name,):
                return self._relations.action(call, kind, parts[1], name)
            case _:
                raise unknown_url(call.path)
