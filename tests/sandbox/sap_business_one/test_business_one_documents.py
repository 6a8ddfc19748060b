"""SAP Business One §8, §15, §16: documents over HTTP, from the price to the payment; approval; the demo company's own."""

from __future__ import annotations

from typing import Any

import pytest
from business_one_account import Client, Opener

DUE = "2099-12-24"


def draft_of(client: Client, **values: Any) -> dict[str, Any]:
    card = client.get("BusinessPartners?$filter=Currency eq 'USD' and CardType eq 'cCustomer'&$top=1&$select=CardCode")[
        "value"
    ][0]
    item = client.get(
        "Items?$filter=InventoryItem eq 'tYES' and Frozen eq 'tNO' and QuantityOnStock gt 50&$top=1&$select=ItemCode"
    )["value"][0]
    line = {"ItemCode": item["ItemCode"], "Quantity": "2"}
    return {"CardCode": card["CardCode"], "DocDueDate": DUE, "DocumentLines": [line], **values}


def copied(source: dict[str, Any], kind: int) -> list[dict[str, Any]]:
    return [
        {"BaseType": kind, "BaseEntry": source["DocEntry"], "BaseLine": line["LineNum"]}
        for line in source["DocumentLines"]
    ]


def test_an_order_is_delivered_billed_and_paid(b1: Client) -> None:
    order = b1.good("POST", "Orders", draft_of(b1, NumAtCard="PO-1", U_CrosswalkKey="deal-1"))
    assert (order["DocumentStatus"], order["DocTotal"] > 0, order["U_CrosswalkKey"]) == ("bost_Open", True, "deal-1")
    card, item = order["CardCode"], order["DocumentLines"][0]["ItemCode"]
    committed = b1.get(f"Items('{item}')")["QuantityOrderedByCustomers"]
    delivery = b1.good(
        "POST", "DeliveryNotes", {"CardCode": card, "DocDueDate": DUE, "DocumentLines": copied(order, 17)}
    )
    assert b1.get(f"Items('{item}')")["QuantityOrderedByCustomers"] == committed - 2
    closed = b1.get(f"Orders({order['DocEntry']})")
    assert (closed["DocumentStatus"], closed["Cancelled"]) == ("bost_Close", "tNO")
    invoice = b1.good("POST", "Invoices", {"CardCode": card, "DocumentLines": copied(delivery, 15)})
    total = invoice["DocTotal"]
    applied = [{"DocEntry": invoice["DocEntry"], "SumApplied": total, "InvoiceType": "it_Invoice"}]
    b1.good(
        "POST",
        "IncomingPayments",
        {"CardCode": card, "TransferSum": total, "TransferAccount": "161000", "PaymentInvoices": applied},
    )
    paid = b1.get(f"Invoices({invoice['DocEntry']})")
    assert (paid["PaidToDate"], paid["DocumentStatus"]) == (total, "bost_Close")


def test_a_preview_stores_nothing_and_a_price_is_told(b1: Client) -> None:
    before = b1.call("GET", "Orders/$count").text
    shown = b1.good("POST", "OrdersService_Preview", {"Document": draft_of(b1)})
    assert (shown["DocEntry"], shown["DocTotal"] > 0, b1.call("GET", "Orders/$count").text) == (None, True, before)
    line = shown["DocumentLines"][0]
    params = {"CardCode": shown["CardCode"], "ItemCode": line["ItemCode"], "InventoryQuantity": 2}
    price = b1.good("POST", "CompanyService_GetItemPrice", {"ItemPriceParams": params})
    assert (price["Price"], price["Currency"]) == (line["Price"], line["Currency"])


