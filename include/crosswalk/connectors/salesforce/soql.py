"""SOQL for a selection: what to ask, from where on, in which order (Salesforce §5, §11)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from crosswalk.connectors.salesforce.client import LONGEST_QUERY, encoded
from crosswalk.connectors.salesforce.values import DELETED, ID, STAMP
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import NativeRecord, Selection

_NAME = re.compile(r"[A-Za-z]\w*")
_PATH = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*){0,5}")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
_NEVER_DELETED = frozenset({"user", "opportunitystage", "orderstatus", "organization"})  # objects without IsDeleted


@dataclass(frozen=True, slots=True)
class Plan:
    """One pull's query. ``since`` is None for a full load, which asks for living records only and pages by Id."""

    selection: Selection
    since: datetime | None

    @property
    def all_rows(self) -> bool:
        """Whether the recycle bin is read along: one query then brings changes and deletions alike."""
        return self.since is not None and self.selection.native.lower() not in _NEVER_DELETED

    def soql(self, *, after: NativeRecord | None = None, ordered: bool = True) -> str:
        """Return the query; ``after`` is the record to go on behind (keyset), ``ordered=False`` suits Bulk (PK chunking)."""
        conditions = [f"({self.selection.where})"] if self.selection.where else []
        if self.since is not None:
            conditions.append(f"{STAMP} >= {instant(self.since)}")
        if after is not None:
            conditions.append(self._behind(after))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        order = f" ORDER BY {ID if self.since is None else f'{STAMP}, {ID}'}" if ordered else ""
        return f"SELECT {', '.join(self._columns())} FROM {name(self.selection.native)}{where}{order}"

    def _behind(self, record: NativeRecord) -> str:
        if self.since is None or record.modified is None:
            return f"{ID} > {text(record.key)}"
        stamp = instant(record.modified)
        return f"(({STAMP} = {stamp} AND {ID} > {text(record.key)}) OR {STAMP} > {stamp})"

    def _columns(self) -> list[str]:
        return columns(self.selection, (ID, STAMP, DELETED) if self.all_rows else (ID, STAMP))


def columns(selection: Selection, always: Sequence[str] = (ID, STAMP)) -> list[str]:
    """Return the columns to ask for, each once; raises ConfigurationError for what cannot be a field."""
    asked = list(always)
    known = {column.lower() for column in asked}
    for field in selection.fields:
        if not _PATH.fullmatch(field.path):
            raise ConfigurationError(
                f"{selection.entity}: {field.path!r} is not a Salesforce field.",
                hint="Write API names, parents with a dot: `Name`, `ERP_Id__c`, `Owner.Name`.",
                field=field.path,
            )
        if field.path.lower() not in known:
            known.add(field.path.lower())
            asked.append(field.path)
    return asked


def name(native: str) -> str:
    """Return an object's or field's API name as it is; raises ConfigurationError for what cannot be one."""
    if not _NAME.fullmatch(native):
        raise ConfigurationError(
            f"{native!r} is not a Salesforce API name.", hint="Correct it in the mapping.", field=native
        )
    return native


def text(value: str) -> str:
    """Return a string literal."""
    escaped = (
        value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    )
    return f"'{escaped}'"


def instant(value: datetime) -> str:
    """Return a datetime literal in UTC, to the second as stamps are kept; raises ValueError for a naive datetime."""
    if value.tzinfo is None:
        raise ValueError("a naive datetime has no place on the time line")
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def among(field: str, values: Iterable[str]) -> str:
    """Return ``field IN (…)``."""
    return f"{name(field)} IN ({','.join(text(value) for value in values)})"


def queries(columns: str, native: str, field: str, values: Sequence[str], *, order: str = "") -> list[str]:
    """Return the fewest queries that ask for records by a field's values, each short enough for a URL (Salesforce §1)."""

    def soql(some: Sequence[str]) -> str:
        return f"SELECT {columns} FROM {name(native)} WHERE {among(field, some)}{f' ORDER BY {order}' if order else ''}"

    room = LONGEST_QUERY - len(encoded(soql([])))
    chunks: list[list[str]] = []
    left = 0
    for value in values:
        size = len(encoded(text(value))) + 1
        if not chunks or size > left:
            chunks.append([])
            left = room
        chunks[-1].append(value)
        left -= size
    return [soql(some) for some in chunks]


def is_id(key: str) -> bool:
    """Tell whether ``key`` has the form of an id; one malformed id would fail the whole query (Salesforce §12)."""
    return _ID.fullmatch(key) is not None
