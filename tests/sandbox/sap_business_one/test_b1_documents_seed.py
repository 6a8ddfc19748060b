"""The demo company's documents add up, and life goes on with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from crosswalk_sandbox.kernel.clock import Clock
from crosswalk_sandbox.sap_business_one import Options, documents
from crosswalk_sandbox.sap_business_one.account import Account
from crosswalk_sandbox.sap_business_one.desk import Row, exact
from crosswalk_sandbox.sap_business_one.store import Store

SETS = ("Quotations", "Orders", "DeliveryNotes", "Invoices")


class _UndoneError(Exception):
    pass


@pytest.fixture(scope="module")
def demo(loaded_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """A copy of the loaded company, without a server."""
    directory = tmp_path_factory.mktemp("demo")
    for file in loaded_directory.iterdir():
        (directory / file.name).write_bytes(file.read_bytes())
    store = Store(directory, Clock())
    yield Account(store, Options())
    store.close()


def undone(account: Account, act: Callable[[], object]) -> None:
    """Do something and take it back."""
    try:
        with account.store.write():
            act()
            raise _UndoneError
    except _UndoneError:
        return


def total(rows: list[Row], name: str) -> Decimal:
    """Sum of a property."""
    return sum((exact(row.get(name)) for row in rows), Decimal(0))


@pytest.mark.parametrize("entity_set", SETS)
def test_seeded_totals_are_what_an_own_sum_says(demo: Account, entity_set: str) -> None:
    """SAP Business One §15: lines, freight and tax make DocTotal, in the document's currency and by the rate in the company's."""
    found = demo.desk().find(entity_set)
    assert found
    for row in found:
        freight = row.get("DocumentAdditionalExpenses") or []
        if row["DocCurrency"] == demo.options.local_currency:
            assert total(row["DocumentLines"], "TaxTotal") == exact(row["VatSum"]), row["DocEntry"]
            net = total(row["DocumentLines"], "LineTotal") + total(freight, "LineTotal")
            assert net + exact(row["VatSum"]) == exact(row["DocTotal"]), row["DocEntry"]
        else:
            net = total(row["DocumentLines"], "RowTotalFC") + total(freight, "LineTotalFC")
            if "VatSumFc" in row:
                assert net + exact(row["VatSumFc"]) == exact(row["DocTotalFc"]), row["DocEntry"]
            worth = exact(row["DocTotalFc"]) * exact(row["DocRate"])
            assert abs(worth.quantize(Decimal("0.01"), ROUND_HALF_UP) - exact(row["DocTotal"])) <= Decimal("0.01")


def test_seeded_orders_can_be_changed_delivered_and_closed(demo: Account) -> None:
    """SAP Business One §6, §8, §15: a change that says nothing new leaves the totals; open lines can be delivered."""
    desk = demo.desk()
    orders = desk.find("Orders", DocumentStatus="bost_Open")
    assert orders
    for order in orders:
        kept: list[Row] = []

        def change(order: Row = order, kept: list[Row] = kept) -> None:
            lines = [dict(line) for line in order["DocumentLines"]]
            kept.append(documents.amend("Orders", order, {"DocumentLines": lines}, desk))
            documents.act("Orders", kept[0], "Close", desk)

        undone(demo, change)
        assert [exact(kept[0][name]) for name in ("DocTotal", "VatSum")] == [
            exact(order[name]) for name in ("DocTotal", "VatSum")
        ]


def test_seeded_invoices_can_be_paid_and_their_payments_cancelled(demo: Account) -> None:
    """SAP Business One §15: the open amount closes the invoice."""
    desk = demo.desk()
    for invoice in desk.find("Invoices", DocumentStatus="bost_Open"):
        still = exact(invoice["DocTotal"]) - exact(invoice.get("PaidToDate"))
        given = {
            "CardCode": invoice["CardCode"],
            "TransferSum": still,
            "PaymentInvoices": [{"DocEntry": invoice["DocEntry"]}],
        }
        closed: list[object] = []

        def pay(given: Row = given, entry: int = invoice["DocEntry"], closed: list[object] = closed) -> None:
            documents.add("IncomingPayments", given, desk)
            closed.append((desk.read("Invoices", entry) or {})["DocumentStatus"])

        undone(demo, pay)
        assert closed == ["bost_Close"]
    for payment in desk.find("IncomingPayments")[:10]:
        undone(demo, lambda payment=payment: documents.act("IncomingPayments", payment, "Cancel", desk))


def test_a_customer_can_order_without_naming_tax_warehouse_or_rate(demo: Account) -> None:
    """SAP Business One §15, §16: the company's rates, tax and warehouses are set up for every customer."""
    desk = demo.desk()
    item = next(row for row in desk.find("Items") if row.get("Frozen") != "tYES")["ItemCode"]
    due = f"{desk.today().year + 1}-12-31T00:00:00Z"
    tried = 0
    for partner in desk.find("BusinessPartners", CardType="cCustomer", Frozen="tNO")[:12]:
        given = {"CardCode": partner["CardCode"], "DocDueDate": due, "DocumentLines": [{"ItemCode": item}]}
        undone(demo, lambda given=given: documents.add("Orders", given, desk))
        tried += 1
    assert tried > 10
