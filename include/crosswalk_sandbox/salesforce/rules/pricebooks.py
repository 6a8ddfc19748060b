"""Products and prices: product → standard price → price in a custom book, one per currency (Salesforce §14)."""

from __future__ import annotations

from .base import Change, Rules


class ProductRules(Rules):
    """Rules of Product2: one that is used is archived instead of deleted."""

    def after(self, change: Change) -> None:
        """A deactivated product keeps its entries; they are simply not offered any more."""

    def before_delete(self, change: Change) -> None:
        """Used products are archived: they keep existing for the lines that name them."""
        own = change.new["Id"]
        used = change.rows("OpportunityLineItem", '"Product2Id" = ? LIMIT 1', own) or change.rows(
            "OrderItem", '"Product2Id" = ? LIMIT 1', own
        )
        if used:
            change.new["_archive"] = 1


class BookRules(Rules):
    """Rules of Pricebook2: the standard book exists once and stays."""

    def before_delete(self, change: Change) -> None:
        """Refuses to delete the standard book or one in use."""
        own = change.new["Id"]
        if change.new.get("IsStandard"):
            change.refuse("DELETE_FAILED", "You can't delete the standard price book.")
        elif change.rows("Opportunity", '"Pricebook2Id" = ? LIMIT 1', own) or change.rows(
            "Order", '"Pricebook2Id" = ? LIMIT 1', own
        ):
            change.refuse(
                "DELETE_FAILED", "Your attempt to delete the price book could not be completed because it is in use."
            )


class EntryRules(Rules):
    """Rules of PricebookEntry."""

    def before(self, change: Change) -> None:
        """One per book, product and currency; the standard price first; UseStandardPrice follows it."""
        if change.creating:
            self._check_new(change)
        standard = self._standard_entry(change)
        if change.new.get("UseStandardPrice") and standard is not None:
            if change.given.get("UnitPrice") is not None and change.new["UnitPrice"] != standard["UnitPrice"]:
                text = "When Use Standard Price is selected, the list price must be the standard price."
                change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "UnitPrice")
            change.new["UnitPrice"] = standard["UnitPrice"]

    def after(self, change: Change) -> None:
        """A changed standard price moves the entries that follow it."""
        if (
            change.creating
            or not change.changed("UnitPrice")
            or not self._is_standard(change, change.new["Pricebook2Id"])
        ):
            return
        where, values = self._same(change)
        for row in change.rows("PricebookEntry", f'"UseStandardPrice" = 1 AND {where}', *values):
            change.writer.system_update("PricebookEntry", row["Id"], {"UnitPrice": change.new["UnitPrice"]})

    def before_delete(self, change: Change) -> None:
        """A used entry stays: deactivate it instead."""
        own = change.new["Id"]
        if change.rows("OpportunityLineItem", '"PricebookEntryId" = ? LIMIT 1', own) or change.rows(
            "OrderItem", '"PricebookEntryId" = ? LIMIT 1', own
        ):
            change.refuse(
                "DELETE_FAILED",
                "Your attempt to delete the price book entry could not be completed because it is in use.",
            )

    def _check_new(self, change: Change) -> None:
        where, values = self._same(change)
        if change.rows(
            "PricebookEntry", f'"Pricebook2Id" = ? AND {where} LIMIT 1', change.new["Pricebook2Id"], *values
        ):
            text = "This price definition already exists in this price book"
            change.refuse("DUPLICATE_VALUE", text, *("Pricebook2Id", "Product2Id"))
        elif not self._is_standard(change, change.new["Pricebook2Id"]) and self._standard_entry(change) is None:
            text = "Before creating a custom price, create a standard price."
            change.refuse("STANDARD_PRICE_NOT_DEFINED", text)

    def _same(self, change: Change) -> tuple[str, list[object]]:
        values: list[object] = [change.new["Product2Id"]]
        if "CurrencyIsoCode" in change.new:
            return '"Product2Id" = ? AND "CurrencyIsoCode" = ?', [*values, change.new["CurrencyIsoCode"]]
        return '"Product2Id" = ?', values

    def _is_standard(self, change: Change, book_id: str) -> bool:
        book = change.fetch("Pricebook2", book_id)
        return bool(book and book["IsStandard"])

    def _standard_entry(self, change: Change) -> dict[str, object] | None:
        where, values = self._same(change)
        rows = change.rows(
            "PricebookEntry",
            f'"Pricebook2Id" IN (SELECT "Id" FROM "Pricebook2" WHERE "IsStandard" = 1) AND {where}',
            *values,
        )
        return next((row for row in rows if row["Id"] != change.new["Id"]), None)
