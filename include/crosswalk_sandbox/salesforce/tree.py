"""sObject tree: records with their children, all or nothing (Salesforce §7.3)."""

from __future__ import annotations

from typing import Any

from .calls import Call, Reply
from .crud import find_object, writer_for
from .errors import ApiError, RowError, json_error
from .records import Writer
from .schema import SObject

MOST_RECORDS = 200
MOST_TYPES = 5
MOST_LEVELS = 5

Row = dict[str, Any]


class _Undo(Exception):
    """Ends the transaction after a refused record."""


class _Planting:
    """One tree on its way in."""

    def __init__(self, call: Call, writer: Writer) -> None:
        self.call = call
        self.writer = writer
        self.results: list[Row] = []
        self.errors: list[Row] = []
        self.kinds: set[str] = set()
        self.names: set[str] = set()

    def plant(self, sobject: SObject, records: Any, link: tuple[str, str] | None, level: int) -> None:
        """Creates records and what hangs below them."""
        if not isinstance(records, list):
            raise json_error("The records array is required")
        self.kinds.add(sobject.name)
        if level > MOST_LEVELS or len(self.kinds) > MOST_TYPES:
            raise ApiError(400, "INVALID_INPUT", f"At most {MOST_LEVELS} levels and {MOST_TYPES} types in a tree")
        for record in records:
            self._one(sobject, record, link, level)

    def _one(self, sobject: SObject, record: Row, link: tuple[str, str] | None, level: int) -> None:
        name = (record.get("attributes") or {}).get("referenceId")
        if not name or name in self.names:
            raise ApiError(400, "INVALID_INPUT", "Every record needs a unique referenceId in its attributes")
        self.names.add(name)
        if len(self.names) > MOST_RECORDS:
            raise ApiError(400, "INVALID_INPUT", f"Too many records: the limit is {MOST_RECORDS}")
        below = {key: value for key, value in record.items() if isinstance(value, dict) and "records" in value}
        values = {key: value for key, value in record.items() if key not in below}
        if link is not None:
            values[link[0]] = link[1]
        try:
            own = self.writer.create(sobject, values)
        except RowError as error:
            self.errors.append({"referenceId": name, "errors": error.rows()})
            return
        self.results.append({"referenceId": name, "id": own})
        for key, value in below.items():
            child = sobject.child(key)
            if child is None:
                raise ApiError(400, "INVALID_FIELD", f"No such column '{key}' on sobject of type {sobject.name}")
            self.plant(
                self.call.org.schema.objects[child.child.lower()], value["records"], (child.field.name, own), level + 1
            )


def create_tree(call: Call, name: str) -> Reply:
    """``POST /composite/tree/{Obj}``: 201, or 400 and nothing saved."""
    sobject = find_object(call, name)
    planting = _Planting(call, writer_for(call))
    body = call.object()
    try:
        with call.org.store.writing(), call.org.store.savepoint():
            planting.plant(sobject, body.get("records"), None, 1)
            if planting.errors:
                raise _Undo
    except _Undo:
        return Reply(400, {"hasErrors": True, "results": planting.errors})
    return Reply(201, {"hasErrors": False, "results": planting.results})
