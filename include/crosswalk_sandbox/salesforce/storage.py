"""Data storage: about two kilobytes a record, and a full org takes no more (Salesforce §6 STORAGE_LIMIT_EXCEEDED)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import RowError

if TYPE_CHECKING:
    from .org import Org

RECORDS_PER_MB = 512
COUNTED = (
    "Account",
    "Contact",
    "Lead",
    "Opportunity",
    "OpportunityLineItem",
    "Product2",
    "PricebookEntry",
    "Order",
    "OrderItem",
    "Task",
)


def used_mb(org: Org) -> int:
    """Megabytes that records take."""
    marks = ", ".join("?" * len(COUNTED))
    row = org.store.connection.execute(f"SELECT SUM(last) FROM _sequence WHERE object IN ({marks})", COUNTED).fetchone()
    return int(row[0] or 0) // RECORDS_PER_MB


def check_storage(org: Org) -> None:
    """Raises RowError when the org is full; option ``storage_mb`` 0 means no limit."""
    if org.options.storage_mb and used_mb(org) >= org.options.storage_mb:
        raise RowError("STORAGE_LIMIT_EXCEEDED", "storage limit exceeded")
