"""All tables and record types of one account, after its features and custom fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from crosswalk_sandbox.netsuite.options import Options
from crosswalk_sandbox.netsuite.schema.changes import NO_CHANGES, FieldChanges
from crosswalk_sandbox.netsuite.schema.custom import CustomField
from crosswalk_sandbox.netsuite.schema.entities import ADDRESS, entity_types
from crosswalk_sandbox.netsuite.schema.items import item_types
from crosswalk_sandbox.netsuite.schema.language import (
    SQL_TYPES,
    Column,
    Field,
    RecordType,
    Sublist,
    Table,
    columns,
)
from crosswalk_sandbox.netsuite.schema.lists import list_types
from crosswalk_sandbox.netsuite.schema.tables import suiteql_tables
from crosswalk_sandbox.netsuite.schema.transactions import transaction_types

# Columns that the account keeps and SuiteQL does not show.
_HIDDEN: Final[Mapping[str, str]] = {
    "address": "nkey:i addr1 addr2 addr3 addressee addrphone addrtext attention city country:e(country) state zip"
    " override:b lastmodifieddate:dt recordowner:i",
    "transaction": "subsidiary:r(subsidiary) location:r(location) department:r(department) class:r(classification)"
    " createdfrom:r(transaction) shipmethod:r(shipItem) subtotal:f discounttotal:f discountitem:i discountrate:f"
    " shippingcost:f handlingcost:f account:r(account) unapplied:f applied:f payment:f unbilledamount:f lastline:i"
    " taxitem:i taxdetailsoverride:b restype",
    "transactionline": "orderline:i orderdoc:i itemsubtype",
    "transactionlink": "previousdoc:i previousline:i previoustype previousdate:d nextdoc:i nextline:i nexttype"
    " nextdate:d linktype foreignamount:f discount:b lastmodifieddate:dt",
    "applyline": "transaction:i kind doc:i line:i amount:f apply:b",
    "taxdetail": "transaction:i taxdetailsreference taxtype:i taxcode:i taxbasis:f taxrate:f taxamount:f",
    "pricing": "computed:b",
    "package": "number:i transaction:i kind trackingnumber weight:f description carton",
}
_PRIMARY_KEYS: Final[Mapping[str, str]] = {
    "address": "nkey",
    "transactionline": "uniquekey",
    "pricing": "internalid",
    "customeraddressbook": "internalid",
    "package": "number",
    "unitstypeuom": "internalid",
}
_INDEXES: Final = (
    'transaction_type ON "transaction"(type, lastmodifieddate)',
    'transaction_changed ON "transaction"(lastmodifieddate)',
    'transaction_kind ON "transaction"(type)',
    'transaction_entity ON "transaction"(entity, type, status)',
    'transaction_from ON "transaction"(createdfrom) WHERE createdfrom IS NOT NULL',
    'transaction_number ON "transaction"(tranid)',
    'line_document ON transactionline("transaction", id)',
    "line_changed ON transactionline(linelastmodifieddate)",
    "line_item ON transactionline(item) WHERE item IS NOT NULL",
    "link_previous ON transactionlink(previousdoc)",
    "link_next ON transactionlink(nextdoc)",
    "link_changed ON transactionlink(lastmodifieddate)",
    'apply_document ON applyline("transaction")',
    "apply_doc ON applyline(doc)",
    'tax_document ON taxdetail("transaction")',
    'package_document ON package("transaction")',
    'tracking_document ON trackingnumbermap("transaction")',
    "customer_changed ON customer(lastmodifieddate)",
    "customer_name ON customer(companyname)",
    "customer_entity ON customer(entityid)",
    "customer_email ON customer(email)",
    "customer_parent ON customer(parent) WHERE parent IS NOT NULL",
    "contact_changed ON contact(lastmodifieddate)",
    "contact_company ON contact(company)",
    "contact_email ON contact(email)",
    "item_changed ON item(lastmodifieddate)",
    "item_itemid ON item(itemid)",
    "itemsubsidiary ON itemsubsidiarymap(item, subsidiary)",
    "address_book ON customeraddressbook(entity)",
    "customer_currency ON customercurrencybalance(customer)",
    "customer_itemprice ON customeritempricing(customer)",
    "customer_groupprice ON customergrouppricing(customer)",
    "customer_salesteam ON customersalesteam(customer)",
    "customer_subsidiary ON customersubsidiaryrelationship(entity)",
    "company_contact ON companycontactrelationship(company)",
    "contact_companies ON companycontactrelationship(contact)",
    "price_item ON pricing(item, pricelevel, currency, quantity)",
    "member_parent ON itemmember(parentitem)",
    "member_item ON itemmember(item)",
    "stock_item ON inventoryitemlocations(item, location)",
    "stock_changed ON inventoryitemlocations(lastquantityavailablechange)",
    "deleted_date ON deletedrecord(deleteddate)",
    "note_record ON systemnote(recordid)",
    "note_date ON systemnote(date)",
    "customer_external ON customer(externalid) WHERE externalid IS NOT NULL",
    "contact_external ON contact(externalid) WHERE externalid IS NOT NULL",
    "item_external ON item(externalid) WHERE externalid IS NOT NULL",
    'transaction_external ON "transaction"(externalid) WHERE externalid IS NOT NULL',
)
_ENTITY_VIEW: Final = """CREATE VIEW IF NOT EXISTS entity AS
SELECT id, entityid, altname AS entitytitle, altname, 'CustJob' AS type, isperson, isinactive, email, phone, parent,
 id AS customer, NULL AS contact, NULL AS employee, NULL AS vendor, externalid, datecreated, lastmodifieddate
 FROM customer
