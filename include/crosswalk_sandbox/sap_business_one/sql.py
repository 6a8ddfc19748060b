"""Stored SQL: what may be asked, and how the database's tables lie in our store (SAP Business One §12)."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from .account import Account
from .errors import Refusal
from .schema.model import Property

_HEADERS: Final = {
    "OQUT": "Quotations", "ORDR": "Orders", "ODLN": "DeliveryNotes", "ORDN": "Returns", "OINV": "Invoices", "ORIN": "CreditNotes", "ODRF": "Drafts",
}  # fmt: skip
_ROWS: Final = {
    "QUT1": "Quotations", "RDR1": "Orders", "DLN1": "DeliveryNotes", "RDN1": "Returns", "INV1": "Invoices", "RIN1": "CreditNotes", "DRF1": "Drafts",
}  # fmt: skip
TABLES: Final[Mapping[str, tuple[str, str | None]]] = {
    "OCRD": ("BusinessPartners", None), "OCPR": ("BusinessPartners", "ContactEmployees"), "CRD1": ("BusinessPartners", "BPAddresses"),
    "OITM": ("Items", None), "OITW": ("Items", "ItemWarehouseInfoCollection"), "ITM1": ("Items", "ItemPrices"),
    "OPLN": ("PriceLists", None), "ORCT": ("IncomingPayments", None), "RCT2": ("IncomingPayments", "PaymentInvoices"),
    "OCLG": ("Activities", None), "OITT": ("ProductTrees", None), "ITT1": ("ProductTrees", "ProductTreeLines"),
    "OSPP": ("SpecialPrices", None), "OCTG": ("PaymentTermsTypes", None), "OWHS": ("Warehouses", None), "OSLP": ("SalesPersons", None),
    **{table: (name, None) for table, name in _HEADERS.items()}, **{table: (name, "DocumentLines") for table, name in _ROWS.items()},
}  # fmt: skip
"""Allowed table → set, and the collection whose rows it holds."""
_PARENT_KEYS: Final = {
    "OCPR": "CardCode",
    "CRD1": "CardCode",
    "OITW": "ItemCode",
    "ITM1": "ItemCode",
    "ITT1": "Father",
    "RCT2": "DocNum",
    **dict.fromkeys(_ROWS, "DocEntry"),
}
_COLUMNS: Final = {
    ("ItemWarehouseInfo", "InStock"): "OnHand", ("ItemWarehouseInfo", "Committed"): "IsCommited", ("ItemWarehouseInfo", "Ordered"): "OnOrder",
    ("ItemWarehouseInfo", "WarehouseCode"): "WhsCode", ("ItemPrice", "PriceList"): "PriceList", ("ItemPrice", "Price"): "Price",
}  # fmt: skip
_PARAMETER: Final = re.compile(r":(\w+)")
_FORBIDDEN: Final = (exp.Case, exp.Coalesce, exp.Insert, exp.Update, exp.Delete, exp.Create, exp.Drop)


class StoredQueries:
    """Checks and runs stored SQL."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def rows(self, text: str, given: Mapping[str, str], skip: int, limit: int) -> list[dict[str, Any]]:
        """Rows from ``skip`` on, under the database's names. Raises Refusal 701 to 704."""
        tree = parsed(text)
        needed = set(_PARAMETER.findall(text))
        if needed - set(given):
            raise Refusal(400, 704, f"Parameter error: {', '.join(sorted(needed - set(given)))} missing")
        for one in tree.find_all(exp.Table):
            one.replace(self._source(tree, one))
        sql = f"SELECT * FROM ({tree.sql(dialect='sqlite')}) LIMIT {limit} OFFSET {skip}"
        try:
            cursor = self._account.store.reader().execute(sql, {name: _literal(given[name]) for name in needed})
        except sqlite3.OperationalError as error:
            raise Refusal(400, 703, f"Column not allowed: {str(error).rpartition(' ')[2]}") from None
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _source(self, tree: exp.Expression, table: exp.Table) -> exp.Expression:
        """The table as a selection from our store, with the columns that the statement names."""
        name = table.name.upper()
        columns = self.columns(name)
        wanted = {one.name.upper() for one in tree.find_all(exp.Column)}
        known = {column.upper(): (column, sql) for column, sql in columns.items()}
        chosen = [f'{sql} AS "{column}"' for column, sql in (known[one] for one in sorted(wanted & set(known)))] or [
            "1 AS one"
        ]
        entity_set, child = TABLES[name]
        key = self._account.sql_of(entity_set, self._account.model.sets[entity_set].key[0])
        owner = f'(SELECT {key} AS owner_key, {self._account.store.text()} AS body FROM "{entity_set}") owner'
        rows = f"{owner}, json_each(owner.body, '$.{child}')" if child else f'"{entity_set}"'
        inner = sqlglot.parse_one(f"SELECT {', '.join(chosen)} FROM {rows}", dialect="sqlite")
        assert isinstance(inner, exp.Select)
        return inner.subquery(table.alias_or_name)

    def columns(self, table: str) -> dict[str, str]:
        """Column → SQL."""
        entity_set, child = TABLES[table]
        kind = self._account.model.type_of(entity_set)
        if child is None:
            plain = [one for one in kind.properties.values() if not one.collection and one.kind != "complex"]
            found = {
                _column(kind.name, one): self._stored(one, self._account.sql_of(entity_set, one.name)) for one in plain
            }
            return {name: sql for name, sql in found.items() if name}
        row = self._account.model.types[kind.properties[child].type]
        found = {
            _column(row.name, one): self._stored(one, f"json_extract(value, '$.{one.name}')")
            for one in row.properties.values()
            if not one.collection and one.kind != "complex"
        }
        parent = _PARENT_KEYS[table]
        return {name: sql for name, sql in found.items() if name} | {parent: "owner_key"}

    def _stored(self, one: Property, sql: str) -> str:
        """A value as the database keeps it: letters, days without dashes, times as numbers."""
        if one.kind == "date":
            return f"replace(substr({sql}, 1, 10), '-', '')"
        if one.kind == "time":
            return f"CAST(replace({sql}, ':', '') AS INTEGER)"
        letters = self._account.model.enums[one.type].letters if one.kind == "enum" else {}
        if letters:
            cases = " ".join(f"WHEN '{name}' THEN '{letter}'" for name, letter in letters.items())
            return f"CASE {sql} {cases} END"
        return sql


