"""Order and its products: draft first, activation only with lines, then frozen (Salesforce §14)."""

from __future__ import annotations

from .base import Change, Rules

FREE_WHEN_ACTIVE = frozenset({"Status", "Description", "OwnerId", "PoNumber", "PoDate"})


class OrderRules(Rules):
    """Rules of Order."""

    def before(self, change: Change) -> None:
        """Account, draft start, activation, freeze, number."""
        new = change.new
        self._status(change)
        if not new.get("AccountId"):
            contract = change.fetch("Contract", new.get("ContractId"))
            if contract is None:
                change.refuse(
                    "FIELD_INTEGRITY_EXCEPTION", "An order must be associated with an account.: Account ID", "AccountId"
                )
            else:
                new["AccountId"] = contract["AccountId"]
        if change.creating:
            self._create(change)
        else:
            self._update(change)
        end = new.get("EndDate")
        if end and new.get("EffectiveDate") and end < new["EffectiveDate"]:
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION", "Order End Date must be on or after Order Start Date.", "EndDate"
            )

    def before_delete(self, change: Change) -> None:
        """An activated order stays."""
        if change.new.get("StatusCode") == "Activated":
            change.refuse("DELETE_FAILED", "You can't delete an activated order.")

    def _status(self, change: Change) -> None:
        rows = change.rows("OrderStatus", '"ApiName" = ?', change.new.get("Status"))
        change.new["StatusCode"] = rows[0]["StatusCode"] if rows else "Draft"

    def _create(self, change: Change) -> None:
        new = change.new
        if new["StatusCode"] != "Draft":
            text = "Choose a valid order status and save your changes. Ask your admin for details.: Status"
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "Status")
        new["TotalAmount"] = 0.0

    def _update(self, change: Change) -> None:
        old, new = change.old or {}, change.new
        activating = old["StatusCode"] != "Activated" and new["StatusCode"] == "Activated"
        if activating:
            self._activate(change)
        elif old["StatusCode"] == "Activated" and not change.org.options.edit_activated_orders:
            frozen = [
                name
                for name in change.given
                if name not in FREE_WHEN_ACTIVE and not name.endswith("__c") and change.changed(name)
            ]
            if frozen:
                text = "You can't edit an activated order: deactivate it first."
                change.refuse("FIELD_INTEGRITY_EXCEPTION", text, *frozen)
        if new["StatusCode"] != "Activated":
            new["ActivatedDate"], new["ActivatedById"] = None, None
        if change.changed("Pricebook2Id") and change.rows("OrderItem", '"OrderId" = ? LIMIT 1', new["Id"]):
            text = "You can't change the price book of an order that has products."
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "Pricebook2Id")

    def _activate(self, change: Change) -> None:
        new = change.new
        lines = change.rows("OrderItem", '"OrderId" = ?', new["Id"])
        if not lines:
            change.refuse("FAILED_ACTIVATION", "An order must have at least one product.")
            return
        for line in lines:
            entry = change.fetch("PricebookEntry", line["PricebookEntryId"]) or {}
            product = change.fetch("Product2", line["Product2Id"]) or {}
            if not entry.get("IsActive") or not product.get("IsActive"):
                change.refuse("FAILED_ACTIVATION", "Order products must be active to activate the order.")
                return
        new["ActivatedDate"], new["ActivatedById"] = change.org.write_stamp(), change.writer.user_id


class OrderItemRules(Rules):
    """Rules of OrderItem."""

    def before(self, change: Change) -> None:
        """Entry of the order's book, prices, dates, freeze."""
        new = change.new
        order = change.fetch("Order", new["OrderId"]) or {}
        self._freeze(change, order)
        if change.creating:
            self._entry(change, order)
        self._price(change)
        start = order.get("EffectiveDate")
        if new.get("ServiceDate") and start and new["ServiceDate"] < start:
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION",
                "Start Date must be on or after the order's start date.: Start Date",
                "ServiceDate",
            )
        if "CurrencyIsoCode" in new:
            new["CurrencyIsoCode"] = order.get("CurrencyIsoCode")

    def after(self, change: Change) -> None:
        """The order's total follows."""
        refresh_order(change)

    def before_delete(self, change: Change) -> None:
        """Lines of activated orders stay."""
        self._freeze(change, change.fetch("Order", change.new["OrderId"]) or {})

    def after_delete(self, change: Change) -> None:
        """The order's total follows."""
        refresh_order(change)

    def _freeze(self, change: Change, order: dict[str, object]) -> None:
        custom_only = not change.creating and all(name.endswith("__c") for name in change.given) and bool(change.given)
        if order.get("StatusCode") == "Activated" and not change.org.options.edit_activated_orders and not custom_only:
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION",
                "You can't add, change or remove products of an activated order.: Order ID",
                "OrderId",
            )

    def _entry(self, change: Change, order: dict[str, object]) -> None:
        new = change.new
        entry = change.fetch("PricebookEntry", new.get("PricebookEntryId"))
        wrong_book = entry is None or entry["Pricebook2Id"] != order.get("Pricebook2Id")
        if entry is None or wrong_book:
            text = "Order Products must have a Price Book Entry that belongs to the Price Book related to the parent Order.: Price Book Entry ID"
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "PricebookEntryId")
            if entry is None:
                change.refuse("FIELD_INTEGRITY_EXCEPTION", "Enter a List Price.: List Price", "ListPrice")
            return
        if "CurrencyIsoCode" in entry and entry["CurrencyIsoCode"] != order.get("CurrencyIsoCode"):
            text = "The order product's currency code must match the order's currency code.: Price Book Entry ID"
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "PricebookEntryId")
        if not entry["IsActive"]:
            text = "field integrity exception: PricebookEntryId (pricebook entry has been inactivated)"
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "PricebookEntryId")
        new["Product2Id"] = entry["Product2Id"]
        new["ListPrice"] = entry["UnitPrice"] if new.get("ListPrice") is None else new["ListPrice"]

    def _price(self, change: Change) -> None:
        new, old = change.new, change.old
        if change.creating and new.get("UnitPrice") is None:
            change.refuse("REQUIRED_FIELD_MISSING", "Required fields are missing: [UnitPrice]", "UnitPrice")
            return
        quantity = new.get("Quantity") or 0
        if old is not None and change.changed("Quantity") and "UnitPrice" not in change.given and quantity:
            new["UnitPrice"] = round((old["TotalPrice"] or 0) / quantity, 2)
        new["TotalPrice"] = round((new.get("UnitPrice") or 0) * quantity, 2)
        new["AvailableQuantity"] = quantity


def refresh_order(change: Change) -> None:
    """The order's total and stamp from its products."""
    order_id = change.new["OrderId"]
    rows = change.rows("OrderItem", '"OrderId" = ?', order_id)
    if change.fetch("Order", order_id) is not None:
        total = round(sum(row["TotalPrice"] or 0 for row in rows), 2)
        change.writer.system_update("Order", order_id, {"TotalAmount": total})
