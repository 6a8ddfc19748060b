"""The desk of :mod:`.desk` over a company's store: what rules and documents read and write by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from . import moments
from .desk import Row, exact
from .errors import no_match
from .store import Key, joined

if TYPE_CHECKING:
    from .account import Account
    from .options import Options

RATES_UNTIL: Final = "rates_until"
"""Setting: the last day for which the company has entered rates ahead."""


class AccountDesk:
    """One request's view of the company. Use it within one transaction of the store."""

    def __init__(self, account: Account, user: str) -> None:
        self._account = account
        self._store = account.store
        self._user = user

    @property
    def options(self) -> Options:
        """How the company behaves."""
        return self._account.options

    @property
    def user(self) -> str:
        """Who asks."""
        return self._user

    def now(self) -> datetime:
        """The server's local clock, without a zone."""
        return self._account.now()

    def today(self) -> date:
        """The server's local day."""
        return self.now().date()

    def admin(self) -> Mapping[str, Any]:
        """``AdminInfo``."""
        return self._account.admin()

    def read(self, entity_set: str, *key: Key) -> Row | None:
        """An entity by its key."""
        found = self._account.get(entity_set, key)
        return None if found is None else found[1]

    def find(self, entity_set: str, **values: object) -> list[Row]:
        """Entities whose properties have these values, in order of key."""
        terms = [f"{self._account.sql_of(entity_set, name)} = ?" for name in values]
        sql = f'SELECT body FROM "{entity_set}" WHERE {" AND ".join(terms) or "1"} ORDER BY id'
        return [self._store.copies.row(body) for (body,) in self._store.rows(sql, list(values.values()))]

    def defaults(self, kind: str) -> Mapping[str, Any]:
        """What an absent property of a type is shown as."""
        return self._account.defaults(kind)

    def tax_rate(self, code: str, on: date) -> Decimal | None:
        """Percent of a tax code or VAT group; None for an unknown or inactive one."""
        sales = self.read("SalesTaxCodes", code)
        if sales is not None and sales.get("Inactive") != "tYES":
            return exact(sales.get("Rate"))
        group = self.read("VatGroups", code)
        if group is None or group.get("Inactive") == "tYES":
            return None
        lines = [one for one in group.get("VatGroups_Lines", []) if (moments.day(one["Effectivefrom"]) or on) <= on]
        return exact(max(lines, key=lambda one: str(one["Effectivefrom"]))["Rate"]) if lines else Decimal(0)

    def exchange_rate(self, currency: str, on: date) -> Decimal | None:
        """What one unit is worth in local currency that day.

        Up to the day that the company's own rates are entered for, and where rates carry on, it is the newest one.
        """
        if currency == self.options.local_currency:
            return Decimal(1)
        entered = on.isoformat() <= (self._store.setting(RATES_UNTIL) or "")
        days = "day <= ?" if entered or self.options.rates_carry_on else "day = ?"
        found = self._store.value(
            f"SELECT rate FROM exchange_rate WHERE currency = ? AND {days} ORDER BY day DESC LIMIT 1",
            (currency, on.isoformat()),
        )
        return None if found is None else Decimal(found)

    def next_entry(self, entity_set: str) -> int:
        """The next number of a set's own key."""
        return self._store.next_id(entity_set)

    def next_number(self, entity_set: str, series: int | None = None) -> int:
        """The next ``DocNum`` of a series."""
        name = f"{entity_set} number" if series is None else f"{entity_set} series {series}"
        return self._store.next_id(name)

    def save(self, entity_set: str, row: Row, *, stamped: bool = True) -> Row:
        """Insert or replace by key, with version and stamps."""
        account = self._account
        kind = account.model.type_of(entity_set)
        key = account.key_of(entity_set, row)
        before = account.get(entity_set, key)
        version = 1 if before is None else before[0] + (1 if stamped else 0)
        told = {
            name: value
            for name, value in row.items()
            if value is not None and name not in ("DataVersion", "UpdateDate", "UpdateTime")
        }
        now = self.now()
        day, time = moments.shown_day(now.date()), moments.shown_time(now)
        if before is None:
            for name, value in (("CreateDate", day), ("CreationDate", day), ("CreateTime", time)):
                if name in kind.properties:
                    told[name] = value
        stamps: Mapping[str, Any] = {"UpdateDate": day, "UpdateTime": time} if stamped or before is None else before[1]
        for name in ("UpdateDate", "UpdateTime"):
            if name in kind.properties and stamps.get(name) is not None:
                told[name] = stamps[name]
        numbered = account.numbered(entity_set)
        self._store.put(entity_set, joined(key), version, told, numbered=numbered)
        return told

    def delete(self, entity_set: str, *key: Key) -> None:
        """Take an entity away."""
        self._store.remove(entity_set, joined(key), numbered=self._account.numbered(entity_set))

    def move_stock(
        self,
        item: str,
        warehouse: str,
        *,
        in_stock: Decimal | int = 0,
        committed: Decimal | int = 0,
        ordered: Decimal | int = 0,
    ) -> None:
        """Add to the quantities of an item in a warehouse and in its header."""
        row = self.read("Items", item)
        if row is None or row.get("InventoryItem", "tYES") != "tYES":
            return
        places = row.setdefault("ItemWarehouseInfoCollection", [])
        place = next((one for one in places if one["WarehouseCode"] == warehouse), None)
        if place is None:
            place = {"WarehouseCode": warehouse, "ItemCode": item}
            places.append(place)
        for target, name, delta in (
            (place, "InStock", in_stock), (place, "Committed", committed), (place, "Ordered", ordered),
            (row, "QuantityOnStock", in_stock), (row, "QuantityOrderedByCustomers", committed),
            (row, "QuantityOrderedFromVendors", ordered),
        ):  # fmt: skip
            if delta:
                target[name] = exact(target.get(name)) + delta
        self.save("Items", row, stamped=self.options.stock_moves_stamp)

    def move_balance(
        self, card: str, *, account: Decimal | int = 0, orders: Decimal | int = 0, deliveries: Decimal | int = 0
    ) -> None:
        """Add to the balances of a partner."""
        row = self.read("BusinessPartners", card)
        if row is None:
            raise no_match("OCRD.CardCode")
        for name, delta in (
            ("CurrentAccountBalance", account),
            ("OpenOrdersBalance", orders),
            ("OpenDeliveryNotesBalance", deliveries),
        ):
            if delta:
                row[name] = exact(row.get(name)) + delta
        self.save("BusinessPartners", row, stamped=self.options.balance_moves_stamp)