def _column(kind: str, one: Property) -> str:
    return _COLUMNS.get((kind, one.name)) or one.column or ("" if one.name.startswith("U_") else one.name)


def _literal(value: str) -> str | float:
    if value.startswith("'"):
        return value.strip("'")
    try:
        return float(value)
    except ValueError:
        return value


def normalised(text: str) -> tuple[str, str]:
    """A query's text as it is kept, with columns in brackets, and its parameters. Raises Refusal 701 to 703."""
    tree = parsed(text)
    for one in tree.find_all(exp.Column):
        if isinstance(one.this, exp.Identifier):
            one.this.set("quoted", True)
    return tree.sql(dialect="tsql"), ",".join(dict.fromkeys(_PARAMETER.findall(text)))


def parsed(text: str) -> exp.Expression:
    """The statement. Raises Refusal 701 (syntax), 702 (table), 703 (column)."""
    try:
        tree = sqlglot.parse_one(text, dialect="tsql")
    except SqlglotError:
        raise Refusal(400, 701, "Invalid SQL syntax") from None
    if not isinstance(tree, exp.Select | exp.Union) or any(tree.find(kind) for kind in _FORBIDDEN):
        raise Refusal(400, 701, "Invalid SQL syntax: only SELECT is supported")
    if any(isinstance(one, exp.Star) for one in tree.selects):
        raise Refusal(400, 701, "Invalid SQL syntax: 'select *' is not supported")
    for one in tree.selects:
        if not isinstance(one, exp.Column | exp.Alias):
            raise Refusal(400, 701, "Invalid SQL syntax: computed columns need an alias")
    for table in tree.find_all(exp.Table):
        if table.name.upper() not in TABLES:
            raise Refusal(400, 702, f"Table '{table.name}' is not allowed")
    return tree


def parameters(text: str) -> dict[str, str]:
    """Parameters as they are sent: ``docTotal=100&cardCode='C1'``."""
    return dict(parse_qsl(text, keep_blank_values=True))
