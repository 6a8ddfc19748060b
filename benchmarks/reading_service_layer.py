"""Both ends of SAP Business One's paged reads: pages by key as the connector pulls them, and what other clients ask for.

The connector asks for the properties it maps. Others read whole bodies, page by page behind a key or by the links of pages as large as they
wish, which count rows to skip. An order's page holds its lines: whole bodies count as an order and its lines, as two tables would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from benchmarks.reading_pages import Ends
from crosswalk.connectors.transport import decoded

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.connector import BusinessOneConnector
    from crosswalk.model.records import Selection

ROWS: Final = 5_000  # of each end
ROOT: Final = "/b1s/v2/"
_KEYS: Final = {"BusinessPartners": "CardCode"}
_ALWAYS_WHOLE: Final = frozenset({"product", "price", "stock"})  # a catalogue grows with the root of the company


class ServiceLayerEnds:
    """The ends of one set. ``opening`` asks for the key before the last rows."""

    def __init__(self, connector: BusinessOneConnector, selection: Selection) -> None:
        self._connector = connector
        self._selection = selection
        self._set = {"Lines": "Orders"}.get(selection.native, selection.native).split("/")[0]
        self._key = _KEYS.get(self._set, "DocEntry")
        self._total = 0
        self._behind: str | int | None = None

    def ends(self, by: str) -> Ends:
        """Return them for a pull (nothing), for whole ``bodies`` behind a key, or for links of pages of a size (``100``)."""
        if self._selection.entity in _ALWAYS_WHOLE:
            return Ends(lambda: 0, lambda: self._pulled(None, whole=True), lambda: iter(()))
        ways: dict[str, tuple[Callable[[], Iterator[int]], Callable[[], Iterator[int]]]] = {
            "": (lambda: self._pulled(None), lambda: self._pulled(self._last())),
            "bodies": (lambda: self._whole(None), lambda: self._whole(self._behind)),
        }
        first, last = ways.get(by) or (
            lambda: self._linked(by, 0),
            lambda: self._linked(by, max(self._total - ROWS, 0)),
        )
        return Ends(self._open, first, last)

    def _open(self) -> int:
        self._total = int(self._call(f"{self._set}/$count", {}))
        wanted = {"$select": self._key, "$orderby": f"{self._key} desc", "$skip": str(ROWS), "$top": "1"}
        found = self._call(self._set, wanted)["value"]
        self._behind = found[0][self._key] if found else None
        return 0

    def _last(self) -> Mapping[str, object] | None:
        if self._behind is None:
            return None
        return {"since": None, "until": "2100-01-01T00:00:00+00:00", "after": [self._behind]}

    def _pulled(self, watermark: Mapping[str, object] | None, *, whole: bool = False) -> Iterator[int]:
        pages = (len(page.records) for page in self._connector.pull(self._selection, watermark) if page.records)
        return pages if whole else _first(pages)

    def _whole(self, behind: str | int | None) -> Iterator[int]:
        def pages(behind: str | int | None) -> Iterator[int]:
            while True:
                where = {} if behind is None else {"$filter": f"{self._key} gt {behind!r}"}
                rows = self._call(self._set, {"$orderby": self._key, **where}, page=500)["value"]
                if not rows:
                    return
                yield _counted(rows)
                behind = rows[-1][self._key]

        return _first(pages(behind))

    def _linked(self, size: str, skip: int) -> Iterator[int]:
        def pages() -> Iterator[int]:
            parameters = {"$orderby": self._key, "$skip": str(skip)}
            while parameters:
                page = self._call(self._set, parameters, page=int(size))
                yield _counted(page["value"])
                parameters = dict(parse_qsl(page.get("@odata.nextLink", "").partition("?")[2]))

        return _first(pages())

    def _call(self, path: str, parameters: Mapping[str, str], page: int = 0) -> Any:
        headers = {"Prefer": f"odata.maxpagesize={page}"} if page else {}
        answer = self._connector.client.transport.call("GET", ROOT + path, params=parameters, headers=headers)
        return answer.text if path.endswith("$count") else decoded(answer)


def _counted(rows: list[dict[str, Any]]) -> int:
    return sum(1 + len(row.get("DocumentLines", ())) for row in rows)


def _first(pages: Iterator[int]) -> Iterator[int]:
    read = 0
    for count in pages:
        yield count
        read += count
        if read >= ROWS:
            return
