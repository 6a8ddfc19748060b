"""Records by their keys, as many a call as a request line bears."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from crosswalk.connectors.sap_business_one.odata import Literal
from crosswalk.connectors.sap_business_one.reading import DRAFT, KEY_SEPARATOR, Reader
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
    parents = {key: parent_of(source, key) for key in wanted}
    found = {record.key: record for record in _documents(reader, parents.values(), drafts=False)}
    if source.drafts:
        found |= {record.key: record for record in _documents(reader, parents.values(), drafts=True)}
    if source.entity == "price" and any(f"{KEY_SEPARATOR}@" in key for key in wanted):
        found |= {record.key: record for record in reader.special_prices(sorted({*parents.values()}))}
    return [found[key] for key in wanted if key in found]


def parent_of(source: Source, key: str) -> str:
    """Return the key of the record that has a row; a record's own key where it is no row."""
    if source.entity == "price":
        return key.partition(f"{KEY_SEPARATOR}@")[0] if f"{KEY_SEPARATOR}@" in key else key.rpartition(KEY_SEPARATOR)[0]
    return key.rpartition(KEY_SEPARATOR)[0] if source.rows else key


def _documents(reader: Reader, parents: Iterable[str], *, drafts: bool) -> list[NativeRecord]:
    keys = [literal for parent in parents if (literal := _literal(reader.source, parent, drafts)) is not None]
    bodies = list(reader.among(list(dict.fromkeys(keys)), drafts=drafts)) if keys else []
    return reader.records(bodies, drafts=drafts)


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
