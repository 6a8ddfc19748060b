"""Small tables that records name by number: price lists, warehouses, currencies; and the orders that deliveries were made from.

Each is read when it is first needed, once for a pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.odata import MOST_KEYS, Literal, behind, chunks, one_of
from crosswalk.connectors.sap_business_one.rows import bases
from crosswalk.connectors.sap_business_one.sources import DELIVERY, ORDER, Source

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

MOST_ROWS = 1000
ORDER_OF_DELIVERY = "order of delivery"
_ISO = 3


class Lookups:
    """What the small tables of one pull say."""

    def __init__(self, client: Client, source: Source, selected: Iterable[tuple[str, str]]) -> None:
        self._client, self._source = client, source
        self._selected: dict[str, set[str]] = {}
        for alias, name in selected:
            self._selected.setdefault(alias, set()).add(name)
        self._tables: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._orders: dict[int, int | None] = {}

    def look(self, alias: str, key: object, name: str) -> object:
        """Return a property of what ``key`` names in a table; None when it names nothing there."""
        if alias == ORDER_OF_DELIVERY:
            return self._orders.get(key) if isinstance(key, int) else None
        if key is None:
            return None
        if alias not in self._tables:
            native, by, _ = self._source.lookups[alias]
            self._tables[alias] = self._read(native, by, sorted({name, *self._selected.get(alias, ())}))
        return self._tables[alias].get(str(key), {}).get(name)

    def currency(self, code: str) -> str:
        """Return the ISO code of a currency: companies may call the dollar ``$`` (§15, Currencies)."""
        if len(code) == _ISO and code.isalpha():
            return code
        if "currency" not in self._tables:
            self._tables["currency"] = self._read("Currencies", "Code", ["DocumentsCode"])
        return str(self._tables["currency"].get(code, {}).get("DocumentsCode") or code)

    def learn_orders(self, bodies: Iterable[Mapping[str, Any]]) -> None:
        """Find out, for documents copied from deliveries, from which orders those were copied."""
        wanted = {base for body in bodies for base in bases(body, DELIVERY)} - self._orders.keys()
        filters = [one_of("DocEntry", part) for part in chunks("DocEntry", sorted(wanted))]
        found = self._client.first_pages("DeliveryNotes", MOST_KEYS, filters, select="DocEntry,DocumentLines")
        for body in (body for page, _ in found for body in page):
            self._orders[body["DocEntry"]] = next(bases(body, ORDER), None)
        self._orders |= dict.fromkeys(wanted - self._orders.keys())

    def _read(self, native: str, by: str, names: list[str]) -> dict[str, Mapping[str, Any]]:
        found: dict[str, Mapping[str, Any]] = {}
        after: tuple[Literal, ...] = ()
        more = True
        while more:
            answer = self._client.rows(
                native,
                MOST_ROWS,
                select=",".join(dict.fromkeys([by, *names])),
                filter=behind((by,), after),
                orderby=by,
            )
            found |= {str(row[by]): row for row in answer.rows}
            after, more = (answer.rows[-1][by],) if answer.rows else after, answer.more
        return found
