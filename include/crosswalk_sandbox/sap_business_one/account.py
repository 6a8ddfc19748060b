"""One company: its model with user fields, its defaults, its users, and the desk that rules and documents work at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

import orjson

from crosswalk_sandbox.kernel.mishaps import Mishaps

from . import moments
from .desk import Row, exact
from .errors import NOTIFICATION, Refusal, no_match
from .options import Options
from .schema.fields import extended
from .schema.model import Model, Property, read_data, vendor_model
from .store import Key, Store, joined

_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = orjson.loads(read_data("defaults.json"))
_FIRST_NUMBERS: Final = {"BusinessPartners": 1}
USER: Final = "manager"
RATES_UNTIL: Final = "rates_until"
"""Setting: the last day for which the company has entered rates ahead."""
_INDEXED: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "BusinessPartners": (("UpdateDate", "UpdateTime"), ("CardName",), ("EmailAddress",), ("FatherCard",)),
    "Items": (("UpdateDate", "UpdateTime"),),
    **dict.fromkeys(
        ("Quotations", "Orders", "DeliveryNotes", "Returns", "Invoices", "CreditNotes", "Drafts"),
        (("UpdateDate", "UpdateTime"), ("CardCode",), ("NumAtCard",), ("DocNum",), ("DocumentStatus",)),
    ),
    "IncomingPayments": (("CardCode",),),
    "SpecialPrices": (("CardCode",), ("ItemCode",)),
    "ApprovalRequests": (("DraftEntry",),),
}
OWN_FIELDS: Final = (
    ("OCRD", "CrosswalkKey", "Key of the record in the CRM"), ("OCPR", "CrosswalkKey", "Key of the person in the CRM"),
    ("OITM", "CrosswalkKey", "Key of the product in the CRM"), ("ORDR", "CrosswalkKey", "Key of the deal in the CRM"),
)  # fmt: skip


class Account:
    """What every part of the emulator shares."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.options = options
        self.mishaps = Mishaps(("-2039", "Another user or another operation modified data (ODBC -2039)"))
        self._model: Model | None = None
        self._defaults: dict[str, dict[str, Any]] = {}
        for name in vendor_model().sets:
            store.ensure(name, numbered=self.numbered(name))
        for name, indexes in _INDEXED.items():
            for properties in indexes:
                self._index(name, properties)

    # the model

    @property
    def model(self) -> Model:
        """Types and sets with the company's own fields and tables, and what was changed about them while running."""
        if self._model is None:
            fields = [body for _, body in self.all("UserFieldsMD")]
            tables = [body for _, body in self.all("UserTablesMD")]
            self._model = self._changed(extended(vendor_model(), fields, tables))
        return self._model

    def forget(self) -> None:
        """Read user fields, tables and schema changes anew."""
        self._model, self._defaults = None, {}
        for name, kind in self.model.sets.items():
            if name.startswith("U_"):
                self.store.ensure(name, numbered=self.numbered(name))
            for each in self.model.types[kind.type].properties.values():
                if each.name.startswith("U_") and not kind.name.startswith("U_") and name in _INDEXED:
                    self._index(name, (each.name,))

    def _index(self, entity_set: str, properties: Sequence[str]) -> None:
        defaults = self.defaults((self._model or vendor_model()).sets[entity_set].type)
        further = () if self.numbered(entity_set) else ("key",)
        self.store.index_on(entity_set, {name: defaults.get(name) for name in properties}, *further)

    def _changed(self, model: Model) -> Model:
        changes = orjson.loads(self.store.setting("schema_changes") or "{}")
        types = dict(model.types)
        for kind, told in changes.items():
            more = {}
            for name, change in told.items():
                if name in types[kind].properties:
                    more[name] = dataclasses.replace(types[kind].properties[name], **change.get("with", {}))
            gone = frozenset(name for name, change in told.items() if change.get("hidden"))
            types[kind] = types[kind].with_properties(more).without(gone)
        return dataclasses.replace(model, types=types)

    def numbered(self, entity_set: str) -> bool:
        """Whether the set's key is a single number."""
        model = self._model or vendor_model()
        found = model.sets[entity_set]
        return len(found.key) == 1 and model.types[found.type].properties[found.key[0]].kind == "integer"

    def defaults(self, kind: str) -> dict[str, Any]:
        """What absent properties of a type are shown as, in the order of the metadata."""
        found = self._defaults.get(kind)
        if found is None:
            known = _DEFAULTS.get(kind, {})
            structure = self.model.types[kind]
            found = {name: known.get(name, _default(one, known)) for name, one in structure.properties.items()}
            self._defaults[kind] = found
        return found

    def sql_of(self, entity_set: str, name: str, of: str = "") -> str:
        """SQL of a property of a set's table, its default in the place of what is absent; ``of`` names the table, with a dot."""
        structure = self.model.type_of(entity_set)
        if name == "DataVersion":
            return f"{of}version"
        if structure.key == (name,):
            return f"{of}id" if self.numbered(entity_set) else f"{of}key"
        if name in self.store.columns(entity_set):
            return f'{of}"{name}"'
        path = f"json_extract({self.store.text(of)}, '$.{name}')"
        default = self.defaults(structure.name).get(name)
        if default is None or default == [] or default == {}:
            return path
        return f"coalesce({path}, {sql_literal(default)})"

    # rows

    def all(self, entity_set: str) -> list[tuple[int, Row]]:
        """Every entity of a small set with its version."""
        rows = self.store.rows(f'SELECT version, body FROM "{entity_set}" ORDER BY id')
        return [(version, self.store.copies.row(body)) for version, body in rows]

    def get(self, entity_set: str, key: Sequence[Key]) -> tuple[int, Row] | None:
        """Version and row of an entity."""
        found = self.store.get(entity_set, joined(key), numbered=self.numbered(entity_set))
        return None if found is None else (found[1], found[2])

    def key_of(self, entity_set: str, row: Mapping[str, Any]) -> tuple[Key, ...]:
        """The key of a row."""
        return tuple(row[name] for name in self.model.sets[entity_set].key)

    def admin(self) -> dict[str, Any]:
        """``AdminInfo``."""
        return dict(orjson.loads(self.store.setting("admin") or "{}"))

    # what the company's own procedures say

    def notifications(self) -> list[dict[str, Any]]:
        """The rules of the transaction-notification procedure (§10): set, kind of transaction, what is refused, number, text."""
        return list(orjson.loads(self.store.setting("notifications") or "[]"))

    def notify(self, entity_set: str, kind: str, row: Mapping[str, Any]) -> None:
        """Let the company's procedure look at what is about to be committed. Raises Refusal 400 -1116 where it objects."""
        struck = self.mishaps.strikes()
        if struck is not None:
            raise Refusal(400, int(struck[0]), struck[1])
        for rule in self.notifications():
            if rule["set"] == entity_set and kind in rule["transactions"] and _meets(row, rule):
                raise Refusal(400, NOTIFICATION, f"({rule['number']}) {rule['text']}")

    def credentials(self) -> dict[str, Any]:
        """What was made up when the company was founded; the same for good."""
        return dict(orjson.loads(self.store.setting("credentials") or "{}"))

    def now(self) -> datetime:
        """The server's local clock."""
        return moments.local(self.store.clock.now(), self.options.time_zone)

    def desk(self, user: str = USER) -> AccountDesk:
        """A view of the company for one request."""
        return AccountDesk(self, user)


def _meets(row: Mapping[str, Any], rule: Mapping[str, Any]) -> bool:
    """Whether a rule of the procedure is about a row."""
    if rule.get("property") is None:
        return True
    value, above = row.get(str(rule["property"])), rule.get("above")
    return exact(value) > exact(above) if above is not None else bool(value == rule.get("equals"))


@cache
def _numbered_default(kind: str) -> float | None:
    return 0.0 if kind == "number" else None


def _default(one: Property, known: Mapping[str, Any]) -> Any:
    if one.collection:
        return []
    if one.kind == "complex":
        return {}
    if one.kind == "enum" and one.type == "BoYesNoEnum":
        return "tNO"
    return None if one.name in known or one.name.startswith("U_") else _numbered_default(one.kind)


def sql_literal(value: object) -> str:
    """A value as SQL."""
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


class AccountDesk:
    """The desk of :mod:`.desk` over the store. Use it within one transaction of the store."""

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
