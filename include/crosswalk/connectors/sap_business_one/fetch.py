"""Records by their keys, as many a call as a request line bears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.odata import Literal
from crosswalk.connectors.sap_business_one.pages import Body
from crosswalk.connectors.sap_business_one.reading import DRAFT, DRAFTS, KEY_SEPARATOR, SPECIAL_PRICES, Reader
from crosswalk.connectors.sap_business_one.sources import Source, source_of
from crosswalk.model.records import NativeRecord, Selection

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client
    from crosswalk.connectors.sap_business_one.pull import Habits


def fetch(client: Client, habits: Habits, selection: Selection, keys: Sequence[str]) -> list[NativeRecord]:
    """Return the records with these keys, whatever the mapping's ``where`` leaves out; unknown and malformed keys are absent."""
    source = source_of(selection.entity)
    reader = Reader(client, habits, source, selection)
    wanted = list(dict.fromkeys(keys))
    parents = {parent_of(source, key) for key in wanted}
    asked = reader.among(_literals(source, parents))
    if source.drafts:
        asked += reader.among(_literals(source, parents, drafts=True), drafts=True)
    if source.entity == "price" and any(f"{KEY_SEPARATOR}@" in key for key in wanted):
        asked += reader.specials(sorted(parents))
    bodies: dict[str, list[Body]] = {}
    for name, rows in reader.keyed(asked):
        bodies.setdefault(name, []).extend(rows)
    found = {record.key: record for name, some in bodies.items() for record in _records(reader, name, some)}
    return [found[key] for key in wanted if key in found]


def _records(reader: Reader, name: str, rows: Sequence[Body]) -> Iterable[NativeRecord]:
    return reader.special_prices(rows) if name == SPECIAL_PRICES else reader.records(rows, drafts=name == DRAFTS)


def parent_of(source: Source, key: str) -> str:
    """Return the key of the record that has a row; a record's own key where it is no row."""
    if source.entity == "price":
        return key.partition(f"{KEY_SEPARATOR}@")[0] if f"{KEY_SEPARATOR}@" in key else key.rpartition(KEY_SEPARATOR)[0]
    return key.rpartition(KEY_SEPARATOR)[0] if source.rows else key


def _literals(source: Source, parents: Iterable[str], *, drafts: bool = False) -> list[Literal]:
    told = (_literal(source, parent, drafts) for parent in sorted(parents))
    return list(dict.fromkeys(literal for literal in told if literal is not None))


def _literal(source: Source, parent: str, drafts: bool) -> Literal | None:
    """Return a key as a literal; None for one that cannot be of this kind: a filter of wrong type would fail for all."""
    if parent.startswith(DRAFT) and source.drafts:
        number = parent.removeprefix(DRAFT)
        return int(number) if drafts and number.isdigit() else None
    if drafts:
        return None
    if source.numeric:
        return int(parent) if parent.isdigit() and int(parent) < 2**31 else None
    return parent or None
