"""The compact notation in which tables and record types are declared, and what it is parsed into.

A table is ``name`` plus words ``column[:kind]``; a record type is words ``fieldName[:kind][!][~][-][=column]``.
Kinds: ``s`` text, ``i`` integer, ``f`` number, ``b`` boolean ('T'/'F'), ``d`` date, ``dt`` date-time (UTC),
``r(target)`` reference by id, ``e(target)`` enumeration by code, ``m(target)`` multi-select.
``!`` read-only, ``~`` not filterable by ``q``, ``-`` stored with the opposite sign, ``=column`` stored elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal

Kind = Literal["string", "integer", "number", "boolean", "date", "datetime", "ref", "enum", "multi"]

KINDS: Final[dict[str, Kind]] = {
    "s": "string",
    "i": "integer",
    "f": "number",
    "b": "boolean",
    "d": "date",
    "dt": "datetime",
    "r": "ref",
    "e": "enum",
    "m": "multi",
}
_WORD: Final = re.compile(
    r"(?P<name>\w+)(?::(?P<kind>[a-z]+)(?:\((?P<target>\w+)\))?)?(?P<flags>[!~\-]*)(?:=(?P<column>\w+))?$"
)
SQL_TYPES: Final[dict[Kind, str]] = {
    "string": "TEXT",
    "integer": "INTEGER",
    "number": "NUMERIC",
    "boolean": "TEXT DEFAULT 'F'",
    "date": "TEXT",
    "datetime": "TEXT",
    "ref": "INTEGER",
    "enum": "TEXT",
    "multi": "TEXT",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a SuiteQL table. ``sql`` computes it from the row (``{t}`` is the row's alias)."""

    name: str
    kind: Kind
    target: str | None = None
    sql: str | None = None

    def expression(self, alias: str) -> str:
        """SQLite expression of this column's value in the row called ``alias``."""
        return self.sql.format(t=alias) if self.sql else f'{alias}."{self.name}"'


@dataclass(frozen=True, slots=True)
class Table:
    """A SuiteQL table; ``source`` is the SQLite table it reads, ``where`` an extra condition on the row ``{t}``."""

    name: str
    source: str
    columns: Mapping[str, Column]
    permission: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """A body field or sublist column of the REST record service."""

    name: str
    kind: Kind
    column: str
    target: str | None = None
    read_only: bool = False
    filterable: bool = True
    negative: bool = False
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Sublist:
    """Lines of a record, kept in ``table``; ``owner`` is the column with the record's id.

    ``key`` are the fields by which request lines find their stored line; without them the sublist is not keyed.
    ``subrecord`` names the field that holds an address, ``number`` the integer column that identifies a stored line.
    """

    name: str
    table: str
    owner: str
    fields: Mapping[str, Field]
    key: tuple[str, ...] = ()
    number: str = "rowid"
    subrecord: Field | None = None
    read_only: bool = False
    where: str | None = None
    order: str = "rowid"


@dataclass(frozen=True, slots=True)
class RecordType:
    """A REST record type; ``match`` are the column values that tell its rows from siblings in the same table."""

    name: str
    table: str
    family: str
    label: str
    permission: str
    fields: Mapping[str, Field]
    sublists: Mapping[str, Sublist] = field(default_factory=dict)
    subrecords: Mapping[str, Field] = field(default_factory=dict)
    match: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    transforms: tuple[str, ...] = ()
    read_only: bool = False
    display: str = "name"

    @property
    def is_transaction(self) -> bool:
        """Whether ids are of the transaction family, which answers wrong ids with 400 (NetSuite §5.3)."""
        return self.family == "transaction"


def columns(words: str) -> dict[str, Column]:
    """Columns by name from ``column[:kind]`` words."""
    found = {}
    for word in words.split():
        name, kind, target, _, column = _read(word)
        if column:
            raise ValueError(f"A table's column cannot be stored elsewhere: {word!r}")
        found[name] = Column(name, kind, target)
    return found


def fields(words: str, *, read_only: bool = False) -> dict[str, Field]:
    """Fields by lower-case name from ``fieldName[:kind][flags][=column]`` words."""
    found = {}
    for word in words.split():
        name, kind, target, flags, column = _read(word)
        found[name.lower()] = Field(
            name, kind, column or name.lower(), target, read_only or "!" in flags, "~" not in flags, "-" in flags
        )
    return found


def _read(word: str) -> tuple[str, Kind, str | None, str, str | None]:
    match = _WORD.match(word)
    if match is None or (match["kind"] or "s") not in KINDS:
        raise ValueError(f"Not a column or field: {word!r}")
    return match["name"], KINDS[match["kind"] or "s"], match["target"], match["flags"] or "", match["column"]
