"""What the company checks of master data before it is saved (SAP Business One §10, §15)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from . import moments
from .account import Account
from .children import insert_address, merged, next_number
from .custom import check_unique, checked, numbered
from .desk import Desk, Row, exact
from .errors import Refusal, business, exists, generic, logic, no_match
from .schema.fields import type_of_table
from .schema.model import vendor_model
from .sql import normalised

_DOCUMENTS: Final = ("Quotations", "Orders", "DeliveryNotes", "Returns", "Invoices", "CreditNotes", "Drafts")
_REFERENCES: Final[Mapping[str, tuple[tuple[str, str, str], ...]]] = {
    "BusinessPartners": (
        ("PayTermsGrpCode", "PaymentTermsTypes", "OCRD.GroupNum"), ("PriceListNum", "PriceLists", "OCRD.ListNum"),
        ("SalesPersonCode", "SalesPersons", "OCRD.SlpCode"), ("GroupCode", "BusinessPartnerGroups", "OCRD.GroupCode"),
        ("FatherCard", "BusinessPartners", "OCRD.FatherCard"), ("ShippingType", "ShippingTypes", "OCRD.ShipType"),
        ("Territory", "Territories", "OCRD.Territory"), ("Industry", "Industries", "OCRD.IndustryC"),
    ),
    "Items": (
        ("ItemsGroupCode", "ItemGroups", "OITM.ItmsGrpCod"), ("DefaultWarehouse", "Warehouses", "OITM.DfltWH"),
        ("Manufacturer", "Manufacturers", "OITM.FirmCode"), ("SalesVATGroup", "VatGroups", "OITM.VatGourpSa"),
        ("ArTaxCode", "SalesTaxCodes", "OITM.TaxCodeAR"),
    ),
    "SpecialPrices": (("ItemCode", "Items", "OSPP.ItemCode"), ("PriceListNum", "PriceLists", "OSPP.ListNum")),
    "ProductTrees": (("TreeCode", "Items", "OITT.Code"), ("PriceList", "PriceLists", "OITT.PriceList")),
    "PriceLists": (("BasePriceList", "PriceLists", "OPLN.BASE_NUM"),),
    "Activities": (("CardCode", "BusinessPartners", "OCLG.CardCode"),),
    "SalesOpportunities": (("CardCode", "BusinessPartners", "OOPR.CardCode"),),
    "AlternateCatNum": (("ItemCode", "Items", "OSCN.ItemCode"), ("CardCode", "BusinessPartners", "OSCN.CardCode")),
}  # fmt: skip
"""Set → property, the set it names, the column in the refusal."""
_TURNS: Final = frozenset({("cLid", "cCustomer"), *((kind, kind) for kind in ("cLid", "cCustomer", "cSupplier"))})
"""Types of a partner, before and after, that its documents do not mind (§15)."""


class Rules:
    """Checks and completes a row about to be saved; knows what may be deleted."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._own: Mapping[str, Callable[[Desk, Row, Row | None], Row]] = {
            "BusinessPartners": self._partner, "Items": self._item, "UserFieldsMD": self._field, "UserTablesMD": self._table,
            "SpecialPrices": self._special_price, "ProductTrees": self._tree, "PriceLists": self._price_list,
            "SQLQueries": self._query, "Activities": self._activity, "UserObjectsMD": self._object, "UserKeysMD": numbered,
        }  # fmt: skip

    def saved(self, entity_set: str, desk: Desk, row: Row, before: Row | None) -> Row:
        """The row to save. Raises Refusal for what the company does not take."""
        self._references(entity_set, desk, row, before)
        self._required(entity_set, row)
        own = self._own.get(entity_set)
        row = row if own is None else own(desk, row, before)
        check_unique(self._account, entity_set, row)
        return row

    def _references(self, entity_set: str, desk: Desk, row: Row, before: Row | None) -> None:
        for name, target, column in _REFERENCES.get(entity_set, ()):
            value = row.get(name)
            if value is None or value == (before or {}).get(name) or (isinstance(value, int) and value < 0):
                continue
            if desk.read(target, value) is None:
                raise Refusal(desk.options.missing_reference_status, -2028, no_match(column).message)

    def _required(self, entity_set: str, row: Row) -> None:
        for one in self._account.model.type_of(entity_set).properties.values():
            if one.required and row.get(one.name) in (None, ""):
                raise generic(f"Property '{one.name}' is mandatory")

    # partners

    def _partner(self, desk: Desk, row: Row, before: Row | None) -> Row:
        if before is None:
            row.setdefault("CardType", "cCustomer")
            row.setdefault("Currency", desk.options.local_currency)
            row.setdefault("GroupCode", 100)
        elif (before.get("CardType"), row.get("CardType")) not in _TURNS and self._has_documents(desk, row):
            raise business("You cannot change the type of a business partner with transactions")
        if row["Currency"] != "##" and desk.read("Currencies", row["Currency"]) is None:
            raise no_match("OCRD.Currency")
        self._father(desk, row)
        self._addresses(desk, row, before)
        self._people(desk, row, before)
        return row

    def _father(self, desk: Desk, row: Row) -> None:
        father = row.get("FatherCard")
        if father is None:
            return
        above = desk.read("BusinessPartners", father)
        if father == row["CardCode"] or (above is not None and above.get("CardType") != row["CardType"]):
            raise business("The consolidating business partner must be another one of the same type")

    def _addresses(self, desk: Desk, row: Row, before: Row | None) -> None:
        old = (before or {}).get("BPAddresses", [])
        present = {(one.get("AddressName"), one.get("AddressType"), one.get("RowNum")) for one in old}
        day, time = moments.shown_day(desk.today()), moments.shown_time(desk.now())
        for address in row.get("BPAddresses", []):
            if not address.get("AddressName"):
                raise business("Enter an address name")
            if (address["AddressName"], address.get("AddressType"), address.get("RowNum")) not in present:
                address.setdefault("CreateDate", day)
                address.setdefault("CreateTime", time)
            for name, target, column in (("Country", "Countries", "CRD1.Country"),):
                if address.get(name) and desk.read(target, address[name]) is None:
                    raise no_match(column)
            if address.get("State") and address.get("Country"):
                states = desk.find("States", Country=address["Country"])
                if states and all(one["Code"] != address["State"] for one in states):
                    raise no_match("CRD1.State")
        self._default_address(row, "BilltoDefault", "bo_BillTo")
        self._default_address(row, "ShipToDefault", "bo_ShipTo")
        mirror: Row = next(
            (
                one
                for one in row.get("BPAddresses", [])
                if one["AddressName"] == row.get("BilltoDefault") and one["AddressType"] == "bo_BillTo"
            ),
            {},
        )
        for header, name in (
            ("Address", "Street"),
            ("ZipCode", "ZipCode"),
            ("City", "City"),
            ("County", "County"),
            ("Country", "Country"),
            ("BillToState", "State"),
        ):
            row[header] = mirror.get(name)

    @staticmethod
    def _default_address(row: Row, name: str, kind: str) -> None:
        names = [one["AddressName"] for one in row.get("BPAddresses", []) if one["AddressType"] == kind]
        if row.get(name) not in names:
            row[name] = names[0] if names else None

    def _people(self, desk: Desk, row: Row, before: Row | None) -> None:
        old = {one["InternalCode"]: one for one in (before or {}).get("ContactEmployees", [])}
        day, now = moments.shown_day(desk.today()), desk.now()
        names: set[str] = set()
        for person in row.get("ContactEmployees", []):
            if not person.get("Name"):
                raise business("Enter a contact person name")
            if person["Name"] in names:
                raise exists()
            names.add(person["Name"])
            if person.get("InternalCode") not in old:
                person["InternalCode"] = self._account.store.next_id("contact")
                person.update(CardCode=row["CardCode"], CreateDate=day, CreateTime=moments.shown_time(now))
            if person != old.get(person["InternalCode"]):  # a minute is all the column holds (§13)
                person.update(UpdateDate=day, UpdateTime=moments.shown_time(now.replace(second=0)))
        if row.get("ContactPerson") and row["ContactPerson"] not in names:
            raise no_match("OCRD.CntctPrsn")

    def _has_documents(self, desk: Desk, row: Row) -> bool:
        return any(desk.find(name, CardCode=row["CardCode"]) for name in _DOCUMENTS)

    # items and prices

    def _item(self, desk: Desk, row: Row, before: Row | None) -> Row:
        if row.get("ManageBatchNumbers") == "tYES" and row.get("ManageSerialNumbers") == "tYES":
            raise business("An item can be managed either by serial numbers or by batches")
        if before is None:
            row.setdefault("ItemsGroupCode", 100)
        prices = {one["PriceList"]: one for one in row.get("ItemPrices", [])}
        lists = self._account.all("PriceLists")
        for number in prices:
            if all(one["PriceListNo"] != number for _, one in lists):
                raise no_match("ITM1.PriceList")
        row["ItemPrices"] = [
            {
                "PriceList": one["PriceListNo"],
                "BasePriceList": one.get("BasePriceList", one["PriceListNo"]),
                **prices.get(one["PriceListNo"], {}),
            }
            for _, one in lists
        ]
        places = {one["WarehouseCode"]: one for one in row.get("ItemWarehouseInfoCollection", [])}
        known = [one["WarehouseCode"] for _, one in self._account.all("Warehouses")]
        if not set(places) <= set(known):
            raise no_match("OITW.WhsCode")
        row["ItemWarehouseInfoCollection"] = [
            {"WarehouseCode": code, "ItemCode": row["ItemCode"], **places.get(code, {})} for code in known
        ]
        return row

    def _special_price(self, desk: Desk, row: Row, _before: Row | None) -> Row:
        if not re.fullmatch(r"\*\d+", row["CardCode"]) and desk.read("BusinessPartners", row["CardCode"]) is None:
            raise no_match("OSPP.CardCode")
        if exact(row.get("DiscountPercent")) >= 100:
            raise business("10001058 - Enter a discount percentage of less than 100")
        for area in row.get("SpecialPriceDataAreas", []):
            area.setdefault("RowNumber", next_number(row["SpecialPriceDataAreas"], "RowNumber"))
        return row

    def _tree(self, desk: Desk, row: Row, _before: Row | None) -> Row:
        lines = row.get("ProductTreeLines", [])
        for line in lines:
            if line.get("ItemCode") and desk.read("Items", line["ItemCode"]) is None:
                raise no_match("ITT1.Code")
            line.setdefault("ChildNum", next_number(lines, "ChildNum"))
            line.setdefault("VisualOrder", line["ChildNum"])
            line["ParentItem"] = row["TreeCode"]
        row.setdefault("TreeType", "iSalesTree")
        row.setdefault("Quantity", 1)
        item = desk.read("Items", row["TreeCode"])
        if item is not None and item.get("TreeType") != row["TreeType"]:
            desk.save("Items", {**item, "TreeType": row["TreeType"]})
        return row

    def _price_list(self, _desk: Desk, row: Row, before: Row | None) -> Row:
        if before is None:
            row.setdefault("Factor", 1)
            row.setdefault("BasePriceList", row["PriceListNo"])
        return row

    # user fields and tables

    def _field(self, desk: Desk, row: Row, before: Row | None) -> Row:
        if before is not None:
            return row
        table, name = str(row.get("TableName", "")), str(row.get("Name", ""))
        target = type_of_table(table)
        if target not in self._account.model.types:
            raise no_match("CUFD.TableID")
        if not re.fullmatch(r"[A-Za-z]\w*", name):
            raise business("Enter a field name of letters, digits and underscores")
        row.setdefault("Type", "db_Alpha")
        row.setdefault("SubType", "st_None")
        row.setdefault("Mandatory", "tNO")
        if row["Type"] == "db_Alpha":
            row.setdefault("EditSize", row.get("Size", 50))
        if any(
            type_of_table(one["TableName"]) == target and one["Name"] == name
            for _, one in self._account.all("UserFieldsMD")
        ):
            raise exists()
        row["FieldID"] = len(desk.find("UserFieldsMD", TableName=table))
        return row

    def _table(self, _desk: Desk, row: Row, before: Row | None) -> Row:
        if before is None:
            if not re.fullmatch(r"[A-Za-z]\w*", str(row.get("TableName", ""))) or not row.get("TableDescription"):
                raise business("Enter a table name of letters, digits and underscores, and a description")
            row.setdefault("TableType", "bott_NoObject")
        return row

    def _object(self, desk: Desk, row: Row, before: Row | None) -> Row:
        return checked(self._account.model, desk, row) if before is None else row

    # others

    def _activity(self, desk: Desk, row: Row, before: Row | None) -> Row:
        if before is None:
            row.setdefault("ActivityProperty", "cn_Conversation")
            row.setdefault("ActivityDate", moments.shown_day(desk.today()))
            row.setdefault("StartDate", row["ActivityDate"])
        for name in [name for name, one in vendor_model().types["Activity"].properties.items() if one.kind == "time"]:
            if row.get(name):  # a minute is all the column holds (§15)
                row[name] = f"{row[name][:5]}:00"
        return row

    def _query(self, desk: Desk, row: Row, before: Row | None) -> Row:
        row["SqlText"], row["ParamList"] = normalised(str(row.get("SqlText", "")))
        row["UpdateDate" if before else "CreateDate"] = moments.shown_day(desk.today())
        return row

    # changing and deleting

    def changed(self, entity_set: str, desk: Desk, before: Row, given: Row, *, replace: bool) -> Row:
        """A row after PATCH: values changed, child rows merged (§6)."""
        row = dict(before)
        kind = self._account.model.type_of(entity_set)
        for name, value in given.items():
            one = kind.properties[name]
            if one.collection and one.kind == "complex":
                insert = insert_address(str(row["CardCode"])) if name == "BPAddresses" else None
                row[name] = merged(name, row.get(name, []), value or [], replace=replace, insert=insert)
            elif value is None:
                row.pop(name, None)
            elif one.kind == "complex" and isinstance(value, dict):
                row[name] = {**row.get(name, {}), **value}
            else:
                row[name] = value
        return row

    def check_delete(self, entity_set: str, desk: Desk, row: Row) -> None:
        """Raises Refusal for what may not go."""
        if entity_set == "BusinessPartners" and self._has_documents(desk, row):
            raise logic(1320000083, "You cannot remove the business partner: transactions exist")
        if entity_set == "BusinessPartners" and desk.find("BusinessPartners", FatherCard=row["CardCode"]):
            raise logic(1320000083, "You cannot remove the business partner: others are consolidated in it")
        if entity_set == "Items":
            self._check_item(row)

    def _check_item(self, row: Row) -> None:
        for name in _DOCUMENTS:
            lines = f"json_each({self._account.store.text()}, '$.DocumentLines')"
            sql = f"SELECT 1 FROM \"{name}\", {lines} WHERE json_extract(value, '$.ItemCode') = ? LIMIT 1"
            if self._account.store.row(sql, (row["ItemCode"],)):
                raise logic(10001069, "You cannot remove the item: transactions exist")
        if exact(row.get("QuantityOnStock")):
            raise logic(10001069, "You cannot remove the item: there is stock of it")


def first_rows(name: str, given: list[Row], card: str) -> list[Row]:
    """Child rows of a new entity."""
    insert = insert_address(card) if name == "BPAddresses" else None
    return merged(name, [], given, replace=False, insert=insert)


def new_key(entity_set: str, desk: Desk, row: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """A code from the numbering series, where one is given (§15)."""
    prefix = prefixes.get(str(row.get("CardType")), next(iter(prefixes.values())))
    while True:
        code = f"{prefix}{desk.next_number(entity_set, int(row['Series'])):05}"
        if desk.read(entity_set, code) is None:
            return code
