"""NetSuite §5.10, §7, §12.5: fulfilments, invoices, payments, credits, and what they do to stock and balances."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from netsuite_account import Client, error_of
from netsuite_shop import Shop, line, refused

from crosswalk_sandbox.kernel.clock import Clock

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


def test_posting_into_a_closed_period_isrefused(shop: Shop) -> None:
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


def test_item_groups_bring_their_members_and_an_end_line(shop: Shop) -> None:
    part, other = shop.item("PART", price=3), shop.item("OTHER", "nonInventorySaleItem", price=5)
    members = {"items": [{"item": {"id": part}, "quantity": 2}, {"item": {"id": other}, "quantity": 1}]}
    group = shop.client.create(
        "itemGroup", {"itemId": "GROUP", "subsidiary": {"items": [{"id": "1"}]}, "member": members}
    )
    order = shop.order(shop.customer(), line(group, 2))
    rows = shop.client.sql(
        f"SELECT itemtype, quantity, foreignamount FROM transactionline WHERE transaction = {order} AND mainline = 'F' ORDER BY id"
    )
    assert [(row["itemtype"], row.get("quantity")) for row in rows] == [
        ("Group", "-2"), ("InvtPart", "-4"), ("NonInvtPart", "-2"), ("EndGroup", None)
    ]  # fmt: skip
    assert shop.client.get(f"salesOrder/{order}")["total"] == 22


def test_matrix_parents_are_not_sold_and_children_carry_their_name(shop: Shop) -> None:
    parent = shop.item("SHIRT", matrixType="PARENT")
    child = shop.item("SHIRT-L", matrixType="CHILD", parent={"id": parent})
    row = shop.client.sql(f"SELECT fullname, BUILTIN.DF(id) AS x FROM item WHERE id = {child}")[0]
    assert row["fullname"] == "SHIRT : SHIRT-L"
    buyer = shop.customer()
    assert shop.order(buyer, line(child))
    refused(shop, {"entity": {"id": buyer}, "item": {"items": [line(parent)]}}, "item.items[0].item")


def test_percentage_levels_show_computed_prices(shop: Shop) -> None:
    item = shop.item("A", price=200)
    rows = shop.client.sql(f"SELECT pricelevel, unitprice FROM pricing WHERE item = {item} ORDER BY pricelevel")
    assert [(row["pricelevel"], row["unitprice"]) for row in rows] == [
        ("1", "200"),
        ("2", "170"),
        ("3", "150"),
        ("5", "190"),
    ]
    own = {"items": [{"currencyPage": {"id": "1"}, "priceLevel": {"id": "2"}, "quantity": {"value": "0"}, "price": 160},
                     {"currencyPage": {"id": "1"}, "priceLevel": {"id": "1"}, "quantity": {"value": "0"}, "price": 100}]}  # fmt: skip
    shop.client.record("PATCH", f"inventoryItem/{item}", {"price": own})
    rows = shop.client.sql(f"SELECT pricelevel, unitprice FROM pricing WHERE item = {item} ORDER BY pricelevel")
    assert [(row["pricelevel"], row["unitprice"]) for row in rows] == [
        ("1", "100"),
        ("2", "160"),
        ("3", "75"),
        ("5", "95"),
    ]


def test_a_payment_need_not_touch_the_invoice_it_pays(account: Callable[..., Client]) -> None:
    for touches in (False, True):
        clock = Clock()
        shop = Shop(account(clock, payments_touch_invoices=touches))
        buyer, item = shop.customer(), shop.item("A")
        invoice = shop.client.create("invoice", {"entity": {"id": buyer}, "item": {"items": [line(item)]}})
        stamp = f"SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') AS s FROM transaction WHERE id = {invoice}"
        before = shop.client.sql(stamp)
        clock.advance(600)
        shop.transform("invoice", invoice, "customerPayment")
        assert (shop.client.sql(stamp) != before) is touches
        links = shop.client.sql(
            f"SELECT foreignamount, linktype FROM nexttransactionlinelink WHERE previousdoc = {invoice}"
            " AND lastmodifieddate > SYSDATE - 1/24/60"
        )
        assert links == [{"foreignamount": "10", "linktype": "Payment"}]


def test_fulfilments_carry_cost_lines_that_are_no_item_lines(shop: Shop) -> None:
    item = shop.item("A", cost=4)
    shop.stock(item, 10)
    order = shop.order(shop.customer(), line(item, 3, location={"id": "1"}))
    ident = shop.transform("salesOrder", order, "itemFulfillment")
    rows = shop.client.sql(
        f"SELECT iscogs, quantity, netamount FROM transactionline WHERE transaction = {ident} AND mainline = 'F' ORDER BY id"
    )
    assert [(row["iscogs"], row.get("quantity")) for row in rows] == [("F", "-3"), ("T", None)]
    assert rows[1]["netamount"] == "12"
    assert len(shop.lines("itemFulfillment", ident)) == 1
    debit = shop.client.sql(
        f"SELECT account, debit FROM transactionaccountingline WHERE transaction = {ident} AND debit > 0"
    )
    assert debit == [{"account": "58", "debit": "12"}]


def test_a_relationship_shows_the_balance_of_its_subsidiary(shop: Shop) -> None:
    buyer, item = shop.customer(), shop.item("A", price=30)
    shop.client.create("invoice", {"entity": {"id": buyer}, "item": {"items": [line(item)]}})
    query = f"SELECT subsidiary, balance FROM customersubsidiaryrelationship WHERE entity = {buyer}"
    assert shop.client.sql(query) == [{"subsidiary": "1", "balance": "30"}]


def test_bad_values_can_be_ignored_on_request(shop: Shop) -> None:
    body = {"companyName": "X", "subsidiary": {"id": "1"}, "creditLimit": "much"}
    headers = {"X-NetSuite-PropertyValueValidation": "ignore"}
    ident = shop.client.create("customer", body, headers=headers)
    assert "creditLimit" not in shop.client.get(f"customer/{ident}")


def test_a_customer_can_become_a_vendor_too(shop: Shop) -> None:
    buyer = shop.customer(companyName="Both Ways", email="both@example.com")
    vendor = shop.transform("customer", buyer, "vendor", {"phone": "555-0100-11"})
    read = shop.client.get(f"vendor/{vendor}")
    assert (read["companyName"], read["email"], read["phone"]) == ("Both Ways", "both@example.com", "555-0100-11")
    assert read["subsidiary"]["id"] == "1"
    assert vendor != buyer
    assert shop.client.get(f"customer/{buyer}")["companyName"] == "Both Ways"


def test_invoices_may_wait_for_approval_before_they_are_paid(account: Callable[..., Client]) -> None:
    """§7: D pending approval, E rejected, with approvals on."""
    shop = Shop(account(invoice_approval=True))
    item, buyer = shop.item("A", "nonInventorySaleItem", price=100), shop.customer()
    body = {"entity": {"id": buyer}, "item": {"items": [line(item)]}}
    invoice = shop.client.create("invoice", body)
    assert shop.status(invoice) == "D"
    assert shop.client.record("POST", f"invoice/{invoice}/!transform/customerPayment", {}).status_code == 400
    assert shop.client.record("PATCH", f"invoice/{invoice}", {"approvalStatus": {"id": "3"}}).status_code == 204
    assert shop.status(invoice) == "E"
    assert shop.client.record("PATCH", f"invoice/{invoice}", {"approvalStatus": {"id": "2"}}).status_code == 204
    assert shop.status(invoice) == "A"
    shop.transform("invoice", invoice, "customerPayment")
    assert shop.status(invoice) == "B"


def test_customers_on_hold_buy_nothing_where_holds_are_enforced(account: Callable[..., Client]) -> None:
    """§12.1: by hand (ON), never (OFF), or by the limit (AUTO)."""
    shop = Shop(account(enforce_credit_holds=True))
    item = shop.item("A", "nonInventorySaleItem", price=100)

    def refused(**credit: Any) -> bool:
        buyer = shop.customer(**credit)
        body = {"entity": {"id": buyer}, "item": {"items": [line(item)]}}
        shop.client.record("POST", "invoice", body)
        answer = shop.client.record("POST", "salesOrder", body)
        assert answer.status_code == 204 or "on credit hold" in error_of(answer)[2]
        return answer.status_code == 400

    assert refused(creditHoldOverride={"id": "ON"})
    assert refused(creditLimit=50)
    assert not refused(creditLimit=50, creditHoldOverride={"id": "OFF"})
    assert not refused(creditLimit=500)
    assert not refused()
