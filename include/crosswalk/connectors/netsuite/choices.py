"""Which values a reference may take in this account, for whoever configures one by its id (NetSuite §4, §13)."""

from __future__ import annotations

from collections.abc import Mapping

from crosswalk.connectors.netsuite.connector import NetSuiteConnector
from crosswalk.connectors.netsuite.statements import MOST_ROWS, Statement
from crosswalk.model.errors import ConfigurationError, RecordError

# field -> table and the column people know the value by
_LISTS: Mapping[str, tuple[str, str]] = {
    "currency": ("currency", "symbol"),
    "subsidiary": ("subsidiary", "name"),
    "location": ("location", "name"),
    "terms": ("term", "name"),
    "taxCode": ("salestaxitem", "itemid"),
    "taxSchedule": ("taxschedule", "name"),
    "price": ("pricelevel", "name"),
    "priceLevel": ("pricelevel", "name"),
}
_ALWAYS: Mapping[str, Mapping[str, str]] = {"price": {"-1": "Custom"}}


def choices(connector: NetSuiteConnector, field: str) -> dict[str, str] | None:
    """Return ``{id: name}`` of what ``field`` may refer to; None when it is no known list or the role may not read it."""
    if field not in _LISTS:
        return None
    table, name = _LISTS[field]
    text = f"SELECT id, {name} AS name FROM {table} ORDER BY id FETCH FIRST {MOST_ROWS} ROWS ONLY"
    try:
        rows = connector.client.suiteql(Statement(text))
    except (ConfigurationError, RecordError):
        return None
    return {**_ALWAYS.get(field, {}), **{row["id"]: row.get("name", "") for row in rows}}
