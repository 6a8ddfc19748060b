"""Opportunity, its lines and contact roles (Salesforce §14)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .base import Change, Rules

FORECAST = {
    "Omitted": "Omitted",
    "Pipeline": "Pipeline",
    "BestCase": "Best Case",
    "Forecast": "Commit",
    "Closed": "Closed",
}


class OpportunityRules(Rules):
    """Stage decides IsClosed, IsWon, probability and forecast; lines decide the amount; lines fix the price book."""

    def before(self, change: Change) -> None:
        """Derives what follows from the stage, the date and the lines."""
        new = change.new
        self._stage(change)
        if new.get("HasOpportunityLineItem"):
            self._with_lines(change)
        amount, probability = new.get("Amount"), new.get("Probability")
        new["ExpectedRevenue"] = None if amount is None else round(amount * (probability or 0) / 100, 2)
        close = str(new.get("CloseDate") or "")
        if close:
            quarter = (int(close[5:7]) + 2) // 3
            new["FiscalYear"], new["FiscalQuarter"], new["Fiscal"] = int(close[:4]), quarter, f"{close[:4]} {quarter}"

    def after(self, change: Change) -> None:
        """``ContactId`` on create makes a primary contact role."""
        contact = change.given.get("ContactId")
        if change.creating and contact:
            change.writer.system_create(
                "OpportunityContactRole",
                {"OpportunityId": change.new["Id"], "ContactId": change.new["ContactId"], "IsPrimary": 1},
            )
        if not change.creating and change.new.get("HasOpportunityLineItem") and change.changed("CurrencyIsoCode"):
            self._convert_lines(change)

    def _convert_lines(self, change: Change) -> None:
        """The lines' currency is the deal's: their amounts are converted by the org's rates."""
        for line in change.rows("OpportunityLineItem", '"OpportunityId" = ?', change.new["Id"]):
            amounts = {name: converted(change, line.get(name)) for name in ("UnitPrice", "ListPrice", "TotalPrice")}
            values = {**amounts, "CurrencyIsoCode": change.new["CurrencyIsoCode"]}
            change.writer.system_update("OpportunityLineItem", line["Id"], values)

    def _stage(self, change: Change) -> None:
        new = change.new
        if not change.changed("StageName"):
            return
        rows = change.rows("OpportunityStage", '"MasterLabel" = ? OR "ApiName" = ?', new["StageName"], new["StageName"])
        stage = (
            rows[0] if rows else {"IsClosed": 0, "IsWon": 0, "ForecastCategory": "Pipeline", "DefaultProbability": 0.0}
        )
        new["IsClosed"], new["IsWon"] = stage["IsClosed"], stage["IsWon"]
        new["ForecastCategory"] = stage["ForecastCategory"]
        if change.given.get("Probability") is None:
            new["Probability"] = stage["DefaultProbability"]
        if change.given.get("ForecastCategoryName") is None:
            new["ForecastCategoryName"] = FORECAST.get(str(stage["ForecastCategory"]), "Pipeline")
        if not change.creating:
            new["LastStageChangeDate"] = change.org.write_stamp()

    def _with_lines(self, change: Change) -> None:
        old, new = change.old or {}, change.new
        new["Amount"] = old.get("Amount")
        new["TotalOpportunityQuantity"] = old.get("TotalOpportunityQuantity")
        if change.changed("Pricebook2Id"):
            text = "You can't change the price book of an opportunity that has products."
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "Pricebook2Id")
        if change.changed("CurrencyIsoCode") and change.org.options.currency_change == "convert":
            new["Amount"] = converted(change, old.get("Amount"))
        elif change.changed("CurrencyIsoCode"):
            text = "You can't change the currency of an opportunity that has products."
            change.refuse("FIELD_INTEGRITY_EXCEPTION", text, "CurrencyIsoCode")


def converted(change: Change, amount: float | None) -> float | None:
    """An amount of the deal's old currency in its new one, by CurrencyType's rates (§14), to two places."""
    if amount is None or change.old is None:
        return amount
    rates = {
        row["IsoCode"]: Decimal(str(row["ConversionRate"] or 1))
        for row in change.rows("CurrencyType", '"IsActive" = 1')
    }
    factor = rates[change.new["CurrencyIsoCode"]] / rates[change.old["CurrencyIsoCode"]]
    return float((Decimal(str(amount)) * factor).quantize(Decimal("0.01"), ROUND_HALF_UP))


