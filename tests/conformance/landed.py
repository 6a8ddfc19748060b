"""What a hub does with pages: lands them by key; rows and watermark go together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from crosswalk.connectors.protocol import Connector, Page
from crosswalk.model.records import NativeRecord, Selection


@dataclass
class Landed:
    """The records of one entity. An older stamp never replaces a newer one; on equal stamps a deletion wins."""

    watermark: Mapping[str, object] | None = None
    records: dict[str, NativeRecord] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)  # in this pull

    def pull(self, connector: Connector, selection: Selection) -> list[Page]:
        """Land everything since the watermark; returns the pages."""
        pages = []
        self.seen = set()
        for page in connector.pull(selection, self.watermark):
            self.land(page)
            pages.append(page)
        assert pages, "a pull yields one page at least"
        assert pages[-1].watermark is not None, "the last page always carries a watermark"
        return pages

    def land(self, page: Page) -> None:
        """Take one page; the watermark goes through JSON, as it does in the hub."""
        assert len(page.records) <= 2_000
        self.seen |= {*page.sighted, *(record.key for record in page.records)}
        for record in page.records:
            known = self.records.get(record.key)
            if known is None or _rank(record) >= _rank(known):
                self.records[record.key] = record
        if page.everything:
            for key in self.records.keys() - self.seen:
                self.records[key] = replace(self.records[key], deleted=True, modified=None)
            self.seen = set()
        if page.watermark is not None:
            self.watermark = json.loads(json.dumps(dict(page.watermark)))

    def living(self, name_field: str) -> dict[str, object]:
        """Return every living record's name by key."""
        return {key: record.values[name_field] for key, record in self.records.items() if not record.deleted}


def keys_of(pages: Iterable[Page]) -> list[str]:
    """Return the keys of all records, in order."""
    return [record.key for page in pages for record in page.records]


def _rank(record: NativeRecord) -> tuple[float, bool]:
    return record.modified.timestamp() if record.modified else 0.0, record.deleted
