"""Small tables that records name by number: price lists, warehouses, currencies; and the orders that deliveries were made from.

Tables that a selection needs are asked for along with its first page, orders of deliveries along with the page that follows; what nobody
asked for beforehand is read when it is first needed, once for a pull.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from crosswalk.connectors.sap_business_one.odata import MOST_KEYS, Literal, behind, chunks, one_of
from crosswalk.connectors.sap_business_one.pages import Question, Rows
from crosswalk.connectors.sap_business_one.rows import bases
from crosswalk.connectors.sap_business_one.sources import DELIVERY, ORDER, Source

if TYPE_CHECKING:
    from crosswalk.connectors.sap_business_one.client import Client

MOST_ROWS = 1000
ORDER_OF_DELIVERY = "order of delivery"
_CURRENCY = "currency"
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

    # --- tables -------------------------------------------------------------------------------------

    def tables(self) -> list[Question]:
        """Return what to ask for the tables that the selection needs and that are not known; `learn_tables` takes the answers."""
        return [self._question(alias, ()) for alias in self._unknown()]

    def learn_tables(self, answers: Sequence[Rows]) -> None:
        """Keep what came for `tables`, and read the rest of those that are longer."""
        for alias, answer in zip(self._unknown(), answers, strict=True):
            self._learn(alias, answer)

    def look(self, alias: str, key: object, name: str) -> object:
        """Return a property of what ``key`` names in a table; None when it names nothing there."""
        if alias == ORDER_OF_DELIVERY:
            return self._orders.get(key) if isinstance(key, int) else None
        if key is None:
            return None
        if alias not in self._tables:
            self._selected.setdefault(alias, set()).add(name)
            self._learn(alias, self._client.ask([self._question(alias, ())])[0])
        return self._tables[alias].get(str(key), {}).get(name)

    def currency(self, code: str) -> str:
        """Return the ISO code of a currency: companies may call the dollar ``$`` (§15, Currencies)."""
        if len(code) == _ISO and code.isalpha():
            return code
        return str(self.look(_CURRENCY, code, "DocumentsCode") or code)

    def _unknown(self) -> list[str]:
        return [alias for alias in self._selected if alias not in self._tables]

    def _place(self, alias: str) -> tuple[str, str]:
        return ("Currencies", "Code") if alias == _CURRENCY else self._source.lookups[alias][:2]

    def _question(self, alias: str, after: tuple[Literal, ...]) -> Question:
        native, by = self._place(alias)
        select = ",".join(dict.fromkeys([by, *sorted(self._selected[alias])]))
        return Question(native, MOST_ROWS, {"select": select, "filter": behind((by,), after), "orderby": by})

    def _learn(self, alias: str, answer: Rows) -> None:
        by = self._place(alias)[1]
        found: dict[str, Mapping[str, Any]] = {str(row[by]): row for row in answer.rows}
        while answer.more:
            [answer] = self._client.ask([self._question(alias, (answer.rows[-1][by],))])
            found |= {str(row[by]): row for row in answer.rows}
        self._tables[alias] = found

    # --- orders -------------------------------------------------------------------------------------

    def deliveries(self, bodies: Iterable[Mapping[str, Any]]) -> list[Question]:
        """Return what to ask to know from which orders the deliveries were made that these documents were copied from."""
        return [
            Question(
                "DeliveryNotes", MOST_KEYS, {"select": "DocEntry,DocumentLines", "filter": one_of("DocEntry", part)}
            )
            for part in chunks("DocEntry", sorted(self._strange(bodies)))
        ]

    def learn_deliveries(self, bodies: Iterable[Mapping[str, Any]], answers: Iterable[Rows]) -> None:
        """Keep what came for `deliveries` of these documents; one that is not there has no order."""
        strange = self._strange(bodies)
        for body in (body for answer in answers for body in answer.rows):
            self._orders[body["DocEntry"]] = next(bases(body, ORDER), None)
        self._orders |= dict.fromkeys(strange - self._orders.keys())

    def learn_orders(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        """Find out what is not known yet of these documents' deliveries."""
        if asked := self.deliveries(bodies):
            self.learn_deliveries(bodies, self._client.ask_in_batches(asked))

    def _strange(self, bodies: Iterable[Mapping[str, Any]]) -> set[int]:
        return {base for body in bodies for base in bases(body, DELIVERY)} - self._orders.keys()
