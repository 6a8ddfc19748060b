"""Batches of a hundred: partial success is 207, a create is all or nothing (HubSpot §9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from crosswalk_sandbox.hubspot import moments
from crosswalk_sandbox.hubspot.account import Account
from crosswalk_sandbox.hubspot.calls import Call, Reply, Routes
from crosswalk_sandbox.hubspot.errors import Refusal, missing, validation
from crosswalk_sandbox.hubspot.schema.types import ObjectType
from crosswalk_sandbox.hubspot.store import ALIVE, ARCHIVED, Record

from .render import Renderer, whole
from .service import Records, Written

_BASE: Final = "/crm/v3/objects/{name}/batch"
Step = Callable[[Mapping[str, Any]], Written]


def finished(
    account: Account, started: int, results: list[Any], errors: list[dict[str, Any]], edition: str, status: int = 200
) -> Reply:
    """A batch's answer: 207 once there are errors; version 2026-09 may keep its status (§1)."""
    body: dict[str, Any] = {
        "status": "COMPLETE", "results": results, "startedAt": moments.iso(started), "completedAt": moments.iso(account.store.now()),
    }  # fmt: skip
    if not errors:
        return Reply(status, body)
    kept = edition >= "2026-09" and account.options.partial_2026_09 == "200"
    return Reply(status if kept else 207, {**body, "numErrors": len(errors), "errors": errors})


