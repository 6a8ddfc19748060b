"""Preflight's look at what writes and references need: rights proved by opening a record, external ids, price levels, currencies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from crosswalk.connectors.netsuite.deliver import item_record
from crosswalk.connectors.netsuite.sources import SOURCES, Source
from crosswalk.connectors.netsuite.statements import MOST_ROWS, Condition, Statement, where
from crosswalk.connectors.protocol import Finding
from crosswalk.model.errors import ConfigurationError, CrosswalkError, PermissionDeniedError, RecordError

if TYPE_CHECKING:
    from crosswalk.connectors.netsuite.client import Client
    from crosswalk.model.records import Selection

ROLE = "Setup > Users/Roles > Manage Roles"


def write_rights(client: Client, selections: Sequence[Selection]) -> Iterator[Finding]:
    """Open one record of each type: REST opens it for editing (NetSuite §1), so that a right to view is not enough."""
    unproven = []
    for selection in selections:
        source = SOURCES.get(selection.entity)
        if source is None or source.record is None:
            continue
        try:
            if not _opens(client, source):
                unproven.append(source.record)
        except PermissionDeniedError as error:
            yield Finding(
                f"{selection.entity}.write",
                f"The role may not edit a {source.record}: {error.message}",
                f"Give the role this record with level Edit or Full ({ROLE}); level View is not enough for REST.",
                blocking=selection.entity in ("customer", "order"),
            )
        yield from _external_ids(client, source)
    if unproven:
        yield Finding(
            "write permission",
            f"The right to write {', '.join(sorted(set(unproven)))} is unproven: no record of it could be opened.",
            f"See that the role has these records with level Full or Edit ({ROLE}); the first order proves the rest.",
            blocking=False,
        )


def _opens(client: Client, source: Source) -> bool:
    kind = ", item.itemtype AS itemtype, item.subtype AS subtype" if source.entity == "product" else ""
    scope = where([Condition(source.identity)])
    try:
        rows = client.suiteql(
            Statement(f"SELECT {source.table}.id AS k0{kind} FROM {source.table}{scope} FETCH FIRST 1 ROWS ONLY")
        )
        if not rows:
            return False
        row = rows[0]
        record = item_record(row.get("itemtype"), row.get("subtype")) if kind else str(source.record)
        client.record(record, row["k0"], fields="id")
    except PermissionDeniedError:
        raise
    except (ConfigurationError, RecordError):
        return False  # locked, or the table is missing, which is told elsewhere
    return True


def _external_ids(client: Client, source: Source) -> Iterator[Finding]:
    """Records are created under external ids and found by them again (NetSuite §5.7); unreadable, doubt would never end."""
    try:
        client.suiteql(Statement(f"SELECT externalid FROM {source.table} FETCH FIRST 1 ROWS ONLY"))
    except (ConfigurationError, RecordError) as error:
        yield Finding(
            f"{source.entity}.externalid",
            f"The external ids of {source.table} cannot be read, so that nothing written could be found again: {error.message}",
            f"Give the role access to {source.table} and its external id ({ROLE}).",
        )


def lists(client: Client, selections: Sequence[Selection]) -> Iterator[Finding]:
    """Currencies are known by their ISO code, price levels by their name: each must have one, and one of its own."""
    yield from _named(
        client, "currency", "symbol", "Give every currency its ISO code (Lists > Accounting > Currencies)."
    )
    paths = {field.path.lower() for selection in selections for field in selection.fields}
    if "pricelevel.name" in paths:
        remedy = (
            "Rename one of them (Setup > Accounting > Accounting Lists > Price Level): prices are told apart by it."
        )
        yield from _named(client, "pricelevel", "name", remedy)


def _named(client: Client, table: str, column: str, remedy: str) -> Iterator[Finding]:
    try:
        rows = client.suiteql(
            Statement(f"SELECT id, {column} AS name FROM {table} ORDER BY id FETCH FIRST {MOST_ROWS} ROWS ONLY")
        )
    except CrosswalkError as error:
        rows = []
        if table != "currency":  # what lacks of currencies is told with the lookups
            yield Finding(table, error.message, f"Give the role access to the list {table} ({ROLE}).")
    nameless = [row["id"] for row in rows if "name" not in row]
    if nameless:
        yield Finding(table, f"No {column}: {table} {', '.join(nameless)}.", remedy, blocking=False)
    for name, times in Counter(row["name"] for row in rows if "name" in row).items():
        if times > 1:
            yield Finding(table, f"{times} rows of {table} have the {column} {name!r}.", remedy, blocking=False)
