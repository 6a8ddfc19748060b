"""Lists, items and partners of the demo company."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from crosswalk_sandbox.company.blocks import group_of
from crosswalk_sandbox.sap_business_one.account import Account

from .facts import Stamps, card_code, number, person_code, price_list, renamed, tax_code, warehouse
from .patterns import OpenText

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Address, Company, Contact, ErpCustomer, Party, Price, Product, Stock

Row = dict[str, Any]
_STATES: Final = ("US", "CA", "AU")


class Masters:
    """Makes rows of everything that is no document."""

    def __init__(self, account: Account, company: Company) -> None:
        self._company = company
        self._stamps = Stamps(account.options.time_zone)
        self._own = account.options.user_fields
        self._local = account.options.local_currency
        self._tax_field = account.options.tax_field
        self._types: dict[int, str] = {}
        self._taxes = {one.sequence: tax_code(one) for one in company.tax_codes}
        self._states = {(row["Country"], row["Code"]) for _, row in account.all("States")}
        self._countries = {row["Code"] for _, row in account.all("Countries")}

    # lists

    def lists(self) -> Iterator[tuple[str, list[Row]]]:
        """Set and rows of the small sets."""
        company = self._company
        yield (
            "PaymentTermsTypes",
            [
                {
                    "GroupNumber": one.sequence,
                    "PaymentTermsGroupName": one.name,
                    "NumberOfAdditionalDays": one.days,
                    "NumberOfAdditionalMonths": 0,
                }
                for one in company.terms
            ],
        )
        yield (
            "PriceLists",
            [
                {
                    "PriceListNo": price_list(company, level.sequence, currency.code),
                    "PriceListName": f"{level.erp_name} {currency.code}",
                    "BasePriceList": price_list(company, level.sequence, currency.code),
                    "Factor": 1.0,
                    "Active": "tYES",
                    "DefaultPrimeCurrency": currency.code,
                }
                for level in company.price_levels
                for currency in company.currencies
            ],
        )
        yield "Warehouses", [_warehouse(one.sequence, one.name, one.address) for one in company.locations]
        yield (
            "SalesPersons",
            [
                {
                    "SalesEmployeeCode": one.sequence,
                    "SalesEmployeeName": f"{one.first_name} {one.last_name}",
                    "Active": "tYES" if one.is_active else "tNO",
                    "Email": one.email,
                }
                for one in company.salespeople
            ],
        )
        yield (
            "SalesTaxCodes",
            [
                {"Code": tax_code(one), "Name": one.name, "Rate": number(one.rate), "ValidForAR": "tYES"}
                for one in company.tax_codes
            ],
        )
        yield (
            "VatGroups",
            [
                {
                    "Code": tax_code(one),
                    "Name": one.name,
                    "Category": "bovcOutputTax",
                    "VatGroups_Lines": [{"Effectivefrom": "2015-01-01T00:00:00Z", "Rate": number(one.rate)}],
                }
                for one in company.tax_codes
            ],
        )

    def rates(self) -> Iterator[tuple[str, str, str]]:
        """Currency, first day and rate."""
        for one in self._company.currencies:
            yield one.code, "2015-01-01", str(one.rate)

    # goods

    def items(self) -> Iterator[tuple[str, Row]]:
        """Items with prices and stock."""
        prices: dict[int, list[Price]] = {}
        for price in self._company.prices():
            if price.erp_price is not None and not price.minimum_quantity:
                prices.setdefault(price.product, []).append(price)
        stock: dict[int, list[Stock]] = {}
        for one in self._company.stock():
            stock.setdefault(one.product, []).append(one)
        for product in self._company.products():
            if product.erp is not None:
                row = self._item(product, prices.get(product.sequence, []), stock.get(product.sequence, []))
                yield product.erp.number, row

    def _item(self, product: Product, prices: list[Price], stock: list[Stock]) -> Row:
        erp = product.erp
        assert erp is not None
        by_list = {price_list(self._company, one.level, one.currency): one for one in prices}
        places = {one.location: one for one in stock}
        kept = product.kind == "inventory"
        row: Row = {
            "ItemCode": erp.number, "ItemName": erp.display_name, "User_Text": erp.description, "SalesUnit": erp.unit,
            "ItemType": "itLabor" if product.kind == "service" else "itItems", "InventoryItem": "tYES" if kept else "tNO",
            "PurchaseItem": "tYES" if kept else "tNO", "TreeType": "iSalesTree" if product.kind == "kit" else "iNotATree",
            "Valid": "tYES" if erp.is_active else "tNO", "Frozen": "tNO" if erp.is_active else "tYES",
            "SalesUnitWeight": None if erp.weight_kg is None else number(erp.weight_kg), "MovingAveragePrice": number(erp.cost),
            "ItemPrices": [
                {"PriceList": place, "BasePriceList": place, **_price(by_list.get(place))}
                for place in range(1, len(self._company.price_levels) * len(self._company.currencies) + 1)
            ],
            "ItemWarehouseInfoCollection": [
                {"WarehouseCode": warehouse(one.sequence), "ItemCode": erp.number, **_place(places.get(one.sequence))}
                for one in self._company.locations
            ],
            "QuantityOnStock": sum(number(one.on_hand) for one in stock),
            "QuantityOrderedByCustomers": sum(number(one.committed) for one in stock),
            "QuantityOrderedFromVendors": sum(number(one.on_order) for one in stock),
            **self._stamps.of_master(erp.created, erp.modified), **({"U_CrosswalkKey": erp.external_id} if self._own and erp.external_id else {}),
        }  # fmt: skip
        return {name: value for name, value in row.items() if value is not None}

    def trees(self) -> Iterator[tuple[str, Row]]:
        """Kits."""
        codes = {one.sequence: one.erp.number for one in self._company.products() if one.erp is not None}
        for product in self._company.products():
            if product.kind == "kit" and product.erp is not None:
                lines = [
                    {
                        "ItemCode": codes[member.product],
                        "Quantity": number(member.quantity),
                        "ParentItem": product.erp.number,
                        "ChildNum": place,
                        "VisualOrder": place,
                        "IssueMethod": "im_Manual",
                        "ItemType": "pit_Item",
                    }
                    for place, member in enumerate(product.members)
                    if member.product in codes
                ]
                yield product.erp.number, {
                    "TreeCode": product.erp.number, "TreeType": "iSalesTree", "Quantity": 1.0, "ProductTreeLines": lines,
                    "ProductDescription": product.erp.display_name,
                }  # fmt: skip

    def brackets(self) -> Iterator[tuple[tuple[str, str], Row]]:
        """Prices from a quantity on, for everybody of a price list (§15: ``*1`` and so on)."""
        codes = {one.sequence: one.erp.number for one in self._company.products() if one.erp is not None}
        for price in self._company.prices():
            if price.erp_price is None or not price.minimum_quantity or price.product not in codes:
                continue
            place = price_list(self._company, price.level, price.currency)
            item, amount = codes[price.product], number(price.erp_price)
            step = {"Quantity": number(price.minimum_quantity), "SpecialPrice": amount, "RowNumber": 0}
            yield (item, f"*{place}"), {
                "ItemCode": item, "CardCode": f"*{place}", "PriceListNum": place, "Currency": price.currency, "AutoUpdate": "tNO",
                "SpecialPriceDataAreas": [
                    {"RowNumber": 0, "PriceListNo": place, "DateFrom": "2015-01-01T00:00:00Z", "SpecialPriceQuantityAreas": [step]}
                ],
            }  # fmt: skip

    # partners

    def partner(self, party: Party) -> Row | None:
        """A party's customer or lead; None where the ERP has none."""
        erp = party.erp
        if erp is None:
            return None
        kind = "cCustomer" if erp.stage == "customer" else "cLid"
        tax = self._taxes[erp.tax_code]
        self._types[party.sequence] = kind
        father = erp.parent if erp.parent is not None and self._types.get(erp.parent) == kind else None
        code = card_code(party.sequence)
        addresses = [
            self._address(code, place, tax, *given)
            for place, given in enumerate(
                [("Bill to", "bo_BillTo", erp.billing), ("Ship to", "bo_ShipTo", erp.shipping)]
            )
            if given[2] is not None
        ]
        group = group_of(party.sequence)
        known = [one for one in party.contacts if one.erp is not None]
        people = [self._person(code, group, one) for one in known]
        leading = next((person["Name"] for one, person in zip(known, people, strict=True) if one.is_primary), None)
        mirror = next((one for one in addresses if one["AddressType"] == "bo_BillTo"), {})
        row: Row = {
            "CardCode": code, "CardName": renamed(erp.name, "company", group), "CardType": kind,
            "GroupCode": 100, "AliasName": OpenText(erp.number, "alias", party.sequence),
            "EmailAddress": renamed(erp.email, "mail", group),
            "Phone1": renamed(erp.phone, "phone"), "Website": renamed(erp.url, "site", group),
            "FederalTaxID": renamed(erp.vat_number, "digits"),
            "Currency": erp.currency if len(erp.currencies) == 1 else "##", "PayTermsGrpCode": erp.terms,
            "PriceListNum": price_list(self._company, erp.price_level, erp.currency), "SalesPersonCode": erp.sales_rep,
            "VatGroup": tax, **self._credit(erp), "FatherCard": None if father is None else card_code(father), "FreeText": erp.comments,
            "Frozen": None if erp.is_active else "tYES", "ContactPerson": leading, "BPAddresses": addresses, "ContactEmployees": people,
            **self._tax(addresses, erp), "BilltoDefault": "Bill to" if erp.billing else None, "ShipToDefault": "Ship to" if erp.shipping else None,
            **{header: mirror.get(name) for header, name in (
                ("Address", "Street"), ("ZipCode", "ZipCode"), ("City", "City"), ("Country", "Country"), ("BillToState", "State"),
            )},
            **self._stamps.of_master(erp.created, erp.modified),
            **self._key(erp.external_id, "customer key", party.sequence),
        }  # fmt: skip
        return {name: value for name, value in row.items() if value is not None}

    def _tax(self, addresses: list[Row], erp: ErpCustomer) -> Row:
        """The customer's tax: on the ship-to address where lines have tax codes, on the partner where they have VAT groups (§15)."""
        code = next(tax_code(one) for one in self._company.tax_codes if one.sequence == erp.tax_code)
        if self._tax_field == "VatGroup":
            return {"VatGroup": code}
        for address in addresses:
            if address["AddressType"] == "bo_ShipTo":
                address["TaxCode"] = code
        return {}

    def settings(self) -> Row:
        """What the company's settings say of tax and warehouses where partner and item do not."""
        standard = next(one for one in self._company.tax_codes if one.is_default)
        name = "TaxDefinitionforVatitem" if self._tax_field == "VatGroup" else "DefaultTaxCode"
        return {name: tax_code(standard), "DefaultWarehouse": warehouse(self._company.locations[0].sequence)}

    def _credit(self, erp: ErpCustomer) -> Row:
        """The limit in local currency, as amounts of a partner are; none is 0 (§16)."""
        if erp.credit_limit is None:
            return {}
        rate = next(one.rate for one in self._company.currencies if one.code == erp.currency)
        return {
            "CreditLimit": number((erp.credit_limit * rate).quantize(1)),
            "MaxCommitment": number((erp.credit_limit * rate).quantize(1)),
        }

    def _address(self, code: str, place: int, tax: str, name: str, kind: str, address: Address) -> Row:
        row: Row = {
            "AddressName": name, "AddressType": kind, "BPCode": code, "RowNum": place,
            "Street": renamed(address.lines[0], "street"),
            "Block": address.lines[1] if len(address.lines) > 1 else None, "City": address.city or None,
            "ZipCode": address.postal_code or None, "TaxCode": tax,
            "Country": address.country_code if address.country_code in self._countries else None,
            "State": address.state if (address.country_code, address.state) in self._states else None,
        }  # fmt: skip
        return {name: value for name, value in row.items() if value is not None}

    def _person(self, code: str, group: int, contact: Contact) -> Row:
        erp = contact.erp
        assert erp is not None
        first = erp.first_name
        row: Row = {
            "CardCode": code, "Name": renamed(erp.name, "full name", first),
            "FirstName": renamed(first, "first name"), "LastName": erp.last_name, "Title": None,
            "Position": erp.title, "E_Mail": renamed(erp.email, "mail", group),
            "Phone1": renamed(erp.phone, "phone"), "MobilePhone": renamed(erp.mobile, "phone"),
            "Active": None if erp.is_active else "tNO", "InternalCode": person_code(contact.sequence),
            **self._stamps.of_person(erp.created, erp.modified),
            **self._key(erp.external_id, "person key", contact.sequence),
        }  # fmt: skip
        return {name: value for name, value in row.items() if value is not None}

    def _key(self, value: str | None, kind: str, sequence: int) -> Row:
        return {"U_CrosswalkKey": OpenText(value, kind, sequence)} if self._own and value else {}


def _price(price: Price | None) -> Row:
    if price is None or price.erp_price is None:
        return {}
    return {"Price": number(price.erp_price), "Currency": price.currency}


def _place(stock: Stock | None) -> Row:
    if stock is None:
        return {}
    return {
        "InStock": number(stock.on_hand),
        "Committed": number(stock.committed),
        "Ordered": number(stock.on_order),
        "MinimalStock": number(stock.reorder_point),
    }


def _warehouse(sequence: int, name: str, address: Address) -> Row:
    return {
        "WarehouseCode": warehouse(sequence), "WarehouseName": name, "Street": address.lines[0], "City": address.city,
        "ZipCode": address.postal_code, "Country": address.country_code, **({"State": address.state} if address.state else {}),
    }  # fmt: skip
