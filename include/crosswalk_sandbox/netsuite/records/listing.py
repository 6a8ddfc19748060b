"""Lists of ids with their links (NetSuite §5.1)."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from crosswalk_sandbox.netsuite.errors import invalid_parameter
from crosswalk_sandbox.netsuite.exchange import Answer, Call, link
from crosswalk_sandbox.netsuite.records.filters import compile_filter
from crosswalk_sandbox.netsuite.records.render import RECORDS
from crosswalk_sandbox.netsuite.suiteql.visibility import condition

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.schema.language import RecordType
    from crosswalk_sandbox.netsuite.store import Store

_PAGES: Final = 1000
_MOST: Final = 100_000
# Lists come in no promised order; these columns give one that is not the ids' and costs an index only.
_ORDER: Final = {"customer": "companyname", "contact": "email", "item": "itemid", "transaction": "tranid"}


class Listing:
    """Pages of record lists."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._counts: OrderedDict[tuple[object, ...], int] = OrderedDict()

    def page(self, call: Call, kind: RecordType) -> Answer:
        """``GET /record/v1/{type}``."""
        limit, offset = call.page()
        where, parameters = self._where(call, kind)
        total = self._total(kind, where, parameters)
        shown = min(total, _PAGES * limit)
        if not self._store.options.analytics_connect:
            shown = min(shown, _MOST)
        order = _ORDER.get(kind.table, "id % 7")
        sql = f'SELECT id FROM "{kind.table}" t {where} ORDER BY t.{order}, t.id LIMIT ? OFFSET ?'
        room = max(min(limit, shown - offset), 0)
        ids = [row[0] for row in self._store.searched(sql, (*parameters, room, offset))]
        root = f"{call.base_url}{RECORDS}/{kind.name.lower()}"
        items = [{"links": [link(f"{root}/{ident}")], "id": str(ident)} for ident in ids]
        body = {
            "links": page_links(call, root, limit, offset, shown),
            "count": len(items),
            "hasMore": offset + len(items) < shown,
            "items": items,
            "offset": offset,
            "totalResults": shown,
        }
        return Answer(200, body, "collection")

    def _where(self, call: Call, kind: RecordType) -> tuple[str, tuple[object, ...]]:
        conditions = [f't."{column}" = ?' for column in kind.match]
        parameters: tuple[object, ...] = tuple(kind.match.values())
        query = call.query.get("q")
        if query is not None:
            if not query.strip():
                raise invalid_parameter("q", "Invalid search query. Provide a query in the parameter 'q'.")
            found = compile_filter(query, kind, self._store)
            conditions.append(found.sql)
            parameters += found.parameters
        visible = condition(kind.table, call.caller.role)
        if visible:
            conditions.append(f't.id IN (SELECT id FROM "{kind.table}" WHERE {visible})')
        return ("WHERE " + " AND ".join(conditions) if conditions else ""), parameters

    def _total(self, kind: RecordType, where: str, parameters: tuple[object, ...]) -> int:
        key = (kind.table, where, parameters, self._store.searched_version, self._store.today())
        with self._lock:
            if key in self._counts:
                return self._counts[key]
        total = int(self._store.searched(f'SELECT COUNT(*) FROM "{kind.table}" t {where}', parameters)[0][0])
        with self._lock:
            self._counts[key] = total
            if len(self._counts) > 256:
                self._counts.popitem(last=False)
        return total


def page_links(call: Call, root: str, limit: int, offset: int, total: int) -> list[dict[str, Any]]:
    """Links of a page, with the vendor's ``last``: the last page's *index*, rounded down to a multiple of the limit."""
    query = call.query.get("q")
    prefix = f"q={quote(query, safe='')}&" if query is not None else ""

    def at(place: int) -> str:
        return f"{root}?{prefix}limit={limit}&offset={place}"

    links = []
    if offset:
        links += [link(at(offset - limit), "previous"), link(at(0), "first")]
    if offset + limit < total:
        last_index = (total - 1) // limit
        links += [link(at(offset + limit), "next"), link(at(last_index // limit * limit), "last")]
    return [*links, link(call.url)]
