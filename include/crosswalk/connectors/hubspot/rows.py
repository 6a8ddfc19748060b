"""Answers as native records: typed properties, columns that lie elsewhere, merged records, prices.

A path without a dot is a property. With a dot it hangs off one, or off an association:

==========================  ===============================================================================================
``hubspot_owner_id.name``   the owner's name (HubSpot §14)
``dealstage.label``         the stage's label (HubSpot §13)
``companies.id``            the associated record; ``companies[Billing].id`` the one with that label (HubSpot §16)
``hs_merged_object_ids.into``  of a record that was merged into another: which (HubSpot §11)
``price.list``, ``price.currency``, ``price.amount``  of the entity `price`: a row for each currency a product has a price in (HubSpot §17)
``price.net``               of a line: what one costs, its discount taken off (HubSpot §17)
``<text>.country``          the last line of an address in one text
``associatedcompanyid.country``  a property of a contact's primary company; read where a phone is written without its country (HubSpot §17)
==========================  ===============================================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from typing import Any

from crosswalk.connectors.hubspot.account import Account
from crosswalk.connectors.hubspot.associating import Column, Ends, column, read_ends
from crosswalk.connectors.hubspot.client import Client
from crosswalk.connectors.hubspot.objects import ID, MERGED, native
from crosswalk.connectors.hubspot.values import converter, to_instant, version_of
from crosswalk.connectors.hubspot.where import Condition, conditions
from crosswalk.model.errors import ConfigurationError
from crosswalk.model.records import NativeField, NativeRecord, Selection, Value

INTO = f"{MERGED}.into"
CURRENCY, AMOUNT, LIST = "price.currency", "price.amount", "price.list"
NET = "price.net"
LIBRARY = "Product library"  # HubSpot's name of its one price list
_HOME = ("deal_currency_code", "hs_line_item_currency_code")  # empty means the account's own currency (HubSpot §17)
_DISCOUNT, _PERCENT = "discount", "hs_discount_percentage"
_PRICE = "price"
_OWN_PRICE = "hs_price_"
_COMPANY = "associatedcompanyid"
_MOST_COMPANIES = 50_000

Row = Mapping[str, Any]
Read = Callable[[Row, Mapping[str, Ends]], Value]


class Rows:
    """Turns the rows of one selection into native records; made once a pull."""

    def __init__(self, client: Client, account: Account, selection: Selection) -> None:
        self._client, self._account = client, account
        self.selection = selection
        self.native = native(selection.native)
        self.columns = [found for field in selection.fields if (found := column(field.path)) is not None]
        self._where: Sequence[Condition] = conditions(selection.where)
        self._fields = [(field.path, self._reader(field)) for field in selection.fields]
        self._priced = selection.entity == _PRICE
        self._parent = "deals" if selection.entity == "deal_line" else None
        self._companies: dict[str, Mapping[str, Any]] = {}

    @property
    def properties(self) -> list[str]:
        """The properties to ask for: those mapped, those that restrict, and what tells of merges."""
        asked = [field.path.partition(".")[0] for field in self.selection.fields if column(field.path) is None]
        asked += [condition.name for condition in self._where]
        asked += [MERGED] if self.native.merges else []
        asked += self._prices() if self._priced else []
        asked += [_DISCOUNT, _PERCENT] if any(field.path == NET for field in self.selection.fields) else []
        return list(dict.fromkeys(asked)) or [ID]

    @property
    def associations(self) -> list[str]:
        """The objects whose associations a list should tell along."""
        return list(dict.fromkeys(one.right for one in self.columns))

    def living(self, rows: Sequence[Row], *, told_gone: bool = True) -> tuple[NativeRecord, ...]:
        """Return the records of these rows, and a deletion for each record that was merged into one of them.

        A row that the selection leaves out is told as deleted, because it may have been in it before; not with ``told_gone=False``.
        """
        ends = read_ends(self._client, self.native.name, self.columns, rows) if self.columns and rows else {}
        self._know_companies(rows)
        found: list[NativeRecord] = []
        for row in rows:
            key = str(row["id"])
            inside = self._inside(row, ends)
            if inside or told_gone:
                found += self._records(row, ends) if inside else self.gone(key, self._stamp(row))
            found += self._losers(row)
        return tuple(found)

    def gone(self, key: str, stamp: str, into: str | None = None) -> list[NativeRecord]:
        """Return the deletion of a record, of all its prices where the entity is `price`."""
        keys = [f"{key}|{currency}" for currency in self._account.currencies] if self._priced else [key]
        version = version_of(stamp)
        values: dict[str, Value] = {INTO: into} if into else {}
        return [NativeRecord(one, version, to_instant(version), True, values) for one in keys]

    def archived(self, row: Row) -> list[NativeRecord]:
        """Return the deletions an archived row tells: its own, and of what was merged into it. Its stamp does not move when it is archived; the later of the two counts."""
        stamps = [self._stamp(row), *([str(row["archivedAt"])] if row.get("archivedAt") else [])]
        return [*self.gone(str(row["id"]), max(stamps, key=to_instant)), *self._losers(row)]

    # --- one row -----------------------------------------------------------------------------------

    def _records(self, row: Row, ends: Mapping[str, Ends]) -> list[NativeRecord]:
        version = version_of(self._stamp(row))
        values = {path: read(row, ends) for path, read in self._fields}
        record = NativeRecord(str(row["id"]), version, to_instant(version), False, values)
        return list(self._of_each_currency(row, record)) if self._priced else [record]

    def _inside(self, row: Row, ends: Mapping[str, Ends]) -> bool:
        """Whether the selection holds a row: a line of a quote or an order is no deal's (HubSpot §17)."""
        if self._parent and self._parent in ends and not ends[self._parent].get(str(row["id"])):
            return False
        return all(condition.holds(row["properties"].get(condition.name)) for condition in self._where)

    def _losers(self, row: Row) -> list[NativeRecord]:
        merged = str(row["properties"].get(MERGED) or "") if self.native.merges else ""
        keys = [key.strip() for key in merged.split(";") if key.strip() not in ("", str(row["id"]))]
        return [one for key in keys for one in self.gone(key, self._stamp(row), str(row["id"]))]

    def _stamp(self, row: Row) -> str:
        return str(row["properties"].get(self.native.modified) or row["updatedAt"])

    # --- contacts' companies -----------------------------------------------------------------------

    def _know_companies(self, rows: Sequence[Row]) -> None:
        """Read what is asked of the contacts' companies, 100 a call, each once: only where it decides how a phone is read."""
        asked = [
            field.path.partition(".")[2] for field in self.selection.fields if field.path.startswith(f"{_COMPANY}.")
        ]
        if not asked:
            return
        wanted = dict.fromkeys(str(row["properties"].get(_COMPANY) or "") for row in rows if self._needs_company(row))
        unknown = [key for key in wanted if key and key not in self._companies]
        if len(self._companies) + len(unknown) > _MOST_COMPANIES:
            self._companies = {key: self._companies[key] for key in wanted if key in self._companies}
        read = {
            str(row["id"]): row["properties"]
            for row in (self._client.read("companies", unknown, asked) if unknown else ())
        }
        self._companies |= {key: read.get(key, {}) for key in unknown}

    def _needs_company(self, row: Row) -> bool:
        """Whether a contact has a number without country code, and no country of its own."""
        told = [(field.kind, row["properties"].get(field.path)) for field in self.selection.fields]
        return not any(value for kind, value in told if kind == "country") and any(
            value and not str(value).strip().startswith("+") for kind, value in told if kind == "phone"
        )

    # --- prices ------------------------------------------------------------------------------------

    def _prices(self) -> list[str]:
        return [_PRICE, *(f"{_OWN_PRICE}{currency.lower()}" for currency in self._account.currencies[1:])]

    def _of_each_currency(self, row: Row, record: NativeRecord) -> Iterator[NativeRecord]:
        for currency, name in zip(self._account.currencies, self._prices(), strict=True):
            amount = _number(row["properties"].get(name))
            values = {**record.values, LIST: LIBRARY, CURRENCY: currency, AMOUNT: amount}
            yield NativeRecord(
                f"{record.key}|{currency}",
                record.version,
                record.modified,
                amount is None,
                {} if amount is None else values,
            )

    # --- columns -----------------------------------------------------------------------------------

    def _reader(self, field: NativeField) -> Read:
        if (found := column(field.path)) is not None:
            return _associated(found)
        base, _, part = field.path.partition(".")
        if base in _HOME and not part:
            return lambda row, _ends: row["properties"].get(base) or self._account.currencies[0]
        if not part:
            convert = converter(field.kind, lambda: self._account.zone)
            return lambda row, _ends: convert(row["properties"].get(base))
        if field.path in (INTO, CURRENCY, AMOUNT, LIST):
            return lambda _row, _ends: None
        if field.path == NET:
            return lambda row, _ends: _net(row["properties"])
        if base == _COMPANY:
            return lambda row, _ends: self._companies.get(str(row["properties"].get(_COMPANY)), {}).get(part) or None
        named: dict[str, Callable[[str], str | None]] = {
            "name": self._account.owner,
            "label": lambda key: self._account.stage(self.native.name, key),
            "country": lambda text: text.strip().splitlines()[-1].strip() or None if text.strip() else None,
        }
        if part not in named:
            raise ConfigurationError(
                f"HubSpot offers no column {field.path}.",
                hint="Use a property, <owner property>.name, <stage property>.label, <address>.country or <object>.id.",
                field=field.path,
            )
        look_up = named[part]
        return lambda row, _ends: look_up(str(key)) if (key := row["properties"].get(base)) else None


def _associated(one: Column) -> Read:
    return lambda row, ends: one.of(ends.get(one.right, {}).get(str(row["id"]), ()))


def _net(properties: Mapping[str, Any]) -> Value:
    """Return a line's price less its discount, which is an amount per unit or a percentage; the mapping refuses what is no number."""
    price, discount, percent = (_number(properties.get(name)) for name in (_PRICE, _DISCOUNT, _PERCENT))
    if not isinstance(price, Decimal):
        return price
    if isinstance(percent, Decimal):
        return price * (1 - percent / 100)
    return price - discount if isinstance(discount, Decimal) else price


_number = converter("amount", lambda: UTC)