UNION ALL SELECT id, entityid, entityid, entityid, 'Contact', 'T', isinactive, email, phone, company, NULL, id, NULL,
 NULL, externalid, datecreated, lastmodifieddate FROM contact
UNION ALL SELECT id, entityid, entityid, entityid, 'Employee', 'T', isinactive, email, phone, NULL, NULL, NULL, id,
 NULL, externalid, datecreated, lastmodifieddate FROM employee
UNION ALL SELECT id, entityid, altname, altname, 'Vendor', isperson, isinactive, email, phone, NULL, NULL, NULL, NULL,
 id, externalid, datecreated, lastmodifieddate FROM vendor"""

# Postings as far as the sandbox keeps books: receivables or bank on the main line, income on the others.
_ACCOUNTING_VIEW: Final = """CREATE VIEW IF NOT EXISTS transactionaccountingline AS
SELECT l."transaction", l.id AS transactionline, CASE WHEN l.mainline = 'T' THEN COALESCE(t.account, 6)
 WHEN l.iscogs = 'T' THEN 58 WHEN t.type = 'ItemShip' THEN 12 ELSE 54 END AS account, 1 AS accountingbook,
 l.netamount AS amount, l.netamount, CASE WHEN l.netamount > 0 THEN l.netamount END AS debit,
 CASE WHEN l.netamount < 0 THEN -l.netamount END AS credit,
 CASE WHEN l.mainline = 'T' THEN ROUND(t.foreignamountpaid * t.exchangerate, 2) END AS amountpaid,
 CASE WHEN l.mainline = 'T' THEN ROUND(t.foreignamountunpaid * t.exchangerate, 2) END AS amountunpaid,
 t.exchangerate, t.posting, l.linelastmodifieddate AS lastmodifieddate
 FROM transactionline l JOIN "transaction" t ON t.id = l."transaction" WHERE l.netamount IS NOT NULL"""
_VIEWS: Final = {"entity": _ENTITY_VIEW, "transactionaccountingline": _ACCOUNTING_VIEW}

_HEADER_COLUMNS: Final = ("subsidiary", "location", "department", "class", "createdfrom")


class Catalog:
    """Tables by SuiteQL name and record types by lower-case name."""

    def __init__(
        self, options: Options, custom: Iterable[CustomField] = (), changes: FieldChanges = NO_CHANGES
    ) -> None:
        self.options = options
        self.custom = tuple(custom)
        self.changes = changes
        self._physical: dict[str, dict[str, Column]] = {}
        self.every_table = self._suiteql()
        shown = self.every_table if options.one_world else _single_company(self.every_table)
        found = [*entity_types(), *item_types(), *list_types(), *transaction_types()]
        self.every_type = {kind.name.lower(): self._featured(kind) for kind in found}
        if not options.one_world:
            del self.every_type["subsidiary"], self.every_type["customersubsidiaryrelationship"]
        self.types = {name: self._shown(kind) for name, kind in self.every_type.items()}
        self.tables = _lacking(shown, (*options.missing, *self._hidden_columns()))
        self.address = ADDRESS
        self._by_match = {(kind.table, *sorted(kind.match.items())): kind for kind in self.types.values()}

    def record_type(self, name: str) -> RecordType | None:
        """The record type called so in a URL, in any case."""
        return self.types.get(name.lower())

    def item_type(self, itemtype: str, subtype: str | None, lot: str, serial: str) -> str:
        """REST type of an item (NetSuite §12.3)."""
        for kind in self.types.values():
            facts = {"itemtype": itemtype, "subtype": subtype, "islotitem": lot, "isserialitem": serial}
            if kind.table == "item" and all(facts[column] == value for column, value in kind.match.items()):
                return kind.name
        return "inventoryItem"

    def statements(self) -> Iterator[str]:
        """DDL that makes or completes the account's tables."""
        for table, found in self.physical().items():
            key = _PRIMARY_KEYS.get(table, "id" if "id" in found and table != "transactionline" else None)
            words = [f'"{name}" {_sql_type(name, key, column)}' for name, column in found.items()]
            yield f'CREATE TABLE IF NOT EXISTS "{table}" ({", ".join(words)})'
        yield from _VIEWS.values()
        yield from (f"CREATE INDEX IF NOT EXISTS {index}" for index in _INDEXES)

    def physical(self) -> dict[str, dict[str, Column]]:
        """Columns of every SQLite table: SuiteQL's, hidden ones and those of REST fields that SuiteQL lacks."""
        if not self._physical:
            self._physical = self._stored()
        return self._physical

    def _stored(self) -> dict[str, dict[str, Column]]:
        found: dict[str, dict[str, Column]] = {}
        for table in self.every_table.values():
            if table.name not in _VIEWS:
                kept = {name: column for name, column in table.columns.items() if column.sql is None}
                found.setdefault(table.source, {}).update(kept)
        for name, words in _HIDDEN.items():
            found.setdefault(name, {}).update(columns(words))
        for kind in self.every_type.values():
            _add_fields(found[kind.table], self, kind.table, kind.fields.values())
            for sublist in kind.sublists.values():
                _add_fields(found.setdefault(sublist.table, {}), self, sublist.table, sublist.fields.values())
        return found

    def expression(self, table: str, column: str, alias: str) -> str:
        """SQLite expression of a stored or computed column of a row called ``alias``."""
        known = self.every_table.get(table)
        found = known.columns.get(column) if known else None
        return found.expression(alias) if found else f'{alias}."{column}"'

    def _suiteql(self) -> dict[str, Table]:
        found = suiteql_tables()
        for custom in self.custom:
            for name in custom.tables:
                added = {custom.id: Column(custom.id, custom.kind, custom.target)}
                found[name] = replace(found[name], columns={**found[name].columns, **added})
        if self.options.header_columns:
            hidden = columns(_HIDDEN["transaction"])
            shown = {name: hidden[name] for name in _HEADER_COLUMNS}
            found["transaction"] = replace(found["transaction"], columns={**found["transaction"].columns, **shown})
        return found

    def _featured(self, kind: RecordType) -> RecordType:
        fields = {**kind.fields, **self._custom_fields(kind.table)}
        sublists = {name: self._featured_lines(sublist) for name, sublist in kind.sublists.items()}
        if self.options.tax != "suitetax":
            sublists.pop("taxdetails", None)
            fields.pop("taxdetailsoverride", None)
        if not self.options.one_world:
            fields.pop("subsidiary", None)
        return replace(kind, fields=fields, sublists=sublists)

    def _shown(self, kind: RecordType) -> RecordType:
        hidden = self.changes.hidden_of(kind.name)
        return replace(kind, fields={name: field for name, field in kind.fields.items() if name not in hidden})

    def _hidden_columns(self) -> Iterator[str]:
        for kind in self.every_type.values():
            for name in self.changes.hidden_of(kind.name) & kind.fields.keys():
                yield f"{kind.table}.{kind.fields[name].column}"

    def _featured_lines(self, sublist: Sublist) -> Sublist:
        fields = {**sublist.fields, **self._custom_fields(sublist.table)}
        if self.options.tax == "suitetax" and sublist.name == "item":
            fields = {name: field for name, field in fields.items() if name not in ("taxcode", "taxrate1", "tax1amt")}
        return replace(sublist, fields=fields)

    def _custom_fields(self, table: str) -> dict[str, Field]:
        return {
            custom.id: Field(custom.id, custom.kind, custom.id, custom.target, custom=True)
            for custom in self.custom
            if table in custom.tables
        }


