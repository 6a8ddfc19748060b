"""Rows of a bulk job into the store, a chunk a transaction; the same for Bulk 1.0 and 2.0."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .collections import upsert_row
from .errors import RowError
from .fields import record_id
from .org import Org
from .records import Writer
from .schema import Field, SObject

CHUNK = 200
OPERATIONS = frozenset({"insert", "update", "upsert", "delete", "hardDelete"})


@dataclass(slots=True)
class Outcome:
    """What became of one row."""

    id: str = ""
    created: bool = False
    error: RowError | None = None


@dataclass(slots=True)
class Ingest:
    """One job's way of writing: operation, sObject, external id field."""

    org: Org
    user_id: str
    operation: str
    sobject: SObject
    external: Field | None = None
    csv: bool = True
    _seen: set[Any] = field(default_factory=set)

    def run(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Outcome]:
        """Writes the rows in chunks of 200, as triggers see them (§8.1); yields an outcome for each, in order."""
        for start in range(0, len(rows), CHUNK):
            with self.org.store.writing():
                writer = Writer(self.org, self.user_id)
                self._seen.clear()
                outcomes = [self._one(writer, dict(row)) for row in rows[start : start + CHUNK]]
            yield from outcomes

    def _one(self, writer: Writer, row: dict[str, Any]) -> Outcome:
        try:
            self.org.mishaps.strike()
            return self._write(writer, row)
        except RowError as error:
            if error.entries[0][0] == "NOT_FOUND":
                error = RowError("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            return Outcome(error=error)

    def _write(self, writer: Writer, row: dict[str, Any]) -> Outcome:
        if self.operation == "insert":
            return Outcome(writer.create(self.sobject, row, csv=self.csv), True)
        if self.operation == "upsert":
            assert self.external is not None
            if not self.csv:
                row.setdefault("attributes", {"type": self.sobject.name})
            result = upsert_row(writer, self.sobject, self.external, row, self._seen, csv=self.csv)
            return Outcome(result["id"], result["created"])
        own = next((value for name, value in row.items() if name.lower() == "id"), None)
        if not own:
            raise RowError("MISSING_ARGUMENT", "Id not specified in an update call", ["Id"])
        if self.operation == "update":
            values = {name: value for name, value in row.items() if name.lower() != "id"}
            return Outcome(writer.update(self.sobject, own, values, csv=self.csv))
        record_id(self.sobject, own)
        return Outcome(writer.delete(self.sobject, own, hard=self.operation == "hardDelete"))


def check_header(ingest: Ingest, header: Sequence[str]) -> str | None:
    """The job's error message when the columns do not fit the operation, else None."""
    hidden = ingest.org.access.rights(ingest.user_id).hidden
    if ingest.operation in ("delete", "hardDelete"):
        alone = [name.lower() for name in header] == ["id"]
        return None if alone else f"InvalidBatch : The '{ingest.operation}' batch must contain only ids"
    for name in header:
        relationship, dot, _ = name.partition(".")
        if dot:
            if ingest.sobject.parent(relationship.split(":")[-1]) is None:
                return f"InvalidBatch : Field name not found : {name}"
            continue
        found = ingest.sobject.get(name)
        if found is None or (ingest.sobject.name.lower(), found.name.lower()) in hidden:
            return f"InvalidBatch : Field name not found : {name}"
    if ingest.external is not None and ingest.external.name.lower() not in {name.lower() for name in header}:
        return f"InvalidBatch : Field name not found : {ingest.external.name}"
    return None
