"""NetSuite §5.9, §12.4, §13: orders, their lines, prices and taxes."""

from __future__ import annotations

from collections.abc import Callable

from netsuite_account import Client, error_of
from netsuite_shop import Shop, line, refused

# prices


def test_the_rate_comes_from_the_items_level_and_a_sent_rate_alone_is_overwritten(shop: Shop) -> None:
    item, customer = shop.item("A", price=12.5), shop.customer()
    order = shop.order(
        customer,
        line(item, 2),
        line(item, 2, rate=1),
        line(item, 2, price={"id": "-1"}, rate=9.99),
        line(item, 2, amount=5),
    )
    found = [(one["price"]["id"], one["rate"], one["amount"]) for one in shop.lines("salesOrder", order)]
    assert found == [("1", 12.5, 25), ("1", 12.5, 25), ("-1", 9.99, 19.98), ("1", 12.5, 5)]
    assert shop.client.get(f"salesOrder/{order}")["total"] == 74.98


def test_prices_follow_customer_item_group_level_and_base_in_this_order(shop: Shop) -> None:
    client = shop.client
    client.create("pricingGroup", {"name": "G"})
    group = client.sql("SELECT MAX(id) AS id FROM pricinggroup")[0]["id"]
    item = shop.item("A", price=100, pricingGroup={"id": group})
    plain = shop.customer()
    wholesale = shop.customer(priceLevel={"id": "2"})
    grouped = shop.customer(
        priceLevel={"id": "2"}, groupPricing={"items": [{"group": {"id": group}, "level": {"id": "3"}}]}
    )
    special = {"item": {"id": item}, "level": {"id": "-1"}, "price": 42}
    own = shop.customer(priceLevel={"id": "2"}, groupPricing={"items": [{"group": {"id": group}, "level": {"id": "3"}}]},
                        itemPricing={"items": [special]})  # fmt: skip
    rates = [
        shop.lines("salesOrder", shop.order(buyer, line(item)))[0]["rate"] for buyer in (plain, wholesale, grouped, own)
    ]
    assert rates == [100, 85, 75, 42], "levels 2 and 3 are 15 and 25 percent below the base price"


def test_quantity_brackets_count_by_line_or_by_item_and_may_be_marginal(shop: Shop) -> None:
    brackets = {"0": 10, "10": 8}
    by_line = shop.item("LINE", price=brackets)
    by_item = shop.item("ITEM", price=brackets, overallQuantityPricingType={"id": "BYOVERALLITEMQUANTITY"})
    marginal = shop.item("MARGINAL", price=brackets, useMarginalRates=True)
    order = shop.order(
        shop.customer(), line(by_line, 9), line(by_line, 10), line(by_item, 6), line(by_item, 5), line(marginal, 15)
    )
    assert [one["amount"] for one in shop.lines("salesOrder", order)] == [90, 80, 48, 40, 140]


def test_an_item_without_a_price_in_the_currency_needs_an_amount(shop: Shop) -> None:
    item = shop.item("A")
    buyer = shop.customer(currencyList={"items": [{"currency": {"id": "3"}}]})
    body = {"entity": {"id": buyer}, "currency": {"id": "3"}, "item": {"items": [line(item)]}}
    assert error_of(shop.client.record("POST", "salesOrder", body))[:2] == (400, "USER_ERROR")
    body["item"] = {"items": [line(item, price={"id": "-1"}, rate=7)]}
    order = shop.client.create("salesOrder", body)
    found = shop.client.get(f"salesOrder/{order}")
    assert (found["currency"]["id"], found["exchangeRate"], found["total"]) == ("3", 0.73, 7)
    row = shop.client.sql(
        f"SELECT foreignamount, netamount FROM transactionline WHERE transaction = {order} AND id = 1"
    )[0]
    assert row == {"foreignamount": "-7", "netamount": "-5.11"}


# what an order takes over and refuses


def test_an_order_takes_terms_subsidiary_currency_and_addresses_from_its_customer(shop: Shop) -> None:
    buyer = shop.customer(salesRep={"id": "11"})
    found = shop.client.get(f"salesOrder/{shop.order(buyer, line(shop.item('A')))}", expandSubResources="true")
    assert found["terms"]["refName"] == "Net 30"
    assert (found["subsidiary"]["id"], found["currency"]["id"], found["salesRep"]["id"]) == ("1", "1", "11")
    assert found["shippingAddress"]["city"] == "Seattle"
    assert found["tranId"].startswith("SO")
    assert found["status"] == {"links": [], "id": "B", "refName": "Pending Fulfillment"}


