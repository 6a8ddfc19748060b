"""A small HubSpot account on a real socket, built from the shapes the platform page records: what the connector asks, and no more.

Records are kept as they are; the search index is another view, whose entries come late (`lag` of each save). What is asked in a way
that the page refuses fails an assertion here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from crosswalk.connectors.hubspot import HubSpotConnector, connect
from crosswalk.connectors.settings import ConnectionSettings
from tests.connectors.loopback import Received, Reply, Server, serving

TOKEN = "pat-na1-00000000-aaaa-bbbb-cccc-000000000001"
MODIFIED = {"contacts": "lastmodifieddate"}
UNIQUE = "erp_key"
Row = dict[str, Any]
Fault = Callable[[Received], Reply | None]


def iso(instant: datetime) -> str:
    """An instant as answers tell it: milliseconds, or none where they are zero (§4)."""
    text = f"{instant:%Y-%m-%dT%H:%M:%S}"
    return f"{text}Z" if not instant.microsecond else f"{text}.{instant.microsecond // 1000:03d}Z"


@dataclass
class Record:
    """One record; ``entries`` are what the search index shows of it: from when on, with which stamp, or that it is gone (None)."""

    key: str
    properties: dict[str, str | None]
    stamp: datetime
    archived: datetime | None = None
    forgotten: bool = False
    entries: list[tuple[datetime, datetime | None]] = field(default_factory=list)

    def indexed(self, now: datetime) -> datetime | None:
        shown = [stamp for since, stamp in self.entries if since <= now]
        return shown[-1] if shown else None


@dataclass
class Portal:
    """The account. ``now`` is its clock, ``faults`` answer in place of it."""

    now: datetime = datetime(2031, 6, 10, 9, 30, tzinfo=UTC)
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    associations: dict[tuple[str, str], dict[str, list[Row]]] = field(default_factory=dict)
    definitions: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    access: str = TOKEN
    account: Row = field(
        default_factory=lambda: {
            "portalId": 1,
            "timeZone": "America/New_York",
            "companyCurrency": "USD",
            "additionalCurrencies": ["EUR"],
        }
    )
    events: list[Row] = field(default_factory=list)
    number: int = 100

    # --- what happens in it ------------------------------------------------------------------------

    def save(self, native: str, key: str | None = None, lag: timedelta = timedelta(), **properties: str | None) -> str:
        """Create or change a record; the index shows it after ``lag``."""
        if key is None:
            self.number += 1
            key = str(self.number)
        rows = self.records.setdefault(native, {})
        record = rows.setdefault(key, Record(key, {}, self.now))
        record.properties |= properties
        record.stamp = self.now
        record.entries.append((self.now + lag, self.now))
        return key

    def archive(self, native: str, key: str, lag: timedelta = timedelta()) -> None:
        record = self.records[native][key]
        record.archived = self.now
        record.entries.append((self.now + lag, None))

    def restore(self, native: str, key: str) -> None:
        """Take a record out of the bin: its stamp stays what it was."""
        record = self.records[native][key]
        record.archived = None
        record.entries.append((self.now, record.stamp))

    def merge(self, native: str, primary: str, other: str) -> str:
        """A new record with the primary's values takes the place of both (§11)."""
        rows = self.records[native]
        merged = [
            part
            for key in (primary, other)
            for part in [*(rows[key].properties.get("hs_merged_object_ids") or "").split(";"), key]
            if part
        ]
        values = {**rows[primary].properties, "hs_merged_object_ids": ";".join(merged)}
        for key in (primary, other):
            self.forget(native, key)
        return self.save(native, None, **values)

    def forget(self, native: str, key: str) -> None:
        """Delete for good: neither list nor bin has it any more."""
        self.records[native][key].forgotten = True
        self.records[native][key].entries.append((self.now, None))

    def associate(self, left: str, key: str, right: str, to: str, *types: int, label: str | None = None) -> None:
        told = [{"category": "HUBSPOT_DEFINED", "typeId": number, "label": label} for number in types]
        self.associations.setdefault((left, right), {}).setdefault(key, []).append(
            {"toObjectId": int(to), "associationTypes": told}
        )

    def _part(self, left: str, key: str, right: str, to: str, numbers: set[int]) -> None:
        """Take these types off a pair, all of them without any."""
        ends = self.associations.get((left, right), {}).get(key, [])
        for end in [one for one in ends if str(one["toObjectId"]) == to]:
            end["associationTypes"] = [
                one for one in end["associationTypes"] if numbers and one["typeId"] not in numbers
            ]
            if not end["associationTypes"]:
                ends.remove(end)

    # --- HTTP --------------------------------------------------------------------------------------

    def handle(self, request: Received) -> Reply:
        self.calls.append(f"{request.method} {request.path}")
        self.bodies.append(
            json.loads(request.body)
            if request.headers.get("content-type", "").startswith("application/json") and request.body
            else None
        )
        reply = next((found for fault in self.faults if (found := fault(request))), None) or self._route(request)
        headers = {
            "Content-Type": "application/json;charset=utf-8",
            "Date": format_datetime(self.now, usegmt=True),
            **reply.headers,
        }
        return Reply(reply.status, reply.body, headers, reply.cut, reply.reset)

    def _route(self, request: Received) -> Reply:
        path, query = (
            re.sub(r"/(v3|v4|2026-03)(?=/|$)", "", request.path.rstrip("/")),
            parse_qs(urlsplit(request.target).query),
        )
        if path == "/oauth/token":
            self.access = f"access-{len(self.calls)}"
            return told(
                {"access_token": self.access, "refresh_token": "refresh-2", "expires_in": 1800, "token_type": "bearer"}
            )
        if request.headers.get("authorization") != f"Bearer {self.access}":
            return refusal(
                401, "EXPIRED_AUTHENTICATION", "The OAuth token used to make this call expired 3 second(s) ago."
            )
        parts = path.split("/")[2:]
        if path == "/account-info/details":
            return told(self.account)
        if path == "/integrators/timeline/events":
            return self._event(request.json())
        match parts:
            case ["objects", native]:
                return self._list(native, {name: ",".join(values) for name, values in query.items()})
            case ["objects", native, "search"]:
                return self._search(native, request.json())
            case ["objects", native, "batch", verb]:
                return getattr(self, f"_batch_{verb}")(native, request.json())
            case ["associations", left, right, "batch", "read"]:
                return self._ends(left, right, request.json()["inputs"])
            case ["associations", left, right, "batch", "create"]:
                for one in request.json()["inputs"]:
                    numbers = [kind["associationTypeId"] for kind in one["types"]]
                    self.associate(left, one["from"]["id"], right, one["to"]["id"], *numbers)
                return told({"results": []}, 201)
            case ["associations", left, right, "batch", *how, "archive"]:
                for one in request.json()["inputs"]:
                    for to in [one["to"]] if how else one["to"]:
                        self._part(
                            left,
                            one["from"]["id"],
                            right,
                            to["id"],
                            {kind["associationTypeId"] for kind in one.get("types", ())},
                        )
                return Reply(204, b"")
            case ["owners"]:
                former = query.get("archived") == ["true"]
                owner = (
                    {"id": "8", "firstName": "Lea", "lastName": "Left", "email": "l@x.y"}
                    if former
                    else {"id": "7", "firstName": "Ada", "lastName": "Owns", "email": "a@x.y"}
                )
                return told({"results": [owner]})
            case ["pipelines", _]:
                metadata = {"isClosed": "true", "probability": "1.0"}
                return told(
                    {"results": [{"id": "default", "stages": [{"id": "55", "label": "Won it", "metadata": metadata}]}]}
                )
            case ["properties", native]:
                return self._define(native, request)
            case ["properties", native, "groups"]:
                return (
                    refusal(409, "OBJECT_ALREADY_EXISTS", "There is such a group.")
                    if "groups" in self.definitions
                    else self._group(native)
                )
        raise AssertionError(f"the portal knows no {request.method} {request.path}")

    def _row(self, native: str, record: Record, wanted: list[str]) -> Row:
        modified = MODIFIED.get(native, "hs_lastmodifieddate")
        properties = {name: record.properties.get(name) for name in wanted}
        properties |= {"hs_object_id": record.key, modified: iso(record.stamp)}
        row = {
            "id": record.key,
            "properties": properties,
            "updatedAt": iso(record.stamp),
            "createdAt": iso(record.stamp),
            "archived": bool(record.archived),
        }
        return row | ({"archivedAt": iso(record.archived)} if record.archived else {})

    def _of(self, native: str) -> list[Record]:
        return sorted(
            (one for one in self.records.get(native, {}).values() if not one.forgotten), key=lambda one: int(one.key)
        )

    def _list(self, native: str, query: Mapping[str, str]) -> Reply:
        right = [name for name in query.get("associations", "").split(",") if name]
        limit, archived = int(query["limit"]), query.get("archived") == "true"
        assert limit <= 100
        rows = [
            one
            for one in self._of(native)
            if bool(one.archived) == archived and int(one.key) >= int(query.get("after", "0"))
        ]
        shown = [self._row(native, one, query.get("properties", "").split(",")) for one in rows[:limit]]
        for row in shown:
            found = {name: self.associations.get((native, name), {}).get(row["id"], []) for name in right}
            inline = {
                name: {"results": [{"id": str(end["toObjectId"]), "type": "x"} for end in ends for _ in range(2)]}
                for name, ends in found.items()
                if ends
            }
            row |= {"associations": inline} if inline else {}
        paging = {"paging": {"next": {"after": rows[limit].key}}} if len(rows) > limit else {}
        return told({"results": shown, **paging})

    def _search(self, native: str, body: Row) -> Reply:
        assert body["limit"] <= 200
        assert len(body["sorts"]) == 1
        (filters,) = (group["filters"] for group in body["filterGroups"])
        rows = []
        for record in self.records.get(native, {}).values():
            entry = record.indexed(self.now)  # matched as the index knows it, shown as it is now (§10)
            if entry is not None and not record.forgotten and all(_matches(one, record.key, entry) for one in filters):
                rows.append(record)
        rows.sort(key=lambda one: int(one.key))
        shown = [self._row(native, one, body["properties"]) for one in rows[: body["limit"]]]
        paging = {"paging": {"next": {"after": str(body["limit"])}}} if len(rows) > body["limit"] else {}
        return told({"total": len(rows), "results": list(reversed(shown)), **paging})

    def _ends(self, left: str, right: str, inputs: list[Row]) -> Reply:
        assert len(inputs) <= 1_000
        held = self.associations.get((left, right), {})
        results = []
        for one in inputs:
            ends, start = held.get(one["id"], []), int(one.get("after", "0"))
            paging = {"paging": {"next": {"after": str(start + 2)}}} if len(ends) > start + 2 else {}
            results += [{"from": {"id": one["id"]}, "to": ends[start : start + 2], **paging}] if ends else []
        errors = [
            {"category": "OBJECT_NOT_FOUND", "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND", "message": "none"}
        ]
        return told({"results": results, "errors": errors, "numErrors": 1}, 207 if len(results) < len(inputs) else 200)

    # --- batches -----------------------------------------------------------------------------------

    def _batch_read(self, native: str, body: Row) -> Reply:
        assert len(body["inputs"]) <= 100
        by, wanted = body.get("idProperty"), {one["id"] for one in body["inputs"]}
        alive = [one for one in self._of(native) if not one.archived]
        found = [one for one in alive if (one.properties.get(by) if by else one.key) in wanted]
        return told({"results": [self._row(native, one, body["properties"]) for one in found]})

    def _batch_create(self, native: str, body: Row) -> Reply:
        return self._batch(native, body, self._created)

    def _batch_update(self, native: str, body: Row) -> Reply:
        return self._batch(native, body, self._updated)

    def _batch(self, native: str, body: Row, do: Callable[[str, Row], Row | None]) -> Reply:
        assert len(body["inputs"]) <= 100
        traces = [one["objectWriteTraceId"] for one in body["inputs"]]
        assert len(traces) == len(set(traces)), "trace ids differ, or the first error fails all (§9)"
        results: list[Row] = []
        errors: list[Row] = []
        for one in body["inputs"]:
            assert None not in one["properties"].values(), "null changes nothing (§7)"
            done = do(native, one)
            if done is not None:
                (errors if "message" in done else results).append(done)
        status = 207 if errors else 201 if do == self._created else 200
        return told(
            {"status": "COMPLETE", "results": results[::-1], "errors": errors, "numErrors": len(errors)}, status
        )

    def _created(self, native: str, one: Row) -> Row:
        trace = one["objectWriteTraceId"]
        if one["properties"].get("bad"):
            return {"category": "VALIDATION_ERROR", "message": "Property values were not valid", "context": {"objectWriteTraceId": [trace]},
                    "errors": [{"message": 'Property "bad" does not exist', "code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["bad"]}}]}  # fmt: skip
        taken = next(
            (other for other in self._of(native) if other.properties.get(UNIQUE) == one["properties"].get(UNIQUE)), None
        )
        if taken is not None:
            return {"category": "VALIDATION_ERROR", "message": f"Cannot set it. {taken.key} already has that value", "context": {"objectWriteTraceId": [trace]}}  # fmt: skip
        key = self.save(native, None, **one["properties"])
        for end in one.get("associations", []):
            self.associate(
                native, key, "linked", end["to"]["id"], *(kind["associationTypeId"] for kind in end["types"])
            )
        return {**self._row(native, self.records[native][key], []), "objectWriteTraceId": trace}

    def _updated(self, native: str, one: Row) -> Row | None:
        record = self.records[native].get(one["id"])
        if record is None or record.forgotten or record.archived:
            return None  # a merged id is missing from results without an error (§9)
        self.save(native, one["id"], **one["properties"])
        return {**self._row(native, record, []), "objectWriteTraceId": one["objectWriteTraceId"]}

    # --- the rest ----------------------------------------------------------------------------------

    def _define(self, native: str, request: Received) -> Reply:
        known = self.definitions.setdefault(native, [])
        if request.method == "GET":
            return told({"results": known})
        body = request.json()
        if any(one["name"] == body["name"] for one in known):
            return refusal(409, "OBJECT_ALREADY_EXISTS", "There is such a property.")
        known.append(body)
        return told(body, 201)

    def _group(self, native: str) -> Reply:
        self.definitions["groups"] = [{"name": native}]
        return told({"name": "crosswalk"}, 201)

    def _event(self, body: Row) -> Reply:
        if any(one["id"] == body["id"] for one in self.events):
            return refusal(409, "CONFLICT", "There is such an event.")
        self.events.append(body)
        return told(body, 201)


def _matches(one: Row, key: str, stamp: datetime) -> bool:
    value = int(one["value"])
    held = int(key) if one["propertyName"] == "hs_object_id" else int(stamp.timestamp() * 1000)
    return {"GTE": held >= value, "GT": held > value, "LT": held < value}[one["operator"]]


def told(payload: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(payload).encode())


def refusal(status: int, category: str, message: str, **more: object) -> Reply:
    """An error as HubSpot sends it (§5)."""
    return told({"status": "error", "message": message, "correlationId": "c", "category": category, **more}, status)


@contextmanager
def running(
    portal: Portal, *, read_only: bool = False, extra: Mapping[str, str] | None = None, **options: object
) -> Iterator[tuple[HubSpotConnector, Server]]:
    """Serve the account and connect to it with its token, or with ``extra``."""
    waits: list[float] = []
    chosen: dict[str, object] = {"sleep": waits.append, **options}
    with serving(portal.handle) as server:
        settings = ConnectionSettings(
            extra={"base_url": server.url, **(extra if extra is not None else {"access_token": TOKEN})}
        )
        connector = connect(settings, read_only=read_only, options=chosen)
        yield connector, server
