"""Both ends of HubSpot's paged reads: lists, searches by window and by offset, batches by id, associations.

Pages of lists and windows are pulled as the connector pulls them, from a watermark that stands before the last ones; the others are
single calls of its client.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.hubspot.client import ASSOCIATED, BATCH, SEARCH_PAGE
from crosswalk.connectors.hubspot.objects import ID
from crosswalk.connectors.hubspot.rows import Rows

if TYPE_CHECKING:
    from crosswalk.connectors.hubspot.connector import HubSpotConnector
    from crosswalk.model.records import Selection

WINDOW = 10_000  # rows that a search shows (HubSpot §10)
ROWS = WINDOW  # of each end; half of them where both ends are the window's
LONG_AGO = "2000-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Ends:
    """Records of the first and of the last pages, each page as it is read; ``opening`` is the page that finds out what there is."""

    opening: Callable[[], int]
    first: Callable[[], Iterator[int]]
    last: Callable[[], Iterator[int]]


class HubSpotEnds:
    """The ends of one object. ``opening`` asks a search backwards for the id before the last rows."""

    def __init__(self, connector: HubSpotConnector, selection: Selection) -> None:
        self._connector = connector
        self._client = connector.client
        self._selection = selection
        self._properties = Rows(connector.client, connector.account, selection).properties
        self._behind = ""
        self._first_ids: list[str] = []
        self._last_ids: list[str] = []

    def ends(self, by: str) -> Ends:
        """Return them for a pull of everything (nothing), of what changed (``window``), an ``offset`` search, a ``batch`` read, ``associations``."""
        ways: dict[str, tuple[Callable[[], Iterator[int]], Callable[[], Iterator[int]]]] = {
            "": (lambda: self._pulled(None), lambda: self._pulled({"began": LONG_AGO, "after": self._behind})),
            "window": (
                lambda: self._pulled({"since": LONG_AGO}),
                lambda: self._pulled({"since": LONG_AGO, "began": LONG_AGO, "after": self._behind}),
            ),
            "offset": (lambda: self._searched(0), lambda: self._searched(WINDOW // 2)),
            "batch": (lambda: self._read(self._first_ids), lambda: self._read(self._last_ids)),
            "associations": (lambda: self._ends_of(self._first_ids), lambda: self._ends_of(self._last_ids)),
        }
        first, last = ways[by]
        return Ends(self._open, first, last)

    def _open(self) -> int:
        """Find the ids at both ends, all by searches."""
        self._first_ids, self._last_ids = self._ids("ASCENDING"), self._ids("DESCENDING")[::-1]
        self._behind = self._last_ids[0]
        return 0

    def _ids(self, direction: str) -> list[str]:
        pages = (self._search(after, direction, [ID]) for after in range(0, ROWS, SEARCH_PAGE))
        return [str(row["id"]) for page in pages for row in page]

    def _search(self, after: int, direction: str, properties: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        sorts = [{"propertyName": ID, "direction": direction}]
        body = {"sorts": sorts, "properties": properties, "limit": SEARCH_PAGE, "after": str(after)}
        return self._client.search(self._selection.native, body).rows

    def _pulled(self, watermark: Mapping[str, object] | None) -> Iterator[int]:
        read = 0
        for page in self._connector.pull(self._selection, watermark):
            read += len(page.records)
            if page.records:
                yield len(page.records)
            if read >= ROWS:
                return

    def _searched(self, start: int) -> Iterator[int]:
        for after in range(start, start + WINDOW // 2, SEARCH_PAGE):
            yield len(self._search(after, "ASCENDING", self._properties))

    def _read(self, ids: Sequence[str]) -> Iterator[int]:
        for start in range(0, len(ids), BATCH):
            yield len(self._client.read(self._selection.native, ids[start : start + BATCH], self._properties))

    def _ends_of(self, ids: Sequence[str]) -> Iterator[int]:
        for start in range(0, len(ids), ASSOCIATED):
            found = self._client.associations(self._selection.native, "line_items", ids[start : start + ASSOCIATED])
            yield len(found)