def test_an_item_of_another_subsidiary_is_refused_in_the_documented_words(shop: Shop) -> None:
    item = shop.item("A", subsidiary={"items": [{"id": "2"}]})
    body = {"entity": {"id": shop.customer()}, "item": {"items": [line(item)]}}
    assert error_of(shop.client.record("POST", "salesOrder", body)) == (
        400, "USER_ERROR", f"Error while accessing a resource. Invalid item reference key {item} for subsidiary 1."
    )  # fmt: skip


def test_children_of_a_subsidiary_may_use_its_items_when_they_are_included(shop: Shop) -> None:
    shared = shop.item("A", includeChildren=True)
    german = shop.customer(subsidiary={"id": "2"}, currency={"id": "1"})
    assert shop.order(german, line(shared))


def test_inactive_and_unknown_customers_items_and_foreign_currencies_arerefused(shop: Shop) -> None:
    item, buyer = shop.item("A"), shop.customer()
    gone, sleeping = shop.item("B", isInactive=True), shop.customer(isInactive=True)
    good = {"entity": {"id": buyer}, "item": {"items": [line(item)]}}
    refused(shop, good | {"entity": {"id": "999999999"}}, "entity")
    refused(shop, good | {"entity": {"id": sleeping}}, "entity")
    refused(shop, good | {"item": {"items": [line(item), line(gone)]}}, "item.items[1].item")
    refused(shop, good | {"item": {"items": [line("9999")]}}, "item.items[0].item")
    refused(shop, good | {"currency": {"id": "4"}}, "currency")
    refused(shop, good | {"subsidiary": {"id": "2"}}, "subsidiary")
    refused(shop, good | {"orderStatus": {"id": "G"}}, "orderStatus")
    refused(shop, good | {"location": {"id": "5"}}, "location")
    detail = error_of(shop.client.record("POST", "salesOrder", {"entity": {"id": buyer}}))[2]
    assert detail.endswith("You must enter at least one line item for this transaction.")
    old = shop.client.sql("SELECT id FROM customer WHERE subsidiary = 4 FETCH FIRST 1 ROWS ONLY")
    for row in old:
        refused(shop, good | {"entity": {"id": row["id"]}}, "subsidiary")


def test_a_second_subsidiary_of_the_customer_may_be_billed(shop: Shop) -> None:
    buyer = shop.customer()
    body = {"entity": {"id": buyer}, "subsidiary": {"id": "2"}}
    shop.client.create("customerSubsidiaryRelationship", body)
    item = shop.item("A", subsidiary={"items": [{"id": "1"}, {"id": "2"}]})
    order = shop.order(buyer, line(item), subsidiary={"id": "2"})
    assert shop.client.get(f"salesOrder/{order}")["subsidiary"]["id"] == "2"
    assert error_of(shop.client.record("POST", "customerSubsidiaryRelationship", body))[1] == "USER_ERROR"


def test_a_new_order_waits_for_approval_by_default(shop: Shop) -> None:
    body = {"entity": {"id": shop.customer()}, "item": {"items": [line(shop.item("A"))]}}
    order = shop.client.create("salesOrder", body)
    assert shop.status(order) == "A"
    assert error_of(shop.client.record("POST", f"salesOrder/{order}/!transform/itemFulfillment"))[0] == 400
    assert shop.client.record("POST", f"salesOrder/{order}/!action/approve").status_code == 204
    assert shop.status(order) == "B"
    assert shop.client.record("PATCH", f"salesOrder/{order}", {"orderStatus": {"id": "C"}}).status_code == 204
    assert shop.status(order) == "C"


# lines on write


def test_lines_without_key_are_added_and_with_key_changed(shop: Shop) -> None:
    item, other = shop.item("A"), shop.item("B")
    order = shop.order(shop.customer(), line(item, 1), line(other, 2))
    patch = {"item": {"items": [line(item, 1)]}}
    assert shop.client.record("PATCH", f"salesOrder/{order}", patch).status_code == 204
    assert len(shop.lines("salesOrder", order)) == 3, "the trap: a line without its key is one more line"
    patch = {"item": {"items": [{"line": 2, "quantity": 5}]}}
    shop.client.record("PATCH", f"salesOrder/{order}", patch)
    assert [(one["line"], one["quantity"], one["amount"]) for one in shop.lines("salesOrder", order)] == [
        (1, 1, 10),
        (2, 5, 50),
        (3, 1, 10),
    ]


def test_line_keys_are_never_used_again(shop: Shop) -> None:
    item = shop.item("A")
    order = shop.order(shop.customer(), line(item, 1), line(item, 2), line(item, 3))
    before = {one["line"]: one["lineUniqueKey"] for one in shop.lines("salesOrder", order)}
    keep = {"item": {"items": [{"line": 1}, {"line": 3}, line(item, 9)]}}
    assert shop.client.record("PATCH", f"salesOrder/{order}?replace=item", keep).status_code == 204
    found = shop.lines("salesOrder", order)
    assert [(one["line"], one["quantity"]) for one in found] == [(1, 1), (3, 3), (4, 9)]
    assert [one["lineUniqueKey"] for one in found[:2]] == [before[1], before[3]]
    assert error_of(shop.client.record("PATCH", f"salesOrder/{order}", {"item": {"items": None}}))[1] == "USER_ERROR"


