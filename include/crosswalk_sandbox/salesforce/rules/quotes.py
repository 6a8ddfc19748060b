"""Quote and its lines (feature *Quotes*): account from the deal, totals from the lines (Salesforce §14)."""

from __future__ import annotations

from typing import Any

from .base import Change, Rules


class QuoteRules(Rules):
    """Rules of Quote."""

    def before(self, change: Change) -> None:
        """Account and currency of the deal; totals start at nothing."""
        new = change.new
        deal = change.fetch("Opportunity", new["OpportunityId"]) or {}
        new["AccountId"] = deal.get("AccountId")
        new["Status"] = new.get("Status") or "Draft"
        if "CurrencyIsoCode" in new:
            new["CurrencyIsoCode"] = deal.get("CurrencyIsoCode")
        total(new, change.rows("QuoteLineItem", '"QuoteId" = ?', new["Id"]))


class QuoteLineRules(Rules):
    """Rules of QuoteLineItem."""

    def before(self, change: Change) -> None:
        """The entry must belong to the quote's book; the first line sets it."""
        new = change.new
        quote = change.fetch("Quote", new["QuoteId"]) or {}
        entry = change.fetch("PricebookEntry", new["PricebookEntryId"]) or {}
        if quote.get("Pricebook2Id") is not None and entry.get("Pricebook2Id") != quote["Pricebook2Id"]:
            text = "field integrity exception: PricebookEntryId (pricebook entry is in a different pricebook than the one assigned to the quote)"
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "PricebookEntryId")
        new["Product2Id"], new["ListPrice"] = entry.get("Product2Id"), entry.get("UnitPrice")
        new["Subtotal"] = round((new.get("UnitPrice") or 0) * (new.get("Quantity") or 0), 2)
        new["TotalPrice"] = round(new["Subtotal"] * (1 - (new.get("Discount") or 0) / 100), 2)
        if "CurrencyIsoCode" in new:
            new["CurrencyIsoCode"] = quote.get("CurrencyIsoCode")

    def after(self, change: Change) -> None:
        """The quote's totals follow."""
        refresh_quote(change)

    def after_delete(self, change: Change) -> None:
        """The quote's totals follow."""
        refresh_quote(change)


def total(quote: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    """Derived sums of a quote."""
    subtotal = round(sum(line["Subtotal"] or 0 for line in lines), 2)
    price = round(sum(line["TotalPrice"] or 0 for line in lines), 2)
    quote.update(Subtotal=subtotal, TotalPrice=price, LineItemCount=len(lines))
    quote["Discount"] = round((1 - price / subtotal) * 100, 2) if subtotal else 0.0
    quote["GrandTotal"] = round(price + (quote.get("Tax") or 0) + (quote.get("ShippingHandling") or 0), 2)


def refresh_quote(change: Change) -> None:
    """The quote's sums, book and stamp from its lines."""
    quote = change.fetch("Quote", change.new["QuoteId"])
    if quote is None:
        return
    lines = change.rows("QuoteLineItem", '"QuoteId" = ?', quote["Id"])
    total(quote, lines)
    entry = change.fetch("PricebookEntry", change.new["PricebookEntryId"]) or {}
    names = ("Subtotal", "TotalPrice", "LineItemCount", "Discount", "GrandTotal")
    changes = {name: quote[name] for name in names}
    if quote.get("Pricebook2Id") is None and lines:
        changes["Pricebook2Id"] = entry.get("Pricebook2Id")
    change.writer.system_update("Quote", quote["Id"], changes)
