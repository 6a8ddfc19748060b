"""Documents through the service: answers, headers, what is kept after a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from business_one_account import Client, Opener, code_of

ORDER: dict[str, Any] = {
    "CardCode": "DOC1",
    "DocDueDate": "2027-01-31",
    "DocumentLines": [{"ItemCode": "DOC-A", "Quantity": "2", "TaxCode": "DOC0"}],
}


@pytest.fixture
def trading(company: Opener) -> Client:
    """A company with a customer and an item of a hundred."""
    client = company(approval_above=500.0)
    desk = client.emulator.account.desk()
    desk.save("SalesTaxCodes", {"Code": "DOC0", "Name": "Nothing", "Rate": 0, "ValidForAR": "tYES"})
    desk.save("Warehouses", {"WarehouseCode": "DOCW", "WarehouseName": "Documents"})
    client.customer("DOC1", Currency="##")
    prices = [{"PriceList": 1, "Price": 100, "Currency": "USD"}]
    client.good(
        "POST",
        "Items",
        {
            "ItemCode": "DOC-A",
            "ItemName": "Item",
            "InventoryItem": "tNO",
            "DefaultWarehouse": "DOCW",
            "ItemPrices": prices,
        },
    )
    return client


def test_an_order_goes_through_its_life_by_the_service(trading: Client) -> None:
    """SAP Business One §8, §15: 201 with totals read back, PATCH 204, copies, Close, Cancel, no DELETE."""
    answer = trading.call("POST", "Orders", {**ORDER, "NumAtCard": "PO-1"})
    order = answer.json()
    assert (answer.status_code, order["DocTotal"], order["DocumentStatus"]) == (201, 200.0, "bost_Open")
    assert answer.headers["Location"].endswith(f"Orders({order['DocEntry']})")
    place = f"Orders({order['DocEntry']})"
    whole = {"B1S-ReplaceCollectionsOnPatch": "true"}
    trading.good(
        "PATCH", place, {"DocumentLines": [{"ItemCode": "DOC-A", "Quantity": 3, "TaxCode": "DOC0"}]}, headers=whole
    )
    order = trading.get(place)
    assert [(line["LineNum"], line["Quantity"]) for line in order["DocumentLines"]] == [(1, 3.0)]
    assert order["DocTotal"] == 300.0
    assert "LastLineNum" not in order
    copied = [{"BaseType": 17, "BaseEntry": order["DocEntry"], "BaseLine": 1, "Quantity": 1}]
    delivery = trading.good("POST", "DeliveryNotes", {"CardCode": "DOC1", "DocumentLines": copied})
    assert delivery["DocumentLines"][0]["BaseEntry"] == order["DocEntry"]
    assert trading.get(place)["DocumentLines"][0]["RemainingOpenQuantity"] == 2.0
    assert trading.refused("POST", f"{place}/Cancel") == (400, -10)
    assert trading.call("POST", f"{place}/Close").status_code == 204
    assert trading.get(place)["DocumentStatus"] == "bost_Close"
    assert trading.refused("DELETE", place) == (400, -5006)
    reversal = trading.call("POST", f"DeliveryNotes({delivery['DocEntry']})/CreateCancellationDocument")
    assert (reversal.status_code, reversal.json()["CancelStatus"]) == (200, "csCancellation")


def test_a_body_read_from_the_service_can_be_sent_back(trading: Client) -> None:
    """SAP Business One §4: read-only properties are ignored; what did not change moves nothing."""
    order = trading.good("POST", "Orders", {**ORDER, "DiscountPercent": 5})
    place = f"Orders({order['DocEntry']})"
    trading.good("PATCH", place, order)
    again = trading.get(place)
    assert {name: again[name] for name in ("DocTotal", "VatSum", "DiscountPercent", "DocumentLines")} == {
        name: order[name] for name in ("DocTotal", "VatSum", "DiscountPercent", "DocumentLines")
    }


def test_an_order_that_needs_approval_is_refused_and_yet_kept_as_a_draft(trading: Client) -> None:
    """SAP Business One §16: 400 -2028 with the draft stored; 204 with Prefer; PATCH decides; SaveDraftToDocument makes the order."""
    trading.emulator.account.options = _with(trading.emulator.account.options, approval=True)
    big = {**ORDER, "NumAtCard": "PO-9", "DocumentLines": [{"ItemCode": "DOC-A", "Quantity": 6, "TaxCode": "DOC0"}]}
    assert trading.refused("POST", "Orders", big) == (400, -2028)
    found = trading.get("Drafts?$filter=NumAtCard eq 'PO-9' and DocObjectCode eq 'oOrders'&$select=DocEntry")["value"]
    assert len(found) == 1
    entry = found[0]["DocEntry"]
    quiet = trading.call("POST", "Orders", big, headers={"Prefer": "return-no-content"})
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert trading.refused("POST", "DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": str(entry)}}) == (
        400,
        -10,
    )
    request = trading.get(f"ApprovalRequests?$filter=DraftEntry eq {entry}")["value"][0]
    assert request["Status"] == "arsPending"
    decision = {"ApprovalRequestDecisions": [{"Status": "ardApproved", "Remarks": "go"}]}
    trading.good("PATCH", f"ApprovalRequests({request['Code']})", decision)
    saved = trading.call("POST", "DraftsService_SaveDraftToDocument", {"Document": {"DocEntry": str(entry)}})
    assert saved.status_code == 204
    order = trading.get("Orders?$filter=NumAtCard eq 'PO-9'")["value"]
    assert [one["DocTotal"] for one in order] == [600.0]


def test_a_change_that_needs_approval_is_refused_and_kept_as_a_draft_too(trading: Client) -> None:
    """SAP Business One §16.5: PATCH starts approval; the order stays as it was, the draft has the change."""
    place = f"Orders({trading.good('POST', 'Orders', ORDER)['DocEntry']})"
    trading.emulator.account.desk().save("ApprovalTemplates", {
        "Code": 1, "Name": "Changes", "IsActive": "tYES", "IsActiveWhenUpdatingDocuments": "tYES",
        "ApprovalTemplateDocuments": [{"DocumentType": "atdtOrder"}],
    })  # fmt: skip
    changed = {"DocumentLines": [{"LineNum": 0, "Quantity": 5}]}
    assert trading.refused("PATCH", place, changed) == (400, -2028)
    assert trading.get(place)["DocTotal"] == 200.0
    assert [draft["DocTotal"] for draft in trading.get("Drafts?$filter=CardCode eq 'DOC1'")["value"]] == [500.0]


def test_a_refused_document_leaves_nothing_behind(trading: Client) -> None:
    """SAP Business One §10: the transaction is undone, numbers and commitments too."""
    first = trading.good("POST", "Orders", ORDER)["DocEntry"]
    bad = {**ORDER, "DocumentLines": [*ORDER["DocumentLines"], {"ItemCode": "NO-SUCH"}]}
    answer = trading.call("POST", "Orders", bad)
    assert (answer.status_code, code_of(answer)) == (400, -2028)
    assert trading.good("POST", "Orders", ORDER)["DocEntry"] == first + 1


def test_rates_are_entered_and_asked_for_by_day(trading: Client) -> None:
    """SAP Business One §8, §16: SetCurrencyRate, GetCurrencyRate; a day without one is told."""
    body = {"Currency": "CHF", "Date": "20310105"}
    assert trading.refused("POST", "SBOBobService_GetCurrencyRate", body)[0] == 400
    order = {**ORDER, "DocCurrency": "CHF", "DocDate": "2031-01-05", "DocDueDate": "2031-02-01"}
    assert trading.refused("POST", "Orders", order) == (400, -4006)
    trading.good("POST", "SBOBobService_SetCurrencyRate", {"Currency": "CHF", "Rate": "1.25", "RateDate": "20310105"})
    assert trading.good("POST", "SBOBobService_GetCurrencyRate", body)["value"] == 1.25
    assert trading.good("POST", "Orders", order)["DocTotalFc"] == 160.0


def test_previews_due_dates_and_prices_are_computed_by_the_service(trading: Client) -> None:
    """SAP Business One §8: OrdersService_Preview, SBOBobService_GetDueDate, CompanyService_GetItemPrice."""
    seen = trading.good("POST", "OrdersService_Preview", {"Document": ORDER})
    assert (seen["DocEntry"], seen["DocTotal"]) == (None, 200.0)
    price = trading.good(
        "POST", "CompanyService_GetItemPrice", {"ItemPriceParams": {"CardCode": "DOC1", "ItemCode": "DOC-A"}}
    )
    assert (price["Price"], price["Currency"], price["Discount"]) == (100.0, "USD", 0.0)
    due = trading.good("POST", "SBOBobService_GetDueDate", {"CardCode": "DOC1", "RefDate": "20261001"})
    assert due["value"].startswith("2026-1")


def _with(options: Any, **changes: Any) -> Any:
    return replace(options, **changes)