def test_lines_that_were_shipped_cannot_go_or_shrink(shop: Shop) -> None:
    item = shop.item("A", "nonInventorySaleItem")
    order = shop.order(shop.customer(), line(item, 5, location={"id": "1"}))
    shop.transform("salesOrder", order, "itemFulfillment", {"item": {"items": [{"orderLine": 1, "quantity": 3}]}})
    for path, patch in (
        (f"salesOrder/{order}?replace=item", {"item": {"items": [line(item)]}}),
        (f"salesOrder/{order}", {"item": {"items": [{"line": 1, "quantity": 2}]}}),
    ):
        assert error_of(shop.client.record("PATCH", path, patch))[:2] == (400, "USER_ERROR")
    assert shop.lines("salesOrder", order)[0]["quantity"] == 5


def test_closing_the_lines_closes_the_order(shop: Shop) -> None:
    order = shop.order(shop.customer(), line(shop.item("A"), 2))
    shop.client.record("PATCH", f"salesOrder/{order}", {"item": {"items": [{"line": 1, "isClosed": True}]}})
    assert shop.status(order) == "H"


def test_discount_and_shipping_are_part_of_the_total(shop: Shop) -> None:
    discount = shop.client.create("discountItem", {"itemId": "Rebate", "subsidiary": {"items": [{"id": "1"}]}})
    order = shop.order(
        shop.customer(), line(shop.item("A"), 10), shippingCost=7.5, discountItem={"id": discount}, discountRate=-20
    )
    found = shop.client.get(f"salesOrder/{order}")
    assert (found["subtotal"], found["discountTotal"], found["shippingCost"], found["total"]) == (100, -20, 7.5, 87.5)
    kinds = shop.client.sql(
        f"SELECT itemtype FROM transactionline WHERE transaction = {order} AND mainline = 'F' ORDER BY id"
    )
    assert [row["itemtype"] for row in kinds] == ["InvtPart", "ShipItem"]


# tax


def test_legacy_tax_comes_from_the_customers_code_or_the_lines(shop: Shop) -> None:
    buyer = shop.customer(taxable=True, taxItem={"id": "1"})
    item = shop.item("A", price=100)
    order = shop.order(buyer, line(item, 1), line(item, 1, taxCode={"id": "3"}))
    found = shop.client.get(f"salesOrder/{order}")
    assert (found["taxTotal"], found["total"]) == (13.25, 213.25)
    rows = shop.client.sql(
        f"SELECT taxcode, foreignamount FROM transactionline WHERE transaction = {order} AND taxline = 'T' ORDER BY taxcode"
    )
    assert rows == [{"taxcode": "1", "foreignamount": "-8.25"}, {"taxcode": "3", "foreignamount": "-5"}]


def test_suite_tax_has_details_instead_of_line_codes(account: Callable[..., Client]) -> None:
    shop = Shop(account(tax="suitetax"))
    item = shop.item("A", price=100, taxSchedule={"id": "1"})
    buyer = shop.customer(taxable=True, taxItem={"id": "1"})
    order = shop.order(buyer, line(item, 1))
    detail = shop.client.get(f"salesOrder/{order}/taxDetails", expandSubResources="true")["items"][0]
    assert (detail["taxBasis"], detail["taxRate"], detail["taxAmount"]) == (100, 8.25, 8.25)
    assert "taxCode" not in shop.lines("salesOrder", order)[0]
    dictated = {"items": [{"taxDetailsReference": "NEW_ITEM_0", "taxType": {"id": "1"}, "taxCode": {"id": "1"},
                           "taxBasis": 100, "taxRate": 5, "taxAmount": 5}]}  # fmt: skip
    own = shop.order(
        buyer, line(item, 1, taxDetailsReference="NEW_ITEM_0"), taxDetailsOverride=True, taxDetails=dictated
    )
    assert shop.client.get(f"salesOrder/{own}")["total"] == 105
    dictated["items"][0]["taxDetailsReference"] = "ELSEWHERE"
    body = {
        "entity": {"id": buyer},
        "taxDetailsOverride": True,
        "taxDetails": dictated,
        "item": {"items": [line(item)]},
    }
    refused(shop, body, "taxDetails.items[0].taxDetailsReference")
    no_schedule = {"itemId": "B", "subsidiary": {"items": [{"id": "1"}]}}
    assert "Tax Schedule" in error_of(shop.client.record("POST", "inventoryItem", no_schedule))[2]