def _lacking(tables: dict[str, Table], missing: Iterable[str]) -> dict[str, Table]:
    """The tables without those, and without the columns ``table.column``, that the account does not have."""
    found = {name: table for name, table in tables.items() if name not in set(missing)}
    for word in missing:
        name, _, column = word.partition(".")
        if column and name in found:
            kept = {key: value for key, value in found[name].columns.items() if key != column}
            found[name] = replace(found[name], columns=kept)
    return found


def _single_company(tables: dict[str, Table]) -> dict[str, Table]:
    return {name: _without_subsidiary(table) for name, table in tables.items() if "subsidiary" not in name}


def _without_subsidiary(table: Table) -> Table:
    return replace(table, columns={name: column for name, column in table.columns.items() if name != "subsidiary"})


def _add_fields(found: dict[str, Column], catalog: Catalog, table: str, fields: Iterable[Field]) -> None:
    known = catalog.every_table.get(table)
    for field in fields:
        shown = known.columns.get(field.column) if known else None
        if field.column not in found and (shown is None or shown.sql is None):
            found[field.column] = Column(field.column, field.kind, field.target)


def _sql_type(name: str, key: str | None, column: Column) -> str:
    return "INTEGER PRIMARY KEY" if name == key else SQL_TYPES[column.kind]
