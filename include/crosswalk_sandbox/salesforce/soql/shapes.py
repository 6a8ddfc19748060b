"""From a row of SQL values to the JSON record of Salesforce §3: attributes, nested parents, compounds, booleans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

ADDRESS_PARTS = ("city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street")
CODED_ADDRESS_PARTS = (*ADDRESS_PARTS, "countryCode", "stateCode")


@dataclass(slots=True)
class Entry:
    """One key of a record: ``kind`` is value, boolean, address, node, typeof or child; ``at`` indexes the row."""

    name: str
    kind: str
    at: int = 0
    parts: tuple[int, ...] = ()
    node: Node | None = None
    choices: dict[str, Node] = field(default_factory=dict)


@dataclass(slots=True)
class Node:
    """A record in the answer. ``kinds`` maps key prefixes to sObject names; one entry unless polymorphic."""

    kinds: dict[str, str]
    id_at: int
    shown_type: str | None = None
    entries: list[Entry] = field(default_factory=list)
    plain: tuple[str, ...] | None = None

    def finish(self) -> None:
        """Notes whether the record is a plain run of columns, which is built without looking at each."""
        simple = all(entry.kind in ("value", "boolean") for entry in self.entries)
        indexes = [entry.at for entry in self.entries]
        if simple and indexes and indexes == list(range(indexes[0], indexes[0] + len(indexes))):
            self.plain = tuple(entry.name for entry in self.entries)
        for entry in self.entries:
            for node in (entry.node, *entry.choices.values()):
                if node is not None:
                    node.finish()


class Builder:
    """Builds records of one shape for one API version. ``children`` maps child list names to answers by parent id."""

    def __init__(self, root: Node, version: str) -> None:
        self.root = root
        self.base = f"/services/data/v{version}/sobjects/"
        self.booleans = [entry.name for entry in root.entries if entry.kind == "boolean"]

    def records(
        self, rows: Sequence[tuple[Any, ...]], children: dict[str, dict[str, Any]] | None = None
    ) -> list[dict[str, Any]]:
        """The records of some rows."""
        root = self.root
        if root.plain is None or children:
            return [self._node(root, row, children or {}) for row in rows]
        name = next(iter(root.kinds.values()))
        url, at, names, booleans = f"{self.base}{name}/", root.id_at, root.plain, self.booleans
        start = root.entries[0].at
        stop = start + len(names)
        found = []
        for row in rows:
            record: dict[str, Any] = {"attributes": {"type": name, "url": url + row[at]}}
            record.update(zip(names, row[start:stop], strict=True))
            for key in booleans:
                record[key] = record[key] == 1
            found.append(record)
        return found

    def _node(self, node: Node, row: tuple[Any, ...], children: dict[str, dict[str, Any]]) -> dict[str, Any]:
        record_id = row[node.id_at]
        kind = node.kinds.get(record_id[:3]) or next(iter(node.kinds.values()))
        record: dict[str, Any] = {
            "attributes": {"type": node.shown_type or kind, "url": f"{self.base}{kind}/{record_id}"}
        }
        for entry in node.entries:
            record[entry.name] = self._entry(entry, row, children, record_id)
        return record

    def _entry(self, entry: Entry, row: tuple[Any, ...], children: dict[str, dict[str, Any]], record_id: str) -> Any:
        if entry.kind == "value":
            return row[entry.at]
        if entry.kind == "boolean":
            return None if row[entry.at] is None else row[entry.at] == 1
        if entry.kind == "address":
            values = [row[part] for part in entry.parts]
            names = ADDRESS_PARTS if len(values) == len(ADDRESS_PARTS) else CODED_ADDRESS_PARTS
            return dict(zip(names, values, strict=True)) if any(value is not None for value in values) else None
        if entry.kind == "child":
            return children.get(entry.name, {}).get(record_id)
        node = entry.node if entry.kind == "node" else self._choice(entry, row)
        return None if node is None or row[node.id_at] is None else self._node(node, row, children)

    def _choice(self, entry: Entry, row: tuple[Any, ...]) -> Node | None:
        link = row[entry.at]
        return None if link is None else entry.choices.get(link[:3], entry.node)
