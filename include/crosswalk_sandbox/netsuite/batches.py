"""Record batches: one asynchronous request for up to 100 records of a type (NetSuite §9)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode

import orjson

from crosswalk_sandbox.netsuite.errors import Refusal, invalid_content, invalid_parameter, method_not_allowed
from crosswalk_sandbox.netsuite.exchange import Call

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.options import Options

_MOST_RECORDS: Final = 100
_BATCH_ONLY: Final = frozenset({"ids", "expandRecords"})
_KEPT_HEADERS: Final = (
    "x-netsuite-propertynamevalidation",
    "x-netsuite-propertyvaluevalidation",
    "content-type",
    "accept",
)


class Batches:
    """Takes batches apart."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def requests(self, call: Call) -> list[Call]:
        """The single requests that an asynchronous request stands for: one, or one for each record of a batch."""
        plain = replace(call, headers={name: value for name, value in call.headers.items() if name in _KEPT_HEADERS})
        if len(call.segments) != 5:
            return [plain]
        is_collection = "type=collection" in call.header("content-type")
        if call.method == "GET" and call.flag("expandRecords"):
            return [self._with_id(plain, ident) for ident in self._ids(call)]
        if call.method == "DELETE":
            return [self._with_id(plain, ident) for ident in self._ids(call)]
        if call.method in ("PATCH", "PUT") or (call.method == "POST" and is_collection):
            if not is_collection:
                raise Refusal(415, "UNSUPPORTED_MEDIA_TYPE", "Batch operations need the media type"
                              " application/vnd.oracle.resource+json; type=collection.")  # fmt: skip
            return [self._with_body(plain, item, place) for place, item in enumerate(self._items(call))]
        return [plain]

    def _ids(self, call: Call) -> list[str]:
        given = call.query.get("ids", "")
        found = [(quoted or bare).strip() for quoted, bare in re.findall(r"((?:eid:)?'[^']*')|([^,]+)", given)]
        ids = [ident.replace("'", "") for ident in found if ident]
        return self._bounded(ids, "ids")

    def _items(self, call: Call) -> list[dict[str, Any]]:
        items = call.json().get("items")
        if not isinstance(items, list) or any(not isinstance(item, dict) for item in items):
            raise invalid_content("Invalid content in the request body. A batch needs 'items'.", "items")
        return self._bounded(items, "items")

    def _bounded(self, items: list[Any], name: str) -> list[Any]:
        if not self._options.has_batches:
            raise method_not_allowed("batch")
        if not 1 <= len(items) <= _MOST_RECORDS:
            raise invalid_parameter(name, f"A batch holds 1 to {_MOST_RECORDS} records.", "INVALID_REQUEST")
        return items

    def _with_id(self, call: Call, ident: str) -> Call:
        query = urlencode([pair for pair in parse_qsl(call.raw_query) if pair[0] not in _BATCH_ONLY])
        return self._to_record(call, ident, b"", query)

    def _with_body(self, call: Call, item: dict[str, Any], place: int) -> Call:
        body = orjson.dumps(item)
        if call.method == "POST":
            headers = {**call.headers, "content-type": "application/json"}
            return replace(call, body=body, headers=headers)
        ident, external = item.get("id"), item.get("externalId")
        if call.method == "PUT":
            ident = None
        if ident is None and external is None:
            raise invalid_content("Each record of the batch needs an ID.", f"items[{place}]")
        return self._to_record(call, str(ident) if ident is not None else f"eid:{external}", body, call.raw_query)

    def _to_record(self, call: Call, ident: str, body: bytes, query: str) -> Call:
        segments = (*call.segments, ident)
        headers = {**call.headers, "content-type": "application/json"}
        return replace(
            call,
            segments=segments,
            path=f"{call.path.rstrip('/')}/{ident}",
            body=body,
            raw_query=query,
            headers=headers,
        )
