"""What an item costs a partner: lists, special prices, periods, quantities, discount groups, agreements."""

from __future__ import annotations

from typing import Any

import pytest
from b1_shop import Shop, amounts, column

from crosswalk_sandbox.sap_business_one import documents
from crosswalk_sandbox.sap_business_one.desk import Row, exact

PERIOD = {"DateFrom": "2026-11-01T00:00:00Z", "Dateto": "2026-11-30T00:00:00Z"}


def price(shop: Shop, quantity: int = 1, **header: Any) -> tuple[Any, Any, str]:
    """UnitPrice, DiscountPercent and source of a line of A1."""
    line = shop.sell({"ItemCode": "A1", "Quantity": quantity}, **header)["DocumentLines"][0]
    return exact(line["UnitPrice"]), exact(line["DiscountPercent"]), line["PriceSource"]


def group(shop: Shop, kind: str, code: str | None, *lines: Row, **more: Any) -> None:
    """A discount group."""
    number = shop.desk.next_entry("EnhancedDiscountGroups")
    shop.put("EnhancedDiscountGroups", AbsEntry=number, Type=kind, ObjectCode=code, Active="tYES",
             DiscountGroupLineCollection=list(lines), **more)  # fmt: skip


def test_a_list_without_an_own_price_takes_its_base_lists_by_the_factor(shop: Shop) -> None:
    """SAP Business One §15: PriceLists, BasePriceList and Factor; the partner's list counts."""
    shop.put("PriceLists", PriceListNo=2, BasePriceList=1, Factor=0.8, Active="tYES")
    shop.put("PriceLists", PriceListNo=3, BasePriceList=2, Factor=0.5, Active="tYES")
    shop.edit("BusinessPartners", "C1", PriceListNum=3)
    assert price(shop) == (40, 0, "dpsActivePriceList")


def test_an_inactive_or_expired_list_gives_no_price(shop: Shop) -> None:
    """SAP Business One §15: PriceLists, Active and ValidFrom/To."""
    shop.edit("PriceLists", 1, Active="tNO")
    assert price(shop) == (0, 0, "dpsInactivePriceList")
    shop.edit("PriceLists", 1, Active="tYES", ValidTo="2026-11-01T00:00:00Z")
    assert price(shop)[0] == 0


def test_a_gross_list_holds_prices_with_tax(shop: Shop) -> None:
    """SAP Business One §17: IsGrossPrice changes the meaning of amounts."""
    shop.edit("PriceLists", 1, IsGrossPrice="tYES")
    assert price(shop)[0] == exact("92.38")


def test_the_price_in_the_documents_currency_is_taken_where_the_list_has_one(shop: Shop) -> None:
    """SAP Business One §15: ItemPrices, additional currencies."""
    prices = [{"PriceList": 1, "Price": 100, "Currency": "USD", "AdditionalPrice1": 90, "AdditionalCurrency1": "EUR"}]
    shop.edit("Items", "A1", ItemPrices=prices)
    order = shop.sell({"ItemCode": "A1", "TaxCode": "EX"}, DocCurrency="EUR", DocRate=2)
    assert column(order, "Currency") == ["EUR"]
    assert amounts(order, "DocTotalFc", "DocTotal") == [90, 180]


def test_a_special_price_goes_before_the_list_and_ends_with_its_validity(shop: Shop) -> None:
    """SAP Business One §15, §17: SpecialPrices, a price or a discount on a list."""
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", Price=70, Currency="USD")
    assert price(shop) == (70, 0, "dpsSpecialPricesForBusinessPartner")
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", DiscountPercent=15, PriceListNum=1)
    assert price(shop) == (100, 15, "dpsSpecialPricesForBusinessPartner")
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", Price=70, ValidTo="2026-11-22T00:00:00Z")
    assert price(shop) == (100, 0, "dpsActivePriceList")