class Batches:
    """The five batch calls of every type."""

    def __init__(self, account: Account, records: Records) -> None:
        self._account = account
        self._records = records
        self._store = account.store

    def routes(self, routes: Routes) -> None:
        """Add the endpoints."""
        for word, handler in (
            ("create", self.create), ("read", self.read), ("update", self.update), ("upsert", self.upsert), ("archive", self.archive),
        ):  # fmt: skip
            routes.add("POST", f"{_BASE}/{word}", handler)

    def create(self, call: Call, name: str) -> Reply:
        """New records: the first fault fails all, unless every input has a trace id of its own."""
        kind, inputs = self._account.kind(name), call.inputs()

        def make(item: Mapping[str, Any]) -> Written:
            return self._records.create(kind, item, call.caller, call.edition)

        if _traced(inputs):
            return self._each(call, kind, inputs, make, status=201)
        started = self._store.now()
        with self._store.write():
            written = [make(item) for item in inputs]
        return finished(
            self._account,
            started,
            [self._shown(kind, one, item) for one, item in _mixed(written, inputs)],
            [],
            call.edition,
            201,
        )

    def update(self, call: Call, name: str) -> Reply:
        """Changes by id or unique property; merged-away ids are missing from the results without a word (§9)."""
        kind, inputs = self._account.kind(name), call.inputs()
        started = self._store.now()
        wanted = [(item, self._named(kind, item)) for item in inputs]
        present = [(item, record) for item, record in wanted if isinstance(record, Record)]
        absent = [str(item.get("id")) for item, record in wanted if record is None]

        def change(record: Record, item: Mapping[str, Any]) -> Written:
            return self._records.update(kind, record, item.get("properties"), call.caller, call.edition)

        results: list[Any] = []
        errors: list[dict[str, Any]] = []
        if _traced(inputs):
            with self._store.write():
                for item, record in present:
                    self._try(kind, item, partial(change, record), results, errors)
        else:
            with self._store.write():
                results = [self._shown(kind, change(record, item), item) for item, record in present]
        if absent:
            errors.append(self._absent(kind, absent))
        return finished(self._account, started, results[::-1], errors, call.edition)

    def upsert(self, call: Call, name: str) -> Reply:
        """Create or change by a unique property; two inputs for one record fail the batch (§9)."""
        kind, inputs = self._account.kind(name), call.inputs()
        seen: set[tuple[str, str]] = set()
        for item in inputs:
            word, key = str(item.get("idProperty") or "hs_object_id"), _key(item)
            if not self._account.unique_property(kind, word):
                raise validation(f"Unable to perform update/upsert by non-unique {kind.id} property {word}")
            folded = key.strip().lower() if word == "email" else key
            if (word, folded) in seen:
                raise validation(f"Duplicate IDs found in batch input: [{key}]. IDs must be unique", ids=[key])
            seen.add((word, folded))

        def put(item: Mapping[str, Any]) -> Written:
            word, key = str(item.get("idProperty") or "hs_object_id"), str(item.get("id", ""))
            found = self._named(kind, item)
            if isinstance(found, Record):
                return self._records.update(kind, found, item.get("properties"), call.caller, call.edition)
            if word == "hs_object_id":
                raise missing(f"{kind.upper} {key} does not exist", ids=[key])
            given = {word: key, **(item.get("properties") or {})}
            return self._records.create(kind, {"properties": given}, call.caller, call.edition)

        if _traced(inputs):
            return self._each(call, kind, inputs, put, new=True)
        started = self._store.now()
        with self._store.write():
            written = [put(item) for item in inputs]
        results = [self._shown(kind, one, item, new=True) for one, item in _mixed(written, inputs)]
        return finished(self._account, started, results, [], call.edition)

    def read(self, call: Call, name: str) -> Reply:
        """Records by id or unique property; what is missing is told in one error (§9)."""
        kind, inputs, body = self._account.kind(name), call.inputs(), call.object()
        word = str(body.get("idProperty") or "")
        if word and not self._account.unique_property(kind, word):
            raise validation(f"Property {word} is not a unique property of {kind.id}", idProperty=[word])
        state = ARCHIVED if call.flag("archived") else ALIVE
        started = self._store.now()
        keys = list(dict.fromkeys(str(item.get("id", "")) for item in inputs))
        found = self._by_keys(kind, word, keys, state)
        renderer = Renderer(self._account, kind, _names(body, "properties"), _names(body, "propertiesWithHistory"))
        unique = {record.id: record for record in found.values()}
        results = [renderer.show(unique[ident]) for ident in sorted(unique)]
        absent = [key for key in keys if key not in found]
        return finished(self._account, started, results, [self._absent(kind, absent)] if absent else [], call.edition)

    def archive(self, call: Call, name: str) -> Reply:
        """204, whatever is there or not."""
        kind = self._account.kind(name)
        with self._store.write():
            for record in self._by_keys(kind, "", [str(item.get("id", "")) for item in call.inputs()], ALIVE).values():
                self._records.archive(kind, record, call.caller)
        return Reply(204)

    # inside

    def _each(
        self,
        call: Call,
        kind: ObjectType,
        inputs: list[dict[str, Any]],
        step: Step,
        *,
        status: int = 200,
        new: bool = False,
    ) -> Reply:
        started = self._store.now()
        results: list[Any] = []
        errors: list[dict[str, Any]] = []
        with self._store.write():
            for item in inputs:
                self._try(kind, item, step, results, errors, new=new)
        return finished(self._account, started, results[::-1], errors, call.edition, status)

    def _try(
        self,
        kind: ObjectType,
        item: Mapping[str, Any],
        step: Step,
        results: list[Any],
        errors: list[dict[str, Any]],
        *,
        new: bool = False,
    ) -> None:
        try:
            with self._store.savepoint():
                written = step(item)
        except Refusal as refusal:
            errors.append(refusal.entry(objectWriteTraceId=[str(item["objectWriteTraceId"])]))
        else:
            results.append(self._shown(kind, written, item, new=new))

    def _shown(
        self, kind: ObjectType, written: Written, item: Mapping[str, Any], *, new: bool = False
    ) -> dict[str, Any]:
        shown = whole(self._account, kind, written.record, None if written.new else sorted(written.touched))
        if new:
            shown["new"] = written.new
        if item.get("objectWriteTraceId") is not None:
            shown["objectWriteTraceId"] = str(item["objectWriteTraceId"])
        if written.warnings:
            shown["warnings"] = written.warnings
        return shown

    def _named(self, kind: ObjectType, item: Mapping[str, Any]) -> Record | str | None:
        """The record an input names; ``"merged"`` for an id that was merged away, None for an unknown one."""
        word, key = str(item.get("idProperty") or ""), _key(item)
        if word and word != "hs_object_id":
            if not self._account.unique_property(kind, word):
                raise validation(f"Unable to perform update/upsert by non-unique {kind.id} property {word}")
            ident = self._records.holder(kind, word, key)
        else:
            ident = int(key) if key.isdigit() else None
        if ident is None:
            return None
        if self._store.value("SELECT 1 FROM alias WHERE id = ?", (ident,)):
            return "merged"
        record = self._store.record(ident)
        return record if record is not None and record.type == kind.id and record.state == ALIVE else None

    def _by_keys(self, kind: ObjectType, word: str, keys: list[str], state: int) -> dict[str, Record]:
        if word and word != "hs_object_id":
            idents = {key: ident for key in keys if (ident := self._records.holder(kind, word, key)) is not None}
        else:
            idents = {key: int(key) for key in keys if key.isdigit() and len(key) < 19}
        records = self._store.records(kind.id, idents.values())
        return {
            key: records[ident] for key, ident in idents.items() if ident in records and records[ident].state == state
        }

    def _absent(self, kind: ObjectType, idents: list[str]) -> dict[str, Any]:
        name = kind.upper if kind.schema is None else kind.id
        text = f"Could not get some {name} objects, they may be deleted or not exist. Check that ids are valid."
        return missing(text, ids=idents).entry()


def _key(item: Mapping[str, Any]) -> str:
    """What an input is named by. Raises Refusal 400 where it says nothing."""
    if item.get("id") in (None, ""):
        raise validation("Invalid input: required field 'id' is missing")
    return str(item["id"])


def _traced(inputs: list[dict[str, Any]]) -> bool:
    """Whether every input has a trace id of its own (§9)."""
    traces = [item.get("objectWriteTraceId") for item in inputs]
    return bool(traces) and all(traces) and len(set(map(str, traces))) == len(traces)


def _mixed(written: list[Written], inputs: list[dict[str, Any]]) -> list[tuple[Written, dict[str, Any]]]:
    """Results in another order than the inputs: nobody may count on it (§9)."""
    return list(zip(written, inputs, strict=True))[::-1]


def _names(body: Mapping[str, Any], key: str) -> list[str]:
    found = body.get(key)
    return [str(name) for name in found] if isinstance(found, list) else []
