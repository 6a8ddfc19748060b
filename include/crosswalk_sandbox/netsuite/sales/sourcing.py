"""What a sales document takes from its customer and from the account, and what it refuses (NetSuite §12.4, §13)."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.netsuite.errors import invalid_value, required, user_error
from crosswalk_sandbox.netsuite.sales.document import number

if TYPE_CHECKING:
    from crosswalk_sandbox.netsuite.records.draft import Draft
    from crosswalk_sandbox.netsuite.store import Row, Store

_SOURCED: Final = {"terms": "terms", "employee": "salesrep", "taxitem": "taxitem", "shipmethod": "shippingitem"}


class Sourcing:
    """Completes headers."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def customer(self, draft: Draft, field: str = "entity") -> Row:
        """The customer of a new document; refuses a missing or inactive one."""
        ident = draft.get("entity")
        if ident is None:
            raise required("Customer")
        found = self._store.row("SELECT * FROM customer WHERE id = ?", (ident,))
        if found is None or found["isinactive"] == "T":
            raise invalid_value(ident, field, field)
        return found

    def header(self, draft: Draft, customer: Row) -> dict[str, Any]:
        """Header of a new document: what was sent, then what the customer and the account give."""
        header = {key: value for key, value in draft.values.items() if key != "tranid" or self._may_number()}
        header["entity"] = customer["id"]
        header["trandate"] = header.get("trandate") or self._store.today()
        header["subsidiary"] = self.subsidiary(draft.get("subsidiary"), customer)
        header["currency"] = self.currency(draft.get("currency"), customer)
        self.check_location(header.get("location"), header["subsidiary"])
        header["exchangerate"] = header.get("exchangerate") or self.rate(header["currency"], header["subsidiary"])
        for column, source in _SOURCED.items():
            if header.get(column) is None and column not in draft.values:
                header[column] = customer[source]
        header.setdefault("email", customer["email"])
        return header

    def check_hold(self, customer: Row) -> None:
        """Refuse a customer on credit hold where the account enforces holds."""
        if not self._store.options.enforce_credit_holds:
            return
        held = self._store.catalog.expression("customer", "oncredithold", "t")
        if self._store.value(f"SELECT {held} FROM customer t WHERE t.id = ?", (customer["id"],)) == "T":
            raise user_error("The customer is on credit hold; the transaction cannot be saved.")

    def rate(self, currency: int, subsidiary: int | None) -> Decimal:
        """Exchange rate from the document's currency to the subsidiary's base currency."""
        base = self._store.value("SELECT currency FROM subsidiary WHERE id = ?", (subsidiary,)) or 1
        return round(Decimal(str(self._store.rate_between(currency, int(base)))), 8)

    def places(self, currency: int) -> int:
        """Decimals of amounts in a currency."""
        found = self._store.value("SELECT currencyprecision FROM currency WHERE id = ?", (currency,))
        return int(found) if found is not None else 2

    def due_date(self, header: dict[str, Any]) -> str:
        """Due date by the terms."""
        days = self._store.value("SELECT daysuntilnetdue FROM term WHERE id = ?", (header.get("terms"),)) or 0
        return (date.fromisoformat(header["trandate"]) + timedelta(days=int(days))).isoformat()

    def subsidiary(self, sent: int | None, customer: Row) -> int | None:
        """The document's subsidiary: one of the customer's, active; its primary one when none was sent."""
        ident = sent or customer["subsidiary"]
        if ident is None:
            return None
        sql = "SELECT 1 FROM customersubsidiaryrelationship WHERE entity = ? AND subsidiary = ? AND isinactive = 'F'"
        is_own = ident == customer["subsidiary"] or self._store.value(sql, (customer["id"], ident)) is not None
        is_closed = self._store.value("SELECT isinactive FROM subsidiary WHERE id = ?", (ident,)) == "T"
        if not is_own or is_closed:
            raise invalid_value(ident, "subsidiary", "subsidiary")
        return int(ident)

    def currency(self, sent: int | None, customer: Row) -> int:
        """The document's currency: one of the customer's, its primary one when none was sent."""
        if sent is None or sent == customer["currency"]:
            return int(customer["currency"] or 1)
        sql = "SELECT 1 FROM customercurrencybalance WHERE customer = ? AND currency = ?"
        if self._store.value(sql, (customer["id"], sent)) is None:
            raise invalid_value(sent, "currency", "currency")
        return int(sent)

    def item(self, ident: int, subsidiary: int | None, path: str, *, sold: bool = True) -> Row:
        """An item that may stand on a sales document of the subsidiary."""
        found = self._store.row("SELECT * FROM item WHERE id = ?", (ident,))
        unsold = found is not None and sold and (found["subtype"] == "Purchase" or found["matrixtype"] == "PARENT")
        if found is None or found["isinactive"] == "T" or unsold:
            raise invalid_value(ident, "item", path)
        if subsidiary is not None and not self.is_shared(found, subsidiary):
            raise user_error(f"Invalid item reference key {ident} for subsidiary {subsidiary}.")
        return found

    def is_shared(self, item: Row, subsidiary: int) -> bool:
        """Whether the subsidiary may use the item: named, or below a named one that includes its children."""
        wanted: int | None = subsidiary
        while wanted is not None:
            sql = "SELECT 1 FROM itemsubsidiarymap WHERE item = ? AND subsidiary = ?"
            if self._store.value(sql, (item["id"], wanted)) is not None:
                return True
            if item["includechildren"] != "T":
                return False
            wanted = self._store.value("SELECT parent FROM subsidiary WHERE id = ?", (wanted,))
        return False

    def default_location(self, subsidiary: int | None) -> int | None:
        """The subsidiary's first location."""
        sql = "SELECT id FROM location WHERE subsidiary IS ? AND isinactive = 'F' ORDER BY id LIMIT 1"
        found = self._store.value(sql, (subsidiary,))
        return int(found) if found is not None else None

    def check_location(self, location: int | None, subsidiary: int | None) -> None:
        """Refuse a location that is inactive or another subsidiary's."""
        if location is None or subsidiary is None:
            return
        found = self._store.row("SELECT subsidiary, isinactive FROM location WHERE id = ?", (location,))
        if found is None or found["isinactive"] == "T" or found["subsidiary"] not in (None, subsidiary):
            raise invalid_value(location, "location", "location")

    def _may_number(self) -> bool:
        return self._store.options.allow_overridden_numbers


def negative(value: object) -> Decimal:
    """A discount as it counts: never above nothing."""
    return -abs(number(value))
