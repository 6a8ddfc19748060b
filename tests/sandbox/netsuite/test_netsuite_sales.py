"""NetSuite §5.9, §5.10, §12.4, §12.5, §13: orders and what follows from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from netsuite_account import Client, error_of

ADDRESS = {"addr1": "1 Main St", "city": "Seattle", "state": "WA", "zip": "98101", "country": {"id": "US"}}


@dataclass
class Shop:
    """An account with goods of known prices and stock, and a customer of subsidiary 1."""

    client: Client
    ids: dict[str, str] = field(default_factory=dict)

    def item(self, name: str, kind: str = "inventoryItem", price: Any = 10, **body: Any) -> str:
        brackets = price if isinstance(price, dict) else {"0": price}
        prices = {
            "items": [
                {
                    "currencyPage": {"id": "1"},
                    "priceLevel": {"id": "1"},
                    "quantity": {"value": bound},
                    "price": rate,
                }
                for bound, rate in brackets.items()
            ]
        }
        body = {"itemId": name, "subsidiary": {"items": [{"id": "1"}]}, "price": prices} | body
        self.ids[name] = self.client.create(kind, body)
        return self.ids[name]

    def customer(self, **body: Any) -> str:
        default = {"companyName": "Buyer", "subsidiary": {"id": "1"}, "taxable": False, "terms": {"id": "1"},
                   "addressBook": {"items": [{"defaultBilling": True, "defaultShipping": True, "addressBookAddress": ADDRESS}]}}  # fmt: skip
        return self.client.create("customer", default | body)

    def order(self, customer: str, *lines: dict[str, Any], **body: Any) -> str:
        return self.client.create(
            "salesOrder",
            {"entity": {"id": customer}, "orderStatus": {"id": "B"}, "item": {"items": list(lines)}} | body,
        )

    def lines(self, kind: str, ident: str) -> list[dict[str, Any]]:
        return self.client.get(f"{kind}/{ident}/item", expandSubResources="true")["items"]

    def stock(self, item: str, on_hand: int, location: int = 1) -> None:
        self.client.emulator._store.insert(
            "inventoryitemlocations",
            {"item": int(item), "location": location, "quantityonhand": on_hand, "quantityavailable": on_hand,
             "quantitycommitted": 0, "quantitybackordered": 0},
        )  # fmt: skip

    def status(self, ident: str) -> str:
        return self.client.sql(f"SELECT status FROM transaction WHERE id = {ident}")[0]["status"]

    def transform(self, source: str, ident: str, target: str, body: Any = None) -> str:
        answer = self.client.record("POST", f"{source}/{ident}/!transform/{target}", body or {})
        assert answer.status_code == 204, answer.text
        assert f"/{target}/" in answer.headers["Location"]
        return answer.headers["Location"].rsplit("/", 1)[1]


def line(item: str, quantity: float = 1, **more: Any) -> dict[str, Any]:
    return {"item": {"id": item}, "quantity": quantity} | more


@pytest.fixture
def shop(account: Callable[..., Client]) -> Shop:
    return Shop(account())


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


def _refused(shop: Shop, body: dict[str, Any], path: str) -> None:
    answer = shop.client.record("POST", "salesOrder", body)
    assert error_of(answer)[:2] == (400, "INVALID_CONTENT"), answer.text
    assert answer.json()["o:errorDetails"][0]["o:errorPath"] == path
    assert "You have entered an Invalid Field Value" in error_of(answer)[2]


def test_inactive_and_unknown_customers_items_and_foreign_currencies_are_refused(shop: Shop) -> None:
    item, buyer = shop.item("A"), shop.customer()
    gone, sleeping = shop.item("B", isInactive=True), shop.customer(isInactive=True)
    good = {"entity": {"id": buyer}, "item": {"items": [line(item)]}}
    _refused(shop, good | {"entity": {"id": "999999999"}}, "entity")
    _refused(shop, good | {"entity": {"id": sleeping}}, "entity")
    _refused(shop, good | {"item": {"items": [line(item), line(gone)]}}, "item.items[1].item")
    _refused(shop, good | {"item": {"items": [line("9999")]}}, "item.items[0].item")
    _refused(shop, good | {"currency": {"id": "4"}}, "currency")
    _refused(shop, good | {"subsidiary": {"id": "2"}}, "subsidiary")
    _refused(shop, good | {"orderStatus": {"id": "G"}}, "orderStatus")
    _refused(shop, good | {"location": {"id": "5"}}, "location")
    detail = error_of(shop.client.record("POST", "salesOrder", {"entity": {"id": buyer}}))[2]
    assert detail.endswith("You must enter at least one line item for this transaction.")
    old = shop.client.sql("SELECT id FROM customer WHERE subsidiary = 4 FETCH FIRST 1 ROWS ONLY")
    for row in old:
        _refused(shop, good | {"entity": {"id": row["id"]}}, "subsidiary")


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
    _refused(shop, body, "taxDetails.items[0].taxDetailsReference")
    no_schedule = {"itemId": "B", "subsidiary": {"items": [{"id": "1"}]}}
    assert "Tax Schedule" in error_of(shop.client.record("POST", "inventoryItem", no_schedule))[2]


# order -> fulfilment -> invoice -> payment


def test_an_order_walks_through_its_statuses(shop: Shop) -> None:
    item, service = shop.item("A"), shop.item("S", "serviceSaleItem", price=50)
    shop.stock(item, 10)
    buyer = shop.customer()
    order = shop.order(buyer, line(item, 4), line(service, 1))
    first = shop.transform("salesOrder", order, "itemFulfillment", {
        "item": {"items": [{"orderLine": 1, "quantity": 1}]},
        "package": {"items": [{"packageTrackingNumber": "1Z999", "packageWeight": 2.5}]},
    })  # fmt: skip
    assert shop.status(order) == "E"
    assert shop.client.get(f"itemFulfillment/{first}")["shipStatus"]["id"] == "C"
    assert shop.client.get(f"salesOrder/{order}")["linkedTrackingNumbers"] == "1Z999"
    packages = shop.client.get(f"itemFulfillment/{first}/package", expandSubResources="true")["items"]
    assert (packages[0]["packageTrackingNumber"], packages[0]["packageWeight"]) == ("1Z999", 2.5)
    invoice = shop.transform("salesOrder", order, "invoice")
    assert [(one["item"]["refName"], one["quantity"]) for one in shop.lines("invoice", invoice)] == [("A", 1), ("S", 1)]
    assert shop.status(order) == "D"
    shop.transform("salesOrder", order, "itemFulfillment")
    assert shop.status(order) == "F"
    shop.transform("salesOrder", order, "invoice")
    assert shop.status(order) == "G"
    quantities = [(one["quantityFulfilled"], one["quantityBilled"]) for one in shop.lines("salesOrder", order)[:1]]
    assert quantities == [(4, 4)]
    assert error_of(shop.client.record("POST", f"salesOrder/{order}/!transform/itemFulfillment"))[0] == 400
    assert error_of(shop.client.record("POST", f"salesOrder/{order}/!transform/invoice"))[0] == 400
    chain = shop.client.sql(
        f"SELECT DISTINCT nexttype, linktype FROM nexttransactionlinelink WHERE previousdoc = {order} ORDER BY nexttype"
    )
    assert chain == [{"nexttype": "CustInvc", "linktype": "OrdBill"}, {"nexttype": "ItemShip", "linktype": "ShipRcpt"}]
    source = shop.client.sql(
        f"SELECT createdfrom FROM transactionline WHERE transaction = {invoice} AND mainline = 'T'"
    )
    assert source == [{"createdfrom": order}]


def test_balances_and_unbilled_orders_follow_the_documents(shop: Shop) -> None:
    item = shop.item("A", "nonInventorySaleItem", price=100)
    buyer = shop.customer(creditLimit=150)

    def figures() -> tuple[float, float, str]:
        row = shop.client.sql(
            f"SELECT balancesearch, unbilledorderssearch, oncredithold FROM customer WHERE id = {buyer}"
        )[0]
        body = shop.client.get(f"customer/{buyer}")
        assert (body["balance"], body["unbilledOrders"]) == (
            float(row["balancesearch"]),
            float(row["unbilledorderssearch"]),
        )
        return body["balance"], body["unbilledOrders"], row["oncredithold"]

    assert figures() == (0, 0, "F")
    order = shop.order(buyer, line(item, 2, location={"id": "1"}))
    assert figures() == (0, 200, "F")
    shop.transform("salesOrder", order, "itemFulfillment")
    invoice = shop.transform("salesOrder", order, "invoice")
    assert figures() == (200, 0, "T")
    before = shop.client.sql(
        f"SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS s FROM customer WHERE id = {buyer}"
    )
    payment = shop.transform("invoice", invoice, "customerPayment", {"payment": 150})
    assert figures() == (50, 0, "F")
    paid = shop.client.get(f"invoice/{invoice}")
    assert (paid["amountPaid"], paid["amountRemaining"], paid["status"]["id"]) == (150, 50, "A")
    shop.transform("invoice", invoice, "customerPayment")
    assert figures() == (0, 0, "F")
    assert shop.client.get(f"invoice/{invoice}")["status"]["refName"] == "Paid In Full"
    assert error_of(shop.client.record("POST", f"invoice/{invoice}/!transform/customerPayment"))[0] == 400
    found = shop.client.get(f"customerPayment/{payment}", expandSubResources="true")
    assert found["customer"]["id"] == buyer
    assert found["apply"]["items"][0]["doc"]["id"] == invoice
    assert found["apply"]["items"][0]["links"][0]["href"].endswith(f"/apply/{invoice}")
    after = shop.client.sql(
        f"SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS s FROM customer WHERE id = {buyer}"
    )
    assert before == after, "a derived balance does not touch the customer (§8)"


def test_stock_is_committed_shipped_and_put_back(shop: Shop) -> None:
    item = shop.item("A")
    shop.stock(item, 10)

    def stock() -> tuple[str, str, str, str]:
        names = ("quantityonhand", "quantitycommitted", "quantityavailable", "quantitybackordered")
        row = shop.client.sql(f"SELECT {', '.join(names)} FROM inventoryitemlocations WHERE item = {item}")[0]
        return tuple(row[name] for name in names)

    order = shop.order(shop.customer(), line(item, 12, location={"id": "1"}))
    assert stock() == ("10", "10", "0", "2")
    assert shop.lines("salesOrder", order)[0]["quantityBackOrdered"] == 2
    shipped = shop.transform(
        "salesOrder", order, "itemFulfillment", {"item": {"items": [{"orderLine": 1, "quantity": 4}]}}
    )
    assert stock() == ("6", "6", "0", "2")
    assert shop.client.record("DELETE", f"itemFulfillment/{shipped}").status_code == 204
    assert stock() == ("10", "10", "0", "2")
    shop.client.record("PATCH", f"salesOrder/{order}", {"item": {"items": [{"line": 1, "quantity": 3}]}})
    assert stock() == ("10", "3", "7", "0")
    assert shop.client.record("DELETE", f"salesOrder/{order}").status_code == 204
    assert stock() == ("10", "0", "10", "0")


def test_goods_leave_the_shelf_only_when_the_fulfilment_is_shipped(shop: Shop) -> None:
    item = shop.item("A")
    shop.stock(item, 5)
    order = shop.order(shop.customer(), line(item, 2, location={"id": "1"}))
    ident = shop.transform("salesOrder", order, "itemFulfillment", {"shipStatus": {"id": "A"}})
    on_hand = f"SELECT quantityonhand AS q FROM inventoryitemlocations WHERE item = {item}"
    assert (shop.status(ident), shop.status(order), shop.client.sql(on_hand)) == ("A", "B", [{"q": "5"}])
    assert shop.client.record("PATCH", f"itemFulfillment/{ident}", {"shipStatus": {"id": "C"}}).status_code == 204
    assert (shop.status(ident), shop.status(order), shop.client.sql(on_hand)) == ("C", "F", [{"q": "3"}])


def test_fulfilments_only_come_from_orders_and_only_for_what_is_open(shop: Shop) -> None:
    item, other = shop.item("A", "nonInventorySaleItem"), shop.item("B", "nonInventorySaleItem")
    order = shop.order(shop.customer(), line(item, 2, location={"id": "1"}), line(other, 3, location={"id": "1"}))
    assert error_of(shop.client.record("POST", "itemFulfillment", {}))[1] == "USER_ERROR"
    path = f"salesOrder/{order}/!transform/itemFulfillment"
    too_many = {"item": {"items": [{"orderLine": 1, "quantity": 3}]}}
    assert error_of(shop.client.record("POST", path, too_many))[1] == "INVALID_CONTENT"
    assert error_of(shop.client.record("POST", path, {"item": {"items": [{"orderLine": 9}]}}))[1] == "INVALID_CONTENT"
    ident = shop.transform(
        "salesOrder", order, "itemFulfillment", {"item": {"items": [{"orderLine": 2, "itemReceive": False}]}}
    )
    assert [(one["orderLine"], one["quantity"]) for one in shop.lines("itemFulfillment", ident)] == [(1, 2)]
    assert shop.status(order) == "E"


def test_kits_ship_their_components(shop: Shop) -> None:
    part = shop.item("PART")
    shop.stock(part, 20)
    kit = shop.item("KIT", "kitItem", price=99, member={"items": [{"item": {"id": part}, "quantity": 3}]})
    order = shop.order(shop.customer(), line(kit, 2, location={"id": "1"}))
    assert [one["item"]["refName"] for one in shop.lines("salesOrder", order)] == ["KIT"]
    rows = shop.client.sql(
        f"SELECT item, quantity, kitcomponent FROM transactionline WHERE transaction = {order} AND mainline = 'F' ORDER BY id"
    )
    assert rows == [
        {"item": kit, "quantity": "-2", "kitcomponent": "F"},
        {"item": part, "quantity": "-6", "kitcomponent": "T"},
    ]
    shop.transform("salesOrder", order, "itemFulfillment")
    row = shop.client.sql(f"SELECT quantityonhand, quantitycommitted FROM inventoryitemlocations WHERE item = {part}")
    assert row == [{"quantityonhand": "14", "quantitycommitted": "0"}]
    assert shop.status(order) == "F"


def test_posting_into_a_closed_period_is_refused(shop: Shop) -> None:
    item, buyer = shop.item("A"), shop.customer()
    body = {"entity": {"id": buyer}, "tranDate": "2023-01-15", "item": {"items": [line(item)]}}
    assert shop.client.record("POST", "salesOrder", body).status_code == 204, "orders do not post"
    status, code, detail = error_of(shop.client.record("POST", "invoice", body))
    assert (status, code) == (400, "USER_ERROR")
    assert "closed" in detail
    body["tranDate"] = "1999-01-15"
    assert "no accounting period" in error_of(shop.client.record("POST", "invoice", body))[2]


def test_payments_apply_no_more_than_is_due(shop: Shop) -> None:
    item, buyer = shop.item("A", price=100), shop.customer()
    invoices = [
        shop.client.create("invoice", {"entity": {"id": buyer}, "item": {"items": [line(item)]}}) for _ in range(2)
    ]
    assert shop.client.get(f"invoice/{invoices[0]}")["dueDate"] > shop.client.get(f"invoice/{invoices[0]}")["tranDate"]
    pay = {"customer": {"id": buyer}, "payment": 120}
    over = pay | {"apply": {"items": [{"doc": {"id": invoices[0]}, "apply": True, "amount": 101}]}}
    assert error_of(shop.client.record("POST", "customerPayment", over))[1] == "INVALID_CONTENT"
    both = pay | {"apply": {"items": [{"doc": {"id": one}, "apply": True} for one in invoices]}}
    assert error_of(shop.client.record("POST", "customerPayment", both))[1] == "USER_ERROR"
    assert "Customer" in error_of(shop.client.record("POST", "customerPayment", {"payment": 5}))[2]
    ident = shop.client.create(
        "customerPayment", pay | {"autoApply": True, "account": {"id": "1"}, "externalId": "PAY-1"}
    )
    found = shop.client.get(f"customerPayment/{ident}")
    assert (found["applied"], found["unapplied"], found["status"]["id"]) == (120, 0, "C")
    assert [shop.client.get(f"invoice/{one}")["amountRemaining"] for one in invoices] == [0, 80]
    assert shop.client.record("DELETE", f"customerPayment/{ident}").status_code == 204
    assert [shop.client.get(f"invoice/{one}")["status"]["id"] for one in invoices] == ["A", "A"]
    unapplied = shop.client.create("customerPayment", pay)
    assert shop.client.get(f"customerPayment/{unapplied}")["status"]["id"] == "B"
    assert shop.client.get(f"customer/{buyer}")["balance"] == 80


def test_credit_memos_are_applied_by_doc(shop: Shop) -> None:
    item, buyer = shop.item("A", price=100), shop.customer()
    invoice = shop.client.create("invoice", {"entity": {"id": buyer}, "item": {"items": [line(item, 2)]}})
    memo = shop.transform("invoice", invoice, "creditMemo", {
        "item": {"items": [{"orderLine": 1, "quantity": 1}]},
        "apply": {"items": [{"line": 0, "apply": True, "amount": 60, "doc": {"id": invoice}}]},
    })  # fmt: skip
    found = shop.client.get(f"creditMemo/{memo}")
    assert (found["total"], found["applied"], found["unapplied"], found["status"]["id"]) == (100, 60, 40, "A")
    assert shop.client.get(f"invoice/{invoice}")["amountRemaining"] == 140
    assert shop.client.get(f"customer/{buyer}")["balance"] == 100


def test_estimates_become_orders(shop: Shop) -> None:
    item, buyer = shop.item("A", price=25), shop.customer()
    body = {"entity": {"id": buyer}, "item": {"items": [line(item, 4, price={"id": "-1"}, rate=20)]}, "probability": 60}
    estimate = shop.client.create("estimate", body)
    assert shop.status(estimate) == "A"
    order = shop.transform("estimate", estimate, "salesOrder", {"externalId": "FROM-QUOTE", "otherRefNum": "PO-7"})
    assert shop.status(estimate) == "B"
    found = shop.client.get("salesOrder/eid:FROM-QUOTE")
    assert (found["id"], found["total"], found["createdFrom"]["id"], found["otherRefNum"]) == (
        order,
        80,
        estimate,
        "PO-7",
    )
    assert shop.lines("salesOrder", order)[0]["price"]["id"] == "-1"


def test_a_customer_can_be_transformed_into_an_order(shop: Shop) -> None:
    buyer, item = shop.customer(), shop.item("A")
    order = shop.transform("customer", buyer, "salesOrder", {"item": {"items": [line(item)]}})
    assert shop.client.get(f"salesOrder/{order}")["entity"]["id"] == buyer
    assert error_of(shop.client.record("POST", f"customer/{buyer}/!transform/itemFulfillment"))[0] == 404


def test_documents_that_others_came_from_cannot_be_deleted(shop: Shop) -> None:
    item = shop.item("A", "serviceSaleItem")
    order = shop.order(shop.customer(), line(item))
    invoice = shop.transform("salesOrder", order, "invoice")
    assert shop.status(order) == "G"
    assert error_of(shop.client.record("DELETE", f"salesOrder/{order}"))[1] == "USER_ERROR"
    assert shop.client.record("DELETE", f"invoice/{invoice}").status_code == 204
    assert shop.status(order) == "F"
    assert error_of(shop.client.record("GET", f"invoice/{invoice}"))[:2] == (400, "USER_ERROR")
    row = shop.client.sql(f"SELECT scriptid FROM deletedrecord WHERE recordid = {invoice} AND scriptid = 'invoice'")
    assert len(row) == 1


def test_an_external_id_stops_the_second_order(shop: Shop) -> None:
    buyer, item = shop.customer(), shop.item("A")
    shop.order(buyer, line(item), externalId="SF-OPP-1-R1")
    body = {"entity": {"id": buyer}, "externalId": "SF-OPP-1-R1", "item": {"items": [line(item)]}}
    assert error_of(shop.client.record("POST", "salesOrder", body))[:2] == (400, "USER_ERROR")
    assert shop.client.sql("SELECT COUNT(*) AS n FROM transaction WHERE externalid = 'SF-OPP-1-R1'") == [{"n": "1"}]


def test_amounts_add_up_to_the_cent(shop: Shop) -> None:
    buyer = shop.customer(taxable=True, taxItem={"id": "1"})
    item = shop.item("A", price=0.333)
    order = shop.order(buyer, *[line(item, 3) for _ in range(7)])
    found = shop.client.get(f"salesOrder/{order}")
    lines = shop.lines("salesOrder", order)
    subtotal = sum(Decimal(str(one["amount"])) for one in lines)
    assert Decimal(str(found["subtotal"])) == subtotal == Decimal("7.00")
    assert Decimal(str(found["total"])) == subtotal + Decimal(str(found["taxTotal"]))