@pytest.mark.parametrize(
    ("action", "status", "cancelled"), [("Close", "bost_Close", "tNO"), ("Cancel", "bost_Close", "tYES")]
)
def test_an_order_is_closed_or_cancelled_by_its_action(b1: Client, action: str, status: str, cancelled: str) -> None:
    order = b1.good("POST", "Orders", draft_of(b1))
    answer = b1.call("POST", f"Orders({order['DocEntry']})/{action}")
    assert (answer.status_code, answer.content) == (204, b"")
    row = b1.get(f"Orders({order['DocEntry']})?$select=DocumentStatus,Cancelled")
    assert (row["DocumentStatus"], row["Cancelled"]) == (status, cancelled)
    assert b1.refused("DELETE", f"Orders({order['DocEntry']})") == (400, -5006)


def test_an_approval_procedure_keeps_a_draft_and_answers_2028(company: Opener) -> None:
    client = company(approval=True)
    payload = draft_of(client, U_CrosswalkKey="deal-2")
    assert client.refused("POST", "Orders", payload) == (400, -2028)
    quiet = client.call("POST", "Orders", payload, headers={"Prefer": "return-no-content"})
    assert (quiet.status_code, "Location" in quiet.headers) == (204, False)
    drafts = client.get("Drafts?$filter=U_CrosswalkKey eq 'deal-2' and DocObjectCode eq 'oOrders'")["value"]
    assert [one["AuthorizationStatus"] for one in drafts] == ["dasPending", "dasPending"]
    request = client.get(f"ApprovalRequests?$filter=DraftEntry eq {drafts[0]['DocEntry']}")["value"][0]
    decision = {"ApproverUserName": "manager", "ApproverPassword": client.access["password"], "Status": "ardApproved"}
    client.good("PATCH", f"ApprovalRequests({request['Code']})", {"ApprovalRequestDecisions": [decision]})
    client.good("POST", "DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": str(drafts[0]["DocEntry"])}})
    assert len(client.get("Orders?$filter=U_CrosswalkKey eq 'deal-2'")["value"]) == 1


def test_a_payment_without_stamps_has_no_etag(b1: Client) -> None:
    payment = b1.get("IncomingPayments?$top=1")["value"][0]
    assert not {"@odata.etag", "UpdateDate", "DataVersion"} & set(payment)


def test_the_demo_companys_documents_add_up(b1: Client) -> None:
    everything = {"Prefer": "odata.maxpagesize=0"}
    invoices = {one["DocEntry"]: one for one in b1.get("Invoices", headers=everything)["value"]}
    applied: dict[int, float] = {}
    for payment in b1.get("IncomingPayments", headers=everything)["value"]:
        for one in payment["PaymentInvoices"]:
            applied[one["DocEntry"]] = applied.get(one["DocEntry"], 0) + one["SumApplied"]
    own = {entry: one for entry, one in invoices.items() if entry < 500_000_000}
    assert own
    for entry, one in own.items():
        assert one["PaidToDate"] == pytest.approx(applied.get(entry, 0), abs=0.02)
        assert (one["DocumentStatus"] == "bost_Close") == (abs(one["DocTotal"] - one["PaidToDate"]) < 0.02)
        lines = sum(line["LineTotal"] for line in one["DocumentLines"]) + sum(
            x["LineTotal"] for x in one["DocumentAdditionalExpenses"]
        )
        assert one["DocTotal"] == pytest.approx(lines + one["VatSum"], abs=0.05)
    orders = {one["DocEntry"]: one for one in b1.get("Orders", headers=everything)["value"]}
    for one in b1.get("DeliveryNotes", headers=everything)["value"]:
        for line in one["DocumentLines"]:
            base = orders[line["BaseEntry"]]["DocumentLines"][line["BaseLine"]]
            assert (base["ItemCode"], base["LineNum"]) == (line["ItemCode"], line["BaseLine"])


def test_a_page_shifts_when_somebody_writes_before_it(b1: Client) -> None:
    first = b1.get("Items?$select=ItemCode&$orderby=ItemCode")
    b1.good("POST", "Items", {"ItemCode": "!first"})
    second = b1.get(first["@odata.nextLink"])
    assert second["value"][0] == first["value"][-1]
