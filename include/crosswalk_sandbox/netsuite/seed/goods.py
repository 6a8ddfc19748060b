"""Items, prices and stock of the demo company."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crosswalk_sandbox.company import ids
from crosswalk_sandbox.netsuite.seed.batch import Batch, amount, flag, stamp

if TYPE_CHECKING:
    from crosswalk_sandbox.company.model import Company, ErpItem, Product
    from crosswalk_sandbox.netsuite.store import Store

KINDS: Final = {
    "inventory": ("InvtPart", None),
    "non_inventory": ("NonInvtPart", "Sale"),
    "service": ("Service", "Sale"),
    "kit": ("Kit", None),
}
_ITEM: Final = (
    "id itemid fullname displayname description itemtype subtype isinactive cost averagecost subsidiary unitstype saleunit"
    " stockunit weight weightunit externalid createddate lastmodifieddate isfulfillable incomeaccount cogsaccount"
    " assetaccount taxschedule costingmethod islotitem isserialitem"
)
_STOCK: Final = (
    "item location quantityonhand quantitycommitted quantitybackordered quantityonorder quantityavailable reorderpoint"
    " averagecostmli lastquantityavailablechange quantityintransit"
)


class Goods:
    """Writes the catalogue and remembers what documents need of it."""

    def __init__(self, store: Store, company: Company, currencies: dict[str, int]) -> None:
        self._store = store
        self._company = company
        self._currencies = currencies
        self._units: dict[str, int] = {}
        self.products: dict[int, Product] = {}
        """Products that exist in this account, by sequence."""

    def write(self) -> None:
        """Write items, units, price rows and stock."""
        items = Batch(self._store, "item", _ITEM)
        members = Batch(self._store, "itemmember", "parentitem item quantity linenumber")
        shared = Batch(self._store, "itemsubsidiarymap", "item subsidiary")
        keys = Batch(self._store, "externalkey", "family externalid type id")
        for product in self._company.products():
            if product.erp is None:
                continue
            self.products[product.sequence] = product
            ident = ids.netsuite_item_id(product.sequence)
            items.add(*self._item(product, product.erp, ident))
            for subsidiary in product.erp.subsidiaries:
                shared.add(ident, subsidiary)
            for place, member in enumerate(product.members, 1):
                members.add(ident, ids.netsuite_item_id(member.product), amount(member.quantity), place)
            if product.erp.external_id:
                keys.add("item", product.erp.external_id, _rest_type(product), ident)
        for batch in (items, members, shared, keys):
            batch.flush()
        self._write_units()
        self._prices()
        self._stock()

    def _item(self, product: Product, erp: ErpItem, ident: int) -> tuple[object, ...]:
        kind, subtype = KINDS[product.kind]
        stocked = kind == "InvtPart"
        unit = self._units.setdefault(erp.unit, len(self._units) + 1)
        weight = round(erp.weight_kg, 3) if erp.weight_kg is not None else None
        return (
            ident, erp.number, erp.number, erp.display_name, erp.description, kind, subtype, flag(not erp.is_active),
            amount(erp.cost), amount(erp.cost) if stocked else None, ", ".join(map(str, erp.subsidiaries)) or None, 1, unit,
            unit if stocked else None, amount(weight), "3" if weight is not None else None, erp.external_id,
            stamp(erp.created), stamp(erp.modified), flag(kind != "Service"), 54, 58 if stocked else None,
            12 if stocked else None, 1, "AVG" if stocked else None, "F", "F",
        )  # fmt: skip

    def _write_units(self) -> None:
        self._store.insert("unitstype", {"id": 1, "name": "Units", "lastmodifieddate": stamp(self._company.now)})
        for name, number in self._units.items():
            facts = {"internalid": number, "unitstype": 1, "unitname": name, "abbreviation": name, "pluralname": name,
                     "conversionrate": 1, "baseunit": flag(number == 1)}  # fmt: skip
            self._store.insert("unitstypeuom", facts)

    def _prices(self) -> None:
        batch = Batch(self._store, "pricing", "internalid item pricelevel currency quantity minimumquantity unitprice")
        matrix = Batch(self._store, "itemprice", "item pricelevel pricelevelname price isinactive")
        names = {level.sequence: level.erp_name for level in self._company.price_levels}
        base = next(currency.code for currency in self._company.currencies if currency.is_corporate)
        for price in self._company.prices():
            if price.erp_price is None or price.product not in self.products:
                continue
            item, bound = ids.netsuite_item_id(price.product), amount(price.minimum_quantity)
            batch.add(
                price.sequence,
                item,
                price.level,
                self._currencies[price.currency],
                bound,
                bound,
                amount(price.erp_price),
            )
            if price.currency == base and not bound:
                matrix.add(item, price.level, names[price.level], amount(price.erp_price), "F")
        batch.flush()
        matrix.flush()

    def _stock(self) -> None:
        batch = Batch(self._store, "inventoryitemlocations", _STOCK)
        now = stamp(self._company.now)
        for stock in self._company.stock():
            if stock.product in self.products:
                erp = self.products[stock.product].erp
                batch.add(ids.netsuite_item_id(stock.product), stock.location, amount(stock.on_hand), amount(stock.committed),
                          amount(stock.backordered), amount(stock.on_order), amount(stock.available),
                          amount(stock.reorder_point), amount(erp.cost if erp else None), now, 0)  # fmt: skip
        batch.flush()


def _rest_type(product: Product) -> str:
    return {"inventory": "inventoryItem", "non_inventory": "nonInventorySaleItem", "service": "serviceSaleItem",
            "kit": "kitItem"}[product.kind]  # fmt: skip