class LineRules(Rules):
    """A line needs an active entry of the deal's book and currency and exactly one of UnitPrice and TotalPrice."""

    def before(self, change: Change) -> None:
        """Checks the entry and the price, derives the rest."""
        new = change.new
        deal = change.fetch("Opportunity", new["OpportunityId"]) or {}
        if change.creating:
            self._entry(change, deal)
        if new.get("Quantity") == 0:
            change.refuse("FIELD_INTEGRITY_EXCEPTION", "Quantity: quantity must be nonzero", "Quantity")
        self._price(change)
        if "CurrencyIsoCode" in new:
            new["CurrencyIsoCode"] = deal.get("CurrencyIsoCode")

    def after(self, change: Change) -> None:
        """The deal's amount and stamp follow; its price book is set by the first line."""
        refresh_deal(change, change.new["OpportunityId"], book=change.new.get("_book"))

    def after_delete(self, change: Change) -> None:
        """The deal's amount and stamp follow."""
        refresh_deal(change, change.new["OpportunityId"], book=None)

    def _entry(self, change: Change, deal: dict[str, Any]) -> None:
        new = change.new
        entry = change.fetch("PricebookEntry", new.get("PricebookEntryId")) or self._entry_of_product(change, deal)
        if entry is None:
            if not change.errors:
                missing = "Required fields are missing: [PricebookEntryId]"
                change.refuse("REQUIRED_FIELD_MISSING", missing, "PricebookEntryId")
            return
        book = deal.get("Pricebook2Id")
        text = None
        if book is not None and entry["Pricebook2Id"] != book:
            text = "pricebook entry is in a different pricebook than the one assigned to the opportunity"
        elif "CurrencyIsoCode" in entry and entry["CurrencyIsoCode"] != deal.get("CurrencyIsoCode"):
            text = "the currency code of the pricebook entry does not match the currency code of the opportunity"
        elif not entry["IsActive"]:
            text = "pricebook entry has been inactivated"
        if text:
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION", f"field integrity exception: PricebookEntryId ({text})", "PricebookEntryId"
            )
        product = change.fetch("Product2", entry["Product2Id"]) or {}
        new.update(PricebookEntryId=entry["Id"], Product2Id=entry["Product2Id"], ListPrice=entry["UnitPrice"])
        new["Name"] = f"{deal.get('Name')} {product.get('Name')}"[:376]
        if book is None:
            new["_book"] = entry["Pricebook2Id"]

    def _entry_of_product(self, change: Change, deal: dict[str, Any]) -> dict[str, Any] | None:
        product = change.new.get("Product2Id")
        if product is None:
            return None
        standard = change.rows("Pricebook2", '"IsStandard" = 1')
        book = deal.get("Pricebook2Id") or (standard[0]["Id"] if standard else None)
        rows = change.rows("PricebookEntry", '"Product2Id" = ? AND "Pricebook2Id" = ?', product, book)
        same = [row for row in rows if row.get("CurrencyIsoCode") == deal.get("CurrencyIsoCode")]
        return same[0] if same else None

    def _price(self, change: Change) -> None:
        new, given = change.new, change.given
        unit, total = given.get("UnitPrice"), given.get("TotalPrice")
        if unit is not None and total is not None:
            text = "unit price and total price cannot both be specified"
            change.refuse(
                "FIELD_INTEGRITY_EXCEPTION",
                f"field integrity exception: UnitPrice, TotalPrice ({text})",
                "UnitPrice",
                "TotalPrice",
            )
            return
        if change.creating and unit is None and total is None:
            text = "Required fields are missing: [UnitPrice or TotalPrice]"
            change.refuse("REQUIRED_FIELD_MISSING", text, "UnitPrice", "TotalPrice")
            return
        quantity = new.get("Quantity") or 0
        share = 1 - (new.get("Discount") or 0) / 100
        if total is not None and quantity and share:
            new["UnitPrice"] = round(new["TotalPrice"] / quantity / share, 2)
        new["Subtotal"] = round((new.get("UnitPrice") or 0) * quantity, 2)
        if total is None:
            new["TotalPrice"] = round(new["Subtotal"] * share, 2)


def refresh_deal(change: Change, deal_id: str, *, book: str | None) -> None:
    """Amount, quantity and flags of a deal from its lines; the stamp always moves."""
    rows = change.rows("OpportunityLineItem", '"OpportunityId" = ?', deal_id)
    deal = change.fetch("Opportunity", deal_id)
    if deal is None:
        return
    changes: dict[str, Any] = {"HasOpportunityLineItem": int(bool(rows))}
    if rows:
        changes["Amount"] = round(sum(row["TotalPrice"] or 0 for row in rows), 2)
        changes["TotalOpportunityQuantity"] = sum(row["Quantity"] or 0 for row in rows)
        changes["ExpectedRevenue"] = round(changes["Amount"] * (deal["Probability"] or 0) / 100, 2)
    if book is not None:
        changes["Pricebook2Id"] = book
    change.writer.system_update("Opportunity", deal_id, changes)


class ContactRoleRules(Rules):
    """At most one primary role per deal: setting another clears it."""

    def after(self, change: Change) -> None:
        """Clears the former primary role."""
        if not change.new.get("IsPrimary") or not change.changed("IsPrimary"):
            return
        values = (change.new["OpportunityId"], change.new["Id"])
        for row in change.rows(
            "OpportunityContactRole", '"OpportunityId" = ? AND "Id" <> ? AND "IsPrimary" = 1', *values
        ):
            change.writer.system_update("OpportunityContactRole", row["Id"], {"IsPrimary": 0})