def test_a_special_price_has_periods_and_quantity_breaks(shop: Shop) -> None:
    """SAP Business One §15: SpecialPriceDataAreas and SpecialPriceQuantityAreas."""
    breaks = [{"Quantity": 10, "SpecialPrice": 60}, {"Quantity": 50, "Discountin": 50}]
    area = {**PERIOD, "SpecialPrice": 65, "SpecialPriceQuantityAreas": breaks}
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", Price=70, PriceListNum=1, SpecialPriceDataAreas=[area])
    assert [price(shop, count)[:2] for count in (9, 10, 50)] == [(65, 0), (60, 0), (100, 50)]
    assert price(shop, 50, DocDate="2026-12-01T00:00:00Z", DocDueDate="2026-12-01T00:00:00Z")[:2] == (70, 0)


def test_period_and_volume_discounts_of_a_list_stand_between_special_prices_and_the_list(shop: Shop) -> None:
    """SAP Business One §15, §17: SpecialPrices of ``*1`` count for all partners of list 1."""
    shop.put("SpecialPrices", ItemCode="A1", CardCode="*1", SpecialPriceDataAreas=[{**PERIOD, "Discount": 5}])
    shop.put("SpecialPrices", ItemCode="A2", CardCode="*1", DiscountPercent=1)
    assert price(shop) == (100, 5, "dpsPeriodAndVolumeDiscounts")
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", Price=70)
    assert price(shop)[0] == 70


def test_discount_groups_of_the_partner_go_before_its_groups_and_everybodys(shop: Shop) -> None:
    """SAP Business One §15: EnhancedDiscountGroups."""
    line = {"ObjectType": "dgboItemGroups", "ObjectCode": "100"}
    group(shop, "dgt_AllBPs", None, line | {"Discount": 5})
    assert price(shop) == (100, 5, "dpsActivePriceListDiscountGroups")
    group(shop, "dgt_CustomerGroup", "100", line | {"Discount": 6})
    group(shop, "dgt_SpecificBP", "C1", line | {"Discount": 7}, ValidFrom="2027-01-01T00:00:00Z")
    assert price(shop)[1] == 6
    group(
        shop,
        "dgt_SpecificBP",
        "C1",
        line | {"Discount": 8},
        {"ObjectType": "dgboItems", "ObjectCode": "A1", "Discount": 9},
    )
    assert price(shop)[1] == 9
    shop.edit("BusinessPartners", "C1", NoDiscounts="tYES")
    assert price(shop)[1] == 0


@pytest.mark.parametrize(
    ("relation", "percent"),
    [("dgrLowestDiscount", 10), ("dgrHighestDiscount", 20), ("dgrAverageDiscount", 15), ("dgrDiscountTotals", 30),
     ("dgrMultipliedDiscount", 28)],
)  # fmt: skip
def test_several_properties_are_put_together_as_the_group_says(shop: Shop, relation: str, percent: int) -> None:
    """SAP Business One §15: DiscountRelations."""
    shop.edit("Items", "A1", Properties1="tYES", Properties2="tYES")
    lines = [
        {"ObjectType": "dgboItemProperties", "ObjectCode": code, "Discount": off}
        for code, off in (("1", 10), ("2", 20), ("3", 50))
    ]
    group(shop, "dgt_AllBPs", None, *lines, DiscountRelations=relation)
    assert price(shop)[1] == percent


def test_a_blanket_agreement_goes_before_everything(shop: Shop) -> None:
    """SAP Business One §17: blanket agreement, special price, period and volume, list."""
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", Price=70)
    line = {"ItemNo": "A1", "UnitPrice": 55}
    shop.put("BlanketAgreements", AgreementNo=1, BPCode="C1", Status="asApproved", StartDate="2026-01-01T00:00:00Z",
             EndDate="2026-12-31T00:00:00Z", BlanketAgreements_ItemsLines=[line])  # fmt: skip
    assert price(shop) == (55, 0, "dpsBlanketAgreement")


def test_an_items_price_can_be_asked_for(shop: Shop) -> None:
    """SAP Business One §8: CompanyService_GetItemPrice."""
    shop.put("SpecialPrices", ItemCode="A1", CardCode="C1", DiscountPercent=15, PriceListNum=1)
    asked = {"CardCode": "C1", "ItemCode": "A1", "InventoryQuantity": 2}
    assert documents.item_price(asked, shop.desk) == {"Price": 100, "Currency": "USD", "Discount": 15}
